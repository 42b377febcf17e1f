"""One transaction for a group of commands: what they rest on is read under the lock, then all is added.

Three round trips: lock and ground; the events, the tree and the announcement, which is the transaction, after
which everybody is answered; release. Claims, when there are any, make the second one four. A command that is
alone, and comes after no other process's, takes one: see ``at_once``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from domain.kernel import Claim
from ledger import merkle
from ledger.events import StoredEvent, placed
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, VersionConflict

APPEND_LOCK: Final = 7_305_001
"""Key of the advisory lock that orders every append (``ledger.ground`` too); never held across a decision."""
CHANNEL: Final = "ledger"
LOCK_TIMEOUT: Final = "5s"
MANY_CLAIMS: Final = 50
"""Claims up to which each is a statement of its own, all in one pipeline."""
FRESH: Final = 10.0
"""Seconds during which a process trusts its own clock to go on from the database's."""

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
Connection = AsyncConnection[TupleRow]

COLUMNS: Final = (
    "position, event_id, record_id, version, topic, state, metadata, effective_at, recorded_at, "
    "commitment, text_commitment, leaf"
)
BY_IDS: Final = f"SELECT {COLUMNS} FROM ledger.events WHERE event_id = ANY(%s) ORDER BY position"  # noqa: S608

LOCK: Final = (
    f"SELECT set_config('lock_timeout', '{LOCK_TIMEOUT}', true), pg_advisory_xact_lock({APPEND_LOCK})"
)
_GROUND: Final = "SELECT head, now, shift, size, edge, versions, recorded FROM ledger.ground(%b, %b)"
_RELEASE: Final = f"SELECT pg_advisory_unlock({APPEND_LOCK})"
_ONE: Final = """
VALUES (%b::bigint, %b::uuid, %b::text, %b::integer, %b::text, %b::text, %b::text, %b::timestamptz,
        %b::timestamptz, %b::bytea, %b::bytea, %b::bytea)"""
_MANY: Final = """
SELECT * FROM unnest(%b::bigint[], %b::uuid[], %b::text[], %b::integer[], %b::text[], %b::text[], %b::text[],
                     %b::timestamptz[], %b::timestamptz[], %b::bytea[], %b::bytea[], %b::bytea[])"""
_ADD: Final = """
WITH added AS (INSERT INTO ledger.events ({columns}) {rows}),
     grown AS (UPDATE ledger.tree SET size = %b, edge = %b){nodes}
SELECT pg_notify('{channel}', %b)"""
_AT_ONCE: Final = f"""
WITH grown AS (
    UPDATE ledger.tree t SET size = %b, edge = %b FROM ledger.clock c
    WHERE t.size = %b AND c.shift = %b AND pg_try_advisory_xact_lock({APPEND_LOCK})
      AND NOT EXISTS (SELECT FROM unnest(%b::text[], %b::integer[]) r(id, version)
                      WHERE r.version <> coalesce((SELECT e.version FROM ledger.events e
                                                   WHERE e.record_id = r.id
                                                   ORDER BY e.version DESC LIMIT 1), 0))
    RETURNING t.size),
added AS (INSERT INTO ledger.events ({COLUMNS}) SELECT n.* FROM grown, ({_ONE}) n)
SELECT pg_notify('{CHANNEL}', size::text) FROM grown"""  # noqa: S608
_NODES: Final = """,
     kept AS (INSERT INTO ledger.nodes (level, index, hash)
              SELECT * FROM unnest(%b::smallint[], %b::bigint[], %b::bytea[]))"""
_STATEMENTS: Final = {
    (one, complete): _ADD.format(
        columns=COLUMNS, rows=_ONE if one else _MANY, nodes=_NODES if complete else "", channel=CHANNEL
    )
    for one in (True, False)
    for complete in (True, False)
}
"""By whether there is one event, and whether a subtree whose root is kept has become complete."""
_CLAIM: Final = """
INSERT INTO ledger.claims (key, during, record_id) VALUES (%s, tstzrange(%s, %s), %s)
ON CONFLICT DO NOTHING RETURNING key"""
_CLAIM_MANY: Final = """
INSERT INTO ledger.claims (key, during, record_id)
SELECT key, tstzrange(starts, ends), record_id
FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[]) AS c (key, starts, ends, record_id)
ORDER BY key
ON CONFLICT DO NOTHING RETURNING key, lower(during), upper(during), record_id"""
_HOLDER: Final = "SELECT record_id FROM ledger.claims WHERE key = %s AND during && tstzrange(%s, %s)"
_DROP: Final = "DELETE FROM ledger.claims WHERE record_id = %s AND key = %s AND during = tstzrange(%s, %s)"


class TreeBroken(Exception):
    """The tree does not end where the events do: somebody has written beside the recorder."""


@dataclass(eq=False)
class Waiting:
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
class Ground:
    """What a group rests on, read under the lock, and moved on by each command that is accepted."""

    head: int
    now: datetime
    shift: timedelta
    size: int
    edge: bytes
    versions: dict[str, int]
    recorded: set[UUID]
    accepted: list[tuple[Waiting, list[StoredEvent]]] = field(default_factory=list)
    refused: list[tuple[Waiting, Exception]] = field(default_factory=list)

    def consider(self, waiting: Waiting) -> None:
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


@dataclass(frozen=True)
class Standing:
    """Where this process left the ledger. ``since``: its own monotonic clock, in seconds, at ``now`` (domain
    time); ``last``: when the last event was recorded.
    """

    size: int
    edge: bytes
    last: datetime
    now: datetime
    shift: timedelta
    since: float

    @property
    def fresh(self) -> bool:
        """Whether domain time can be told from this process's own clock."""
        return time.monotonic() - self.since < FRESH

    @property
    def recorded_at(self) -> datetime:
        return max(self.now + timedelta(seconds=time.monotonic() - self.since), self.last)


async def at_once(connection: Connection, waiting: Waiting, standing: Standing) -> Standing | None:
    """Records one event in one statement, if nobody has written since: the tree is then still of that size,
    and the versions read in the same statement are the last ones. ``None``: nothing was recorded.
    """
    append = waiting.append
    (new,) = append.events
    stored = placed(new, standing.size + 1, standing.recorded_at)
    size, edge, complete = merkle.append(standing.size, merkle.unpacked(standing.edge), [stored.leaf])
    if complete:
        return None
    grown = replace(standing, size=size, edge=merkle.packed(edge), last=stored.recorded_at)
    rests_on = (list(append.rests_on), list(append.rests_on.values()))
    values = (size, grown.edge, standing.size, standing.shift, *rests_on, *stored)
    cursor = await connection.execute(_AT_ONCE, values)
    if await cursor.fetchone() is None:
        return None
    waiting.grant([stored])
    return grown


async def transact(connection: Connection, group: Sequence[Waiting]) -> Standing | None:
    """Records what can be, and answers everybody; whatever it raises, nothing of the group is recorded.

    Raises ``ClaimTaken`` when a key is held, ``TreeBroken``, and what the database does. The lock is the
    session's, so that the events are added by a statement of its own transaction; nobody gets the connection
    back with it.
    """
    try:
        ground = await _ground(connection, group)
        for waiting in group:
            ground.consider(waiting)
        standing = await _add(connection, ground) if ground.accepted else None
        for refused, problem in ground.refused:
            refused.refuse(problem)
        for waiting, stored in ground.accepted:
            waiting.grant(stored)
    finally:
        await _release(connection)
    return standing


async def _ground(connection: Connection, group: Sequence[Waiting]) -> Ground:
    """Locks, then reads what the group rests on: one round trip."""
    records = list({i for waiting in group for i in waiting.append.rests_on})
    ids = [new.event_id for waiting in group for new in waiting.append.events]
    cursor = await connection.execute(_GROUND, (records, ids))
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("ledger.clock or ledger.tree has lost its row")
    head, now, shift, size, edge, versions, recorded = row
    if size != head:
        raise TreeBroken(f"{head} events, a tree of {size}")
    return Ground(
        head,
        now.astimezone(UTC),
        shift,
        size,
        edge,
        dict(zip(records, versions, strict=True)),
        set(recorded),
    )


async def _add(connection: Connection, ground: Ground) -> Standing:
    """The events, the tree that they make, the announcement: one statement; more when there are claims."""
    stored = [one for _, events in ground.accepted for one in events]
    leaves = [one.leaf for one in stored]
    size, edge, complete = merkle.append(ground.size, merkle.unpacked(ground.edge), leaves)
    rows = stored[0] if len(stored) == 1 else [list(column) for column in zip(*stored, strict=True)]
    nodes = [list(column) for column in zip(*complete, strict=True)]
    statement = _STATEMENTS[len(stored) == 1, bool(complete)]
    values = (*rows, size, merkle.packed(edge), *nodes, str(size))
    claiming = [waiting.append for waiting, _ in ground.accepted if waiting.claims]
    since = time.monotonic()
    if claiming:
        async with connection.transaction():
            await _settle_claims(connection, claiming)
            await connection.execute(statement, values)
    else:
        await connection.execute(statement, values)
    return Standing(size, merkle.packed(edge), ground.now, ground.now, ground.shift, since)


async def _settle_claims(connection: Connection, appends: Sequence[Append]) -> None:
    async with connection.pipeline():
        for append in appends:
            for record_id, claim in append.drops:
                await connection.execute(_DROP, (record_id, claim.key, claim.start, claim.end))
        asked = [(record_id, claim) for append in appends for record_id, claim in append.gains]
        if len(asked) > MANY_CLAIMS:
            await _claim_many(connection, asked)
            return
        cursors = [
            await connection.execute(_CLAIM, (claim.key, claim.start, claim.end, record_id))
            for record_id, claim in asked
        ]
        for (_, claim), cursor in zip(asked, cursors, strict=True):
            if await cursor.fetchone() is None:
                raise ClaimTaken(claim.key, await _holder(connection, claim))


async def _claim_many(connection: Connection, asked: Sequence[tuple[str, Claim]]) -> None:
    """In one statement: an import gains thousands, and the lock is held meanwhile."""
    rows = [(claim.key, claim.start, claim.end, record_id) for record_id, claim in asked]
    cursor = await connection.execute(_CLAIM_MANY, [list(column) for column in zip(*rows, strict=True)])
    gained = set(await cursor.fetchall())
    for row, (_, claim) in zip(rows, asked, strict=True):
        if row not in gained:
            raise ClaimTaken(claim.key, await _holder(connection, claim))


async def _holder(connection: Connection, claim: Claim) -> str:
    """Who holds it, by what is committed and by this transaction: its own commands may be rivals."""
    cursor = await connection.execute(_HOLDER, (claim.key, claim.start, claim.end))
    (holder,) = await cursor.fetchone() or ("",)
    return str(holder)


async def _release(connection: Connection) -> None:
    """Lets the next group have the lock, whichever process it is of. A connection that cannot say that it
    did is closed, and the server then lets go of it.
    """
    released = False
    try:
        if not connection.closed:
            await connection.execute(_RELEASE)
            released = True
    finally:
        if not released:
            await connection.close()


def stored_of(row: Sequence[Any]) -> StoredEvent:
    """The row as an event, its instants in UTC."""
    stored = StoredEvent._make(row)
    return stored._replace(
        effective_at=stored.effective_at.astimezone(UTC), recorded_at=stored.recorded_at.astimezone(UTC)
    )
