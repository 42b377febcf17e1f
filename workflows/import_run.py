"""The procedure of an import: carried out as a whole, as soon as it is there; erased a month later.

Nothing here decides. A worker that dies over a file leaves nothing of it behind, and another begins again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from workflows.contracts import GIVE_UP_IMPORT, RUN_IMPORT, Outlook, Step
from workflows.process import Process, step

LONGEST: Final = timedelta(minutes=30)
"""For the largest file, on a machine that has other things to do: a try takes some twenty seconds for ten
thousand lines."""
SILENCE: Final = timedelta(seconds=30)
"""After which a worker that gives no sign of life is taken for dead."""

_AGAIN: Final = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=1))


@workflow.defn(name="ImportRun")
class ImportRun(Process):
    """One method for each kind of deadline, in the order of an import's life."""

    @workflow.run
    async def run(self, record_id: str) -> None:
        """Waits for the next deadline, meets it, and again: until nothing is due within the horizon."""
        await self.follow(record_id)

    @step
    async def carry_out_import(self, due: Step) -> Outlook:
        """At once: every line is checked and tried, then all are recorded, or none. What keeps failing for a
        reason of its own ends as faulty, its report says so, and it is set aside in plain sight."""
        try:
            await workflow.execute_activity(
                RUN_IMPORT,
                due.record_id,
                start_to_close_timeout=LONGEST,
                heartbeat_timeout=SILENCE,
                retry_policy=_AGAIN,
            )
        except ActivityError:
            await workflow.execute_activity(
                GIVE_UP_IMPORT, due.record_id, start_to_close_timeout=SILENCE, retry_policy=_AGAIN
            )
            raise
        return await self._look(due.record_id)
