"""Whoever followed a course and left before its certificates were given: none is given, none is awaited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.erasure import Erase, Ground
from domain.mentor.parts import Person
from domain.training import commands as ask
from tests.domain.mentor_support import COURSE, Desk
from tests.domain.rehearsal import OFFICER
from tests.domain.test_training import DAY, attend, certify, enrol, held, places
from tests.domain.test_training_attendance import revoke
from tests.domain.test_training_waiting import erase, follow, leave, merge, refuse

GONE: dict[str, Callable[[Desk, int], None]] = {"left": leave, "refused": refuse, "erased": erase}


@pytest.fixture
def desk() -> Desk:
    """Two who came to a course of two places, in which a third waited."""
    desk = Desk()
    for n in range(1, 4):
        desk.apply(f"mentor-{n}", Person("Prénom", "Nom", f"m{n}@exemple.test"))
    desk.opened()
    held(desk, 1, 2, 3)
    for n in (1, 2):
        desk.do(attend(n))
    return desk


def to_certify(desk: Desk) -> tuple[str, ...]:
    dues = [due.missing[0] for due in desk.dues(COURSE) if due.kind == "certify"]
    assert dues == [f"{len(desk.training().to_certify)} attestation(s)"][: len(dues)]
    return desk.training().to_certify if dues else ()


@pytest.mark.parametrize("how", GONE)
def test_a_certificate_is_neither_given_to_whoever_is_gone_nor_awaited_for_them(desk: Desk, how: str) -> None:
    GONE[how](desk, 1)
    assert desk.code(certify(1, desk.today)) == "mentor_closed"
    follow(desk, 1)
    assert to_certify(desk) == ("mentor-2",)
    assert places(desk) == {"1": "+", "2": "+", "3": "w"}, "that they came is still told"
    desk.do(certify(2, desk.today))
    assert to_certify(desk) == ()


def test_whoever_is_gone_before_their_presence_is_noted_is_noted_and_not_certified() -> None:
    desk = Desk()
    desk.apply("mentor-1", Person("Prénom", "Nom", "m1@exemple.test"))
    desk.opened()
    held(desk, 1)
    leave(desk, 1)
    follow(desk, 1)
    desk.do(attend(1))
    assert to_certify(desk) == ()


def test_a_certificate_taken_back_from_somebody_gone_is_not_awaited_again(desk: Desk) -> None:
    desk.do(certify(1, desk.today))
    leave(desk, 1)
    desk.do(revoke(1), reason="délivrée à tort")
    assert places(desk)["1"] == "+"
    assert to_certify(desk) == ("mentor-2",)


def test_somebody_merged_is_still_certified_under_the_record_kept_until_that_one_closes(desk: Desk) -> None:
    merge(desk, 2, 1)
    follow(desk, 2)
    assert to_certify(desk) == ("mentor-1", "mentor-2")
    leave(desk, 1)
    follow(desk, 1)
    assert to_certify(desk) == ()
    assert desk.code(certify(2, desk.today)) == "mentor_closed"


@pytest.mark.parametrize("over", ["cancelled", "erased"])
def test_of_a_course_that_was_cancelled_or_erased_nothing_more_is_told(over: str) -> None:
    desk = Desk()
    desk.apply("mentor-1", Person("Prénom", "Nom", "m1@exemple.test"))
    desk.opened()
    desk.do(enrol(1))
    desk.do(ask.CancelCourse(record_id=COURSE), reason="salle fermée")
    if over == "erased":
        desk.do(Erase(record_id=COURSE, ground=Ground.OBJECTION), OFFICER)
    version = desk.version(COURSE)
    leave(desk, 1)
    follow(desk, 1)
    assert desk.version(COURSE) == version


def test_whoever_leaves_before_the_course_gives_the_place_up_as_before() -> None:
    desk = Desk()
    for n in range(1, 4):
        desk.apply(f"mentor-{n}", Person("Prénom", "Nom", f"m{n}@exemple.test"))
    desk.opened()
    desk.go_to(DAY - timedelta(days=2))
    for n in range(1, 4):
        desk.do(enrol(n))
    leave(desk, 1)
    follow(desk, 1)
    assert places(desk) == {"2": "e", "3": "e"}
    assert desk.training().departed == frozenset()
