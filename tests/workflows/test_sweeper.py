"""What a sweep takes up again, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import pytest

from tests.support import START
from tests.workflows.stage import Letters
from workflows.leading import Pool
from workflows.sweeper import Pace, Sweeper

SOON, LATE = START + timedelta(days=3), START + timedelta(days=30)
PACE = Pace(every=1, horizon=timedelta(days=7), grace=timedelta(hours=1))


@dataclass
class Around:
    """Everything around a sweeper: deadlines, a clock, a Temporal."""

    deadlines: dict[str, datetime] = field(
        default_factory=lambda: {"convention-1": SOON, "convention-2": LATE}
    )
    instant: datetime = START
    temporal: str = "first"
    nudged: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    running: set[str] = field(default_factory=set)

    async def due_before(self, until: datetime) -> Sequence[tuple[str, datetime]]:
        return [(record_id, at) for record_id, at in self.deadlines.items() if at <= until]

    async def now(self) -> datetime:
        return self.instant

    async def nudge(self, process: str, record_id: str) -> None:
        self.nudged.append(record_id)

    async def start(self, process: str, record_id: str) -> bool:
        if record_id in self.running:
            return False
        self.running.add(record_id)
        self.started.append(record_id)
        return True

    async def room(self) -> None:
        return None

    async def identity(self) -> str:
        return self.temporal

    def replaced(self) -> None:
        """Another Temporal, which remembers nothing."""
        self.temporal, self.running = "second", set()

    def taken_up(self) -> list[str]:
        taken, self.nudged, self.started = [*self.started, *self.nudged], [], []
        return taken


@pytest.fixture
def around() -> Around:
    return Around()


@pytest.fixture
def sweeper(around: Around) -> Sweeper:
    return Sweeper(cast("Pool", None), around, around, around, Letters(), PACE)


async def test_what_is_due_within_the_horizon_is_swept_once(around: Around, sweeper: Sweeper) -> None:
    await sweeper.sweep()
    assert around.taken_up() == ["convention-1"]
    await sweeper.sweep()
    assert around.taken_up() == []
    around.instant = LATE - timedelta(days=6)
    around.deadlines["convention-1"] = LATE + timedelta(days=90)
    await sweeper.sweep()
    assert around.taken_up() == ["convention-2"]


async def test_a_process_that_runs_is_left_alone_by_a_first_sweep_as_when_a_worker_starts_again(
    around: Around, sweeper: Sweeper
) -> None:
    around.running = {"convention-1"}
    await sweeper.sweep()
    assert around.taken_up() == []


async def test_a_process_whose_deadline_has_passed_must_look_even_if_it_runs(
    around: Around, sweeper: Sweeper
) -> None:
    around.running = {"convention-1"}
    around.instant = SOON
    await sweeper.sweep()
    assert around.nudged == ["convention-1"]


async def test_a_deadline_that_came_nearer_must_be_looked_at_and_one_put_off_only_needs_a_process(
    around: Around, sweeper: Sweeper
) -> None:
    await sweeper.sweep()
    around.taken_up()
    around.deadlines["convention-1"] = SOON - timedelta(days=1)
    await sweeper.sweep()
    assert around.taken_up() == ["convention-1"]
    around.deadlines["convention-1"] = SOON + timedelta(days=1)
    await sweeper.sweep()
    assert around.taken_up() == []
    around.running.clear()
    around.deadlines["convention-1"] = SOON + timedelta(days=2)
    await sweeper.sweep()
    assert around.started == ["convention-1"]


async def test_a_sweep_that_was_asked_for_has_every_process_look_for_the_clock_may_have_moved(
    around: Around, sweeper: Sweeper
) -> None:
    await sweeper.sweep()
    around.taken_up()
    await sweeper.sweep(asked=True)
    assert around.nudged == ["convention-1"]


async def test_the_most_pressing_are_woken_first(around: Around, sweeper: Sweeper) -> None:
    around.deadlines = {"convention-3": SOON, "convention-1": START - timedelta(days=1)}
    await sweeper.sweep()
    assert around.started == ["convention-1", "convention-3"]


async def test_what_stays_overdue_is_nudged_again_once_each_grace(around: Around, sweeper: Sweeper) -> None:
    await sweeper.sweep()
    around.taken_up()
    found = []
    for minutes in (30, 61, 90, 122):
        around.instant = SOON + timedelta(minutes=minutes)
        await sweeper.sweep()
        found.append(around.taken_up())
    assert found == [[], ["convention-1"], [], ["convention-1"]]


async def test_another_temporal_is_told_everything_again(around: Around, sweeper: Sweeper) -> None:
    await sweeper.sweep()
    around.taken_up()
    around.replaced()
    await sweeper.sweep()
    assert around.taken_up() == ["convention-1"]


async def test_a_record_that_nobody_routed_is_a_dead_letter_and_the_others_are_swept(around: Around) -> None:
    letters = Letters()
    around.deadlines = {"binome-1": SOON, "convention-1": SOON}
    await Sweeper(cast("Pool", None), around, around, around, letters, PACE).sweep()
    assert around.taken_up() == ["convention-1"]
    assert letters.kept == [("binome-1", None, "Unroutable:binome")]
