"""Which processes an event concerns."""

from __future__ import annotations

import pytest

from domain.programme.commands import programme_id
from ledger.feed import LedgerFeed
from tests.support import House
from workflows.routing import Unroutable, processes_of, processes_of_record


async def test_every_event_of_a_convention_concerns_its_process_and_no_other_event_does() -> None:
    house = House()
    await house.open()
    await house.signed("convention-1")
    events = await LedgerFeed(house.recorder).after(0, 100)
    routed = {(one.record_id, tuple(processes_of(one))) for one in events}
    assert routed == {
        (programme_id("1j1m"), ()),
        ("association-face", ()),
        ("convention-1", (("ConventionProcess", "convention-1"),)),
    }


def test_a_refusal_wakes_nobody() -> None:
    assert processes_of_record("refusal-1") == []


def test_a_kind_that_nobody_routed_is_told() -> None:
    with pytest.raises(Unroutable, match="mentor"):
        processes_of_record("mentor-1")
