"""Terms counted in days of school that no calendar tells yet: they are told, as what they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.calendar import paris_day
from domain.kernel import Due

if TYPE_CHECKING:
    from domain.calendar import SchoolCalendar
    from domain.programme.rules import Delay


def estimated(
    dues: Iterable[Due], delays: Mapping[str, Iterable[Delay]], calendar: SchoolCalendar
) -> Iterator[Due]:
    """The same, each with whether its term may still move. ``delays``: those that a kind of deadlines is
    counted with; one that is not there is counted in no days of school.
    """
    for due in dues:
        term = due.by or paris_day(due.at)
        guessed = any(delay.estimated(term, calendar) for delay in delays.get(due.kind, ()))
        yield replace(due, estimated=True) if guessed else due
