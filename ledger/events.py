"""What the ledger stores, and how it becomes a domain event again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from eventsourcing.domain import CanInitAggregate
from pydantic_core import from_json

from domain.kernel import Root, Sealed
from domain.ports import Happened
from ledger import codec
from ledger.leaf import leaf_bytes, leaf_hash
from ledger.personal import SEALED, is_box

ABOUT: Final = "about"
"""In the metadata: whose keys open what somebody typed."""
REASON: Final = "reason"
_SINCE: Final = "a field that older events lack has a default, or its event a new topic and an upcaster"


class NewEvent(NamedTuple):
    """An event before its place and time are known. ``effective`` (UTC) is capped at its recording."""

    event_id: UUID
    record_id: str
    version: int
    topic: str
    state: str
    metadata: str
    effective: datetime | None
    commitment: bytes | None = None
    text_commitment: bytes | None = None


class StoredEvent(NamedTuple):
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
    commitment: bytes | None
    text_commitment: bytes | None
    leaf: bytes

    @property
    def facts(self) -> dict[str, Any]:
        """Who, under which command, why: the metadata as a dictionary, the reason still sealed."""
        facts: dict[str, Any] = from_json(self.metadata)
        if REASON in facts and is_box(facts[REASON]):
            facts[REASON] = Sealed(tuple(facts[ABOUT]), self.event_id, facts[REASON][SEALED])
        return facts


def placed(new: NewEvent, position: int, recorded_at: datetime) -> StoredEvent:
    """The event at its place, its effect never after its recording, with its leaf."""
    effective = min(new.effective or recorded_at, recorded_at)
    encoded = leaf_bytes(
        position,
        new.event_id,
        new.record_id,
        new.version,
        new.topic,
        effective,
        recorded_at,
        new.metadata,
        new.state,
        new.commitment,
        new.text_commitment,
    )
    return StoredEvent(
        position,
        *new[:6],
        effective,
        recorded_at,
        new.commitment,
        new.text_commitment,
        leaf_hash(encoded),
    )


def revive(stored: StoredEvent) -> Root.Event:
    """The domain event, its timestamp being the recording time; what is personal in it stays sealed."""

    def sealed(box: str) -> Sealed:
        about = (stored.record_id,) if box.startswith("p:") else tuple(from_json(stored.metadata)[ABOUT])
        return Sealed(about, stored.event_id, box)

    event_class, values = codec.decode(stored.topic, stored.state, sealed)
    values |= {
        "originator_id": stored.record_id,
        "originator_version": stored.version,
        "timestamp": stored.recorded_at,
    }
    if issubclass(event_class, CanInitAggregate):
        values["originator_topic"] = f"{stored.topic.partition('.')[0]}@1"
    try:
        return event_class(**values)
    except TypeError as wrong:
        wrong.add_note(f"position {stored.position}, {stored.topic}: {_SINCE}")
        raise


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
