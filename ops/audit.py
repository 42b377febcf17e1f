"""The seal as its keeper uses it: publishing checkpoints, declaring an epoch after a restore."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from psycopg import AsyncConnection

from ledger import merkle, proofs
from ledger.checkpoint import Checkpoint, Opening
from ledger.sinks import NotPublished
from ledger.writer import Pool
from ops import keys
from ops.settings import Settings

log = logging.getLogger("mentorat")


async def publish(settings: Settings, pool: Pool) -> tuple[Checkpoint, list[str]]:
    """Signs what the ledger is now, keeps it outside PostgreSQL and pushes it; answers what was not pushed.

    Raises ``DoesNotExtend`` when the ledger is not what was published grown longer.
    """
    book, signer = keys.book(settings), keys.signer(settings)
    async with pool.connection() as connection, connection.transaction():
        size, root = await standing(connection)
        prove = partial(_prove, connection)
        checkpoint = await book.publish(signer, size, root, _now(), prove)
    return checkpoint, await push(settings, checkpoint)


async def push(settings: Settings, note: Checkpoint | Opening) -> list[str]:
    """Hands a note over to every place of the settings; answers, in French, which did not take it."""
    problems = []
    for sink in keys.sinks(settings):
        try:
            await sink.publish(note.name, note.note)
        except NotPublished as refused:
            problems.append(f"{type(sink).__name__} : {refused.problem}")
    for problem in problems:
        log.warning("checkpoint %s was not pushed: %s", note.name, problem)
    return problems


async def open_epoch(settings: Settings, pool: Pool, reason: str) -> Opening:
    """Declares, signed, that the ledger was restored and goes on from here.

    Raises ``DoesNotExtend`` when even what it still holds is not what was published.
    """
    book, signer = keys.book(settings), keys.signer(settings)
    async with pool.connection() as connection, connection.transaction():
        size, root = await standing(connection)
        opening = await book.open_epoch(signer, size, root, _now(), reason, partial(_prove, connection))
    await push(settings, opening)
    return opening


async def standing(connection: AsyncConnection[Any]) -> tuple[int, bytes]:
    """The size of the tree and its root."""
    cursor = await connection.execute("SELECT size, edge FROM ledger.tree")
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("ledger.tree has lost its row")
    size, edge = row
    return size, merkle.root(size, merkle.unpacked(edge))


async def _prove(connection: AsyncConnection[Any], old: int, new: int) -> Sequence[bytes]:
    return await proofs.consistency(connection, old, new)


def _now() -> datetime:
    """A checkpoint is dated by the real clock: it tells the outside world, not the domain."""
    return datetime.now(UTC).replace(microsecond=0)
