"""Whoever nudges is patient with a Temporal that does not answer, and not with one that refuses for good."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.api.taskqueue.v1 import TaskQueueStats
from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from workflows import nudging
from workflows.contracts import NUDGE
from workflows.nudging import CROWD, Refusing, TemporalNudger, nudge_all, start_or_nudge


class Server:
    """Fails as told, then accepts."""

    def __init__(self, *failures: RPCStatusCode) -> None:
        self.failures = list(failures)
        self.accepted: list[str] = []
        self.asked = 0
        self.queues: list[str] = []
        self.waiting: list[int] = []
        self.looks: list[int] = []

    async def start_workflow(self, process: str, record_id: str, task_queue: str = "", **_: Any) -> None:
        self.asked += 1
        self.queues.append(task_queue)
        if self.failures:
            raise RPCError("", self.failures.pop(0), b"")
        self.accepted.append(record_id)

    async def describe_task_queue(self, *_: Any, **__: Any) -> DescribeTaskQueueResponse:
        """How many tasks wait: as told, else none. Notes how many processes had been woken by then."""
        self.looks.append(len(self.accepted))
        waiting = self.waiting.pop(0) if self.waiting else 0
        return DescribeTaskQueueResponse(stats=TaskQueueStats(approximate_backlog_count=waiting))

    def nudger(self) -> TemporalNudger:
        service = SimpleNamespace(describe_task_queue=self.describe_task_queue)
        client = SimpleNamespace(
            start_workflow=self.start_workflow, namespace="default", workflow_service=service
        )
        return TemporalNudger(cast("Client", client), "queue")


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudging, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(nudging, "LONGEST_WAIT", 0.002)
    monkeypatch.setattr(nudging, "BREATH", 0.001)


@pytest.mark.parametrize(
    "status",
    [
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.NOT_FOUND,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.PERMISSION_DENIED,
    ],
)
async def test_what_may_pass_is_waited_out_however_long(status: RPCStatusCode) -> None:
    server = Server(*[status] * 50)
    await server.nudger().nudge("ConventionProcess", "convention-1")
    assert server.accepted == ["convention-1"]
    assert server.asked == 51


class Running(Server):
    """A server on which the process runs already."""

    async def start_workflow(
        self, process: str, record_id: str, task_queue: str = "", **options: Any
    ) -> None:
        if options["id_conflict_policy"] is WorkflowIDConflictPolicy.FAIL:
            raise WorkflowAlreadyStartedError(record_id, process)
        assert options["start_signal"] == NUDGE
        await super().start_workflow(process, record_id)


async def test_a_process_that_runs_is_left_alone_by_whoever_only_meant_to_start_it() -> None:
    server = Running()
    assert not await server.nudger().start("MentorOnboarding", "mentor-1")
    assert server.accepted == []


async def test_a_process_that_runs_is_nudged_by_whoever_has_something_to_tell_it() -> None:
    server = Running()
    await start_or_nudge(server.nudger())("MentorOnboarding", "mentor-1")
    assert server.accepted == ["mentor-1"]


async def test_an_import_stands_in_a_queue_of_its_own() -> None:
    server = Server()
    for process, record_id in (("ImportRun", "import-1"), ("MentorOnboarding", "mentor-1")):
        await server.nudger().nudge(process, record_id)
        await server.nudger().start(process, record_id)
    assert server.queues == ["queue-imports"] * 2 + ["queue"] * 2


async def test_nobody_nudges_far_ahead_of_the_workers() -> None:
    server = Server()
    server.waiting = [0, 500, CROWD + 1, CROWD]  # as the server says at each look
    wanted = [("ConventionProcess", f"convention-{n}") for n in range(CROWD * 2)]
    nudger = server.nudger()
    await nudge_all(nudger, nudger.nudge, wanted)
    assert server.looks == [0, CROWD, CROWD, CROWD]
    assert len(server.accepted) == CROWD * 2


async def test_a_server_that_miscounts_does_not_stop_the_nudges_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nudging, "LOOKS", 3)
    server = Server()
    server.waiting = [500] * 3
    nudger = server.nudger()
    await nudge_all(nudger, nudger.nudge, [("ConventionProcess", "convention-1")])
    assert server.accepted == ["convention-1"]


async def test_what_is_refused_for_good_is_told_at_once() -> None:
    server = Server(RPCStatusCode.INVALID_ARGUMENT)
    with pytest.raises(Refusing, match="INVALID_ARGUMENT"):
        await server.nudger().nudge("ConventionProcess", "convention-1")
    assert server.asked == 1


async def test_one_refused_does_not_keep_the_others_from_their_nudge_and_each_has_one() -> None:
    server = Server(RPCStatusCode.INVALID_ARGUMENT)
    wanted = [("ConventionProcess", f"convention-{n % 3}") for n in range(9)]
    nudger = server.nudger()
    refused = await nudge_all(nudger, nudger.nudge, wanted, at_once=1)
    assert refused == {("ConventionProcess", "convention-0"): "Refusing:INVALID_ARGUMENT"}
    assert server.accepted == ["convention-1", "convention-2"]
