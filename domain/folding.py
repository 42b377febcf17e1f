"""A record is the fold of its events, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.kernel import Root
from domain.ports import Happened


def fold(events: Iterable[Happened], record: Root | None = None) -> Root | None:
    """The record as its events leave it. Raises on a gap or a stranger: the library checks both."""
    for happened in events:
        record = happened.event.mutate(record)
    return record


@dataclass(frozen=True)
class Standing:
    """The status a record had from some moment on, by which event."""

    status: str
    effective_at: datetime
    recorded_at: datetime
    version: int


def standing_at(events: Iterable[Happened], as_of: datetime, known_at: datetime) -> Standing | None:
    """The status at ``as_of`` by what was known at ``known_at``: among the events then known and effective,
    the highest version wins. Never a fold in another order. ``None`` before the first fact.
    """
    record: Root | None = None
    found: Standing | None = None
    for happened in events:
        if happened.recorded_at > known_at:
            break
        record = happened.event.mutate(record)
        if record is not None and happened.effective_at <= as_of:
            found = Standing(record.status, happened.effective_at, happened.recorded_at, happened.version)
    return found
