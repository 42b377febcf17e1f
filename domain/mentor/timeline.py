"""Since when each status of a mentor was true: for a rung of the ladder, the latest fact below it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from domain.calendar import french_date, start_of
from domain.mentor.parts import LADDER, Status

if TYPE_CHECKING:
    from domain.folding import Timeline
    from domain.mentor.model import Mentor

_RUNG: Final = {status.value: rung for rung, status in enumerate(LADDER)}
_SUSPENDED: Final = Status.SUSPENDED.value
_CLEARED: Final = Status.CLEARED.value


def since(mentor: Mentor, timeline: Timeline, place: int) -> datetime:
    """Only the last status is dated again: those before it rest on the facts of their time, some of which
    may have been noted anew since."""
    one = timeline[place]
    if place < len(timeline) - 1:
        return one.effective_at
    former = timeline[place - 1].status if place else ""
    if one.status == _SUSPENDED:
        return min([one.effective_at, *map(start_of, mentor.suspensions.values())])
    if one.status == _CLEARED and former == _SUSPENDED:
        return max([one.own, *_starts(mentor.released_on)])
    if one.status not in _RUNG or one.version != mentor.version:
        return one.effective_at
    if former == Status.TRAINED and one.status == Status.CHECKED:
        # What covered the training has run out some day: that it no longer does is known from now on.
        return one.recorded_at
    return max([one.own, *_starts(*_facts(mentor, _RUNG[one.status]))])


def reached_on(mentor: Mentor) -> date:
    """Since which day the next step of the ladder is awaited: that of the latest fact below it."""
    facts = [day for day in _facts(mentor, _RUNG.get(mentor.status, 0)) if day is not None]
    return max([mentor.applied_on, *facts])


def counted_from(mentor: Mentor, start: date) -> str:
    """Says that what is counted from ``start`` runs from the recording of a candidacy of an earlier day;
    empty when it does not."""
    if not mentor.applied_on < mentor.entered_on == start:
        return ""
    applied, entered = french_date(mentor.applied_on), french_date(mentor.entered_on)
    return f" (candidature datée du {applied}, enregistrée le {entered} : le délai court de l'enregistrement)"


def _facts(mentor: Mentor, rung: int) -> Iterator[date | None]:
    """The days of the facts by which that rung was reached."""
    if rung >= 1:
        yield from (mentor.identity_seen_on, mentor.charter_signed_on, mentor.reachable_since)
    if rung >= 2 and mentor.interview:
        yield mentor.interview.on
    if rung >= 3 and mentor.check:
        yield mentor.check.on
    if rung >= 4:
        yield from (one.certified_on for one in mentor.certificates.values())


def _starts(*days: date | None) -> list[datetime]:
    return [start_of(day) for day in days if day is not None]
