"""The one projector: follows the ledger, keeps every read model, and rebuilds them beside the live ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from psycopg import OperationalError
from psycopg_pool import AsyncConnectionPool

from domain.ports import Feed, World
from projections import schema
from projections.batch import LIVE, NEXT, Connection
from projections.builder import WRITE_LOCK, Builder, Now
from projections.reading import CHANNEL, own_connection

LEADER_LOCK: Final = 7_305_020
REBUILD_LOCK: Final = 7_305_021
LEDGER: Final = "ledger"
POLL: Final = 1.0
"""Seconds between two looks at the ledger when nothing is announced."""

Progress = Callable[[int, int], None]

log = logging.getLogger(__name__)


class RebuildRunning(Exception):
    """Another rebuild is filling ``read_next``."""


class Projector:
    """Follows ``feed`` on ``pool`` (the projector's role); ``now`` is domain time, UTC."""

    def __init__(self, feed: Feed, pool: AsyncConnectionPool[Any], world: World, now: Now) -> None:
        self._feed = feed
        self._pool = pool
        self._world = world
        self._now = now
        self._builder = Builder(feed, world, now, LIVE)

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``: one leads, any other waits. A lost database is waited for.

        A mistake in an event, or in how it is projected, is raised: nothing is ever skipped.
        """
        while not stop.is_set():
            try:
                async with self._own_connection() as connection:
                    if await _elected(connection, stop):
                        if await schema.outdated(connection, LIVE):
                            log.warning("the read models are of another version: rebuilding them")
                            await self.rebuild()
                        await self._follow(connection, stop)
            except OperationalError as lost:
                log.warning("the projector lost the database: %s", type(lost).__name__)
                self._builder.forget()
                await _pause(stop)

    async def catch_up(self) -> int:
        """Writes everything recorded so far; answers the position reached."""
        async with self._pool.connection() as connection:
            while await self._builder.step(connection):
                pass
        return self._builder.position or 0

    async def rebuild(self, progress: Progress | None = None) -> None:
        """Fills ``read_next`` from the first event, then puts it in the place of ``read``.

        The live read models are served and updated all along, by this process or another. ``progress`` is
        told the position reached and the last one. Raises ``RebuildRunning``.
        """
        async with self._own_connection() as connection:
            if not await _try_lock(connection, REBUILD_LOCK):
                raise RebuildRunning
            await connection.execute("DROP SCHEMA IF EXISTS read_next, read_old CASCADE")
            await schema.begin(connection, NEXT)
            builder = Builder(self._feed, self._world, self._now, NEXT, bare=True)
            while await builder.step(connection):
                if progress:
                    progress(builder.position or 0, await self._feed.head())
            await schema.finish(connection, NEXT)
            builder.bare = False
            await _switch(connection, builder)
            await connection.execute("DROP SCHEMA read_old CASCADE")

    async def _follow(self, connection: Connection, stop: asyncio.Event) -> None:
        """Listens first, then reads: whatever is recorded in between is announced."""
        await connection.execute(f'LISTEN "{LEDGER}"')
        log.info("this projector leads")
        self._builder.forget()
        while not stop.is_set():
            if not await self._builder.step(connection):
                await _announced(connection, stop)

    @asynccontextmanager
    async def _own_connection(self) -> AsyncIterator[Connection]:
        """It holds the lock: whoever loses it loses the lead, and can write nothing after another."""
        async with await own_connection(self._pool) as connection:
            yield connection


async def _switch(connection: Connection, builder: Builder) -> None:
    """Two renamings in one transaction, once the new schema is nowhere behind the live one."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (WRITE_LOCK,))
        cursor = await connection.execute("SELECT position FROM read.position")
        row = await cursor.fetchone()
        live = row[0] if row else 0
        while (builder.position or 0) < live and await builder.step(connection):
            pass
        await connection.execute("ALTER SCHEMA read RENAME TO read_old")
        await connection.execute("ALTER SCHEMA read_next RENAME TO read")
        await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(builder.position or 0)))


async def _elected(connection: Connection, stop: asyncio.Event) -> bool:
    """Waits to lead. False when told to stop before."""
    while not await _try_lock(connection, LEADER_LOCK):
        await _pause(stop)
        if stop.is_set():
            return False
    return True


async def _try_lock(connection: Connection, key: int) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (key,))
    row = await cursor.fetchone()
    return bool(row and row[0])


async def _announced(connection: Connection, stop: asyncio.Event) -> None:
    """Returns when the ledger announces something, after a second, or soon after ``stop``."""
    heard = False
    for _ in range(4):
        async for _ in connection.notifies(timeout=POLL / 4, stop_after=1):
            heard = True
        if heard or stop.is_set():
            return


async def _pause(stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL):
            await stop.wait()
    except TimeoutError:
        return
