"""One projector leads, loses nothing when it is killed, and never skips what it does not understand."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from eventsourcing.domain import OriginatorVersionError

from domain.calendar import PartialDate
from domain.convention.commands import Announce
from domain.ports import Happened
from ledger.feed import LedgerFeed
from ledger.postgres import PostgresRecorder
from projections import builder, conventions, history, schema
from projections.projector import Projector
from projections.reading import Behind, Reader
from tests.conftest import Database
from tests.projections.support import Views, in_force
from tests.support import House


@asynccontextmanager
async def running(projector: Projector) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    task = asyncio.create_task(projector.run(stop))
    try:
        yield task
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("few", [builder.FEW, 0], ids=["piped", "copied"])
async def test_killed_between_batches_it_resumes_without_loss(
    views: Views, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(builder, "FEW", few)
    monkeypatch.setattr(builder, "BATCH", 2)
    await in_force(views, "convention-1")
    await in_force(views, "convention-2")
    head = await views.feed.head()
    kills = 0
    while await views.reader.position() < head:
        task = asyncio.create_task(views.another_projector().run(asyncio.Event()))
        # Longer each time: on a slow machine too, one lives long enough to write a batch.
        await asyncio.sleep(0.005 * (1 + kills))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        kills += 1
        assert kills < 100

    live = await views.rows()
    assert kills > 1
    assert len(live["history"]) == head
    await views.projector.rebuild()
    assert await views.rows() == live


async def test_rows_and_position_are_written_together_or_not_at_all(
    views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    await views.house.drafted("convention-1")
    await views.projector.catch_up()
    before = await views.rows()
    await views.house.drafted("convention-2")

    async def broken(*_: object) -> None:
        raise RuntimeError("power cut")

    whole = schema.PROJECTIONS
    monkeypatch.setattr(builder, "PROJECTIONS", (*whole, replace(whole[-1], write=broken)))
    with pytest.raises(RuntimeError, match="power cut"):
        await views.projector.catch_up()
    assert await views.rows() == before

    monkeypatch.setattr(builder, "PROJECTIONS", whole)
    await views.projector.catch_up()
    assert (await views.rows())["position"] != before["position"]
    async with views.seen() as connection:
        assert await conventions.get(connection, "convention-2")


class _Holed(LedgerFeed):
    """A ledger from which one event was taken away."""

    async def after(self, position: int, limit: int) -> Sequence[Happened]:
        return [e for e in await super().after(position, limit) if e.position != 5]


async def test_a_gap_stops_the_projector_loudly(views: Views) -> None:
    await views.house.drafted()
    holed = Projector(
        _Holed(views.house.recorder),
        views.projector_pool,
        views.house.executor.world,
        views.house.recorder.now,
    )
    with pytest.raises(OriginatorVersionError):
        await holed.run(asyncio.Event())
    assert await views.reader.position() == 0


async def test_of_two_projectors_one_leads_and_the_other_takes_over(views: Views) -> None:
    first, second = views.another_projector(), views.another_projector()
    async with running(first) as leader:
        await views.house.drafted("convention-1")
        await views.reader.wait_for(await views.feed.head())
        async with running(second) as waiting:
            await views.house.drafted("convention-2")
            await views.reader.wait_for(await views.feed.head())
            assert second._builder.position is None, "the second one has written nothing"
            leader.cancel()
            with suppress(asyncio.CancelledError):
                await leader
            await views.house.drafted("convention-3")
            await views.reader.wait_for(await views.feed.head())
            assert not waiting.done()
            assert second._builder.position == await views.feed.head()
    live = await views.rows()
    await views.projector.rebuild()
    assert await views.rows() == live


async def test_two_writers_at_once_write_everything_once(views: Views) -> None:
    others = [views.another_projector() for _ in range(3)]
    for n in range(4):
        await views.house.drafted(f"convention-{n}")
        await asyncio.gather(*(other.catch_up() for other in others))
    live = await views.rows()
    assert len(live["history"]) == await views.feed.head()
    await views.projector.rebuild()
    assert await views.rows() == live


async def test_a_lost_database_is_waited_for(views: Views) -> None:
    async with running(views.projector):
        await views.house.drafted("convention-1")
        await views.reader.wait_for(await views.feed.head())
        async with views.projector_pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'mentorat_projector' AND pid <> pg_backend_pid()"
                " AND datname = current_database()"
            )
            assert await cursor.fetchall()
        await views.house.drafted("convention-2")
        await views.reader.wait_for(await views.feed.head())
    async with views.seen() as connection:
        assert await conventions.get(connection, "convention-2")


async def test_records_are_forgotten_and_found_again(views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "CACHE", 1)
    for step in range(3):
        for record_id in ("convention-1", "convention-2", "convention-3"):
            if step == 0:
                await views.house.drafted(record_id)
            day = PartialDate(views.house.clock.today)
            await views.house.do(Announce(record_id=record_id, announced_for=day, source=f"{step}"))
            await views.projector.catch_up()
    assert len(views.projector._builder._records) == 1
    live = await views.rows()
    await views.projector.rebuild()
    assert await views.rows() == live


async def test_whoever_waits_is_woken_when_the_row_is_there(database: Database) -> None:
    recorder = PostgresRecorder(database.app)
    house = House(recorder)
    house.clock.instant = await recorder.now()
    projector = Projector(LedgerFeed(recorder), database.projector, house.executor.world, recorder.now)
    took = []
    async with Reader(database.app) as reader, running(projector):
        await house.open()
        await house.drafted()
        await reader.wait_for(await recorder.head())
        for n in range(30):
            day = PartialDate(house.clock.today)
            outcome = await house.do(Announce(record_id="convention-1", announced_for=day, source=f"{n}"))
            answered = time.perf_counter()
            await reader.wait_for(outcome.position)
            async with reader.session({"academie:10"}) as connection:
                took.append(time.perf_counter() - answered)
                row = await conventions.get(connection, "convention-1")
            assert row
            assert row.version == outcome.version
    median = statistics.median(took)
    print(f"command to visible: p50 {median * 1000:.1f} ms, max {max(took) * 1000:.1f} ms")
    assert median < 0.05, "polled, not woken"


async def test_waiting_for_what_never_comes_ends(views: Views) -> None:
    await views.house.drafted()
    reached = await views.projector.catch_up()
    await views.reader.wait_for(reached)
    with pytest.raises(Behind) as behind:
        await views.reader.wait_for(reached + 1, timeout=0.1)
    assert (behind.value.position, behind.value.reached) == (reached + 1, reached)


async def test_many_wait_on_one_connection(views: Views) -> None:
    await views.house.drafted()
    head = await views.feed.head()
    waiting = [asyncio.create_task(views.reader.wait_for(n)) for n in range(1, head + 1) for _ in range(20)]
    await asyncio.sleep(0.1)
    async with views.projector_pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'mentorat_app'"
        )
        (count,) = await cursor.fetchone() or (0,)
    assert count <= 1 + views.app.max_size
    assert not any(task.done() for task in waiting)
    await views.projector.catch_up()
    await asyncio.gather(*waiting)


async def test_a_waiter_survives_the_loss_of_the_listening_connection(views: Views) -> None:
    await views.house.drafted()
    waiting = asyncio.create_task(views.reader.wait_for(await views.feed.head()))
    await asyncio.sleep(0.1)
    async with views.app.connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'mentorat_app' AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'"
        )
    await views.projector.catch_up()
    await waiting


async def test_history_is_written_once_an_event(views: Views) -> None:
    await views.house.drafted()
    await views.projector.catch_up()
    await views.another_projector().catch_up()
    async with views.seen() as connection:
        page = await history.page(connection, "convention-1")
    assert [row.version for row in page.items] == [1, 2, 3]


class _Shaken(LedgerFeed):
    """A ledger that cannot be read every third time."""

    asked = 0

    async def after(self, position: int, limit: int) -> Sequence[Happened]:
        self.asked += 1
        if self.asked % 3 == 0:
            raise ConnectionError(position)
        return await super().after(position, limit)


async def test_what_was_read_ahead_in_vain_is_read_again(
    views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "BATCH", 2)
    await in_force(views, "convention-1")
    await in_force(views, "convention-2")
    views.feed = _Shaken(views.house.recorder)
    shaken = views.another_projector()
    failures = 0
    while await views.reader.position() < await views.feed.head():
        try:
            await shaken.catch_up()
        except ConnectionError:
            failures += 1
    assert failures > 1
    live = await views.rows()
    assert len(live["history"]) == await views.feed.head()
    views.feed = LedgerFeed(views.house.recorder)
    await views.another_projector().rebuild()
    assert await views.rows() == live
