"""Erasing somebody of whom there were several records: all go at once, from whichever is named."""

from __future__ import annotations

from datetime import date

import pytest

from domain.calendar import add_months
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM
from domain.mentor import commands as ask
from domain.mentor import identity as of_person
from domain.mentor.parts import MentorLeaving, Person
from tests.domain.mentor_support import MENTOR, Desk
from tests.domain.rehearsal import OFFICER

SECOND, THIRD, STRANGER = "mentor-2", "mentor-3", "mentor-4"
KIN = (MENTOR, SECOND, THIRD)
ENDED = date(2025, 12, 1)


@pytest.fixture
def desk() -> Desk:
    """The third was merged into the second, the second into the first."""
    desk = Desk()
    desk.apply()
    for n, record_id in enumerate((SECOND, THIRD, STRANGER)):
        desk.apply(record_id, Person("Awa", "Diallo", f"awa{n}@exemple.test"))
    desk.do(of_person.Merge(record_id=SECOND, duplicate_id=THIRD))
    desk.do(of_person.Merge(record_id=MENTOR, duplicate_id=SECOND))
    return desk


def statuses(desk: Desk) -> list[str]:
    return [desk.mentor(record_id).status for record_id in KIN]


@pytest.mark.parametrize("named", KIN)
def test_every_record_of_a_person_is_erased_with_the_one_that_is_named(desk: Desk, named: str) -> None:
    desk.do(Erase(record_id=named, ground=Ground.OBJECTION), OFFICER, key="once")
    assert statuses(desk) == ["erased"] * 3
    assert desk.mentor(STRANGER).status == "candidate"
    again = desk.do(Erase(record_id=named, ground=Ground.OBJECTION), OFFICER, key="once")
    assert (again.record_id, again.repeated) == (named, True)
    for record_id in KIN:
        assert desk.code(Erase(record_id=record_id, ground=Ground.UNLAWFUL), OFFICER) == "already_erased"


def test_a_merged_record_is_kept_as_long_as_the_one_that_it_was_merged_into(desk: Desk) -> None:
    desk.go_to(ENDED)
    desk.do(ask.Leave(record_id=MENTOR, on=ENDED, cause=MentorLeaving.END))
    term = add_months(ENDED, desk.rules.retention.count)
    assert desk.days(MENTOR)["erase"] == term
    assert desk.dues(SECOND) == desk.dues(THIRD) == []
    desk.go_to(add_months(date(2025, 11, 24), desk.rules.retention.count))
    for record_id in (SECOND, THIRD):
        desk.do(Erase(record_id=record_id, ground=Ground.RETENTION), SYSTEM)
    assert statuses(desk) == ["left"] * 3, "the person is a mentor's still"
    desk.go_to(term)
    desk.do(Erase(record_id=MENTOR, ground=Ground.RETENTION), SYSTEM)
    assert statuses(desk) == ["erased"] * 3


def test_one_record_takes_in_no_more_than_can_be_erased_at_once(desk: Desk) -> None:
    for n in range(8):
        desk.apply(f"mentor-1{n}", Person("Awa", "Diallo", f"awa1{n}@exemple.test"))
        desk.do(of_person.Merge(record_id=MENTOR, duplicate_id=f"mentor-1{n}"))
    merging = of_person.Merge(record_id=MENTOR, duplicate_id=STRANGER)
    assert desk.code(merging) == "too_many_duplicates"
    other_way = of_person.Merge(record_id=STRANGER, duplicate_id=MENTOR)
    assert desk.code(other_way) == "too_many_duplicates"
    desk.do(Erase(record_id=THIRD, ground=Ground.OBJECTION), OFFICER)
    assert statuses(desk) == ["erased"] * 3
