"""A rebuild gives back the very rows that were served, and disturbs nobody."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from hypothesis import given

from projections import conventions, projector, today
from projections.conventions import ConventionFilters
from projections.projector import RebuildRunning
from projections.reading import own_connection
from tests.conftest import Database
from tests.projections.histories import FEW, Asked, histories, play
from tests.projections.support import Views, in_force


@FEW
@given(history=histories())
async def test_rebuilt_rows_are_those_that_were_live(database: Database, history: list[Asked]) -> None:
    views = Views(database.app, database.projector)
    await views.empty()
    await views.house.open()
    for n, step in enumerate(history):
        await play(views, step)
        if n % 3:
            await views.projector.catch_up()
    await views.projector.catch_up()
    live = await views.rows()

    await views.projector.rebuild()

    assert live["history"], "a history without events proves nothing"
    assert await views.rows() == live


async def test_progress_is_told_up_to_the_head(views: Views) -> None:
    await views.house.drafted()
    told: list[tuple[int, int]] = []

    await views.projector.rebuild(lambda done, head: told.append((done, head)))

    head = await views.feed.head()
    assert told[-1] == (head, head)


async def test_a_reader_in_the_middle_of_its_reading_is_not_disturbed_by_the_switch(views: Views) -> None:
    await views.house.drafted("convention-1")
    await views.projector.catch_up()
    async with views.reader.session({"academie:10"}) as connection:
        before = await conventions.get(connection, "convention-1")
        await views.house.drafted("convention-2")
        rebuild = asyncio.create_task(views.another_projector().rebuild())
        await views.reader.wait_for(await views.feed.head())
        after = await conventions.get(connection, "convention-1")
        page = await conventions.page(connection, ConventionFilters())
        assert not rebuild.done(), "the old schema is kept for whoever still reads it"
    await rebuild

    assert before == after is not None
    assert len(page.items) == 2, "the next statement reads the new schema"
    async with own(views) as connection:
        left = await connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname IN ('read_old', 'read_next')"
        )
        assert await left.fetchall() == []


async def test_a_live_projector_goes_on_from_the_schema_that_replaced_its_own(views: Views) -> None:
    await views.house.drafted("convention-1")
    await views.projector.catch_up()
    await views.house.drafted("convention-2")
    await views.another_projector().rebuild()
    ahead = await views.reader.position()
    await views.house.drafted("convention-3")

    reached = await views.projector.catch_up()

    assert ahead < reached == await views.feed.head()
    live = await views.rows()
    await views.projector.rebuild()
    assert await views.rows() == live


async def test_what_is_recorded_while_the_rebuild_runs_is_in_the_rebuilt_schema(
    views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_force(views)
    await views.projector.catch_up()
    switch = projector._switch

    async def late_switch(*arguments: object) -> None:
        await views.house.drafted("convention-late")
        await views.projector.catch_up()
        await switch(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(projector, "_switch", late_switch)
    await views.another_projector().rebuild()

    assert await views.reader.position() == await views.feed.head()
    async with views.seen() as connection:
        assert await conventions.get(connection, "convention-late")


async def test_two_rebuilds_do_not_share_a_schema(views: Views) -> None:
    async with own(views) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (projector.REBUILD_LOCK,))
        with pytest.raises(RebuildRunning):
            await views.projector.rebuild()


async def test_what_a_broken_rebuild_left_is_cleared_away(views: Views) -> None:
    async with own(views) as connection:
        await connection.execute("CREATE SCHEMA read_next")
        await connection.execute("CREATE TABLE read_next.debris ()")

    await views.projector.rebuild()

    async with own(views) as connection:
        with pytest.raises(psycopg.errors.UndefinedTable):
            await connection.execute("TABLE read.debris")


def own(views: Views) -> _Own:
    return _Own(views)


class _Own:
    """A connection of the projector's role, closed at the end."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def __aenter__(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        self._connection = await own_connection(self._views.projector_pool)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


async def test_what_is_read_in_one_statement_is_there_throughout_the_switch(
    views: Views,
) -> None:
    await views.house.drafted("convention-1")
    await views.projector.catch_up()
    for _ in range(3):
        rebuild = asyncio.create_task(views.another_projector().rebuild())
        read = 0
        while not rebuild.done():
            assert await today.convention(views.reader, {"academie:10"}, "convention-1")
            read += 1
        await rebuild
        assert read > 5
        assert await today.convention(views.reader, {"academie:10"}, "convention-1")


async def test_read_models_of_another_version_of_the_code_are_rebuilt_before_they_are_followed(
    views: Views,
) -> None:
    await views.house.drafted("convention-1")
    await views.projector.catch_up()
    async with views.projector_pool.connection() as connection:
        await connection.execute("COMMENT ON SCHEMA read IS 'shape_of_long_ago'")
        await connection.execute("ALTER TABLE read.conventions DROP COLUMN ends_on")
    stop = asyncio.Event()
    running = asyncio.create_task(views.another_projector().run(stop))
    async with asyncio.timeout(20):
        while not await _has_column(views, "ends_on"):
            assert not running.done()
            await asyncio.sleep(0.05)
    stop.set()
    await running
    async with views.reader.session({"academie:10"}) as connection:
        assert await conventions.get(connection, "convention-1")


async def _has_column(views: Views, name: str) -> bool:
    async with views.projector_pool.connection() as connection:
        found = await connection.execute(
            "SELECT FROM information_schema.columns"
            " WHERE table_schema = 'read' AND table_name = 'conventions' AND column_name = %s",
            (name,),
        )
        return await found.fetchone() is not None
