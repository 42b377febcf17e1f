"""Opening personal data for a reader, and the log that says who was shown whose, when, and for what.

The entries of requests that come together are written in one statement: a reading waits for one flush of
the disk, which it shares with the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from domain.kernel import Actor, Busy, Sealed, Unread
from domain.ports import Reading
from ledger import vault
from ledger.keyring import Keyring

MOST_WAITING: Final = 1_000
"""Requests that may wait in one process for their reading to be written; the next is told to come back."""

NOTED_AT_ONCE: Final = 1_000
"""Entries of one reading in one statement: to prepare more would keep everybody else waiting."""

_ADD: Final = """
INSERT INTO privacy.readings (reader, role, subject, purpose)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[])"""
_SELECT: Final = "SELECT number, at, reader, role, subject, purpose FROM privacy.readings"

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
Entry = tuple[str, str, str, str]
"""Reader, role, subject, purpose."""


@dataclass(eq=False)
class _Waiting:
    """What one request was shown, and where it waits for that to be written."""

    entries: Sequence[Entry]
    written: asyncio.Future[None]

    def settle(self, error: psycopg.Error | None) -> None:
        """Tells the request, unless it has given up waiting."""
        if self.written.done():
            return
        if error:
            self.written.set_exception(error)
        else:
            self.written.set_result(None)


class ReadingLog:
    """The log on a pool of its own: whoever waits for it may hold a connection of another one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: list[_Waiting] = []
        self._at_work: asyncio.Task[None] | None = None

    async def note(self, reader: Actor, subjects: Iterable[str], purpose: str) -> None:
        """One entry a subject, durable when this returns. Raises ``Busy`` at once when too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            raise Busy("busy", "Trop de lectures à la fois : rien n'est montré.", ("un nouvel essai",))
        entries = [(reader.id, reader.role, subject, purpose) for subject in sorted(subjects)]
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(entries, written))
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self._work(), name="reading log")
        await written

    async def page(
        self,
        *,
        limit: int,
        before: int | None = None,
        reader: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
    ) -> list[Reading]:
        """The last entries first: see ``domain.ports.Readings``."""
        conditions = {
            "number < %s": before,
            "reader = %s": reader,
            "subject = %s": subject,
            "at >= %s": since,
        }
        given = [(sql.SQL(test), value) for test, value in conditions.items() if value is not None]
        where = sql.SQL(" WHERE ") + sql.SQL(" AND ").join([t for t, _ in given]) if given else sql.SQL("")
        query = sql.SQL(_SELECT) + where + sql.SQL(" ORDER BY number DESC LIMIT %s")
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, [*(value for _, value in given), limit])
            return [_reading(row) for row in await cursor.fetchall()]

    async def _work(self) -> None:
        """Writes what waits, and what has come meanwhile, until nothing does."""
        while self._waiting:
            group, self._waiting = self._waiting, []
            problem: psycopg.Error | None = None
            try:
                await self._add([entry for waiting in group for entry in waiting.entries])
            except psycopg.Error as error:
                problem = error
            for waiting in group:
                waiting.settle(problem)

    async def _add(self, entries: Sequence[Entry]) -> None:
        """One statement, hence one transaction: the pool's connections are in autocommit mode."""
        columns = [list(column) for column in zip(*entries, strict=True)]
        async with self._pool.connection() as connection:
            await connection.execute(_ADD, columns)


class OpenedPersons:
    """``domain.ports.Persons`` over the keyring, every reading noted in the log."""

    def __init__(self, keyring: Keyring, log: ReadingLog) -> None:
        self._keyring = keyring
        self._log = log

    async def opened(self, values: Collection[Sealed], reader: Actor, purpose: str) -> Mapping[Sealed, Any]:
        clear = await vault.opened(self._keyring, values)
        if read := _read(clear):
            await self._log.note(reader, read, purpose)
        return clear

    @asynccontextmanager
    async def gathering(self, reader: Actor, purpose: str) -> AsyncIterator[Gathered]:
        gathered = Gathered(self._keyring)
        yield gathered
        subjects = sorted(gathered.subjects)
        for start in range(0, len(subjects), NOTED_AT_ONCE):
            await self._log.note(reader, subjects[start : start + NOTED_AT_ONCE], purpose)


class Gathered:
    """``domain.ports.Gathering``: ``subjects`` are those whose data were opened so far."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self.subjects: set[str] = set()

    async def opened(self, values: Collection[Sealed]) -> Mapping[Sealed, Any]:
        clear = await vault.opened(self._keyring, values)
        self.subjects |= _read(clear)
        return clear

    def shows(self, subject: str) -> None:
        self.subjects.add(subject)


def _read(clear: Mapping[Sealed, Any]) -> set[str]:
    """Whose data these are."""
    return {s for sealed, value in clear.items() if not isinstance(value, Unread) for s in sealed.subjects}


def _reading(row: TupleRow) -> Reading:
    number, at, reader, role, subject, purpose = row
    return Reading(number, at.astimezone(UTC), reader, role, subject, purpose)
