"""A database superuser rewrites history, at random: every attempt is found, and located."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import AsyncConnection, sql

from ledger.check import check
from ledger.events import StoredEvent
from ledger.findings import Finding, Kind
from ledger.postgres import PostgresRecorder
from tests.conftest import Database
from tests.ledger.attacks import Attacker, Done, Seal
from tests.ledger.sealed import Publisher, fill, grow

pytestmark = pytest.mark.stack
SIZES: Final = (60, 150, 256, 300, 390)
"""What was published."""
TAIL: Final = 10
PLAIN: Final = ("append", "leaf", "tree", "nodes")
"""Attacks that make no sense, or leave no trace, once the seal is made again."""
ATTACKS: Final = (
    "edit",
    "delete",
    "insert",
    "swap",
    "exchange",
    "truncate",
    "replay",
    "revert",
    "roll_back",
    "roll_back_and_go_on",
)
KINDS: Final = [(name, Seal.NOTHING) for name in PLAIN] + [(name, seal) for name in ATTACKS for seal in Seal]


@dataclass
class Victim:
    """The store, as somebody who may do anything to the database holds it."""

    connection: AsyncConnection[Any]
    rows: list[StoredEvent]
    publisher: Publisher

    async def findings(self) -> list[Finding]:
        return await check(self.connection, self.publisher.book.all())


@pytest.fixture
async def victim(database: Database, tmp_path: Path) -> AsyncIterator[Victim]:
    recorder, publisher = PostgresRecorder(database.app), Publisher(tmp_path)
    async with await AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
        await grow(recorder, owner, publisher, SIZES, random.Random(1))
        await fill(recorder, TAIL, random.Random(2))
        rows = await recorder.after(0, SIZES[-1] + TAIL + 1)
        await drop_constraints(owner)
        yield Victim(owner, rows, publisher)


async def drop_constraints(owner: AsyncConnection[Any]) -> None:
    """Whoever owns the tables starts with that."""
    found = await owner.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE conrelid IN ('ledger.events'::regclass, 'ledger.nodes'::regclass, 'ledger.tree'::regclass)"
        " ORDER BY contype = 'n'"
    )
    for table, name in await found.fetchall():
        named = sql.Identifier(*table.split(".")), sql.Identifier(name)
        await owner.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(*named))


@pytest.mark.parametrize("attacks", [320, pytest.param(10_000, marks=pytest.mark.stress)])
async def test_every_tampering_is_found_and_located(victim: Victim, attacks: int) -> None:
    seed = int(os.environ.get("SEED") or random.randrange(2**32))
    print(f"SEED={seed}")
    rng, counted = random.Random(seed), Counter[tuple[str, Seal]]()
    assert await victim.findings() == []
    for number in range(attacks):
        name, seal = KINDS[number % len(KINDS)]
        attacker = Attacker(victim.connection, rng, victim.rows, SIZES[-1], seal)
        async with victim.connection.transaction(force_rollback=True):
            await attacker.prepare()
            done: Done = await getattr(attacker, name)()
            await attacker.cover()
            findings = await victim.findings()
        told = f"SEED={seed}, n° {number}: {name}, sealed again: {seal}, {done} → {findings}"
        assert located(done, attacker.seal, findings), told
        counted[name, seal] += 1
        if number % 200 == 199:
            await victim.connection.execute("VACUUM ledger.events, ledger.tree, ledger.nodes")
    assert set(counted) == set(KINDS)
    assert await victim.findings() == []


def located(done: Done, seal: Seal, findings: Sequence[Finding]) -> bool:
    """Exactly, where the traces were not covered; between two checkpoints, where they were."""
    telling = [one for one in findings if one.kind is not Kind.UNPROVEN and one.sentence.endswith(".")]
    if seal is Seal.NOTHING or done.beyond:
        return any(one.first in done.touched for one in telling)
    missing = {one.first for one in telling if one.kind in {Kind.MISSING, Kind.TREE}}
    rewritten = [(one.first, one.last) for one in telling if one.kind is Kind.REWRITTEN]
    return rewritten == [between(min(done.touched))] or (not rewritten and done.touched[0] in missing)


def between(position: int) -> tuple[int, int]:
    """The first position behind a checkpoint, and that of the next one."""
    last = next(size for size in SIZES if size >= position)
    return max([0, *(size for size in SIZES if size < last)]) + 1, last


async def test_what_no_checkpoint_covers_can_be_rewritten_unseen(victim: Victim) -> None:
    """The limit, which only publishing more often moves."""
    last = victim.rows[-1].position
    attacker = Attacker(victim.connection, random.Random(0), victim.rows, SIZES[-1], Seal.EVERYTHING)
    async with victim.connection.transaction(force_rollback=True):
        await attacker.prepare()
        await victim.connection.execute("UPDATE ledger.events SET state = '{}' WHERE position = %s", (last,))
        assert [(one.kind, one.first) for one in await victim.findings()] == [(Kind.ALTERED, last)]
        await attacker.cover()
        assert await victim.findings() == []
    await victim.publisher.publish(victim.connection)
    async with victim.connection.transaction(force_rollback=True):
        await attacker.prepare()
        await victim.connection.execute("UPDATE ledger.events SET state = '{}' WHERE position = %s", (last,))
        await attacker.cover()
        found = [(one.kind, one.first, one.last) for one in await victim.findings()]
    assert found == [(Kind.REWRITTEN, SIZES[-1] + 1, last)]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("version = version + 1", Kind.VERSION),
        ("recorded_at = recorded_at - interval '1 day', effective_at = '2020-01-01'", Kind.TIME),
        ("effective_at = recorded_at + interval '1 second'", Kind.TIME),
        ("event_id = (SELECT event_id FROM ledger.events WHERE position = 1)", Kind.IDENTIFIER),
    ],
)
async def test_even_there_history_must_hang_together(victim: Victim, change: str, kind: Kind) -> None:
    last = victim.rows[-1].position
    attacker = Attacker(victim.connection, random.Random(0), victim.rows, SIZES[-1], Seal.EVERYTHING)
    async with victim.connection.transaction(force_rollback=True):
        await attacker.prepare()
        await victim.connection.execute(f"UPDATE ledger.events SET {change} WHERE position = {last}".encode())
        await attacker.cover()
        assert [(one.kind, one.first, one.last) for one in await victim.findings()] == [(kind, last, last)]


async def test_the_application_can_do_none_of_it(database: Database) -> None:
    """Its role may read and add; the triggers would stop even the owner."""
    await fill(PostgresRecorder(database.app), 1, random.Random(1))
    statements = (
        "UPDATE ledger.events SET state = ''",
        "DELETE FROM ledger.events",
        "TRUNCATE ledger.events",
    )
    for statement in statements:
        async with database.app.connection() as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)
        async with await AsyncConnection.connect(database.owner_dsn) as owner:
            with pytest.raises(psycopg.errors.RaiseException):
                await owner.execute(statement)
