"""Which processes an event concerns."""

from __future__ import annotations

import pytest

from domain.kernel import SYSTEM, kind_of
from domain.mentor.commands import Release
from domain.programme.commands import programme_id
from domain.registry import RECORDS
from ledger.feed import LedgerFeed
from tests.ops.importing import LINES, Desk, csv
from tests.support import House
from workflows.routing import Unroutable, processes_of, processes_of_record
from workflows.worker import PROCESSES


async def test_every_event_of_a_convention_concerns_its_process_and_no_other_event_does() -> None:
    house = House()
    await house.open()
    await house.signed("convention-1")
    events = await LedgerFeed(house.recorder).after(0, 100)
    routed = {(one.record_id, tuple(processes_of(one))) for one in events}
    assert routed == {
        (programme_id("1j1m"), ()),
        ("association-face", (("AssociationAdmission", "association-face"),)),
        ("convention-1", (("ConventionProcess", "convention-1"),)),
    }


async def test_whoever_comes_by_a_file_or_is_released_with_thousands_is_left_to_the_sweeper() -> None:
    desk = await Desk().open()
    await desk.run(csv(*LINES))
    (mentor, *_) = await desk.mentors()
    await desk.house.do(Release(record_id=mentor.id, on=desk.house.clock.today), SYSTEM)
    await desk.house.drafted("convention-1")
    happened = await LedgerFeed(desk.house.recorder).after(0, 100)
    woken = {kind_of(record_id) for one in happened for _, record_id in processes_of(one)}
    assert woken == {"association", "convention"}


def test_a_refusal_wakes_nobody() -> None:
    assert processes_of_record("refusal-1") == []


def test_a_kind_that_nobody_routed_is_told() -> None:
    with pytest.raises(Unroutable, match="stranger"):
        processes_of_record("stranger-1")


def test_every_kind_of_record_is_routed_to_processes_that_a_worker_knows() -> None:
    known = {str(getattr(process, "__temporal_workflow_definition").name) for process in PROCESSES}
    kinds = [kind.TOPIC.partition("@")[0] for kind in RECORDS]  # type: ignore[attr-defined]
    routed = {process for kind in kinds for process, _ in processes_of_record(f"{kind}-1")}
    assert routed <= known
    assert known - routed == {process.successor for process in PROCESSES} - {""}
