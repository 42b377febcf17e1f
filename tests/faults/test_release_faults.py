"""An operator of a thousand mentors leaves while Temporal loses everything, or while its worker is killed."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.association.commands import Leave
from domain.folding import fold
from domain.mentor.model import Mentor
from domain.mentor.parts import MentorLeaving
from domain.ports import Commands, Happened, Outcome, Request, World
from ops.stack.temporal import Temporal
from ops.working import ReadLeftBehind
from projections.projector import Projector
from projections.reading import Reader
from tests.conftest import Database
from tests.faults.plant import Plant
from tests.support import FACE, LYON
from tests.workflows.stage import name_of, until
from workflows.releasing import Releasing
from workflows.sweeper import Pace

FEW, SOME, MANY = 3, 250, 1_000


class Slow:
    """The executor, which takes a moment over each release; whatever it was told when it is cut is lost."""

    def __init__(self, real: Commands, cut_after: int = 0) -> None:
        self.real = real
        self.left = cut_after
        self.cut = bool(cut_after)

    async def execute(self, request: Request) -> Outcome:
        if request.command.name == "mentor.release":
            if self.cut and not self.left:
                raise ConnectionResetError
            self.left -= 1
            await asyncio.sleep(0.3)
        return await self.real.execute(request)

    async def now(self) -> datetime:
        return await self.real.now()

    @property
    def world(self) -> World:
        return self.real.world


@dataclass
class Estate:
    """``left``: the records that FACE leaves behind."""

    plant: Plant
    left: list[str]

    @property
    def mentors(self) -> int:
        return len(self.left) - 1

    async def leave(self) -> None:
        on = self.plant.house.clock.today
        await self.plant.house.do(Leave(record_id=FACE, on=on), LYON, reason="motif")

    async def released(self) -> list[Happened]:
        """What the process has recorded of them since; those who close give their places back besides."""
        happened = await self.plant.feed.of([*self.left, FACE])
        names = {"Left", "Cancelled", "MentorsReleased"}
        return [one for one in happened if one.facts["role"] == "system" and name_of(one.event) in names]

    async def so_many(self, name: str, count: int) -> bool:
        return sum(name_of(one.event) == name for one in await self.released()) >= count

    async def no_place_is_held(self) -> bool:
        mentor = fold(await self.plant.feed.of([self.left[0]]))
        assert isinstance(mentor, Mentor)
        return not mentor.courses

    async def each_left_once(self) -> None:
        told = await self.released()
        assert Counter(name_of(one.event) for one in told) == {
            "Left": self.mentors,
            "Cancelled": 1,
            "MentorsReleased": 1,
        }
        assert len({one.record_id for one in told}) == self.mentors + 2
        assert {getattr(one.event, "mentors", self.mentors) for one in told} == {self.mentors}
        causes = {one.event.cause for one in told if name_of(one.event) == "Left"}  # type: ignore[attr-defined]
        assert causes == {MentorLeaving.OPERATOR}
        assert (await self.plant.letters.waiting()) == []


@pytest.fixture
async def estate(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[Estate]:
    """FACE, so many candidates and a course ahead, in read models that follow."""
    plant = Plant(database)
    await plant.onboarding(request.param, together=25)
    await plant.course()
    await plant.admission()
    left, plant.records = plant.records[:-1], [FACE]
    plant.deadlines.blind = False
    stop = asyncio.Event()
    projector = Projector(plant.feed, database.projector, plant.house.executor.world, plant.recorder.now)
    following = asyncio.create_task(projector.run(stop))
    async with Reader(database.app) as reader:
        plant.left = ReadLeftBehind(reader)
        yield Estate(plant, left)
    stop.set()
    await following


@pytest.mark.stack
@pytest.mark.parametrize(
    "estate", [SOME, pytest.param(MANY, marks=pytest.mark.stress)], indirect=True, ids=str
)
async def test_mentors_are_released_once_each_though_temporal_loses_its_database_on_the_way(
    estate: Estate, tmp_path: Path
) -> None:
    """Nobody nudges the new one: it is recognised, and swept."""
    plant = estate.plant
    plant.commands = Slow(plant.commands)
    with Temporal(tmp_path / "temporal") as server:
        async with plant.working(server.address, Pace(every=2, grace=timedelta(seconds=5))):
            await estate.leave()
            await until(lambda: estate.so_many("Left", estate.mentors // 5), 60)
            await asyncio.to_thread(server.__exit__)
            server.database.unlink()
            assert not await estate.so_many("MentorsReleased", 1), "it was in the middle"
            await asyncio.to_thread(server.__enter__)
            await until(lambda: estate.so_many("MentorsReleased", 1), 100)
    await estate.each_left_once()


@pytest.mark.stack
@pytest.mark.parametrize("estate", [FEW], indirect=True, ids=str)
async def test_whoever_is_released_with_a_place_gives_it_back_though_the_relay_wakes_none_of_them(
    estate: Estate, tmp_path: Path
) -> None:
    plant = estate.plant
    plant.records = [FACE, *estate.left]
    with Temporal(tmp_path / "temporal") as server:
        async with plant.working(server.address, Pace(every=1, grace=timedelta(seconds=5))):
            await estate.leave()
            await until(lambda: estate.so_many("MentorsReleased", 1), 30)
            await until(estate.no_place_is_held, 30)


@pytest.mark.parametrize("estate", [MANY], indirect=True, ids=str)
async def test_a_release_that_is_cut_goes_on_with_those_left_and_counts_all(estate: Estate) -> None:
    """As often as it is: what was written stays, and nobody is released twice."""
    plant = estate.plant
    await estate.leave()
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            await Releasing(Slow(plant.commands, cut_after=200), plant.feed, plant.left).release(FACE)
    done = sum(name_of(one.event) == "Left" for one in await estate.released())
    assert 0 < done < MANY
    started = time.perf_counter()
    await Releasing(plant.commands, plant.feed, plant.left).release(FACE)
    print(f"{MANY - done} released in {time.perf_counter() - started:.1f} s on {os.cpu_count()} cores")
    await Releasing(plant.commands, plant.feed, plant.left).release(FACE)
    await estate.each_left_once()
