"""Group commit: the commands that wait in one process are recorded in one transaction (``transaction.py``).

Only the command in conflict is refused, the others go on. A connection lost is settled by event ids.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import psycopg

from ledger import transaction
from ledger.events import StoredEvent
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, Overloaded, VersionConflict
from ledger.transaction import Connection, Pool, Waiting

MOST_WAITING: Final = 1_000
"""Commands that may wait in one process; the next is told to come back."""
MOST_AT_ONCE: Final = 128
"""Commands in one transaction: the lock is held for some milliseconds."""
LINGER: Final = 0.2
"""Seconds that the connection is kept when nobody waits."""
TRIES: Final = 3
"""How often a lost connection is made again to learn what became of the last commit."""
PATIENCE: Final = 3.0
"""Seconds that each of these tries waits for a connection."""


class Writer:
    """The one place of a process from which events are added."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: deque[Waiting] = deque()
        self._some = asyncio.Event()
        self._at_work: asyncio.Task[None] | None = None
        self._standing: transaction.Standing | None = None

    async def append(self, append: Append) -> list[StoredEvent]:
        """Joins the next transaction. Raises ``Overloaded`` at once when too many wait already."""
        if len(self._waiting) >= MOST_WAITING:
            raise Overloaded
        answer: asyncio.Future[list[StoredEvent]] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(append, answer))
        self._some.set()
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self._work(), name="ledger writer")
        return await answer

    async def _work(self) -> None:
        """Until nobody waits any more. A bug is told to whoever waits, and raised."""
        group: list[Waiting] = []
        try:
            while self._waiting:
                try:
                    async with self._pool.connection() as connection:
                        while await self._somebody_waits():
                            group = self._take()
                            await self._record(connection, group)
                            group = []
                except psycopg.OperationalError as lost:
                    if not (group and await self._settled(group)):
                        self._send_away(group, lost)
                    group = []
        except BaseException as bug:
            self._send_away(group, bug if isinstance(bug, Exception) else Overloaded())
            raise

    def _send_away(self, group: Sequence[Waiting], error: Exception) -> None:
        """Whoever waits behind as well: they would wait as long, for nothing."""
        _refuse([*group, *self._waiting], error)
        self._waiting.clear()

    async def _somebody_waits(self) -> bool:
        """Keeps the connection for whoever comes soon: to ask for one costs as much as to use it."""
        if not self._waiting:
            self._some.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._some.wait()
        return bool(self._waiting)

    def _take(self) -> list[Waiting]:
        """Those who wait, as many as go into one transaction; whoever gave up waiting is left out."""
        count = min(len(self._waiting), MOST_AT_ONCE)
        taken = (self._waiting.popleft() for _ in range(count))
        return [waiting for waiting in taken if not waiting.answer.done()]

    async def _record(self, connection: Connection, group: Sequence[Waiting]) -> None:
        """One transaction. What is wrong with one command alone is found by recording it alone."""
        if not group:
            return
        try:
            if not await self._recorded_at_once(connection, group):
                self._standing = await transaction.transact(connection, group)
        except psycopg.errors.LockNotAvailable:
            self._send_away(group, Overloaded())
        except psycopg.OperationalError:
            raise
        except (psycopg.Error, ClaimTaken, transaction.TreeBroken) as error:
            if len(group) == 1:
                group[0].refuse(_meaning(error))
                return
            for part in _parts(group, error):
                await self._record(connection, part)

    async def _recorded_at_once(self, connection: Connection, group: Sequence[Waiting]) -> bool:
        """Tries the way of one round trip: for one event without claims, when this process wrote last."""
        standing, self._standing = self._standing, None
        (one, *others) = group
        if others or one.claims or len(one.append.events) != 1 or not (standing and standing.fresh):
            return False
        self._standing = await transaction.at_once(connection, one, standing)
        return self._standing is not None

    async def _settled(self, group: Sequence[Waiting]) -> bool:
        """The connection was lost: the group was recorded, or was not. Holding the lock, it is decided."""
        for tried in range(1, TRIES + 1):
            with contextlib.suppress(psycopg.OperationalError):
                async with self._pool.connection(timeout=PATIENCE) as connection:
                    await self._again(connection, group)
                    return True
            await asyncio.sleep(0.05 * tried)
        return False

    async def _again(self, connection: Connection, group: Sequence[Waiting]) -> None:
        """Answers those whose events are found as they wrote them; records the others, or refuses them: the
        same id may be another command's, sent under the same key."""
        async with connection.transaction():
            await connection.execute(transaction.LOCK)
            ids = [new.event_id for waiting in group for new in waiting.append.events]
            cursor = await connection.execute(transaction.BY_IDS, (ids,))
            found = {one.event_id: one for one in map(transaction.stored_of, await cursor.fetchall())}
        missing = []
        for waiting in group:
            events = waiting.append.events
            stored = [one for one in (found.get(new.event_id) for new in events) if one]
            if [one.state for one in stored] == [new.state for new in events]:
                waiting.grant(stored)
            else:
                missing.append(waiting)
        if missing:
            await self._record(connection, missing)


def _refuse(group: Sequence[Waiting], error: Exception) -> None:
    for waiting in group:
        waiting.refuse(error)


def _parts(group: Sequence[Waiting], error: Exception) -> Iterator[list[Waiting]]:
    """After a claim was refused: those without claims together, each of the others alone. After anything
    else: each alone.
    """
    alone = [w for w in group if w.claims or not isinstance(error, ClaimTaken)]
    together = [w for w in group if w not in alone]
    if together:
        yield together
    for waiting in alone:
        yield [waiting]


def _meaning(error: Exception) -> Exception:
    """What a command that was alone in its transaction is told. The lock leaves little to the constraints."""
    if not isinstance(error, psycopg.errors.UniqueViolation):
        return error
    if error.diag.constraint_name == "events_event_id_key":
        return AlreadyRecorded()
    return VersionConflict(error.diag.constraint_name)
