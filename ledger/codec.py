"""Typed JSON for events: dates, enums, tuples and value objects come back as they were.

Each event class is read once into a pydantic model of its own fields. What pydantic cannot map back
without loss is refused at registration, not at three in the morning. Personal values are stored in boxes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Final, get_type_hints

from eventsourcing.utils import resolve_topic
from pydantic import BaseModel, ConfigDict, create_model

from domain.kernel import Root
from domain.registry import RECORDS
from ledger import personal

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


def decode(topic: str, state: str, opened: personal.Opened) -> tuple[type[Root.Event], dict[str, Any]]:
    """The event's class and its own fields, carried over from an older topic if need be.

    ``opened`` says what a box becomes: it stays sealed.
    """
    while topic in UPCASTERS:
        topic, upcast = UPCASTERS[topic]
        state = json.dumps(upcast(json.loads(state)), ensure_ascii=False)
    event_class: type[Root.Event] = resolve_topic(topic)
    model, plan = model_of(event_class), plan_of(event_class)
    if plan is None:
        return event_class, _values(model.model_validate_json(state))
    raw = json.loads(state)
    clear = model.model_validate_json(json.dumps(personal.blanked(plan, raw)))
    values = _values(clear)
    for name, inner in plan.fields.items():
        values[name] = personal.placed(inner, values[name], raw.get(name), opened)
    return event_class, values


def _values(validated: BaseModel) -> dict[str, Any]:
    return {name: getattr(validated, name) for name in type(validated).model_fields}
