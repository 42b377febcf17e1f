"""The way into Temporal, with ids only: signal-with-start or a start; patient while the server is away, and
never far ahead of the workers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Final, Protocol, TypeVar

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from workflows.contracts import NUDGE
from workflows.routing import queue_of

log = logging.getLogger(__name__)

FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 10.0
"""Seconds between two tries while Temporal does not answer."""

AT_ONCE: Final = 32
"""Requests under way at the same time."""

CROWD: Final = 50
"""Processes nudged before one looks how far the workers are, and tasks that may wait for them by then: what
falls due meanwhile waits behind these few, not behind thousands."""

BREATH: Final = 0.2
"""Seconds between two looks at workers that are behind."""
LOOKS: Final = 300
"""After which one goes on: the server's count of what waits is an estimate."""

_CALL: Final = timedelta(seconds=5)
_FOR_GOOD: Final = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.OUT_OF_RANGE})


class Refusing(Exception):
    """Temporal will never accept this one: its id or its input is not valid."""


class Nudger(Protocol):
    async def nudge(self, process: str, record_id: str) -> None:
        """Wakes the record's process, started if need be, once Temporal has it. Raises ``Refusing``."""

    async def start(self, process: str, record_id: str) -> bool:
        """Starts the record's process; one that runs is left alone, and the answer is ``False``. Raises
        ``Refusing``."""

    async def room(self) -> None:
        """Waits until the workers are not far behind."""

    async def identity(self) -> str:
        """Which Temporal answers: another one after its database was lost."""


Wake = Callable[[str, str], Awaitable[object]]
T = TypeVar("T")


class TemporalNudger:
    """``Nudger`` on a client. Every failure is waited out, for ever, except a refusal for good. ``watched``:
    the queue in which there must be room, the ordinary one by default."""

    def __init__(self, client: Client, task_queue: str, *, watched: str = "") -> None:
        self._client = client
        self._task_queue = task_queue
        self._watched = watched or task_queue

    async def nudge(self, process: str, record_id: str) -> None:
        await self._patiently(lambda: self._signal(process, record_id))

    async def start(self, process: str, record_id: str) -> bool:
        return await self._patiently(lambda: self._start(process, record_id))

    async def identity(self) -> str:
        request = DescribeNamespaceRequest(namespace=self._client.namespace)
        service = self._client.workflow_service
        described = await self._patiently(lambda: service.describe_namespace(request, timeout=_CALL))
        return described.namespace_info.id

    async def room(self) -> None:
        for _ in range(LOOKS):
            if await self._waiting() <= CROWD:
                return
            await asyncio.sleep(BREATH)

    async def _waiting(self) -> int:
        """How many tasks of processes no worker has taken yet, as the server estimates."""
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=self._watched),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            report_stats=True,
        )
        service = self._client.workflow_service
        described = await self._patiently(lambda: service.describe_task_queue(request, timeout=_CALL))
        return described.stats.approximate_backlog_count

    async def _signal(self, process: str, record_id: str) -> None:
        await self._client.start_workflow(
            process,
            record_id,
            id=record_id,
            task_queue=queue_of(self._task_queue, process),
            start_signal=NUDGE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            rpc_timeout=_CALL,
        )

    async def _start(self, process: str, record_id: str) -> bool:
        """The answer to a plain start brings the first task with it, when this worker has room for it, and
        the server does half the work for each."""
        try:
            await self._client.start_workflow(
                process,
                record_id,
                id=record_id,
                task_queue=queue_of(self._task_queue, process),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                request_eager_start=True,
                rpc_timeout=_CALL,
            )
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        wait = FIRST_WAIT
        while True:
            try:
                return await call()
            except RPCError as error:
                if error.status in _FOR_GOOD:
                    raise Refusing(error.status.name) from error
                log.warning("Temporal: %s, again in %.1f s", error.status.name, wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)


def start_or_nudge(nudger: Nudger) -> Wake:
    """For a process that most likely does not run and has something to look at: a plain start costs half."""

    async def wake(process: str, record_id: str) -> None:
        if not await nudger.start(process, record_id):
            await nudger.nudge(process, record_id)

    return wake


async def nudge_all(
    nudger: Nudger, wake: Wake, wanted: Iterable[tuple[str, str]], at_once: int = AT_ONCE
) -> dict[tuple[str, str], str]:
    """Wakes each process once, in that order, a bounded number at a time and never far ahead of the workers;
    answers the refused ones with the reason."""
    slots = asyncio.Semaphore(at_once)
    refused: dict[tuple[str, str], str] = {}

    async def one(process: str, record_id: str) -> None:
        async with slots:
            try:
                await wake(process, record_id)
            except Refusing as refusal:
                refused[process, record_id] = f"Refusing:{refusal}"

    each = list(dict.fromkeys(wanted))
    for first in range(0, len(each), CROWD):
        await nudger.room()
        async with asyncio.TaskGroup() as tasks:
            for process, record_id in each[first : first + CROWD]:
                tasks.create_task(one(process, record_id))
    return refused
