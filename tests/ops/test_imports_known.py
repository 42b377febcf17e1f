"""A file brings nobody back: whoever left, was erased, or is suspended still, is counted and told why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Actor
from domain.mentor.candidacies import Apply
from domain.mentor.commands import Leave, LiftSuspension, Release, Suspend
from domain.mentor.identity import ChangePerson, Merge
from domain.mentor.parts import MentorLeaving, Occupation, Origin, Person, Profile
from domain.programme.commands import programme_id
from tests.domain import mentor_support
from tests.domain.mentor_support import AWA, MENTOR
from tests.ops.importing import LINES, Desk, csv
from tests.support import COORDINATOR, FACE, LYON

DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))


@pytest.fixture
async def desk() -> Desk:
    return await Desk().open()


async def test_who_left_or_was_erased_is_not_brought_back(desk: Desk) -> None:
    await desk.run(csv(*LINES))
    left, erased, _ = await desk.mentors()
    today = desk.house.clock.today
    await desk.house.do(Leave(record_id=left.id, on=today, cause=MentorLeaving.END), COORDINATOR)
    await desk.house.do(Erase(record_id=erased.id, ground=Ground.OBJECTION), DPO)
    before = len(desk.events)
    report = await desk.run(csv(*LINES))
    assert (report.recorded, report.known, report.faults) == (0, 3, [])
    assert len(desk.events) == before
    assert sorted(report.remarks) == [2, 3]


async def by_hand(desk: Desk, record_id: str, person: Person) -> None:
    applying = Apply(
        record_id=record_id,
        association_id=FACE,
        programme_id=programme_id("1j1m"),
        person=person,
        profile=Profile(Occupation.EMPLOYEE),
        channel=Origin.ASSOCIATION,
    )
    await desk.house.do(applying, COORDINATOR)


async def test_nobody_whose_record_was_made_by_hand_is_brought_back_either(desk: Desk) -> None:
    """By any address or birth date that they ever had there; erased, by a keyed digest alone."""
    awa = Person("Awa", "Diallo", "ancienne@exemple.test", None, date(1985, 3, 2))
    await by_hand(desk, "mentor-1", awa)
    await by_hand(desk, "mentor-2", Person("Léa", "Martin", "lea@exemple.test", None, None))
    await by_hand(desk, "mentor-3", Person("Sokhna", "Ndiaye", "s@exemple.test", None, date(1979, 12, 31)))
    change = ChangePerson(record_id="mentor-1", person=replace(awa, email="nouvelle@exemple.test"))
    await desk.house.do(change, COORDINATOR)
    today = desk.house.clock.today
    await desk.house.do(Leave(record_id="mentor-1", on=today, cause=MentorLeaving.END), COORDINATOR)
    for erased in ("mentor-2", "mentor-3"):
        await desk.house.do(Erase(record_id=erased, ground=Ground.OBJECTION), DPO)
    before = len(desk.events)
    report = await desk.run(
        csv(
            "Diallo;Awa;ancienne@exemple.test;;salariée",
            "Martin;Léa;LEA@exemple.test;;retraitée",
            "Ndiaye;Sokhna;;31/12/1979;indépendante",
        )
    )
    assert (report.recorded, report.known, report.faults) == (0, 3, [])
    assert len(desk.events) == before
    assert report.remarks[2].startswith("Parti·e le 24 novembre 2025")
    assert "à la main" in report.remarks[2]
    assert "effacée" in report.remarks[3]
    assert report.remarks[3] == report.remarks[4]


async def test_who_came_back_by_hand_is_known_and_another_operator_s_former_is_nobody_s(desk: Desk) -> None:
    lea = Person("Léa", "Martin", "lea@exemple.test", None, None)
    await by_hand(desk, "mentor-1", lea)
    await desk.house.do(Erase(record_id="mentor-1", ground=Ground.OBJECTION), DPO)
    await by_hand(desk, "mentor-2", lea)
    report = await desk.run(csv("Martin;Léa;lea@exemple.test;;retraitée"))
    assert (report.known, report.remarks) == (1, {})


async def test_whoever_left_suspended_is_known_and_the_remark_says_that_the_academie_lifts_first() -> None:
    """By any address of the time of the suspension, and of a record that was merged into theirs."""
    office = mentor_support.Desk()
    office.cleared()
    office.apply("mentor-2", Person("Awa", "Diallo", "awa@travail.test"))
    office.do(Merge(record_id=MENTOR, duplicate_id="mentor-2"))
    today = office.today
    office.do(Suspend(record_id=MENTOR, on=today), LYON, "plainte")
    office.do(ChangePerson(record_id=MENTOR, person=replace(AWA, email="awa@ailleurs.test")))
    desk, lines = (
        Desk(office.house),
        csv(
            f"D;A;{AWA.email};;salariée",
            "D;A;awa@travail.test;;salariée",
            "D;A;awa@ailleurs.test;;salariée",
            "Diallo;Awa;;02/03/1985;salariée",
        ),
    )
    assert (await desk.run(lines)).remarks == {}, "their record is open"
    office.do(Release(record_id=MENTOR, on=today), SYSTEM)
    report = await desk.run(lines)
    assert (report.recorded, report.known, report.faults) == (0, 4, [])
    assert set(report.remarks) == {2, 3, 4, 5}
    assert set(report.remarks.values()) == {
        "Parti·e le 24 novembre 2025, sous une suspension de l'académie : aucune candidature avant sa levée."
    }
    office.do(LiftSuspension(record_id=MENTOR, on=today), LYON, "classée")
    report = await desk.run(lines)
    assert all("à rouvrir à la main" in said for said in report.remarks.values())
