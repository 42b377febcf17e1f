"""Read models over a ledger in memory: domain time stands still, the rows are PostgreSQL's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection

from domain.association.commands import ConcludeRelease
from domain.convention.commands import End, EnterIntoForce, MarkReportOverdue
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Actor, Sealed
from domain.reminding import Remind
from ledger import vault
from ledger.feed import LedgerFeed
from ops.database import Pool
from projections import deadlines, schema
from projections.projector import Projector
from projections.reading import Reader
from tests.support import House, clauses

DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))
Rows = dict[str, list[tuple[Any, ...]]]


@dataclass
class Views:
    """A house in memory, its projector and its reader in one database."""

    app: Pool
    projector_pool: Pool
    house: House = field(default_factory=House)

    def __post_init__(self) -> None:
        self.feed = LedgerFeed(self.house.recorder)
        self.projector = self.another_projector()
        self.reader = Reader(self.app)

    def another_projector(self) -> Projector:
        return Projector(self.feed, self.projector_pool, self.house.executor.world, self.house.recorder.now)

    async def empty(self) -> None:
        """As if nothing had ever been projected."""
        async with self.projector_pool.connection() as connection:
            await connection.execute("DROP SCHEMA read CASCADE")
            await schema.create(connection, "read")

    @asynccontextmanager
    async def seen(self, *scopes: str) -> AsyncIterator[AsyncConnection[dict[str, Any]]]:
        """Everything recorded so far, as it reads within these scopes (the system's by default)."""
        await self.projector.catch_up()
        async with self.reader.session(scopes or ("role:system",)) as connection:
            yield connection

    async def rows(self) -> Rows:
        """Every row of every read model, and the position."""
        async with self.projector_pool.connection() as connection:
            found = {}
            for projection in schema.PROJECTIONS:
                cursor = await connection.execute(f"SELECT * FROM read.{projection.name} ORDER BY 1, 2")
                found[projection.name] = await cursor.fetchall()
            cursor = await connection.execute("SELECT position, day FROM read.position")
            found["position"] = await cursor.fetchall()
        return found

    async def clear(self, word: Any) -> Any:
        """What a sealed word stands for, ``FORGOTTEN`` once its subject was erased."""
        sealed = Sealed.of(word)
        return (await vault.opened(self.house.keyring, [sealed]))[sealed]

    async def written(self) -> str:
        """Everything that the tables of the read models hold, as one text."""
        return repr(await self.rows())

    async def act_on_time(self) -> None:
        """What the processes do: carry out whatever is due, until nothing is."""
        for _ in range(20):
            async with self.seen() as connection:
                page = await deadlines.page(connection, deadlines.DeadlineFilters(), limit=500)
            now = await self.house.recorder.now()
            due = [d for d in page.items if d.automatic and d.at <= now and d.kind != "deliver"]
            if not due:
                return
            for one in due:
                await self.house.do(_step(one), SYSTEM)
        raise AssertionError(f"the same deadlines come back: {[d.key for d in due]}")


def _step(due: deadlines.DeadlineRow) -> Any:
    if due.kind == "enter_into_force":
        return EnterIntoForce(record_id=due.record_id)
    if due.kind == "end":
        return End(record_id=due.record_id)
    if due.kind == "report_overdue":
        return MarkReportOverdue(record_id=due.record_id, key=due.key)
    if due.kind == "release_mentors":
        return ConcludeRelease(record_id=due.record_id, mentors=0)
    if due.kind == "erase":
        return Erase(record_id=due.record_id, ground=Ground.RETENTION)
    return Remind(record_id=due.record_id, key=due.key)


async def in_force(
    views: Views, record_id: str = "convention-1", ends_on: date | None = None, **changes: object
) -> str:
    """A convention that every party has signed and whose day has come."""
    house = views.house
    today = house.clock.today
    text = clauses(starts_on=today, ends_on=ends_on or today.replace(year=today.year + 1), **changes)
    await house.signed(record_id, clauses=text)
    await house.do(EnterIntoForce(record_id=record_id), SYSTEM)
    return record_id


def ids(items: Iterable[Any]) -> list[str]:
    return [item.id for item in items]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
