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
        b"%d" % ((effective_at - _EPOCH) // _MICROSECOND),
        b"%d" % ((recorded_at - _EPOCH) // _MICROSECOND),
        metadata.encode(),
        state.encode(),
        commitment.hex().encode() if commitment else b"",
        text_commitment.hex().encode() if text_commitment else b"",
    )


def encoded(*fields: bytes) -> bytes:
    """The same from the eleven fields as they are written, in that order."""
    return FORMAT + b"".join([b"%d:%b\n" % (len(field), field) for field in fields])


def leaf_hash(encoded: bytes) -> bytes:
    """RFC 6962 §2.1: the hash of one leaf."""
    return hashlib.sha256(b"\x00" + encoded).digest()
