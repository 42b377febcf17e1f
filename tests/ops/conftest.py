"""A house that has lived, its backup, and a blank database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from ledger.postgres import PostgresRecorder
from ops import database as databases
from ops.backup import backup
from ops.stack.postgres import Postgres
from tests.conftest import Database
from tests.ops.places import Place, settings_of
from tests.support import House


@pytest.fixture
def source(database: Database, tmp_path: Path) -> Place:
    return Place(database.owner_dsn, settings_of(tmp_path / "source", database.owner_dsn, database))


@pytest.fixture
async def target(postgres: Postgres, database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    """A database in which nothing has been done yet."""
    name = f"target_{uuid4().hex}"
    await databases.create_database(postgres.dsn(), name)
    yield Place(postgres.dsn(name), settings_of(tmp_path / "target", postgres.dsn(name), database))
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def lived(database: Database) -> House:
    """A house with a signed convention, a token, a dead letter and the relay's position."""
    house = House(PostgresRecorder(database.app))
    await house.open()
    await house.signed()
    async with database.app.connection() as connection:
        await connection.execute(
            "INSERT INTO api.tokens VALUES ('0123456789abcdef', 'auditor', 'é\t\\n', '{a,\"b c\"}',"
            " sha256('x'), '2025-11-24 10:00:00.123456+01')"
        )
        await connection.execute("INSERT INTO process.tracking VALUES ('relay', 3, now())")
        for number in range(3):
            await connection.execute(
                "INSERT INTO process.dead_letters (record_id, position, reason) VALUES ('r', %s, 'why')",
                (number,),
            )
    return house


@pytest.fixture
async def saved_file(source: Place, lived: House, tmp_path: Path) -> Path:
    await backup(source.settings, tmp_path / "house.backup")
    return tmp_path / "house.backup"
