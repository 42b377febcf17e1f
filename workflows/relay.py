"""Follows the ledger and nudges the processes that each event concerns.

At least once: the position moves after Temporal has everything before it. A nudge too many only makes a
process look again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eventsourcing.utils import TopicError

from domain.ports import Feed, Happened
from workflows.dead_letters import DeadLetters
from workflows.leading import IMPORTS_LOCK, RELAY_LOCK, Connection, Pool, leading, move, notified, position_of
from workflows.nudging import Nudger, nudge_all, start_or_nudge
from workflows.routing import Unroutable, is_import, processes_of

log = logging.getLogger(__name__)

CHANNEL: Final = "ledger"
BATCH: Final = 500
POLL: Final = 1.0
"""Seconds. A notification may be missed; a poll is not."""

_UNREADABLE: Final = (TopicError, ValueError, TypeError, LookupError, AttributeError)
"""What the feed raises for an event that this release cannot read."""


@dataclass(frozen=True)
class Lane:
    """A follower of its own: by what name its position is kept, and whether it is that of imports."""

    name: str
    lock: int
    imports: bool


EVERY: Final = Lane("relay", RELAY_LOCK, imports=False)
IMPORTS: Final = Lane("relay-imports", IMPORTS_LOCK, imports=True)
"""It overtakes: it passes on imports and nothing else, while the other is still at ten thousand mentors."""


class Relay:
    """The follower. Only one leads a lane at a time; the others wait to take over."""

    def __init__(
        self, pool: Pool, feed: Feed, nudger: Nudger, letters: DeadLetters, lane: Lane = EVERY
    ) -> None:
        self._lane = lane
        self._pool = pool
        self._feed = feed
        self._nudger = nudger
        self._letters = letters

    async def run(self) -> None:
        """For ever, or until the database fails: the supervisor then starts the worker again."""
        async with leading(self._pool, self._lane.lock, CHANNEL) as connection:
            position = await position_of(connection, self._lane.name)
            log.info("%s from position %d", self._lane.name, position)
            while True:
                reached = await self.pass_on(connection, position)
                if reached == position:
                    await notified(connection, POLL)
                position = reached

    async def pass_on(self, connection: Connection, position: int) -> int:
        """Passes on a batch behind ``position``; answers the position reached."""
        events, reached = await self._read(position)
        wanted = await self._route(events)
        born = {happened.record_id for happened in events if happened.version == 1}
        new = [one for one in wanted if one[1] in born]
        known = [one for one in wanted if one[1] not in born]
        refused = await nudge_all(self._nudger, self._nudger.nudge, known)
        refused |= await nudge_all(self._nudger, start_or_nudge(self._nudger), new)
        for (process, record_id), reason in refused.items():
            await self._set_aside(record_id, wanted[process, record_id], reason)
        if reached > position:
            await move(connection, self._lane.name, reached)
        return reached

    async def _read(self, position: int) -> tuple[Sequence[Happened], int]:
        """The next events and the position of the last. One that cannot be read comes alone, as nothing."""
        try:
            events = await self._feed.after(position, BATCH)
        except _UNREADABLE:
            return await self._read_one(position)
        return events, events[-1].position if events else position

    async def _read_one(self, position: int) -> tuple[Sequence[Happened], int]:
        try:
            return await self._feed.after(position, 1), position + 1
        except _UNREADABLE as error:
            await self._set_aside("", position + 1, type(error).__name__)
            return (), position + 1

    async def _route(self, events: Sequence[Happened]) -> dict[tuple[str, str], int]:
        """The processes to nudge, each once, with the position of the last event that concerns it."""
        wanted: dict[tuple[str, str], int] = {}
        for happened in events:
            try:
                processes = [one for one in processes_of(happened) if is_import(one[0]) is self._lane.imports]
                wanted |= dict.fromkeys(processes, happened.position)
            except Unroutable as error:
                await self._set_aside(happened.record_id, happened.position, f"Unroutable:{error}")
        return wanted

    async def _set_aside(self, record_id: str, position: int, reason: str) -> None:
        """Both lanes meet it, at the same position: it counts as one."""
        log.error("event %d (%s) is set aside: %s", position, record_id, reason)
        await self._letters.add(record_id, reason, position=position)
