"""A record is the fold of its events, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.calendar import PartialDate, start_of
from domain.convention.model import Convention
from domain.convention.parts import ENDED, RUNNING, Status
from domain.kernel import Root
from domain.ports import Happened

_AMENDMENT_SIGNED: Final = "convention.AmendmentSigned@1"

# Named here, for speed: a member of an enumeration takes long to find, and every event is looked at.
_TO_SIGN: Final = Status.TO_SIGN
_PARTIALLY_SIGNED: Final = Status.PARTIALLY_SIGNED
_SIGNED: Final = Status.SIGNED
_FROM_FORCE: Final = RUNNING | ENDED


def fold(events: Iterable[Happened], record: Root | None = None) -> Root | None:
    """The record as its events leave it. Raises on a gap or a stranger: the library checks both."""
    for happened in events:
        record = happened.event.mutate(record)
    return record


@dataclass(frozen=True)
class Standing:
    """The status a record had from ``effective_at`` on, by the event that gave it that status.

    ``own``: when that event alone was true, before looking at what the status rests on. All UTC.
    """

    status: str
    effective_at: datetime
    recorded_at: datetime
    version: int
    own: datetime


Timeline = tuple[Standing, ...]
"""The statuses of a record, in the order in which they were recorded."""


def standing_at(events: Iterable[Happened], as_of: datetime, known_at: datetime) -> Standing | None:
    """The status at ``as_of`` by what was known at ``known_at``: see ``extended`` and ``at``."""
    record: Root | None = None
    timeline: Timeline = ()
    for happened in events:
        if happened.recorded_at > known_at:
            break
        record = happened.event.mutate(record)
        if record is not None:
            timeline = extended(timeline, record, happened)
    return at(timeline, as_of)


def at(timeline: Timeline, as_of: datetime) -> Standing | None:
    """Among the statuses then true, the last recorded. ``None`` before the first."""
    return next((one for one in reversed(timeline) if one.effective_at <= as_of), None)


def extended(timeline: Timeline, record: Root, happened: Happened) -> Timeline:
    """The timeline after one event more, which has left ``record``.

    Only an event that changes the status adds to it; any event may tell better since when a status was
    true, a correction for one. A status holds from the latest of the facts that it rests on.
    """
    if not timeline or record.status != timeline[-1].status:
        own = _own(record, happened)
        timeline = (*timeline, Standing(record.status, own, happened.recorded_at, happened.version, own))
    if not isinstance(record, Convention):
        return timeline
    since = [min(_since(record, timeline, n), happened.recorded_at) for n in range(len(timeline))]
    if since == [one.effective_at for one in timeline]:
        return timeline
    return tuple(replace(one, effective_at=then) for one, then in zip(timeline, since, strict=True))


def _own(record: Root, happened: Happened) -> datetime:
    """An avenant takes effect with the latest of its signatures, whichever was recorded last."""
    if isinstance(record, Convention) and happened.topic == _AMENDMENT_SIGNED:
        signatures = record.amendments_in_force[-1].signatures
        return min(max(start_of(one.on.first) for _, one in signatures), happened.recorded_at)
    return happened.effective_at


def _since(convention: Convention, timeline: Timeline, place: int) -> datetime:
    """The latest of the facts that a status rests on, by what the convention says now."""
    one = timeline[place]
    if one.status == _PARTIALLY_SIGNED:
        voided = any(later.status == _TO_SIGN for later in timeline[place:])
        given = [start_of(s.on.first) for s in convention.signatures.values()]
        return one.effective_at if voided else min(given, default=one.own)
    if one.status == _SIGNED:
        return max(_told(convention.signed_on), default=one.own)
    if one.status in _FROM_FORCE:
        force = [*_told(convention.signed_on), *_told(convention.in_force_from)]
        entered = timeline[place - 1].status == _SIGNED
        return max(force, default=one.own) if entered else max([one.own, *force])
    return one.own


def _told(day: PartialDate | None) -> Iterator[datetime]:
    if day is not None:
        yield start_of(day.first)
