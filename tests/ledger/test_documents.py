"""Files handed in: kept once, sealed, read back to the byte, and gone with their record's key."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from ledger.documents import DocumentDamaged, Documents
from ledger.keyring import MemoryKeyring

BODY = b"%PDF-1.7 statuts de l'association, signes par Camille Exemple"
RECORD = "association-1"


@pytest.fixture
def keyring() -> MemoryKeyring:
    return MemoryKeyring()


@pytest.fixture
def documents(tmp_path: Path, keyring: MemoryKeyring) -> Documents:
    return Documents(tmp_path, keyring)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_is_kept_reads_back_and_is_known_by_its_content(documents: Documents) -> None:
    digest = await documents.keep(RECORD, BODY)
    assert digest == sha256(BODY).hexdigest()
    assert await documents.read(RECORD, digest) == BODY


async def test_the_same_content_is_one_file_of_a_record_and_another_of_the_next(
    documents: Documents, tmp_path: Path
) -> None:
    first = await documents.keep(RECORD, BODY)
    assert await documents.keep(RECORD, BODY) == first
    assert len(files(tmp_path)) == 1
    await documents.keep("association-2", BODY)
    one, other = files(tmp_path)
    assert one.read_bytes() != other.read_bytes()


async def test_nothing_of_it_lies_in_clear_and_nobody_else_may_open_the_file(
    documents: Documents, tmp_path: Path
) -> None:
    await documents.keep(RECORD, BODY)
    (path,) = files(tmp_path)
    assert b"Camille" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_the_records_that_have_files_are_known(documents: Documents) -> None:
    assert await documents.records() == set()
    for record_id in (RECORD, "association-2"):
        await documents.keep(record_id, BODY)
    assert await documents.records() == {RECORD, "association-2"}
    await documents.forget(RECORD)
    assert await documents.records() == {"association-2"}


@pytest.mark.parametrize("place", [0, 12, 40, -1])
async def test_an_altered_byte_is_found(documents: Documents, tmp_path: Path, place: int) -> None:
    digest = await documents.keep(RECORD, BODY)
    (path,) = files(tmp_path)
    altered = bytearray(path.read_bytes())
    altered[place] ^= 1
    path.write_bytes(altered)
    with pytest.raises(DocumentDamaged):
        await documents.read(RECORD, digest)


async def test_a_file_put_in_the_place_of_another_is_found(documents: Documents, tmp_path: Path) -> None:
    digest = await documents.keep(RECORD, BODY)
    other = await documents.keep(RECORD, BODY + b".")
    folder = tmp_path / RECORD
    (folder / other).replace(folder / digest)
    with pytest.raises(DocumentDamaged):
        await documents.read(RECORD, digest)


async def test_a_destroyed_key_leaves_nothing_to_read_and_takes_nothing_more(
    documents: Documents, keyring: MemoryKeyring, tmp_path: Path
) -> None:
    digest = await documents.keep(RECORD, BODY)
    await keyring.destroy(RECORD)
    with pytest.raises(LookupError):
        await documents.read(RECORD, digest)
    with pytest.raises(LookupError):
        await documents.keep(RECORD, BODY)
    await documents.forget(RECORD)
    await documents.forget(RECORD)
    assert files(tmp_path) == []


@pytest.mark.parametrize("record_id", ["../x", "association-1/..", "", "/etc-1"])
async def test_a_name_that_leads_elsewhere_is_refused(documents: Documents, record_id: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        await documents.keep(record_id, BODY)
    with pytest.raises(ValueError, match="neither"):
        await documents.read(RECORD, "../../etc")
