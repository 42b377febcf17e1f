"""Typed JSON for events: dates, enums, tuples and value objects come back as they were.

Each event class is read once into a pydantic model of its own fields. What pydantic cannot map back
without loss is refused at registration, not at three in the morning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Final, get_type_hints

from eventsourcing.utils import resolve_topic
from pydantic import BaseModel, ConfigDict, create_model

from domain.kernel import Root
from domain.registry import RECORDS

_ENVELOPE: Final = {"originator_id", "originator_version", "timestamp", "originator_topic"}

KINDS: Final = {kind.TOPIC: kind for kind in RECORDS}  # type: ignore[attr-defined]
"""The records by topic. Importing them is what lets a process read events that it did not write."""

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: Final[dict[str, tuple[str, Upcaster]]] = {}
"""Old topic → (the topic that replaces it, how its state is carried over)."""


@cache
def model_of(event_class: type[Root.Event]) -> type[BaseModel]:
    """The shape of an event's own fields, without the envelope."""
    hints = get_type_hints(event_class, include_extras=True)
    shape: dict[str, Any] = {
        f.name: (hints[f.name], ... if f.default is MISSING else f.default)
        for f in fields(event_class)  # type: ignore[arg-type]
        if f.name not in _ENVELOPE
    }
    config = ConfigDict(extra="forbid", frozen=True)
    return create_model(event_class.__qualname__.replace(".", "_"), __config__=config, **shape)


def topic_of(event_class: type) -> str:
    """The explicit, versioned topic: a class without one is a bug."""
    topic: str = event_class.TOPIC  # type: ignore[attr-defined]
    return topic


def encode(happened: Root.Event) -> str:
    model = model_of(type(happened))
    values = {name: getattr(happened, name) for name in model.model_fields}
    return model.model_construct(**values).model_dump_json()


def decode(topic: str, state: str) -> tuple[type[Root.Event], dict[str, Any]]:
    """The event's class and its own fields, carried over from an older topic if need be."""
    while topic in UPCASTERS:
        topic, upcast = UPCASTERS[topic]
        state = _upcast(state, upcast)
    event_class: type[Root.Event] = resolve_topic(topic)
    model = model_of(event_class).model_validate_json(state)
    return event_class, {name: getattr(model, name) for name in type(model).model_fields}


def _upcast(state: str, upcast: Upcaster) -> str:
    import json

    return json.dumps(upcast(json.loads(state)), ensure_ascii=False)
