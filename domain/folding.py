"""A record is the fold of its events, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from domain.kernel import Root
from domain.ports import Happened


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


class Seen(NamedTuple):
    """A record as of a date, with the events that made it so and the statuses it had until then."""

    record: Root
    events: Sequence[Happened]
    timeline: Timeline


def seen_at(events: Sequence[Happened], as_of: datetime) -> Seen | None:
    """The record at ``as_of`` by these events: as the last of them that was then true left it, among those
    of the status that it then had (see ``at``). Never its events in another order. ``None`` before the first.
    """
    record: Root | None = None
    timeline: Timeline = ()
    for happened in events:
        record = happened.event.mutate(record)
        if record is not None:
            timeline = extended(timeline, record, happened)
    found = at(timeline, as_of)
    if record is None or found is None:
        return None
    place = timeline.index(found)
    next_status = timeline[place + 1].version if found is not timeline[-1] else record.version + 1
    last = max(
        one.version
        for one in events
        if one.version == found.version
        or (found.version < one.version < next_status and one.effective_at <= as_of)
    )
    if last < record.version:
        events = [one for one in events if one.version <= last]
        record = fold(events)
    return Seen(record, events, timeline[: place + 1]) if record else None


def at(timeline: Timeline, as_of: datetime) -> Standing | None:
    """Among the statuses then true, the last recorded. ``None`` before the first."""
    return next((one for one in reversed(timeline) if one.effective_at <= as_of), None)


def extended(timeline: Timeline, record: Root, happened: Happened) -> Timeline:
    """The timeline after one event more, which has left ``record``.

    Only an event that changes the status adds to it; any event may tell better since when a status was
    true, a correction for one. A status holds from the latest of the facts that it rests on: which those
    are is the record's to say (``Root.own_instant``, ``Root.since``). Never after it was recorded.
    """
    if not timeline or record.status != timeline[-1].status:
        own = min(record.own_instant(happened), happened.recorded_at)
        timeline = (*timeline, Standing(record.status, own, happened.recorded_at, happened.version, own))
    if type(record).since is Root.since:
        return timeline
    since = [min(record.since(timeline, place), happened.recorded_at) for place in range(len(timeline))]
    if since == [one.effective_at for one in timeline]:
        return timeline
    return tuple(replace(one, effective_at=then) for one, then in zip(timeline, since, strict=True))
