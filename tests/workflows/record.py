"""Writes the histories that ``test_replay`` replays: ``python -m tests.workflows.record``.

Run it when a process is *meant* to take another course. Histories of processes still running in production
are then no longer replayable: let them end, or patch (``workflow.patched``), before releasing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from temporalio.testing import WorkflowEnvironment

from domain.convention.commands import Submit
from ops.stack.temporal import time_skipping_server
from tests.workflows.stage import Stage

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


SCENARIOS: Final[tuple[Callable[[Stage], Awaitable[str]], ...]] = (a_year, signatures, stuck)


def _bare(value: Any) -> Any:
    """Without what tells of the machine that recorded it, which replaying does not need."""
    if isinstance(value, dict):
        return {name: _bare(part) for name, part in value.items() if name not in {"identity", "stackTrace"}}
    if isinstance(value, list):
        return [_bare(part) for part in value]
    return value


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
                history = json.loads((await handle.fetch_history()).to_json())
        text = json.dumps(_bare(history), separators=(",", ":"), sort_keys=True)
        (FOLDER / f"{scenario.__name__}.json").write_text(text + "\n")


if __name__ == "__main__":
    asyncio.run(main())
