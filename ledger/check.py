"""Inspects the whole store and trusts nothing in the database but the bytes it hands over.

Every leaf and the tree are computed again and held against what was signed and kept elsewhere. What follows
the last checkpoint is only held against itself: whoever rules the database can still rewrite that part.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor, AsyncServerCursor
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, tuple_row
from psycopg.types.numeric import Int8BinaryLoader
from psycopg.types.string import ByteaBinaryLoader

from ledger import merkle
from ledger.check_events import EventWalk
from ledger.check_seal import SealWalk, marks
from ledger.checkpoint import BEGINNING, Checkpoint, Opening
from ledger.findings import Finding, Findings, Kind

Progress = Callable[[int], None]
"""Told the last position inspected, now and then."""

BATCH: Final = 2_000
_EVENTS: Final = """
SELECT position, event_id, record_id, version, topic, effective_at, recorded_at, metadata, state,
       commitment, text_commitment, leaf
FROM ledger.events ORDER BY position"""
_IDS: Final = "SELECT position, event_id FROM ledger.events ORDER BY position"
_NODES: Final = "SELECT level, index, hash FROM ledger.nodes"
_TREE: Final = "SELECT size, edge FROM ledger.tree"
_HIDING: Final = """
SELECT kept.name FROM unnest(ARRAY['events', 'nodes', 'tree', 'claims', 'clock']) AS kept (name)
LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass('ledger.' || kept.name)
WHERE c.relkind IS DISTINCT FROM 'r' OR c.relrowsecurity OR c.relhasrules OR c.relhassubclass
    OR EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)
ORDER BY kept.name"""


async def check(
    connection: AsyncConnection[Any],
    checkpoints: Sequence[Checkpoint],
    openings: Sequence[Opening] = (),
    progress: Progress | None = None,
) -> list[Finding]:
    """What is wrong with the store, in its order: nothing, if the list is empty.

    ``checkpoints`` and ``openings``: everything published, signatures verified (``CheckpointBook``), the
    checkpoints read *before* this is called. Commands may go on meanwhile: what is inspected is the store at
    one instant. In a transaction of the caller's, that one must be repeatable read, or nobody else may write.
    """
    findings = Findings()
    _check_declared(checkpoints, openings, findings)
    async with _snapshot(connection):
        plain = connection.cursor(binary=True, row_factory=tuple_row)
        hiding = await _hiding(plain)
        await plain.execute(_NODES)
        nodes = _by_place(await plain.fetchall())
        await plain.execute(_TREE)
        kept = await plain.fetchall()
        seal = SealWalk(marks(checkpoints, openings), nodes, findings)
        events = EventWalk(seal, findings)
        async for rows in _batches(connection, _EVENTS):
            events.on(rows)
            if progress:
                progress(events.head)
        seal.end(events.head, kept)
        for table in hiding:
            findings.add(Kind.HIDDEN, 1, max(events.head, 1), f"ledger.{table}")
        await _locate(connection, events.ids_twice(), findings)
    return findings.all()


async def _hiding(cursor: AsyncCursor[TupleRow]) -> list[str]:
    """The tables that are no plain ones: a view, a rule, a policy or a child shows other rows to others."""
    await cursor.execute(_HIDING)
    hiding = [name for (name,) in await cursor.fetchall()]
    if not hiding:  # a policy that comes now is refused, where it would have been obeyed
        await cursor.execute("SET LOCAL row_security = off")
    return hiding


def _by_place(rows: Sequence[TupleRow]) -> dict[merkle.Place, bytes]:
    """What is NULL, or there twice, is no hash of anything."""
    nodes: dict[merkle.Place, bytes] = {}
    for level, index, node in rows:
        place = (level or 0, index or 0)
        nodes[place] = b"" if place in nodes else node or b""
    return nodes


@asynccontextmanager
async def _snapshot(connection: AsyncConnection[Any]) -> AsyncIterator[None]:
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        yield
        return
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


async def _batches(connection: AsyncConnection[Any], query: str) -> AsyncIterator[list[TupleRow]]:
    """The rows as they are stored: text and ids as bytes, instants as microseconds since 2000, so that no
    value can stop the reading. The next ones are on their way while the caller is busy.
    """
    async with AsyncServerCursor(connection, "inspection", row_factory=tuple_row) as cursor:
        for name in ("text", "uuid"):
            cursor.adapters.register_loader(name, ByteaBinaryLoader)
        cursor.adapters.register_loader("timestamptz", Int8BinaryLoader)
        await cursor.execute(query, binary=True)
        rows = await cursor.fetchmany(BATCH)
        while rows:
            following = asyncio.create_task(cursor.fetchmany(BATCH))
            try:
                await asyncio.sleep(0)
                yield rows
            finally:
                rows = await following


def _check_declared(
    checkpoints: Sequence[Checkpoint], openings: Sequence[Opening], findings: Findings
) -> None:
    """Every epoch but the first was opened, and follows a point that is still in the book."""
    known = {BEGINNING, *(one.point for one in checkpoints), *(one.resumes for one in openings)}
    opened = {1, *(one.resumes.epoch for one in openings)}
    for opening in openings:
        if opening.follows not in known:
            findings.add(Kind.UNDECLARED, 1, opening.follows.size, f"il en manque avant {opening.name}")
    for checkpoint in checkpoints:
        if checkpoint.epoch not in opened:
            findings.add(Kind.UNDECLARED, 1, checkpoint.size, f"époque de {checkpoint.name} jamais ouverte")


async def _locate(connection: AsyncConnection[Any], twice: set[UUID], findings: Findings) -> None:
    """Where ids come again: rare enough for a second reading."""
    if not twice:
        return
    seen: set[bytes] = set()
    wanted = {one.bytes for one in twice}
    async for rows in _batches(connection, _IDS):
        for position, event_id in rows:
            if event_id in seen:
                findings.add(Kind.IDENTIFIER, position)
            elif event_id in wanted:
                seen.add(event_id)
