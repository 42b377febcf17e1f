"""A folded record with the dates that only its history tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.association.model import Association
from domain.convention.model import Convention
from domain.kernel import Root
from domain.ports import Happened
from projections.facts import plain


@dataclass(frozen=True)
class Tracked:
    """``since``: when the present status became true, ``since_recorded``: when that was written (UTC).

    The record inside goes on changing when more events are applied to it: it is never kept apart.
    """

    record: Root
    since: datetime
    since_recorded: datetime
    created_at: datetime
    updated_at: datetime
    position: int


def track(events: Iterable[Happened], tracked: Tracked | None = None) -> Tracked | None:
    """The fold of the events, onto what was tracked before. ``None`` without any event."""
    for happened in events:
        tracked = follow(happened, tracked)
    return tracked


def follow(happened: Happened, tracked: Tracked | None) -> Tracked:
    """One event more. Raises on a gap or a stranger: the library checks both."""
    former = tracked.record.status if tracked else None
    record = happened.event.mutate(tracked.record if tracked else None)
    if record is None:
        raise LookupError(f"{happened.topic} at {happened.position} leaves no record")
    since, since_recorded = happened.effective_at, happened.recorded_at
    if tracked is None:
        return Tracked(
            record, since, since_recorded, since_recorded, since_recorded, position=happened.position
        )
    if record.status == former:
        since, since_recorded = tracked.since, tracked.since_recorded
    return replace(
        tracked,
        record=record,
        since=since,
        since_recorded=since_recorded,
        updated_at=happened.recorded_at,
        position=happened.position,
    )


def dated_facts(record: Root) -> dict[str, Any]:
    """The dates a record is asked about for another day: ``2025-12-05``, or ``2025-12``."""
    if isinstance(record, Convention):
        return {
            "announced_for": plain(record.announced_for),
            "signed_on": plain(record.signed_on),
            "in_force_from": plain(record.in_force_from),
            "ends_on": plain(record.clauses.ends_on),
        }
    if isinstance(record, Association):
        return {"entitlements": plain(tuple(record.entitlements.values()))}
    return {}


def academies_of(record: Root) -> list[str]:
    """The académies a record belongs to, by their two-digit codes."""
    if isinstance(record, Convention):
        return sorted({record.academie, *record.coverage.academies} - {""})
    if isinstance(record, Association):
        return sorted(record.academies)
    return []


def scopes_of(record: Root) -> list[str]:
    """Who may read the rows of a record: those who may read the record, and the system."""
    return sorted(record.scopes() | {"role:system"})
