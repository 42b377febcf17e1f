"""The processes of onboarding on the real parts: killed in the middle of a step, or robbed of Temporal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from domain.folding import fold
from domain.kernel import Root
from domain.reminding import Reminding
from ops.stack.temporal import Temporal
from tests.conftest import Database
from tests.faults import victim
from tests.faults.plant import CutCommands, Plant
from tests.workflows.stage import line, until
from workflows.sweeper import Pace
from workflows.worker import connect

pytestmark = pytest.mark.stack

HOUSE = Path(__file__).parents[2]
A_LONG_SILENCE = timedelta(days=130)
"""Every candidacy, admission and course of the plant is over by then, holidays included."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Temporal]:
    """Of one test alone: every admission here is FACE's."""
    with Temporal(tmp_path / "temporal") as own:
        yield own


async def test_fifty_mentors_in_onboarding_come_back_after_temporal_has_lost_its_database(
    database: Database, server: Temporal
) -> None:
    """Nobody nudges: a new Temporal is recognised, swept, and each is reminded once, on its own day."""
    plant = Plant(database)
    plant.deadlines.blind = False
    await plant.onboarding(50)
    async with plant.working(server.address, Pace(every=2, grace=timedelta(days=1))):
        await until(lambda: _all_run(server, plant.records), 40)
        await asyncio.to_thread(server.__exit__)
        server.database.unlink()
        soonest = await plant.soonest(plant.records[0])
        assert soonest
        plant.shift(soonest - datetime.now(UTC) - timedelta(seconds=15))
        await asyncio.to_thread(server.__enter__)
        await until(lambda: _all_run(server, plant.records), 40)
        await until(lambda: plant.all_told("ReminderDue", "ReminderDelivered", times=1), 50)
        await until(lambda: _all_run(server, plant.records), 10)
    told = await plant.told()
    assert told == {(i, name): 1 for i in plant.records for name in ("ReminderDue", "ReminderDelivered")}
    assert len(plant.outbox.sent) == len({message.key for message in plant.outbox.sent}) == 50


async def test_steps_whose_answer_is_lost_after_the_commit_are_recorded_once(
    database: Database, server: Temporal
) -> None:
    plant = await _waiting(database)
    plant.commands = cut = CutCommands(plant.house.executor)
    async with plant.working(server.address):
        await until(lambda: _over(plant), 50)
    assert len(cut.lost) >= len(plant.records)
    await _each_once(plant)


async def test_a_worker_killed_in_the_middle_of_its_steps_leaves_none_undone_or_done_twice(
    database: Database, server: Temporal
) -> None:
    """Half of them were recorded, and Temporal was never told. The others were only begun."""
    plant = await _waiting(database)
    written = {record_id for record_id in plant.records if victim.written_first(record_id)}
    assert set(plant.records) > written > set()
    async with _victim(plant, server) as process:
        await until(lambda: _told_of(plant, written), 40)
        assert await _begun(server, plant.records)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    told = await plant.told()
    assert {record_id for record_id, _ in told} == written
    async with plant.working(server.address):
        await until(lambda: _over(plant), 80)
    await _each_once(plant)


async def _waiting(database: Database) -> Plant:
    """Four candidacies, a course and an admission, forgotten for long: each has several steps due."""
    plant = Plant(database)
    await plant.onboarding(4)
    await plant.course()
    await plant.admission()
    plant.shift(A_LONG_SILENCE)
    return plant


@asynccontextmanager
async def _victim(plant: Plant, server: Temporal) -> AsyncIterator[asyncio.subprocess.Process]:
    given = {
        victim.DSN: str(plant.database.app.conninfo),
        victim.ADDRESS: server.address,
        victim.QUEUE: plant.queue,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.victim", cwd=HOUSE, env={**os.environ, **given}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _begun(server: Temporal, records: list[str]) -> bool:
    """Whether a step of every record is under way, as Temporal sees it."""
    client = await connect(server.address, "default")
    found = [await client.get_workflow_handle(record_id).describe() for record_id in records]
    return all(one.raw_description.pending_activities for one in found)


async def _told_of(plant: Plant, records: set[str]) -> bool:
    return records <= {record_id for record_id, _ in await plant.told()}


async def _over(plant: Plant) -> bool:
    """Each has come to what time brings: reminded or lapsed, or held and its attendance asked for."""
    for record_id in plant.records:
        record = fold(await plant.feed.of([record_id]))
        assert record
        if record.status == "held":
            if not any(one.kind == "remind_attendance" for one in record.reminders.values()):  # type: ignore[attr-defined]
                return False
        elif record.status != "lapsed" and not _reminded(record):
            return False
    return True


def _reminded(record: Root) -> bool:
    return isinstance(record, Reminding) and any(one.delivered_on for one in record.reminders.values())


async def _each_once(plant: Plant) -> None:
    """What the system recorded of each record, no line twice; every message once for whoever reads it."""
    happened = [one for one in await plant.feed.of(plant.records) if one.facts["role"] == "system"]
    lines = Counter((one.record_id, line(one).partition(" ")[2]) for one in happened)
    assert {record_id for record_id, _ in lines} == set(plant.records)
    assert max(lines.values()) == 1, lines.most_common(3)
    assert (await plant.letters.waiting()) == []


async def _all_run(server: Temporal, records: list[str]) -> bool:
    client: Client = await connect(server.address, "default")
    try:
        found = [await client.get_workflow_handle(record_id).describe() for record_id in records]
    except RPCError:
        return False
    return all(one.status is WorkflowExecutionStatus.RUNNING for one in found)
