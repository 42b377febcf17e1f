"""A course: its guards, its places, who waits for one, and what it waits for itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.association import commands as of_association
from domain.association.model import Identity
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Actor
from domain.mentor import commands as of_mentor
from domain.mentor.parts import MentorLeaving, Person
from domain.programme.rules import Delay, Rules, Unit
from domain.reminding import RecordDelivery, Remind
from domain.training import commands as ask
from domain.training.parts import Module
from ledger.events import StoredEvent
from ledger.recorder import Append, MemoryRecorder
from tests.domain.mentor_support import (
    COURSE,
    MODULES,
    PROGRAMME,
    Desk,
    applying,
    codes_of,
    words_of,
)
from tests.domain.rehearsal import OFFICER, settled
from tests.support import COORDINATOR, FACE, LYON, House

TODAY = date(2025, 11, 24)
DAY = date(2025, 12, 1)
"""The course's, from 8 to 12 in UTC."""
OTHER = "association-other"
RIVAL = Actor("t-rival", "association", frozenset({"public", f"association:{OTHER}"}))


@pytest.fixture
def desk() -> Desk:
    """Five mentors, and a course of two places in a week."""
    desk = Desk()
    for n in range(1, 6):
        desk.apply(f"mentor-{n}", Person("Prénom", "Nom", f"m{n}@exemple.test"))
    desk.opened()
    return desk


def enrol(n: int) -> ask.Enrol:
    return ask.Enrol(record_id=COURSE, mentor_id=f"mentor-{n}")


def withdraw(n: int) -> ask.Withdraw:
    return ask.Withdraw(record_id=COURSE, mentor_id=f"mentor-{n}")


def attend(n: int, present: bool = True, minutes: int | None = None) -> ask.Attend:
    return ask.Attend(record_id=COURSE, mentor_id=f"mentor-{n}", present=present, minutes=minutes)


def certify(n: int, on: date) -> ask.Certify:
    return ask.Certify(record_id=COURSE, mentor_id=f"mentor-{n}", on=on)


def places(desk: Desk) -> dict[str, str]:
    """By number: e for a place, w for waiting, + and - for present and absent, c for a certificate."""
    signs = {"enrolled": "e", "waiting": "w", "attended": "+", "absent": "-", "certified": "c"}
    found = desk.training().enrolments.items()
    return {mentor_id.removeprefix("mentor-"): signs[one.place] for mentor_id, one in found}


def held(desk: Desk, *numbers: int) -> Desk:
    for n in numbers:
        desk.do(enrol(n))
    desk.go_to(DAY + timedelta(days=1))
    desk.do(ask.Hold(record_id=COURSE), SYSTEM)
    return desk


# Planning -----------------------------------------------------------------------------------------

UNTEACHABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no title": ({"title": " "}, "title_missing"),
    "no module": ({"modules": ()}, "modules_missing"),
    "a module twice": ({"modules": (MODULES[0], MODULES[0])}, "modules_missing"),
    "a module in words": ({"modules": (Module("Posture du mentor", 60),)}, "module_unreadable"),
    "no time at all": ({"modules": (Module("posture", 0),)}, "minutes_unlikely"),
    "a required module of one's own": ({"modules": (Module("oral", 60),)}, "module_unknown"),
    "more than there is time for": ({"modules": (replace(MODULES[0], minutes=241),)}, "course_too_short"),
    "no place": ({"places": 0}, "places_unlikely"),
    "a stadium": ({"places": 501}, "places_unlikely"),
    "nowhere": ({"place": None}, "place_missing"),
    "an endless address": ({"place": "a" * 501}, "text_too_long"),
}


@pytest.mark.parametrize("name", UNTEACHABLE)
def test_a_course_that_could_not_be_held_is_refused(desk: Desk, name: str) -> None:
    changes, code = UNTEACHABLE[name]
    plan = ask.Plan(
        record_id="training-2", association_id=FACE, programme_id=PROGRAMME, course=desk.course(**changes)
    )
    assert desk.code(plan) == code
    assert desk.code(ask.ChangeCourse(record_id=COURSE, course=desk.course(**changes))) == code


def test_a_course_ends_after_it_begins_and_tells_its_hours_in_utc(desk: Desk) -> None:
    course = desk.course()
    reversed_ = replace(course, ends_at=course.starts_at)
    assert desk.code(ask.ChangeCourse(record_id=COURSE, course=reversed_)) == "period_reversed"
    for zone in (None, ZoneInfo("Europe/Paris")):
        local = replace(course, starts_at=course.starts_at.replace(tzinfo=zone))
        assert desk.code(ask.ChangeCourse(record_id=COURSE, course=local)) == "not_utc"


def test_an_operator_plans_courses_of_its_own_only(desk: Desk) -> None:
    register = of_association.RegisterAssociation(
        record_id=OTHER, identity=Identity("Autre"), academies=("10",)
    )
    desk.do(register, LYON)
    plan = ask.Plan(record_id="training-2", association_id=FACE, programme_id=PROGRAMME, course=desk.course())
    assert desk.code(plan, RIVAL) == "not_found"
    assert desk.code(plan, LYON) == "role_not_allowed"
    assert desk.code(replace(plan, record_id=COURSE)) == "already_planned"
    for command in (enrol(1), ask.CancelCourse(record_id=COURSE), ask.OpenCourse(record_id=COURSE)):
        assert desk.code(command, RIVAL, "motif") == "not_found"


def test_a_course_is_opened_once_and_cancelled_for_a_reason_before_it_is_held(desk: Desk) -> None:
    assert desk.code(ask.OpenCourse(record_id=COURSE)) == "wrong_status"
    cancel = ask.CancelCourse(record_id=COURSE)
    assert desk.code(cancel) == "reason_missing"
    desk.do(cancel, reason="trop peu d'inscrits")
    assert desk.training().status == "cancelled"
    for command in (enrol(1), cancel, ask.ChangeCourse(record_id=COURSE, course=desk.course())):
        assert desk.code(command, reason="motif") == "wrong_status"


# Places -------------------------------------------------------------------------------------------


def test_what_cannot_be_done_is_said_in_french_before_a_vowel_too() -> None:
    desk = Desk()
    desk.apply("mentor-1")
    desk.plan()
    refused = desk.refused(enrol(1))
    assert refused.sentence == "La formation est « programmée » : impossible d'y inscrire quelqu'un."
    desk.do(ask.CancelCourse(record_id=COURSE), reason="motif")
    refused = desk.refused(ask.CloseCourse(record_id=COURSE))
    assert refused.sentence == "La formation est « annulée » : impossible de la clore."


def test_beyond_the_places_one_waits_and_a_withdrawal_promotes_the_first(desk: Desk) -> None:
    for n in (3, 1, 4, 2):
        desk.do(enrol(n))
    assert places(desk) == {"3": "e", "1": "e", "4": "w", "2": "w"}
    assert desk.training().waiting == ("mentor-4", "mentor-2")
    before = desk.version(COURSE)
    desk.do(withdraw(3))
    assert places(desk) == {"1": "e", "4": "e", "2": "w"}
    told = settled(desk.house.recorder.load([COURSE])).events[before:]
    assert [one.topic for one in told] == ["training.Withdrawn@1", "training.Promoted@1"]
    desk.do(enrol(3))
    assert desk.training().waiting == ("mentor-2", "mentor-3"), "whoever comes back comes last"
    desk.do(withdraw(2))
    assert places(desk) == {"1": "e", "4": "e", "3": "w"}


def test_places_added_are_given_in_order_and_none_that_was_given_is_taken_back(desk: Desk) -> None:
    for n in (1, 2, 3, 4, 5):
        desk.do(enrol(n))
    fewer = ask.ChangeCourse(record_id=COURSE, course=desk.course(places=1))
    refused = desk.refused(fewer)
    assert (refused.code, refused.missing) == ("places_taken", ("au moins 2 places",))
    desk.do(ask.ChangeCourse(record_id=COURSE, course=desk.course(places=4)))
    assert places(desk) == {"1": "e", "2": "e", "3": "e", "4": "e", "5": "w"}
    desk.do(ask.ChangeCourse(record_id=COURSE, course=desk.course(places=9)))
    assert desk.training().waiting == ()


def test_only_an_open_record_of_the_same_operator_is_enrolled_and_once(desk: Desk) -> None:
    register = of_association.RegisterAssociation(
        record_id=OTHER, identity=Identity("Autre"), academies=("10",)
    )
    desk.do(register, LYON)
    desk.do(applying("mentor-9", Person("A", "B", "ab@exemple.test"), association_id=OTHER), RIVAL)
    told = {(r.code, r.sentence) for r in map(desk.refused, [enrol(9), enrol(8)])}
    assert {code for code, _ in told} == {"no_such_mentor"}
    assert len(told) == 1, "another operator's mentor is told from none at all"
    desk.do(enrol(1))
    assert desk.code(enrol(1)) == "already_enrolled"
    desk.do(of_mentor.Leave(record_id="mentor-2", on=TODAY, cause=MentorLeaving.END))
    assert desk.code(enrol(2)) == "mentor_closed"
    assert desk.code(withdraw(3)) == "not_enrolled"


def test_an_enrolment_of_somebody_erased_is_kept_by_its_number(desk: Desk) -> None:
    held(desk, 1, 2)
    desk.do(attend(1))
    desk.do(Erase(record_id="mentor-1", ground=Ground.OBJECTION), OFFICER)
    assert desk.code(certify(1, desk.today)) == "mentor_closed"
    assert places(desk) == {"1": "+", "2": "e"}


@dataclass
class Interrupted(MemoryRecorder):
    """Between the reading and the writing of one command, another is carried out."""

    meanwhile: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    async def append(self, batch: Append) -> list[StoredEvent]:
        if self.meanwhile:
            await self.meanwhile.pop()()
        return await super().append(batch)


@pytest.mark.parametrize("free", [2, 1])
def test_of_two_enrolments_for_the_last_place_at_once_one_waits(desk: Desk, free: int) -> None:
    """Two executors on one store: the second had read that there was a place."""
    if free == 1:
        desk.do(enrol(1))
    stored = desk.house.recorder
    assert isinstance(stored, MemoryRecorder)
    recorder = Interrupted(**vars(stored))
    here, there = (House(recorder, desk.house.clock, desk.house.keyring) for _ in range(2))
    recorder.meanwhile.append(lambda: there.do(enrol(3), COORDINATOR, key="there"))
    settled(here.do(enrol(2), COORDINATOR, key="here"))
    desk.house.recorder = recorder
    found = places(desk)
    assert found == ({"3": "e", "2": "e"} if free == 2 else {"1": "e", "3": "e", "2": "w"})
    assert list(found.values()).count("e") == 2


def test_an_enrolment_repeated_takes_one_place(desk: Desk) -> None:
    first = desk.do(enrol(1), key="k")
    again = desk.do(enrol(1), key="k")
    assert (again.repeated, again.version) == (True, first.version)
    assert places(desk) == {"1": "e"}


# Attendance and certificates ------------------------------------------------------------------------


def test_attendance_is_noted_once_the_course_has_begun(desk: Desk) -> None:
    for n in (1, 2, 3):
        desk.do(enrol(n))
    desk.go_to(DAY, hour=7)
    assert desk.code(attend(1)) == "not_begun"
    desk.go_to(DAY, hour=8)
    desk.do(attend(1))
    assert desk.code(attend(3)) == "still_waiting"
    assert desk.code(withdraw(2)) == "course_begun"
    assert desk.code(attend(4)) == "not_enrolled"
    assert desk.code(withdraw(1)) == "attendance_recorded"
    assert desk.code(ask.ChangeCourse(record_id=COURSE, course=desk.course())) == "attendance_recorded"
    assert desk.code(ask.CancelCourse(record_id=COURSE), reason="motif") == "attendance_recorded"


@pytest.mark.parametrize(
    ("present", "minutes", "kept"),
    [(True, None, 240), (True, 240, 240), (False, None, 0), (False, 0, 0)],
)
def test_who_was_there_followed_the_whole_course_unless_told_otherwise(
    desk: Desk, present: bool, minutes: int | None, kept: int
) -> None:
    held(desk, 1)
    desk.do(attend(1, present, minutes))
    assert desk.training().enrolments["mentor-1"].minutes == kept


@pytest.mark.parametrize(("present", "minutes"), [(True, 241), (True, 0), (True, -1), (False, 30)])
def test_nobody_follows_more_than_there_was(desk: Desk, present: bool, minutes: int) -> None:
    assert held(desk, 1).code(attend(1, present, minutes)) == "minutes_unlikely"


def test_a_certificate_supposes_that_one_was_there_and_that_the_course_is_over(desk: Desk) -> None:
    desk.do(enrol(1))
    desk.go_to(DAY, hour=13)
    desk.do(attend(1))
    assert desk.code(certify(1, DAY)) == "wrong_status"
    held(desk, 2)
    today = desk.today
    assert desk.code(certify(2, today)) == "not_attended"
    desk.do(attend(2, present=False))
    assert desk.code(certify(2, today)) == "not_attended"
    assert desk.code(certify(1, DAY - timedelta(days=1))) == "too_early"
    assert desk.code(certify(1, today + timedelta(days=1))) == "in_the_future"
    assert desk.code(certify(9, today)) == "not_enrolled"
    desk.do(certify(1, DAY))
    assert desk.code(certify(1, DAY)) == "already_certified"
    assert desk.code(attend(1, present=False)) == "already_certified"
    certificate = desk.mentor().certificates[COURSE]
    assert certificate.valid_until == date(2027, 12, 1)
    assert certificate.modules == tuple(module.code for module in MODULES)
    assert desk.mentor().training_complete
    place = desk.training().enrolments["mentor-1"]
    assert place.on(date(2027, 12, 1)) == "certified"
    assert place.on(date(2027, 12, 2)) == "expired"


def test_a_course_is_closed_once_everybody_is_noted_and_still_certifies(desk: Desk) -> None:
    held(desk, 1, 2, 3)
    desk.do(attend(1))
    close = ask.CloseCourse(record_id=COURSE)
    refused = desk.refused(close)
    assert (refused.code, refused.missing) == ("attendance_missing", ("la présence de mentor-2",))
    desk.do(attend(2, present=False))
    desk.do(close)
    assert desk.training().status == "closed"
    for command in (enrol(4), withdraw(3), close):
        assert desk.code(command) == "wrong_status"
    desk.do(certify(1, desk.today))
    assert places(desk) == {"1": "c", "2": "-", "3": "w"}


def test_whoever_came_without_a_place_is_enrolled_afterwards_while_there_is_one(desk: Desk) -> None:
    held(desk, 1)
    desk.do(enrol(2))
    assert desk.code(enrol(3)) == "course_full"
    assert desk.code(withdraw(2)) == "wrong_status"


# What it waits for --------------------------------------------------------------------------------


def test_a_course_is_told_the_day_before_held_the_day_after_and_its_attendance_reminded(desk: Desk) -> None:
    assert desk.days(COURSE) == {"remind_course": date(2025, 11, 30), "hold": date(2025, 12, 2)}
    desk.do(enrol(1))
    desk.go_to(date(2025, 11, 30))
    (due,) = desk.ready(COURSE)
    assert due.what == "Formation le 1er décembre 2025 : 1 sur 2 places prises"
    desk.do(Remind(record_id=COURSE, key=due.key), SYSTEM)
    (sending,) = desk.ready(COURSE)
    desk.do(RecordDelivery(record_id=COURSE, key=due.key, channel="mail"), SYSTEM)
    assert sending.kind == "deliver"
    assert desk.days(COURSE) == {"hold": date(2025, 12, 2)}
    desk.go_to(DAY, hour=22)
    desk.do(ask.Hold(record_id=COURSE), SYSTEM)
    assert desk.training().status == "open"
    desk.go_to(date(2025, 12, 2))
    desk.do(ask.Hold(record_id=COURSE), SYSTEM)
    version = desk.version(COURSE)
    desk.do(ask.Hold(record_id=COURSE), SYSTEM)
    assert desk.version(COURSE) == version
    assert desk.days(COURSE) == {"remind_attendance": date(2025, 12, 9)}
    (due,) = desk.dues(COURSE)
    assert (due.by, due.missing) == (date(2025, 12, 8), ("1 présence(s)",))
    desk.go_to(date(2025, 12, 9))
    desk.do(Remind(record_id=COURSE, key=due.key), SYSTEM)
    assert [d.kind for d in desk.ready(COURSE)] == ["deliver"]
    desk.do(attend(1))
    assert desk.ready(COURSE) == []
    assert set(desk.days(COURSE)) == {"close", "certify"}
    desk.do(certify(1, desk.today))
    assert set(desk.days(COURSE)) == {"close"}
    desk.do(ask.CloseCourse(record_id=COURSE))
    assert desk.days(COURSE) == {"erase": date(2030, 12, 9)}


def test_a_reminder_of_the_eve_is_not_sent_once_the_course_has_begun_or_moved(desk: Desk) -> None:
    desk.go_to(date(2025, 11, 30))
    (due,) = desk.ready(COURSE)
    desk.do(Remind(record_id=COURSE, key=due.key), SYSTEM)
    moved = desk.course(days=10)
    desk.do(ask.ChangeCourse(record_id=COURSE, course=moved))
    assert desk.days(COURSE) == {"remind_course": date(2025, 12, 9), "hold": date(2025, 12, 11)}
    desk.go_to(date(2025, 12, 10), hour=8)
    assert desk.days(COURSE) == {"hold": date(2025, 12, 11)}


def test_a_course_that_nobody_opened_waits_for_somebody_and_is_never_held() -> None:
    desk = Desk()
    desk.plan()
    desk.go_to(date(2025, 12, 5))
    (due,) = desk.dues(COURSE)
    assert (due.kind, due.automatic, due.by) == ("open", False, DAY)
    desk.do(ask.Hold(record_id=COURSE), SYSTEM)
    assert desk.training().status == "planned"
    assert desk.code(enrol(1)) == "no_such_mentor"


def test_a_cancelled_course_is_erased_at_its_term() -> None:
    desk = Desk(replace(Rules(), retention=Delay(1, Unit.MONTHS)))
    desk.plan(trainer="Prénom Nom")
    desk.do(ask.CancelCourse(record_id=COURSE), reason="salle fermée")
    assert desk.days(COURSE) == {"erase": date(2025, 12, 24)}
    desk.go_to(date(2025, 12, 24))
    desk.do(Erase(record_id=COURSE, ground=Ground.RETENTION), SYSTEM)
    assert desk.training().status == "erased"
    assert desk.dues(COURSE) == []
    assert desk.code(ask.CancelCourse(record_id=COURSE), reason="motif") == "erased"


def test_a_course_shows_its_trainer_to_its_own_association_only(desk: Desk) -> None:
    training = desk.training()
    assert training.persons_shown_to == {"association", "dpo"}
    assert training.scopes() == {f"association:{FACE}", "academie:10", "role:auditor", "role:dpo"}


def test_every_code_of_a_refusal_is_met_here() -> None:
    told = codes_of("training")
    assert len(told) > 20
    assert told <= words_of("test_training.py", "test_training_attendance.py")
