"""Typed JSON for events: dates, enums, tuples and value objects come back as they were.

Each event class is written by a pydantic model of its own fields, and read by ``ledger.decoding``. What
cannot be mapped back without loss is refused by a test, not at three in the morning. Personal values are
stored in boxes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Final, get_type_hints

from eventsourcing.utils import resolve_topic
from pydantic import BaseModel, ConfigDict, create_model
from pydantic_core import from_json

from domain.kernel import Root
from domain.registry import RECORDS
from ledger import decoding, personal

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


@cache
def plan_of(event_class: type[Root.Event]) -> personal.Inside | None:
    """Where the personal values of an event are."""
    hints = get_type_hints(event_class, include_extras=True)
    return personal.inside({name: hints[name] for name in model_of(event_class).model_fields})


def encode(happened: Root.Event, box: personal.Box) -> str:
    """The event as JSON, what is personal in it sealed by ``box``."""
    model = model_of(type(happened))
    values = {name: getattr(happened, name) for name in model.model_fields}
    constructed = model.model_construct(**values)
    plan = plan_of(type(happened))
    if plan is None:
        return constructed.model_dump_json()
    sealed = personal.seal(plan, constructed.model_dump(mode="json"), box)
    return json.dumps(sealed, ensure_ascii=False, separators=(",", ":"))


def decode(topic: str, state: str, opened: decoding.Opened) -> tuple[type[Root.Event], dict[str, Any]]:
    """The event's class and its own fields, carried over from an older topic if need be.

    ``opened`` says what a box becomes: it stays sealed. Raises ``ValueError`` for a field that the class does
    not have.
    """
    held = from_json(state)
    while topic in UPCASTERS:
        topic, upcast = UPCASTERS[topic]
        held = upcast(held)
    event_class: type[Root.Event] = resolve_topic(topic)
    known, read = _reading(event_class)
    if unknown := held.keys() - known:
        raise ValueError(f"{topic} has no field {', '.join(sorted(unknown))}")
    return event_class, read(held, opened)


@cache
def _reading(event_class: type[Root.Event]) -> tuple[frozenset[str], decoding.ReadFields]:
    """The names of an event's own fields, and how these are read."""
    hints = get_type_hints(event_class, include_extras=True)
    own = {name: hints[name] for name in model_of(event_class).model_fields}
    return frozenset(own), decoding.fields_reader(own)
