"""The worker dies between two acts: what it did is not done twice, what it did not do is done."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from temporalio.client import Client

from domain.imports.commands import Submit
from domain.imports.parts import CSV, File, ImportKind
from ledger.events import NewEvent
from ledger.recorder import Append
from ops.stack.temporal import Temporal
from tests.conftest import Database
from tests.faults.plant import CountingNudger, CutCommands, Plant
from tests.support import LYON
from tests.workflows.stage import until
from workflows import relay as relays
from workflows.leading import RELAY_LOCK, leading
from workflows.nudging import TemporalNudger
from workflows.relay import CHANNEL, EVERY, IMPORTS, Relay

pytestmark = pytest.mark.stack

ONCE_EACH = {"ReminderDue": 2, "ReminderDelivered": 2}


async def test_a_relay_killed_before_it_saved_its_position_sends_again_and_nothing_is_doubled(
    database: Database, temporal: Temporal, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = Plant(database)
    plant.outbox.before = _slowly
    await plant.to_sign(5)
    plant.shift(timedelta(days=8))
    nudger = CountingNudger(TemporalNudger(client, plant.queue))
    relay = Relay(database.app, plant.feed, nudger, plant.letters)
    with monkeypatch.context() as killing:
        killing.setattr(relays, "move", _killed)
        with pytest.raises(ProcessLookupError):
            await relay.run()
    assert await plant.relayed() == 0
    assert set(nudger.count.values()) == {1}
    async with plant.working(temporal.address):
        await until(lambda: plant.all_told(*ONCE_EACH, times=2))
        await until(lambda: _caught_up(plant))
        await asyncio.sleep(0.5)
    told = await plant.told()
    assert told == {(record_id, name): n for record_id in plant.records for name, n in ONCE_EACH.items()}
    assert len(plant.outbox.sent) == len({message.key for message in plant.outbox.sent}) == 10


async def test_an_activity_killed_after_the_commit_records_and_sends_nothing_twice(
    database: Database, temporal: Temporal
) -> None:
    plant = Plant(database)
    plant.commands = cut = CutCommands(plant.house.executor)
    await plant.to_sign(3)
    plant.shift(timedelta(days=8))
    async with plant.working(temporal.address):
        await until(lambda: plant.all_told(*ONCE_EACH, times=2), 40)
        await until(lambda: _caught_up(plant))
    assert len(cut.lost) == 3 * 4
    told = await plant.told()
    assert told == {(record_id, name): n for record_id in plant.records for name, n in ONCE_EACH.items()}
    assert len(plant.outbox.sent) == len({message.key for message in plant.outbox.sent}) == 6


async def test_only_one_of_two_relays_leads_and_the_other_takes_over(database: Database) -> None:
    plant = Plant(database)
    first, second = CountingNudger(), CountingNudger()
    leader = asyncio.create_task(Relay(database.app, plant.feed, first, plant.letters).run())
    await until(lambda: _leads(database))
    follower = asyncio.create_task(Relay(database.app, plant.feed, second, plant.letters).run())
    await plant.to_sign(1)
    await until(lambda: _caught_up(plant))
    assert first.count
    assert not second.count
    leader.cancel()
    await asyncio.wait({leader})
    already = await plant.recorder.head()
    await plant.house.sign(plant.records[0], "academie:10")
    await until(lambda: _caught_up(plant))
    assert await plant.recorder.head() == already + 1
    assert second.count == {plant.records[0]: 1}
    follower.cancel()
    await asyncio.wait({follower})


async def test_a_relay_that_loses_its_database_ends_loudly(database: Database) -> None:
    plant = Plant(database)
    task = asyncio.create_task(Relay(database.app, plant.feed, CountingNudger(), plant.letters).run())
    await until(lambda: _leads(database))
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s",
            (RELAY_LOCK,),
        )
    with pytest.raises(psycopg.OperationalError):
        await asyncio.wait_for(task, 10)


# Poison -------------------------------------------------------------------------------------


async def test_an_event_that_cannot_be_routed_or_read_is_set_aside_and_the_rest_goes_on(
    database: Database,
) -> None:
    plant = Plant(database)
    await plant.to_sign(1)
    await _insert(plant, "binome-1", "programme.TargetSet@1", TARGET)
    await _insert(plant, "convention-9", "convention.FromTheFuture@7", "{}")
    await plant.house.sign(plant.records[0], "academie:10")
    nudger = CountingNudger()
    async with leading(database.app, RELAY_LOCK, CHANNEL) as connection:
        relay = Relay(database.app, plant.feed, nudger, plant.letters)
        position = 0
        while (reached := await relay.pass_on(connection, position)) > position:
            position = reached
    head = await plant.recorder.head()
    assert position == head
    assert await plant.relayed() == head
    letters = await plant.letters.waiting()
    assert [(one.position, one.record_id, one.reason) for one in letters] == [
        (head - 2, "binome-1", "Unroutable:binome"),
        (head - 1, "", "TopicError"),
    ]
    assert nudger.count[plant.records[0]] >= 1


async def test_an_import_is_woken_while_the_relay_is_still_at_a_crowd_of_others(database: Database) -> None:
    plant = Plant(database)
    await plant.to_sign(3)
    file = File("0" * 64, 10, CSV)
    await plant.house.do(
        Submit(
            record_id="import-1",
            kind=ImportKind.ASSOCIATIONS,
            association_id=None,
            training_id=None,
            file=file,
            dry_run=False,
        ),
        LYON,
    )
    busy = BusyNudger()
    relays = [
        asyncio.create_task(Relay(database.app, plant.feed, busy, plant.letters, lane).run())
        for lane in (EVERY, IMPORTS)
    ]
    try:
        await until(lambda: _woken(busy, "import-1"))
        assert await plant.relayed() == 0
        busy.room_made.set()
        await until(lambda: _woken(busy, plant.records[2]))
        await until(lambda: _caught_up(plant))
    finally:
        for relay in relays:
            relay.cancel()
        await asyncio.wait(relays)
    assert busy.count["import-1"] == 1


class BusyNudger(CountingNudger):
    """The server is at work on everything but imports."""

    def __init__(self) -> None:
        super().__init__()
        self.room_made = asyncio.Event()

    async def nudge(self, process: str, record_id: str) -> None:
        if process != "ImportRun":
            await self.room_made.wait()
        await super().nudge(process, record_id)

    async def start(self, process: str, record_id: str) -> bool:
        await self.nudge(process, record_id)
        return True


async def _woken(nudger: CountingNudger, record_id: str) -> bool:
    return nudger.count[record_id] > 0


async def test_a_record_that_temporal_refuses_for_good_is_set_aside(
    database: Database, client: Client
) -> None:
    plant = Plant(database)
    await plant.house.open()
    too_long = "convention-" + "x" * 1500
    await plant.house.drafted(too_long)
    nudger = TemporalNudger(client, plant.queue)
    async with leading(database.app, RELAY_LOCK, CHANNEL) as connection:
        reached = await Relay(database.app, plant.feed, nudger, plant.letters).pass_on(connection, 0)
    assert reached == await plant.recorder.head()
    (letter,) = await plant.letters.waiting()
    assert (letter.record_id, letter.reason) == (too_long, "Refusing:INVALID_ARGUMENT")


async def test_a_dead_letter_is_counted_then_replayed_or_discarded(database: Database) -> None:
    plant, nudger = Plant(database), CountingNudger()
    for _ in range(2):
        await plant.letters.add("convention-1", "StillDue", step="end:2026-12-04")
    await plant.letters.add("convention-2", "Unroutable", position=7)
    first, second = await plant.letters.waiting()
    assert (first.times, second.times) == (2, 1)
    assert await plant.letters.replay(first.id, nudger)
    assert nudger.count == {"convention-1": 1}
    assert await plant.letters.discard(second.id)
    assert await plant.letters.waiting() == []
    assert not await plant.letters.discard(second.id)
    assert not await plant.letters.replay(first.id, nudger)
    await plant.letters.add("convention-1", "StillDue", step="end:2026-12-04")
    assert [one.times for one in await plant.letters.waiting()] == [1]


TARGET = '{"academie":"10","school_year":"2025-2026","mentees":1,"lycees":1}'


async def _insert(plant: Plant, record_id: str, topic: str, state: str) -> None:
    new = NewEvent(uuid4(), record_id, 1, topic, state, '{"role": "system"}', None)
    await plant.recorder.append(Append([new], {record_id: 0}))


async def _slowly(_: object) -> None:
    """A mail server takes its time: two processes of one record would both be at it."""
    await asyncio.sleep(0.3)


async def _killed(*_: object) -> None:
    raise ProcessLookupError


async def _caught_up(plant: Plant) -> bool:
    return await plant.relayed() == await plant.recorder.head()


async def _leads(database: Database) -> bool:
    async with database.app.connection() as connection:
        cursor = await connection.execute(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s", (RELAY_LOCK,)
        )
        return await cursor.fetchone() is not None
