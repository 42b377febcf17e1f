"""Days of school beyond the calendars that are known: a deadline counted through them is estimated."""

from __future__ import annotations

from datetime import date

from domain.kernel import Due
from domain.programme.rules import Delay, MentorRules, Rules, Unit
from tests.domain.mentor_support import MENTOR, Desk
from tests.domain.test_explaining import case

LAST = date(2027, 8, 31)


def waiting(desk: Desk) -> dict[str, Due]:
    return {one.kind: one for one in desk.dues(MENTOR)}


def applied_on(day: date, rules: Rules | None = None) -> Desk:
    desk = Desk(rules)
    desk.admit()
    desk.go_to(day)
    desk.apply()
    return desk


def test_a_deadline_within_the_known_calendar_is_certain() -> None:
    found = waiting(applied_on(date(2027, 3, 1)))
    assert not any(one.estimated for one in found.values())


def test_a_deadline_beyond_the_known_calendar_is_estimated() -> None:
    found = waiting(applied_on(date(2027, 8, 20)))
    assert found["lapse"].by
    assert found["lapse"].by > LAST
    assert found["lapse"].estimated


def test_a_deadline_in_plain_days_is_certain_whatever_the_calendar() -> None:
    rules = Rules(mentors=MentorRules(reminders=(Delay(5),), lapse=Delay(25)))
    found = waiting(applied_on(date(2027, 8, 20), rules))
    assert not any(one.estimated for one in found.values())


def test_an_explanation_says_how_far_the_calendar_is_known() -> None:
    desk = applied_on(date(2027, 6, 1))
    found = case(desk.house, MENTOR)
    known = found.after(date(2027, 6, 1), Delay(5, Unit.SCHOOL_DAYS))
    guessed = found.after(date(2027, 8, 20), Delay(5, Unit.SCHOOL_DAYS))
    assert known
    assert guessed
    assert (known.estimated, "estimée" in known.sentence) == (False, False)
    assert guessed.estimated
    assert "date estimée : au-delà du 31 août 2027 les vacances ne sont pas connues" in guessed.sentence
