"""The composition root: the only place that knows which part is made of what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from domain.territory import Territory
from ledger.executor import Executor
from ledger.feed import LedgerFeed
from ledger.postgres import PostgresRecorder
from ops import database, reference
from ops.database import Pool
from ops.settings import Settings
from projections.reading import Reader


@dataclass(frozen=True)
class World:
    """The reference data under which decisions are taken."""

    calendars: reference.Calendars
    territory: Territory


@dataclass(frozen=True)
class House:
    """What every process of the house is given: commands, what happened, what can be read."""

    settings: Settings
    pool: Pool
    recorder: PostgresRecorder
    executor: Executor
    feed: LedgerFeed
    reader: Reader
    world: World

    async def offset(self) -> timedelta:
        """How far domain time is ahead of the server's; zero in production."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute("SELECT shift FROM ledger.clock")
            row = await cursor.fetchone()
        if row is None:
            raise LookupError("ledger.clock has lost its row")
        shift: timedelta = row[0]
        return shift


def world() -> World:
    return World(reference.calendars(), reference.territory())


@asynccontextmanager
async def house(settings: Settings, name: str) -> AsyncIterator[House]:
    """The house as one process sees it, on the role that may read and add events."""
    async with database.pool(settings.dsn_app, most=settings.pool_size, name=name) as pool:
        recorder = PostgresRecorder(pool)
        around = world()
        executor = Executor(recorder, around, settings.digest_secret)
        async with Reader(pool) as reader:
            yield House(settings, pool, recorder, executor, LedgerFeed(recorder), reader, around)
