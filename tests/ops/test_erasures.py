"""Erasures carried to their end, wherever they were interrupted, and after an older backup came back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from domain.association.commands import RegisterAssociation
from domain.association.model import Identity
from domain.calendar import paris_day
from domain.erasure import Erase, Ground
from domain.imports.commands import Submit
from domain.imports.parts import CSV, File, ImportKind
from domain.kernel import SYSTEM, UNREADABLE, Actor, Sealed
from domain.mentor.commands import Leave
from domain.mentor.identity import Merge
from domain.mentor.parts import MentorLeaving, Person
from ledger.documents import Documents
from ledger.keyring import MemoryKeyring
from ledger.postgres import PostgresRecorder
from ledger.vault import opened
from ops.erasures import Erasures, Journal, JournalDamaged
from tests.conftest import Database
from tests.domain.mentor_support import applying
from tests.support import COORDINATOR, FACE, House, fold_at

pytestmark = pytest.mark.stack
DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))
ID, OTHER = "convention-1", "convention-2"
MENTOR, TWIN = "mentor-1", "mentor-2"
ZUP = "association-2"
SENT, STRANGE, SINCE = "import-1", "import-2", "import-3"
FILE = b"%PDF-1.7 delegation"


@dataclass
class Place:
    house: House
    erasures: Erasures
    keyring: MemoryKeyring

    async def record_erasure(self, record_id: str = ID) -> None:
        await self.house.do(Erase(record_id=record_id, ground=Ground.OBJECTION), DPO)

    async def merged(self, merged: bool = True) -> None:
        """Somebody with two records, in each of which their names are and a file was kept."""
        for record_id, email in ((MENTOR, "awa@exemple.test"), (TWIN, "diallo@exemple.test")):
            person = Person("Awa", "Diallo", email)
            await self.house.do(applying(record_id, person), COORDINATOR)
            await self.file_kept(record_id)
        if merged:
            await self.house.do(Merge(record_id=MENTOR, duplicate_id=TWIN), COORDINATOR)

    async def file_kept(self, record_id: str) -> str:
        return await self.erasures.documents.keep(record_id, FILE)

    async def imported(self, record_id: str, association_id: str) -> None:
        """A file handed in by an association, and not looked at yet."""
        file = File(await self.file_kept(record_id), len(FILE), CSV)
        await self.house.do(
            Submit(
                record_id=record_id,
                kind=ImportKind.MENTORS,
                association_id=association_id,
                training_id=None,
                file=file,
                dry_run=True,
            ),
            Actor("t-of-it", "association", frozenset({"public", f"association:{association_id}"})),
        )

    async def readable(self, record_id: str) -> bool:
        return record_id in await self.keyring.keys([record_id])


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> Place:
    keyring = MemoryKeyring()
    house = House(PostgresRecorder(database.app), keyring=keyring)
    await house.open()
    await house.drafted(ID)
    await house.drafted(OTHER)
    journal, documents = Journal(tmp_path / "audit" / "erasures"), Documents(tmp_path / "documents", keyring)
    erasures = Erasures(database.app, house.executor, keyring, journal, documents)
    return Place(house, erasures, keyring)


async def test_an_erasure_is_journalled_and_its_key_destroyed_once(place: Place) -> None:
    await place.file_kept(ID)
    kept = await place.file_kept(OTHER)
    await place.record_erasure()
    for _ in range(2):
        await place.erasures.apply(ID)
    assert not await place.readable(ID)
    assert await place.readable(OTHER)
    assert place.erasures.journal.read() == {ID: Ground.OBJECTION}
    assert len(place.erasures.journal.path.read_text().splitlines()) == 1
    assert await place.erasures.documents.records() == {OTHER}
    assert await place.erasures.documents.read(OTHER, kept) == FILE
    assert await place.erasures.reconcile() == 0


@pytest.mark.parametrize("named", [MENTOR, TWIN])
async def test_both_records_of_a_person_are_forgotten_at_once_whichever_is_named(
    place: Place, named: str
) -> None:
    await place.merged()
    await place.record_erasure(named)
    await place.erasures.apply(named)
    for record_id in (MENTOR, TWIN):
        assert not await place.readable(record_id)
        assert place.erasures.journal.read()[record_id] is Ground.OBJECTION
    assert await place.erasures.documents.records() == set()
    assert await place.readable(ID)
    assert await place.erasures.reconcile() == 0


@pytest.mark.parametrize("merge", ["in the backup", "made since"])
async def test_both_records_of_a_person_are_erased_again_after_a_restore(place: Place, merge: str) -> None:
    """The ledger came back as it was before the erasure, or even before the records were found to be one."""
    await place.merged(merge == "in the backup")
    for record_id in (TWIN, MENTOR):
        place.erasures.journal.add(record_id, Ground.OBJECTION)
    assert await place.erasures.reconcile() == 2
    for record_id in (MENTOR, TWIN):
        assert not await place.readable(record_id)
        record = await fold_at(place.house.recorder, record_id)
        assert record is not None
        assert record.is_erased
    assert await place.erasures.reconcile() == 0


async def test_a_death_after_the_event_leaves_neither_record_of_a_person_readable(place: Place) -> None:
    await place.merged()
    await place.record_erasure(TWIN)
    place.erasures.journal.add(TWIN, Ground.OBJECTION)
    assert await place.erasures.reconcile() == 2
    assert not await place.readable(MENTOR)
    assert not await place.readable(TWIN)


@pytest.mark.parametrize("after", ["the whole erasure", "the event", "a restore"])
async def test_whoever_is_erased_is_in_no_file_that_their_association_had_imported(
    place: Place, after: str
) -> None:
    """Whatever a death left undone is done later; a file sent since, or another association's, stays."""
    await place.merged(merged=False)
    identity = Identity("ZUP", mailbox="contact@zup.test")
    await place.house.do(RegisterAssociation(record_id=ZUP, identity=identity, academies=("10",)))
    for record_id, association in ((SENT, FACE), (STRANGE, ZUP)):
        await place.imported(record_id, association)
    if after == "a restore":
        place.erasures.journal.add(MENTOR, Ground.OBJECTION)
    else:
        await place.record_erasure(MENTOR)
    if after == "the whole erasure":
        await place.erasures.apply(MENTOR)
    else:
        assert await place.erasures.reconcile() == 2
    await place.imported(SINCE, FACE)
    assert await place.erasures.reconcile() == 0
    assert await place.keyring.destroyed() == {MENTOR, SENT}
    assert await place.erasures.documents.records() == {TWIN, STRANGE, SINCE}
    assert place.erasures.journal.read() == {MENTOR: Ground.OBJECTION, SENT: Ground.OBJECTION}
    sent = await fold_at(place.house.recorder, SENT)
    assert sent is not None
    assert sent.is_erased


async def test_a_term_that_comes_leaves_the_files_of_the_association_to_their_own(
    place: Place, database: Database
) -> None:
    await place.merged(merged=False)
    today = paris_day(await place.house.recorder.now())
    await place.house.do(Leave(record_id=MENTOR, on=today, cause=MentorLeaving.END), COORDINATOR)
    async with await AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
        await owner.execute("UPDATE ledger.clock SET shift = '4000 days'")
    await place.imported(SENT, FACE)
    await place.house.do(Erase(record_id=MENTOR, ground=Ground.RETENTION), SYSTEM)
    await place.erasures.apply(MENTOR)
    assert await place.keyring.destroyed() == {MENTOR}
    assert await place.erasures.reconcile() == 0
    assert await place.readable(SENT)

    await place.record_erasure(TWIN)
    await place.erasures.apply(TWIN)
    assert await place.keyring.destroyed() == {MENTOR, TWIN, SENT}


async def test_a_key_is_never_destroyed_without_the_event(place: Place) -> None:
    with pytest.raises(LookupError, match=ID):
        await place.erasures.apply(ID)
    assert await place.readable(ID)
    assert place.erasures.journal.read() == {}


@pytest.mark.parametrize("after", ["the event", "the journal", "the key", "all but the files"])
async def test_whatever_a_death_left_undone_is_done_later(place: Place, after: str) -> None:
    await place.file_kept(ID)
    await place.record_erasure()
    if after in {"the journal", "all but the files"}:
        place.erasures.journal.add(ID, Ground.OBJECTION)
    if after in {"the key", "all but the files"}:
        await place.keyring.destroy(ID)
    assert await place.erasures.reconcile() == 1
    assert not await place.readable(ID)
    assert await place.erasures.documents.records() == set()
    assert place.erasures.journal.read() == {ID: Ground.OBJECTION}
    assert await place.erasures.reconcile() == 0


async def test_what_only_the_journal_knows_is_erased_again(place: Place) -> None:
    """The ledger was restored from a backup made before the erasure; so were the keyring and the files."""
    await place.file_kept(ID)
    place.erasures.journal.add(ID, Ground.CONSENT_WITHDRAWN)
    assert await place.erasures.reconcile() == 1
    assert await place.erasures.documents.records() == set()
    assert not await place.readable(ID)
    record = await place.house.convention(ID)
    assert record.is_erased
    assert await place.erasures.reconcile() == 0


async def test_what_the_restored_ledger_never_heard_of_stays_forgotten(place: Place) -> None:
    place.erasures.journal.add("convention-lost", Ground.UNLAWFUL)
    assert await place.erasures.reconcile() == 0
    assert "convention-lost" in await place.keyring.destroyed()


async def test_whose_term_has_not_come_in_the_restored_ledger_is_forgotten_and_told_once(
    place: Place,
) -> None:
    """A backup older than the end of the record: it waits for that term again, and nobody is read."""
    place.erasures.journal.add(ID, Ground.RETENTION)
    assert await place.erasures.reconcile() == 0
    assert not await place.readable(ID)
    assert not (await place.house.convention(ID)).is_erased
    assert await place.erasures.reconcile() == 0


async def test_a_lost_keyring_is_not_taken_for_a_mass_erasure(place: Place) -> None:
    record = await place.house.convention(ID)
    name = record.signatories["academie:10"].name
    assert isinstance(name, Sealed)
    assert (await opened(place.keyring, [name]))[name] == "Prénom Nom"
    assert (await opened(MemoryKeyring(), [name]))[name] is UNREADABLE


async def test_a_line_cut_by_a_death_is_no_erasure_and_hides_none(place: Place) -> None:
    journal = place.erasures.journal
    journal.add(ID, Ground.OBJECTION)
    with journal.path.open("a") as file:
        file.write("2026-11-22T10:00:00Z convention-2 obj")
    assert journal.read() == {ID: Ground.OBJECTION}
    journal.add(OTHER, Ground.UNLAWFUL)
    assert journal.read() == {ID: Ground.OBJECTION, OTHER: Ground.UNLAWFUL}


async def test_a_journal_that_holds_something_else_is_not_read_as_empty(place: Place) -> None:
    journal = place.erasures.journal
    journal.add(ID, Ground.OBJECTION)
    journal.path.write_text("rubbish\n" + journal.path.read_text())
    with pytest.raises(JournalDamaged, match="ligne 1"):
        await place.erasures.reconcile()
