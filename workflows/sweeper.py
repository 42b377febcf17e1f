"""Wakes every record that has something due before the horizon: reconciler, rebuild and scheduler in one.

Outside Temporal, so that nothing rests on Temporal remembering: a process that completed because its next
deadline was far, a nudge that was lost, a server whose database was lost, rules that moved a deadline, the
clock of a demonstration: all come to the same, a record whose deadline has not been swept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from workflows.dead_letters import DeadLetters
from workflows.leading import SWEEPER_LOCK, Connection, Pool, leading, move, notified
from workflows.nudging import Nudger, Wake, nudge_all, start_or_nudge
from workflows.routing import Unroutable, processes_of_record

log = logging.getLogger(__name__)

NAME: Final = "sweeper"
ALIVE: Final = "worker"
CHANNEL: Final = "sweep"
WATCH: Final = 2.0
"""Seconds between two looks at which Temporal answers, and two signs of life in ``process.tracking``."""


class Deadlines(Protocol):
    async def due_before(self, until: datetime) -> Sequence[tuple[str, datetime]]:
        """The soonest automatic deadline of each record that has one before ``until`` (UTC, domain time)."""


class Now(Protocol):
    async def now(self) -> datetime:
        """Domain time, UTC."""


@dataclass(frozen=True)
class Pace:
    """``every`` (seconds) between two sweeps; ``horizon``, how far they look; ``grace``, how long a deadline
    may stay overdue before its record is nudged again."""

    every: float = 60.0
    horizon: timedelta = timedelta(days=400)
    grace: timedelta = timedelta(minutes=10)


@dataclass
class Memory:
    """What has been swept at which deadline, and when (domain time); of which Temporal."""

    temporal: str = ""
    swept: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def forget(self) -> None:
        self.swept.clear()

    def wants(self, record_id: str, at: datetime, now: datetime, grace: timedelta) -> bool:
        """New, moved, or overdue for too long since it was last swept."""
        if record_id not in self.swept:
            return True
        known_at, swept_at = self.swept[record_id]
        return at != known_at or max(at, swept_at) + grace <= now

    def presses(self, record_id: str, at: datetime, now: datetime) -> bool:
        """Whether a process that runs must look again: it would come too late, or has not come."""
        known_at, _ = self.swept.get(record_id, (at, now))
        return at <= now or at < known_at

    def keep(self, due: Sequence[tuple[str, datetime]], nudged: set[str], now: datetime) -> None:
        """Remembers what was nudged, and only records that still wait for something."""
        kept = {record_id: self.swept[record_id] for record_id, _ in due if record_id in self.swept}
        self.swept = kept | {record_id: (at, now) for record_id, at in due if record_id in nudged}


class Sweeper:
    """The periodic sweep. Only one worker leads; a new leader begins by sweeping everything."""

    def __init__(
        self, pool: Pool, deadlines: Deadlines, clock: Now, nudger: Nudger, letters: DeadLetters, pace: Pace
    ) -> None:
        self._pool = pool
        self._deadlines = deadlines
        self._clock = clock
        self._nudger = nudger
        self._letters = letters
        self._pace = pace
        self._memory = Memory()

    async def run(self) -> None:
        """For ever, or until the database fails. ``NOTIFY sweep`` asks for a whole one now."""
        async with leading(self._pool, SWEEPER_LOCK, CHANNEL) as connection:
            await move(connection, NAME, 0, await self.sweep())
            while True:
                if await self._asked(connection):
                    await move(connection, NAME, 0, await self.sweep(asked=True))
                else:
                    await self.sweep()

    async def _asked(self, connection: Connection) -> bool:
        """Until a whole sweep is asked for, or (``False``) the next one is due: at once for another Temporal,
        which remembers nothing. Leaves a sign of life on the way."""
        left = self._pace.every
        while left > 0:
            await move(connection, ALIVE, 0)
            if await notified(connection, min(left, WATCH)):
                return True
            left -= WATCH
            if await self._nudger.identity() != self._memory.temporal:
                return False
        return False

    async def sweep(self, *, asked: bool = False) -> datetime:
        """One sweep; answers the domain time (UTC) at which it looked.

        A process that runs knows its deadlines: it is left alone, for a nudge costs it a look. Those whose
        deadline has passed or come nearer must look; all must when a whole sweep was ``asked`` for, as after
        the clock has been moved, which no timer knows of.
        """
        await self._recognise()
        now = await self._clock.now()
        due = await self._deadlines.due_before(now + self._pace.horizon)
        memory, grace = self._memory, self._pace.grace
        wanted = [one for one in due if asked or memory.wants(*one, now, grace)]
        pressing = {record_id for record_id, at in wanted if asked or memory.presses(record_id, at, now)}
        swept = [record_id for record_id, _ in wanted]
        await self._wake(start_or_nudge(self._nudger), [one for one in swept if one in pressing])
        await self._wake(self._nudger.start, [one for one in swept if one not in pressing])
        memory.keep(due, set(swept), now)
        if swept:
            log.info("swept %d of %d records, %d pressing", len(swept), len(due), len(pressing))
        return now

    async def _wake(self, wake: Wake, records: Sequence[str]) -> None:
        processes = [process for record_id in records for process in await self._route(record_id)]
        for (_, record_id), reason in (await nudge_all(self._nudger, wake, processes)).items():
            await self._letters.add(record_id, reason)

    async def _recognise(self) -> None:
        identity = await self._nudger.identity()
        if self._memory.temporal and identity != self._memory.temporal:
            log.warning("Temporal has been replaced: everything is swept again")
            self._memory.forget()
        self._memory.temporal = identity

    async def _route(self, record_id: str) -> list[tuple[str, str]]:
        try:
            return processes_of_record(record_id)
        except Unroutable as error:
            await self._letters.add(record_id, f"Unroutable:{error}")
            return []


async def nudge_due(pool: Pool, clock: Now) -> None:
    """Asks for a whole sweep now, as after moving the domain clock, and waits for its end: for ever when no
    worker runs, so call it under ``asyncio.timeout``."""
    asked = await clock.now()
    async with pool.connection() as connection:
        await connection.execute(f"NOTIFY {CHANNEL}")
        while not await _swept_since(connection, asked):  # noqa: ASYNC110 - another process sweeps
            await asyncio.sleep(0.02)


async def _swept_since(connection: Connection, asked: datetime) -> bool:
    cursor = await connection.execute(
        "SELECT 1 FROM process.tracking WHERE name = %s AND at >= %s", (NAME, asked)
    )
    return await cursor.fetchone() is not None
