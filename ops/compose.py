"""The composition root: the only place that knows which part is made of what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from domain.territory import Territory
from ledger.digests import Digests
from ledger.documents import Documents
from ledger.executor import Executor
from ledger.feed import LedgerFeed
from ledger.keyring import Keyring
from ledger.keyring_guarded import GuardedKeyring
from ledger.postgres import PostgresRecorder
from ops import database, keys, reference
from ops.database import Pool
from ops.erasures import Erasures, Journal
from ops.settings import Settings
from projections.binding import BindingConventions
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
    keyring: Keyring
    documents: Documents
    erasures: Erasures

    async def purge_readings(self) -> int:
        """Ends the entries of the reading log that are older than 12 months; answers how many."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute("SELECT privacy.purge_readings()")
            row = await cursor.fetchone()
        return row[0] if row else 0

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
    async with (
        database.pool(settings.dsn_app, most=settings.pool_size, name=name) as pool,
        keys.keyring(settings, pool) as keyring,
        Reader(pool) as reader,
    ):
        recorder, around = PostgresRecorder(pool), world()
        executor = Executor(
            recorder, around, Digests(settings.digest_secret), keyring, BindingConventions(reader)
        )
        documents = Documents(settings.documents, GuardedKeyring(keyring, pool))
        yield House(
            settings,
            pool,
            recorder,
            executor,
            LedgerFeed(recorder),
            reader,
            around,
            keyring,
            documents,
            Erasures(pool, executor, keyring, Journal(settings.erasures), documents),
        )


@asynccontextmanager
async def ledger(settings: Settings, name: str) -> AsyncIterator[PostgresRecorder]:
    """The store alone, without a key to anything: all that the projector is given."""
    async with database.pool(settings.dsn_app, most=settings.pool_size, name=name) as pool:
        yield PostgresRecorder(pool)
