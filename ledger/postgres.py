"""The event store on PostgreSQL: what is read of it. Adding is the writer's (``ledger.writer``).

A command costs one round trip to load, and its part of one transaction.
The pool's connections are in autocommit mode: reading opens no transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from ledger.events import StoredEvent
from ledger.recorder import Append, Loaded
from ledger.transaction import COLUMNS, Pool, stored_of
from ledger.writer import Writer

_LOAD: Final = f"""
SELECT greatest(c.at, (SELECT recorded_at FROM ledger.events ORDER BY position DESC LIMIT 1)), e.*
FROM (SELECT clock_timestamp() + shift AS at FROM ledger.clock) c
LEFT JOIN LATERAL (
    SELECT false AS repeated, {COLUMNS} FROM ledger.events WHERE record_id = ANY(%b)
    UNION ALL
    SELECT true, {COLUMNS} FROM ledger.events WHERE event_id = ANY(%b)
) e ON true
ORDER BY e.position"""  # noqa: S608
_AFTER: Final = f"SELECT {COLUMNS} FROM ledger.events WHERE position > %s ORDER BY position LIMIT %s"  # noqa: S608
_NOW: Final = """
SELECT greatest(clock_timestamp() + shift,
                (SELECT recorded_at FROM ledger.events ORDER BY position DESC LIMIT 1))
FROM ledger.clock"""


class PostgresRecorder:
    """``Recorder`` on a pool whose role may read and add events, and nothing else to them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._writer = Writer(pool)

    async def load(self, record_ids: Sequence[str], event_ids: Sequence[UUID] = ()) -> Loaded:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_LOAD, (list(record_ids), list(event_ids)))
            rows = await cursor.fetchall()
        found = [(row[1], stored_of(row[2:])) for row in rows if row[1] is not None]
        return Loaded(
            [stored for repeated, stored in found if not repeated],
            [stored for repeated, stored in found if repeated],
            _instant(rows[0] if rows else None),
        )

    async def append(self, batch: Append) -> list[StoredEvent]:
        return await self._writer.append(batch)

    async def after(self, position: int, limit: int) -> list[StoredEvent]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_AFTER, (position, limit))
            return [stored_of(row) for row in await cursor.fetchall()]

    async def head(self) -> int:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT coalesce(max(position), 0) FROM ledger.events")
            row = await cursor.fetchone()
        return row[0] if row else 0

    async def now(self) -> datetime:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_NOW)
            return _instant(await cursor.fetchone())


def _instant(row: tuple[Any, ...] | None) -> datetime:
    if row is None:
        raise LookupError("ledger.clock has lost its row")
    now: datetime = row[0]
    return now.astimezone(UTC)
