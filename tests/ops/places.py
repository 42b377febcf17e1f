"""Databases between which the tests of backups go, and what is done to the files."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from ledger.events import NewEvent
from ops import archive, saved
from ops import database as databases
from ops.backup import Summary, restore, unfinished
from ops.settings import Settings
from tests.conftest import Database


@dataclass
class Place:
    """A database, and the settings of the house that would live there."""

    dsn: str
    settings: Settings

    async def rows(self) -> dict[str, bytes]:
        """Every table but the read models, as PostgreSQL writes it."""
        async with await psycopg.AsyncConnection.connect(self.dsn) as connection:
            found = await connection.execute(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN "
                "('pg_catalog', 'information_schema', 'public', 'read') ORDER BY 1, 2"
            )
            return {".".join(name): await _copied(connection, *name) for name in await found.fetchall()}

    async def run(self, statement: str) -> list[Any]:
        async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
            cursor = await connection.execute(statement)
            return await cursor.fetchall() if cursor.description else []

    async def unfinished(self) -> bool:
        async with saved.owner(self.dsn) as connection:
            return await unfinished(connection)

    async def restore(self, file: Path) -> Summary:
        return await restore(self.settings, file, before_serving=nothing)


async def nothing(settings: Settings, summary: Summary) -> None:
    """A house with nothing to do before it serves."""


def event(number: int) -> NewEvent:
    noise = os.urandom(180).hex()
    return NewEvent(
        uuid4(), f"convention-{number}", 1, "convention.Drafted@1", f'{{"sealed": "p:{noise}"}}', "{}",
        datetime(2025, 11, 24, tzinfo=UTC),
    )  # fmt: skip


def settings_of(home: Path, owner: str, database: Database) -> Settings:
    password = databases.password_of(str(database.app.conninfo))
    return Settings(
        home=home,
        dsn_owner=owner,
        dsn_app=databases.as_role(owner, databases.APP, password),
        dsn_projector=databases.as_role(owner, databases.PROJECTOR, password),
        temporal_address="nowhere:7233",
    )


async def migrated(place: Place) -> None:
    password = databases.password_of(place.settings.dsn_app)
    await databases.migrate(place.dsn, app_password=password, projector_password=password)


async def _copied(connection: psycopg.AsyncConnection[Any], schema: str, table: str) -> bytes:
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(schema, table))
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join([bytes(data) async for data in copy])


def contents(file: Path) -> dict[str, bytes]:
    """Everything a restore would write."""
    with archive.reading(file) as opened:
        opened.check()
        return {table: b"".join(opened.chunks(table)) for table in opened.manifest.tables}


def rewritten(file: Path, folder: Path, member: str, change: Callable[[bytes], bytes | None]) -> Path:
    """A sound zip of the same members, one of them changed or left out."""
    forged = folder / "forged"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            content = change(old.read(name)) if name == member else old.read(name)
            if content is not None:
                assert name != member or content != old.read(name), "nothing was changed"
                new.writestr(name, content)
    return forged
