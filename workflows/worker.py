"""The worker's process: Temporal's worker, the relay and the sweeper, together or not at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.ports import Commands, Feed, Importer
from workflows.activities import Activities, LedgerClock
from workflows.association import AssociationAdmission
from workflows.convention import ConventionProcess
from workflows.dead_letters import PostgresDeadLetters
from workflows.delivery import Channel
from workflows.failures import Discretion
from workflows.import_run import ImportRun
from workflows.mentor import MentorOnboarding, MentorStanding
from workflows.nudging import FIRST_WAIT, LONGEST_WAIT, TemporalNudger
from workflows.process import Process
from workflows.relay import IMPORTS, Relay
from workflows.releasing import LeftBehindBy, Releasing
from workflows.routing import imports_queue
from workflows.sweeper import Deadlines, Pace, Sweeper
from workflows.training import TrainingCourse

log = logging.getLogger(__name__)

PROCESSES: Final = (
    AssociationAdmission,
    ConventionProcess,
    ImportRun,
    MentorOnboarding,
    MentorStanding,
    TrainingCourse,
)
TASK_QUEUE: Final = "mentorat"
TASKS_AT_ONCE: Final = 50
"""Processes that take a step together: whoever wakes waits for these, not for a hundred."""
IMPORTS_AT_ONCE: Final = 4
"""Imports under way at the same time: each is long, and the others' deadlines need the machine too."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """``max_cached_workflows``: about 80 KB each. More processes may be open: they wait for days, and one
    that was let go wakes from its history, which is short. ``at_once``: how many activities run together,
    best below the size of the pool."""

    address: str
    namespace: str = "default"
    task_queue: str = TASK_QUEUE
    max_cached_workflows: int = 2_000
    at_once: int = 16
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, kw_only=True)
class Deps:
    """What the worker works with. ``pool`` acts as ``mentorat_app``, in autocommit mode."""

    settings: Settings
    pool: AsyncConnectionPool[AsyncConnection[Any]]
    commands: Commands
    feed: Feed
    deadlines: Deadlines
    channel: Channel
    importer: Importer | None = None
    left: LeftBehindBy | None = None
    mailboxes: Mapping[str, str] = field(default_factory=dict)


async def run(deps: Deps, stop: asyncio.Event) -> None:
    """Works until ``stop``; waits for Temporal as long as it takes.

    When one of its parts fails, all end and its error is raised (in a group): whoever started this process
    starts it again. Nothing is lost, see the relay and the sweeper.
    """
    settings = deps.settings
    ending = asyncio.create_task(stop.wait())
    try:
        client = await _unless(ending, connect(settings.address, settings.namespace))
        if client is None:
            return
        nudger = TemporalNudger(client, settings.task_queue)
        letters = PostgresDeadLetters(deps.pool)
        activities = Activities(
            deps.commands,
            deps.feed,
            LedgerClock(deps.commands),
            deps.channel,
            letters,
            settings.pace.horizon,
            deps.importer,
            Releasing(deps.commands, deps.feed, deps.left) if deps.left else None,
            deps.mailboxes,
        )
        to_imports = TemporalNudger(client, settings.task_queue, watched=imports_queue(settings.task_queue))
        works = [
            *(worker.run() for worker in workers(client, activities, settings)),
            Relay(deps.pool, deps.feed, nudger, letters).run(),
            Relay(deps.pool, deps.feed, to_imports, letters, IMPORTS).run(),
            Sweeper(deps.pool, deps.deadlines, deps.commands, nudger, letters, settings.pace).run(),
        ]
        await _unless(ending, _together(*works))
    finally:
        ending.cancel()


async def connect(address: str, namespace: str) -> Client:
    """A client, as soon as Temporal answers and knows the namespace."""
    wait = FIRST_WAIT
    while True:
        try:
            client = await Client.connect(address, namespace=namespace)
            await TemporalNudger(client, "").identity()
        except (RPCError, RuntimeError) as error:
            log.warning("Temporal does not answer yet (%s), again in %.1f s", type(error).__name__, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
        else:
            return client


def workers(client: Client, activities: Activities, settings: Settings) -> list[Worker]:
    """Temporal's workers, in this one process: that of imports, which stand in a queue of their own, and that
    of everything else."""
    queue, most = settings.task_queue, settings.at_once
    others = [process for process in PROCESSES if process is not ImportRun]
    return [
        _worker(client, activities, queue, others, at_once=most, cached=settings.max_cached_workflows),
        _worker(client, activities, imports_queue(queue), [ImportRun], at_once=IMPORTS_AT_ONCE, cached=100),
    ]


def _worker(
    client: Client,
    activities: Activities,
    queue: str,
    processes: Sequence[type[Process]],
    *,
    at_once: int,
    cached: int,
) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        workflows=processes,
        activities=[
            activities.look,
            activities.carry_out,
            activities.deliver,
            activities.release,
            activities.run_import,
            activities.give_up_import,
            activities.set_aside,
        ],
        # The sandbox would define each run's class again, four tenths of this process's work. Every recorded
        # history replays in it among the tests, our own modules inside.
        workflow_runner=UnsandboxedWorkflowRunner(),
        interceptors=[Discretion()],
        max_cached_workflows=cached,
        max_concurrent_workflow_tasks=TASKS_AT_ONCE,
        max_concurrent_activities=at_once,
        max_concurrent_local_activities=at_once,
        graceful_shutdown_timeout=timedelta(seconds=5),
    )


async def _together(*works: Any) -> None:
    async with asyncio.TaskGroup() as tasks:
        for work in works:
            tasks.create_task(work)


async def _unless(ending: asyncio.Task[Any], work: Any) -> Any:
    """The work's answer; ``None``, the work being cancelled, once it is time to stop."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({ending, task}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        while not task.done():
            # Python 3.11 may lose a cancellation that meets the end of a wait: asked until it is heard.
            task.cancel()
            await asyncio.wait({task}, timeout=1.0)
    return None if task.cancelled() else task.result()
