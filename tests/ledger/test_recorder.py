"""What any store of events promises: the same sentences for both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.kernel import Claim
from ledger.events import NewEvent
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, VersionConflict
from tests.ledger.conftest import Store

TEN = datetime(2026, 1, 5, 10, tzinfo=UTC)


def new(
    record: str = "thing-1", version: int = 1, effective: datetime | None = None, event_id: UUID | None = None
) -> NewEvent:
    return NewEvent(event_id or uuid4(), record, version, "thing.Happened@1", '{"é":1}', "{}", effective)


def hour(n: int, key: str = "room:12") -> Claim:
    return Claim(key, TEN + timedelta(hours=n), TEN + timedelta(hours=n + 1))


async def claim(store: Store, record: str, *claims: Claim) -> None:
    await store.recorder.append(Append([new(record)], {record: 0}, gains=[(record, c) for c in claims]))


async def test_what_was_added_is_found_as_it_was(store: Store) -> None:
    one, two = new(), new(version=2)
    added = await store.recorder.append(Append([one, two], {"thing-1": 0}))
    loaded = await store.recorder.load(["thing-1", "thing-2"], [two.event_id, uuid4()])
    assert loaded.events == added
    assert [(e.event_id, e.version, e.topic, e.state) for e in added] == [
        (new.event_id, new.version, new.topic, new.state) for new in (one, two)
    ]
    assert loaded.repeated == added[1:]
    assert loaded.now >= added[1].recorded_at
    assert await store.recorder.load(["thing-2"]) != loaded


async def test_an_empty_store_answers(store: Store) -> None:
    loaded = await store.recorder.load([], [])
    assert (loaded.events, loaded.repeated) == ([], [])
    assert await store.recorder.head() == 0
    assert await store.recorder.after(0, 10) == []
    assert (await store.recorder.now()).utcoffset() == timedelta(0)


async def test_several_records_come_back_in_the_order_of_their_events(store: Store) -> None:
    for version in (1, 2):
        for record in ("thing-b", "thing-a"):
            await store.recorder.append(Append([new(record, version)], {record: version - 1}))
    found = (await store.recorder.load(["thing-a", "thing-b", "thing-a"])).events
    assert [e.position for e in found] == [1, 2, 3, 4]
    repeated = (await store.recorder.load([], [found[2].event_id, found[0].event_id])).repeated
    assert [e.position for e in repeated] == [1, 3]


async def test_positions_follow_each_other_without_a_gap_even_after_refusals(store: Store) -> None:
    for n in range(1, 4):
        await store.recorder.append(Append([new(f"thing-{n}"), new(f"thing-{n}", 2)], {f"thing-{n}": 0}))
        with pytest.raises(VersionConflict):
            await store.recorder.append(Append([new(f"thing-{n}")], {f"thing-{n}": 0}))
    assert [e.position for e in await store.recorder.after(0, 100)] == [1, 2, 3, 4, 5, 6]
    assert [e.position for e in await store.recorder.after(2, 3)] == [3, 4, 5]
    assert await store.recorder.head() == 6


async def test_a_record_that_has_changed_refuses_and_names_itself(store: Store) -> None:
    await store.recorder.append(Append([new()], {"thing-1": 0}))
    with pytest.raises(VersionConflict, match="thing-1"):
        await store.recorder.append(Append([new("thing-2")], {"thing-2": 0, "thing-1": 0}))
    assert await store.recorder.head() == 1


async def test_an_event_is_recorded_once(store: Store) -> None:
    once = new()
    await store.recorder.append(Append([once], {"thing-1": 0}))
    again = new("thing-2", event_id=once.event_id)
    with pytest.raises(AlreadyRecorded):
        await store.recorder.append(Append([new("thing-3"), again], {"thing-3": 0, "thing-2": 0}))
    with pytest.raises(AlreadyRecorded):
        await store.recorder.append(Append([once], {"thing-1": 0}))
    assert await store.recorder.head() == 1


async def test_a_key_is_held_by_one_record_until_it_is_given_up(store: Store) -> None:
    key = Claim("rna:W691000001")
    await claim(store, "thing-1", key)
    with pytest.raises(ClaimTaken) as taken:
        await claim(store, "thing-2", key)
    assert (taken.value.key, taken.value.holder) == (key.key, "thing-1")
    assert await store.recorder.head() == 1
    await store.recorder.append(Append([new(version=2)], {"thing-1": 1}, drops=[("thing-1", key)]))
    await claim(store, "thing-2", key)


async def test_two_hours_of_a_room_may_touch_and_not_overlap(store: Store) -> None:
    await claim(store, "thing-1", hour(0))
    await claim(store, "thing-2", hour(1))
    await claim(store, "thing-3", hour(0, "room:13"))
    half = Claim("room:12", TEN + timedelta(minutes=30), TEN + timedelta(minutes=90))
    for overlapping in (half, Claim("room:12"), Claim("room:12", start=TEN), Claim("room:12", end=half.end)):
        with pytest.raises(ClaimTaken):
            await claim(store, "thing-4", overlapping)
    await claim(store, "thing-4", Claim("room:12", end=TEN))


async def test_two_records_of_one_command_cannot_hold_the_same_key(store: Store) -> None:
    key = Claim("number:7")
    both = Append(
        [new("thing-1"), new("thing-2")],
        {"thing-1": 0, "thing-2": 0},
        gains=[("thing-1", key), ("thing-2", key)],
    )
    with pytest.raises(ClaimTaken) as taken:
        await store.recorder.append(both)
    assert taken.value.holder == "thing-1"
    assert await store.recorder.head() == 0


async def test_a_key_passes_from_one_record_to_another_in_one_command(store: Store) -> None:
    key = Claim("number:7")
    await claim(store, "thing-1", key)
    both = Append(
        [new(version=2), new("thing-2")],
        {"thing-1": 1, "thing-2": 0},
        gains=[("thing-2", key)],
        drops=[("thing-1", key)],
    )
    await store.recorder.append(both)
    with pytest.raises(ClaimTaken):
        await claim(store, "thing-3", key)


async def test_the_recording_time_never_goes_back_even_if_the_clock_does(store: Store) -> None:
    await store.shift(timedelta(days=2))
    await store.recorder.append(Append([new()], {"thing-1": 0}))
    await store.shift(timedelta(days=-1))
    await store.recorder.append(Append([new(version=2)], {"thing-1": 1}))
    first, second = await store.recorder.after(0, 2)
    assert first.recorded_at == second.recorded_at
    assert await store.recorder.now() >= second.recorded_at
    assert (await store.recorder.load([])).now >= second.recorded_at
    await store.shift(timedelta(days=3))
    (third,) = await store.recorder.append(Append([new(version=3)], {"thing-1": 2}))
    assert third.recorded_at > second.recorded_at


async def test_a_fact_is_never_later_than_its_recording(store: Store) -> None:
    now = await store.recorder.now()
    nine_days = timedelta(days=9)
    events = [new(), new(version=2, effective=now - nine_days), new(version=3, effective=now + nine_days)]
    bare, past, future = await store.recorder.append(Append(events, {"thing-1": 0}))
    assert bare.effective_at == bare.recorded_at
    assert past.effective_at == now - nine_days
    assert future.effective_at == future.recorded_at


async def test_who_holds_a_claim_now_is_told_and_nobody_else(store: Store) -> None:
    now = await store.recorder.now()
    await claim(store, "thing-1", Claim("link:a"), Claim("room:1", now - timedelta(hours=1)))
    await claim(store, "thing-2", Claim("room:1", now - timedelta(hours=3), now - timedelta(hours=2)))
    await claim(store, "thing-3", Claim("room:2", now + timedelta(hours=1)))
    held = await store.recorder.holders(["link:a", "room:1", "room:2", "link:b", "link:\0"])
    assert held == {"link:a": "thing-1", "room:1": "thing-1"}
    drops = [("thing-1", Claim("link:a"))]
    await store.recorder.append(Append([new("thing-1", 2)], {"thing-1": 1}, drops=drops))
    assert await store.recorder.holders(["link:a"]) == {}
