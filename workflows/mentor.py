"""The two procedures of a mentor: onboarding, until they are cleared; then their standing.

Every delay comes from the programme's rules; the days named below are the defaults. Nothing here decides:
each step issues a command.
"""

from __future__ import annotations

from typing import ClassVar

from temporalio import workflow

from workflows.contracts import Outlook, Step
from workflows.process import Process, step


@workflow.defn(name="MentorOnboarding")
class MentorOnboarding(Process):
    """From candidacy to clearance. What comes after is the standing's."""

    successor: ClassVar[str] = "MentorStanding"

    @workflow.run
    async def run(self, record_id: str) -> None:
        """Waits for the next deadline, meets it, and again: until nothing is due within the horizon."""
        await self.follow(record_id)

    @step
    async def remind_file(self, due: Step) -> Outlook:
        """A file that has not moved for 5, then 10 school days: the association is reminded of what it
        lacks."""
        return await self.carry_out(due, "record.remind")

    @step
    async def lapse(self, due: Step) -> Outlook:
        """After 25 school days without any progress the candidacy lapses."""
        return await self.carry_out(due, "mentor.lapse")

    @step
    async def remind_idle(self, due: Step) -> Outlook:
        """A complete file that has not come nearer to its clearance for 11 months: the association is told to
        go on, to refuse, or to note that they left."""
        return await self.carry_out(due, "record.remind")

    @step
    async def lapse_idle(self, due: Step) -> Outlook:
        """After 12 months it lapses too."""
        return await self.carry_out(due, "mentor.lapse")


@workflow.defn(name="MentorStanding")
class MentorStanding(Process):
    """From clearance to leaving: the check is renewed every 12 months, the training every 24."""

    @workflow.run
    async def run(self, record_id: str) -> None:
        """Waits for the next deadline, meets it, and again: until nothing is due within the horizon."""
        await self.follow(record_id)

    @step
    async def alert_check(self, due: Step) -> Outlook:
        """60 and 30 days before the check ends, the association is told to renew it."""
        return await self.carry_out(due, "record.remind")

    @step
    async def suspend_overdue(self, due: Step) -> Outlook:
        """The day after, without a new one, the mentor is suspended; a new check lifts it by itself."""
        return await self.carry_out(due, "mentor.suspend_overdue")

    @step
    async def alert_certificate(self, due: Step) -> Outlook:
        """60 and 30 days before the training ends to count. Expired, it suspends nobody: no new binôme."""
        return await self.carry_out(due, "record.remind")

    @step
    async def leave_course(self, due: Step) -> Outlook:
        """Whoever left, lapsed, was refused, merged or erased gives back each place in a course to come."""
        return await self.carry_out(due, "training.leave")
