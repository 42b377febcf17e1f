"""The procedure of a training course, from the day before it to its attendance list."""

from __future__ import annotations

from temporalio import workflow

from workflows.contracts import Outlook, Step
from workflows.process import Process, step


@workflow.defn(name="TrainingCourse")
class TrainingCourse(Process):
    """One method for each kind of deadline, in the order of a course's life."""

    @workflow.run
    async def run(self, record_id: str) -> None:
        """Waits for the next deadline, meets it, and again: until nothing is due within the horizon."""
        await self.follow(record_id)

    @step
    async def remind_course(self, due: Step) -> Outlook:
        """The day before, the association is told how many are expected."""
        return await self.carry_out(due, "record.remind")

    @step
    async def remind_promotion(self, due: Step) -> Outlook:
        """Somebody who waited has a place: the association is told, so that they know it."""
        return await self.carry_out(due, "record.remind")

    @step
    async def hold(self, due: Step) -> Outlook:
        """Its last day has passed and nobody cancelled it: it was held."""
        return await self.carry_out(due, "training.hold")

    @step
    async def remind_attendance(self, due: Step) -> Outlook:
        """Who was present is noted within 5 school days; after that, the association is reminded."""
        return await self.carry_out(due, "record.remind")
