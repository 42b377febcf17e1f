"""Writes the histories that ``test_replay`` replays: ``python -m tests.workflows.record``.

Run it when a process is *meant* to take another course. Histories of processes still running in production
are then no longer replayable: let them end, or patch (``workflow.patched``), before releasing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.convention.commands import Submit
from domain.training.commands import Enrol
from ops.stack.temporal import time_skipping_server
from tests.domain import association_support, mentor_support
from tests.domain.mentor_support import COURSE, MENTOR
from tests.support import FACE
from tests.workflows.stage import Stage
from workflows.activities import NOTHING
from workflows.contracts import Outlook, Step

FOLDER: Final = Path(__file__).parent / "histories"


async def a_year(stage: Stage) -> str:
    return await stage.house.signed("convention-a-year")


async def signatures(stage: Stage) -> str:
    return await stage.house.to_sign("convention-signatures")


async def stuck(stage: Stage) -> str:
    async def broken(*_: object) -> None:
        raise LookupError

    stage.activities._issue = broken  # type: ignore[assignment, method-assign]
    record_id = await stage.house.drafted("convention-stuck")
    await stage.house.do(Submit(record_id=record_id))
    return record_id


async def admission(stage: Stage) -> str:
    """Nobody completes it: it is reminded twice, and lapses."""
    admission_desk(stage).open()
    return FACE


async def assessment(stage: Stage) -> str:
    """Nobody decides: the Drafpic is told, then the insurance ends, is asked again, and the file lapses."""
    admission_desk(stage).completed()
    return FACE


async def candidacy(stage: Stage) -> str:
    """It does not move: it is reminded twice, and lapses."""
    desk(stage).apply()
    return MENTOR


async def handed_over(stage: Stage) -> str:
    """Cleared before anybody looked: onboarding hands over at once."""
    desk(stage).cleared()
    return MENTOR


async def course(stage: Stage) -> str:
    """Told the day before, held, its attendance list asked for."""
    one = desk(stage)
    one.apply()
    one.opened()
    one.do(Enrol(record_id=COURSE, mentor_id=MENTOR))
    return COURSE


async def imported(stage: Stage) -> str:
    """A file carried out, after which nothing is awaited: what is in it, its process never knows."""
    ahead = iter(
        [Outlook(step=Step("import-replayed", "carry_out_import", "carry_out"), kind="carry_out_import")]
    )

    async def carried_out(_: str) -> None:
        return

    stage.activities._outlook = lambda *_: next(ahead, NOTHING)  # type: ignore[method-assign]
    stage.activities._importer = SimpleNamespace(run=carried_out)
    return "import-replayed"


def desk(stage: Stage) -> mentor_support.Desk:
    """The association's, in the house of the stage."""
    found = mentor_support.Desk.__new__(mentor_support.Desk)
    found.house = stage.house
    return found


def admission_desk(stage: Stage) -> association_support.Desk:
    """The académie's, in the same house."""
    found = association_support.Desk.__new__(association_support.Desk)
    found.house = stage.house
    return found


SCENARIOS: Final[tuple[Callable[[Stage], Awaitable[str]], ...]] = (
    a_year,
    signatures,
    stuck,
    admission,
    assessment,
    candidacy,
    handed_over,
    course,
    imported,
)


def _bare(value: Any) -> Any:
    """Without what tells of the machine that recorded it, which replaying does not need."""
    if isinstance(value, dict):
        return {name: _bare(part) for name, part in value.items() if name not in {"identity", "stackTrace"}}
    if isinstance(value, list):
        return [_bare(part) for part in value]
    return value


async def runs_of(env: WorkflowEnvironment, handle: WorkflowHandle[Any, Any]) -> AsyncIterator[Any]:
    """The run, and those that carried on after it under the same id."""
    run_id = handle.result_run_id
    while run_id:
        one = env.client.get_workflow_handle(handle.id, run_id=run_id)
        history = json.loads((await one.fetch_history()).to_json())
        yield history
        last = history["events"][-1].get("workflowExecutionContinuedAsNewEventAttributes", {})
        run_id = last.get("newExecutionRunId")


async def main() -> None:
    path = str(time_skipping_server())
    FOLDER.mkdir(exist_ok=True)
    for scenario in SCENARIOS:
        async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=path) as env:
            stage = Stage(env, await env.get_current_time(), timedelta(days=400))
            await stage.house.open()
            async with stage.playing():
                handle = await stage.nudge(await scenario(stage))
                await handle.result()
                histories = [history async for history in runs_of(env, handle)]
        for number, history in enumerate(histories, start=1):
            text = json.dumps(_bare(history), separators=(",", ":"), sort_keys=True)
            name = scenario.__name__ if number == 1 else f"{scenario.__name__}-{number}"
            (FOLDER / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    asyncio.run(main())
