"""What a process has done for it: look at the record, carry a step out, send a message, set a step aside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from temporalio import activity

import domain.association.commands
import domain.convention.commands
import domain.imports.commands
import domain.mentor.commands
import domain.training.commands  # noqa: F401 - a command is found by its name once it is registered
from domain.association.model import Association
from domain.commands import Command, command_types
from domain.erasure import Ground
from domain.folding import fold
from domain.kernel import SYSTEM, DomainError, Due, Root
from domain.ports import Commands, Feed, Importer, Request
from domain.programme.model import Programme
from domain.registry import ProgrammeOf, programme_of_record, waits
from workflows.contracts import (
    CARRY_OUT,
    DELIVER,
    GIVE_UP_IMPORT,
    LOOK,
    RELEASE,
    RUN_IMPORT,
    SET_ASIDE,
    Deed,
    Failure,
    Outlook,
    Question,
    Step,
)
from workflows.dead_letters import DeadLetters
from workflows.delivery import Channel, DeliveryFailed, Recipient
from workflows.failures import StillDue
from workflows.messages import bodies_of, message_of, recipient, reminder_key
from workflows.releasing import Releasing

NOTHING: Final = Outlook()
BEAT: Final = 5.0
"""Seconds between two signs of life of a long activity."""


class DomainClock(Protocol):
    """Domain time, as an activity knows it."""

    async def at(self, temporal_now: datetime) -> datetime:
        """Domain time (UTC) when Temporal's clock says ``temporal_now`` (UTC)."""


class LedgerClock:
    """The ledger's own clock, with its offset, whatever Temporal's says: a step is due by the clock under
    which its command will be decided and recorded. With two clocks a second apart, a process woken on time
    would find its step refused as too early."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def at(self, temporal_now: datetime) -> datetime:
        return await self._commands.now()


class Activities:
    """Bound to what they depend on. They run on the worker's own loop: all they do is wait for the database
    or for a mail server, and a thread for each would only take memory.

    Everything here may be done twice: a command is told by the deadline's key, a message by its reminder's.
    """

    def __init__(
        self,
        commands: Commands,
        feed: Feed,
        clock: DomainClock,
        channel: Channel,
        letters: DeadLetters,
        horizon: timedelta,
        importer: Importer | None = None,
        releasing: Releasing | None = None,
        mailboxes: Mapping[str, str] | None = None,
    ) -> None:
        """``mailboxes``: of the bodies of which no record says it, by their keys (``drafpic:10``)."""
        self._commands = commands
        self._feed = feed
        self._clock = clock
        self._channel = channel
        self._letters = letters
        self._horizon = horizon
        self._importer = importer
        self._releasing = releasing
        self._mailboxes = mailboxes or {}

    @activity.defn(name=LOOK)
    async def look(self, question: Question) -> Outlook:
        """What lies ahead of the record."""
        now = await self._clock.at(question.now)
        _, ahead = await self._load(question.record_id, now)
        return self._outlook(ahead, question, now)

    @activity.defn(name=CARRY_OUT)
    async def carry_out(self, deed: Deed) -> Outlook:
        """Issues the command that the step names. Raises ``StillDue`` when that changed nothing."""
        now = await self._clock.at(deed.question.now)
        facts = {"key": deed.step.key, "ground": Ground.RETENTION}
        return await self._issue(deed, _command(deed, facts), now)

    @activity.defn(name=DELIVER)
    async def deliver(self, deed: Deed) -> Outlook:
        """Sends the reminder that the step names, unless that was done before, and records the answer."""
        now = await self._clock.at(deed.question.now)
        record, ahead = await self._load(deed.step.record_id, now)
        if record is None or not _is_due(deed.step, ahead, now):
            return self._outlook(ahead, deed.question, now)
        key = reminder_key(deed.step.key)
        problem = None
        try:
            bodies = await self._bodies(record, key)
            await self._channel.send(message_of(record, key, ahead, bodies, now))
        except DeliveryFailed as failed:
            problem = failed.problem
        answer = {"key": key, "channel": self._channel.name, "problem": problem}
        return await self._issue(deed, _command(deed, answer), now)

    @activity.defn(name=SET_ASIDE)
    async def set_aside(self, failure: Failure) -> None:
        """Puts a step that cannot be carried out among the dead letters."""
        await self._letters.add(failure.step.record_id, failure.reason, step=failure.step.key)

    @activity.defn(name=RUN_IMPORT)
    async def run_import(self, import_id: str) -> None:
        """Brings an import to its end. A worker that is killed over it is known by its silence."""
        if self._importer is None:
            raise LookupError("this worker was given no importer")
        await _beating(self._importer.run(import_id))

    @activity.defn(name=RELEASE)
    async def release(self, association_id: str) -> None:
        """Ends what an association leaves behind. A worker that is killed over it is known by its silence."""
        if self._releasing is None:
            raise LookupError("this worker was given nothing to release by")
        await _beating(self._releasing.release(association_id))

    @activity.defn(name=GIVE_UP_IMPORT)
    async def give_up_import(self, import_id: str) -> None:
        """Ends an import that could not be carried out, and says so to whoever asked for it."""
        if self._importer is None:
            raise LookupError("this worker was given no importer")
        await self._importer.give_up(import_id)

    async def _issue(self, deed: Deed, command: Command, now: datetime) -> Outlook:
        request = Request(command, SYSTEM, f"{deed.step.record_id}:{deed.step.key}")
        refused: DomainError | None = None
        try:
            await self._commands.execute(request)
        except DomainError as error:
            refused = error
        _, ahead = await self._load(deed.step.record_id, now)
        if _is_due(deed.step, ahead, now):
            raise refused or StillDue(deed.step.key)
        return self._outlook(ahead, deed.question, now)

    async def _load(self, record_id: str, now: datetime) -> tuple[Root | None, list[Due]]:
        """The record and the automatic part of what it waits for, soonest first."""
        record = fold(await self._feed.of([record_id]))
        if record is None:
            return None, []
        found = waits(record, await self._programme(record), self._commands.world, now)
        return record, [due for due in found if due.automatic]

    async def _bodies(self, record: Root, key: str) -> dict[str, Recipient]:
        """Whom the reminder concerns, each as it is known today."""
        keys = bodies_of(record, key)
        ids = [body.removeprefix("association:") for body in keys if body.startswith("association:")]
        known = {i: found for i in ids if isinstance(found := fold(await self._feed.of([i])), Association)}
        world = self._commands.world
        return {body: recipient(body, record, known, world, self._mailboxes) for body in keys}

    async def _programme(self, record: Root) -> ProgrammeOf:
        """The programme whose rules the record follows. A record under none asks for none."""
        programme_id = programme_of_record(record)
        programme = fold(await self._feed.of([programme_id])) if programme_id else None

        def found(_: str) -> Programme:
            if not isinstance(programme, Programme):
                raise TypeError(type(programme))
            return programme

        return found

    def _outlook(self, ahead: list[Due], question: Question, now: datetime) -> Outlook:
        soonest = next((due for due in ahead if due.key not in question.set_aside), None)
        if soonest is None or soonest.at > now + self._horizon:
            return NOTHING
        if soonest.at <= now:
            return Outlook(step=Step(question.record_id, soonest.kind, soonest.key), kind=soonest.kind)
        return Outlook(wait_seconds=(soonest.at - now).total_seconds(), kind=soonest.kind)


async def _beating(work: Awaitable[None]) -> None:
    """Carries a long work out, giving signs of life."""
    beating = asyncio.create_task(_beat())
    try:
        await work
    finally:
        beating.cancel()


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(BEAT)


def _is_due(step: Step, ahead: list[Due], now: datetime) -> bool:
    return any(due.key == step.key and due.at <= now for due in ahead)


def _command(deed: Deed, facts: dict[str, Any]) -> Command:
    """The command that the process names, with those of the facts that it asks for: a process erases on one
    ground only."""
    found = command_types()[deed.command]
    wanted = {each.name for each in fields(found)}
    return found(
        record_id=deed.step.record_id, **{name: fact for name, fact in facts.items() if name in wanted}
    )
