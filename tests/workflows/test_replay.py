"""Histories recorded from earlier releases still replay: a process under way survives a new release."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from tests.workflows.record import FOLDER, SCENARIOS
from workflows.contracts import Outlook, Step
from workflows.process import Process, step
from workflows.worker import PROCESSES, sandbox

HISTORIES = sorted(FOLDER.glob("*.json"))


def test_every_scenario_has_its_history() -> None:
    assert {path.stem for path in HISTORIES} == {scenario.__name__ for scenario in SCENARIOS}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_it_replays(path: Path) -> None:
    await Replayer(workflows=list(PROCESSES), workflow_runner=sandbox()).replay_workflow(_history(path))


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
    """The signatory of every convention of the tests is called « Prénom Nom »; payloads are in base64."""
    text = path.read_text()
    payloads = [base64.b64decode(data).decode() for data in re.findall(r'"data":"([^"]*)"', text)]
    assert any(path.stem.replace("_", "-") in payload for payload in payloads)
    for part in (text, *payloads):
        assert "Prénom" not in part
        assert "Pr\\u00e9nom" not in part


def _history(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"convention-{path.stem.replace('_', '-')}", path.read_text())
