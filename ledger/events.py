"""What the ledger stores, and how it becomes a domain event again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.domain import CanInitAggregate

from domain.kernel import Root
from domain.ports import Happened
from ledger import codec


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before its place and time are known. ``effective`` (UTC) is capped at its recording."""

    event_id: UUID
    record_id: str
    version: int
    topic: str
    state: str
    metadata: str
    effective: datetime | None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A row of ``ledger.events``."""

    position: int
    event_id: UUID
    record_id: str
    version: int
    topic: str
    state: str
    metadata: str
    effective_at: datetime
    recorded_at: datetime

    @property
    def facts(self) -> dict[str, Any]:
        """Who, under which command, why: the metadata as a dictionary."""
        facts: dict[str, Any] = json.loads(self.metadata)
        return facts


def revive(stored: StoredEvent) -> Root.Event:
    """The domain event, its timestamp being the recording time."""
    event_class, values = codec.decode(stored.topic, stored.state)
    values |= {
        "originator_id": stored.record_id,
        "originator_version": stored.version,
        "timestamp": stored.recorded_at,
    }
    if issubclass(event_class, CanInitAggregate):
        values["originator_topic"] = f"{stored.topic.partition('.')[0]}@1"
    return event_class(**values)


def fold(events: Iterable[StoredEvent], record: Root | None = None) -> Root | None:
    """The record as its events leave it. Raises on a gap or a stranger: the library checks both."""
    for stored in events:
        record = revive(stored).mutate(record)
    return record


def happened(stored: StoredEvent) -> Happened:
    """The event with its circumstances, as the rest of the house reads it."""
    return Happened(
        position=stored.position,
        event_id=stored.event_id,
        record_id=stored.record_id,
        version=stored.version,
        topic=stored.topic,
        event=revive(stored),
        facts=stored.facts,
        effective_at=stored.effective_at,
        recorded_at=stored.recorded_at,
    )
