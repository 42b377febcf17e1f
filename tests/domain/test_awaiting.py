"""``next`` in every status of every kind: what, by when, from whom, what is missing; and who is stuck."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from domain.association import commands as of_association
from domain.association.model import Association
from domain.association.parts import SuspensionCause
from domain.awaiting import awaited
from domain.calendar import PartialDate
from domain.company.model import Company
from domain.convention import commands as of_convention
from domain.convention.model import Convention
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Due, Root
from domain.mentor import commands as of_mentor
from domain.mentor.model import Mentor
from domain.mentor.parts import MentorLeaving
from domain.programme.commands import programme_id
from domain.programme.model import Programme
from domain.registry import waits
from domain.reminding import Remind
from domain.training import commands as of_training
from domain.training.model import Training
from tests.domain import association_support
from tests.domain.mentor_support import COURSE, MENTOR, Desk
from tests.domain.rehearsal import OFFICER, settled
from tests.support import FACE, FACE_PARTY, LYON, House, fold_at

CONVENTION = "convention-1"
Step = Callable[[Any], object]


def dues_of(house: House, record_id: str) -> tuple[Root, list[Due]]:
    record, programme = (settled(fold_at(house.recorder, i)) for i in (record_id, programme_id("1j1m")))
    assert record is not None
    assert isinstance(programme, Programme)
    return record, waits(record, lambda _: programme, house.executor.world, house.clock.instant)


def seen(house: House, record_id: str) -> tuple[str, list[Due], list[Due]]:
    """The status, all that is due, and what somebody is waited for."""
    record, dues = dues_of(house, record_id)
    for due in dues:
        assert due.what
        assert due.awaits or due.automatic, due
    return record.status, dues, awaited(record, dues, house.clock.instant)


MENTORS: dict[str, tuple[Step, ...]] = {
    "candidate": (lambda d: d.apply(),),
    "file_complete": (lambda d: d.apply(), lambda d: d.complete_file()),
    "interviewed": (lambda d: d.apply(), lambda d: d.complete_file(), lambda d: d.interview()),
    "checked": (
        lambda d: d.apply(),
        lambda d: d.complete_file(),
        lambda d: d.interview(),
        lambda d: d.check(),
    ),
    "trained": (
        lambda d: d.apply(),
        lambda d: d.complete_file(),
        lambda d: d.interview(),
        lambda d: d.check(),
        lambda d: d.train(),
    ),
    "cleared": (lambda d: d.cleared(),),
    "suspended": (
        lambda d: d.cleared(),
        lambda d: d.do(of_mentor.Suspend(record_id=MENTOR, on=d.today), LYON, "motif"),
    ),
    "left": (
        lambda d: d.apply(),
        lambda d: d.do(of_mentor.Leave(record_id=MENTOR, on=d.today, cause=MentorLeaving.END)),
    ),
    "lapsed": (
        lambda d: d.apply(),
        lambda d: d.lapse(),
    ),
    "refused": (
        lambda d: d.apply(),
        lambda d: d.do(of_mentor.RefuseCandidacy(record_id=MENTOR), reason="motif"),
    ),
    "erased": (
        lambda d: d.apply(),
        lambda d: d.do(Erase(record_id=MENTOR, ground=Ground.OBJECTION), OFFICER),
    ),
}

COURSES: dict[str, tuple[Step, ...]] = {
    "planned": (lambda d: d.plan(),),
    "open": (lambda d: d.opened(),),
    "held": (lambda d: d.apply(), lambda d: d.hold_course(COURSE, 1, MENTOR)),
    "closed": (
        lambda d: d.hold_course(COURSE, 1),
        lambda d: d.do(of_training.CloseCourse(record_id=COURSE)),
    ),
    "cancelled": (
        lambda d: d.plan(),
        lambda d: d.do(of_training.CancelCourse(record_id=COURSE), reason="motif"),
    ),
    "erased": (
        lambda d: d.plan(),
        lambda d: d.do(Erase(record_id=COURSE, ground=Ground.OBJECTION), OFFICER),
    ),
}


@pytest.mark.parametrize("status", MENTORS)
def test_a_mentor_says_who_is_waited_for_in_every_status(status: str) -> None:
    desk = Desk()
    for step in MENTORS[status]:
        step(desk)
    found, dues, waited = seen(desk.house, MENTOR)

    assert found == status
    assert bool(waited) == (status not in Mentor.final | Mentor.resting)
    decided = "academie:10" if status == "suspended" else f"association:{FACE}"
    assert all(decided in due.awaits for due in waited if due.kind == "lift_suspension")
    assert all(due.awaits == (f"association:{FACE}",) for due in waited if due.kind != "lift_suspension")
    if status == "candidate":
        assert {due.by for due in waited} == {date(2026, 1, 12)}
        assert waited[0].missing == ("la pièce d'identité vue", "la charte signée")
    if status == "cleared":
        assert {due.kind for due in dues} == {"alert_check", "suspend_overdue", "alert_certificate"}
    if status in {"left", "lapsed", "refused"}:
        assert [due.kind for due in dues if due.kind != "deliver"] == ["erase"]


def test_every_status_of_every_kind_was_walked() -> None:
    assert set(MENTORS) == set(Mentor.status_labels)
    assert set(COURSES) == set(Training.status_labels)
    for kind in (Association, Company, Convention, Mentor, Training):
        assert kind.resting <= set(kind.status_labels)
        assert kind.final <= set(kind.status_labels)
        assert not kind.resting & kind.final


@pytest.mark.parametrize("status", COURSES)
def test_a_course_says_who_is_waited_for_in_every_status(status: str) -> None:
    desk = Desk()
    for step in COURSES[status]:
        step(desk)
    found, dues, waited = seen(desk.house, COURSE)

    assert found == status
    assert bool(waited) == (status == "held")
    assert bool([due for due in dues if due.awaits]) == (status in {"planned", "open", "held"})


def test_a_cleared_mentor_is_waited_for_once_the_first_alert_has_come() -> None:
    desk = Desk()
    desk.cleared()
    assert seen(desk.house, MENTOR)[2] == []
    desk.go_to(date(2026, 9, 24))
    assert seen(desk.house, MENTOR)[2] == []
    desk.go_to(date(2026, 9, 25))
    (alert,) = seen(desk.house, MENTOR)[2]
    assert (alert.kind, alert.by) == ("alert_check", date(2026, 11, 24))
    desk.do(Remind(record_id=MENTOR, key=alert.key), SYSTEM)
    desk.go_to(date(2026, 9, 26))
    (again,) = seen(desk.house, MENTOR)[2]
    assert (again.kind, again.by, again.key) == (
        "alert_check",
        date(2026, 11, 24),
        "check_alert:2026-11-24:30",
    )


def test_an_association_says_who_is_waited_for_in_every_status() -> None:
    desk = association_support.Desk()
    told: dict[str, list[str]] = {}

    def look() -> None:
        status, _, waited = seen(desk.house, FACE)
        told.setdefault(status, [])
        told[status] += [f"{due.kind} {' '.join(due.awaits)}" for due in waited]

    look()
    desk.open()
    look()
    for document in association_support.ALL:
        desk.accept(document, association_support.insurance() if document == "insurance" else None)
    look()
    desk.do(of_association.Admit(record_id=FACE, on=desk.today))
    look()
    desk.do(of_association.Suspend(record_id=FACE, cause=SuspensionCause.REQUEST, on=desk.today))
    look()
    desk.do(of_association.Leave(record_id=FACE, on=desk.today))
    look()

    assert told["candidate"] == told["admitted"] == told["left"] == []
    assert f"remind_documents {FACE_PARTY}" in told["in_admission"]
    assert "remind_assessment academie:10" in told["in_admission"]
    assert "lift_suspension academie:10" in told["suspended"]


def test_a_convention_says_who_is_waited_for_in_every_status() -> None:
    house = House()
    settled(house.open())
    told: dict[str, tuple[list[Due], list[Due]]] = {}
    steps: tuple[Callable[[], Any], ...] = (
        lambda: house.do(of_convention.Announce(**announced())),
        lambda: house.do(of_convention.Submit(record_id=CONVENTION)),
        lambda: house.do(of_convention.SendForSignature(record_id=CONVENTION)),
        lambda: house.sign(CONVENTION, "academie:10"),
        lambda: house.sign(CONVENTION, FACE_PARTY),
    )
    for step in steps:
        if not told:
            settled(house.drafted(CONVENTION))
            status, dues, waited = seen(house, CONVENTION)
            assert (status, [(due.kind, due.awaits) for due in waited]) == (
                "draft",
                [("prepare", ("academie:10",))],
            )
        settled(step())
        status, dues, waited = seen(house, CONVENTION)
        told[status] = dues, waited
    house.clock.advance(days=30)
    settled(house.do(of_convention.EnterIntoForce(record_id=CONVENTION), SYSTEM))
    status, dues, waited = seen(house, CONVENTION)
    told[status] = dues, waited

    for status in ("draft", "in_review", "to_sign", "partially_signed"):
        assert told[status][1], status
    assert [due.awaits for due in told["partially_signed"][1]] == [(FACE_PARTY,)]
    for status in ("signed", "in_force"):
        assert told[status][0], status
        assert told[status][1] == [], status


def announced() -> dict[str, Any]:
    return {
        "record_id": CONVENTION,
        "announced_for": PartialDate(date(2025, 12, 5)),
        "source": "communiqué",
    }
