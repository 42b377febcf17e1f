"""What records hold, told again from their events: ``ledger.claims`` is no second truth."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from psycopg import AsyncServerCursor
from psycopg.rows import tuple_row

from ledger.events import StoredEvent, fold
from ledger.transaction import COLUMNS, LOCK, Connection, stored_of

BATCH: Final = 2_000
_EVENTS: Final = (
    f"SELECT {COLUMNS} FROM ledger.events WHERE starts_with(record_id, 'refusal-') IS FALSE "  # noqa: S608
    "ORDER BY record_id, version"
)
_CLAIMS: Final = """
SELECT record_id, key, CASE WHEN sound THEN lower(during) END, CASE WHEN sound THEN upper(during) END,
       CASE WHEN sound THEN '' ELSE during::text END
FROM ledger.claims, LATERAL (
    SELECT during = tstzrange(lower(during), upper(during))
           AND coalesce(lower(during) > '0001-01-02' AND lower(during) < '9999-12-31', lower_inf(during))
           AND coalesce(upper(during) > '0001-01-02' AND upper(during) < '9999-12-31', upper_inf(during))
           AS sound) s"""
_DROP: Final = """
DELETE FROM ledger.claims WHERE record_id = %(record_id)s AND key = %(key)s
AND during = coalesce(nullif(%(odd)s, '')::tstzrange, tstzrange(%(start)s, %(end)s))"""
_CLAIM: Final = """
INSERT INTO ledger.claims (record_id, key, during)
VALUES (%(record_id)s, %(key)s, tstzrange(%(start)s, %(end)s))"""


class Held(NamedTuple):
    """What one record holds; without bounds, for as long as the record says so. ``odd``: a span that no
    record makes (empty, infinite, otherwise closed), as the table has it."""

    record_id: str
    key: str
    start: datetime | None
    end: datetime | None
    odd: str = ""


class Difference(NamedTuple):
    """``missing``: what records hold and the table does not tell; ``unfounded``: the reverse."""

    missing: Sequence[Held]
    unfounded: Sequence[Held]

    @property
    def records(self) -> list[str]:
        return sorted({one.record_id for one in (*self.missing, *self.unfounded)})


async def difference(connection: Connection) -> Difference:
    """To be asked within a transaction that sees one instant, or under the append lock."""
    told = {held async for held in _told(connection)}
    cursor = await connection.execute(_CLAIMS)
    kept = {Held(i, key, _utc(start), _utc(end), odd) for i, key, start, end, odd in await cursor.fetchall()}
    return Difference(sorted(told - kept, key=str), sorted(kept - told, key=str))


async def rebuild(connection: Connection) -> Difference:
    """Makes the table say what the records hold; answers what it did not. Nothing is recorded meanwhile.

    Raises ``psycopg.errors.ExclusionViolation`` where two records hold the same: nothing is then changed.
    """
    async with connection.transaction():
        await connection.execute(LOCK)
        found = await difference(connection)
        for held in found.unfounded:
            await connection.execute(_DROP, held._asdict())
        for held in found.missing:
            await connection.execute(_CLAIM, held._asdict())
    return found


async def _told(connection: Connection) -> AsyncIterator[Held]:
    async for events in _records(connection):
        if record := fold(events):
            for claim in record.claims():
                yield Held(events[0].record_id, claim.key, claim.start, claim.end)


async def _records(connection: Connection) -> AsyncIterator[list[StoredEvent]]:
    """The events of each record; the last of a batch may go on in the next one."""
    begun: list[StoredEvent] = []
    async with AsyncServerCursor(connection, "records", row_factory=tuple_row) as cursor:
        await cursor.execute(_EVENTS)
        while rows := await cursor.fetchmany(BATCH):
            *whole, begun = (
                list(events)
                for _, events in groupby([*begun, *map(stored_of, rows)], attrgetter("record_id"))
            )
            for events in whole:
                yield events
    if begun:
        yield begun


def _utc(instant: datetime | None) -> datetime | None:
    return instant and instant.astimezone(UTC)
