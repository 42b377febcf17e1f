"""A process that does what none may: apart, because a sandbox loads a process's file anew."""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from workflows.contracts import Outlook, Step
from workflows.process import Process, step


@workflow.defn(name="ConventionProcess")
class Clocked(Process):
    """Reads the clock of the machine: another one at each replay."""

    @workflow.run
    async def run(self, record_id: str) -> None:
        if datetime.now().year > 2000:
            await self.follow(record_id)

    @step
    async def remind_signature(self, due: Step) -> Outlook:
        return await self.carry_out(due, "record.remind")
