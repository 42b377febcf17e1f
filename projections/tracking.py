"""A folded record with the dates that only its history tells."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from domain.association.model import Association
from domain.convention.model import Convention
from domain.folding import Timeline, extended
from domain.kernel import Root
from domain.links import Linked
from domain.ports import Happened
from domain.programme.model import Programme
from domain.registry import ruling
from projections.facts import plain


class Tracked(NamedTuple):
    """A record and the statuses it went through.

    The record inside goes on changing when more events are applied to it: it is never kept apart.
    """

    record: Root
    timeline: Timeline
    created_at: datetime
    updated_at: datetime
    position: int

    @property
    def since(self) -> datetime:
        """When the present status became true (UTC)."""
        return self.timeline[-1].effective_at

    @property
    def since_recorded(self) -> datetime:
        """When the event that gave it was written (UTC)."""
        return self.timeline[-1].recorded_at


def track(events: Iterable[Happened], tracked: Tracked | None = None) -> Tracked | None:
    """The fold of the events, onto what was tracked before. ``None`` without any event."""
    for happened in events:
        tracked = follow(happened, tracked)
    return tracked


def follow(happened: Happened, tracked: Tracked | None) -> Tracked:
    """One event more. Raises on a gap or a stranger: the library checks both."""
    record = happened.event.mutate(tracked.record if tracked else None)
    if record is None:
        raise LookupError(f"{happened.topic} at {happened.position} leaves no record")
    timeline = extended(tracked.timeline if tracked else (), record, happened)
    created_at = tracked.created_at if tracked else happened.recorded_at
    return Tracked(record, timeline, created_at, happened.recorded_at, happened.position)


def told_of(tracked: Tracked) -> dict[str, Any]:
    """What the row of every record tells alike: its id, where it stands and since when, its version, when it
    was made and last changed, and by the event of which position.
    """
    record = tracked.record
    return {
        "id": record.id,
        "status": plain(record.status),
        "status_label": record.status_labels[record.status],
        "since": tracked.since,
        "since_recorded": tracked.since_recorded,
        "version": record.version,
        "created_at": tracked.created_at,
        "updated_at": tracked.updated_at,
        "position": tracked.position,
    }


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


def rules_followed(record: Root, programme: Programme, day: date) -> int:
    """The number of the version of the programme's rules that a record of it follows on a day."""
    return ruling(record, programme, day).number


def academies_of(record: Root) -> list[str]:
    """The académies a record belongs to, by their two-digit codes."""
    if isinstance(record, Convention):
        return sorted({record.academie, *record.coverage.academies} - {""})
    return sorted(getattr(record, "academies", ()))


def scopes_of(record: Root) -> list[str]:
    """Who may read the rows of a record: those who may read the record, and the system."""
    return sorted(record.scopes() | {"role:system"})


def links_of(record: Linked) -> list[dict[str, Any]]:
    """The links given on a record, by the ids under which they are revoked; nothing of their secrets."""
    return [
        {"id": one.id, "action": one.action, "expires_on": plain(one.expires_on), "state": one.state}
        for one in record.links.values()
    ]


def needed(programme: Programme | None) -> Programme:
    """The programme of a record that always follows one."""
    if programme is None:
        raise LookupError("this record follows a programme, and none was given")
    return programme
