"""Whoever appends while somebody else does: the lock held, and who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg

from ledger import transaction
from ledger.events import NewEvent
from tests.conftest import Database


def new(record: str, version: int = 1) -> NewEvent:
    return NewEvent(uuid4(), record, version, "thing.Happened@1", "{}", "{}", None)


@asynccontextmanager
async def lock_held(database: Database) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
    """Somebody else is appending for as long as this lasts."""
    async with (
        await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as other,
        other.transaction(),
    ):
        await other.execute("SELECT pg_advisory_xact_lock(%s)", (transaction.APPEND_LOCK,))
        yield other


async def backend_waiting(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> int:
    """The first backend that waits for the lock, as soon as there is one."""
    for _ in range(1000):
        if waiting := await backends_waiting(connection):
            return waiting[0]
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits for the lock")


async def backends_waiting(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> list[int]:
    found = await connection.execute(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return [row[0] for row in await found.fetchall()]  # type: ignore[misc]
