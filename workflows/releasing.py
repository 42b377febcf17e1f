"""What an association that is out of the scheme leaves behind: its mentors are released, its courses ahead
called off. A thousand of them, some at a time; whatever kills it, the next try goes on with those left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from domain.association.commands import ConcludeRelease
from domain.association.ending import last_end
from domain.calendar import paris_day
from domain.commands import Command
from domain.kernel import SYSTEM
from domain.mentor.commands import Release
from domain.ports import Commands, Feed, Request
from domain.training.commands import CallOff

AT_ONCE: Final = 16
"""Commands under way together: the ledger writes them in one transaction."""


@dataclass(frozen=True)
class LeftBehind:
    """By their ids: mentors whose records are open, and courses ahead. ``released``: how many mentors were
    released already, by a try that did not come to its end."""

    mentors: Sequence[str]
    courses: Sequence[str]
    released: int = 0


class LeftBehindBy(Protocol):
    async def of(self, association_id: str, position: int, until: datetime) -> LeftBehind:
        """What the association had at ``until`` (UTC), its end, which was recorded at ``position``: waits
        until the read models have come that far."""


class Releasing:
    """Whoever carries it out. Done twice it changes nothing: a command is told by its record and the end."""

    def __init__(self, commands: Commands, feed: Feed, left: LeftBehindBy) -> None:
        self._commands = commands
        self._feed = feed
        self._left = left

    async def release(self, association_id: str) -> None:
        """Ends what the association leaves behind, dated by its own last day, then says that it is done."""
        end = last_end(await self._feed.of([association_id]))
        if end is None:
            return
        found = await self._left.of(association_id, end.position, end.recorded_at)
        on = paris_day(end.effective_at)
        asked: list[Command] = [Release(record_id=one, on=on) for one in found.mentors]
        asked += [CallOff(record_id=one) for one in found.courses]
        for together in _some_at_a_time(asked):
            await asyncio.gather(*(self._execute(one, end.position) for one in together))
        done = ConcludeRelease(record_id=association_id, mentors=found.released + len(found.mentors))
        await self._execute(done, end.position)

    async def _execute(self, command: Command, end: int) -> None:
        await self._commands.execute(Request(command, SYSTEM, f"{command.record_id}:release:{end}"))


def _some_at_a_time(asked: Sequence[Command]) -> Iterator[Sequence[Command]]:
    for first in range(0, len(asked), AT_ONCE):
        yield asked[first : first + AT_ONCE]
