"""The base of every process: it waits for a record's deadlines, and has each step carried out on its day.

It keeps nothing that the record does not know. Started again from the record, by a nudge, it reaches the
same future: any run, or the whole of Temporal, may be lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ClassVar, Final, NoReturn, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from workflows.contracts import (
    CARRY_OUT,
    DELIVER,
    LOOK,
    SET_ASIDE,
    Deed,
    Failure,
    Outlook,
    Question,
    Step,
)

SHORTEST: Final = 1.0
"""Seconds. Temporal fires shorter timers at one second anyway."""

_AGAIN: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=1)
)
"""For ever: the activity itself says when a failure is its own and final, see ``workflows.failures``."""

P = TypeVar("P", bound="Process")
Method = Callable[[P, Step], Awaitable[Outlook]]

_MARK: Final = "__step__"


def step(method: Method[P]) -> Method[P]:
    """Marks a method as a step of the procedure: its name is the kind of the deadline."""
    setattr(method, _MARK, True)
    return method


def steps_of(process: type[Process]) -> frozenset[str]:
    """The kinds of deadline that a process knows how to meet."""
    return frozenset(name for name in dir(process) if hasattr(getattr(process, name), _MARK))


class Process:
    """One run for each record, under the record's id. ``successor``: the process that carries on under the
    same id, once what the record waits for is none of this one's steps."""

    successor: ClassVar[str] = ""

    def __init__(self) -> None:
        self._nudged = False
        self._set_aside: tuple[str, ...] = ()

    @workflow.signal
    def nudge(self) -> None:
        """Something may have changed: look again, and give what was set aside another chance."""
        self._nudged = True
        self._set_aside = ()

    async def follow(self, record_id: str) -> None:
        """Sees to the record until nothing is due within the horizon; the sweeper starts it again then."""
        outlook = await self._look(record_id)
        while outlook.step or outlook.wait_seconds is not None or self._nudged:
            await self._start_afresh_if_long(record_id)
            self._hand_over_if_done(record_id, outlook)
            if outlook.step:
                outlook = await self._take(outlook.step)
            else:
                await self._until_nudged(outlook.wait_seconds)
                outlook = await self._look(record_id)
        # No await may stand between the last look at the nudge and the return, or that nudge is lost.

    # What every record comes to --------------------------------------------------------------

    @step
    async def deliver(self, due: Step) -> Outlook:
        """Whenever a reminder falls due it is sent; if the sending fails, again 1 and 2 days later. What the
        channel answered is recorded."""
        return await self.send(due, "record.record_delivery")

    @step
    async def erase(self, due: Step) -> Outlook:
        """60 months after its end, the personal data that it holds are erased: nothing is due any more."""
        return await self.carry_out(due, "record.erase")

    # What a step may do ----------------------------------------------------------------------

    async def carry_out(self, step: Step, command: str) -> Outlook:
        """Issues the command, once and for all, and looks ahead."""
        return await self._ask(CARRY_OUT, Deed(step, command, self._question(step.record_id)), seconds=30)

    async def send(self, step: Step, command: str) -> Outlook:
        """Sends a message, issues the command that says what became of it, and looks ahead."""
        return await self._ask(DELIVER, Deed(step, command, self._question(step.record_id)), seconds=120)

    # Waiting ---------------------------------------------------------------------------------

    async def _look(self, record_id: str) -> Outlook:
        """Done by whoever runs the process, without asking Temporal: a process that looks and waits costs the
        server one task, not three. Ten thousand of them begin again whenever its database is lost."""
        self._nudged = False
        outlook: Outlook = await workflow.execute_local_activity(
            LOOK,
            self._question(record_id),
            result_type=Outlook,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=_AGAIN,
            local_retry_threshold=timedelta(seconds=5),
        )
        return outlook

    async def _until_nudged(self, seconds: float | None) -> None:
        if self._nudged or seconds is None:
            return
        timeout = timedelta(seconds=max(seconds, SHORTEST))
        try:
            await workflow.wait_condition(lambda: self._nudged, timeout=timeout)
        except TimeoutError:
            return

    async def _take(self, due: Step) -> Outlook:
        if due.kind not in steps_of(type(self)):
            await self._unknown(due)
        method: Callable[[Step], Awaitable[Outlook]] = getattr(self, due.kind)
        try:
            return await method(due)
        except ActivityError as error:
            await self._give_up(due, error)
            return await self._look(due.record_id)

    async def _give_up(self, due: Step, error: ActivityError) -> None:
        """The step fails for a reason of its own: it is set aside, in plain sight, and the rest goes on."""
        cause = error.cause
        reason = cause.type if isinstance(cause, ApplicationError) and cause.type else type(cause).__name__
        workflow.logger.error("%s of %s is set aside: %s", due.key, due.record_id, reason)
        await self._record(Failure(due, reason))
        self._set_aside = (*self._set_aside, due.key)

    async def _unknown(self, due: Step) -> NoReturn:
        await self._record(Failure(due, "UnknownStep"))
        raise ApplicationError(
            f"{type(self).__name__} knows no step « {due.kind} » ({due.record_id})",
            type="UnknownStep",
            non_retryable=True,
        )

    async def _start_afresh_if_long(self, record_id: str) -> None:
        if workflow.info().is_continue_as_new_suggested():
            await workflow.wait_condition(workflow.all_handlers_finished)
            workflow.continue_as_new(record_id)

    def _hand_over_if_done(self, record_id: str, outlook: Outlook) -> None:
        if self.successor and outlook.kind and outlook.kind not in steps_of(type(self)):
            workflow.continue_as_new(args=[record_id], workflow=self.successor)

    # Asking ----------------------------------------------------------------------------------

    def _question(self, record_id: str) -> Question:
        return Question(record_id, workflow.now(), self._set_aside)

    async def _ask(self, activity: str, argument: Any, *, seconds: int) -> Outlook:
        """Every answer looks ahead; a nudge that arrives meanwhile makes it stale, one before does not."""
        self._nudged = False
        outlook: Outlook = await workflow.execute_activity(
            activity,
            argument,
            result_type=Outlook,
            start_to_close_timeout=timedelta(seconds=seconds),
            retry_policy=_AGAIN,
        )
        return outlook

    async def _record(self, failure: Failure) -> None:
        await workflow.execute_activity(
            SET_ASIDE, failure, start_to_close_timeout=timedelta(seconds=30), retry_policy=_AGAIN
        )
