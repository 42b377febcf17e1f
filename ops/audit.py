"""The seal as its keeper uses it: publishing checkpoints, declaring an epoch after a restore."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from psycopg import AsyncConnection

from api.sharing import of_another, shared
from domain.authorization import UNCOUNTED, may_see
from domain.kernel import Actor, Forbidden, Root
from ledger import check as checks
from ledger import claims, merkle, proofs
from ledger.check_seal import standing as standing_points
from ledger.checkpoint import Checkpoint, DoesNotExtend, Opening
from ledger.events import ABOUT, StoredEvent, fold, revive
from ledger.evidence import evidence
from ledger.findings import Finding, Kind
from ledger.merkle import MissingHash
from ledger.readings import ReadingLog
from ledger.sinks import NotPublished
from ledger.transaction import Pool
from ops import keys
from ops.compose import House
from ops.settings import Settings
from projections.facts import reserved

log = logging.getLogger("mentorat")
_TOLD: Final = 5
_SEEING_ALL: Final = frozenset({"auditor", "dpo"})
_RESERVED: Final = (
    "Ce dossier porte des mots réservés, ou de quoi compter des candidatures, et une preuve porte tout ce "
    "qui est scellé."
)
_ANOTHERS: Final = (
    "Ce dossier est partagé et d'autres y ont agi : une preuve porte tout ce qui est scellé, leurs actes "
    "compris."
)
_UNSEEN: Final = (
    "Ce dossier s'appuie sur d'autres que votre jeton ne voit pas : une preuve porte tout ce qui est scellé, "
    "leurs versions comprises."
)


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


async def push_epoch(settings: Settings) -> list[str]:
    """Hands over the last declared epoch, if there is one: without it, what was signed since would look like
    another ledger. Answers as ``push`` does. Raises ``NoteInvalid``.
    """
    openings = keys.book(settings).openings()
    return await push(settings, openings[-1]) if openings else []


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
    """The evidence of a record that the actor may see, up to now, readable as far as its role may read there.

    A checkpoint is published first, so that the last word is in it; what is disclosed is logged as read.
    Raises ``LookupError`` when there is no such record for this actor, ``Forbidden`` when it holds what this
    actor is not told, ``DoesNotExtend`` as ``publish`` does, and where the store is damaged.
    """
    book = keys.book(house.settings)
    checkpoint, _ = await publish(house.settings, house.pool)
    stored = (await house.recorder.load([record_id])).events
    record = fold(stored)
    if record is None or not may_see(actor, record.scopes()):
        raise LookupError(record_id)
    _must_be_told_all(actor, record, stored)
    earlier = [one for one in standing_points(book.all(), book.openings()) if one.point != checkpoint.point]
    disclose = actor.role in record.persons_shown_to and not sealed
    async with house.pool.connection() as connection, connection.transaction():
        try:
            found = await evidence(
                connection, house.keyring, record_id, checkpoint, disclose=disclose, earlier=earlier[-1:]
            )
        except MissingHash as missing:
            raise DoesNotExtend("Il manque des événements au registre.") from missing
    await _must_see_what_it_rests_on(house, actor, stored)
    if read := _opened_by(found["events"]):
        await ReadingLog(house.pool).note(actor, read, "audit_export")
    return found


def _must_be_told_all(actor: Actor, record: Root, stored: Sequence[StoredEvent]) -> None:
    """What is sealed is sealed whole: nothing that the history veils is left out. Raises ``Forbidden``."""
    if actor.role not in record.reserved_to and any(
        one.topic in UNCOUNTED or reserved(revive(one)) for one in stored
    ):
        raise _not_told(_RESERVED, record.reserved_to)
    acts = [one.facts for one in stored] if shared(record) else []
    if any(of_another(actor, type(record), act["role"], act["actor"]) for act in acts):
        raise _not_told(_ANOTHERS, record.acts_told_to)


async def _must_see_what_it_rests_on(house: House, actor: Actor, stored: Sequence[StoredEvent]) -> None:
    """By the versions that it notes of others one knows how much happened there. Raises ``Forbidden``."""
    noted = sorted({record_id for one in stored for record_id in one.facts.get("rests_on", ())})
    found = (await house.recorder.load(noted)).events
    for record_id in noted:
        record = fold([one for one in found if one.record_id == record_id])
        if record is None or not may_see(actor, record.scopes()):
            raise _not_told(_UNSEEN, _SEEING_ALL)


def _not_told(sentence: str, roles: Collection[str]) -> Forbidden:
    return Forbidden(
        "role_not_allowed", sentence, (f"un jeton d'un de ces rôles : {', '.join(sorted(roles))}",)
    )


def _opened_by(events: Sequence[dict[str, Any]]) -> set[str]:
    """Whose data the keys that are given open: of words, all whom they may speak of."""
    own = {one["record_id"] for one in events if "key" in one}
    return own.union(*(json.loads(one["metadata"])[ABOUT] for one in events if "text_key" in one))


@dataclass(frozen=True)
class Inspection:
    """What was inspected: ``size`` events. The checkpoints, ``compared`` of them, vouch for the first
    ``vouched``."""

    size: int
    compared: int
    vouched: int
    findings: Sequence[Finding]


async def check(house: House, progress: Callable[[int], None], kept: Sequence[Path] = ()) -> Inspection:
    """What is wrong with the store, held against what was published. ``kept``: folders of what others were
    handed; together with this house's own, so that nothing taken back here goes unseen.

    Raises ``NoteInvalid`` for an altered checkpoint.
    """
    books = [keys.book(house.settings, folder) for folder in (house.settings.checkpoints, *kept)]
    checkpoints = {one.note: one for book in books for one in book.all()}
    openings = {one.note: one for book in books for one in book.openings()}
    async with house.pool.connection() as connection:
        findings = await checks.check(
            connection, list(checkpoints.values()), list(openings.values()), progress
        )
        findings = findings or await _claims_differing(connection)
    held = standing_points(checkpoints.values(), list(openings.values()))
    vouched = max((one.size for one in held), default=0)
    return Inspection(await house.recorder.head(), len(held), vouched, findings)


async def _claims_differing(connection: AsyncConnection[Any]) -> list[Finding]:
    """Told of sound events only: no others can be folded."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = (await claims.difference(connection)).records
        size, _ = await standing(connection)
    detail = f"{len(found)} dossier(s), dont {', '.join(found[:_TOLD])}"
    return [Finding(Kind.CLAIMS, 1, max(size, 1), detail)] if found else []


async def standing(connection: AsyncConnection[Any]) -> tuple[int, bytes]:
    """The size of the tree and its root. Raises ``DoesNotExtend`` when what is kept of it is no tree."""
    cursor = await connection.execute("SELECT size, edge FROM ledger.tree")
    try:
        ((size, edge),) = await cursor.fetchall()
        return size, merkle.root(size, merkle.unpacked(edge))
    except (ValueError, TypeError) as damaged:
        raise DoesNotExtend("Ce qui est gardé de l'arbre de scellement est abîmé.") from damaged


async def _prove(connection: AsyncConnection[Any], old: int, new: int) -> Sequence[bytes]:
    return await proofs.consistency(connection, old, new)


def _now() -> datetime:
    """A checkpoint is dated by the real clock: it tells the outside world, not the domain."""
    return datetime.now(UTC).replace(microsecond=0)
