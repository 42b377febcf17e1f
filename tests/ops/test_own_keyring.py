"""The keyring of a house: lost, older or another's, it is never replaced by one that nobody asked for."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.erasure import Erase, Ground
from domain.kernel import FORGOTTEN, UNREADABLE, Actor, Sealed
from ledger import keyring_own, keyring_sqlite
from ledger.keyring import KeyringLost
from ledger.master import MasterKeyInvalid
from ledger.vault import opened
from ops import compose, keys, maintenance
from ops.backup import backup
from ops.settings import Settings
from ops.stack.errors import StackError
from tests.conftest import Database
from tests.ops.places import Place as Target
from tests.ops.places import settings_of
from tests.support import House

pytestmark = pytest.mark.stack
ID, LATER = "convention-1", "convention-2"
DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))


@dataclass
class Place:
    """A house that has been started once, and in which somebody is named."""

    settings: Settings

    @property
    def folder(self) -> Path:
        return self.settings.keyring_file.parent

    @asynccontextmanager
    async def part(self) -> AsyncIterator[House]:
        """Another process over it, as the supervisor starts one."""
        async with compose.house(self.settings, "part") as parts:
            house = House(parts.recorder, keyring=parts.keyring)
            house._count = await parts.recorder.head()  # its commands are others than those of the last one
            yield house

    async def told(self, record_id: str) -> object:
        """The name of a signatory, as this house reads it now."""
        async with self.part() as house:
            name = (await house.convention(record_id)).signatories["academie:10"].name
            assert isinstance(name, Sealed)
            return (await opened(house.executor.keyring, [name]))[name]

    async def drafted(self, record_id: str) -> None:
        async with self.part() as house:
            await house.drafted(record_id)

    def copy(self, to: Path) -> Path:
        return Path(shutil.copytree(self.folder, to))

    def put_back(self, copy: Path) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(copy, self.folder)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> Place:
    place = Place(settings_of(tmp_path / "home", database.owner_dsn, database))
    assert await maintenance.ready_to_serve(place.settings) is None
    async with place.part() as house:
        await house.open()
        await house.drafted(ID)
    return place


async def another(place: Place, home: Path) -> Settings:
    """A home with the same secrets, and a sound keyring of its own, which has a key for the same record."""
    elsewhere = place.settings.model_copy(update={"home": home})
    shutil.copytree(place.settings.master_file.parent, elsewhere.master_file.parent)
    shutil.copy(place.settings.digest_file, elsewhere.digest_file)
    keyring_sqlite.prepare(elsewhere.keyring_file)
    async with keys.stored_keyring(elsewhere) as stored:
        await stored.ensure([ID, keyring_own.SUBJECT])
    return elsewhere


async def test_no_part_that_starts_makes_a_keyring_in_the_place_of_the_lost_one(
    place: Place, tmp_path: Path
) -> None:
    """What a new one sealed, and what it said to have destroyed, would be lost with the right one back."""
    away = tmp_path / "away"
    away.mkdir()
    for file in place.folder.iterdir():
        file.rename(away / file.name)
    async with place.part() as house:
        for asked in (house.drafted(LATER), house.executor.keyring.destroy(ID)):
            with pytest.raises(KeyringLost, match="manque"):
                await asked
        assert (await house.convention(ID)).status == "draft", "what needs no key is done"
    with pytest.raises(KeyringLost, match="manque"):
        await keys.rotate(place.settings)
    with pytest.raises(keys.KeyringMissing, match="Rien n'a été créé"):
        await maintenance.ready_to_serve(place.settings)
    assert list(place.folder.iterdir()) == []
    place.put_back(away)
    assert await maintenance.ready_to_serve(place.settings) is None
    assert await place.told(ID) == "Prénom Nom"


async def test_no_erasure_is_recorded_that_could_not_be_carried_out(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record would be closed, and its persons read again with the keyring back."""

    async def the_officer(*_: object) -> Actor:
        return DPO

    monkeypatch.setattr("ops.who.actor_of", the_officer)
    away = place.folder.rename(tmp_path / "away")
    with pytest.raises(KeyringLost, match="manque"):
        await maintenance.erase(place.settings, ID, Ground.OBJECTION)
    away.rename(place.folder)
    async with place.part() as house:
        assert (await house.convention(ID)).status == "draft"
    assert await maintenance.erase(place.settings, ID, Ground.OBJECTION) == []
    assert await place.told(ID) != "Prénom Nom"


async def test_no_part_that_starts_makes_a_master_key_in_the_place_of_the_lost_one(place: Place) -> None:
    kept = place.settings.master_file.read_text()
    place.settings.master_file.unlink()
    async with place.part() as house:
        with pytest.raises(MasterKeyInvalid, match="manque"):
            await house.drafted(LATER)
    with pytest.raises(MasterKeyInvalid, match="manque"):
        await keys.rotate(place.settings)
    assert not place.settings.master_file.exists()
    place.settings.master_file.write_text(kept)
    assert await place.told(ID) == "Prénom Nom"


async def test_no_part_that_starts_makes_another_key_of_digests(
    place: Place, target: Target, tmp_path: Path
) -> None:
    """Under another one the same person would be a stranger, and no restored ledger knows anybody either."""
    file = (await backup(place.settings, tmp_path / "house.backup")).file
    for path in (place.folder, place.settings.master_file.parent):
        shutil.copytree(path, target.settings.home / path.name)
    with pytest.raises(keys.KeyringMissing, match="clé des empreintes"):
        await maintenance.restore(target.settings, file, "essai")
    place.settings.digest_file.unlink()
    alone = settings_again(place.settings)
    with pytest.raises(StackError, match="manque"):
        async with compose.house(alone, "part"):
            raise AssertionError("a part was started")
    for settings in (alone, target.settings):
        assert not settings.digest_file.exists()


def settings_again(settings: Settings) -> Settings:
    """As another process reads them: nothing is remembered."""
    return Settings.model_validate(settings.model_dump())


async def test_the_keyring_of_another_house_is_refused_even_with_a_key_for_the_youngest_record(
    place: Place, tmp_path: Path
) -> None:
    copy = place.copy(tmp_path / "copy")
    place.put_back((await another(place, tmp_path / "elsewhere")).keyring_file.parent)
    for asked in (maintenance.ready_to_serve(place.settings), place.drafted(LATER), place.told(ID)):
        with pytest.raises(KeyringLost, match="n'est pas celui de ce registre"):
            await asked
    place.put_back(copy)
    await place.drafted("convention-3")
    assert await place.told(ID) == await place.told("convention-3") == "Prénom Nom"


async def test_a_house_in_which_nothing_was_sealed_may_begin_with_another_keyring(
    database: Database, tmp_path: Path
) -> None:
    place = Place(settings_of(tmp_path / "home", database.owner_dsn, database))
    for _ in range(2):
        shutil.rmtree(place.settings.home, ignore_errors=True)
        assert await maintenance.ready_to_serve(place.settings) is None
    async with place.part() as house:
        await house.open()
        await house.drafted(ID)
    assert await place.told(ID) == "Prénom Nom"


@pytest.mark.parametrize("known", ["the ledger", "the journal alone"])
async def test_an_older_copy_is_taken_back_though_its_youngest_record_was_erased_since(
    place: Place, tmp_path: Path, known: str
) -> None:
    """By a restored ledger too: there the journal alone knows of the erasure."""
    copy = place.copy(tmp_path / "copy")
    await place.drafted(LATER)
    async with compose.house(place.settings, "erase") as parts:
        if known == "the ledger":
            await House(parts.recorder, keyring=parts.keyring).do(
                Erase(record_id=LATER, ground=Ground.OBJECTION), DPO
            )
            await parts.erasures.apply(LATER)
        else:
            parts.erasures.journal.add(LATER, Ground.OBJECTION)
    place.put_back(copy)
    assert await maintenance.ready_to_serve(place.settings) is None
    assert (await place.told(ID), await place.told(LATER)) == ("Prénom Nom", FORGOTTEN)


async def test_an_older_copy_without_the_youngest_key_is_served_and_said_to_be_one(
    place: Place, tmp_path: Path
) -> None:
    """Otherwise nobody could even erase that record: its erasure needs the house."""
    copy = place.copy(tmp_path / "copy")
    await place.drafted(LATER)
    place.put_back(copy)
    told = await maintenance.ready_to_serve(place.settings)
    assert told is not None
    assert (LATER in told, "copie ancienne" in told) == (True, True)
    assert (await place.told(ID), await place.told(LATER)) == ("Prénom Nom", UNREADABLE)
    async with compose.house(place.settings, "erase") as parts:
        await House(parts.recorder, keyring=parts.keyring).do(
            Erase(record_id=LATER, ground=Ground.UNLAWFUL), DPO
        )
        await parts.erasures.apply(LATER)
    assert await maintenance.ready_to_serve(place.settings) is None


async def test_a_backup_waits_for_the_keyring_that_is_its_own(
    place: Place, target: Target, tmp_path: Path
) -> None:
    file = (await backup(place.settings, tmp_path / "house.backup")).file
    restored = Place(target.settings)
    with pytest.raises(keys.KeyringMissing, match="Rien n'a été créé"):
        await maintenance.restore(target.settings, file, "essai")
    assert not target.settings.home.exists()
    other = await another(place, tmp_path / "elsewhere")
    shutil.copytree(other.home, target.settings.home)
    with pytest.raises(KeyringLost, match="n'est pas celui de ce registre"):
        await maintenance.restore(target.settings, file, "essai")
    assert not target.settings.checkpoints.exists(), "nothing is signed"
    restored.put_back(place.folder)
    await maintenance.restore(target.settings, file, "essai")
    assert await restored.told(ID) == "Prénom Nom"
