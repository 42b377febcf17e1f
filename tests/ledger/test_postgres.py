"""What only a real server can prove: writers at once, a reader that follows, broken connections, rights."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql

from domain.kernel import Conflict, PreconditionFailed
from ledger import transaction
from ledger.postgres import PostgresRecorder
from ledger.recorder import AlreadyRecorded, Append, VersionConflict
from ledger.turns import Turn
from tests.conftest import Database
from tests.ledger.conftest import take_the_lock_away
from tests.ledger.test_executor import signature
from tests.ledger.waiting import backend_waiting, lock_held, new
from tests.support import COORDINATOR, FACE_PARTY, LYON, House, draft_command

pytestmark = pytest.mark.stack
ID = "convention-1"
WRITERS = 8
EACH = 50


@pytest.fixture
async def house(database: Database) -> House:
    house = House(PostgresRecorder(database.app))
    await house.open()
    house.clock.instant = await house.recorder.now()
    await house.to_sign(ID)
    return house


# Several at once ---------------------------------------------------------------------------------


async def test_two_signatories_at_the_same_instant_both_sign(house: House) -> None:
    academie, face = await signature(house), await signature(house, FACE_PARTY)
    await asyncio.gather(house.do(academie), house.do(face, COORDINATOR))
    convention = await house.convention(ID)
    assert (convention.status, len(convention.signatures)) == ("signed", 2)


async def test_of_two_writers_of_one_version_exactly_one_wins(house: House) -> None:
    version = (await house.convention(ID)).version
    commands = [(await signature(house), LYON), (await signature(house, FACE_PARTY), COORDINATOR)]
    answers = await asyncio.gather(
        *(house.do(command, actor, expected=version) for command, actor in commands), return_exceptions=True
    )
    losers = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [type(loser) for loser in losers] == [PreconditionFailed]
    assert len((await house.convention(ID)).signatures) == 1


async def test_the_same_command_sent_twice_at_once_is_carried_out_once(house: House) -> None:
    command = await signature(house)
    answers = await asyncio.gather(*(house.do(command, key="k") for _ in range(4)))
    assert sorted(answer.repeated for answer in answers) == [False, True, True, True]
    assert len({answer.position for answer in answers}) == 1


async def test_eight_writers_and_a_reader_who_misses_nothing(database: Database) -> None:
    await eight_writers_and_a_reader(database)


async def test_without_the_lock_the_same_test_fails(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof that the test above can: two that read one head want one position, and one is thrown out. The
    executor would decide again, in turn, and hide it."""

    async def never_again(turn: Turn, record_id: str) -> bool:
        return False

    monkeypatch.setattr(Turn, "again", never_again)
    await take_the_lock_away(database)
    async with asyncio.timeout(30):
        with pytest.raises(ExceptionGroup) as caught:
            await eight_writers_and_a_reader(database)
    assert {type(error) for error in caught.value.exceptions} == {Conflict}


async def eight_writers_and_a_reader(database: Database) -> None:
    recorder = PostgresRecorder(database.app)
    await House(recorder).open()
    base, done = await recorder.head(), asyncio.Event()
    reader = asyncio.create_task(follow(PostgresRecorder(database.projector), base, done))
    try:
        async with asyncio.TaskGroup() as writers:
            for number in range(WRITERS):
                house = House(PostgresRecorder(database.app))
                writers.create_task(write_commands(house, number))
    finally:
        done.set()
        seen = await reader
    assert seen == list(range(base + 1, base + WRITERS * EACH + 1))
    stored = await recorder.after(base, WRITERS * EACH + 1)
    assert [e.position for e in stored] == seen
    assert len({e.event_id for e in stored}) == WRITERS * EACH
    recorded = [e.recorded_at for e in stored]
    assert recorded == sorted(recorded)


async def write_commands(house: House, number: int) -> None:
    for n in range(EACH):
        await house.do(draft_command(f"convention-{number}-{n}"), key=f"{number}-{n}")


async def follow(recorder: PostgresRecorder, position: int, done: asyncio.Event) -> list[int]:
    """Reads on from the last position seen, as the projector and the relay do."""
    seen: list[int] = []
    while True:
        last_look = done.is_set()
        found = await recorder.after(position, 100)
        seen += [e.position for e in found]
        position = seen[-1] if seen else position
        if last_look and not found:
            return seen
        await asyncio.sleep(0)


async def test_with_a_sequence_instead_of_the_lock_a_reader_misses_events(database: Database) -> None:
    """Why positions are not a sequence: the number is taken early and shown late, the reader has gone by."""
    recorder, seen = PostgresRecorder(database.projector), []
    async with await psycopg.AsyncConnection.connect(database.owner_dsn) as slow:
        await insert_at(slow, 1)
        async with await psycopg.AsyncConnection.connect(database.owner_dsn) as fast:
            await insert_at(fast, 2)
        seen += [e.position for e in await recorder.after(0, 10)]
    seen += [e.position for e in await recorder.after(seen[-1], 10)]
    assert seen == [2]
    assert [e.position for e in await recorder.after(0, 10)] == [1, 2]


async def insert_at(connection: psycopg.AsyncConnection[tuple[object, ...]], position: int) -> None:
    await connection.execute(
        "INSERT INTO ledger.events VALUES (%s, %s, %s, 1, 't@1', '{}', '{}', now(), now(), NULL, NULL, %s)",
        (position, uuid4(), f"thing-{position}", bytes(32)),
    )


# Broken connections ------------------------------------------------------------------------------


async def test_a_connection_cut_before_the_commit_is_made_again(database: Database) -> None:
    recorder = PostgresRecorder(database.app)
    batch = Append([new("thing-1")], {"thing-1": 0})
    async with lock_held(database) as other:
        append = asyncio.create_task(recorder.append(batch))
        await other.execute("SELECT pg_terminate_backend(%s)", (await backend_waiting(other),))
    (stored,) = await append
    assert stored.position == await recorder.head() == 1


async def test_an_acknowledgement_lost_after_the_commit_is_settled_by_the_event_id(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit went through, its answer did not: the same events are found, and not recorded twice."""
    recorder, add = PostgresRecorder(database.app), transaction._add
    losses: list[Any] = []

    async def lossy(connection: Any, ground: Any) -> Any:
        standing = await add(connection, ground)
        if not losses:
            losses.append(ground)
            await connection.close()
            raise psycopg.OperationalError("the line is cut")
        return standing

    monkeypatch.setattr(transaction, "_add", lossy)
    appends = [Append([new(f"thing-{n}")], {f"thing-{n}": 0}) for n in range(5)]
    answers = await asyncio.gather(*map(recorder.append, appends))
    assert losses
    assert sorted(one.position for (one,) in answers) == [1, 2, 3, 4, 5]
    assert [e.event_id for (e,) in answers] == [append.events[0].event_id for append in appends]
    assert await recorder.head() == 5


# Rights ------------------------------------------------------------------------------------------

REWRITING = (
    "UPDATE ledger.events SET state = '{}'",
    "DELETE FROM ledger.events",
    "TRUNCATE ledger.events",
)
RULING = (
    "ALTER TABLE ledger.events DISABLE TRIGGER append_only",
    "ALTER TABLE ledger.events DROP COLUMN metadata",
    "DROP TABLE ledger.events",
    "DROP FUNCTION ledger.refuse_rewriting() CASCADE",
    "UPDATE ledger.clock SET shift = '1 day'",
    "UPDATE ledger.claims SET record_id = 'x'",
    "SET session_replication_role = replica",
)


@pytest.mark.parametrize("statement", [*REWRITING, *RULING])
async def test_the_application_may_not_rewrite(house: House, database: Database, statement: str) -> None:
    for pool in (database.app, database.projector):
        async with pool.connection() as connection:
            with pytest.raises(errors.InsufficientPrivilege):
                await connection.execute(sql.SQL(statement))
    assert await house.recorder.head() > 0


@pytest.mark.parametrize("statement", REWRITING)
async def test_even_the_owner_is_stopped_by_the_trigger(
    house: House, database: Database, statement: str
) -> None:
    before = await house.recorder.after(0, 1000)
    async with await psycopg.AsyncConnection.connect(database.owner_dsn) as owner:
        with pytest.raises(errors.RaiseException, match="append-only"):
            await owner.execute(sql.SQL(statement))
    assert await house.recorder.after(0, 1000) == before != []


async def test_the_projector_may_not_add_events(database: Database) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        await PostgresRecorder(database.projector).append(Append([new("thing-1")], {"thing-1": 0}))


async def test_two_events_in_one_place_are_a_conflict_not_a_repeat(database: Database) -> None:
    """Else the executor would look for its own event, not find it, and try again for ever."""
    recorder = PostgresRecorder(database.app)
    await recorder.append(Append([new("thing-1")], {"thing-1": 0}))
    with pytest.raises(VersionConflict):
        await recorder.append(Append([new("thing-1")], {}))
    twice = new("thing-2")
    with pytest.raises(AlreadyRecorded):
        await recorder.append(Append([twice, twice], {"thing-2": 0}))


async def test_a_draft_loses_to_a_rival_of_the_same_id(house: House) -> None:
    answers = await asyncio.gather(
        *(house.do(draft_command("convention-2"), key=f"draft-{n}") for n in range(2)), return_exceptions=True
    )
    (loser,) = [answer for answer in answers if isinstance(answer, BaseException)]
    assert isinstance(loser, Conflict)
    assert loser.code == "already_drafted"
