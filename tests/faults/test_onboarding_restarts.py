"""The processes of onboarding, lost at any moment of any life: the next run reaches the same future."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from tests.faults.histories import LIVES, Did, Life
from tests.support import START
from tests.workflows.stage import Stage, line

HORIZON = timedelta(days=60)
MANY = 40
"""Lives of each kind, lived twice each."""
SEEDS = {"admission": 10, "onboarding": 14, "standing": 14, "course": 1}
"""Those of the short run: lives in which time does much."""
Losses = dict[int, tuple[float, bool]]
"""On which days the process is lost, how many seconds after its nudge (in the middle of its work), and
whether Temporal forgets that it ever ran."""


@pytest.mark.parametrize("name", LIVES)
async def test_a_process_lost_at_any_moment_and_started_again_reaches_the_same_events(
    client: Client, name: str
) -> None:
    await _same_future(client, LIVES[name], Random(SEEDS[name]))


@pytest.mark.stress
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", LIVES)
async def test_the_same_over_many_random_lives(client: Client, name: str) -> None:
    """``MENTORAT_SEED`` replays the one that failed."""
    replayed = os.environ.get("MENTORAT_SEED")
    for seed in [int(replayed)] if replayed else (secrets.randbelow(2**32) for _ in range(MANY)):
        print(f"{name}: MENTORAT_SEED={seed}")
        await _same_future(client, LIVES[name], Random(seed))


async def _same_future(client: Client, life: Life, chance: Random) -> None:
    history = life.history(chance)
    events, sent, busy = await _lived(client, life, history, lost={})
    assert life.shows in " | ".join(events)
    assert max(Counter(sent).values(), default=1) == 1
    again, sent_again, _ = await _lived(client, life, history, lost=_losses(life, busy, chance))
    assert again == events
    assert set(sent_again) == set(sent)


def _losses(life: Life, busy: set[int], chance: Random) -> Losses:
    """Most often where it hurts: on the days on which the process did something."""
    days = {day for day in busy if chance.random() < 0.8} | {
        day for day in life.sweeps if chance.random() < 0.25
    }
    return {day: (chance.uniform(0, 0.06), chance.random() < 0.5) for day in sorted(days)}


async def _lived(
    client: Client, life: Life, history: list[Did], *, lost: Losses
) -> tuple[list[str], list[str], set[int]]:
    """Every event of the record with its day, whoever recorded it; the keys of what was sent; the days on
    which the process recorded something."""
    stage = Stage(WorkflowEnvironment.from_client(client), None, HORIZON)
    await stage.house.open()
    life.begin(stage)
    days = {*life.sweeps, *(day for day, _ in history)}
    async with stage.playing():
        for day in sorted(days):
            stage.house.clock.instant = START + timedelta(days=day)
            for when, what in history:
                if when == day:
                    life.attempt(stage, what)
            await stage.nudge(life.record_id)
            if day in lost:
                await _lose(stage, client, life.record_id, *lost[day])
                await stage.nudge(life.record_id)
            await stage.quiet(life.record_id)
    happened = await stage.happened(life.record_id)
    busy = {(one.recorded_at - START).days for one in happened if one.facts["role"] == "system"}
    return [line(one) for one in happened], [message.key for message in stage.outbox.sent], busy


async def _lose(stage: Stage, client: Client, record_id: str, after: float, forgotten: bool) -> None:
    """The run ends at once; ``forgotten``, nothing of it is left in Temporal either."""
    await asyncio.sleep(after)
    await stage.end(record_id)
    if forgotten:
        await client.workflow_service.delete_workflow_execution(
            DeleteWorkflowExecutionRequest(
                namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=record_id)
            )
        )
