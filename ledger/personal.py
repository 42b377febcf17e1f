"""Where personal values stand in a shape, and how they are taken out of its JSON and put back sealed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from domain.kernel import FREE_TEXT, PERSONAL, Sealed

SEALED: Final = "sealed"
"""The only key of the JSON object that stands for a value: ``{"sealed": "p:…"}``."""

_MARKS: Final = (PERSONAL, FREE_TEXT)
_BLANKS: Final[tuple[Any, ...]] = (None, "", "2000-01-01", 0, [], {})


@dataclass(frozen=True)
class Marked:
    """A personal value. ``blank`` stands in its place while the rest is validated."""

    mark: str
    blank: Any


@dataclass(frozen=True)
class Inside:
    """A value with fields, some of which are personal or hold personal values."""

    fields: Mapping[str, Plan]


@dataclass(frozen=True)
class Each:
    """Several values of one shape."""

    plan: Plan


Plan = Marked | Inside | Each

Box = Callable[[str, Any], str]
"""From a mark and a JSON value, the box that is stored."""

Opened = Callable[[str], Sealed]


@cache
def plan_of(hint: Any) -> Plan | None:
    """Where the personal values of a type are; ``None`` when it has none."""
    if get_origin(hint) is Annotated:
        mark = next((m for m in hint.__metadata__ if m in _MARKS), None)
        return Marked(mark, _blank(get_args(hint)[0])) if mark else plan_of(get_args(hint)[0])
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        return inside({f.name: hints[f.name] for f in fields(hint)})
    found = [plan for plan in map(plan_of, get_args(hint)) if plan]
    if not found:
        return None
    (plan,) = found
    return plan if type(None) in get_args(hint) else Each(plan)


def inside(hints: Mapping[str, Any]) -> Inside | None:
    """The same for named fields."""
    found = {name: plan for name, hint in hints.items() if (plan := plan_of(hint))}
    return Inside(found) if found else None


def marks(plan: Plan | None) -> frozenset[str]:
    """Which marks occur anywhere within."""
    if plan is None:
        return frozenset()
    if isinstance(plan, Marked):
        return frozenset({plan.mark})
    parts = plan.fields.values() if isinstance(plan, Inside) else (plan.plan,)
    return frozenset().union(*map(marks, parts))


def seal(plan: Plan, value: Any, box: Box) -> Any:
    """The JSON value with every personal one in its box."""
    if value is None:
        return None
    if isinstance(plan, Marked):
        return {SEALED: box(plan.mark, value)}
    return _walk(plan, value, lambda inner, held: seal(inner, held, box))


def blanked(plan: Plan, value: Any) -> Any:
    """The JSON value with something harmless in the place of every box, so that the rest can be validated."""
    if isinstance(plan, Marked):
        return plan.blank if is_box(value) else value
    return None if value is None else _walk(plan, value, blanked)


def placed(plan: Plan, validated: Any, value: Any, opened: Opened) -> Any:
    """The validated value with its ``Sealed`` ones; the objects inside are fresh, nobody else holds them."""
    if isinstance(plan, Marked):
        return opened(value[SEALED]) if is_box(value) else validated
    if value is None:
        return validated
    if isinstance(plan, Inside):
        for name, inner in plan.fields.items():
            held = placed(inner, getattr(validated, name), value.get(name), opened)
            object.__setattr__(validated, name, held)
        return validated
    if isinstance(validated, dict):
        return {k: placed(plan.plan, v, value[str(k)], opened) for k, v in validated.items()}
    return type(validated)(placed(plan.plan, v, w, opened) for v, w in zip(validated, value, strict=True))


def is_box(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {SEALED}


def _walk(plan: Inside | Each, value: Any, step: Callable[[Plan, Any], Any]) -> Any:
    if isinstance(plan, Inside):
        return {k: step(plan.fields[k], v) if k in plan.fields else v for k, v in value.items()}
    if isinstance(value, dict):
        return {k: step(plan.plan, v) for k, v in value.items()}
    return [step(plan.plan, v) for v in value]


def _blank(hint: Any) -> Any:
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    for candidate in _BLANKS:
        try:
            adapter.validate_python(candidate)
        except ValidationError:
            continue
        return candidate
    raise TypeError(f"nothing can stand in the place of {hint}")
