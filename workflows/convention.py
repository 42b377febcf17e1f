"""The procedure of a convention, from its review to the last report it owes.

Every delay comes from the programme's rules, counted in the académie's calendar where the rule says school
days; the days named below are the defaults. Between two steps the process waits. Nothing here decides: each
step issues a command, and the record does what is still to be done, once.
"""

from __future__ import annotations

from temporalio import workflow

from workflows.contracts import Outlook, Step
from workflows.process import Process, step


@workflow.defn(name="ConventionProcess")
class ConventionProcess(Process):
    """One method for each kind of deadline, in the order of a convention's life."""

    @workflow.run
    async def run(self, record_id: str) -> None:
        """Waits for the next deadline, meets it, and again: until nothing is due within the horizon."""
        await self.follow(record_id)

    @step
    async def remind_review(self, due: Step) -> Outlook:
        """A text submitted for review and still unread after 10 school days: its reader is reminded."""
        return await self.carry_out(due, "record.remind")

    @step
    async def remind_signature(self, due: Step) -> Outlook:
        """A party that has not signed is reminded 7, 14 and 30 days after the text was sent to it.
        Then nothing: no convention is abandoned but by a person."""
        return await self.carry_out(due, "record.remind")

    @step
    async def enter_into_force(self, due: Step) -> Outlook:
        """Signed by all, it comes into force on the day that its text says, or that of the last signature."""
        return await self.carry_out(due, "convention.enter_into_force")

    @step
    async def alert_end(self, due: Step) -> Outlook:
        """180, 90 and 30 days before its term, all parties are told, unless it is denounced or renewed."""
        return await self.carry_out(due, "record.remind")

    @step
    async def ask_report(self, due: Step) -> Outlook:
        """30 days before it is due, the bilan of the school year (30 June) or the financial report (six
        months after the year's end) is asked of the operators."""
        return await self.carry_out(due, "record.remind")

    @step
    async def report_overdue(self, due: Step) -> Outlook:
        """A report not received on its day is overdue from the next one, for everybody to see."""
        return await self.carry_out(due, "convention.mark_report_overdue")

    @step
    async def remind_report(self, due: Step) -> Outlook:
        """An overdue report is asked for again 10 and 20 school days after its day."""
        return await self.carry_out(due, "record.remind")

    @step
    async def end(self, due: Step) -> Outlook:
        """Its last day, or that of a notice, has passed: it is renewed if its successor is signed, expired if
        not, terminated if notice was given."""
        return await self.carry_out(due, "convention.end")
