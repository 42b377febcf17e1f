"""Group commit: the commands waiting in one process are recorded in one transaction.

A transaction is two round trips: begin, lock, what the commands rest on; then the events, the tree, notify
and commit. Claims, when there are any, add one. Only the command in conflict is refused, the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from ledger import merkle
from ledger.events import StoredEvent, placed
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, Overloaded, VersionConflict

APPEND_LOCK: Final = 7_305_001
"""Key of the advisory lock that orders every append. It is never held across a decision."""
CHANNEL: Final = "ledger"
MOST_WAITING: Final = 1_000
"""Commands that may wait in one process; the next is told to come back."""
MOST_AT_ONCE: Final = 128
"""Commands in one transaction: the lock is held for some milliseconds."""
LOCK_TIMEOUT: Final = "5s"
LINGER: Final = 0.2
"""Seconds that the connection is kept when nobody waits."""
TRIES: Final = 3
"""How often a lost connection is made again to learn what became of the last commit."""
PATIENCE: Final = 3.0
"""Seconds that each of these tries waits for a connection."""

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
Connection = AsyncConnection[TupleRow]

COLUMNS: Final = (
    "position, event_id, record_id, version, topic, state, metadata, effective_at, recorded_at, "
    "commitment, text_commitment, leaf"
)
BY_IDS: Final = f"SELECT {COLUMNS} FROM ledger.events WHERE event_id = ANY(%s) ORDER BY position"  # noqa: S608

_LOCK: Final = f"""
SELECT set_config('lock_timeout', '{LOCK_TIMEOUT}', true),
       set_config('plan_cache_mode', 'force_generic_plan', true), pg_advisory_xact_lock({APPEND_LOCK})"""
_HEAD: Final = """
SELECT coalesce(h.position, 0), greatest(clock_timestamp() + c.shift, h.recorded_at), t.size, t.edge,
       ARRAY(SELECT coalesce((SELECT e.version FROM ledger.events e
                              WHERE e.record_id = r.id ORDER BY e.version DESC LIMIT 1), 0)
             FROM unnest(%s::text[]) WITH ORDINALITY AS r(id, n) ORDER BY n),
       ARRAY(SELECT event_id FROM ledger.events WHERE event_id = ANY(%s))
FROM ledger.clock c CROSS JOIN ledger.tree t
LEFT JOIN LATERAL (
    SELECT position, recorded_at FROM ledger.events ORDER BY position DESC LIMIT 1
) h ON true"""
_ONE: Final = "VALUES (%b::bigint, %b::uuid, %b, %b::integer, %b, %b, %b, %b, %b, %b, %b, %b)"
_MANY: Final = """
SELECT * FROM unnest(%b::bigint[], %b::uuid[], %b::text[], %b::integer[], %b::text[], %b::text[], %b::text[],
                     %b::timestamptz[], %b::timestamptz[], %b::bytea[], %b::bytea[], %b::bytea[])"""
_ADD: Final = """
WITH added AS (INSERT INTO ledger.events ({columns}) {rows}),
     grown AS (UPDATE ledger.tree SET size = %s, edge = %s)
SELECT pg_notify('{channel}', %s)"""
_ADD_ONE: Final = _ADD.format(columns=COLUMNS, rows=_ONE, channel=CHANNEL)
_ADD_MANY: Final = _ADD.format(columns=COLUMNS, rows=_MANY, channel=CHANNEL)
_NODES: Final = """
INSERT INTO ledger.nodes (level, index, hash)
SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])"""
_CLAIM: Final = """
INSERT INTO ledger.claims (key, during, record_id) VALUES (%s, tstzrange(%s, %s), %s)
ON CONFLICT DO NOTHING RETURNING key"""
_DROP: Final = "DELETE FROM ledger.claims WHERE record_id = %s AND key = %s AND during = tstzrange(%s, %s)"


class TreeBroken(Exception):
    """The tree does not end where the events do: somebody has written beside the recorder."""


@dataclass(eq=False)
class _Waiting:
    """A command's append, and where its caller waits for the answer."""

    append: Append
    answer: asyncio.Future[list[StoredEvent]]

    @property
    def claims(self) -> bool:
        return bool(self.append.gains or self.append.drops)

    def refuse(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def grant(self, stored: list[StoredEvent]) -> None:
        if not self.answer.done():
            self.answer.set_result(stored)


@dataclass
class _Ground:
    """What a group rests on, read under the lock, and moved on by each command that is accepted."""

    head: int
    now: datetime
    size: int
    edge: bytes
    versions: dict[str, int]
    recorded: set[UUID]
    accepted: list[tuple[_Waiting, list[StoredEvent]]] = field(default_factory=list)
    refused: list[tuple[_Waiting, Exception]] = field(default_factory=list)

    def consider(self, waiting: _Waiting) -> None:
        problem = self._problem(waiting.append)
        if problem:
            self.refused.append((waiting, problem))
            return
        first = self.head + 1
        stored = [placed(new, place, self.now) for place, new in enumerate(waiting.append.events, first)]
        self.head += len(stored)
        for one in stored:
            self.versions[one.record_id] = one.version
            self.recorded.add(one.event_id)
        self.accepted.append((waiting, stored))

    def _problem(self, append: Append) -> Exception | None:
        """Why this command cannot be recorded on this ground."""
        if any(new.event_id in self.recorded for new in append.events):
            return AlreadyRecorded()
        for record_id, version in append.rests_on.items():
            if self.versions[record_id] != version:
                return VersionConflict(record_id)
        return None


class Writer:
    """The one place of a process from which events are added."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: deque[_Waiting] = deque()
        self._some = asyncio.Event()
        self._at_work: asyncio.Task[None] | None = None

    async def append(self, append: Append) -> list[StoredEvent]:
        """Joins the next transaction. Raises ``Overloaded`` at once when too many wait already."""
        if len(self._waiting) >= MOST_WAITING:
            raise Overloaded
        answer: asyncio.Future[list[StoredEvent]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(append, answer))
        self._some.set()
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self._work(), name="ledger writer")
        return await answer

    async def _work(self) -> None:
        """Until nobody waits any more. A bug is told to whoever waits, and raised."""
        group: list[_Waiting] = []
        try:
            while self._waiting:
                try:
                    async with self._pool.connection() as connection:
                        while await self._somebody_waits():
                            group = self._take()
                            await self._record(connection, group)
                            group = []
                except psycopg.OperationalError as lost:
                    if group:
                        await self._settle(group, lost)
                    else:
                        _refuse(self._take(), lost)
        except BaseException as bug:
            _refuse([*group, *self._waiting], bug if isinstance(bug, Exception) else Overloaded())
            self._waiting.clear()
            raise

    async def _somebody_waits(self) -> bool:
        """Keeps the connection for whoever comes soon: to ask for one costs as much as to use it."""
        if not self._waiting:
            self._some.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._some.wait()
        return bool(self._waiting)

    def _take(self) -> list[_Waiting]:
        """Those who wait, as many as go into one transaction; whoever gave up waiting is left out."""
        count = min(len(self._waiting), MOST_AT_ONCE)
        taken = (self._waiting.popleft() for _ in range(count))
        return [waiting for waiting in taken if not waiting.answer.done()]

    async def _record(self, connection: Connection, group: Sequence[_Waiting]) -> None:
        """One transaction. What is wrong with one command alone is found by recording it alone."""
        if not group:
            return
        try:
            ground = await _transact(connection, group)
        except psycopg.errors.LockNotAvailable:
            _refuse(group, Overloaded())
        except psycopg.OperationalError:
            raise
        except (psycopg.Error, ClaimTaken, TreeBroken) as error:
            if len(group) == 1:
                group[0].refuse(_meaning(error))
                return
            for part in _parts(group, error):
                await self._record(connection, part)
        else:
            for waiting, problem in ground.refused:
                waiting.refuse(problem)
            for waiting, stored in ground.accepted:
                waiting.grant(stored)

    async def _settle(self, group: Sequence[_Waiting], lost: psycopg.OperationalError) -> None:
        """The connection was lost: the group was recorded, or was not. Holding the lock, it is decided."""
        for tried in range(1, TRIES + 1):
            try:
                async with self._pool.connection(timeout=PATIENCE) as connection:
                    await self._again(connection, group)
                    return
            except psycopg.OperationalError as again:
                lost = again
                await asyncio.sleep(0.05 * tried)
        _refuse(group, lost)

    async def _again(self, connection: Connection, group: Sequence[_Waiting]) -> None:
        """Answers those whose events are found; records the others."""
        async with connection.transaction():
            await connection.execute(_LOCK)
            ids = [new.event_id for waiting in group for new in waiting.append.events]
            cursor = await connection.execute(BY_IDS, (ids,))
            found = {one.event_id: one for one in map(stored_of, await cursor.fetchall())}
        missing = []
        for waiting in group:
            stored = [found[new.event_id] for new in waiting.append.events if new.event_id in found]
            if len(stored) == len(waiting.append.events):
                waiting.grant(stored)
            else:
                missing.append(waiting)
        if missing:
            await self._record(connection, missing)


def _refuse(group: Sequence[_Waiting], error: Exception) -> None:
    for waiting in group:
        waiting.refuse(error)


def _parts(group: Sequence[_Waiting], error: Exception) -> Iterator[list[_Waiting]]:
    """After a claim was refused: those without claims together, each of the others alone. After anything
    else: each alone.
    """
    alone = [w for w in group if w.claims or not isinstance(error, ClaimTaken)]
    together = [w for w in group if w not in alone]
    if together:
        yield together
    for waiting in alone:
        yield [waiting]


async def _transact(connection: Connection, group: Sequence[_Waiting]) -> _Ground:
    """Records what can be. Raises ``ClaimTaken`` when a key is held: nothing is then recorded."""
    async with connection.pipeline(), connection.transaction():
        ground = await _ground(connection, group)
        for waiting in group:
            ground.consider(waiting)
        stored = [one for _, events in ground.accepted for one in events]
        if stored:
            await _settle_claims(connection, [waiting.append for waiting, _ in ground.accepted])
            await _add(connection, ground, stored)
    return ground


async def _ground(connection: Connection, group: Sequence[_Waiting]) -> _Ground:
    """Locks, then reads what the group rests on: one round trip."""
    records = list({i for waiting in group for i in waiting.append.rests_on})
    ids = [new.event_id for waiting in group for new in waiting.append.events]
    await connection.execute(_LOCK)
    cursor = await connection.execute(_HEAD, (records, ids))
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("ledger.clock or ledger.tree has lost its row")
    head, now, size, edge, versions, recorded = row
    if size != head:
        raise TreeBroken(f"{head} events, a tree of {size}")
    return _Ground(
        head,
        now.astimezone(UTC),
        size,
        edge,
        dict(zip(records, versions, strict=True)),
        set(recorded),
    )


async def _settle_claims(connection: Connection, appends: Sequence[Append]) -> None:
    for append in appends:
        for record_id, claim in append.drops:
            await connection.execute(_DROP, (record_id, claim.key, claim.start, claim.end))
    asked = [(record_id, claim) for append in appends for record_id, claim in append.gains]
    cursors = [
        await connection.execute(_CLAIM, (claim.key, claim.start, claim.end, record_id))
        for record_id, claim in asked
    ]
    for (_, claim), cursor in zip(asked, cursors, strict=True):
        if await cursor.fetchone() is None:
            raise ClaimTaken(claim.key)


async def _add(connection: Connection, ground: _Ground, stored: Sequence[StoredEvent]) -> None:
    """The events, the tree that they make, and the announcement."""
    size, edge, complete = merkle.append(
        ground.size, merkle.unpacked(ground.edge), [one.leaf for one in stored]
    )
    tree = (size, merkle.packed(edge), str(size))
    if len(stored) == 1:
        await connection.execute(_ADD_ONE, (*stored[0], *tree))
    else:
        await connection.execute(_ADD_MANY, (*map(list, zip(*stored, strict=True)), *tree))
    if complete:
        await connection.execute(_NODES, [list(column) for column in zip(*complete, strict=True)])


def _meaning(error: Exception) -> Exception:
    """What a command that was alone in its transaction is told. The lock leaves little to the constraints."""
    if not isinstance(error, psycopg.errors.UniqueViolation):
        return error
    if error.diag.constraint_name == "events_event_id_key":
        return AlreadyRecorded()
    return VersionConflict(error.diag.constraint_name)


def stored_of(row: tuple[Any, ...]) -> StoredEvent:
    """The row as an event, its instants in UTC."""
    stored = StoredEvent._make(row)
    return stored._replace(
        effective_at=stored.effective_at.astimezone(UTC), recorded_at=stored.recorded_at.astimezone(UTC)
    )
