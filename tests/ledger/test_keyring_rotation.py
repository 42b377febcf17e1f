"""The rotation of the master key: what the older one opened it opens no more, and nothing is lost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger import keyring_wrapped
from ledger.keyring import KeyDestroyed
from ledger.keyring_wrapped import Rows, WrappedKeyring, rotate
from ledger.master import LocalMaster, MasterFile, MasterOutdated, WrongMasterKey, write_master
from tests.ledger.keyring_child import MENTEE, MENTOR, Place, children


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
