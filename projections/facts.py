"""Values as JSON, with what is personal kept apart, sealed: a read model holds nothing personal in clear.

How a class is walked is worked out once, at its first value: every field of every event comes through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from operator import attrgetter, methodcaller
from types import NoneType
from typing import Any, Final, get_args, get_type_hints

from domain.calendar import PartialDate
from domain.kernel import FREE_TEXT, INTERNAL, PERSONAL, RESERVED, Sealed

_MARKS: Final = frozenset({PERSONAL, FREE_TEXT})
_UNTOLD: Final = frozenset({INTERNAL, RESERVED})
_ENVELOPE: Final = frozenset({"originator_id", "originator_version", "timestamp", "originator_topic"})
_AS_THEY_ARE: Final = frozenset({NoneType, bool, int, float, str})
"""The classes of the values that are JSON already."""


def split(value: Any) -> tuple[Any, dict[str, str]]:
    """The public part as JSON, and the sealed words of what is personal by their path (``signatory.name``).
    What is internal is in neither, nor what is reserved (``reserved``).

    Raises ``TypeError`` for a personal value in clear: it has no place in a read model.
    """
    return plain(value), dict(_persons(value, ""))


def plain(value: Any) -> Any:
    """The public part alone: what is personal, internal or reserved is left out."""
    kind: type = type(value)
    return value if kind in _AS_THEY_ARE else _plainly(kind)(value)


def reserved(happened: Any) -> dict[str, Any]:
    """As JSON, those of an event's own fields that are not for every reader of its record."""
    kind: type = type(happened)
    return {name: plain(getattr(happened, name)) for name in _reserved(kind)}


def word(value: Any, path: str = "") -> str:
    """The sealed word of a personal value. Raises ``TypeError`` for one in clear."""
    if not isinstance(value, Sealed):
        raise TypeError(f"a personal {type(value).__qualname__} in clear at {path}")
    return value.token


@cache
def _plainly(kind: type) -> Callable[[Any], Any]:
    """How the values of a class become JSON."""
    if issubclass(kind, Enum):
        return attrgetter("_value_")
    if issubclass(kind, str | int | float):
        return lambda value: value
    if issubclass(kind, PartialDate | date):
        return methodcaller("isoformat")
    if issubclass(kind, dict):
        return lambda value: {str(k): _at(str(k), v) for k, v in value.items()}
    if issubclass(kind, tuple | list):
        return lambda value: [v if type(v) in _AS_THEY_ARE else _at(n, v) for n, v in enumerate(value)]
    if is_dataclass(kind):
        names = tuple(name for name, hint in _hints(kind) if not _marked(hint, _MARKS | _UNTOLD))
        return lambda value: {
            name: held if type(held := getattr(value, name)) in _AS_THEY_ARE else _at(name, held)
            for name in names
        }
    raise TypeError(f"no JSON for {kind.__qualname__}")


def _at(place: str | int, value: Any) -> Any:
    """``plain``, which tells where it failed."""
    try:
        return plain(value)
    except TypeError as error:
        raise TypeError(f"{error} at {place}") from None


def _persons(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | tuple | list):
        for name, each in _parts(value):
            yield from _persons(each, _join(path, name))
    elif is_dataclass(value):
        kind: type = type(value)
        for name, personal in _bearing(kind):
            held, here = getattr(value, name), _join(path, name)
            yield from _words(held, here) if personal else _persons(held, here)


def _words(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The words of a personal field: one, or one for each of several values."""
    if isinstance(value, dict | tuple | list):
        for name, each in _parts(value):
            yield from _words(each, _join(path, name))
    elif value is not None:
        yield path, word(value, path)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return ((str(name), each) for name, each in items)


@cache
def _bearing(kind: type) -> tuple[tuple[str, bool], ...]:
    """The fields that are personal (true), or may hold something that is."""
    return tuple(
        (name, personal)
        for name, hint in _hints(kind)
        if (personal := _marked(hint, _MARKS)) or _may_hold(hint)
    )


@cache
def _reserved(kind: type) -> tuple[str, ...]:
    return tuple(name for name, hint in _hints(kind) if _marked(hint, frozenset({RESERVED})))


@cache
def _hints(kind: type) -> tuple[tuple[str, Any], ...]:
    """The fields of a value or an event."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple((f.name, hints[f.name]) for f in fields(kind) if f.name not in _ENVELOPE)


def _marked(hint: Any, marks: frozenset[str]) -> bool:
    """Whether a field's type has one of these marks, on itself or on a part of it."""
    if not marks.isdisjoint(getattr(hint, "__metadata__", ())):
        return True
    return any(_marked(part, marks) for part in get_args(hint))


def _may_hold(hint: Any) -> bool:
    """Whether a value of that type may have personal values within: one of any type may."""
    if hint is Any or hint is object:
        return True
    if isinstance(hint, type) and is_dataclass(hint):
        return bool(_bearing(hint))
    return any(_may_hold(part) for part in get_args(hint))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
