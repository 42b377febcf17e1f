"""From the JSON of a stored event to its values: how, worked out once for each class.

The store is trusted to hold what ``ledger.codec`` wrote, and the seal tells if it does not: nothing is
validated twice. Whatever is read comes through here; a rebuild reads everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from domain.kernel import FREE_TEXT, PERSONAL, Sealed
from ledger.personal import SEALED, is_box, plan_of

_MARKS: Final = (PERSONAL, FREE_TEXT)
_AS_THEY_ARE: Final = (str, int, bool, float)

Opened = Callable[[str], Sealed]
"""What a box becomes."""

Read = Callable[[Any, Opened], Any]
ReadFields = Callable[[Mapping[str, Any], Opened], dict[str, Any]]


@cache
def reader(hint: Any) -> Read:
    """How a type is read; one that is seldom met, as pydantic wrote it. Raises ``TypeError`` for personal
    values in a place where they would not be found.
    """
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        inner = reader(parts[0])
        return _unboxed(inner) if any(mark in _MARKS for mark in hint.__metadata__) else inner
    if origin in {Union, UnionType}:
        some = [reader(part) for part in parts if part is not NoneType]
        if len(some) == 1:
            return lambda value, opened: None if value is None else some[0](value, opened)
    if origin is tuple and len(parts) == 2 and parts[1] is Ellipsis:
        each = reader(parts[0])
        return lambda value, opened: tuple([each(one, opened) for one in value])
    if origin is dict and parts[0] is str:
        each = reader(parts[1])
        return lambda value, opened: {name: each(one, opened) for name, one in value.items()}
    if hint in _AS_THEY_ARE or origin is Literal:
        return lambda value, _: value
    if hint is datetime:
        return lambda value, _: datetime.fromisoformat(value)
    if hint is date:
        return lambda value, _: date.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        members = {member.value: member for member in hint}
        return lambda value, _: members[value]
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        read = fields_reader({f.name: hints[f.name] for f in fields(hint) if f.init})
        return lambda value, opened: hint(**read(value, opened))
    if plan_of(hint):
        raise TypeError(f"nobody knows how to read the personal values of {hint} back")
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    return lambda value, _: adapter.validate_python(value)


def fields_reader(hints: Mapping[str, Any]) -> ReadFields:
    """The same for named values; one that is absent keeps its default."""
    plain = frozenset(name for name, hint in hints.items() if hint in _AS_THEY_ARE)
    others = [(name, reader(hint)) for name, hint in hints.items() if name not in plain]

    def read(held: Mapping[str, Any], opened: Opened) -> dict[str, Any]:
        values = {name: value for name, value in held.items() if name in plain}
        for name, each in others:
            if name in held:
                values[name] = each(held[name], opened)
        return values

    return read


def _unboxed(read: Read) -> Read:
    def unboxed(value: Any, opened: Opened) -> Any:
        return opened(value[SEALED]) if is_box(value) else read(value, opened)

    return unboxed
