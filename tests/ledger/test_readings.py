"""The reading log: written before anything is shown, grouped, kept twelve months, and never rewritten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from domain.kernel import FORGOTTEN, FREE_TEXT, PERSONAL, Actor, Busy, Sealed
from ledger import readings
from ledger.keyring import MemoryKeyring
from ledger.readings import OpenedPersons, ReadingLog
from ledger.vault import EventVault
from ops import database as databases
from tests.conftest import Database

READER = Actor("t-dpo", "dpo")
OTHER = Actor("t-lyon", "academie")
SUBJECTS = ("association-1", "convention-1", "convention-2")


@dataclass
class Desk:
    """A log, a keyring with keys for three subjects, and the owner's hand on the database."""

    log: ReadingLog
    keyring: MemoryKeyring
    persons: OpenedPersons
    database: Database

    async def sealed(self, value: Any, *subjects: str) -> Sealed:
        """A value about these: personal for one, typed for several."""
        event_id = uuid4()
        vault = EventVault(event_id, subjects[0], subjects, await self.keyring.ensure(subjects))
        return Sealed(subjects, event_id, vault(PERSONAL if len(subjects) == 1 else FREE_TEXT, value))

    async def entries(self) -> list[tuple[str, str, str]]:
        page = await self.log.page(limit=1000)
        return [(one.reader, one.subject, one.purpose) for one in reversed(page)]

    async def owner(self, statement: str) -> Any:
        async with await psycopg.AsyncConnection.connect(self.database.owner_dsn, autocommit=True) as owner:
            cursor = await owner.execute(statement)
            return await cursor.fetchall() if cursor.description else None


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with databases.pool(database.app.conninfo, most=1, name="readings") as pool:  # type: ignore[arg-type]
        keyring = MemoryKeyring()
        await keyring.ensure(SUBJECTS)
        log = ReadingLog(pool)
        yield Desk(log, keyring, OpenedPersons(keyring, log), database)


async def test_a_reading_is_one_entry_a_subject_whatever_was_shown_of_it(desk: Desk) -> None:
    name, again = await desk.sealed("Ada", "convention-1"), await desk.sealed("Bob", "convention-1")
    typed = await desk.sealed("de vive voix", "association-1", "convention-1")

    clear = await desk.persons.opened([name, again, typed], READER, "conventions_read")

    assert clear == {name: "Ada", again: "Bob", typed: "de vive voix"}
    assert await desk.entries() == [
        ("t-dpo", "association-1", "conventions_read"),
        ("t-dpo", "convention-1", "conventions_read"),
    ]


async def test_what_is_gathered_is_one_entry_a_subject_once_all_is_ready(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.readings.NOTED_AT_ONCE", 2)
    values = [await desk.sealed(str(n), f"convention-{n % 3}") for n in range(6)]
    forgotten = await desk.sealed("Ada", "convention-9")
    await desk.keyring.destroy("convention-9")
    async with desk.persons.gathering(READER, "export") as gathering:
        for one in (*values, forgotten):
            await gathering.opened([one])
        gathering.shows("association-1")
        assert await desk.entries() == []
    names = ["association-1", "convention-0", "convention-1", "convention-2"]
    assert await desk.entries() == [("t-dpo", name, "export") for name in names]


async def test_what_is_not_handed_out_in_the_end_is_no_reading(desk: Desk) -> None:
    name = await desk.sealed("Ada", "convention-1")

    async def broken() -> None:
        async with desk.persons.gathering(READER, "export") as gathering:
            await gathering.opened([name])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken()
    assert await desk.entries() == []


async def test_what_is_forgotten_is_no_reading(desk: Desk) -> None:
    name = await desk.sealed("Ada", "convention-1")
    typed = await desk.sealed("de vive voix", "association-1", "convention-1")
    other = await desk.sealed("Bob", "convention-2")
    await desk.keyring.destroy("convention-1")

    assert await desk.persons.opened([name, typed], READER, "x") == {name: FORGOTTEN, typed: FORGOTTEN}
    assert await desk.persons.opened([], READER, "x") == {}
    assert await desk.entries() == []
    await desk.persons.opened([name, other], READER, "x")
    assert await desk.entries() == [("t-dpo", "convention-2", "x")]


async def test_readings_that_come_together_are_written_in_one_transaction(desk: Desk) -> None:
    values = [await desk.sealed(str(n), f"convention-{n}") for n in range(40)]

    shown = await asyncio.gather(*(desk.persons.opened([one], READER, "x") for one in values))

    assert [next(iter(clear.values())) for clear in shown] == [str(n) for n in range(40)]
    assert len(await desk.entries()) == 40
    assert (await desk.owner("SELECT count(DISTINCT xmin::text) FROM privacy.readings"))[0][0] <= 2


async def test_nothing_is_shown_when_the_reading_cannot_be_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await desk.sealed("Ada", "convention-1")
    await desk.owner("ALTER TABLE privacy.readings RENAME TO elsewhere")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await desk.persons.opened([name], READER, "x")
    await desk.owner("ALTER TABLE privacy.elsewhere RENAME TO readings")
    monkeypatch.setattr(readings, "MOST_WAITING", 3)
    answers = await asyncio.gather(
        *(desk.persons.opened([name], READER, "x") for _ in range(5)), return_exceptions=True
    )
    assert [isinstance(answer, Busy) for answer in answers] == [False] * 3 + [True] * 2
    assert len(await desk.entries()) == 3


async def test_a_lost_connection_is_told_and_the_next_reading_is_written(desk: Desk) -> None:
    name = await desk.sealed("Ada", "convention-1")
    await desk.owner(
        "CREATE FUNCTION privacy.cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';"
        "CREATE TRIGGER cut BEFORE INSERT ON privacy.readings FOR EACH ROW EXECUTE FUNCTION privacy.cut()"
    )
    with pytest.raises(psycopg.OperationalError):
        await desk.persons.opened([name], READER, "x")
    await desk.owner("DROP TRIGGER cut ON privacy.readings")

    assert await desk.persons.opened([name], READER, "x") == {name: "Ada"}
    assert len(await desk.entries()) == 1


async def test_the_log_is_walked_by_reader_by_subject_and_by_time(desk: Desk) -> None:
    for reader in (READER, OTHER):
        await desk.log.note(reader, SUBJECTS, "x")
    await desk.owner("UPDATE privacy.readings SET at = at - interval '2 days' WHERE reader = 't-dpo'")
    whole = await desk.log.page(limit=10)

    assert [one.number for one in whole] == sorted((one.number for one in whole), reverse=True)
    assert [one.subject for one in await desk.log.page(limit=10, reader="t-dpo")] == [*reversed(SUBJECTS)]
    assert {one.reader for one in await desk.log.page(limit=10, subject="convention-2")} == {
        "t-dpo",
        "t-lyon",
    }
    assert await desk.log.page(limit=10, since=whole[2].at) == whole[:3]
    assert await desk.log.page(limit=2, before=whole[1].number) == whole[2:4]


async def test_the_application_adds_and_reads_and_can_do_nothing_else(desk: Desk) -> None:
    await desk.log.note(READER, ["convention-1"], "x")
    async with desk.database.app.connection() as connection:
        for statement in (
            "UPDATE privacy.readings SET reader = 'nobody'",
            "DELETE FROM privacy.readings",
            "TRUNCATE privacy.readings",
            "INSERT INTO privacy.readings (at, reader, role, subject, purpose)"
            " VALUES (now(), 'x', 'x', 'x', 'x')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)
    async with desk.database.projector.connection() as connection:
        for statement in ("SELECT FROM privacy.readings", "SELECT privacy.purge_readings()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)
    assert len(await desk.entries()) == 1


async def test_what_is_older_than_twelve_months_goes_and_nothing_sooner(desk: Desk) -> None:
    await desk.log.note(READER, SUBJECTS, "x")
    await desk.owner(
        "UPDATE privacy.readings SET at = now() - interval '12 months' - interval '1 hour'"
        " WHERE subject = 'convention-1'"
    )
    await desk.owner(
        "UPDATE privacy.readings SET at = now() - interval '12 months' + interval '1 hour'"
        " WHERE subject = 'convention-2'"
    )
    async with desk.database.app.connection() as connection:
        await connection.execute("CREATE TEMPORARY TABLE readings (at timestamptz)")
        cursor = await connection.execute("SELECT privacy.purge_readings()")
        assert await cursor.fetchone() == (1,)
        await connection.execute("DROP TABLE readings")

    assert [subject for _, subject, _ in await desk.entries()] == ["association-1", "convention-2"]
