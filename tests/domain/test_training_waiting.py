"""The waiting list of a course, when those who wait, or have a place, leave before it begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM
from domain.mentor import commands as of_mentor
from domain.mentor.identity import Merge
from domain.mentor.parts import MentorLeaving, Person
from domain.reminding import RecordDelivery, Remind
from domain.training import commands as ask
from tests.domain.mentor_support import COURSE, Desk
from tests.domain.rehearsal import OFFICER
from tests.domain.test_training import DAY, attend, enrol, places, withdraw


@pytest.fixture
def desk() -> Desk:
    """Two places, taken by 1 and 2; 3, 4 and 5 wait, in that order."""
    desk = Desk()
    for n in range(1, 6):
        desk.apply(f"mentor-{n}", Person("Prénom", "Nom", f"m{n}@exemple.test"))
    desk.opened()
    for n in range(1, 6):
        desk.do(enrol(n))
    return desk


def leave(desk: Desk, n: int) -> None:
    desk.do(of_mentor.Leave(record_id=f"mentor-{n}", on=desk.today, cause=MentorLeaving.END))


def refuse(desk: Desk, n: int) -> None:
    desk.do(of_mentor.RefuseCandidacy(record_id=f"mentor-{n}"), reason="sans suite")


def erase(desk: Desk, n: int) -> None:
    desk.do(Erase(record_id=f"mentor-{n}", ground=Ground.OBJECTION), OFFICER)


def merge(desk: Desk, duplicate: int, kept: int) -> None:
    desk.do(Merge(record_id=f"mentor-{kept}", duplicate_id=f"mentor-{duplicate}"))


def lapse(desk: Desk, n: int) -> None:
    """Reminded, day after day, for nothing; the course is put off, since that takes more than a month."""
    desk.do(ask.ChangeCourse(record_id=COURSE, course=desk.course(days=120)))
    mentor_id = f"mentor-{n}"
    for _ in range(100):
        desk.go_to(desk.today + timedelta(days=1))
        for due in desk.ready(mentor_id):
            if due.kind == "lapse":
                desk.do(of_mentor.Lapse(record_id=mentor_id), SYSTEM)
                return
            if due.kind == "remind_file":
                desk.do(Remind(record_id=mentor_id, key=due.key), SYSTEM)
                desk.do(RecordDelivery(record_id=mentor_id, key=due.key, channel="mail"), SYSTEM)
    raise AssertionError("it never lapses")


def follow(desk: Desk, n: int) -> None:
    """The process of that mentor does all that it has to."""
    mentor_id = f"mentor-{n}"
    while leaving := [due for due in desk.ready(mentor_id) if due.kind == "leave_course"]:
        version = desk.version(mentor_id)
        desk.do(ask.LeaveCourse(record_id=mentor_id, key=leaving[0].key), SYSTEM)
        assert desk.version(mentor_id) > version, "the process would spin"


CLOSING: dict[str, Callable[[Desk, int], None]] = {
    "left": leave,
    "refused": refuse,
    "erased": erase,
    "lapsed": lapse,
}


@pytest.mark.parametrize("how", CLOSING)
def test_whoever_waits_and_is_gone_is_passed_over_without_a_word(desk: Desk, how: str) -> None:
    CLOSING[how](desk, 3)
    desk.do(withdraw(1))
    assert places(desk) == {"2": "e", "4": "e", "5": "w"}


@pytest.mark.parametrize("how", CLOSING)
def test_places_added_go_to_those_who_are_still_there(desk: Desk, how: str) -> None:
    CLOSING[how](desk, 3)
    days = (desk.training().course.first_day - desk.today).days
    desk.do(ask.ChangeCourse(record_id=COURSE, course=desk.course(days=days, places=3)))
    assert places(desk) == {"1": "e", "2": "e", "4": "e", "5": "w"}


@pytest.mark.parametrize("how", CLOSING)
def test_the_place_of_somebody_who_is_gone_goes_to_the_first_who_waits(desk: Desk, how: str) -> None:
    CLOSING[how](desk, 1)
    follow(desk, 1)
    assert places(desk) == {"2": "e", "3": "e", "4": "w", "5": "w"}
    assert desk.mentor("mentor-1").courses == ()
    follow(desk, 1)


def test_whoever_was_merged_keeps_the_place_and_the_turn_under_the_record_kept(desk: Desk) -> None:
    for n in (7, 8):
        desk.apply(f"mentor-{n}", Person("Prénom", "Nom", f"m{n}@exemple.test"))
    merge(desk, duplicate=3, kept=7)
    desk.do(withdraw(1))
    assert places(desk) == {"2": "e", "7": "e", "4": "w", "5": "w"}, "at its turn, before any process came"
    merge(desk, duplicate=4, kept=8)
    follow(desk, 4)
    assert places(desk) == {"2": "e", "7": "e", "8": "w", "5": "w"}
    leave(desk, 7)
    follow(desk, 7)
    assert places(desk) == {"2": "e", "8": "e", "5": "w"}, "the record kept gives back what it was given"


def test_a_person_merged_into_somebody_enrolled_already_has_one_place(desk: Desk) -> None:
    merge(desk, duplicate=3, kept=2)
    desk.do(withdraw(1))
    assert places(desk) == {"2": "e", "4": "e", "5": "w"}
    merge(desk, duplicate=2, kept=4)
    follow(desk, 2)
    assert places(desk) == {"4": "e", "5": "e"}


def test_a_person_of_two_records_keeps_the_place_of_the_one_and_waits_no_more(desk: Desk) -> None:
    merge(desk, duplicate=1, kept=4)
    follow(desk, 1)
    assert places(desk) == {"4": "e", "2": "e", "3": "w", "5": "w"}, "nobody else took it meanwhile"


def test_a_person_who_waits_under_two_records_has_the_earlier_turn_of_the_two(desk: Desk) -> None:
    merge(desk, duplicate=3, kept=5)
    desk.do(withdraw(1))
    assert places(desk) == {"2": "e", "5": "e", "4": "w"}, "at its turn, before any process came"
    follow(desk, 3)
    desk.do(enrol(1))
    merge(desk, duplicate=4, kept=1)
    follow(desk, 4)
    assert places(desk) == {"2": "e", "5": "e", "1": "w"}


def test_an_earlier_turn_is_not_lost_to_that_of_the_record_merged(desk: Desk) -> None:
    merge(desk, duplicate=5, kept=3)
    follow(desk, 5)
    assert places(desk) == {"1": "e", "2": "e", "3": "w", "4": "w"}


def test_a_person_who_waits_under_three_records_takes_one_place(desk: Desk) -> None:
    merge(desk, duplicate=3, kept=5)
    merge(desk, duplicate=4, kept=5)
    desk.do(ask.ChangeCourse(record_id=COURSE, course=desk.course(places=4)))
    assert places(desk) == {"1": "e", "2": "e", "5": "e"}


def test_once_the_course_has_begun_a_place_is_no_more_given_back(desk: Desk) -> None:
    desk.go_to(DAY, hour=9)
    leave(desk, 1)
    follow(desk, 1)
    assert places(desk)["1"] == "e", "whether they came is still to be noted"
    assert desk.mentor("mentor-1").courses == ()


def test_once_the_course_has_begun_a_place_is_given_up_by_an_absence_and_nobody_else_is_given_it(
    desk: Desk,
) -> None:
    desk.go_to(DAY, hour=8)
    assert desk.code(withdraw(1)) == "course_begun"
    days = (desk.training().course.first_day - desk.today).days
    desk.do(ask.ChangeCourse(record_id=COURSE, course=desk.course(days=days, places=4)))
    assert places(desk) == {"1": "e", "2": "e", "3": "w", "4": "w", "5": "w"}
    desk.do(withdraw(3))
    desk.do(enrol(3))
    assert places(desk)["3"] == "e", "who came all the same is enrolled by name"
    desk.do(attend(1, present=False))
    assert places(desk)["1"] == "-"


def test_a_course_that_is_put_off_is_ahead_again(desk: Desk) -> None:
    desk.go_to(DAY, hour=9)
    desk.do(ask.ChangeCourse(record_id=COURSE, course=desk.course(days=7, places=3)))
    assert places(desk) == {"1": "e", "2": "e", "3": "e", "4": "w", "5": "w"}
    desk.do(withdraw(1))
    assert places(desk)["4"] == "e"


def test_the_association_is_told_once_of_whoever_has_a_place_at_last(desk: Desk) -> None:
    desk.do(withdraw(1))
    (due,) = desk.ready(COURSE)
    assert due.kind == "remind_promotion"
    assert due.what == (
        "Prévenir qui, de la liste d'attente, a une place à la formation du 1er décembre 2025 : mentor-3"
    )
    desk.do(Remind(record_id=COURSE, key=due.key), SYSTEM)
    (sending,) = desk.ready(COURSE)
    assert sending.kind == "deliver"
    desk.do(RecordDelivery(record_id=COURSE, key=due.key, channel="mail"), SYSTEM)
    assert desk.ready(COURSE) == []
    desk.do(ask.ChangeCourse(record_id=COURSE, course=desk.course(places=4)))
    (due,) = desk.ready(COURSE)
    assert due.what.endswith(": mentor-4, mentor-5")


def test_nobody_is_told_of_a_place_that_was_given_up_or_whose_course_has_begun(desk: Desk) -> None:
    desk.do(withdraw(1))
    (due,) = desk.ready(COURSE)
    desk.do(Remind(record_id=COURSE, key=due.key), SYSTEM)
    desk.do(withdraw(3))
    assert [one.what[-8:] for one in desk.ready(COURSE)] == ["mentor-4"]
    desk.go_to(DAY, hour=8)
    assert desk.ready(COURSE) == []


def test_a_whole_list_promoted_is_told_in_one_message() -> None:
    desk = Desk()
    desk.opened(places=1)
    for n in range(1, 10):
        desk.apply(f"mentor-{n}", Person("Prénom", "Nom", f"m{n}@exemple.test"))
        desk.do(enrol(n))
    desk.do(ask.ChangeCourse(record_id=COURSE, course=desk.course(places=9)))
    (due,) = desk.ready(COURSE)
    assert due.what.endswith("mentor-2, mentor-3, mentor-4, mentor-5, mentor-6 et 3 autres")
