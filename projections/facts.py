"""Values as JSON, with what is personal kept apart, sealed: a read model holds nothing personal in clear."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, Final, get_args, get_type_hints

from domain.calendar import PartialDate
from domain.kernel import FREE_TEXT, PERSONAL, Sealed

_MARKS: Final = frozenset({PERSONAL, FREE_TEXT})
_ENVELOPE: Final = frozenset({"originator_id", "originator_version", "timestamp", "originator_topic"})


def split(value: Any) -> tuple[Any, dict[str, str]]:
    """The public part as JSON, and the sealed words of what is personal by their path (``signatory.name``).

    Raises ``TypeError`` for a personal value in clear: it has no place in a read model.
    """
    persons: dict[str, str] = {}
    return _walk(value, "", persons), persons


def plain(value: Any) -> Any:
    """The public part alone: what is personal is left out."""
    return split(value)[0]


def word(value: Any, path: str = "") -> str:
    """The sealed word of a personal value. Raises ``TypeError`` for one in clear."""
    if not isinstance(value, Sealed):
        raise TypeError(f"a personal {type(value).__qualname__} in clear at {path}")
    return value.token


def _walk(value: Any, path: str, persons: dict[str, str]) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, PartialDate | date):
        return value.isoformat()
    if is_dataclass(value):
        return _walk_fields(value, path, persons)
    if isinstance(value, dict):
        return {str(k): _walk(v, _join(path, str(k)), persons) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_walk(v, _join(path, str(n)), persons) for n, v in enumerate(value)]
    raise TypeError(f"no JSON for {type(value).__qualname__} at {path}")


def _walk_fields(value: Any, path: str, persons: dict[str, str]) -> dict[str, Any]:
    public = {}
    kind: type = type(value)
    for name, personal in _shape(kind):
        here = _join(path, name)
        held = getattr(value, name)
        if not personal:
            public[name] = _walk(held, here, persons)
        elif held is not None:
            persons |= _words(held, here)
    return public


def _words(value: Any, path: str) -> dict[str, str]:
    """The words of a personal field: one, or one for each of several values."""
    if isinstance(value, tuple | list):
        return {k: v for n, each in enumerate(value) for k, v in _words(each, _join(path, str(n))).items()}
    if isinstance(value, dict):
        return {k: v for n, each in value.items() for k, v in _words(each, _join(path, str(n))).items()}
    return {path: word(value, path)}


@cache
def _shape(kind: type) -> tuple[tuple[str, bool], ...]:
    """The fields of a value or an event, each with whether it is personal."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple((f.name, _is_personal(hints[f.name])) for f in fields(kind) if f.name not in _ENVELOPE)


def _is_personal(hint: Any) -> bool:
    if not _MARKS.isdisjoint(getattr(hint, "__metadata__", ())):
        return True
    return any(_is_personal(part) for part in get_args(hint))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
