"""A restore gives back all, or refuses with a sentence and changes nothing."""

from __future__ import annotations

import json
import os
import zipfile
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from ledger.postgres import PostgresRecorder
from ledger.recorder import Append
from ops import archive, saved
from ops import backup as backups
from ops import database as databases
from ops.archive import BackupRefused
from ops.backup import Summary, backup, restore
from ops.reach import OutOfReach
from ops.running import Addresses
from ops.settings import Settings
from tests.ops.places import Place, contents, event, migrated, nothing, rewritten
from tests.support import House

pytestmark = pytest.mark.stack


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "n'existe pas"),
        (b"", "n'est pas une sauvegarde"),
        (b"position;event\n1;x\n", "n'est pas une sauvegarde"),
        ({"other.txt": "x"}, "n'est pas une sauvegarde"),
        ({"manifest.json": "{}"}, "n'est pas une sauvegarde"),
        ({"manifest.json": '{"format": "other", "version": 1}'}, "n'est pas une sauvegarde"),
        ({"manifest.json": '{"format": "mentorat-backup", "version": 3}'}, "format 3"),
        ({"manifest.json": '{"format": "mentorat-backup", "version": 1}'}, "incomplet"),
        ({"manifest.json": '{"format": "mentorat-backup", "version": 2}'}, "incomplet"),
    ],
)
async def test_what_is_not_a_backup_is_refused_with_a_sentence(
    target: Place, tmp_path: Path, content: bytes | dict[str, str] | None, sentence: str
) -> None:
    file = tmp_path / "found"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content:
        with zipfile.ZipFile(file, "w") as made:
            for name, text in content.items():
                made.writestr(name, text)
    with pytest.raises(BackupRefused, match=sentence):
        await target.restore(file)
    assert await target.rows() == {}


async def test_a_folder_is_not_a_backup(target: Place, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="c'est un dossier"):
        await target.restore(tmp_path)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99, 0.9999])
async def test_a_file_cut_short_is_refused_and_nothing_is_written(
    target: Place, saved_file: Path, kept: float
) -> None:
    _cut(saved_file, kept)
    with pytest.raises(BackupRefused, match="incomplet ou abîmé"):
        await target.restore(saved_file)
    assert await target.rows() == {}


def test_a_byte_altered_anywhere_is_found_or_changes_nothing(saved_file: Path, tmp_path: Path) -> None:
    """The zip has bytes that mean nothing to us, a date for one: whatever passes reads as it was written."""
    content, genuine = saved_file.read_bytes(), contents(saved_file)
    altered, refused = tmp_path / "altered", 0
    places = range(0, len(content), max(len(content) // 1500, 1))
    for place in places:
        altered.write_bytes(content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :])
        try:
            assert contents(altered) == genuine
        except BackupRefused:
            refused += 1
    assert refused > len(places) / 2


async def test_rows_altered_under_a_sound_zip_are_found_and_nothing_is_written(
    target: Place, saved_file: Path, tmp_path: Path
) -> None:
    forged = rewritten(saved_file, tmp_path, "ledger.events.copy", lambda old: old.replace(b"FACE", b"FAKE"))
    with pytest.raises(BackupRefused, match=r"ledger\.events n'a plus son empreinte"):
        await target.restore(forged)
    assert await target.rows() == {}


async def test_an_event_altered_with_a_manifest_to_match_is_found_by_its_seal(
    target: Place, saved_file: Path, tmp_path: Path
) -> None:
    """The manifest is not signed: whoever alters the rows can write its digests again, not the leaf."""
    forged = rewritten(saved_file, tmp_path, "ledger.events.copy", lambda old: old.replace(b"FACE", b"FAKE"))
    with zipfile.ZipFile(forged) as told:
        digest = sha256(told.read("ledger.events.copy")).hexdigest()

    def match(old: bytes) -> bytes:
        manifest = json.loads(old)
        manifest["tables"]["ledger.events"]["sha256"] = digest
        return json.dumps(manifest).encode()

    forged = rewritten(forged, folder_of(tmp_path), "manifest.json", match)
    with pytest.raises(BackupRefused, match=r"altérée.*Position"):
        await target.restore(forged)
    assert (await target.rows())["ledger.events"] == b""


def folder_of(path: Path) -> Path:
    path = path / "again"
    path.mkdir()
    return path


@pytest.mark.parametrize("change", ["removed", "added"])
async def test_a_table_too_many_or_too_few_is_found(
    target: Place, saved_file: Path, tmp_path: Path, change: str
) -> None:
    if change == "added":
        with zipfile.ZipFile(saved_file, "a") as added:
            added.writestr("ledger.more.copy", "")
        forged = saved_file
    else:
        forged = rewritten(saved_file, tmp_path, "api.tokens.copy", lambda _: None)
    with pytest.raises(BackupRefused, match="la liste de ses tables"):
        await target.restore(forged)
    assert await target.rows() == {}


async def test_a_failure_in_the_middle_leaves_the_database_as_it_was(
    target: Place, saved_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrated(target)
    before = await target.rows()

    async def lost(*_: object) -> None:
        raise psycopg.OperationalError

    monkeypatch.setattr(saved, "set_sequences", lost)
    with pytest.raises(psycopg.OperationalError):
        await target.restore(saved_file)
    assert await target.rows() == before
    assert not await target.unfinished()


async def test_a_ledger_that_does_not_end_where_the_manifest_says_is_refused(
    target: Place, saved_file: Path, tmp_path: Path
) -> None:
    def cut(old: bytes) -> bytes:
        manifest = archive.Manifest.model_validate_json(old)
        return manifest.model_copy(update={"head": manifest.head + 1}).model_dump_json().encode()

    with pytest.raises(BackupRefused, match="s'arrête à l'événement"):
        await target.restore(rewritten(saved_file, tmp_path, "manifest.json", cut))
    assert (await target.rows())["ledger.events"] == b""


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO api.tokens VALUES ('0123456789abcdef', 'auditor', 'x', '{}', sha256('x'))",
        "INSERT INTO process.tracking VALUES ('relay', 1, now())",
    ],
)
async def test_a_database_that_has_been_used_is_refused_and_unchanged(
    target: Place, saved_file: Path, statement: str
) -> None:
    await migrated(target)
    await target.run(statement)
    before = await target.rows()
    with pytest.raises(BackupRefused, match="n'est pas vide"):
        await target.restore(saved_file)
    assert await target.rows() == before


async def test_a_backup_is_not_restored_twice(target: Place, saved_file: Path) -> None:
    await target.restore(saved_file)
    with pytest.raises(BackupRefused, match="n'est pas vide"):
        await target.restore(saved_file)


async def test_a_house_that_serves_is_not_restored_into(
    source: Place, saved_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "PATIENCE", 1)
    before = await source.rows()
    with pytest.raises(BackupRefused, match="arrêtez l'API"):
        await source.restore(saved_file)
    assert await source.rows() == before


async def test_a_running_stack_is_not_restored_into(tmp_path: Path, saved_file: Path) -> None:
    settings = Settings(home=tmp_path)
    Addresses("", "", "", "", "", "", supervisor=os.getpid()).write(settings.stack_file)
    with pytest.raises(OutOfReach, match="arrêtez-la"):
        await restore(settings, saved_file, before_serving=nothing)


async def test_a_database_of_another_version_is_refused_by_name(target: Place, saved_file: Path) -> None:
    await migrated(target)
    await target.run("UPDATE public.migrations SET digest = 'other' WHERE name = 'ledger/0001_ledger.sql'")
    with pytest.raises(databases.MigrationChanged, match=r"ledger/0001_ledger\.sql"):
        await target.restore(saved_file)
    assert (await target.rows())["ledger.events"] == b""


async def test_another_version_s_backup_is_refused_by_name(target: Place, saved_file: Path) -> None:
    await migrated(target)
    await target.run(
        "UPDATE public.migrations SET name = 'ledger/0001_other.sql' WHERE name ~ '^ledger/0001'"
    )
    await target.run("INSERT INTO public.migrations SELECT 'ledger/0001_ledger.sql', digest FROM"
                     " public.migrations WHERE name = 'ledger/0001_other.sql'")  # fmt: skip
    with pytest.raises(BackupRefused, match=r"autre version .* ledger/0001_other\.sql"):
        await target.restore(saved_file)
    assert (await target.rows())["ledger.events"] == b""


async def test_views_left_from_another_life_are_emptied(target: Place, saved_file: Path) -> None:
    await migrated(target)
    await target.run("UPDATE read.position SET position = 900")
    await target.run("CREATE SCHEMA read_next AUTHORIZATION mentorat_projector")
    await target.restore(saved_file)
    assert await target.run("SELECT position FROM read.position") == [(0,)]
    assert await target.run("SELECT to_regnamespace('read_next')") == [(None,)]


async def test_what_must_come_before_serving_is_done_again_until_it_ends_well(
    target: Place, saved_file: Path, source: Place, tmp_path: Path
) -> None:
    seen: list[tuple[int, bool]] = []

    async def erase_again(settings: Settings, summary: Summary) -> None:
        seen.append((summary.head, summary.resumed))
        async with databases.pool(settings.dsn_app) as pool:
            await PostgresRecorder(pool).append(Append([event(100 + len(seen))], {}))
        assert await target.unfinished(), "nobody is served before the end"
        if len(seen) == 1:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await restore(target.settings, saved_file, before_serving=erase_again)
    assert await target.unfinished()
    other = tmp_path / "other.backup"
    await source.run("INSERT INTO process.tracking VALUES ('sweeper', 0, now())")
    await backup(source.settings, other)
    with pytest.raises(BackupRefused, match="d'un autre fichier"):
        await restore(target.settings, other, before_serving=erase_again)

    summary = await restore(target.settings, saved_file, before_serving=erase_again)

    assert seen == [(summary.head, False), (summary.head, True)]
    assert not await target.unfinished()


@pytest.mark.parametrize(
    ("published", "shorter_by", "beyond"),
    [
        ([], 0, []),
        ([(1, 0)], 0, []),
        ([(1, 2), (1, 5)], 5, [2, 5]),
        ([(1, 9), (2, -1), (2, 1)], 1, [1]),
        ([(1, 9), (2, -1)], 0, []),
    ],
)
async def test_what_was_published_and_is_not_restored_is_told(
    target: Place,
    saved_file: Path,
    lived: House,
    published: list[tuple[int, int]],
    shorter_by: int,
    beyond: list[int],
) -> None:
    """Epochs, and sizes counted from the head of the backup."""
    head = await lived.recorder.head()
    folder = target.settings.home / "audit" / "checkpoints"
    folder.mkdir(parents=True)
    names = {ahead: f"{epoch:04}-{head + ahead:012}.txt" for epoch, ahead in published}
    for name in [*names.values(), "notes.txt"]:
        (folder / name).touch()
    summary = await target.restore(saved_file)
    assert summary.shorter_by == shorter_by
    assert [path.name for path in summary.beyond] == [names[ahead] for ahead in beyond]


async def test_a_house_whose_clock_was_moved_is_not_restored_into_production(
    source: Place, target: Place, lived: House, tmp_path: Path
) -> None:
    await source.run("UPDATE ledger.clock SET shift = '8 days'")
    await backup(source.settings, tmp_path / "house.backup")
    target.settings = target.settings.model_copy(update={"environment": "production"})
    with pytest.raises(BackupRefused, match="horloge"):
        await target.restore(tmp_path / "house.backup")
    assert (await target.rows())["ledger.events"] == b""


async def test_production_has_its_clock_frozen_by_the_restore(target: Place, saved_file: Path) -> None:
    target.settings = target.settings.model_copy(update={"environment": "production"})
    await target.restore(saved_file)
    assert await target.run("SELECT frozen FROM ledger.clock") == [(True,)]


def _cut(file: Path, kept: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: max(int(len(content) * kept), 4)])
