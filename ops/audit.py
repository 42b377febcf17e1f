"""The seal as its keeper uses it: publishing checkpoints, declaring an epoch after a restore."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from psycopg import AsyncConnection

from api.security import SEES_PERSONS
from domain.authorization import may_see
from domain.kernel import Actor
from ledger import check as checks
from ledger import merkle, proofs
from ledger.check_seal import standing as standing_points
from ledger.checkpoint import Checkpoint, Opening
from ledger.events import fold
from ledger.evidence import evidence
from ledger.findings import Finding
from ledger.readings import ReadingLog
from ledger.sinks import NotPublished
from ledger.transaction import Pool
from ops import keys
from ops.compose import House
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


async def evidence_of(house: House, actor: Actor, record_id: str, *, sealed: bool) -> dict[str, Any]:
    """The evidence of a record that the actor may see, up to now, readable as far as its role may read.

    A checkpoint is published first, so that the last word is in it; what is disclosed is logged as read.
    Raises ``LookupError`` when there is no such record for this actor, ``DoesNotExtend`` as ``publish`` does.
    """
    record = fold((await house.recorder.load([record_id])).events)
    if record is None or not may_see(actor, record.scopes()):
        raise LookupError(record_id)
    book = keys.book(house.settings)
    checkpoint, _ = await publish(house.settings, house.pool)
    earlier = [one for one in standing_points(book.all(), book.openings()) if one.point != checkpoint.point]
    disclose = actor.role in SEES_PERSONS and not sealed
    async with house.pool.connection() as connection, connection.transaction():
        found = await evidence(
            connection, house.keyring, record_id, checkpoint, disclose=disclose, earlier=earlier[-1:]
        )
    if any("key" in one or "text_key" in one for one in found["events"]):
        await ReadingLog(house.pool).note(actor, [record_id], "audit_export")
    return found


async def check(house: House, progress: Callable[[int], None]) -> tuple[int, list[Finding]]:
    """The size of the store and what is wrong with it. Raises ``NoteInvalid`` for an altered checkpoint."""
    book = keys.book(house.settings)
    checkpoints, openings = book.all(), book.openings()
    async with house.pool.connection() as connection:
        findings = await checks.check(connection, checkpoints, openings, progress)
    return await house.recorder.head(), findings


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
