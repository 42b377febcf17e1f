"""The files handed in are saved with the ledger that names them, sealed as they are, and come back."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from domain.erasure import Erase, Ground
from domain.kernel import Actor
from ledger import documents as kept_files
from ledger.documents import Documents
from ledger.keyring import MemoryKeyring
from ops import backup as backups
from ops import keys, maintenance
from ops.archive import BackupRefused
from ops.backup import backup
from ops.erasures import Journal
from tests.ops.places import Place, migrated, rewritten
from tests.support import FACE, House

pytestmark = pytest.mark.stack
BODY = b"%PDF-1.7 statuts, signes par Camille Exemple"
LARGE = b"%PDF-1.7" + bytes(range(256)) * 8_000
OTHER = "association-other"
DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))


def files(place: Place) -> dict[str, bytes]:
    folder = place.settings.documents
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
async def keyring() -> MemoryKeyring:
    return MemoryKeyring()


@pytest.fixture
async def kept(source: Place, lived: House, keyring: MemoryKeyring) -> dict[str, str]:
    """The digests of two files of an association's, and one of another's."""
    documents = Documents(source.settings.documents, keyring)
    return {
        "statutes": await documents.keep(FACE, BODY),
        "insurance": await documents.keep(FACE, LARGE),
        "theirs": await documents.keep(OTHER, BODY),
    }


async def test_files_come_back_byte_for_byte_and_open_with_the_keyring(
    source: Place, target: Place, kept: dict[str, str], keyring: MemoryKeyring, tmp_path: Path
) -> None:
    made = await backup(source.settings, tmp_path / "house.backup")
    summary = await target.restore(made.file)
    assert made.documents == summary.documents == 3
    assert files(target) == files(source) != {}
    assert await Documents(target.settings.documents, keyring).read(FACE, kept["insurance"]) == LARGE
    for path in target.settings.documents.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert b"Camille" not in made.file.read_bytes()


async def test_a_file_handed_in_while_the_tables_are_saved_is_not_missed(
    source: Place, lived: House, keyring: MemoryKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round, an event could be saved without its file."""
    save = backups._save

    async def then_hand_in(*arguments: object) -> object:
        saved = await save(*arguments)  # type: ignore[arg-type]
        await Documents(source.settings.documents, keyring).keep(FACE, BODY)
        return saved

    monkeypatch.setattr(backups, "_save", then_hand_in)
    assert (await backup(source.settings, tmp_path / "house.backup")).documents == 1


async def test_a_file_that_goes_away_meanwhile_is_left_out(
    source: Place,
    kept: dict[str, str],
    keyring: MemoryKeyring,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = kept_files.listed

    def then_gone(folder: Path) -> object:
        found = list(listed(folder))
        found[0][1].unlink()
        return iter(found)

    monkeypatch.setattr(kept_files, "listed", then_gone)
    assert (await backup(source.settings, tmp_path / "house.backup")).documents == 2


@pytest.mark.parametrize("change", ["altered", "removed", "added", "elsewhere"])
async def test_files_that_are_not_what_was_saved_are_refused_and_nothing_is_written(
    source: Place, target: Place, kept: dict[str, str], tmp_path: Path, change: str
) -> None:
    file = (await backup(source.settings, tmp_path / "house.backup")).file
    name = f"documents/{FACE}/{kept['statutes']}"
    match change:
        case "altered":
            forged, sentence = rewritten(file, tmp_path, name, lambda old: old[:-1] + b"?"), "empreinte"
        case "removed":
            forged, sentence = rewritten(file, tmp_path, name, lambda _: None), "la liste"
        case "added":
            with zipfile.ZipFile(file, "a") as more:
                more.writestr(f"documents/{FACE}/{'0' * 64}", b"x")
            forged, sentence = file, "la liste"
        case _:
            forged, sentence = rewritten(file, tmp_path, "manifest.json", _leading_elsewhere), "incomplet"
    with pytest.raises(BackupRefused, match=sentence):
        await target.restore(forged)
    assert files(target) == {}


def _leading_elsewhere(old: bytes) -> bytes:
    manifest = json.loads(old)
    manifest["documents"] = {"../evil": "0" * 64}
    return json.dumps(manifest).encode()


async def test_a_backup_made_before_files_were_saved_still_restores(
    source: Place, target: Place, lived: House, tmp_path: Path
) -> None:
    file = (await backup(source.settings, tmp_path / "house.backup")).file

    def former(old: bytes) -> bytes:
        manifest = json.loads(old)
        del manifest["documents"]
        return json.dumps(manifest | {"version": 1}).encode()

    summary = await target.restore(rewritten(file, tmp_path, "manifest.json", former))
    assert summary.documents == 0
    assert summary.head == await lived.recorder.head()


async def test_files_of_a_record_erased_since_are_not_brought_back(
    source: Place, target: Place, kept: dict[str, str], tmp_path: Path
) -> None:
    file = (await backup(source.settings, tmp_path / "house.backup")).file
    Journal(target.settings.erasures).add(FACE, Ground.OBJECTION)
    await target.restore(file)
    assert list(files(target)) == [f"{OTHER}/{kept['theirs']}"]


async def test_files_of_a_record_erased_in_the_backup_itself_go_before_anybody_is_served(
    source: Place, target: Place, lived: House, kept: dict[str, str], tmp_path: Path
) -> None:
    """The erasure was recorded, and its files not yet removed, when the backup was made."""
    await lived.do(Erase(record_id=FACE, ground=Ground.OBJECTION), DPO)
    file = (await backup(source.settings, tmp_path / "house.backup")).file
    await migrated(target)
    await keys.prepare(target.settings)
    await maintenance.restore(target.settings, file, "essai")
    assert list(files(target)) == [f"{OTHER}/{kept['theirs']}"]


async def test_an_interrupted_restore_puts_back_what_is_missing(
    source: Place, target: Place, kept: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = (await backup(source.settings, tmp_path / "house.backup")).file
    put_back, done = kept_files.put_back, 0

    def full(*arguments: object) -> None:
        nonlocal done
        done += 1
        if done == 2:
            raise OSError(28, "No space left on device")
        put_back(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(kept_files, "put_back", full)
    with pytest.raises(OSError, match="space"):
        await target.restore(file)
    assert await target.unfinished()
    monkeypatch.undo()
    assert (await target.restore(file)).resumed
    assert files(target) == files(source)
