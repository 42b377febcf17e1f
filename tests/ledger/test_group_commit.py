"""Commands recorded together: in one transaction, the loser of a group alone refused, nobody left waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.errors import CharacterNotInRepertoire
from psycopg_pool import PoolTimeout

from domain.kernel import Claim
from ledger import merkle, transaction, writer
from ledger.postgres import PostgresRecorder
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, Overloaded, VersionConflict
from tests.conftest import Database
from tests.ledger.conftest import shift_clock
from tests.ledger.waiting import backend_waiting, lock_held, new
from tests.support import House, draft_command

pytestmark = pytest.mark.stack


async def test_commands_that_wait_together_are_recorded_in_one_transaction(database: Database) -> None:
    recorder = PostgresRecorder(database.app)
    async with lock_held(database) as other:
        first = asyncio.create_task(recorder.append(Append([new("thing-0")], {"thing-0": 0})))
        await backend_waiting(other)
        rest = [
            asyncio.create_task(recorder.append(Append([new(f"thing-{n}")], {f"thing-{n}": 0})))
            for n in range(1, 21)
        ]
        await asyncio.sleep(0)
    answers = await asyncio.gather(first, *rest)
    assert sorted(one.position for (one,) in answers) == list(range(1, 22))
    async with database.app.connection() as connection:
        cursor = await connection.execute("SELECT count(DISTINCT xmin::text) FROM ledger.events")
        assert await cursor.fetchone() == (2,)


async def test_of_a_group_only_the_command_in_conflict_is_refused(database: Database) -> None:
    recorder = PostgresRecorder(database.app)
    await recorder.append(Append([new("thing-1")], {"thing-1": 0}, gains=[("thing-1", Claim("room:1"))]))
    same, broken = new("thing-9"), new("thing-8")._replace(metadata="\x00")
    appends = [
        Append([new("thing-2")], {"thing-2": 0}),
        Append([new("thing-1")], {"thing-1": 0}),
        Append([new("thing-3")], {"thing-3": 0}, gains=[("thing-3", Claim("room:1"))]),
        Append([same], {"thing-9": 0}),
        Append([same], {"thing-9": 0}),
        Append([broken], {"thing-8": 0}),
        Append([new("thing-4")], {"thing-4": 0}, gains=[("thing-4", Claim("room:2"))]),
        Append([new("thing-5"), new("thing-5", 2)], {"thing-5": 0, "thing-1": 1}),
    ]
    answers = await asyncio.gather(*map(recorder.append, appends), return_exceptions=True)
    kinds = [type(answer) for answer in answers]
    assert kinds == [
        list,
        VersionConflict,
        ClaimTaken,
        list,
        AlreadyRecorded,
        CharacterNotInRepertoire,
        list,
        list,
    ]
    stored = await recorder.after(1, 100)
    assert [e.position for e in stored] == list(range(2, 7))
    recorded = {e.event_id: e for e in stored}
    for answer in answers:
        if isinstance(answer, list):
            assert all(recorded[e.event_id] == e for e in answer)


async def test_a_command_that_comes_alone_takes_one_statement_whoever_wrote_before(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none when another process has written since, when its record has moved, or the clock was."""
    tried: list[bool] = []
    at_once = transaction.at_once

    async def counted(*given: Any) -> Any:
        standing = await at_once(*given)
        tried.append(standing is not None)
        return standing

    monkeypatch.setattr(transaction, "at_once", counted)
    mine, other = PostgresRecorder(database.app), PostgresRecorder(database.app)

    async def add(recorder: PostgresRecorder, record: str, version: int = 1) -> int:
        (stored,) = await recorder.append(Append([new(record, version)], {record: version - 1}))
        return stored.position

    assert [await add(mine, "thing-1"), await add(mine, "thing-1", 2), await add(mine, "thing-2")] == [
        1,
        2,
        3,
    ]
    assert tried == [True, True]
    assert await add(other, "thing-3") == 4
    assert await add(mine, "thing-4") == 5
    assert tried.pop() is False
    with pytest.raises(VersionConflict, match="thing-1"):
        await add(mine, "thing-1", 2)
    await add(mine, "thing-5")
    await shift_clock(database, timedelta(days=8))
    (later,) = await mine.append(Append([new("thing-6")], {"thing-6": 0}))
    assert later.recorded_at > datetime.now(UTC) + timedelta(days=7)
    leaves = [e.leaf for e in await mine.after(0, 1000)]
    async with database.app.connection() as connection:
        cursor = await connection.execute("SELECT size, edge FROM ledger.tree")
        assert await cursor.fetchone() == (7, merkle.packed(merkle.append(0, [], leaves)[1]))


async def test_loads_that_are_asked_for_together_each_find_their_own(database: Database) -> None:
    recorder = PostgresRecorder(database.app)
    added = [
        (await recorder.append(Append([new(f"thing-{n}"), new(f"thing-{n}", 2)], {f"thing-{n}": 0})))
        for n in range(5)
    ]
    asked = [recorder.load([f"thing-{n}"], [added[n - 1][0].event_id]) for n in range(5)]
    found = await asyncio.gather(*asked, recorder.load(["thing-\0"]), recorder.load([]))
    assert [loaded.events for loaded in found] == [*added, [], []]
    assert [loaded.repeated for loaded in found[:5]] == [[added[n - 1][0]] for n in range(5)]
    assert all(loaded.now >= added[-1][0].recorded_at for loaded in found)


async def test_a_full_queue_sends_away_and_loses_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 5)
    recorder = PostgresRecorder(database.app)
    appends = [Append([new(f"thing-{n}")], {f"thing-{n}": 0}) for n in range(8)]
    answers = await asyncio.gather(*map(recorder.append, appends), return_exceptions=True)
    assert [isinstance(answer, Overloaded) for answer in answers] == [False] * 5 + [True] * 3
    assert await recorder.head() == 5


async def test_whoever_cannot_have_the_lock_is_told_to_come_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
        await owner.execute("ALTER FUNCTION ledger.ground SET lock_timeout = '50ms'")
    recorder = PostgresRecorder(database.app)
    async with lock_held(database):
        with pytest.raises(Overloaded):
            await recorder.append(Append([new("thing-1")], {"thing-1": 0}))
    assert len(await recorder.append(Append([new("thing-1")], {"thing-1": 0}))) == 1


async def test_whoever_waits_behind_a_lock_that_does_not_come_does_not_wait_as_long_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_AT_ONCE", 2)
    async with await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
        await owner.execute("ALTER FUNCTION ledger.ground SET lock_timeout = '1s'")
    recorder = PostgresRecorder(database.app)
    async with lock_held(database):
        started = time.monotonic()
        appends = [recorder.append(Append([new(f"thing-{n}")], {f"thing-{n}": 0})) for n in range(20)]
        answers = await asyncio.gather(*appends, return_exceptions=True)
        waited = time.monotonic() - started
    assert [type(answer) for answer in answers] == [Overloaded] * 20
    assert waited < 5, "ten groups, one after the other, would have taken ten seconds"


async def test_whatever_holds_a_lock_that_an_append_needs_it_is_not_waited_for_long(
    database: Database,
) -> None:
    recorder = PostgresRecorder(database.app)
    await recorder.append(Append([new("thing-1")], {"thing-1": 0}))
    async with await psycopg.AsyncConnection.connect(database.owner_dsn) as owner:
        await owner.execute("UPDATE ledger.tree SET size = size")
        with pytest.raises(Overloaded):
            async with asyncio.timeout(60):  # the lock is held for ever
                await recorder.append(Append([new("thing-2")], {"thing-2": 0}))
        await owner.rollback()
    assert len(await recorder.append(Append([new("thing-2")], {"thing-2": 0}))) == 1


class Failing:
    """A pool that gives no connection while it is ``down``."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self.down = False

    def connection(self, **options: Any) -> Any:
        if self.down:
            raise psycopg.OperationalError("nobody answers")
        return self.pool.connection(**options)


async def test_while_the_database_is_away_whoever_comes_later_is_told_so_and_nothing_refused_comes_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Failing(database.app)
    waiting = writer.Writer(pool)  # type: ignore[arg-type]

    async def lost(*_: Any) -> None:
        pool.down = True
        raise psycopg.OperationalError("the connection was lost")

    appends = [Append([new(f"thing-{n}")], {f"thing-{n}": 0}) for n in range(3)]
    with monkeypatch.context() as broken:
        broken.setattr(transaction, "transact", lost)
        first = asyncio.create_task(waiting.append(appends[0]))
        while not pool.down:  # noqa: ASYNC110 - the first one alone is on its way
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            answers = await asyncio.gather(first, waiting.append(appends[1]), return_exceptions=True)
    assert [type(answer) for answer in answers] == [psycopg.OperationalError] * 2
    pool.down = False
    ((stored,),) = await asyncio.gather(waiting.append(appends[2]))
    assert (stored.position, stored.record_id) == (1, "thing-2")


async def test_while_the_database_is_away_nobody_waits_for_a_connection_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "MOST_AT_ONCE", 2)
    waits = 0

    class Away:
        @asynccontextmanager
        async def connection(self, **_: Any) -> AsyncIterator[Any]:
            nonlocal waits
            waits += 1
            await asyncio.sleep(0.01)
            raise PoolTimeout("nobody answers")
            yield

    waiting = writer.Writer(Away())  # type: ignore[arg-type]
    appends = [waiting.append(Append([new(f"thing-{n}")], {f"thing-{n}": 0})) for n in range(20)]
    answers = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(answer) for answer in answers] == [PoolTimeout] * 20
    assert waits == 1, "ten groups would each have waited"


async def test_whoever_wrote_something_else_under_the_same_id_is_not_told_that_it_was_recorded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is lost when one of the two is recorded: which one, what they wrote tells."""
    recorder, transact = PostgresRecorder(database.app), transaction.transact

    async def lost(*given: Any) -> Any:
        monkeypatch.setattr(transaction, "transact", transact)
        await transact(given[0], [transaction.Waiting(given[1][0].append, asyncio.Future())])
        raise psycopg.OperationalError("the connection was lost")

    monkeypatch.setattr(transaction, "transact", lost)
    one = new("thing-1")
    appends = [Append([said], {"thing-1": 0}) for said in (one, one._replace(state='{"other": 1}'))]
    answers = await asyncio.gather(*map(recorder.append, appends), return_exceptions=True)
    assert [type(answer) for answer in answers] == [list, AlreadyRecorded]


async def test_a_bug_is_told_to_whoever_waits_and_stops_nobody_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = PostgresRecorder(database.app)
    with monkeypatch.context() as broken:
        broken.setattr(merkle, "append", None)
        appends = [Append([new(f"thing-{n}")], {f"thing-{n}": 0}) for n in range(3)]
        answers = await asyncio.gather(*map(recorder.append, appends), return_exceptions=True)
    assert [type(answer) for answer in answers] == [TypeError] * 3
    assert len(await recorder.append(appends[0])) == 1


async def test_a_tree_that_does_not_end_where_the_events_do_takes_no_more(database: Database) -> None:
    recorder = PostgresRecorder(database.app)
    await recorder.append(Append([new("thing-1")], {"thing-1": 0}))
    async with database.app.connection() as connection:
        await connection.execute("UPDATE ledger.tree SET size = 2")
    with pytest.raises(transaction.TreeBroken):
        await recorder.append(Append([new("thing-2")], {"thing-2": 0}))
    assert await recorder.head() == 1


async def test_the_tree_is_that_of_the_leaves_whoever_writes(database: Database) -> None:
    """Several writers, one tree; the roots of complete subtrees are kept."""
    recorders = [PostgresRecorder(database.app) for _ in range(3)]
    for start in range(0, 600, 60):
        appends = [Append([new(f"thing-{n}")], {f"thing-{n}": 0}) for n in range(start, start + 60)]
        await asyncio.gather(*(recorders[i % 3].append(append) for i, append in enumerate(appends)))
    leaves = [e.leaf for e in await recorders[0].after(0, 1000)]
    size, edge, complete = merkle.append(0, [], leaves)
    async with database.app.connection() as connection:
        cursor = await connection.execute("SELECT size, edge FROM ledger.tree")
        assert await cursor.fetchone() == (600, merkle.packed(edge))
        cursor = await connection.execute("SELECT level, index, hash FROM ledger.nodes ORDER BY 1, 2")
        assert await cursor.fetchall() == complete != []
    assert size == 600


async def test_connections_cut_at_any_moment_are_settled_by_the_event_id(database: Database) -> None:
    """Cut at random, a command is either recorded or not; sent again, it is recorded exactly once."""
    house = House(PostgresRecorder(database.app))
    await house.open()
    base, cut, cuts = await house.recorder.head(), asyncio.Event(), 0

    async def cutter() -> None:
        nonlocal cuts
        async with await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
            while not cut.is_set():
                found = await owner.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'mentorat app' ORDER BY random() LIMIT 1"
                )
                cuts += len(await found.fetchall())
                await asyncio.sleep(0.1)

    async def write(n: int) -> None:
        command = draft_command(f"convention-{n}")
        for _ in range(100):
            try:
                await house.do(command, key=f"draft-{n}")
            except psycopg.OperationalError:
                continue
            else:
                return
        raise AssertionError("never through")

    task = asyncio.create_task(cutter())
    start = -4
    while start < 40 or cuts < 10:
        start += 4
        await asyncio.gather(*(write(n) for n in range(start, start + 4)))
    cut.set()
    await task
    stored = await house.recorder.after(base, 10_000)
    assert [e.position for e in stored] == list(range(base + 1, base + start + 5))
    assert len({e.record_id for e in stored}) == start + 4
