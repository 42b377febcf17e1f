"""The event store on PostgreSQL: one advisory lock a batch, positions without gaps.

A command costs one round trip to load (three statements in a pipeline) and one transaction to append:
begin, lock, head and versions, claims if any, events, notify, commit. The lock ends with the transaction.
The pool's connections are in autocommit mode: reading opens no transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from ledger.events import StoredEvent
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, Loaded, VersionConflict, placed

APPEND_LOCK: Final = 7_305_001
"""Key of the advisory lock that orders every append. It is never held across a decision."""

CHANNEL: Final = "ledger"

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

_COLUMNS: Final = "position, event_id, record_id, version, topic, state, metadata, effective_at, recorded_at"
_RECORDS: Final = f"SELECT {_COLUMNS} FROM ledger.events WHERE record_id = ANY(%s) ORDER BY position"  # noqa: S608
_BY_IDS: Final = f"SELECT {_COLUMNS} FROM ledger.events WHERE event_id = ANY(%s) ORDER BY position"  # noqa: S608
_NOW: Final = """
SELECT greatest(clock_timestamp() + shift,
                (SELECT recorded_at FROM ledger.events ORDER BY position DESC LIMIT 1))
FROM ledger.clock"""
_HEAD: Final = """
SELECT coalesce(h.position, 0),
       greatest(clock_timestamp() + c.shift, h.recorded_at),
       (SELECT json_object_agg(r.id, coalesce(
            (SELECT max(e.version) FROM ledger.events e WHERE e.record_id = r.id), 0))
        FROM unnest(%s::text[]) AS r(id)),
       EXISTS (SELECT FROM ledger.events WHERE event_id = ANY(%s))
FROM ledger.clock c
LEFT JOIN LATERAL (
    SELECT position, recorded_at FROM ledger.events ORDER BY position DESC LIMIT 1
) h ON true"""
_INSERT: Final = f"INSERT INTO ledger.events ({_COLUMNS}) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s)"  # noqa: S608
_CLAIM: Final = """
INSERT INTO ledger.claims (key, during, record_id) VALUES (%s, tstzrange(%s, %s), %s)
ON CONFLICT DO NOTHING RETURNING key"""
_DROP: Final = "DELETE FROM ledger.claims WHERE record_id = %s AND key = %s AND during = tstzrange(%s, %s)"


class PostgresRecorder:
    """``Recorder`` on a pool whose role may read and add events, and nothing else to them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def load(self, record_ids: Sequence[str], event_ids: Sequence[UUID] = ()) -> Loaded:
        async with self._pool.connection() as connection, connection.pipeline():
            records = await connection.execute(_RECORDS, (list(record_ids),))
            repeated = await connection.execute(_BY_IDS, (list(event_ids),))
            clock = await connection.execute(_NOW)
            return Loaded(
                [_stored(row) for row in await records.fetchall()],
                [_stored(row) for row in await repeated.fetchall()],
                _instant(await clock.fetchone()),
            )

    async def append(self, batch: Append) -> list[StoredEvent]:
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
            head, now = await self._check(connection, batch)
            await _settle_claims(connection, batch)
            stored = [placed(new, head + i, now) for i, new in enumerate(batch.events, start=1)]
            await _insert(connection, stored)
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(head + len(stored))))
        return stored

    async def after(self, position: int, limit: int) -> list[StoredEvent]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                f"SELECT {_COLUMNS} FROM ledger.events WHERE position > %s ORDER BY position LIMIT %s",  # noqa: S608
                (position, limit),
            )
            return [_stored(row) for row in await cursor.fetchall()]

    async def head(self) -> int:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT coalesce(max(position), 0) FROM ledger.events")
            row = await cursor.fetchone()
        return row[0] if row else 0

    async def now(self) -> datetime:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_NOW)
            return _instant(await cursor.fetchone())

    async def _check(self, connection: AsyncConnection[TupleRow], batch: Append) -> tuple[int, datetime]:
        ids = [new.event_id for new in batch.events]
        cursor = await connection.execute(_HEAD, (list(batch.rests_on), ids))
        row = await cursor.fetchone()
        if row is None:
            raise LookupError("ledger.clock has lost its row")
        head, now, versions, repeated = row
        if repeated:
            raise AlreadyRecorded
        for record_id, version in batch.rests_on.items():
            if versions[record_id] != version:
                raise VersionConflict(record_id)
        return head, now.astimezone(UTC)


async def _settle_claims(connection: AsyncConnection[TupleRow], batch: Append) -> None:
    for record_id, claim in batch.drops:
        await connection.execute(_DROP, (record_id, claim.key, claim.start, claim.end))
    for record_id, claim in batch.gains:
        cursor = await connection.execute(_CLAIM, (claim.key, claim.start, claim.end, record_id))
        if await cursor.fetchone() is None:
            raise ClaimTaken(claim.key)


async def _insert(connection: AsyncConnection[TupleRow], stored: Sequence[StoredEvent]) -> None:
    rows = [
        (
            e.position,
            e.event_id,
            e.record_id,
            e.version,
            e.topic,
            e.state,
            e.metadata,
            e.effective_at,
            e.recorded_at,
        )
        for e in stored
    ]
    async with connection.cursor() as cursor:
        try:
            await cursor.executemany(_INSERT, rows)
        except errors.UniqueViolation as duplicate:
            if duplicate.diag.constraint_name == "events_event_id_key":
                raise AlreadyRecorded from duplicate
            raise VersionConflict(duplicate.diag.constraint_name) from duplicate


def _stored(row: tuple[Any, ...]) -> StoredEvent:
    position, event_id, record_id, version, topic, state, metadata, effective_at, recorded_at = row
    return StoredEvent(
        position,
        event_id,
        record_id,
        version,
        topic,
        state,
        metadata,
        effective_at.astimezone(UTC),
        recorded_at.astimezone(UTC),
    )


def _instant(row: tuple[Any, ...] | None) -> datetime:
    if row is None:
        raise LookupError("ledger.clock has lost its row")
    now: datetime = row[0]
    return now.astimezone(UTC)
