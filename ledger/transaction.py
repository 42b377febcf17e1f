"""One transaction for a group of commands: what they rest on is read under the lock, then all is added.

Two round trips: begin, lock, ground; then the events, the tree, the announcement and commit. Claims, when
there are any, add one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from ledger import merkle
from ledger.events import StoredEvent, placed
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, VersionConflict

APPEND_LOCK: Final = 7_305_001
"""Key of the advisory lock that orders every append. It is never held across a decision."""
CHANNEL: Final = "ledger"
LOCK_TIMEOUT: Final = "5s"

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
Connection = AsyncConnection[TupleRow]

COLUMNS: Final = (
    "position, event_id, record_id, version, topic, state, metadata, effective_at, recorded_at, "
    "commitment, text_commitment, leaf"
)
BY_IDS: Final = f"SELECT {COLUMNS} FROM ledger.events WHERE event_id = ANY(%s) ORDER BY position"  # noqa: S608

LOCK: Final = f"""
SELECT set_config('lock_timeout', '{LOCK_TIMEOUT}', true),
       set_config('plan_cache_mode', 'force_generic_plan', true), pg_advisory_xact_lock({APPEND_LOCK})"""
_HEAD: Final = """
SELECT coalesce(h.position, 0), greatest(clock_timestamp() + c.shift, h.recorded_at), t.size, t.edge,
       ARRAY(SELECT coalesce((SELECT e.version FROM ledger.events e
                              WHERE e.record_id = r.id ORDER BY e.version DESC LIMIT 1), 0)
             FROM unnest(%s::text[]) WITH ORDINALITY AS r(id, n) ORDER BY n),
       ARRAY(SELECT event_id FROM ledger.events WHERE event_id = ANY(%s))
FROM ledger.clock c CROSS JOIN ledger.tree t
LEFT JOIN LATERAL (
    SELECT position, recorded_at FROM ledger.events ORDER BY position DESC LIMIT 1
) h ON true"""
_ONE: Final = "VALUES (%b::bigint, %b::uuid, %b, %b::integer, %b, %b, %b, %b, %b, %b, %b, %b)"
_MANY: Final = """
SELECT * FROM unnest(%b::bigint[], %b::uuid[], %b::text[], %b::integer[], %b::text[], %b::text[], %b::text[],
                     %b::timestamptz[], %b::timestamptz[], %b::bytea[], %b::bytea[], %b::bytea[])"""
_ADD: Final = """
WITH added AS (INSERT INTO ledger.events ({columns}) {rows}),
     grown AS (UPDATE ledger.tree SET size = %s, edge = %s)
SELECT pg_notify('{channel}', %s)"""
_ADD_ONE: Final = _ADD.format(columns=COLUMNS, rows=_ONE, channel=CHANNEL)
_ADD_MANY: Final = _ADD.format(columns=COLUMNS, rows=_MANY, channel=CHANNEL)
_NODES: Final = """
INSERT INTO ledger.nodes (level, index, hash)
SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])"""
_CLAIM: Final = """
INSERT INTO ledger.claims (key, during, record_id) VALUES (%s, tstzrange(%s, %s), %s)
ON CONFLICT DO NOTHING RETURNING key"""
_DROP: Final = "DELETE FROM ledger.claims WHERE record_id = %s AND key = %s AND during = tstzrange(%s, %s)"


class TreeBroken(Exception):
    """The tree does not end where the events do: somebody has written beside the recorder."""


@dataclass(eq=False)
class Waiting:
    """A command's append, and where its caller waits for the answer."""

    append: Append
    answer: asyncio.Future[list[StoredEvent]]

    @property
    def claims(self) -> bool:
        return bool(self.append.gains or self.append.drops)

    def refuse(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def grant(self, stored: list[StoredEvent]) -> None:
        if not self.answer.done():
            self.answer.set_result(stored)


@dataclass
class Ground:
    """What a group rests on, read under the lock, and moved on by each command that is accepted."""

    head: int
    now: datetime
    size: int
    edge: bytes
    versions: dict[str, int]
    recorded: set[UUID]
    accepted: list[tuple[Waiting, list[StoredEvent]]] = field(default_factory=list)
    refused: list[tuple[Waiting, Exception]] = field(default_factory=list)

    def consider(self, waiting: Waiting) -> None:
        problem = self._problem(waiting.append)
        if problem:
            self.refused.append((waiting, problem))
            return
        first = self.head + 1
        stored = [placed(new, place, self.now) for place, new in enumerate(waiting.append.events, first)]
        self.head += len(stored)
        for one in stored:
            self.versions[one.record_id] = one.version
            self.recorded.add(one.event_id)
        self.accepted.append((waiting, stored))

    def _problem(self, append: Append) -> Exception | None:
        """Why this command cannot be recorded on this ground."""
        if any(new.event_id in self.recorded for new in append.events):
            return AlreadyRecorded()
        for record_id, version in append.rests_on.items():
            if self.versions[record_id] != version:
                return VersionConflict(record_id)
        return None


async def transact(connection: Connection, group: Sequence[Waiting]) -> Ground:
    """Records what can be. Raises ``ClaimTaken`` when a key is held: nothing is then recorded."""
    async with connection.pipeline(), connection.transaction():
        ground = await _ground(connection, group)
        for waiting in group:
            ground.consider(waiting)
        stored = [one for _, events in ground.accepted for one in events]
        if stored:
            await _settle_claims(connection, [waiting.append for waiting, _ in ground.accepted])
            await _add(connection, ground, stored)
    return ground


async def _ground(connection: Connection, group: Sequence[Waiting]) -> Ground:
    """Locks, then reads what the group rests on: one round trip."""
    records = list({i for waiting in group for i in waiting.append.rests_on})
    ids = [new.event_id for waiting in group for new in waiting.append.events]
    await connection.execute(LOCK)
    cursor = await connection.execute(_HEAD, (records, ids))
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("ledger.clock or ledger.tree has lost its row")
    head, now, size, edge, versions, recorded = row
    if size != head:
        raise TreeBroken(f"{head} events, a tree of {size}")
    return Ground(
        head,
        now.astimezone(UTC),
        size,
        edge,
        dict(zip(records, versions, strict=True)),
        set(recorded),
    )


async def _settle_claims(connection: Connection, appends: Sequence[Append]) -> None:
    for append in appends:
        for record_id, claim in append.drops:
            await connection.execute(_DROP, (record_id, claim.key, claim.start, claim.end))
    asked = [(record_id, claim) for append in appends for record_id, claim in append.gains]
    cursors = [
        await connection.execute(_CLAIM, (claim.key, claim.start, claim.end, record_id))
        for record_id, claim in asked
    ]
    for (_, claim), cursor in zip(asked, cursors, strict=True):
        if await cursor.fetchone() is None:
            raise ClaimTaken(claim.key)


async def _add(connection: Connection, ground: Ground, stored: Sequence[StoredEvent]) -> None:
    """The events, the tree that they make, and the announcement."""
    size, edge, complete = merkle.append(
        ground.size, merkle.unpacked(ground.edge), [one.leaf for one in stored]
    )
    tree = (size, merkle.packed(edge), str(size))
    if len(stored) == 1:
        await connection.execute(_ADD_ONE, (*stored[0], *tree))
    else:
        await connection.execute(_ADD_MANY, (*map(list, zip(*stored, strict=True)), *tree))
    if complete:
        await connection.execute(_NODES, [list(column) for column in zip(*complete, strict=True)])


def stored_of(row: tuple[Any, ...]) -> StoredEvent:
    """The row as an event, its instants in UTC."""
    stored = StoredEvent._make(row)
    return stored._replace(
        effective_at=stored.effective_at.astimezone(UTC), recorded_at=stored.recorded_at.astimezone(UTC)
    )
