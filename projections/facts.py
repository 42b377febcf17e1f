"""Values as JSON, with what is personal kept apart."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, Final, get_args, get_type_hints

from domain.calendar import PartialDate
from domain.kernel import PERSONAL

_ENVELOPE: Final = frozenset({"originator_id", "originator_version", "timestamp", "originator_topic"})


def split(value: Any) -> tuple[Any, dict[str, Any]]:
    """The public part as JSON, and the personal values by their path (``signatory.name``)."""
    persons: dict[str, Any] = {}
    return _walk(value, "", persons), persons


def plain(value: Any) -> Any:
    """The public part alone: what is personal is left out."""
    return split(value)[0]


def _walk(value: Any, path: str, persons: dict[str, Any]) -> Any:
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


def _walk_fields(value: Any, path: str, persons: dict[str, Any]) -> dict[str, Any]:
    public = {}
    kind: type = type(value)
    for name, personal in _shape(kind):
        here = _join(path, name)
        held = getattr(value, name)
        if not personal:
            public[name] = _walk(held, here, persons)
        elif held is not None:
            persons[here] = _walk(held, here, persons)
    return public


@cache
def _shape(kind: type) -> tuple[tuple[str, bool], ...]:
    """The fields of a value or an event, each with whether it is personal."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple((f.name, _is_personal(hints[f.name])) for f in fields(kind) if f.name not in _ENVELOPE)


def _is_personal(hint: Any) -> bool:
    if PERSONAL in getattr(hint, "__metadata__", ()):
        return True
    return any(_is_personal(part) for part in get_args(hint))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
