"""Looks at every part and says what to do about it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx
import psycopg
from rich.console import Console

from ops.running import NotRunning, addresses, connected
from ops.settings import Settings

LAG_ALLOWED = 1_000
FREE_BYTES_WANTED = 1_000_000_000


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
        findings += [await check(settings) for check in CHECKS]
    for found in findings:
        mark = "[red]✗[/red]" if found.remedy else "[green]✓[/green]"
        out.print(
            f"{mark} {found.part} : {found.state}" + (f"\n    → {found.remedy}" if found.remedy else "")
        )
    return sum(bool(found.remedy) for found in findings)


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
    try:
        async with await psycopg.AsyncConnection.connect(settings.dsn_app, connect_timeout=5) as connection:
            found = await connection.execute(
                "SELECT has_table_privilege('ledger.events', 'INSERT'),"
                " has_table_privilege('ledger.events', 'UPDATE') OR"
                " has_table_privilege('ledger.events', 'DELETE') OR"
                " has_table_privilege('ledger.events', 'TRUNCATE'),"
                " (SELECT coalesce(max(position), 0) FROM ledger.events)"
            )
            row = await found.fetchone()
    except psycopg.OperationalError:
        return Finding(
            "PostgreSQL", "ne répond pas", "Relancez `make run` ; son journal : logs/postgres.log."
        )
    except psycopg.errors.UndefinedTable:
        return Finding("PostgreSQL", "base vide", "Lancez `mentorat migrate`.")
    may_add, may_rewrite, head = row or (False, True, 0)
    if may_rewrite or not may_add:
        return Finding("registre", "droits du rôle mentorat_app anormaux", "Relancez `mentorat migrate`.")
    return Finding("registre", f"{head} événements, ajout seul")


async def _projector(settings: Settings) -> Finding:
    async with await psycopg.AsyncConnection.connect(settings.dsn_app) as connection:
        found = await connection.execute(
            "SELECT (SELECT coalesce(max(position), 0) FROM ledger.events)"
            " - (SELECT position FROM read.position)"
        )
        row = await found.fetchone()
    lag = row[0] if row else 0
    if lag > LAG_ALLOWED:
        return Finding(
            "vues", f"{lag} événements de retard", "Voyez logs/projector.log, puis `mentorat rebuild`."
        )
    return Finding("vues", f"{lag} événement(s) de retard")


async def _clock(settings: Settings) -> Finding:
    async with await psycopg.AsyncConnection.connect(settings.dsn_app) as connection:
        found = await connection.execute("SELECT shift FROM ledger.clock")
        row = await found.fetchone()
    shift = row[0] if row else timedelta()
    if shift and settings.production:
        return Finding("horloge", f"décalée de {shift}", "En production le décalage doit être nul.")
    return Finding("horloge", f"décalée de {shift}" if shift else "à l'heure")


async def _dead_letters(settings: Settings) -> Finding:
    async with await psycopg.AsyncConnection.connect(settings.dsn_app) as connection:
        found = await connection.execute("SELECT count(*) FROM process.dead_letters WHERE settled IS NULL")
        row = await found.fetchone()
    count = row[0] if row else 0
    if count:
        return Finding("relais", f"{count} événement(s) mis de côté", "`mentorat processes` les montre.")
    return Finding("relais", "rien de mis de côté")


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


CHECKS: tuple[Check, ...] = (_database, _clock, _projector, _dead_letters, _temporal, _api)
