"""The way into Temporal, with ids only: signal-with-start or a start; patient while the server is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, Protocol

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from workflows.contracts import NUDGE

log = logging.getLogger(__name__)

FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 10.0
"""Seconds between two tries while Temporal does not answer."""

AT_ONCE: Final = 32
"""Requests under way at the same time."""

_CALL: Final = timedelta(seconds=5)
_FOR_GOOD: Final = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.OUT_OF_RANGE})


class Refusing(Exception):
    """Temporal will never accept this one: its id or its input is not valid."""


class Nudger(Protocol):
    async def nudge(self, process: str, record_id: str) -> None:
        """Wakes the record's process, started if need be, once Temporal has it. Raises ``Refusing``."""

    async def identity(self) -> str:
        """Which Temporal answers: another one after its database was lost."""


class TemporalNudger:
    """``Nudger`` on a client. Every failure is waited out, for ever, except a refusal for good."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def nudge(self, process: str, record_id: str) -> None:
        wait = FIRST_WAIT
        while True:
            try:
                await self._wake(process, record_id)
            except RPCError as error:
                if error.status in _FOR_GOOD:
                    raise Refusing(error.status.name) from error
                wait = await self._patience(error, wait)
            else:
                return

    async def identity(self) -> str:
        wait = FIRST_WAIT
        request = DescribeNamespaceRequest(namespace=self._client.namespace)
        while True:
            try:
                described = await self._client.workflow_service.describe_namespace(request, timeout=_CALL)
            except RPCError as error:
                wait = await self._patience(error, wait)
            else:
                return described.namespace_info.id

    async def _wake(self, process: str, record_id: str) -> None:
        await self._client.start_workflow(
            process,
            record_id,
            id=record_id,
            task_queue=self._task_queue,
            start_signal=NUDGE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            rpc_timeout=_CALL,
        )

    async def _patience(self, error: RPCError, wait: float) -> float:
        log.warning("Temporal: %s, again in %.1f s", error.status.name, wait)
        await asyncio.sleep(wait)
        return min(wait * 2, LONGEST_WAIT)


class TemporalStarter(TemporalNudger):
    """For many processes that most likely do not run, as after Temporal has lost its database: the answer to
    a plain start brings the first task with it, and the server does half the work for each."""

    async def _wake(self, process: str, record_id: str) -> None:
        try:
            await self._client.start_workflow(
                process,
                record_id,
                id=record_id,
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                request_eager_start=True,
                rpc_timeout=_CALL,
            )
        except WorkflowAlreadyStartedError:
            # Over by now, it is not found: tried again, it starts.
            await self._client.get_workflow_handle(record_id).signal(NUDGE, rpc_timeout=_CALL)


async def nudge_all(
    nudger: Nudger, wanted: Iterable[tuple[str, str]], at_once: int = AT_ONCE
) -> dict[tuple[str, str], str]:
    """Nudges each process once, a bounded number at a time; answers the refused ones with the reason."""
    slots = asyncio.Semaphore(at_once)
    refused: dict[tuple[str, str], str] = {}

    async def one(process: str, record_id: str) -> None:
        async with slots:
            try:
                await nudger.nudge(process, record_id)
            except Refusing as refusal:
                refused[process, record_id] = f"Refusing:{refusal}"

    async with asyncio.TaskGroup() as tasks:
        for process, record_id in dict.fromkeys(wanted):
            tasks.create_task(one(process, record_id))
    return refused
