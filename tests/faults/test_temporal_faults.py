"""Temporal is late, restarted, or loses everything: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from domain.calendar import paris_day, start_of
from ops.stack.temporal import Temporal
from tests.conftest import Database
from tests.faults.plant import Plant
from tests.workflows.stage import AT_REST, Stage, until
from workflows.sweeper import Pace, nudge_due
from workflows.worker import connect

pytestmark = pytest.mark.stack

ONCE_EACH = {"ReminderDue": 2, "ReminderDelivered": 2}
"""Both parties of each convention are reminded, once."""


@pytest.fixture
def own_temporal(tmp_path: Path) -> Temporal:
    """A server that the test starts, stops and robs itself."""
    return Temporal(tmp_path / "temporal")


def _expected(plant: Plant) -> dict[tuple[str, str], int]:
    return {(record_id, name): n for record_id in plant.records for name, n in ONCE_EACH.items()}


async def test_what_is_written_while_temporal_is_down_is_done_once_it_is_up(
    database: Database, own_temporal: Temporal
) -> None:
    plant = Plant(database)
    await plant.to_sign(41)
    assert await plant.recorder.head() >= 200
    plant.shift(timedelta(days=8))
    async with plant.working(own_temporal.address) as running:
        await asyncio.sleep(0.5)
        assert not running.done()
        assert not await plant.told()
        with own_temporal:
            await until(lambda: plant.all_told(*ONCE_EACH, times=2), 40)
            await until(lambda: _caught_up(plant), 10)
            await asyncio.sleep(1)
            assert await plant.told() == _expected(plant)
            assert len(plant.outbox.sent) == 82
            assert {message.key.rpartition(":")[2] for message in plant.outbox.sent} == {"1"}


async def test_temporal_restarted_under_a_worker_is_waited_for(
    database: Database, own_temporal: Temporal
) -> None:
    plant = Plant(database)
    with own_temporal:
        async with plant.working(own_temporal.address) as running:
            await until(lambda: _caught_up(plant))
            await _stop(own_temporal)
            await plant.to_sign(3)
            plant.shift(timedelta(days=8))
            await asyncio.sleep(1)
            assert not running.done()
            await _start(own_temporal)
            await until(lambda: plant.all_told(*ONCE_EACH, times=2), 40)
            assert await plant.told() == _expected(plant)


async def test_processes_come_back_after_temporal_has_lost_its_database(
    database: Database, own_temporal: Temporal
) -> None:
    """Nobody nudges: a new Temporal is recognised, swept, and a reminder falls due on its own day."""
    plant = Plant(database)
    plant.deadlines.blind = False
    with own_temporal:
        await plant.to_sign(2)
        async with plant.working(own_temporal.address, Pace(every=0.5, grace=timedelta(days=1))):
            client = await connect(own_temporal.address, "default")
            await until(lambda: _all_run(client, plant.records))
            await _stop(own_temporal)
            own_temporal.database.unlink()
            due_on = paris_day(datetime.now(UTC)) + timedelta(days=7)
            plant.shift(start_of(due_on) - datetime.now(UTC) - timedelta(seconds=12))
            await _start(own_temporal)
            fresh = await connect(own_temporal.address, "default")
            await until(lambda: _all_run(fresh, plant.records), 30)
            await until(lambda: plant.all_told(*ONCE_EACH, times=2), 40)
            assert await plant.told() == _expected(plant)


async def test_moving_the_domain_clock_nudges_what_became_due(
    database: Database, temporal: Temporal, client: Client
) -> None:
    plant = Plant(database)
    plant.deadlines.blind = False
    await plant.to_sign(2)
    async with plant.working(temporal.address):
        await until(lambda: _caught_up(plant))
        async with asyncio.timeout(20):
            await nudge_due(database.app, plant.commands)
            await until(lambda: _all_wait(client, plant.records))
            assert not await plant.told()
            plant.shift(timedelta(days=8))
            await nudge_due(database.app, plant.commands)
        await until(lambda: plant.all_told(*ONCE_EACH, times=2))
        assert await plant.told() == _expected(plant)


class Brief(Temporal):
    """A server that suggests to continue as new after thirty events, not four thousand."""

    def command(self) -> list[str]:
        return [*super().command(), "--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=30"]


async def test_a_long_process_starts_afresh_and_hears_the_nudges_that_arrive_meanwhile(
    tmp_path: Path,
) -> None:
    with Brief(tmp_path / "temporal") as server:
        client = await connect(server.address, "default")
        stage = Stage(WorkflowEnvironment.from_client(client), None, timedelta(days=400))
        await stage.house.open()
        record_id = await stage.house.to_sign("convention-long")
        async with stage.playing():
            for _ in range(60):
                await stage.nudge(record_id)
                await asyncio.sleep(0.01)
            await stage.quiet(record_id)
            runs = [run async for run in client.list_workflows(f"WorkflowId = '{record_id}'")]
            stage.house.clock.advance(days=8)
            await stage.nudge(record_id)
            await stage.quiet(record_id)
        assert len(await stage.told(record_id)) == 4
    statuses = [run.status for run in runs]
    assert WorkflowExecutionStatus.CONTINUED_AS_NEW in statuses
    assert WorkflowExecutionStatus.FAILED not in statuses


async def _caught_up(plant: Plant) -> bool:
    return await plant.relayed() == await plant.recorder.head()


async def _all_run(client: Client, records: list[str]) -> bool:
    try:
        found = [await client.get_workflow_handle(record_id).describe() for record_id in records]
    except RPCError:
        return False
    return all(one.status is WorkflowExecutionStatus.RUNNING for one in found)


async def _all_wait(client: Client, records: list[str]) -> bool:
    histories = [await client.get_workflow_handle(record_id).fetch_history() for record_id in records]
    return all(history.events[-1].event_type in AT_REST for history in histories)


async def _stop(server: Temporal) -> None:
    await asyncio.to_thread(server.__exit__)


async def _start(server: Temporal) -> None:
    await asyncio.to_thread(server.__enter__)
