"""Subjects' keys: made once, gone for ever. The same sentences in memory, in SQLite and in PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from ledger import keyring_sqlite, keyring_wrapped
from ledger.keyring import KeyDestroyed, Keyring, MemoryKeyring
from ledger.keyring_postgres import prepare
from ledger.keyring_sqlite import KeyringLost
from ledger.keyring_wrapped import Rows, WrappedKeyring, rotate
from ledger.master import LocalMaster, MasterFile, MasterOutdated, WrongMasterKey, write_master
from ops.stack.postgres import Postgres
from tests.ledger.keyring_child import Place, children

_NUMBERS = itertools.count(1)
MENTOR, MENTEE = "mentor-1", "mentee-1"


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    return Place("sqlite", str(tmp_path / "keyring" / "keys.db"))


@pytest.fixture
def postgres_place(postgres: Postgres) -> Iterator[Place]:
    name = f"keyring_{next(_NUMBERS)}"
    _on(postgres, "CREATE DATABASE {}", name)
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, prepare(postgres.dsn(name))).result()
    yield Place("postgres", postgres.dsn(name))
    _on(postgres, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def master() -> LocalMaster:
    return LocalMaster.new()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
async def keyring(request: pytest.FixtureRequest, master: LocalMaster) -> AsyncIterator[Keyring]:
    if request.param == "memory":
        yield MemoryKeyring()
        return
    place: Place = request.getfixturevalue(f"{request.param}_place")
    async with place.open(master) as keyring:
        yield keyring


def _on(postgres: Postgres, statement: str, name: str) -> None:
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


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


# Rotation of the master key ---------------------------------------------------------------------------------


async def test_after_a_rotation_the_older_master_opens_nothing(place: Place, master: LocalMaster) -> None:
    newer = master.renewed()
    assert keyring_wrapped.PAGE < 1200
    async with place.open(master) as keyring, place.open(newer.newest_only()) as after:
        made = await keyring.ensure([f"mentee-{n}" for n in range(1200)])
        await keyring.destroy("mentee-0")
        before = await keyring.page("", 2000)
        assert await rotate(keyring, newer) == 1199
        assert await rotate(keyring, newer) == 0
        left = {subject: key for subject, key in made.items() if subject != "mentee-0"}
        assert await after.keys(made) == left
        with pytest.raises(KeyDestroyed):
            await after.ensure(["mentee-0"])
        stored = await place.on_disk()
        now = await after.page("", 2000)
    assert len(now) == 1199
    for subject, wrapped in now:
        assert wrapped in stored
        with pytest.raises(WrongMasterKey):
            await master.unwrap(subject, wrapped)
    assert all(wrapped[4:20] not in stored and wrapped[-20:] not in stored for _, wrapped in before)


@pytest.mark.parametrize("pages", [0, 1, 3])
async def test_a_rotation_killed_on_its_way_is_started_again_and_ends(
    place: Place, master: LocalMaster, pages: int
) -> None:
    subjects = [f"mentee-{n}" for n in range(45)]
    newer = master.renewed()
    async with place.open(newer) as both:
        async with place.open(master) as first:
            made = await first.ensure(subjects)
        with children(place, master) as (child,):
            assert child.ask("rotate", pages=pages, master=newer.text) == "stopped"
            assert await both.keys(subjects) == made  # both generations are read meanwhile
            child.kill()
        assert await both.keys(subjects) == made
        assert await rotate(both, newer) == 45 - 10 * pages
    async with place.open(newer.newest_only()) as after:
        assert await after.keys(subjects) == made


async def test_a_key_destroyed_during_a_rotation_stays_destroyed(
    place: Place, master: LocalMaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer, replace = master.renewed(), place.store.replace
    renewed: dict[str, bytes] = {}

    async def late(self: WrappedKeyring, changes: Sequence[tuple[str, bytes, bytes]]) -> None:
        renewed.update({subject: new for subject, _, new in changes})
        await self.destroy(MENTEE)
        await replace(self, changes)

    monkeypatch.setattr(place.store, "replace", late)
    async with place.open(master) as keyring:
        made = await keyring.ensure([MENTOR, MENTEE])
        await rotate(keyring, newer)
        async with place.open(newer) as after:
            assert await after.keys([MENTOR, MENTEE]) == {MENTOR: made[MENTOR]}
            assert await after.destroyed() == {MENTEE}
            stored = await place.on_disk()
    assert [subject for subject in renewed if renewed[subject] in stored] == [MENTOR]
    assert renewed.keys() == {MENTOR, MENTEE}


async def test_a_process_with_the_retired_master_makes_no_key_that_would_be_lost(
    place: Place, master: LocalMaster
) -> None:
    newer = master.renewed()
    async with place.open(master) as stale, place.open(newer) as fresh:
        await stale.ensure([MENTOR])
        await rotate(fresh, newer)
        with pytest.raises(MasterOutdated):
            await stale.ensure([MENTEE])
        assert await fresh.keys([MENTEE]) == {}
        with pytest.raises(WrongMasterKey):
            await stale.keys([MENTOR])
        with pytest.raises((MasterOutdated, WrongMasterKey)):
            await rotate(stale, master)
        assert len(await fresh.ensure([MENTOR, MENTEE])) == 2


async def test_a_rotation_of_the_file_disturbs_nobody(
    place: Place, master: LocalMaster, tmp_path: Path
) -> None:
    path = tmp_path / "secrets" / "master"
    write_master(path, master)
    async with place.open(MasterFile(path)) as living, place.open(MasterFile(path)) as rotating:
        made = dict(await living.ensure([f"mentee-{n}" for n in range(50)]))
        working = True

        async def go_on() -> None:
            for n in itertools.count(50):
                made.update(await living.ensure([f"mentee-{n}"]))
                assert await living.keys(made) == made
                if not working:
                    return

        work = asyncio.create_task(go_on())
        newer = master.renewed()
        write_master(path, newer)
        await rotate(rotating, MasterFile(path))
        write_master(path, newer.newest_only())
        working = False
        await work
        assert len(made) > 50
    async with place.open(newer.newest_only()) as after:
        assert await after.keys(made) == made


async def test_a_key_wrapped_just_before_a_rotation_begins_is_wrapped_again(
    place: Place, master: LocalMaster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "master"
    write_master(path, master)
    newer, add = master.renewed(), place.store._add
    tried: list[int] = []

    async def late(self: WrappedKeyring, rows: Sequence[tuple[str, bytes]]) -> Rows:
        tried.append(len(rows))
        if len(tried) == 1:
            write_master(path, newer)
            await rotate(rotating, newer)
        return await add(self, rows)

    monkeypatch.setattr(place.store, "_add", late)
    async with place.open(MasterFile(path)) as keyring, place.open(newer) as rotating:
        made = await keyring.ensure([MENTOR])
    assert tried == [1, 1]
    async with place.open(newer.newest_only()) as after:
        assert await after.keys([MENTOR]) == made


async def test_a_key_read_just_before_a_rotation_ends_is_read_again(
    place: Place, master: LocalMaster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "master"
    write_master(path, master)
    newer, find = master.renewed(), place.store._find
    read: list[int] = []

    async def late(self: WrappedKeyring, subjects: Sequence[str]) -> Rows:
        found = await find(self, subjects)
        read.append(len(found))
        if read == [0, 1]:
            await rotate(rotating, newer)
            write_master(path, newer.newest_only())
        return found

    monkeypatch.setattr(place.store, "_find", late)
    async with place.open(MasterFile(path)) as keyring, place.open(newer) as rotating:
        made = await keyring.ensure([MENTOR])
        assert await keyring.keys([MENTOR]) == made
    assert read == [0, 1, 1]


async def test_a_rotation_that_cannot_open_the_present_keys_changes_nothing(
    place: Place, master: LocalMaster
) -> None:
    stranger = LocalMaster.new().renewed()
    async with place.open(master) as keyring:
        made = await keyring.ensure([MENTOR])
        before = await keyring.page("", 10)
        for other in (stranger, stranger.newest_only(), master.renewed().newest_only()):
            with pytest.raises(WrongMasterKey):
                await rotate(keyring, other)
        assert await keyring.page("", 10) == before
        assert await keyring.ensure([MENTOR]) == made
        assert len(await keyring.ensure([MENTEE])) == 1


async def test_an_empty_keyring_rotates(place: Place, master: LocalMaster) -> None:
    async with place.open(master) as keyring:
        assert await rotate(keyring, master.renewed()) == 0


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
