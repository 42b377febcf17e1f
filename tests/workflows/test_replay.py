"""Histories recorded from earlier releases still replay: a process under way survives a new release."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import (
    SandboxedWorkflowRunner,
    SandboxRestrictions,
)

from tests.domain.mentor_support import AWA
from tests.workflows.clocked import Clocked
from tests.workflows.record import FOLDER, SCENARIOS
from workflows.contracts import Outlook, Step
from workflows.process import Process, step
from workflows.worker import PROCESSES

PERSONS = [word for word in (AWA.given_name, AWA.family_name, AWA.email, AWA.phone) if word]
HISTORIES = sorted(FOLDER.glob("*.json"))
SANDBOX = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules("eventsourcing", "domain")
)
"""Refuses a clock, a random number, a file in a process, or in what it stands on in `workflows/`."""


def test_every_scenario_has_its_history() -> None:
    stems = {path.stem.partition("-")[0] for path in HISTORIES}
    assert stems == {scenario.__name__ for scenario in SCENARIOS}


def test_every_process_has_a_history_that_does_something() -> None:
    """A process nobody recorded could change its course without anybody noticing."""
    recorded: dict[str, int] = {}
    for path in HISTORIES:
        began, *rest = _events(path)
        name = began["workflowExecutionStartedEventAttributes"]["workflowType"]["name"]
        steps = sum("activityTaskScheduledEventAttributes" in event for event in rest)
        recorded[name] = recorded.get(name, 0) + steps
    for process in PROCESSES:
        assert recorded.get(process.__name__), f"{process.__name__} has no committed history"
    assert set(recorded) == {process.__name__ for process in PROCESSES}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_it_replays(path: Path) -> None:
    await Replayer(workflows=list(PROCESSES), workflow_runner=SANDBOX).replay_workflow(_history(path))


async def test_a_process_that_reads_the_machine_s_clock_does_not_replay() -> None:
    replayer = Replayer(workflows=[Clocked], workflow_runner=SANDBOX)
    with pytest.raises(RuntimeError, match=r"Cannot access datetime.datetime.now"):
        await replayer.replay_workflow(_history(FOLDER / "signatures.json"))


@workflow.defn(name="ConventionProcess", sandboxed=False)
class _Hasty(Process):
    """A process that waits where the recorded one did not."""

    @workflow.run
    async def run(self, record_id: str) -> None:
        await workflow.sleep(timedelta(days=1))
        await self.follow(record_id)

    @step
    async def remind_signature(self, due: Step) -> Outlook:
        return await self.carry_out(due, "record.remind")


async def test_a_process_that_takes_another_course_does_not_replay() -> None:
    replayer = Replayer(workflows=[_Hasty])
    with pytest.raises(workflow.NondeterminismError):
        await replayer.replay_workflow(_history(FOLDER / "signatures.json"))


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_history_holds_nothing_personal(path: Path) -> None:
    """The signatory of every convention of the tests is called « Prénom Nom », every mentor Awa Diallo;
    payloads are in base64."""
    text = path.read_text()
    payloads = [base64.b64decode(data).decode() for data in re.findall(r'"data":"([^"]*)"', text)]
    assert any(_record(path) in payload for payload in payloads)
    for part in (text, *payloads):
        for word in ("Prénom", "Pr\\u00e9nom", *PERSONS):
            assert word not in part


def _events(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["events"]
    return found


def _record(path: Path) -> str:
    """The id that the process was started with."""
    (argument,) = _events(path)[0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"]
    record_id: str = json.loads(base64.b64decode(argument["data"]))
    return record_id


def _history(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(_record(path), path.read_text())
