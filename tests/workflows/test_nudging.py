"""Whoever nudges is patient with a Temporal that does not answer, and not with one that refuses for good."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from workflows import nudging
from workflows.nudging import Refusing, TemporalNudger, TemporalStarter, nudge_all


class Server:
    """Fails as told, then accepts."""

    def __init__(self, *failures: RPCStatusCode) -> None:
        self.failures = list(failures)
        self.accepted: list[str] = []
        self.asked = 0

    async def start_workflow(self, process: str, record_id: str, **_: Any) -> None:
        self.asked += 1
        if self.failures:
            raise RPCError("", self.failures.pop(0), b"")
        self.accepted.append(record_id)

    def nudger(self) -> TemporalNudger:
        client = SimpleNamespace(start_workflow=self.start_workflow, namespace="default")
        return TemporalNudger(cast("Client", client), "queue")


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudging, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(nudging, "LONGEST_WAIT", 0.002)


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


class Running:
    """A server on which the process runs already; the first time it ends before the signal comes."""

    def __init__(self, *, ends: bool) -> None:
        self.ends = ends
        self.did: list[str] = []

    async def start_workflow(self, process: str, record_id: str, **options: Any) -> None:
        assert options["id_conflict_policy"] is WorkflowIDConflictPolicy.FAIL
        if self.did != ["ended"]:
            raise WorkflowAlreadyStartedError(record_id, process)
        self.did.append("started")

    def get_workflow_handle(self, record_id: str) -> Running:
        return self

    async def signal(self, name: str, **_: Any) -> None:
        if self.ends:
            self.did.append("ended")
            raise RPCError("", RPCStatusCode.NOT_FOUND, b"")
        self.did.append(name)


@pytest.mark.parametrize(("ends", "did"), [(False, ["nudge"]), (True, ["ended", "started"])])
async def test_a_process_that_runs_is_nudged_by_whoever_meant_to_start_it(ends: bool, did: list[str]) -> None:
    server = Running(ends=ends)
    starter = TemporalStarter(cast("Client", server), "queue")
    await starter.nudge("MentorOnboarding", "mentor-1")
    assert server.did == did


async def test_what_is_refused_for_good_is_told_at_once() -> None:
    server = Server(RPCStatusCode.INVALID_ARGUMENT)
    with pytest.raises(Refusing, match="INVALID_ARGUMENT"):
        await server.nudger().nudge("ConventionProcess", "convention-1")
    assert server.asked == 1


async def test_one_refused_does_not_keep_the_others_from_their_nudge_and_each_has_one() -> None:
    server = Server(RPCStatusCode.INVALID_ARGUMENT)
    wanted = [("ConventionProcess", f"convention-{n % 3}") for n in range(9)]
    refused = await nudge_all(server.nudger(), wanted, at_once=1)
    assert refused == {("ConventionProcess", "convention-0"): "Refusing:INVALID_ARGUMENT"}
    assert server.accepted == ["convention-1", "convention-2"]
