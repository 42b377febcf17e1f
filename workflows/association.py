"""The procedure of an operator: its admission, then the standing of whoever was admitted.

Every delay comes from the programme's rules; the days named below are the defaults, and school days are those
of its académie. Nothing here decides: each step issues a command.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows.contracts import RELEASE, Outlook, Step
from workflows.process import Process, step

LONGEST: Final = timedelta(minutes=30)
"""For whoever had ten thousand mentors, on a machine that has other things to do."""
SILENCE: Final = timedelta(seconds=30)
"""After which a worker that gives no sign of life is taken for dead."""

_AGAIN: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))


@workflow.defn(name="AssociationAdmission")
class AssociationAdmission(Process):
    """One method for each kind of deadline, in the order of an operator's life."""

    @workflow.run
    async def run(self, record_id: str) -> None:
        """Waits for the next deadline, meets it, and again: until nothing is due within the horizon."""
        await self.follow(record_id)

    @step
    async def remind_documents(self, due: Step) -> Outlook:
        """Documents still missing 5 and 10 school days after they were asked, or refused: the operator is
        reminded of each by name."""
        return await self.carry_out(due, "record.remind")

    @step
    async def expire_insurance(self, due: Step) -> Outlook:
        """The day after the last that the insurance covers, a file not decided on lacks it again."""
        return await self.carry_out(due, "association.expire_insurance")

    @step
    async def lapse(self, due: Step) -> Outlook:
        """A file still incomplete 40 school days after its opening lapses."""
        return await self.carry_out(due, "association.lapse")

    @step
    async def remind_reading(self, due: Step) -> Outlook:
        """What arrived is read within 10 school days: the académie is reminded on the last."""
        return await self.carry_out(due, "record.remind")

    @step
    async def escalate_reading(self, due: Step) -> Outlook:
        """The day after, still unread, the Drafpic is told."""
        return await self.carry_out(due, "record.remind")

    @step
    async def remind_assessment(self, due: Step) -> Outlook:
        """A file that was handed in whole is decided on within 10 school days, those of its reading included:
        the académie is reminded on the last."""
        return await self.carry_out(due, "record.remind")

    @step
    async def escalate_assessment(self, due: Step) -> Outlook:
        """The day after, still without a decision, the Drafpic is told. Only a person decides."""
        return await self.carry_out(due, "record.remind")

    @step
    async def alert_insurance(self, due: Step) -> Outlook:
        """30 days before the insurance ends, and the day after it did: from then on, no new binôme."""
        return await self.carry_out(due, "record.remind")

    @step
    async def alert_entitlement(self, due: Step) -> Outlook:
        """60 and 30 days before the end of an award or an approval, each by itself."""
        return await self.carry_out(due, "record.remind")

    @step
    async def release_mentors(self, due: Step) -> Outlook:
        """As soon as it left, was refused, lapsed or was erased, the records of its mentors end with it, and
        its courses ahead are called off."""
        await workflow.execute_activity(
            RELEASE,
            due.record_id,
            start_to_close_timeout=LONGEST,
            heartbeat_timeout=SILENCE,
            retry_policy=_AGAIN,
        )
        return await self._look(due.record_id)
