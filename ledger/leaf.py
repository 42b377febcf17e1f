"""The bytes of an event that the seal covers. The format is a contract: evidence files outlive this code.

``docs/preuves.md`` describes it for whoever writes another verifier.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

FORMAT: Final = b"mentorat-event-v1\n"
_TEMPLATE: Final = FORMAT + 11 * b"%d:%b\n"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def leaf_bytes(
    position: int,
    event_id: UUID,
    record_id: str,
    version: int,
    topic: str,
    effective_at: datetime,
    recorded_at: datetime,
    metadata: str,
    state: str,
    commitment: bytes | None,
    text_commitment: bytes | None,
) -> bytes:
    """The canonical encoding: the format's name, then every field as ``<length>:<bytes>`` and a line feed.

    Lengths count bytes; text is UTF-8, numbers are decimal, the id and the commitments are lower-case
    hexadecimal (empty when there is none), instants are microseconds since 1970 (UTC).
    """
    return encoded(
        b"%d" % position,
        event_id.hex.encode(),
        record_id.encode(),
        b"%d" % version,
        topic.encode(),
        b"%d" % microseconds(effective_at),
        b"%d" % microseconds(recorded_at),
        metadata.encode(),
        state.encode(),
        commitment.hex().encode() if commitment else b"",
        text_commitment.hex().encode() if text_commitment else b"",
    )


def encoded(
    position: bytes,
    event_id: bytes,
    record_id: bytes,
    version: bytes,
    topic: bytes,
    effective_at: bytes,
    recorded_at: bytes,
    metadata: bytes,
    state: bytes,
    commitment: bytes,
    text_commitment: bytes,
) -> bytes:
    """The same from fields that are written already. Spelled out, for speed: every event comes through."""
    return _TEMPLATE % (
        len(position),
        position,
        len(event_id),
        event_id,
        len(record_id),
        record_id,
        len(version),
        version,
        len(topic),
        topic,
        len(effective_at),
        effective_at,
        len(recorded_at),
        recorded_at,
        len(metadata),
        metadata,
        len(state),
        state,
        len(commitment),
        commitment,
        len(text_commitment),
        text_commitment,
    )


def microseconds(instant: datetime) -> int:
    """Since 1970, UTC."""
    return (instant - _EPOCH) // _MICROSECOND


def leaf_hash(encoded: bytes) -> bytes:
    """RFC 6962 §2.1: the hash of one leaf."""
    return hashlib.sha256(b"\x00" + encoded).digest()
