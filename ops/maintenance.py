"""What an operator asks of a running house: rebuild, look at the processes, move the domain's clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
from rich.console import Console
from rich.table import Table

from domain.calendar import PARIS
from ops import database
from ops.compose import house
from ops.settings import Settings
from projections import deadlines
from projections.projector import Projector

_UNITS: Final = {"d": "days", "j": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DELAY: Final = re.compile(r"(\d{1,5})([djhms])")
_LONGEST: Final = timedelta(days=3660)


class ClockRefused(Exception):
    """The domain's clock does not move like that."""


async def rebuild(settings: Settings, progress: Callable[[int, int], None]) -> int:
    """Fills `read_next` beside the live read models and switches; answers how many events were read."""
    async with (
        house(settings, "rebuild") as parts,
        database.pool(settings.dsn_projector, most=4, name="rebuild") as pool,
    ):
        await Projector(parts.feed, pool, parts.world, parts.recorder.now).rebuild(progress)
        return await parts.recorder.head()


async def advance(settings: Settings, delay: str) -> datetime:
    """Moves domain time forward and wakes what became due. Raises ``ClockRefused``."""
    if settings.production:
        raise ClockRefused("En production, l'horloge du domaine ne se déplace pas.")
    shift = parse_delay(delay)
    async with await psycopg.AsyncConnection.connect(settings.dsn_owner, autocommit=True) as connection:
        await connection.execute("UPDATE ledger.clock SET shift = shift + %s", (shift,))
        await connection.execute("NOTIFY sweep")
        found = await connection.execute("SELECT clock_timestamp() + shift FROM ledger.clock")
        row = await found.fetchone()
    if row is None:
        raise LookupError("ledger.clock has lost its row")
    moved: datetime = row[0]
    return moved.astimezone(PARIS)


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
    """Open processes by Temporal's account, what is due by ours, and the dead letters."""
    from temporalio.client import Client

    async with house(settings, "processes") as parts:
        now = await parts.recorder.now()
        async with parts.reader.session({"role:system"}) as connection:
            due = await deadlines.due_before(connection, now + timedelta(days=settings.horizon_days))
        async with parts.pool.connection() as connection:
            found = await connection.execute(
                "SELECT position, record_id, reason, at FROM process.dead_letters ORDER BY position LIMIT 50"
            )
            dead = await found.fetchall()
    client = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
    running = await client.count_workflows('ExecutionStatus = "Running"')
    out.print(f"Processus ouverts dans Temporal : {running.count}")
    table = Table("Dossier", "Prochaine échéance automatique", title="Échéances dans l'horizon")
    for record_id, at in due[:50]:
        late = " (en retard)" if at < now - timedelta(minutes=5) else ""
        table.add_row(record_id, f"{at.astimezone(PARIS):%d/%m/%Y %H:%M}{late}")
    out.print(table)
    if dead:
        letters = Table("Position", "Dossier", "Motif", "Depuis", title="Mis de côté")
        for position, record_id, reason, at in dead:
            letters.add_row(str(position), record_id or "", reason, f"{at.astimezone(UTC):%d/%m/%Y %H:%M}")
        out.print(letters)
    else:
        out.print("Rien n'a été mis de côté.")
