"""The day of a candidacy, which no step precedes, and the age of whoever candidates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.calendar import start_of
from domain.commands import Command
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor.identity import ChangePerson, CorrectPerson
from domain.mentor.parts import Person
from domain.programme.commands import AdoptRules
from domain.programme.rules import MentorRules, Rules
from tests.domain.mentor_support import (
    AWA,
    MENTOR,
    PROGRAMME,
    Desk,
    applying,
    interviewing,
    presenting,
    signing,
)
from tests.support import NATIONAL

TODAY = date(2025, 11, 24)
LONG_AGO = date(2025, 3, 3)
DAY_BEFORE = LONG_AGO - timedelta(days=1)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def born(year: int, month: int, day: int) -> Person:
    return replace(AWA, birth_date=date(year, month, day))


# Its day ------------------------------------------------------------------------------------------


def test_an_existing_file_is_entered_with_the_day_of_its_candidacy(desk: Desk) -> None:
    desk.apply(on=LONG_AGO)
    mentor = desk.mentor()
    assert mentor.applied_on == LONG_AGO
    assert mentor.rules_version == desk.programme(PROGRAMME).current("10", TODAY).number
    assert desk.since(MENTOR) == start_of(LONG_AGO)
    assert desk.days(MENTOR)["lapse"] > TODAY, "an old file does not lapse on the day on which it is entered"


def test_without_a_day_it_is_of_today_and_it_is_never_of_tomorrow(desk: Desk) -> None:
    desk.apply()
    assert desk.mentor().applied_on == TODAY
    later = replace(applying("mentor-2"), on=TODAY + timedelta(days=1))
    assert desk.code(later) == "in_the_future"


def early_steps() -> dict[str, Command]:
    return {
        "identity": ask.SeeIdentity(record_id=MENTOR, on=DAY_BEFORE, channel=Channel.MEETING),
        "charter": signing(MENTOR, DAY_BEFORE),
        "interview": interviewing(MENTOR, DAY_BEFORE),
        "check": presenting(MENTOR, DAY_BEFORE, DAY_BEFORE),
        "clearance": ask.Clear(record_id=MENTOR, on=DAY_BEFORE),
    }


@pytest.mark.parametrize("name", early_steps())
def test_no_step_precedes_the_candidacy(desk: Desk, name: str) -> None:
    desk.admit()
    desk.apply(on=LONG_AGO)
    desk.complete_file()
    desk.interview()
    desk.check()
    desk.train()
    refused = desk.refused(early_steps()[name])
    assert refused.code == "too_early"


def test_whoever_was_trained_before_may_candidate_with_it(desk: Desk) -> None:
    desk.apply()
    desk.train(days=30)
    assert desk.mentor().training_complete


def test_a_file_of_the_past_is_entered_step_by_step_with_its_true_dates(desk: Desk) -> None:
    desk.admit()
    desk.apply(on=LONG_AGO)
    desk.do(ask.SeeIdentity(record_id=MENTOR, on=LONG_AGO, channel=Channel.MEETING))
    desk.do(signing(MENTOR, LONG_AGO))
    desk.do(interviewing(MENTOR, LONG_AGO + timedelta(days=8)))
    assert desk.mentor().status == "interviewed"
    assert desk.since(MENTOR) == start_of(LONG_AGO + timedelta(days=8))


# Their age ----------------------------------------------------------------------------------------


def test_whoever_is_not_yet_eighteen_does_not_candidate(desk: Desk) -> None:
    refused = desk.refused(applying(person=born(2007, 11, 25)))
    assert refused.code == "under_age"
    assert "18 ans" in refused.sentence
    assert "2007" not in str([refused.sentence, *refused.missing])
    desk.apply(person=born(2007, 11, 24))


def test_the_age_is_that_of_the_day_of_the_candidacy(desk: Desk) -> None:
    young = born(2007, 6, 1)
    assert desk.code(replace(applying(person=young), on=LONG_AGO)) == "under_age"
    desk.do(replace(applying(person=young), on=date(2025, 6, 1)))


def test_whose_birthday_is_on_the_29th_of_february_is_of_age_on_the_first_of_march(desk: Desk) -> None:
    leapling = born(2004, 2, 29)
    assert desk.code(replace(applying(person=leapling), on=date(2022, 2, 28))) == "under_age"
    desk.do(replace(applying(person=leapling), on=date(2022, 3, 1)))


def test_neither_a_change_nor_a_correction_makes_a_mentor_a_minor(desk: Desk) -> None:
    desk.apply(person=replace(AWA, birth_date=None))
    young = born(2010, 1, 1)
    assert desk.code(ChangePerson(record_id=MENTOR, person=young)) == "under_age"
    desk.complete_file()
    desk.do(ChangePerson(record_id=MENTOR, person=AWA))
    assert desk.code(CorrectPerson(record_id=MENTOR, person=young), reason="erreur") == "under_age"


def test_whoever_was_old_enough_then_changes_their_address_under_stricter_rules(desk: Desk) -> None:
    young = born(2006, 1, 1)
    desk.apply(person=young)
    stricter = Rules(mentors=MentorRules(minimum_age=21))
    desk.do(AdoptRules(record_id=PROGRAMME, rules=stricter, on=TODAY, to_open=True), NATIONAL)
    desk.do(ChangePerson(record_id=MENTOR, person=replace(young, email="awa@ailleurs.test")))
    assert desk.code(ChangePerson(record_id=MENTOR, person=born(2006, 1, 2))) == "under_age"


def test_a_programme_may_ask_for_another_age(desk: Desk) -> None:
    rules = Rules(mentors=MentorRules(minimum_age=21))
    desk.do(AdoptRules(record_id=PROGRAMME, rules=rules, on=TODAY), NATIONAL)
    assert desk.code(applying(person=born(2006, 1, 1))) == "under_age"


def test_an_interview_of_an_earlier_day_noted_late_does_not_replace_the_one_that_came_after() -> None:
    desk = Desk()
    desk.apply(on=date(2025, 11, 3))
    desk.complete_file()
    desk.do(interviewing(MENTOR, date(2025, 11, 20), True))
    desk.do(interviewing(MENTOR, date(2025, 11, 10), False))
    mentor = desk.mentor()
    assert mentor.interview
    assert (mentor.status, mentor.interview.on) == ("interviewed", date(2025, 11, 20))
    desk.do(interviewing(MENTOR, date(2025, 11, 20), False))
    assert desk.mentor().status == "file_complete", "of the same day, what was noted last counts"


def test_what_is_noted_again_alike_does_not_put_off_the_lapse() -> None:
    desk = Desk()
    desk.apply()
    seeing = ask.SeeIdentity(record_id=MENTOR, on=TODAY, channel=Channel.MEETING)
    desk.do(seeing)
    reminded = desk.days(MENTOR)["remind_file"]
    desk.go_to(TODAY + timedelta(days=3))
    for again in (seeing, ChangePerson(record_id=MENTOR, person=AWA)):
        desk.do(again)
        assert desk.days(MENTOR)["remind_file"] == reminded
    desk.do(replace(signing(MENTOR, TODAY), on=TODAY))
    assert desk.mentor().progress_on == desk.today, "the charter was missing: the file progresses"
    desk.go_to(TODAY + timedelta(days=9))
    desk.do(signing(MENTOR, TODAY))
    assert desk.mentor().progress_on == TODAY + timedelta(days=3)
