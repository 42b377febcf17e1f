"""What becomes of a mentor when the operator is interrupted, or leaves the scheme."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.kernel import SYSTEM
from domain.mentor import commands as ask
from domain.mentor.parts import MentorLeaving
from domain.programme.rules import Delay, Rules, Unit
from tests.domain.mentor_support import AWA, MENTOR, Desk, applying
from tests.domain.test_mentor_refusals import EVERYBODY

TODAY = date(2025, 11, 24)


@pytest.fixture
def desk() -> Desk:
    desk = Desk(replace(Rules(), retention=Delay(6, Unit.MONTHS)))
    desk.cleared()
    return desk


# The operator is gone -----------------------------------------------------------------------------


def release(on: date = TODAY, record_id: str = MENTOR) -> ask.Release:
    return ask.Release(record_id=record_id, on=on)


def test_a_mentor_whose_operator_is_gone_left_on_the_operators_last_day(desk: Desk) -> None:
    link = ask.IssueLink(
        record_id=MENTOR, link="l1", action="file", digest="d" * 64, expires_on=TODAY + timedelta(days=20)
    )
    desk.do(link)
    desk.go_to(date(2025, 12, 10))
    desk.do(release(date(2025, 12, 1)), SYSTEM)

    mentor = desk.mentor()
    assert (mentor.status, mentor.leaving) == ("left", MentorLeaving.OPERATOR)
    assert mentor.closed_on == date(2025, 12, 1)
    assert desk.days(MENTOR) == {"erase": date(2026, 6, 1)}, "kept from that day on, and nothing else is due"
    assert mentor.claims() == frozenset(), "the link leads nowhere, and the person may come elsewhere"
    assert "link:l1" not in mentor.scopes()


def test_a_release_told_twice_changes_nothing(desk: Desk) -> None:
    desk.do(release(), SYSTEM, key="once")
    version = desk.version(MENTOR)
    desk.do(release(), SYSTEM, key="again")
    desk.do(release(TODAY - timedelta(days=3)), SYSTEM, key="another day")
    assert desk.version(MENTOR) == version


def test_whoever_left_by_themselves_is_not_released() -> None:
    desk = Desk()
    desk.apply()
    desk.do(ask.RefuseCandidacy(record_id=MENTOR), reason="hors du périmètre")
    desk.do(release(), SYSTEM)
    assert (desk.mentor().status, desk.mentor().leaving) == ("refused", None)


def test_a_record_does_not_end_before_it_began(desk: Desk) -> None:
    """The operator's leaving was told late, for a day before this mentor's clearance."""
    desk.do(release(TODAY - timedelta(days=30)), SYSTEM)
    assert desk.mentor().closed_on == TODAY
    desk.do(applying("mentor-2", replace(AWA, email="awa@exemple.test", birth_date=None)))
    desk.do(release(TODAY - timedelta(days=30), "mentor-2"), SYSTEM)
    assert desk.mentor("mentor-2").closed_on == TODAY


def test_no_person_releases_a_mentor(desk: Desk) -> None:
    persons = [actor for actor in EVERYBODY if actor is not SYSTEM]
    codes = {desk.code(release(), actor) for actor in persons}
    assert codes <= {"role_not_allowed", "not_found"}
    assert desk.code(release()) == "role_not_allowed"
