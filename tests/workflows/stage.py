"""Records, their processes and a Temporal server whose time can be skipped."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from domain.calendar import paris_day
from domain.kernel import Root, kind_of
from domain.mentor.model import Mentor
from domain.mentor.parts import MentorLeaving
from domain.ports import Happened
from domain.training.model import Training
from domain.training.parts import AHEAD
from ledger.codec import topic_of
from ledger.feed import LedgerFeed
from tests.support import START, House, StoppedClock
from workflows.activities import Activities, DomainClock, LedgerClock
from workflows.contracts import NUDGE
from workflows.delivery import Message
from workflows.releasing import LeftBehind, Releasing
from workflows.routing import processes_of_record, queue_of
from workflows.worker import Settings, workers

AT_REST = {
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
}


_NUMBERS = itertools.count(1)


@dataclass
class Outbox:
    """A channel that keeps what it was given; ``before`` may fail first."""

    name: str = "outbox"
    sent: list[Message] = field(default_factory=list)
    before: Callable[[Message], Awaitable[None]] | None = None

    async def send(self, message: Message) -> None:
        if self.before:
            await self.before(message)
        self.sent.append(message)


@dataclass
class Letters:
    """Dead letters in a list: record, step or position, reason."""

    kept: list[tuple[str, str | int | None, str]] = field(default_factory=list)

    async def add(
        self, record_id: str, reason: str, *, position: int | None = None, step: str | None = None
    ) -> None:
        self.kept.append((record_id, step or position, reason))


@dataclass
class FollowedClock:
    """Makes the recorder's clock follow Temporal's, which jumps: ``START`` when the test begins."""

    clock: StoppedClock
    began: datetime

    async def at(self, temporal_now: datetime) -> datetime:
        self.clock.instant = max(self.clock.instant, START + (temporal_now - self.began))
        return self.clock.instant


class LeftInLedger:
    """What associations leave behind, as the read models would tell, by folding everything."""

    def __init__(self, feed: LedgerFeed) -> None:
        self._feed = feed

    async def of(self, association_id: str, position: int, until: datetime) -> LeftBehind:
        records: dict[str, Root | None] = {}
        for one in await self._feed.after(0, 100_000):
            if kind_of(one.record_id) in {"mentor", "training"}:
                records[one.record_id] = one.event.mutate(records.get(one.record_id))
        theirs = [one for one in records.values() if getattr(one, "association_id", "") == association_id]
        return LeftBehind(
            [one.id for one in theirs if isinstance(one, Mentor) and one.is_open],
            [one.id for one in theirs if isinstance(one, Training) and one.status in AHEAD],
            sum(isinstance(one, Mentor) and one.leaving is MentorLeaving.OPERATOR for one in theirs),
        )


class Stage:
    """What a test plays with: a house in memory, and its processes on the given server."""

    def __init__(self, env: WorkflowEnvironment, began: datetime | None, horizon: timedelta) -> None:
        """``began``: the time of a server that skips it. Without it the test moves the house's clock."""
        self.env = env
        self.house = House(clock=StoppedClock())
        self.clock: DomainClock = (
            FollowedClock(self.house.clock, began) if began else LedgerClock(self.house.executor)
        )
        self.outbox = Outbox()
        self.letters = Letters()
        self.nudged: set[str] = set()
        self.queue = f"test-{next(_NUMBERS)}"
        self.feed = LedgerFeed(self.house.recorder)
        self.activities = Activities(
            self.house.executor,
            self.feed,
            self.clock,
            self.outbox,
            self.letters,
            horizon,
            releasing=Releasing(self.house.executor, self.feed, LeftInLedger(self.feed)),
        )

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[Stage]:
        settings = Settings(address="", task_queue=self.queue)
        async with AsyncExitStack() as working:
            for worker in workers(self.env.client, self.activities, settings):
                await working.enter_async_context(worker)
            yield self
            for record_id in self.nudged:
                await self.end(record_id)

    async def end(self, record_id: str) -> None:
        """Terminates the process if it runs: time does not skip past one that no worker serves."""
        with contextlib.suppress(RPCError):
            await self.env.client.get_workflow_handle(record_id).terminate()

    async def nudge(self, record_id: str) -> WorkflowHandle[Any, Any]:
        """Wakes the process, as the relay does. Awaiting the handle's result skips time."""
        self.nudged.add(record_id)
        ((process, _),) = processes_of_record(record_id)
        return await self.env.client.start_workflow(
            process,
            record_id,
            id=record_id,
            task_queue=queue_of(self.queue, process),
            start_signal=NUDGE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )

    async def play(self, record_id: str) -> None:
        """Wakes the process and skips time until it ends."""
        await (await self.nudge(record_id)).result()

    async def skip_to(self, day: int, hours: int = 0) -> None:
        """Lets time pass, for Temporal and for us, until so many days (and hours) after ``START``."""
        left = START + timedelta(days=day, hours=hours) - self.house.clock.instant
        await self.env.sleep(left)
        await self.clock.at(await self.env.get_current_time())

    async def quiet(self, record_id: str) -> None:
        """Waits, time standing still, until the process waits too, or is over: the test server skips no
        more, ever, once asked to while an activity was under way."""
        handle = self.env.client.get_workflow_handle(record_id)

        async def at_rest() -> bool:
            last = (await handle.fetch_history()).events[-1].event_type
            return last in AT_REST

        await until(at_rest)

    async def happened(self, record_id: str) -> list[Happened]:
        return list(await self.feed.of([record_id]))

    async def told(self, record_id: str) -> list[str]:
        """What the system recorded of it, a line an event."""
        return [line(one) for one in await self.happened(record_id) if one.facts["role"] == "system"]


def line(one: Happened) -> str:
    """« 7 ReminderDue signature:1:academie:10:1 »: days in Paris after ``START``, name, key or report."""
    days = (paris_day(one.recorded_at) - paris_day(START)).days
    return f"{days} {name_of(one.event)} {detail(one.event)}".rstrip()


def name_of(event: Root.Event) -> str:
    return topic_of(type(event)).partition(".")[2].partition("@")[0]


def detail(event: Root.Event) -> str:
    """Its key, or which report it is of; never a report that is itself sealed."""
    found = getattr(event, "key", getattr(event, "report", ""))
    return found if isinstance(found, str) else ""


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Waits for something that other tasks bring about; ``TimeoutError`` when they do not."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - other processes too
            await asyncio.sleep(0.02)
