"""What no programme's rules may widen: the ceilings of the law, and perimeters that only the nation tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.kernel import Actor
from domain.mentor import commands as ask
from domain.mentor.parts import CheckKind
from domain.programme.commands import AdoptRules, OpenProgramme
from domain.programme.law import CEILINGS
from domain.programme.rules import Delay, MentorRules, Perimeter, Rules, Unit
from tests.domain.mentor_support import MENTOR, PROGRAMME, Desk
from tests.support import LYON, NATIONAL

MISSION = "mission d'aide sociale à l'enfance"
FRAMED = replace(Rules(), mentors=MentorRules(honorabilite=(Perimeter(MISSION, date(2025, 10, 1)),)))
OLD_B3 = replace(Rules(), mentors=MentorRules(b3_age=Delay(6, Unit.MONTHS)))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def adopting(desk: Desk, rules: Rules, academie: str = "", on: date | None = None) -> AdoptRules:
    return AdoptRules(record_id=PROGRAMME, rules=rules, on=on or desk.today, academie=academie)


BEYOND = {
    "mentors.b3_age, in months": (OLD_B3, "6 mois", "3 mois"),
    "mentors.b3_age, in days": (
        replace(Rules(), mentors=MentorRules(b3_age=Delay(90))),
        "90 jours",
        "3 mois",
    ),
    "financial_report": (replace(Rules(), financial_report=Delay(7, Unit.MONTHS)), "7 mois", "6 mois"),
    "retention, in months": (replace(Rules(), retention=Delay(121, Unit.MONTHS)), "121 mois", "120 mois"),
    "retention, in days": (replace(Rules(), retention=Delay(3_653)), "3653 jours", "120 mois"),
}


@pytest.mark.parametrize("name", BEYOND)
@pytest.mark.parametrize(("who", "academie"), [(NATIONAL, ""), (LYON, "10")])
def test_nobody_adopts_a_delay_beyond_the_law_and_the_refusal_names_field_value_and_ceiling(
    desk: Desk, name: str, who: Actor, academie: str
) -> None:
    rules, value, ceiling = BEYOND[name]
    no = desk.refused(adopting(desk, rules, academie), who)
    assert no.code == "rule_beyond_law"
    path = name.partition(",")[0]
    assert path in no.sentence
    assert value in no.sentence
    assert any(path in one and ceiling in one for one in no.missing)


def test_a_programme_does_not_open_beyond_the_law(desk: Desk) -> None:
    opening = OpenProgramme(record_id="programme-ptech", scheme="ptech", rules=OLD_B3, on=desk.today)
    assert desk.refused(opening, NATIONAL).code == "rule_beyond_law"


def test_what_the_law_allows_is_adopted(desk: Desk) -> None:
    for ceiling in CEILINGS:
        assert ceiling.allows(ceiling.at_most)
        assert ceiling.allows(Delay(ceiling.in_days))
        assert not ceiling.allows(Delay(ceiling.in_days + 1))
    desk.do(adopting(desk, replace(Rules(), mentors=MentorRules(b3_age=Delay(1, Unit.MONTHS)))), NATIONAL)


@pytest.mark.parametrize("who", [LYON, NATIONAL])
def test_an_academie_has_no_perimeter_of_its_own(desk: Desk, who: Actor) -> None:
    assert desk.refused(adopting(desk, FRAMED, "10"), who).code == "perimeter_is_national"
    desk.do(adopting(desk, FRAMED), NATIONAL)
    assert desk.refused(adopting(desk, FRAMED, "10"), who).code == "perimeter_is_national"


def asked(mission: str = MISSION) -> ask.AskCheck:
    return ask.AskCheck(record_id=MENTOR, kind=CheckKind.HONORABILITE, mission=mission)


def test_the_rules_of_an_academie_leave_the_perimeters_of_the_nation_as_they_are(desk: Desk) -> None:
    desk.admit()
    desk.do(adopting(desk, FRAMED), NATIONAL)
    desk.do(adopting(desk, Rules(), "10"), LYON)
    for step in (desk.apply, desk.complete_file, desk.interview):
        step()
    assert desk.mentor().rules_version == 3
    desk.do(asked())


def test_a_perimeter_that_the_nation_ends_is_ended_for_files_already_open(desk: Desk) -> None:
    desk.admit()
    desk.do(adopting(desk, FRAMED), NATIONAL)
    for step in (desk.apply, desk.complete_file, desk.interview):
        step()
    desk.do(adopting(desk, Rules(), on=desk.today + timedelta(days=1)), NATIONAL)
    desk.house.clock.advance(days=1)
    assert desk.refused(asked()).code == "honorabilite_outside_perimeter"
