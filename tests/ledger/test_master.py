"""The master key: what it reads, what it opens, what it refuses aloud, and its file."""

from __future__ import annotations

import base64
import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.master import (
    LocalMaster,
    MasterFile,
    MasterKeyInvalid,
    WrongMasterKey,
    generation_of,
    make_master,
    write_master,
)

ONE, TWO = bytes(range(32)), bytes(range(1, 33))
KEY = secrets.token_bytes(32)


def line(number: int | str, key: bytes) -> str:
    return f"{number}:{base64.b64encode(key).decode()}\n"


async def test_what_was_wrapped_opens_for_its_subject_only() -> None:
    master = LocalMaster.new()
    wrapped = await master.wrap("mentor-1", KEY)
    assert KEY not in wrapped
    assert await master.unwrap("mentor-1", wrapped) == KEY
    with pytest.raises(WrongMasterKey, match="mentor-2"):
        await master.unwrap("mentor-2", wrapped)


async def test_wrapping_twice_never_gives_the_same_bytes() -> None:
    master = LocalMaster.new()
    assert await master.wrap("a", KEY) != await master.wrap("a", KEY)


async def test_every_generation_unwraps_and_the_last_one_wraps() -> None:
    first = LocalMaster.parse(line(3, ONE))
    both = LocalMaster.parse(line(3, ONE) + line(7, TWO))
    old, new = await first.wrap("a", KEY), await both.wrap("a", KEY)
    assert (generation_of(old), generation_of(new), both.generation) == (3, 7, 7)
    assert await both.unwrap("a", old) == await both.unwrap("a", new) == KEY
    with pytest.raises(WrongMasterKey, match="génération 7"):
        await first.unwrap("a", new)
    with pytest.raises(WrongMasterKey, match="génération 3"):
        await both.newest_only().unwrap("a", old)


async def test_a_renewed_master_opens_what_was_and_wraps_anew() -> None:
    first = LocalMaster.new()
    renewed = first.renewed()
    assert (first.generation, renewed.generation) == (1, 2)
    assert await renewed.unwrap("a", await first.wrap("a", KEY)) == KEY
    assert await renewed.newest_only().unwrap("a", await renewed.wrap("a", KEY)) == KEY


async def test_another_key_of_the_same_number_is_told_aloud() -> None:
    wrapped = await LocalMaster({1: ONE}).wrap("a", KEY)
    with pytest.raises(WrongMasterKey, match="ce n'est pas la bonne clé maîtresse"):
        await LocalMaster({1: TWO}).unwrap("a", wrapped)


@pytest.mark.parametrize("at", [0, 3, 4, 15, 16, 47, 48, 63])
async def test_one_altered_byte_anywhere_is_told_aloud(at: int) -> None:
    master = LocalMaster.new()
    wrapped = bytearray(await master.wrap("a", KEY))
    assert len(wrapped) == 64
    wrapped[at] ^= 1
    with pytest.raises(WrongMasterKey):
        await master.unwrap("a", bytes(wrapped))


@pytest.mark.parametrize("length", [0, 3, 4, 16, 31, 32, 63])
async def test_bytes_cut_short_are_told_aloud(length: int) -> None:
    master = LocalMaster.new()
    wrapped = await master.wrap("a", KEY)
    with pytest.raises(WrongMasterKey):
        await master.unwrap("a", wrapped[:length])


def test_what_is_written_is_read_again() -> None:
    master = LocalMaster.parse(line(1, ONE) + line(2, TWO))
    assert master.text == line(1, ONE) + line(2, TWO)
    assert LocalMaster.parse(master.text.rstrip("\n")).text == master.text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "vide"),
        ("\n", "ligne 1"),
        (base64.b64encode(ONE).decode(), "ligne 1"),
        (line(0, ONE), "ligne 1"),
        (line("01", ONE), "ligne 1"),
        (line("+1", ONE), "ligne 1"),
        (line("١", ONE), "ligne 1"),
        (line(1 << 32, ONE), "à partir de 1"),
        (" " + line(1, ONE), "ligne 1"),
        (line(1, ONE)[:-1] + " \n", "ligne 1"),
        (line(1, ONE[:31]), "ligne 1"),
        (line(1, ONE + b"x"), "ligne 1"),
        (line(1, b"\xff" * 32).replace("/", "_"), "ligne 1"),
        (line(1, ONE).replace("8=", "9="), "ligne 1"),
        (line(1, ONE) + "\n" + line(2, TWO), "ligne 2"),
        (line(1, ONE) + line(1, TWO), "croître"),
        (line(2, ONE) + line(1, TWO), "croître"),
        (line(1, ONE) + line(2, ONE), "identiques"),
    ],
)
def test_anything_else_is_refused_in_french_and_not_quoted(text: str, sentence: str) -> None:
    with pytest.raises(MasterKeyInvalid, match=sentence) as refused:
        LocalMaster.parse(text)
    assert base64.b64encode(ONE).decode()[:8] not in str(refused.value)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(MasterKeyInvalid, match="32 octets"):
        LocalMaster({1: b"too short"})


def test_nothing_shows_the_key(tmp_path: Path) -> None:
    path = tmp_path / "master"
    write_master(path, LocalMaster({1: ONE, 2: TWO}))
    shown = f"{LocalMaster({1: ONE, 2: TWO})!r} {MasterFile(path)!r} {LocalMaster({1: ONE})}"
    assert shown.startswith("LocalMaster(generations=[1, 2])")
    for key in (ONE, TWO):
        assert all(
            form not in shown for form in (repr(key)[2:10], key.hex()[:8], base64.b64encode(key).decode()[:8])
        )


# Its file ---------------------------------------------------------------------------------------------------


def test_the_file_is_its_owners_alone_and_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "master"
    write_master(path, LocalMaster({1: ONE}))
    write_master(path, LocalMaster({1: ONE, 2: TWO}))
    assert path.read_text() == line(1, ONE) + line(2, TWO)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["master"]


async def test_a_changed_file_is_read_again_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "master"
    first = LocalMaster.new()
    write_master(path, first)
    master = MasterFile(path)
    old = await master.wrap("a", KEY)
    renewed = first.renewed()
    write_master(path, renewed)
    assert master.generation == 2
    assert await master.unwrap("a", old) == KEY
    assert await master.unwrap("a", await renewed.wrap("a", KEY)) == KEY
    write_master(path, renewed.newest_only())
    with pytest.raises(WrongMasterKey):
        await master.unwrap("a", old)


async def test_a_file_that_is_missing_or_spoilt_is_told_aloud(tmp_path: Path) -> None:
    path = tmp_path / "master"
    master = MasterFile(path)
    with pytest.raises(MasterKeyInvalid, match="manque"):
        await master.wrap("a", KEY)
    write_master(path, LocalMaster.new())
    assert await master.unwrap("a", await master.wrap("a", KEY)) == KEY
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(MasterKeyInvalid, match="n'est pas une clé maîtresse"):
        await master.wrap("a", KEY)
    path.unlink()
    with pytest.raises(MasterKeyInvalid, match="manque"):
        await master.wrap("a", KEY)


def test_a_master_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "master"
    make_master(path)
    made = path.read_text()
    make_master(path)
    assert path.read_text() == made
    assert LocalMaster.parse(made).generation == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["master"]


MAKER = """
import sys
from pathlib import Path
from ledger.master import make_master
path = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
make_master(path)
print(path.read_text(), end="")
"""


def test_of_several_processes_at_once_one_makes_it_for_all(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "master"
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", MAKER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for maker in makers:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "ready\n"
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("\n")
        maker.stdin.flush()
    answers = {maker.communicate(timeout=30)[0] for maker in makers}
    assert answers == {path.read_text()}
    assert [maker.returncode for maker in makers] == [0] * 4
