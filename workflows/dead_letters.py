"""What could not be passed on or carried out, kept in plain sight until a person settles it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from workflows.nudging import Nudger
from workflows.routing import processes_of_record

Pool = AsyncConnectionPool[AsyncConnection[Any]]

_ADD: Final = """
INSERT INTO process.dead_letters (record_id, position, step, reason) VALUES (%s, %s, %s, %s)
ON CONFLICT (record_id, coalesce(position, 0), coalesce(step, '')) WHERE settled IS NULL
DO UPDATE SET times = dead_letters.times + 1, at = clock_timestamp(), reason = EXCLUDED.reason"""
_OPEN: Final = """
SELECT id, record_id, position, step, reason, times, first_at, at
FROM process.dead_letters WHERE settled IS NULL ORDER BY id"""
_SETTLE: Final = """
UPDATE process.dead_letters SET settled = %s WHERE id = %s AND settled IS NULL RETURNING record_id"""


@dataclass(frozen=True)
class DeadLetter:
    """``position`` of an event that was not passed on, or ``step`` that was not carried out; why, how many
    times, and when (UTC) first and last."""

    id: int
    record_id: str
    position: int | None
    step: str | None
    reason: str
    times: int
    first_at: datetime
    at: datetime


class DeadLetters(Protocol):
    async def add(
        self, record_id: str, reason: str, *, position: int | None = None, step: str | None = None
    ) -> None:
        """Sets one aside; the same again only counts. ``reason`` is the kind of an error, no words."""


class PostgresDeadLetters:
    """``process.dead_letters``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(
        self, record_id: str, reason: str, *, position: int | None = None, step: str | None = None
    ) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_ADD, (record_id, position, step, reason))

    async def waiting(self) -> list[DeadLetter]:
        """Those that nobody has settled, oldest first."""
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=class_row(DeadLetter)) as cursor,
        ):
            await cursor.execute(_OPEN)
            return await cursor.fetchall()

    async def discard(self, letter_id: int) -> bool:
        """Settles it without doing anything; ``False`` when it is not waiting."""
        return await self._settle(letter_id, "discarded") is not None

    async def replay(self, letter_id: int, nudger: Nudger) -> bool:
        """Nudges the record's processes and settles it: what still fails comes back as a letter of its own.
        ``False`` when it is not waiting. Raises ``Unroutable``, ``Refusing``."""
        letter = next((one for one in await self.waiting() if one.id == letter_id), None)
        if letter is None:
            return False
        for process, record_id in processes_of_record(letter.record_id):
            await nudger.nudge(process, record_id)
        return await self._settle(letter_id, "replayed") is not None

    async def _settle(self, letter_id: int, how: str) -> str | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SETTLE, (how, letter_id))
            row = await cursor.fetchone()
        return row[0] if row else None
