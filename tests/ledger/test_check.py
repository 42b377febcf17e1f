"""The inspection of a whole store: silent when it is sound, precise when it is not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from psycopg import AsyncConnection

from ledger import merkle
from ledger.check import check
from ledger.check_seal import standing
from ledger.events import NewEvent, placed
from ledger.findings import MOST, Findings, Kind
from ledger.postgres import PostgresRecorder
from ledger.transaction import COLUMNS
from tests.conftest import Database
from tests.ledger.sealed import Publisher, fill, grow

pytestmark = pytest.mark.stack
RNG = random.Random(7)


@dataclass
class Store:
    recorder: PostgresRecorder
    owner: AsyncConnection[Any]
    publisher: Publisher

    async def grow(self, *sizes: int) -> None:
        await grow(self.recorder, self.owner, self.publisher, sizes, RNG)

    async def harm(self, statement: str, *values: Any) -> None:
        """As the superuser, for good."""
        async with self.owner.transaction():
            await self.owner.execute("SET LOCAL session_replication_role = replica")
            await self.owner.execute(statement.encode(), values)

    async def restore(self, size: int) -> None:
        """The backup of the night: the store as it was."""
        leaves = [one.leaf for one in await self.recorder.after(0, size)]
        _, edge, _ = merkle.append(0, [], leaves)
        await self.harm("DELETE FROM ledger.events WHERE position > %s", size)
        await self.harm("DELETE FROM ledger.nodes WHERE (index + 1) << level > %s", size)
        await self.harm("UPDATE ledger.tree SET size = %s, edge = %s", size, merkle.packed(edge))

    async def findings(self) -> list[tuple[Kind, int, int]]:
        book = self.publisher.book
        found = await check(self.owner, book.all(), book.openings())
        return [(one.kind, one.first, one.last) for one in found]


@pytest.fixture
async def store(database: Database, tmp_path: Path) -> AsyncIterator[Store]:
    async with await AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
        yield Store(PostgresRecorder(database.app), owner, Publisher(tmp_path))


async def test_an_empty_store_is_sound(store: Store) -> None:
    assert await store.findings() == []
    await store.publisher.publish(store.owner)
    assert await store.findings() == []


async def test_a_sound_store_is_inspected_to_its_end_by_the_application(
    store: Store, database: Database
) -> None:
    await store.grow(3, 300)
    await fill(store.recorder, 7, RNG)
    told: list[int] = []
    async with database.app.connection() as connection:
        assert await check(connection, store.publisher.book.all(), progress=told.append) == []
    assert told == [307]


async def test_commands_go_on_during_an_inspection(store: Store) -> None:
    await store.grow(2_500)
    stop = asyncio.Event()

    async def go_on() -> None:
        while not stop.is_set():
            await fill(store.recorder, 5, RNG)

    writing = asyncio.create_task(go_on())
    try:
        for _ in range(5):
            assert await store.findings() == []
    finally:
        stop.set()
        await writing
    assert await store.recorder.head() > 2_500


async def test_the_strangest_values_are_sealed_and_inspected_alike(store: Store) -> None:
    """Instants before 1970 and 2000, far ones, characters of four bytes, nothing at all."""
    instants = [datetime(*day, 1, 2, 3, 999_999, UTC) for day in ((1, 1, 1), (1969, 12, 31), (1999, 12, 31))]
    rows = [
        placed(NewEvent(uuid4(), f"é𝔼-{n}", 1, "", "𝔼\n\t", "", instant), n, datetime(9999, 1, 1, tzinfo=UTC))
        for n, instant in enumerate(instants, 1)
    ]
    size, edge, _ = merkle.append(0, [], [one.leaf for one in rows])
    marks = ", ".join(["%s"] * len(rows[0]))
    for one in rows:
        await store.harm(f"INSERT INTO ledger.events ({COLUMNS}) VALUES ({marks})", *one)
    await store.harm("UPDATE ledger.tree SET size = %s, edge = %s", size, merkle.packed(edge))
    await store.publisher.publish(store.owner)
    assert await store.findings() == []


# What is found ------------------------------------------------------------------------------------


async def test_one_altered_event_makes_nothing_else_suspect(store: Store) -> None:
    await store.grow(40, 300, 310)
    await store.harm("UPDATE ledger.events SET state = '{}' WHERE position IN (5, 6, 45)")
    assert await store.findings() == [(Kind.ALTERED, 5, 6), (Kind.ALTERED, 45, 45)]


async def test_an_altered_leaf_accuses_its_event_alone(store: Store) -> None:
    await store.grow(40, 300, 310)
    await store.harm("UPDATE ledger.events SET leaf = sha256('') WHERE position = 45")
    assert await store.findings() == [(Kind.ALTERED, 45, 45)]


async def test_each_checkpoint_tells_anew_whether_the_event_or_its_leaf_was_altered(store: Store) -> None:
    await store.grow(40, 300, 310)
    await store.harm("UPDATE ledger.events SET state = '{}' WHERE position = 5")
    await store.harm("UPDATE ledger.events SET leaf = sha256('') WHERE position = 45")
    await store.harm("UPDATE ledger.events SET state = '{}' WHERE position = 305")
    assert await store.findings() == [(Kind.ALTERED, place, place) for place in (5, 45, 305)]


async def test_behind_a_gap_nothing_is_proven_and_everything_is_still_read(store: Store) -> None:
    await store.grow(20, 50)
    await store.harm("DELETE FROM ledger.events WHERE position BETWEEN 25 AND 27")
    await store.harm("UPDATE ledger.events SET state = '{}' WHERE position = 40")
    found = [one for one in await store.findings() if one[0] is not Kind.VERSION]
    assert found == [(Kind.MISSING, 25, 27), (Kind.UNPROVEN, 28, 50), (Kind.ALTERED, 40, 40)]


async def test_behind_a_rewritten_stretch_no_later_checkpoint_says_anything(store: Store) -> None:
    await store.grow(20, 50, 60)
    await store.harm("UPDATE ledger.events SET state = '{}', leaf = sha256('') WHERE position = 30")
    assert await store.findings() == [
        (Kind.TREE, 1, 32),
        (Kind.REWRITTEN, 21, 50),
        (Kind.ALTERED, 30, 30),
        (Kind.UNPROVEN, 51, 60),
    ]


async def test_what_is_kept_of_the_tree_is_kept_once(store: Store) -> None:
    await store.grow(600)
    await store.harm("ALTER TABLE ledger.nodes DROP CONSTRAINT nodes_pkey")
    await store.harm("INSERT INTO ledger.nodes SELECT * FROM ledger.nodes WHERE index = 1")
    assert await store.findings() == [(Kind.TREE, 257, 512)]


async def test_a_shorter_store_lacks_what_was_signed(store: Store) -> None:
    await store.grow(20, 50)
    await store.restore(30)
    assert await store.findings() == [(Kind.MISSING, 31, 50)]


# Epochs -------------------------------------------------------------------------------------------


async def test_a_declared_restore_is_sound_and_gives_up_what_it_says(store: Store) -> None:
    await store.grow(20, 50)
    await store.restore(30)
    await store.publisher.open_epoch(store.owner)
    assert await store.findings() == []
    await store.grow(60, 70)
    assert await store.findings() == []
    book = store.publisher.book
    kept = [(one.epoch, one.size) for one in standing(book.all(), book.openings())]
    assert kept == [(1, 20), (2, 60), (2, 70)]


async def test_what_a_restore_brought_back_is_held_against_the_former_epoch_too(store: Store) -> None:
    await store.grow(20, 50)
    await store.restore(30)
    await store.publisher.open_epoch(store.owner)
    await store.grow(60)
    await store.harm("UPDATE ledger.events SET state = '{}', leaf = sha256('') WHERE position = 25")
    found = await store.findings()
    assert (Kind.REWRITTEN, 21, 30) in found
    assert (Kind.UNPROVEN, 31, 60) in found


async def test_epochs_are_one_unbroken_series(store: Store) -> None:
    await store.grow(20, 50)
    await store.restore(30)
    await store.publisher.open_epoch(store.owner)
    await store.grow(60)
    folder = store.publisher.folder
    last = folder / "0001-000000000050.txt"
    kept = last.read_text()
    last.unlink()
    assert await store.findings() == [(Kind.UNDECLARED, 1, 50)]
    last.write_text(kept)
    (folder / "0002-opened.txt").unlink()
    assert (Kind.UNDECLARED, 1, 60) in await store.findings()


async def test_two_ledgers_under_one_name_cannot_both_stand(store: Store) -> None:
    await store.grow(20)
    (checkpoint,) = store.publisher.book.all()
    other = replace(checkpoint, root=bytes(32))
    found = await check(store.owner, [checkpoint, other])
    assert [(one.kind, one.first, one.last) for one in found] == [(Kind.UNDECLARED, 1, 20)]


# How it is said -----------------------------------------------------------------------------------


def test_neighbours_are_one_finding() -> None:
    findings = Findings()
    for position in (4, 5, 6, 9, 10):
        findings.add(Kind.ALTERED, position)
    findings.add(Kind.VERSION, 7)
    assert [(one.kind, one.first, one.last) for one in findings.all()] == [
        (Kind.ALTERED, 4, 6),
        (Kind.VERSION, 7, 7),
        (Kind.ALTERED, 9, 10),
    ]


def test_a_store_in_ruins_has_a_list_that_ends() -> None:
    findings = Findings()
    for position in range(1, 2 * MOST + 10, 2):
        findings.add(Kind.ALTERED, position)
    found = findings.all()
    assert len(found) == MOST + 1
    assert (found[-1].kind, found[-1].first, found[-1].last) == (Kind.MORE, 2 * MOST + 1, 2 * MOST + 9)


def test_each_finding_is_a_sentence_that_says_where() -> None:
    findings = Findings()
    for kind in Kind:
        findings.add(kind, 3)
        findings.add(kind, 12, 14, "détail")
    sentences = [str(one) for one in findings.all()]
    assert len(set(sentences)) == 2 * len(Kind)
    assert all(one.startswith(("Position 3 : ", "Positions 12 à 14 : ")) for one in sentences)
    assert all(one.endswith(".") for one in sentences)


@pytest.mark.parametrize(
    "trick",
    [
        "ALTER TABLE ledger.events ENABLE ROW LEVEL SECURITY;"
        " CREATE POLICY shy ON ledger.events FOR SELECT TO mentorat_app USING (position < 300)",
        "CREATE POLICY later ON ledger.events FOR SELECT TO mentorat_app USING (position < 300)",
        "ALTER TABLE ledger.events RENAME TO others; CREATE VIEW ledger.events AS"
        " SELECT * FROM ledger.others WHERE current_user <> 'mentorat_app' OR position < 300;"
        " GRANT SELECT ON ledger.events TO mentorat_app",
        "CREATE TABLE ledger.more () INHERITS (ledger.events)",
        "CREATE RULE deaf AS ON INSERT TO ledger.events DO INSTEAD NOTHING",
    ],
)
async def test_a_table_that_may_show_the_api_other_rows_than_the_inspector_is_found(
    store: Store, database: Database, trick: str
) -> None:
    await store.grow(300)
    await store.owner.execute(trick.encode())
    assert await store.findings() == [(Kind.HIDDEN, 1, 300)]
    async with database.app.connection() as connection:
        found = await check(connection, store.publisher.book.all())
    assert Kind.HIDDEN in {one.kind for one in found}
    assert "ledger.events" in " ".join(one.sentence for one in found)
