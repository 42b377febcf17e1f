"""A candidacy entered after its day: by which rules it is judged, and from which day its file is counted."""

from __future__ import annotations

from datetime import date

import pytest

from domain.calendar import start_of
from domain.mentor.parts import Person
from domain.programme.commands import AdoptRules
from domain.programme.rules import Delay, MentorRules, Rules, Unit
from tests.domain.mentor_support import MENTOR, PROGRAMME, Desk, applying, signing
from tests.domain.test_explaining import agrees, why
from tests.support import NATIONAL

TODAY = date(2025, 11, 24)
IN_OCTOBER = date(2025, 10, 6)
BEFORE_ANY_RULE = date(2025, 3, 3)
LILA = Person("Lila", "Roy", "lila@exemple.test")
FROM_THE_RECORDING = (
    "(candidature datée du 3 mars 2025, enregistrée le 24 novembre 2025 : le délai court de l'enregistrement)"
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def adopt(desk: Desk, rules: Rules) -> None:
    desk.do(AdoptRules(record_id=PROGRAMME, rules=rules, on=desk.today), NATIONAL)


def test_a_candidacy_follows_the_rules_that_were_in_force_on_its_day(desk: Desk) -> None:
    adopt(desk, Rules(mentors=MentorRules(lapse=Delay(30, Unit.SCHOOL_DAYS))))
    desk.apply(on=IN_OCTOBER)
    assert desk.mentor().rules_version == 1
    found = next(one for one in why(desk.house, MENTOR, as_of=start_of(IN_OCTOBER)) if one.about == "status")
    assert found.ruling
    assert (found.ruling.number, found.ruling.in_force_from) == (1, date(2025, 9, 1))
    desk.apply("mentor-2", LILA)
    assert desk.mentor("mentor-2").rules_version == 2


def test_a_candidacy_older_than_every_rule_follows_those_of_the_day_on_which_it_is_recorded(
    desk: Desk,
) -> None:
    desk.apply(on=BEFORE_ANY_RULE)
    assert desk.mentor().rules_version == 1
    reasons = why(desk.house, MENTOR, as_of=start_of(BEFORE_ANY_RULE))
    (status,) = [one for one in reasons if one.about == "status"]
    assert [one.sentence for one in status.facts] == [
        "Candidature reçue (enregistrée le 24 novembre 2025), le 3 mars 2025"
    ]


def test_the_file_of_a_candidacy_dated_back_is_counted_from_its_recording_and_says_so(desk: Desk) -> None:
    desk.apply(on=BEFORE_ANY_RULE)
    told = {due.kind: due.what for due in desk.dues(MENTOR)}
    assert told["remind_file"].endswith(FROM_THE_RECORDING)
    assert told["lapse"].endswith(FROM_THE_RECORDING)
    for reasons in (agrees(desk.house, MENTOR), why(desk.house, MENTOR, as_of=start_of(BEFORE_ANY_RULE))):
        (lapse,) = [one for one in reasons if one.code == "lapse"]
        assert FROM_THE_RECORDING in lapse.sentence
        assert lapse.counted[-1].start == TODAY


def test_a_complete_file_entered_late_waits_from_its_recording_until_something_more_comes(
    desk: Desk,
) -> None:
    desk.apply(on=BEFORE_ANY_RULE)
    desk.complete_file()
    (lapse,) = [due for due in desk.dues(MENTOR) if due.kind == "lapse_idle"]
    assert lapse.what.endswith(FROM_THE_RECORDING)
    desk.go_to(date(2025, 12, 1))
    desk.interview()
    assert not [due for due in desk.dues(MENTOR) if "enregistrée" in due.what]


def test_a_candidacy_of_today_or_a_file_that_has_moved_since_has_nothing_of_the_kind_to_say(
    desk: Desk,
) -> None:
    desk.apply()
    assert not [due for due in desk.dues(MENTOR) if "enregistrée" in due.what]
    assert not [f for one in why(desk.house, MENTOR) for f in one.facts if "enregistrée" in f.sentence]
    desk.apply("mentor-2", LILA, on=IN_OCTOBER)
    desk.go_to(date(2025, 12, 1))
    desk.do(signing("mentor-2", IN_OCTOBER))
    assert not [due for due in desk.dues("mentor-2") if "enregistrée" in due.what]


def test_the_age_is_judged_by_the_rules_of_the_day_of_the_candidacy(desk: Desk) -> None:
    adopt(desk, Rules(mentors=MentorRules(minimum_age=50)))
    assert desk.code(applying()) == "under_age"
    desk.apply(on=IN_OCTOBER)


def test_rules_meant_for_open_records_are_followed_by_a_candidacy_dated_back_too(desk: Desk) -> None:
    longer = Rules(mentors=MentorRules(idle=Delay(9, Unit.MONTHS)))
    desk.do(AdoptRules(record_id=PROGRAMME, rules=longer, on=desk.today, to_open=True), NATIONAL)
    desk.apply(on=IN_OCTOBER)
    assert desk.mentor().rules_version == 1
    followed = desk.programme(PROGRAMME).followed(1, "10", TODAY)
    assert (followed.number, followed.rules.mentors.idle) == (2, Delay(9, Unit.MONTHS))
