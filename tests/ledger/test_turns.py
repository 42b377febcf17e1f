"""Many commands on one record at the same instant, from two processes: all are carried out, in some order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from domain.mentor.parts import Person
from domain.training import commands as ask
from domain.training.model import Training
from ledger.postgres import PostgresRecorder
from ledger.turns import Turn, Turns
from tests.conftest import Database
from tests.domain.mentor_support import COURSE, PROGRAMME, Desk, applying
from tests.support import COORDINATOR, FACE, House, fold_at

AT_ONCE = 64
PLACES = 5


async def with_a_course(house: House) -> None:
    await house.open()
    planned = Desk().course(days=20, places=PLACES)
    plan = ask.Plan(record_id=COURSE, association_id=FACE, programme_id=PROGRAMME, course=planned)
    await house.do(plan, COORDINATOR)
    await house.do(ask.OpenCourse(record_id=COURSE), COORDINATOR)
    people = [Person("Prénom", "Nom", f"m{n}@exemple.test") for n in range(AT_ONCE)]
    for n, person in enumerate(people):
        await house.do(applying(f"mentor-{n}", person), COORDINATOR)


def enrol(n: int) -> ask.Enrol:
    return ask.Enrol(record_id=COURSE, mentor_id=f"mentor-{n}")


@pytest.mark.stack
async def test_sixty_four_enrolments_at_once_through_two_executors_are_all_answered(
    database: Database,
) -> None:
    here = House(PostgresRecorder(database.app))
    there = House(PostgresRecorder(database.app), keyring=here.keyring)
    await with_a_course(here)
    asked = [(here, there)[n % 2].do(enrol(n), COORDINATOR, key=f"enrol-{n}") for n in range(AT_ONCE)]

    answers = await asyncio.gather(*asked)

    assert len({answer.version for answer in answers}) == AT_ONCE
    course = await fold_at(here.recorder, COURSE)
    assert isinstance(course, Training)
    assert (course.taken, len(course.waiting)) == (PLACES, AT_ONCE - PLACES)
    assert here.executor._turns._queues == there.executor._turns._queues == {}, (
        "no queue outlives its commands"
    )


@pytest.mark.stack
async def test_of_many_who_read_the_same_version_one_is_answered_and_the_others_told_at_once(
    database: Database,
) -> None:
    house = House(PostgresRecorder(database.app))
    await with_a_course(house)
    version = len((await house.recorder.load([COURSE])).events)
    asked = [house.do(enrol(n), COORDINATOR, expected=version) for n in range(8)]

    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["Outcome"] + ["PreconditionFailed"] * 7


async def test_nobody_waits_for_a_turn_longer_than_their_patience() -> None:
    turns = Turns()
    first, second = Turn(turns), Turn(turns)
    second._until = first._until - 9.9
    assert await first.again("record-1")
    assert not await second.again("record-1")
    first.done()
    second.done()
    assert not turns.are_taken("record-1")


async def test_whoever_comes_later_waits_behind_those_who_were_overtaken() -> None:
    turns, order = Turns(), list[str]()

    async def takes(name: str, wait: Callable[[Turn], object]) -> None:
        turn = Turn(turns)
        await wait(turn)  # type: ignore[misc]
        order.append(name)
        await asyncio.sleep(0.01)
        turn.done()

    await asyncio.gather(
        takes("overtaken", lambda turn: turn.again("record-1")),
        takes("next", lambda turn: turn.behind("record-1")),
        takes("elsewhere", lambda turn: turn.behind("record-2")),
    )
    assert order == ["overtaken", "elsewhere", "next"]


async def test_a_command_given_up_leaves_its_place_in_the_queue() -> None:
    turns = Turns()
    first, second = Turn(turns), Turn(turns)
    await first.again("record-1")
    waiting = asyncio.create_task(second.behind("record-1"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    first.done()
    second.done()
    assert not turns.are_taken("record-1")
