"""Mentors in onboarding, for whoever needs thousands: half of them are new, half were reminded already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg

from benchmarks import conventions
from domain.commands import Command
from domain.folding import fold
from domain.kernel import SYSTEM, Actor, Root
from domain.mentor.candidacies import Apply
from domain.mentor.parts import Engagement, Occupation, Origin, Person, Profile
from domain.ports import Request
from domain.programme.commands import programme_id
from domain.programme.model import Programme
from domain.registry import waits
from domain.reminding import RecordDelivery, Remind
from ops.compose import House
from ops.settings import Settings

COORDINATOR: Final = Actor(
    "bench-coordinator", "association", frozenset({"public", f"association:{conventions.ASSOCIATION}"})
)
PROGRAMME: Final = programme_id("1j1m")
WAITED: Final = timedelta(days=21)
"""Between the two halves: whoever came first was reminded twice, and has some more days."""
_TOGETHER: Final = 64


async def applied(parts: House, settings: Settings, count: int) -> None:
    """So many candidates, each waiting for a deadline, none of which falls due while one measures.

    The clock of the domain is moved on to November: whatever today is, the holidays are where one knows them.
    """
    ids = [f"mentor-mesure-{number}" for number in range(count)]
    early, late = ids[: count // 2], ids[count // 2 :]
    await _move(settings, _monday_of_november(conventions.today()) - conventions.today())
    await conventions.opened(parts)
    await _each(early, lambda record_id: _apply(parts, record_id))
    await _move(settings, WAITED)
    await _each(early, lambda record_id: _remind(parts, record_id))
    await _each(late, lambda record_id: _apply(parts, record_id))


def _monday_of_november(now: datetime) -> datetime:
    """The second one to come, at nine in UTC: six weeks of school lie ahead."""
    years = (datetime(year, 11, 8, 9, tzinfo=UTC) for year in (now.year, now.year + 1))
    mondays = (day + timedelta(days=-day.weekday() % 7) for day in years)
    return next(monday for monday in mondays if monday > now)


async def _move(settings: Settings, by: timedelta) -> None:
    async with await psycopg.AsyncConnection.connect(settings.dsn_owner, autocommit=True) as connection:
        await connection.execute("UPDATE ledger.clock SET shift = shift + %s", (by,))


async def _each(ids: Sequence[str], step: Callable[[str], Awaitable[None]]) -> None:
    gate = asyncio.Semaphore(_TOGETHER)

    async def one(record_id: str) -> None:
        async with gate:
            await step(record_id)

    async with asyncio.TaskGroup() as tasks:
        for record_id in ids:
            tasks.create_task(one(record_id))


async def _apply(parts: House, record_id: str) -> None:
    person = Person("Camille", "Exemple", f"{record_id}@exemple.test")
    command = Apply(
        record_id=record_id,
        association_id=conventions.ASSOCIATION,
        programme_id=PROGRAMME,
        person=person,
        profile=Profile(Occupation.EMPLOYEE, Engagement.VOLUNTEER),
        channel=Origin.IMPORT,
    )
    await _do(parts, command, COORDINATOR)


async def _remind(parts: House, record_id: str) -> None:
    """The reminder whose time has come, as the record's process would have sent it."""
    record, programme = await _record(parts, record_id), await _record(parts, PROGRAMME)
    if not isinstance(programme, Programme):
        raise TypeError(type(programme))
    now = await parts.executor.now()
    for due in waits(record, lambda _: programme, parts.executor.world, now):
        if due.kind == "remind_file" and due.at <= now:
            await _do(parts, Remind(record_id=record_id, key=due.key), SYSTEM)
            answered = RecordDelivery(record_id=record_id, key=due.key, channel="folder")
            await _do(parts, answered, SYSTEM)


async def _record(parts: House, record_id: str) -> Root:
    record = fold(await parts.feed.of([record_id]))
    if record is None:
        raise LookupError(record_id)
    return record


async def _do(parts: House, command: Command, actor: Actor) -> None:
    await parts.executor.execute(Request(command, actor, f"{command.record_id}:{command.name}"))
