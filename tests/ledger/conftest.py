"""Both stores under the same tests: in memory, and on PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from ledger import keyring_sqlite
from ledger.keyring import Keyring, MemoryKeyring
from ledger.keyring_postgres import prepare
from ledger.master import LocalMaster
from ledger.postgres import PostgresRecorder
from ledger.recorder import MemoryRecorder, Recorder
from ops.stack.postgres import Postgres
from tests.conftest import Database
from tests.ledger.keyring_child import Place
from tests.support import House, StoppedClock

Shift = Callable[[timedelta], Awaitable[None]]


@dataclass
class Store:
    """A recorder, and a hand on its clock."""

    recorder: Recorder
    shift: Shift

    def house(self) -> House:
        return House(self.recorder)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.stack)])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        clock = StoppedClock()

        async def shift(by: timedelta) -> None:
            clock.instant += by

        return Store(MemoryRecorder(clock), shift)
    database: Database = request.getfixturevalue("database")
    return Store(PostgresRecorder(database.app), lambda by: shift_clock(database, by))


async def shift_clock(database: Database, by: timedelta) -> None:
    async with await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
        await owner.execute("UPDATE ledger.clock SET shift = shift + %s", (by,))


async def take_the_lock_away(database: Database) -> None:
    """The same store, in which nobody waits for anybody: what the lock is for must then be seen to fail."""
    async with await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
        cursor = await owner.execute("SELECT pg_get_functiondef('ledger.ground'::regproc)")
        row = await cursor.fetchone()
        assert row
        unlocked = row[0].replace("PERFORM pg_advisory_lock(7305001);", "")
        assert unlocked != row[0]
        await owner.execute(unlocked)


# Where keys are kept -----------------------------------------------------------------------------

_NUMBERS = itertools.count(1)


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    path = tmp_path / "keyring" / "keys.db"
    keyring_sqlite.prepare(path)
    return Place("sqlite", str(path))


@pytest.fixture
def postgres_place(postgres: Postgres) -> Iterator[Place]:
    name = f"keyring_{next(_NUMBERS)}"
    _on(postgres, "CREATE DATABASE {}", name)
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, prepare(postgres.dsn(name))).result()
    yield Place("postgres", postgres.dsn(name))
    _on(postgres, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def master() -> LocalMaster:
    return LocalMaster.new()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
async def keyring(request: pytest.FixtureRequest, master: LocalMaster) -> AsyncIterator[Keyring]:
    if request.param == "memory":
        yield MemoryKeyring()
        return
    place: Place = request.getfixturevalue(f"{request.param}_place")
    async with place.open(master) as keyring:
        yield keyring


def _on(postgres: Postgres, statement: str, name: str) -> None:
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
