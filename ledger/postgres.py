"""The event store on PostgreSQL: what is read of it. Adding is the writer's (``ledger.writer``).

A command costs its part of one round trip to load, and of one transaction.
The pool's connections are in autocommit mode: reading opens no transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from ledger.events import StoredEvent
from ledger.recorder import Append, Loaded
from ledger.together import Together
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

_HOLDERS: Final = f"""
SELECT key, record_id FROM ledger.claims WHERE key = ANY(%s) AND during @> ({_NOW})"""  # noqa: S608

# As its index has it, word for word: ledger/schema/0003_digests.sql.
_DIGESTS: Final = (
    "ARRAY[state::jsonb #>> '{digests,email_digest}', state::jsonb #>> '{digests,name_digest}', "
    "state::jsonb #>> '{digests,siret_digest}']"
)
SAYING: Final = f"""
SELECT DISTINCT said.digest, record_id
FROM ledger.events, unnest({_DIGESTS}) AS said (digest)
WHERE state LIKE '%%"digests":%%' AND {_DIGESTS} && %(asked)s AND said.digest = ANY(%(asked)s)"""  # noqa: S608


@dataclass
class _Found:
    """What one statement found for all who asked."""

    now: datetime
    records: dict[str, list[StoredEvent]] = field(default_factory=dict)
    events: dict[UUID, StoredEvent] = field(default_factory=dict)

    def add(self, stored: StoredEvent, *, by_id: bool) -> None:
        if by_id:
            self.events[stored.event_id] = stored
        else:
            self.records.setdefault(stored.record_id, []).append(stored)


class PostgresRecorder:
    """``Recorder`` on a pool whose role may read and add events, and nothing else to them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._writer = Writer(pool)
        self._loads: Together[str | UUID, _Found] = Together(self._find)

    async def load(self, record_ids: Sequence[str], event_ids: Sequence[UUID] = ()) -> Loaded:
        """Loads that are asked for at the same time are one statement."""
        found = await self._loads.join([*record_ids, *event_ids])
        own = [stored for i in dict.fromkeys(record_ids) for stored in found.records.get(i, ())]
        repeated = [found.events[i] for i in dict.fromkeys(event_ids) if i in found.events]
        return Loaded(sorted(own, key=_place), sorted(repeated, key=_place), found.now)

    async def _find(self, wanted: list[str | UUID]) -> _Found:
        # No id holds a NUL, and the database would refuse the statement to everybody.
        record_ids = list({i for i in wanted if isinstance(i, str) and "\0" not in i})
        event_ids = list({i for i in wanted if not isinstance(i, str)})
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_LOAD, (record_ids, event_ids))
            rows = await cursor.fetchall()
        found = _Found(_instant(rows[0] if rows else None))
        for _, by_id, *row in rows:
            if by_id is not None:
                found.add(stored_of(row), by_id=by_id)
        return found

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

    async def holders(self, keys: Collection[str]) -> dict[str, str]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_HOLDERS, ([key for key in keys if "\0" not in key],))
            return dict(await cursor.fetchall())

    async def saying(self, digests: Collection[str]) -> dict[str, set[str]]:
        found = defaultdict[str, set[str]](set)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(SAYING, {"asked": list(digests)})
            for digest, record_id in await cursor.fetchall():
                found[digest].add(record_id)
        return dict(found)

    async def now(self) -> datetime:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_NOW)
            return _instant(await cursor.fetchone())


def _place(stored: StoredEvent) -> int:
    return stored.position


def _instant(row: tuple[Any, ...] | None) -> datetime:
    if row is None:
        raise LookupError("ledger.clock has lost its row")
    now: datetime = row[0]
    return now.astimezone(UTC)
