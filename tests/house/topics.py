"""The shape of what is stored. ``.venv/bin/python -m tests.house.topics`` rewrites ``topics.txt``.

Run it for a *new* topic or a new value. A line that changes is another thing: events of that shape are in
ledgers already. Give the event a new version (``…@2``), and its old topic an upcaster in ``ledger.codec``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

from domain.kernel import INTERNAL, RESERVED, Root
from domain.registry import RECORDS
from ledger.codec import model_of

FILE = Path(__file__).with_name("topics.txt")
HEADER = """\
# What the ledger stores: every topic with its fields, every value that they are made of.
# Do not edit. For an addition: .venv/bin/python -m tests.house.topics
# A line that would change is a new version of its topic, and an upcaster (ledger.codec.UPCASTERS).
"""


def event_classes() -> dict[str, type[Root.Event]]:
    """Every event that some record can record, by topic."""
    return {
        event.TOPIC: event  # type: ignore[attr-defined]
        for record in RECORDS
        for event in vars(record).values()
        if isinstance(event, type) and issubclass(event, Root.Event) and event is not record.Event
    }


def own_fields(event: type[Root.Event]) -> dict[str, Any]:
    """The fields of an event beside its envelope, with their types as written."""
    hints = get_type_hints(event, include_extras=True)
    return {name: hints[name] for name in model_of(event).model_fields}


def lines() -> list[str]:
    events, values = event_classes(), dict[str, type]()
    for event in events.values():
        for hint in own_fields(event).values():
            values |= {value.__name__: value for value in _values(hint)}
    told = [f"{topic}({_told(own_fields(event))})" for topic, event in sorted(events.items())]
    return told + [_value(value) for _, value in sorted(values.items())]


def _values(hint: Any) -> Iterator[type]:
    for part in get_args(hint):
        yield from _values(part)
    if isinstance(hint, type) and issubclass(hint, Enum):
        yield hint
    elif isinstance(hint, type) and is_dataclass(hint):
        yield hint
        for part in get_type_hints(hint, include_extras=True).values():
            yield from _values(part)


def _value(value: type) -> str:
    if issubclass(value, Enum):
        return f"{value.__name__} = {' | '.join(str(member.value) for member in value)}"
    optional = {f.name for f in fields(value) if f.default is not MISSING}  # type: ignore[arg-type]
    return f"{value.__name__}({_told(get_type_hints(value, include_extras=True), optional)})"


def _told(hints: dict[str, Any], optional: set[str] | frozenset[str] = frozenset()) -> str:
    return ", ".join(
        f"{name}{'?' if name in optional else ''}: {_type(hint)}" for name, hint in hints.items()
    )


_READERS_ONLY = re.compile(rf"Annotated\[([^\[\]]+(?:\[[^\[\]]*\])?), '(?:{INTERNAL}|{RESERVED})'\]")
"""Marks that say to whom a field is told: it is stored the same with and without."""


def _type(hint: Any) -> str:
    text = hint.__name__ if isinstance(hint, type) and not get_args(hint) else repr(hint)
    return _READERS_ONLY.sub(r"\1", re.sub(r"(?:\b[a-z_]+\.)+(?=[A-Za-z])", "", text))


if __name__ == "__main__":
    FILE.write_text(HEADER + "\n".join(lines()) + "\n", encoding="utf-8")
