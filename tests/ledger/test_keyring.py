"""Subjects' keys: made once, gone for ever. The same sentences in memory, in SQLite and in PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger import keyring_sqlite
from ledger.keyring import KeyDestroyed, Keyring, KeyringLost
from ledger.keyring_sqlite import SqliteKeyring
from ledger.keyring_wrapped import Rows, WrappedKeyring
from ledger.master import LocalMaster, WrongMasterKey
from tests.ledger.keyring_child import MENTEE, MENTOR, Place, children

# What every keyring promises --------------------------------------------------------------------------------


async def test_a_subject_gets_one_key_and_keeps_it(keyring: Keyring) -> None:
    made = await keyring.ensure([MENTOR, MENTEE])
    assert made.keys() == {MENTOR, MENTEE}
    assert [len(key) for key in made.values()] == [32, 32]
    assert made[MENTOR] != made[MENTEE]
    assert await keyring.ensure([MENTOR, MENTEE]) == made
    assert await keyring.keys([MENTEE, MENTOR, MENTEE]) == made


async def test_a_subject_without_a_key_is_absent_and_gets_none_by_asking(keyring: Keyring) -> None:
    assert await keyring.keys([MENTOR]) == {}
    assert await keyring.keys([]) == await keyring.ensure([]) == {}
    made = await keyring.ensure(iter([MENTEE]))
    assert await keyring.keys(iter([MENTOR, MENTEE])) == made


async def test_a_destroyed_key_is_gone_and_never_another_made(keyring: Keyring) -> None:
    kept = await keyring.ensure([MENTOR, MENTEE])
    await keyring.destroy(MENTEE)
    for _ in range(2):
        assert await keyring.keys([MENTOR, MENTEE]) == {MENTOR: kept[MENTOR]}
        with pytest.raises(KeyDestroyed):
            await keyring.ensure([MENTEE])
        with pytest.raises(KeyDestroyed):
            await keyring.ensure([MENTOR, MENTEE, "mentor-2"])
        assert await keyring.destroyed() == {MENTEE}
        await keyring.destroy(MENTEE)
    assert await keyring.ensure([MENTOR]) == {MENTOR: kept[MENTOR]}


async def test_a_subject_may_be_erased_before_it_has_a_key(keyring: Keyring) -> None:
    assert await keyring.destroyed() == frozenset()
    await keyring.destroy(MENTOR)
    with pytest.raises(KeyDestroyed):
        await keyring.ensure([MENTOR])
    assert await keyring.destroyed() == {MENTOR}


async def test_callers_at_the_same_instant_get_the_same_key(keyring: Keyring) -> None:
    answers = await asyncio.gather(*(keyring.ensure([MENTOR, f"mentee-{n}"]) for n in range(20)))
    assert len({answer[MENTOR] for answer in answers}) == 1
    assert len({key for answer in answers for key in answer.values()}) == 21
    assert await keyring.keys([f"mentee-{n}" for n in range(20)]) == {
        f"mentee-{n}": answer[f"mentee-{n}"] for n, answer in enumerate(answers)
    }


async def test_nothing_shows_a_key(keyring: Keyring) -> None:
    made = await keyring.ensure([MENTOR])
    shown = f"{keyring!r} {keyring}"
    assert "Keyring" in shown
    assert "password" not in shown
    assert repr(made[MENTOR])[2:10] not in shown
    assert made[MENTOR].hex()[:8] not in shown


# What a store promises besides ------------------------------------------------------------------------------


async def test_keys_survive_the_process(place: Place, master: LocalMaster) -> None:
    async with place.open(master) as first:
        made = await first.ensure([MENTOR, MENTEE])
        await first.destroy(MENTEE)
    async with place.open(master) as second:
        assert await second.keys([MENTOR, MENTEE]) == {MENTOR: made[MENTOR]}
        assert await second.destroyed() == {MENTEE}


async def test_no_key_is_stored_in_clear(place: Place, master: LocalMaster) -> None:
    async with place.open(master) as keyring:
        made = await keyring.ensure([MENTOR])
        stored = await place.on_disk()
        assert MENTOR.encode() in stored
        assert made[MENTOR] not in stored


async def test_sixty_four_new_subjects_share_a_transaction_or_two(
    place: Place, master: LocalMaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    add = place.store._add

    async def counted(self: WrappedKeyring, rows: Sequence[tuple[str, bytes]]) -> Rows:
        batches.append(len(rows))
        return await add(self, rows)

    monkeypatch.setattr(place.store, "_add", counted)
    async with place.open(master) as keyring:
        await asyncio.gather(*(keyring.ensure([f"mentee-{n}"]) for n in range(64)))
    assert sum(batches) == 64
    assert len(batches) <= 2


async def test_a_caller_who_gives_up_stops_nobody_else(place: Place, master: LocalMaster) -> None:
    async with place.open(master) as keyring:
        callers = [asyncio.create_task(keyring.ensure([MENTOR, f"mentee-{n}"])) for n in range(3)]
        await asyncio.sleep(0)
        callers[0].cancel()
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert isinstance(answers[0], asyncio.CancelledError)
        assert not isinstance(answers[1], BaseException)
        assert not isinstance(answers[2], BaseException)
        assert answers[1][MENTOR] == answers[2][MENTOR]


async def test_more_subjects_than_a_statement_takes(place: Place, master: LocalMaster) -> None:
    many = [f"mentee-{n}" for n in range(2500)]
    async with place.open(master) as keyring:
        made = await keyring.ensure(many)
        assert len(set(made.values())) == 2500
        assert await keyring.keys(many) == made


async def test_the_wrong_master_is_told_aloud_and_makes_nothing(place: Place, master: LocalMaster) -> None:
    async with place.open(master) as right, place.open(LocalMaster.new()) as wrong:
        made = await right.ensure([MENTOR])
        with pytest.raises(WrongMasterKey):
            await wrong.keys([MENTOR])
        with pytest.raises(WrongMasterKey):
            await wrong.ensure([MENTOR])
        with pytest.raises(WrongMasterKey):
            await wrong.ensure([MENTEE])
        with pytest.raises(WrongMasterKey):
            await wrong.check()
        assert await right.keys([MENTOR, MENTEE]) == made
        await right.check()


async def test_a_destroyed_key_is_nowhere_on_disk(place: Place, master: LocalMaster) -> None:
    """Many pages full, so that rows have had every occasion to be moved about."""
    subjects = [sha256(bytes([n % 256, n // 256])).hexdigest() for n in range(2000)]
    async with place.open(master) as keyring, place.open(master) as other:
        for first in range(0, 2000, 50):
            await (keyring, other)[first % 100 // 50].ensure(subjects[first : first + 50])
        before = dict(await keyring.page("", 3000))
        gone, kept = sorted(subjects)[:1500], sorted(subjects)[1500:]
        stored = await place.on_disk()
        assert all(before[subject] in stored for subject in subjects)
        await keyring.destroy(gone[0])
        await asyncio.gather(*(other.destroy(subject) for subject in gone[1:]))
        stored = await place.on_disk()
        assert not [s for s in gone if before[s][4:20] in stored or before[s][-20:] in stored]
        assert all(before[subject] in stored for subject in kept)
        assert (await other.keys(subjects)).keys() == set(kept)


# Several processes ------------------------------------------------------------------------------------------


def digests(keys: Any) -> dict[str, str]:
    return {subject: sha256(key).hexdigest() for subject, key in keys.items()}


async def test_a_key_is_there_though_its_process_was_killed_at_once(
    place: Place, master: LocalMaster
) -> None:
    with children(place, master) as (child,):
        made = child.ask("ensure", MENTOR, MENTEE)
        child.kill()
    async with place.open(master) as keyring:
        assert digests(await keyring.keys([MENTOR, MENTEE])) == made
        assert len(made) == 2


async def test_processes_that_create_the_same_subjects_at_once_agree(
    place: Place, master: LocalMaster
) -> None:
    """From the very first: the store itself is made by several at once."""
    subjects = [f"mentee-{n}" for n in range(30)]
    with children(place, master, 4) as born:
        for child, order in zip(born, itertools.cycle([subjects, subjects[::-1]]), strict=False):
            child.tell({"do": "one by one", "subjects": order})
        answers = [child.answer() for child in born]
        assert [child.leave() for child in born] == [0] * 4
    assert len(answers[0]) == 30
    assert all(answer == answers[0] for answer in answers)


async def test_destroyed_is_destroyed_in_every_process(place: Place, master: LocalMaster) -> None:
    with children(place, master) as (child,):
        async with place.open(master) as keyring:
            made = await keyring.ensure([MENTOR, MENTEE, "mentor-2"])
            assert child.ask("ensure", MENTOR, MENTEE) == digests(
                {subject: made[subject] for subject in (MENTOR, MENTEE)}
            )
            await keyring.destroy(MENTOR)
            assert child.ask("ensure", MENTOR) == "destroyed"
            assert child.ask("destroy", MENTEE) is None
            assert await keyring.keys([MENTOR, MENTEE, "mentor-2"]) == {"mentor-2": made["mentor-2"]}
            with pytest.raises(KeyDestroyed):
                await keyring.ensure([MENTEE])


# The file of an embedded installation -----------------------------------------------------------------------


async def test_the_file_is_its_owners_alone(sqlite_place: Place, master: LocalMaster) -> None:
    path = Path(sqlite_place.where)
    async with sqlite_place.open(master) as keyring:
        await keyring.ensure([MENTOR])
        found = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert found == {"keys.db": 0o600, "keys.db-wal": 0o600, "keys.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_file_taken_away_is_told_aloud(sqlite_place: Place, master: LocalMaster) -> None:
    """SQLite would go on in a file that has no name any more: keys made there would be lost."""
    path = Path(sqlite_place.where)
    async with sqlite_place.open(master) as keyring:
        await keyring.ensure([MENTOR])
        _replaced(path)
        with pytest.raises(KeyringLost, match="retiré"):
            await keyring.ensure([MENTEE])
        _replaced(path, path.with_suffix(".other"))
        with pytest.raises(KeyringLost, match="remplacé"):
            await keyring.keys([MENTOR])


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
async def test_a_file_that_is_not_there_is_not_made_by_whoever_opens_it(
    tmp_path: Path, master: LocalMaster, left: str
) -> None:
    path = tmp_path / "keyring" / "keys.db"
    if left == "an empty file":
        path.parent.mkdir()
        path.touch()
    async with SqliteKeyring(path, master) as keyring:
        for asked in (keyring.keys([MENTOR]), keyring.ensure([MENTOR]), keyring.destroy(MENTOR)):
            with pytest.raises(KeyringLost, match="manque" if left == "nothing" else "est vide"):
                await asked
    assert not path.exists() or left == "an empty file"


async def test_two_starts_at_once_make_one_file(tmp_path: Path, master: LocalMaster) -> None:
    path = tmp_path / "keyring" / "keys.db"
    await asyncio.gather(*(asyncio.to_thread(keyring_sqlite.prepare, path) for _ in range(4)))
    async with SqliteKeyring(path, master) as keyring:
        made = await keyring.ensure([MENTOR])
        keyring_sqlite.prepare(path)
        assert await keyring.keys([MENTOR]) == made


def _replaced(path: Path, by: Path | None = None) -> None:
    if by is None:
        path.rename(path.with_suffix(".old"))
    else:
        by.touch()
        by.rename(path)


async def test_who_writes_waits_for_another_writer(sqlite_place: Place, master: LocalMaster) -> None:
    async with sqlite_place.open(master) as keyring:
        await keyring.ensure([MENTOR])
        with sqlite_place_locked(sqlite_place) as other:
            waiting = asyncio.create_task(keyring.ensure([MENTEE]))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            other.execute("COMMIT")
            assert len(await waiting) == 1


@contextmanager
def sqlite_place_locked(place: Place) -> Iterator[sqlite3.Connection]:
    other = sqlite3.connect(place.where, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield other
    finally:
        other.close()


async def test_while_a_reader_keeps_the_old_state_destroying_does_not_answer(
    sqlite_place: Place, master: LocalMaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_sqlite, "PATIENCE", 0.2)
    async with sqlite_place.open(master) as keyring:
        await keyring.ensure([MENTOR])
        ((_, wrapped),) = await keyring.page("", 1)
        with sqlite_place_locked(sqlite_place) as reader:
            reader.execute("COMMIT")
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM keys").fetchone()
            with pytest.raises(sqlite3.OperationalError):
                await keyring.destroy(MENTOR)
            assert wrapped in await sqlite_place.on_disk()
        await keyring.destroy(MENTOR)
        assert wrapped not in await sqlite_place.on_disk()
