"""One leader at a time among several workers, and what it has to listen to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[Any]
Pool = AsyncConnectionPool[Connection]

RELAY_LOCK: Final = 7_305_011
SWEEPER_LOCK: Final = 7_305_012
IMPORTS_LOCK: Final = 7_305_013

CANDIDACY: Final = 1.0
"""Seconds between two tries to become the leader."""


@asynccontextmanager
async def leading(pool: Pool, lock: int, channel: str) -> AsyncIterator[Connection]:
    """Waits to be the only one holding ``lock``; the connection listens to ``channel``.

    The lock is the connection's: whoever loses the database loses the lead, and what it writes through this
    connection cannot come after another's. A connection of its own, so that the pool stays whole.
    """
    if not isinstance(pool.conninfo, str):
        raise TypeError(type(pool.conninfo))
    connection: Connection = await AsyncConnection.connect(pool.conninfo, autocommit=True)
    async with connection:
        while not await _try(connection, lock):  # noqa: ASYNC110 - another process holds it
            await asyncio.sleep(CANDIDACY)
        await connection.execute(f"LISTEN {channel}")
        yield connection


async def notified(connection: Connection, seconds: float) -> bool:
    """Whether something was announced within ``seconds``, or since the last time one asked."""
    heard = False
    async for _ in connection.notifies(timeout=seconds, stop_after=1):
        heard = True
    return heard


async def position_of(connection: Connection, name: str) -> int:
    """How far a follower has come; 0 for a new one."""
    cursor = await connection.execute("SELECT position FROM process.tracking WHERE name = %s", (name,))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def move(connection: Connection, name: str, position: int, at: datetime | None = None) -> None:
    """Notes how far a follower has come (``at``: UTC, now by default); never backwards."""
    await connection.execute(
        "INSERT INTO process.tracking AS t (name, position, at)"
        " VALUES (%(name)s, %(position)s, coalesce(%(at)s, clock_timestamp()))"
        " ON CONFLICT (name) DO UPDATE SET position = EXCLUDED.position, at = EXCLUDED.at"
        " WHERE t.position <= EXCLUDED.position",
        {"name": name, "position": position, "at": at},
    )


async def _try(connection: Connection, lock: int) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,))
    row = await cursor.fetchone()
    return bool(row and row[0])
