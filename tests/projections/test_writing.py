"""Many rows or one, through a table aside or straight: what is written is what was given."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from projections import schema
from projections.batch import NEXT, Batch, Connection, Table, as_array, as_json, put
from tests.conftest import Database
from tests.projections.support import Views, in_force
from tests.projections.test_security import _unprotected

ODD = (
    "",
    "plain",
    "tab\there",
    "two\nlines",
    "back\\slash \\N",
    '"quoted"',
    "{a,b}",
    "NULL",
    "é€😀",
    "'; --",
)
TABLE = Table("odd", "id, said, told, texts, day, at, done", key="id")
ADDED = Table("odd", TABLE.columns)
COLUMNS = (
    "id integer PRIMARY KEY, said text, told jsonb, texts text[], day date, at timestamptz, done boolean"
)


def _rows(said: Sequence[str] = ODD) -> list[tuple[Any, ...]]:
    at = datetime(2026, 1, 5, 8, 30, 0, 123, tzinfo=UTC)
    full = [(n, one, [one], {one: one}, date(2026, 1, 5), at, True) for n, one in enumerate(said)]
    return [*full, (len(said), None, [], None, None, None, False)]


def _given(row: tuple[Any, ...]) -> tuple[Any, ...]:
    number, said, texts, told, *others = row
    return (number, said, as_json(told), as_array(texts), *others)


def _read(row: tuple[Any, ...]) -> tuple[Any, ...]:
    number, said, told, texts, *others = row
    return (number, said, texts, told, *others)


async def _put(connection: Connection, table: Table, rows: list[tuple[Any, ...]], way: str) -> None:
    batch = Batch("odd", date(2026, 1, 5), (), {}, {}, {}, bare=way == "straight")
    one_by_one: AbstractAsyncContextManager[Any] = connection.pipeline() if way == "piped" else nullcontext()
    async with one_by_one, connection.transaction():
        await put(connection, batch, table, map(_given, rows))


@pytest.mark.parametrize("way", ["piped", "aside", "straight"])
async def test_what_is_written_reads_as_it_was_given(database: Database, way: str) -> None:
    async with database.projector.connection() as connection:
        await connection.execute(f"CREATE SCHEMA odd; CREATE TABLE odd.odd ({COLUMNS})")
        await _put(connection, ADDED, _rows(), way)
        found = await connection.execute("SELECT * FROM odd.odd ORDER BY id")

        assert [_read(row) for row in await found.fetchall()] == _rows()


@pytest.mark.parametrize("way", ["piped", "aside", "straight"])
async def test_a_row_takes_the_place_of_the_one_with_its_key(database: Database, way: str) -> None:
    async with database.projector.connection() as connection:
        await connection.execute(f"CREATE SCHEMA odd; CREATE TABLE odd.odd ({COLUMNS})")
        await _put(connection, TABLE, _rows(), way)
        changed = _rows([one + "?" for one in ODD])
        await _put(connection, TABLE, changed[2:], way)
        await _put(connection, TABLE, [], way)
        found = await connection.execute("SELECT * FROM odd.odd ORDER BY id")

        assert [_read(row) for row in await found.fetchall()] == _rows()[:2] + changed[2:]


async def test_nobody_enters_a_schema_that_is_being_filled(database: Database) -> None:
    async with database.projector.connection() as connection:
        await schema.begin(connection, NEXT)
    async with database.app.connection() as connection:
        for projection in schema.PROJECTIONS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(f"SELECT FROM {NEXT}.{projection.name}")


async def test_rebuilt_tables_are_protected_and_indexed_as_the_first_were(
    views: Views, database: Database
) -> None:
    await in_force(views)
    before = await _indexes(database)
    await views.projector.rebuild()

    assert await _unprotected(database) == []
    assert await _indexes(database) == before
    assert any("gin (scopes)" in index for index in before)


async def _indexes(database: Database) -> list[str]:
    async with database.projector.connection() as connection:
        found = await connection.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'read' ORDER BY indexdef"
        )
        return [row[0] for row in await found.fetchall()]
