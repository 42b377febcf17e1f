"""What an operator asks of a running house: rebuild, look at the processes, move the domain's clock."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
from rich.console import Console
from rich.table import Table
from temporalio.client import Client
from temporalio.service import RPCError

from domain.calendar import PARIS
from domain.erasure import Erase, Ground
from domain.ports import Request
from ledger import claims
from ledger.checkpoint import DoesNotExtend
from ledger.feed import LedgerFeed
from ops import audit, database, keys, who
from ops import backup as backups
from ops.compose import House, house, ledger, world
from ops.erasures import Journal
from ops.settings import Settings
from projections import deadlines
from projections.projector import Projector
from workflows.dead_letters import DeadLetter, PostgresDeadLetters
from workflows.nudging import TemporalNudger
from workflows.sweeper import nudge_due

_UNITS: Final = {"d": "days", "j": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DELAY: Final = re.compile(r"(\d{1,5})([djhms])")
MOST_SHOWN: Final = 50
PATIENCE: Final = 10.0
"""Seconds that moving the clock waits for the sweep."""
_LONGEST: Final = timedelta(days=3660)


class ClockRefused(Exception):
    """The domain's clock does not move like that."""


async def rebuild(settings: Settings, progress: Callable[[int, int], None]) -> int:
    """Fills `read_next` beside the live read models and switches; answers how many events were read."""
    async with (
        ledger(settings, "rebuild") as recorder,
        database.pool(settings.dsn_projector, most=4, name="rebuild") as pool,
    ):
        await Projector(LedgerFeed(recorder), pool, world(), recorder.now).rebuild(progress)
        return await recorder.head()


class HeldTwice(Exception):
    """Two records hold what only one may: a French sentence."""


async def rebuild_claims(settings: Settings) -> int:
    """Makes ``ledger.claims`` say what the records hold; answers of how many it did not. Commands wait.

    Raises ``HeldTwice``; nothing is changed.
    """
    async with (
        database.pool(settings.dsn_app, most=1, name="claims") as pool,
        pool.connection() as connection,
    ):
        try:
            return len((await claims.rebuild(connection)).records)
        except psycopg.errors.ExclusionViolation as twice:
            raise HeldTwice(
                "Deux dossiers réservent la même chose ; rien n'a été changé. Que l'un d'eux la rende (une "
                f"fusion, une fin), puis recommencez. PostgreSQL dit : {twice.diag.message_detail}"
            ) from twice


class LedgerMissing(Exception):
    """An empty ledger stands where one was whose checkpoints were published: a French sentence."""


async def ready_to_serve(settings: Settings) -> str | None:
    """What must come before anybody is served: the keys that this ledger needs, made only where none was
    needed yet; what was to be forgotten, forgotten. Answers what the operator must be told all the same.

    Raises ``KeyringLost``, ``KeyringMissing``, ``LedgerMissing``, ``NoteInvalid``, ``WrongMasterKey``;
    nothing is made.
    """
    async with database.pool(settings.dsn_app, most=1, name="keys") as pool, pool.connection() as connection:
        cursor = await connection.execute("SELECT coalesce(max(position), 0) FROM ledger.events")
        (head,) = await cursor.fetchone() or (0,)
    published = keys.published(settings)
    if published and not head:
        raise LedgerMissing(
            f"Le registre est vide, alors que {published} événements ont été publiés : restaurez une "
            "sauvegarde (`mentorat restore FICHIER`), ou partez d'un autre dossier (MENTORAT_HOME)."
        )
    await keys.prepare(settings)
    async with keys.stored_keyring(settings) as stored:
        await stored.check()
    async with house(settings, "erasures") as parts:
        await parts.erasures.reconcile()
        return await _older_keyring(parts)


async def _older_keyring(parts: House) -> str | None:
    """A warning when the youngest record has neither a key nor the mark of an erasure: an older copy of the
    keyring was put back. The others are served, and nothing makes it a second key (``no_second_key``)."""
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT record_id FROM ledger.events WHERE commitment IS NOT NULL AND record_id <> ALL(%s) "
            "ORDER BY position DESC LIMIT 1",
            (sorted(await parts.keyring.destroyed()),),
        )
        row = await cursor.fetchone()
    if row is None or await parts.keyring.keys(row):
        return None
    return (
        f"ATTENTION : le trousseau est une copie ancienne, sans la clé de {row[0]}. S'il en est une plus "
        "récente, arrêtez tout et remettez-la avant que rien ne s'écrive ; sinon `mentorat doctor` nomme les "
        "dossiers devenus illisibles (docs/deploiement.md, « Des clés manquent »)."
    )


async def erase(settings: Settings, record_id: str, ground: Ground) -> list[str]:
    """Erases in the name of the token's bearer; answers, once nobody can read any more, the other records
    that seem to be of the same person.

    Raises the kernel's errors, ``NobodyKnown``, and ``KeyringLost``: nothing is then recorded.
    """
    async with house(settings, "erase") as parts:
        actor = await who.actor_of(settings, parts.pool, "dpo")
        await parts.erasures.check(record_id)
        command = Erase(record_id=record_id, ground=ground)
        await parts.executor.execute(Request(command, actor, f"{actor.id}:erase:{record_id}:{ground}"))
        return await parts.erasures.apply(record_id)


async def restore(settings: Settings, file: Path, reason: str) -> backups.Summary:
    """Restores a backup; what was erased since is erased again, and a ledger that does not go on from what
    was published says so in a new epoch.

    Raises ``BackupRefused``, ``OutOfReach``, ``JournalDamaged`` before anything is written or signed, and
    ``DoesNotExtend`` for the backup of another ledger.
    """
    Journal(settings.erasures).read()

    async def before_serving(where: Settings, summary: backups.Summary) -> None:
        await keys.prepare(where)
        async with house(where, "restore") as parts:
            await parts.keyring.destroyed()  # of another keyring nothing is signed
            try:
                await audit.publish(where, parts.pool)
            except DoesNotExtend:
                await audit.open_epoch(where, parts.pool, reason)
            await parts.erasures.reconcile()
            await parts.purge_readings()

    return await backups.restore(settings, file, before_serving=before_serving)


async def advance(settings: Settings, delay: str) -> datetime:
    """Moves domain time forward and has what became due swept. Raises ``ClockRefused``.

    Answers the new time in Paris, swept or not: the worker, once back, begins by sweeping everything.
    """
    shift = parse_delay(delay)
    async with await psycopg.AsyncConnection.connect(settings.dsn_owner, autocommit=True) as connection:
        try:
            await connection.execute("UPDATE ledger.clock SET shift = shift + %s", (shift,))
        except psycopg.errors.CheckViolation as frozen:
            raise ClockRefused("En production, l'horloge du domaine ne se déplace pas.") from frozen
    async with house(settings, "clock") as parts:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await nudge_due(parts.pool, parts.recorder)
        return (await parts.recorder.now()).astimezone(PARIS)


def parse_delay(text: str) -> timedelta:
    """``8d``, ``36h``, ``90m``. Raises ``ClockRefused``: unreadable, or further than ten years."""
    match = _DELAY.fullmatch(text.strip().lower())
    if match is None:
        raise ClockRefused(f"« {text} » n'est pas une durée : écrivez par exemple 8d, 36h ou 90m.")
    shift = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if shift > _LONGEST:
        raise ClockRefused(f"« {text} » dépasse dix ans.")
    return shift


async def show_processes(settings: Settings, out: Console) -> None:
    """Open processes by Temporal's account, what is due by ours, and what was set aside."""
    async with house(settings, "processes") as parts:
        now = await parts.recorder.now()
        async with parts.reader.session({"role:system"}) as connection:
            due = await deadlines.due_before(connection, now + timedelta(days=settings.horizon_days))
        letters = await PostgresDeadLetters(parts.pool).waiting()
    out.print(f"Processus ouverts dans Temporal : {await _open_processes(settings)}")
    table = Table(title="Échéances dans l'horizon")
    table.add_column("Dossier", no_wrap=True)
    table.add_column("Prochaine échéance automatique")
    for record_id, at in due[:MOST_SHOWN]:
        late = " (en retard)" if at < now - timedelta(minutes=5) else ""
        table.add_row(record_id, f"{at.astimezone(PARIS):%d/%m/%Y %H:%M}{late}")
    out.print(table)
    if len(due) > MOST_SHOWN:
        out.print(f"… et {len(due) - MOST_SHOWN} autres.")
    show_letters(letters, out)


def show_letters(letters: Sequence[DeadLetter], out: Console) -> None:
    if not letters:
        out.print("Rien n'a été mis de côté.")
        return
    table = Table("N°", "Dossier", "Quoi", "Motif", "Fois", "Depuis", title="Mis de côté")
    for letter in letters:
        what = letter.step or f"événement {letter.position}"
        since = f"{letter.first_at.astimezone(PARIS):%d/%m/%Y %H:%M}"
        table.add_row(str(letter.id), letter.record_id, what, letter.reason, str(letter.times), since)
    out.print(table)
    out.print("`mentorat processes --replay N°` réveille le dossier, `--discard N°` classe sans suite.")


async def settle_letter(settings: Settings, letter_id: int, *, replay: bool) -> bool:
    """Wakes the record of a letter again, or files the letter; ``False`` when it is not waiting."""
    async with house(settings, "processes") as parts:
        letters = PostgresDeadLetters(parts.pool)
        if not replay:
            return await letters.discard(letter_id)
        client = await _client(settings)
        return await letters.replay(letter_id, TemporalNudger(client, settings.task_queue))


async def _open_processes(settings: Settings) -> str:
    try:
        client = await _client(settings)
        running = await client.count_workflows('ExecutionStatus = "Running"')
    except (RPCError, RuntimeError):
        return "Temporal ne répond pas (rien n'est perdu : le balayage reprendra)"
    return str(running.count)


async def _client(settings: Settings) -> Client:
    return await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
