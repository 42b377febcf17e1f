"""Who may read which row is the database's business: no query can forget it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from projections import associations, conventions, deadlines, programmes, schema, today
from projections.association_filters import AssociationFilters
from projections.conventions import ConventionFilters
from projections.deadlines import DeadlineFilters
from tests.conftest import Database
from tests.projections.support import Views, ids, in_force
from tests.support import FACE, FACE_PARTY

_UNPROTECTED = """
SELECT c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'read' AND c.relkind IN ('r', 'p', 'm', 'v') AND NOT (
    c.relrowsecurity AND c.relforcerowsecurity
    AND EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'read' AND p.tablename = c.relname
                AND p.cmd = 'SELECT' AND p.roles = '{mentorat_app}')
    AND EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'read' AND p.tablename = c.relname
                AND p.cmd = 'ALL' AND p.roles = '{mentorat_projector}')
    AND (c.relname = 'position' OR EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'scopes' AND a.attnotnull)))"""


async def _unprotected(database: Database) -> list[str]:
    async with database.projector.connection() as connection:
        cursor = await connection.execute(_UNPROTECTED)
        return [row[0] for row in await cursor.fetchall()]


async def test_every_read_table_is_protected(database: Database) -> None:
    assert await _unprotected(database) == []


async def test_a_table_without_policy_would_be_found(database: Database) -> None:
    async with database.projector.connection() as connection:
        await connection.execute("CREATE TABLE read.forgotten (scopes text[] NOT NULL)")
        await connection.execute("ALTER TABLE read.history NO FORCE ROW LEVEL SECURITY")
        await connection.execute("DROP POLICY scopes_read ON read.feed")
    assert sorted(await _unprotected(database)) == ["feed", "forgotten", "history"]


async def test_neither_role_stands_above_the_policies(database: Database) -> None:
    async with database.projector.connection() as connection:
        cursor = await connection.execute(
            "SELECT rolname FROM pg_roles WHERE (rolsuper OR rolbypassrls) AND rolname LIKE 'mentorat%'"
        )
        assert await cursor.fetchall() == []
        cursor = await connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'read'"
        )
        assert await cursor.fetchall() == [("mentorat_projector",)]


async def test_without_scopes_nothing_is_seen(views: Views) -> None:
    await in_force(views)
    await views.projector.catch_up()
    async with views.app.connection() as connection:
        for projection in schema.PROJECTIONS:
            cursor = await connection.execute(f"SELECT count(*) FROM read.{projection.name}")
            assert await cursor.fetchone() == (0,)
        await connection.execute("SELECT set_config('app.scopes', '', false)")
        cursor = await connection.execute("SELECT count(*) FROM read.history")
        assert await cursor.fetchone() == (0,), "a setting that was reset reads as an empty text"
    async with views.reader.session(()) as connection:
        assert await _counts(connection) == (0, 0, 0, False)


@pytest.mark.parametrize(
    ("scopes", "seen"),
    [
        ({"role:system"}, (1, 1, 1, True)),
        ({"role:national"}, (1, 1, 1, True)),
        ({"academie:10", "public"}, (1, 1, 1, True)),
        ({FACE_PARTY}, (1, 1, 0, True)),
        ({"academie:08", "public"}, (0, 0, 1, False)),
        ({"association:association-other"}, (0, 0, 0, False)),
        ({"academie:1"}, (0, 0, 0, False)),
    ],
)
async def test_each_sees_what_its_scopes_open(views: Views, scopes: set[str], seen: tuple[int, ...]) -> None:
    await in_force(views)
    async with views.seen(*scopes) as connection:
        assert await _counts(connection) == seen
        row = await conventions.get(connection, "convention-1")
    alone = await today.convention(views.reader, scopes, "convention-1")
    assert (alone is not None) == (row is not None) == bool(seen[0])


async def _counts(connection: AsyncConnection[Any]) -> tuple[int, ...]:
    found = [
        (await conventions.page(connection, ConventionFilters())).items,
        (await associations.page(connection, AssociationFilters())).items,
        await programmes.list(connection),
    ]
    awaited = (await deadlines.page(connection, DeadlineFilters())).items
    return (*(len(items) for items in found), bool(awaited))


async def test_a_record_out_of_scope_reads_as_absent(views: Views) -> None:
    await views.house.drafted()
    async with views.seen("academie:08") as connection:
        assert await conventions.get(connection, "convention-1") is None
        assert await associations.get(connection, FACE) is None
    async with views.seen("academie:10") as connection:
        page = await conventions.page(connection, ConventionFilters())
        assert ids(page.items) == ["convention-1"]


async def test_scopes_end_with_the_session(views: Views) -> None:
    await views.house.drafted()
    async with views.seen("academie:10") as connection:
        assert await conventions.get(connection, "convention-1")
    assert await today.convention(views.reader, {"academie:10"}, "convention-1")
    for _ in range(views.app.max_size):
        async with views.app.connection() as connection:
            cursor = await connection.execute("SELECT count(*) FROM read.conventions")
            assert await cursor.fetchone() == (0,)


async def test_a_session_cannot_write(views: Views) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with views.seen("role:system") as connection:
            await connection.execute("CREATE TEMPORARY TABLE mine ()")


async def test_the_application_may_not_write_rows(views: Views) -> None:
    async with views.app.connection() as connection:
        for statement in (
            "UPDATE read.conventions SET scopes = '{public}'",
            "DELETE FROM read.history",
            "INSERT INTO read.programmes VALUES ('x', '{}', '{}')",
            "UPDATE read.position SET position = 0",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)


@pytest.mark.parametrize("scope", ["academie:10\nrole:auditor", "", "academie:10\n"])
async def test_a_scope_is_one_line(views: Views, scope: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        async with views.reader.session({scope}):
            pass
    with pytest.raises(ValueError, match="one line"):
        await today.convention(views.reader, {scope}, "convention-1")


async def test_a_region_whose_name_has_blanks_is_a_scope_like_another(views: Views) -> None:
    async with views.reader.session({"public", "region:Pays de la Loire"}) as connection:
        await connection.execute("SELECT FROM read.conventions")
