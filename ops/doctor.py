"""Looks at every part and says what to do about it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, LiteralString

import httpx
import psycopg
from rich.console import Console

from ledger.keyring import KeyringLost
from ops import keys
from ops.database import NOT_WHOLE, NOT_WRITABLE, not_recording
from ops.running import NotRunning, addresses, connected
from ops.settings import Settings

SECONDS_ALLOWED: Final = 30.0
"""How long a part may be silent or behind: more is a breakdown."""

RESTART: Final = "Relancez `make run` ; son journal : logs/postgres.log."
_KEYS_WANTED: Final = "Remettez le trousseau en place : docs/deploiement.md, « Des clés manquent »."
_RECORDING_WANTED: Final = {
    NOT_WHOLE: "`mentorat audit check` dit où ; puis docs/deploiement.md.",
    NOT_WRITABLE: "Rendez la base inscriptible (default_transaction_read_only), puis redémarrez.",
}
_TOLD: Final = 20
_SEALED: Final = """
SELECT array_agg(subject) FROM (
    SELECT record_id AS subject FROM ledger.events WHERE commitment IS NOT NULL
    UNION
    SELECT jsonb_array_elements_text(metadata::jsonb -> 'about') FROM ledger.events
    WHERE text_commitment IS NOT NULL) AS sealed"""
FREE_BYTES_WANTED: Final = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """What was looked at; ``remedy`` is empty when all is well."""

    part: str
    state: str
    remedy: str = ""


Check = Callable[[Settings], Awaitable[Finding]]


async def examine(settings: Settings, out: Console) -> int:
    """Prints a line a part; answers the number of anomalies."""
    findings = [await _disk(settings)]
    try:
        settings = connected(settings)
    except NotRunning as stopped:
        findings.append(Finding("pile", "arrêtée", str(stopped)))
    else:
        findings += [await _looked_at(part, check, settings) for part, check in CHECKS.items()]
    for found in findings:
        mark = "[red]✗[/red]" if found.remedy else "[green]✓[/green]"
        out.print(
            f"{mark} {found.part} : {found.state}" + (f"\n    → {found.remedy}" if found.remedy else "")
        )
    return sum(bool(found.remedy) for found in findings)


async def _looked_at(part: str, check: Check, settings: Settings) -> Finding:
    """A part that cannot be looked at for want of the database is itself a finding."""
    try:
        return await check(settings)
    except psycopg.OperationalError:
        return Finding(
            part, "illisible : PostgreSQL ne répond pas", "Relancez `make run` ; logs/postgres.log."
        )
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return Finding(part, "la base n'est pas préparée", "Lancez `mentorat migrate`.")


async def _disk(settings: Settings) -> Finding:
    home = settings.home if settings.home.exists() else settings.home.absolute().parent
    free = shutil.disk_usage(home).free
    state = f"{free / 1e9:.1f} Go libres sous {home}"
    if free < FREE_BYTES_WANTED:
        return Finding("disque", state, "Libérez de l'espace ou déplacez MENTORAT_HOME.")
    if settings.tokens_file.exists() and settings.tokens_file.stat().st_mode & 0o077:
        return Finding(
            "disque", f"{settings.tokens_file} est lisible par d'autres", "chmod 600 sur ce fichier."
        )
    if not os.access(home, os.W_OK):
        return Finding("disque", f"{home} n'est pas inscriptible", "Corrigez les droits de ce dossier.")
    return Finding("disque", state)


async def _database(settings: Settings) -> Finding:
    may_add, may_rewrite, head = await _row(
        settings,
        "SELECT has_table_privilege('ledger.events', 'INSERT'),"
        " has_table_privilege('ledger.events', 'UPDATE') OR"
        " has_table_privilege('ledger.events', 'DELETE') OR"
        " has_table_privilege('ledger.events', 'TRUNCATE'),"
        " (SELECT coalesce(max(position), 0) FROM ledger.events)",
    )
    async with await psycopg.AsyncConnection.connect(settings.dsn_app, connect_timeout=5) as connection:
        wrong = await not_recording(connection)
    if wrong:
        return Finding("registre", wrong, _RECORDING_WANTED[wrong])
    if may_rewrite or not may_add:
        return Finding("registre", "droits du rôle mentorat_app anormaux", "Relancez `mentorat migrate`.")
    return Finding("registre", f"{head} événements, ajout seul")


async def _keyring(settings: Settings) -> Finding:
    """Every record of which something personal was sealed has its key, or was erased."""
    if keys.lost(settings):
        return Finding("trousseau", "absent, ou sans sa clé maîtresse", _KEYS_WANTED)
    (sealed,) = await _row(settings, _SEALED)
    try:
        lost = await keys.missing(settings, sealed or ())
    except KeyringLost as gone:
        return Finding("trousseau", str(gone), _KEYS_WANTED)
    if lost:
        some = ", ".join(lost[:_TOLD]) + (" …" if lost[_TOLD:] else "")
        return Finding("trousseau", f"{len(lost)} dossier(s) illisible(s), sans clé : {some}", _KEYS_WANTED)
    return Finding("trousseau", "complet")


async def _projector(settings: Settings) -> Finding:
    lag, age = await _row(
        settings,
        "SELECT count(*), extract(epoch FROM clock_timestamp() + max(shift) - min(recorded_at))"
        " FROM ledger.events, ledger.clock WHERE position > (SELECT position FROM read.position)",
    )
    if lag and age > SECONDS_ALLOWED:
        return Finding(
            "vues",
            f"{lag} événement(s) de retard depuis {age:.0f} s",
            "Le projecteur est arrêté ou bloqué : voyez logs/projector.log, puis `mentorat rebuild`.",
        )
    return Finding("vues", f"{lag} événement(s) de retard" if lag else "à jour")


async def _worker(settings: Settings) -> Finding:
    (age,) = await _row(
        settings,
        "SELECT extract(epoch FROM clock_timestamp() - max(at)) FROM process.tracking WHERE name = 'worker'",
    )
    if age is None or age > SECONDS_ALLOWED:
        since = "jamais vu" if age is None else f"sans signe de vie depuis {age:.0f} s"
        return Finding(
            "worker",
            since,
            "Les échéances attendent, rien n'est perdu : voyez logs/worker.log, puis relancez.",
        )
    return Finding("worker", "actif")


async def _clock(settings: Settings) -> Finding:
    shift, frozen = await _row(settings, "SELECT shift, frozen FROM ledger.clock")
    if shift:
        return Finding("horloge", f"avancée de {_days(shift)} (développement)")
    return Finding("horloge", "à l'heure, figée (production)" if frozen else "à l'heure")


def _days(shift: timedelta) -> str:
    sign = "" if shift >= timedelta() else "moins "
    whole = abs(shift)
    return f"{sign}{whole.days} jour(s) et {whole.seconds // 3600} heure(s)"


async def _dead_letters(settings: Settings) -> Finding:
    (count,) = await _row(settings, "SELECT count(*) FROM process.dead_letters WHERE settled IS NULL")
    if count:
        return Finding("relais", f"{count} élément(s) mis de côté", "`mentorat processes` les montre.")
    return Finding("relais", "rien de mis de côté")


async def _row(settings: Settings, query: LiteralString) -> tuple[Any, ...]:
    async with await psycopg.AsyncConnection.connect(settings.dsn_app, connect_timeout=5) as connection:
        row = await (await connection.execute(query)).fetchone()
    if row is None:
        raise LookupError(query)
    return row


async def _temporal(settings: Settings) -> Finding:
    from temporalio.client import Client
    from temporalio.service import RPCError

    try:
        client = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
        healthy = await client.service_client.check_health(timeout=timedelta(seconds=5))
    except (RPCError, RuntimeError):
        healthy = False
    if not healthy:
        return Finding(
            "Temporal",
            "ne répond pas",
            "Rien n'est perdu : les commandes passent. Relancez la pile ; journal : logs/temporal.log.",
        )
    return Finding("Temporal", f"répond ({settings.temporal_address})")


async def _api(settings: Settings) -> Finding:
    where = addresses(settings)
    url = where.api if where else f"http://{settings.host}:{settings.port}"
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.get(f"{url}/readyz")
    except httpx.HTTPError:
        return Finding("API", f"{url} ne répond pas", "Voyez logs/api.log.")
    if answer.status_code != 200:
        return Finding(
            "API", f"{url}/readyz répond {answer.status_code}", "Sa réponse dit quelle partie manque."
        )
    return Finding("API", f"prête ({url})")


CHECKS: Final[dict[str, Check]] = {
    "registre": _database,
    "trousseau": _keyring,
    "horloge": _clock,
    "vues": _projector,
    "relais": _dead_letters,
    "Temporal": _temporal,
    "worker": _worker,
    "API": _api,
}
