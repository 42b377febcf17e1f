"""Where personal values stand in a shape, and how they are taken out of its JSON and sealed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from domain.kernel import FREE_TEXT, PERSONAL

SEALED: Final = "sealed"
"""The only key of the JSON object that stands for a value: ``{"sealed": "p:…"}``."""

_MARKS: Final = (PERSONAL, FREE_TEXT)


@dataclass(frozen=True)
class Marked:
    """A personal value."""

    mark: str


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


@cache
def plan_of(hint: Any) -> Plan | None:
    """Where the personal values of a type are; ``None`` when it has none."""
    if get_origin(hint) is Annotated:
        mark = next((m for m in hint.__metadata__ if m in _MARKS), None)
        return Marked(mark) if mark else plan_of(get_args(hint)[0])
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


def is_box(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {SEALED}


def _walk(plan: Inside | Each, value: Any, step: Callable[[Plan, Any], Any]) -> Any:
    if isinstance(plan, Inside):
        return {k: step(plan.fields[k], v) if k in plan.fields else v for k, v in value.items()}
    if isinstance(value, dict):
        return {k: step(plan.plan, v) for k, v in value.items()}
    return [step(plan.plan, v) for v in value]
