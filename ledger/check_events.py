"""The first half of an inspection: what each event says of itself, and of those before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

from psycopg.rows import TupleRow

from ledger.check_seal import SealWalk
from ledger.findings import Findings, Kind
from ledger.leaf import encoded

_SINCE_1970: Final = 946_684_800_000_000
"""PostgreSQL counts microseconds from 2000, the seal from 1970."""
_ID: Final = 16


@dataclass
class EventWalk:
    """From the first event to the last. Remembers every record's version and, 16 bytes each, every id."""

    seal: SealWalk
    findings: Findings
    head: int = 0
    _time: int = -(2**63)
    _versions: dict[bytes, int] = field(default_factory=dict)
    _ids: list[bytearray] = field(default_factory=lambda: [bytearray() for _ in range(256)])
    _leaves: list[bytes] = field(default_factory=list)
    _stored: dict[int, bytes] = field(default_factory=dict)

    def on(self, rows: Sequence[TupleRow]) -> None:
        """The next events, in the order of ``ledger.check``'s query."""
        add, ids, versions, leaves = self.findings.add, self._ids, self._versions, self._leaves
        for row in rows:
            position, event_id, record_id, version, _, effective, recorded, _, _, _, _, leaf = row
            if position != self.head + 1 and not self._placed(position):
                continue
            self.head = position
            try:
                found = _leaf(*row)
            except (TypeError, AttributeError):
                add(Kind.UNREADABLE, position)
                leaves.append(leaf or b"")
                continue
            leaves.append(found)
            if found != leaf:
                add(Kind.ALTERED, position)
                self._stored[position] = leaf or b""
            if version != versions.get(record_id, 0) + 1:
                add(Kind.VERSION, position)
            versions[record_id] = version
            ids[event_id[0]] += event_id
            if recorded < self._time or effective > recorded:
                add(Kind.TIME, position)
            self._time = recorded
        self._seal()

    def ids_twice(self) -> set[UUID]:
        """The ids of more than one event."""
        twice: set[UUID] = set()
        for bucket in map(bytes, self._ids):
            ids = [bucket[i : i + _ID] for i in range(0, len(bucket), _ID)]
            if len(set(ids)) < len(ids):
                twice.update(UUID(bytes=one) for one, times in Counter(ids).items() if times > 1)
        return twice

    def _placed(self, position: int | None) -> bool:
        """Whether the event is behind a gap: its place, otherwise, was taken or does not exist."""
        if position is None:
            self.findings.add(Kind.UNREADABLE, self.head + 1)
            return False
        if position <= self.head:
            self.findings.add(Kind.REPEATED, position)
            return False
        self.findings.add(Kind.MISSING, self.head + 1, position - 1)
        self._seal()
        self.seal.lose(position)
        return True

    def _seal(self) -> None:
        self.seal.grow(self._leaves, self._stored)
        self._leaves.clear()
        self._stored.clear()


def _leaf(
    position: int,
    event_id: bytes,
    record_id: bytes,
    version: int,
    topic: bytes,
    effective: int,
    recorded: int,
    metadata: bytes,
    state: bytes,
    own: bytes | None,
    typed: bytes | None,
    _leaf: bytes,
) -> bytes:
    """The hash that the seal must hold. Raises ``TypeError`` or ``AttributeError`` where a value is NULL."""
    return sha256(
        b"\x00"
        + encoded(
            b"%d" % position,
            event_id.hex().encode(),
            record_id,
            b"%d" % version,
            topic,
            b"%d" % (effective + _SINCE_1970),
            b"%d" % (recorded + _SINCE_1970),
            metadata,
            state,
            own.hex().encode() if own else b"",
            typed.hex().encode() if typed else b"",
        )
    ).digest()
