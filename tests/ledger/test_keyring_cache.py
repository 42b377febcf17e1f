"""Keys held in memory: for a moment, a bounded number of them, and never past an erasure's answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping

import pytest

from ledger.keyring import KeyDestroyed, MemoryKeyring
from ledger.keyring_cache import CachedKeyring


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Counted(MemoryKeyring):
    """A keyring that counts what it is asked, and may be slow to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.closed = False

    async def close(self) -> None:
        self.closed = True

    async def keys(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        self.asked.append(sorted(subjects))
        found = await super().keys(self.asked[-1])
        await self.may_answer.wait()
        return found

    async def ensure(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        self.asked.append(sorted(subjects))
        return await super().ensure(self.asked[-1])


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def inner() -> Counted:
    return Counted()


def cached(inner: Counted, clock: Time, most: int = 100) -> CachedKeyring:
    return CachedKeyring(inner, 2.0, most, clock=clock, sleep=clock.sleep)


async def test_a_key_is_asked_for_once_in_its_life(inner: Counted, clock: Time) -> None:
    keyring = cached(inner, clock)
    made = await keyring.ensure(["a", "b"])
    clock.now += 1.9
    assert await keyring.keys(["a", "b"]) == await keyring.ensure(["b", "a"]) == made
    assert inner.asked == [["a", "b"]]
    clock.now += 0.1
    assert await keyring.keys(["a"]) == {"a": made["a"]}
    assert inner.asked == [["a", "b"], ["a"]]


async def test_only_what_is_missing_is_asked_for(inner: Counted, clock: Time) -> None:
    keyring = cached(inner, clock)
    made = await keyring.ensure(["a"])
    both = await keyring.ensure(["a", "b"])
    assert both["a"] == made["a"]
    assert await keyring.keys(["b", "c", "a"]) == both
    assert inner.asked == [["a"], ["b"], ["c"]]


async def test_that_there_is_no_key_is_not_remembered(inner: Counted, clock: Time) -> None:
    keyring, other = cached(inner, clock), cached(inner, clock)
    assert await keyring.keys(["a"]) == {}
    made = await other.ensure(["a"])
    assert await keyring.keys(["a"]) == made


async def test_never_more_than_so_many_the_oldest_leave_first(inner: Counted, clock: Time) -> None:
    keyring = cached(inner, clock, most=3)
    for subject in "abcd":
        await keyring.ensure([subject])
    inner.asked.clear()
    await keyring.keys(["b", "c", "d"])
    assert inner.asked == []
    assert "held=3" in repr(keyring)
    await keyring.keys(["a"])
    assert inner.asked == [["a"]]
    assert len(await keyring.ensure("efghijkl")) == 8
    assert "held=3" in repr(keyring)


async def test_what_has_lived_its_life_leaves_the_memory(inner: Counted, clock: Time) -> None:
    keyring = cached(inner, clock)
    await keyring.ensure([f"old-{n}" for n in range(50)])
    clock.now += 2
    await keyring.ensure(["new"])
    assert "held=1" in repr(keyring)


async def test_an_erasure_answers_once_no_process_can_hold_the_key(inner: Counted, clock: Time) -> None:
    here, there = cached(inner, clock), cached(inner, clock)
    made = await here.ensure(["a"])
    clock.now += 1
    assert await there.keys(["a"]) == made
    await here.destroy("a")
    assert clock.now == 103
    for keyring in (here, there):
        assert await keyring.keys(["a"]) == {}
        with pytest.raises(KeyDestroyed):
            await keyring.ensure(["a"])
        assert await keyring.destroyed() == {"a"}


async def test_whoever_erases_has_forgotten_at_once(inner: Counted, clock: Time) -> None:
    seen = []

    async def sleep(seconds: float) -> None:
        seen.append(dict(await keyring.keys(["a"])))

    keyring = CachedKeyring(inner, clock=clock, sleep=sleep)
    assert await keyring.ensure(["a"])
    await keyring.destroy("a")
    assert seen == [{}]


async def test_a_key_read_just_before_its_destruction_is_not_kept(inner: Counted, clock: Time) -> None:
    seen = []

    async def sleep(seconds: float) -> None:
        inner.may_answer.set()
        seen.append(dict(await reading))
        seen.append(dict(await keyring.keys(["a"])))

    keyring = CachedKeyring(inner, clock=clock, sleep=sleep)
    made = await inner.ensure(["a"])
    inner.may_answer.clear()
    reading = asyncio.create_task(keyring.keys(["a"]))
    await asyncio.sleep(0)
    await keyring.destroy("a")
    assert seen == [made, {}]


async def test_a_slow_answer_lives_from_when_it_was_asked_for(inner: Counted, clock: Time) -> None:
    keyring = cached(inner, clock)
    await inner.ensure(["a"])
    inner.may_answer.clear()
    reading = asyncio.create_task(keyring.keys(["a"]))
    await asyncio.sleep(0)
    clock.now += 1.5
    inner.may_answer.set()
    await reading
    clock.now += 0.5
    inner.asked.clear()
    await keyring.keys(["a"])
    assert inner.asked == [["a"]]


async def test_closing_forgets_and_nothing_shows_a_key(inner: Counted, clock: Time) -> None:
    keyring = cached(inner, clock)
    made = await keyring.ensure(["a"])
    assert repr(made["a"])[2:10] not in repr(keyring)
    await keyring.close()
    assert "held=0" in repr(keyring)
    assert inner.closed


async def test_in_real_time_an_erasure_takes_a_life(inner: Counted) -> None:
    keyring = CachedKeyring(inner, 0.05)
    await keyring.ensure(["a"])
    start = time.monotonic()
    await keyring.destroy("a")
    assert time.monotonic() - start >= 0.049


async def test_a_key_at_hand_costs_microseconds(inner: Counted) -> None:
    keyring = CachedKeyring(inner, 60.0)
    await keyring.ensure(["a"])
    best = min([await _timed(keyring) for _ in range(50)])
    assert best < 50e-6


async def _timed(keyring: CachedKeyring) -> float:
    start = time.perf_counter()
    for _ in range(20):
        await keyring.ensure(("a",))
    return (time.perf_counter() - start) / 20
