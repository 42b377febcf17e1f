"""Both stores under the same tests: in memory, and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest

from ledger.postgres import PostgresRecorder
from ledger.recorder import MemoryRecorder, Recorder
from tests.conftest import Database
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
