"""Commands tried on a store without writing: what they see, what is written at once, what never is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from domain.kernel import Claim
from ledger import transaction
from ledger.events import NewEvent
from ledger.overlay import OverlayRecorder
from ledger.postgres import PostgresRecorder
from ledger.recorder import (
    AlreadyRecorded,
    Append,
    ClaimTaken,
    Loaded,
    MemoryRecorder,
    VersionConflict,
)
from tests.conftest import Database

NOW = datetime(2025, 11, 24, tzinfo=UTC)


def event(record_id: str, version: int = 1) -> NewEvent:
    return NewEvent(uuid4(), record_id, version, "company.Registered@1", "{}", "{}", NOW)


def append(
    record_id: str, version: int = 1, *, gains: Sequence[str] = (), drops: Sequence[str] = ()
) -> Append:
    return Append(
        [event(record_id, version)],
        {record_id: version - 1},
        [(record_id, Claim(key)) for key in gains],
        [(record_id, Claim(key)) for key in drops],
    )


class Counting(MemoryRecorder):
    """Says how often it was asked."""

    asked = 0

    async def load(self, record_ids: Sequence[str], event_ids: Sequence[UUID] = ()) -> Loaded:
        self.asked += 1
        return await super().load(record_ids, event_ids)


@pytest.fixture
def beneath() -> Counting:
    return Counting(lambda: NOW)


@pytest.fixture
def trial(beneath: Counting) -> OverlayRecorder:
    return OverlayRecorder(beneath)


async def test_nothing_is_written_before_the_commit_and_then_all_is_at_once(
    beneath: Counting, trial: OverlayRecorder
) -> None:
    await trial.append(append("a"))
    await trial.append(append("a", 2))
    await trial.append(append("b"))
    assert [e.version for e in (await trial.load(["a"])).events] == [1, 2]
    assert (await trial.head(), await beneath.head()) == (3, 0)
    await trial.commit()
    assert [(e.record_id, e.version) for e in beneath.events] == [("a", 1), ("a", 2), ("b", 1)]


async def test_what_was_brought_is_asked_for_once(beneath: Counting, trial: OverlayRecorder) -> None:
    await beneath.append(append("a"))
    assert await trial.bring(["a", *(f"x{n}" for n in range(2_500))], fresh=True) == {"a"}
    asked = beneath.asked
    for number in range(100):
        await trial.load(["a", f"x{number}"], [uuid4()])
        await trial.append(append(f"x{number}"))
    assert (asked, beneath.asked) == (3, 3)


async def test_a_command_that_was_carried_out_before_is_found_beneath(
    beneath: Counting, trial: OverlayRecorder
) -> None:
    stored = (await beneath.append(append("a")))[0]
    assert [e.event_id for e in (await trial.load([], [stored.event_id])).repeated] == [stored.event_id]
    again = append("a", 2)
    await trial.append(again)
    with pytest.raises(AlreadyRecorded):
        await trial.append(again)


async def test_a_version_that_is_not_the_last_is_refused(trial: OverlayRecorder) -> None:
    await trial.append(append("a"))
    with pytest.raises(VersionConflict):
        await trial.append(append("a"))


async def test_somebody_faster_beneath_makes_the_commit_fail_as_a_whole(
    beneath: Counting, trial: OverlayRecorder
) -> None:
    await beneath.append(append("a"))
    await trial.append(append("a", 2))
    await trial.append(append("b"))
    await beneath.append(append("a", 2))
    with pytest.raises(VersionConflict):
        await trial.commit()
    assert {e.record_id for e in beneath.events} == {"a"}


async def test_a_claim_is_one_record_s_within_the_trial(trial: OverlayRecorder) -> None:
    await trial.append(append("a", gains=["k"]))
    with pytest.raises(ClaimTaken) as taken:
        await trial.append(append("b", gains=["k"]))
    assert taken.value.holder == "a"
    assert await trial.holders(["k", "other"]) == {"k": "a"}


async def test_a_claim_given_up_in_the_trial_is_free_again_and_never_reaches_the_store(
    beneath: Counting, trial: OverlayRecorder
) -> None:
    await trial.append(append("a", gains=["k"]))
    await trial.append(append("a", 2, drops=["k"]))
    assert await trial.holders(["k"]) == {}
    await trial.append(append("b", gains=["k"]))
    await trial.commit()
    assert await beneath.holders(["k"]) == {"k": "b"}


async def test_a_claim_of_the_store_given_up_in_the_trial_is_another_s(
    beneath: Counting, trial: OverlayRecorder
) -> None:
    await beneath.append(append("a", gains=["k"]))
    assert await trial.holders(["k"]) == {"k": "a"}
    await trial.append(append("a", 2, drops=["k"]))
    assert await trial.holders(["k"]) == {}
    await trial.append(append("b", gains=["k"]))
    await trial.commit()
    assert await beneath.holders(["k"]) == {"k": "b"}


async def test_a_claim_that_the_store_holds_is_seen_by_the_commit(
    beneath: Counting, trial: OverlayRecorder
) -> None:
    await beneath.append(append("a", gains=["k"]))
    await trial.append(append("b", gains=["k"]))
    with pytest.raises(ClaimTaken):
        await trial.commit()


# Thousands of claims at once ----------------------------------------------------------------------

MANY = transaction.MANY_CLAIMS * 3


async def test_many_claims_are_gained_in_one_statement_or_none_of_them(database: Database) -> None:
    recorder = PostgresRecorder(database.app)
    keys = [f"k{n}" for n in range(MANY)]
    await recorder.append(append("a", gains=keys))
    assert await recorder.holders(keys) == dict.fromkeys(keys, "a")
    other = [f"other{n}" for n in range(MANY)]
    with pytest.raises(ClaimTaken) as taken:
        await recorder.append(append("b", gains=[*other, "k7"]))
    assert (taken.value.key, taken.value.holder) == ("k7", "a")
    assert await recorder.holders(other) == {}
    assert await recorder.head() == 1


async def test_rivals_among_many_claims_of_one_append_are_found(database: Database) -> None:
    recorder = PostgresRecorder(database.app)
    gains = [("a", Claim(f"k{n}")) for n in range(MANY)] + [("b", Claim("k7"))]
    batch = Append([event("a"), event("b")], {"a": 0, "b": 0}, gains)
    with pytest.raises(ClaimTaken):
        await recorder.append(batch)
    assert await recorder.head() == 0


async def test_many_claims_with_a_time_each(database: Database) -> None:
    recorder = PostgresRecorder(database.app)
    hours = [datetime(2025, 1 + n // 28 % 12, 1 + n % 28, n % 24, tzinfo=UTC) for n in range(MANY)]
    rooms = [("a", Claim(f"room{n}", hour, hour.replace(minute=30))) for n, hour in enumerate(hours)]
    await recorder.append(Append([event("a")], {"a": 0}, rooms))
    overlapping = Claim("room5", hours[5].replace(minute=15), hours[5].replace(minute=45))
    with pytest.raises(ClaimTaken):
        await recorder.append(Append([event("b")], {"b": 0}, [("b", overlapping)]))
