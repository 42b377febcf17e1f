"""The rounds of whoever keeps the house: what is due is done, once, and what is wrong is said, not signed."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.association.commands import OpenAdmission, ReceiveDocument
from domain.association.model import Association
from domain.association.parts import DocumentVersion
from domain.erasure import Erase, Ground
from domain.kernel import Actor
from domain.links import Channel
from ops import audit, compose, housekeeping, keys
from ops.housekeeping import LOCK, Keeper, kept
from tests.conftest import Database
from tests.ops.places import settings_of
from tests.support import FACE, House, fold_at

pytestmark = pytest.mark.stack
DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))


@dataclass
class Hours:
    """In the place of ``time``: moves when told."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Place:
    """A house that has lived, its keeper, and what was pushed to another machine."""

    parts: compose.House
    house: House
    owner_dsn: str
    pushed: Path
    hours: Hours = field(default_factory=Hours)

    @property
    def published(self) -> list[str]:
        names = sorted(path.name for path in self.parts.settings.checkpoints.glob("*"))
        assert names == sorted(path.name for path in self.pushed.glob("*"))
        return names

    def execute(self, statement: str) -> None:
        """As the superuser."""
        with psycopg.connect(self.owner_dsn, autocommit=True) as connection:
            connection.execute(statement)

    def readings(self) -> list[str]:
        with psycopg.connect(self.owner_dsn) as connection:
            return [purpose for (purpose,) in connection.execute("SELECT purpose FROM privacy.readings")]


@pytest.fixture
async def place(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    settings = settings_of(tmp_path / "home", database.owner_dsn, database).model_copy(
        update={"checkpoint_folder": str(tmp_path / "pushed"), "checkpoint_minutes": 60.0}
    )
    await keys.prepare(settings)
    async with compose.house(settings, "worker") as parts:
        house = House(parts.recorder, keyring=parts.keyring)
        await house.open()
        await house.drafted()
        found = Place(parts, house, database.owner_dsn, tmp_path / "pushed")
        monkeypatch.setattr(housekeeping, "time", found.hours)
        yield found


async def test_an_erasure_left_half_way_is_carried_to_its_end(place: Place) -> None:
    await place.house.do(Erase(record_id="convention-1", ground=Ground.OBJECTION), DPO)
    assert await place.parts.keyring.keys(["convention-1"])
    await Keeper(place.parts).round()
    assert await place.parts.keyring.destroyed() == {"convention-1"}
    assert place.parts.erasures.journal.read() == {"convention-1": Ground.OBJECTION}


async def test_a_checkpoint_is_published_and_pushed_when_its_time_has_come(place: Place) -> None:
    keeper = Keeper(place.parts)
    await keeper.round()
    first = f"0001-{await place.parts.recorder.head():012}.txt"
    assert place.published == [first]
    await place.house.drafted("convention-2")
    place.hours.now = 59 * 60
    await keeper.round()
    assert place.published == [first]
    place.hours.now = 60 * 60
    await keeper.round()
    assert place.published == [first, f"0001-{await place.parts.recorder.head():012}.txt"]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE ledger.tree SET edge = substr(edge, 2) || '\\x00'",
        "UPDATE ledger.tree SET size = size - 1",
        "DELETE FROM ledger.tree",
        "ALTER TABLE ledger.tree DROP CONSTRAINT tree_pkey, DROP CONSTRAINT tree_only_row_check;"
        " INSERT INTO ledger.tree SELECT false, size, edge FROM ledger.tree",
    ],
)
async def test_a_ledger_that_was_rewritten_is_not_signed_and_the_rest_goes_on(
    place: Place, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    keeper = Keeper(place.parts)
    await keeper.round()
    published = place.published
    place.execute(damage)
    place.execute(_reading("old", 13))
    place.hours.now = 25 * 3600
    with caplog.at_level(logging.CRITICAL):
        await keeper.round()
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert "no checkpoint was signed" in caplog.text
    assert place.published == published
    assert place.readings() == []


async def test_a_place_that_takes_no_checkpoint_stops_nothing(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.pushed.write_text("not a folder")
    await Keeper(place.parts).round()
    assert "was not pushed" in caplog.text
    assert len(list(place.parts.settings.checkpoints.iterdir())) == 1


async def test_a_declared_epoch_that_a_place_did_not_take_is_handed_over_later(place: Place) -> None:
    """Who has the checkpoints of an epoch and not its declaration would hold the ledger for rewritten."""
    place.pushed.write_text("not a folder")
    await audit.open_epoch(place.parts.settings, place.parts.pool, "disque perdu")
    keeper = Keeper(place.parts)
    await keeper.round()
    place.pushed.unlink()
    place.hours.now = 3600
    await keeper.round()
    checkpoint, opening = place.published
    assert (opening, checkpoint[:8]) == ("0002-opened.txt", "0002-000")
    (place.pushed / opening).unlink()
    place.hours.now = 7200
    await keeper.round()
    assert [path.name for path in place.pushed.iterdir()] == [checkpoint], "once is enough"


async def test_the_reading_log_ends_after_twelve_months_once_a_day(place: Place) -> None:
    keeper = Keeper(place.parts)
    place.execute(_reading("old", 13))
    place.execute(_reading("recent", 11))
    await keeper.round()
    assert place.readings() == ["recent"]
    place.execute(_reading("old", 13))
    place.hours.now = 86_399
    await keeper.round()
    assert "old" in place.readings()
    place.hours.now = 86_400
    await keeper.round()
    assert place.readings() == ["recent"]


async def test_of_two_workers_one_keeps_the_house(place: Place) -> None:
    async with place.parts.pool.connection() as other, other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        await Keeper(place.parts).round()
        assert place.published == []
    await Keeper(place.parts).round()
    assert len(place.published) == 1


async def test_a_mistake_ends_the_worker_and_a_lost_database_does_not(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[type[Exception]] = [psycopg.OperationalError, psycopg.OperationalError, ZeroDivisionError]

    async def broken(self: Keeper) -> None:
        raise met.pop(0)

    async def work() -> None:
        async with kept(place.parts):
            await asyncio.sleep(30)

    monkeypatch.setattr(housekeeping, "PAUSE", 0.01)
    monkeypatch.setattr(Keeper, "round", broken)
    with pytest.raises(ZeroDivisionError):
        await asyncio.create_task(work())
    assert met == []


async def test_a_file_that_no_event_names_goes_after_an_hour_and_no_other_does(place: Place) -> None:
    """One is of a command that was refused; one is of the record, but too young; one was accepted."""
    documents = place.parts.documents
    named = await _accepted(place, b"%PDF-1.7 acceptee")
    refused = await documents.keep(FACE, b"%PDF-1.7 refusee")
    _grow_old(place)
    young = await documents.keep(FACE, b"%PDF-1.7 a l'instant")
    keeper = Keeper(place.parts)
    await keeper.round()
    assert _kept(place) == {named, young}
    assert refused not in {named, young}
    _grow_old(place)
    place.hours.now = 3_599
    await keeper.round()
    assert _kept(place) == {named, young}
    place.hours.now = 3_600
    await keeper.round()
    assert _kept(place) == {named}
    assert await documents.read(FACE, named)


@pytest.mark.parametrize("when", ["before the look", "after the look"])
async def test_of_two_uploads_of_the_same_bytes_the_accepted_one_keeps_its_file(
    place: Place, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """An hour ago a command with these bytes was refused. Now they come again, and are accepted, while the
    keeper is between looking for what nobody names and removing it."""
    body = b"%PDF-1.7 la meme piece"
    digest = await place.parts.documents.keep(FACE, body)
    _grow_old(place)
    look = Keeper._named

    async def meanwhile(self: Keeper, files: Any) -> Any:
        assert [one for _, one in files] == [digest], "it was old enough to go"
        if when == "before the look":
            await place.parts.documents.keep(FACE, body)
            return await look(self, files)
        named = await look(self, files)
        await _accepted(place, body)
        return named

    monkeypatch.setattr(Keeper, "_named", meanwhile)
    await Keeper(place.parts).round()
    if when == "before the look":
        await _accepted(place, body)
    assert await place.parts.documents.read(FACE, digest) == body


async def _accepted(place: Place, body: bytes) -> str:
    """A document kept, and named by an event."""
    digest = await place.parts.documents.keep(FACE, body)
    version = DocumentVersion(
        digest, len(body), "application/pdf", place.house.clock.today, Channel.ONLINE, None
    )
    association = await fold_at(place.parts.recorder, FACE)
    assert isinstance(association, Association)
    if association.status == "candidate":
        opening = OpenAdmission(
            record_id=FACE,
            programme_id="programme-1j1m",
            on=place.house.clock.today,
            channel=Channel.MEETING,
        )
        await place.house.do(opening)
    await place.house.do(ReceiveDocument(record_id=FACE, document="statutes", version=version))
    return digest


def _grow_old(place: Place) -> None:
    """Every file kept so far was handed in an hour and a second ago."""
    then = time.time() - 3_601
    for file in place.parts.settings.documents.rglob("*"):
        os.utime(file, (then, then))


def _kept(place: Place) -> set[str]:
    return {file.name for file in place.parts.settings.documents.rglob("*") if file.is_file()}


def _reading(purpose: str, months: int) -> str:
    return (
        "INSERT INTO privacy.readings (at, reader, role, subject, purpose) VALUES"
        f" (now() - interval '{months} months', '0123456789abcdef', 'dpo', 'convention-1', '{purpose}')"
    )
