"""Between what a programme's rules may be set, in what order they come, and what only the nation tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import Actor, Refused
from domain.mentor import commands as ask
from domain.mentor.parts import CheckKind
from domain.programme.bounds import BOUNDS, Bound, bounded
from domain.programme.commands import AdoptRules, OpenProgramme
from domain.programme.rules import AdmissionRules, Delay, MentorRules, Perimeter, Rules, TrainingRules, Unit
from tests.domain.mentor_support import MENTOR, PROGRAMME, Desk
from tests.support import LYON, NATIONAL

MISSION = "mission d'aide sociale à l'enfance"
SOURCE = "code de l'action sociale et des familles, article L133-6"
PERIMETER = Perimeter(MISSION, date(2025, 10, 1), source=SOURCE)
FRAMED = replace(Rules(), mentors=MentorRules(honorabilite=(PERIMETER,)))
OLD_B3 = replace(Rules(), mentors=MentorRules(b3_age=Delay(6, Unit.MONTHS)))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def adopting(desk: Desk, rules: Rules, academie: str = "", on: date | None = None) -> AdoptRules:
    return AdoptRules(record_id=PROGRAMME, rules=rules, on=on or desk.today, academie=academie)


# Bounds -----------------------------------------------------------------------------------------------


def numbered(rules: Any, path: str = "") -> Iterator[str]:
    """The path of every rule that is a number or a delay, or several."""
    for field in fields(rules):
        value, here = getattr(rules, field.name), f"{path}{field.name}"
        one = value[0] if isinstance(value, tuple) and value else value
        if isinstance(one, int | Delay):
            yield here
        elif is_dataclass(one):
            yield from numbered(one, f"{here}.")


def set_to(path: str, value: int | Delay) -> Rules:
    """The default rules, but for one; the delays of a series are that one alone."""
    part, _, name = path.rpartition(".")
    held: Any = (value,) if isinstance(attrgetter(path)(Rules()), tuple) else value
    if not part:
        return replace(Rules(), **{name: held})
    return replace(Rules(), **{part: replace(attrgetter(part)(Rules()), **{name: held})})


EVERY = [(bound, unit) for bound in BOUNDS for unit in bound.units or (None,)]


def test_every_rule_that_is_a_number_or_a_delay_has_its_bounds() -> None:
    assert sorted(numbered(Rules())) == sorted(bound.path for bound in BOUNDS)


def test_the_defaults_are_within_them() -> None:
    bounded(Rules())
    assert Rules().problem() is None


@pytest.mark.parametrize(("bound", "unit"), EVERY, ids=lambda one: getattr(one, "path", one))
@given(count=st.one_of(st.integers(-5, 400), st.integers(-(10**9), 10**9)))
def test_below_its_floor_or_above_its_ceiling_a_rule_is_refused_and_nowhere_else(
    bound: Bound, unit: Unit | None, count: int
) -> None:
    ceiling = bound.ceiling(unit) if unit else bound.most
    rules = set_to(bound.path, Delay(count, unit) if unit else count)
    if bound.least <= count <= ceiling:
        bounded(rules)
        return
    with pytest.raises(Refused) as no:
        bounded(rules)
    assert no.value.code == "rule_out_of_bounds"
    for word in (bound.path, str(count), bound.label, bound.why):
        assert word in no.value.sentence
    assert no.value.missing == (f"{bound.path} {bound.label}",)


@pytest.mark.parametrize("bound", [one for one in BOUNDS if one.units], ids=lambda one: one.path)
def test_a_delay_in_a_unit_in_which_it_is_not_counted_is_refused(bound: Bound) -> None:
    for unit in {*Unit} - {*bound.units}:
        with pytest.raises(Refused, match=r"vaut 1 "):
            bounded(set_to(bound.path, Delay(1, unit)))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("mentors.b3_age", "de 1 à 89 jours ou 3 mois"),
        ("financial_report", "de 1 à 6 mois"),
        ("retention", "de 1 à 3652 jours ou 120 mois"),
        ("mentors.lapse", "de 1 à 365 jours ou 180 jours de classe ou 12 mois"),
        ("mentors.minimum_age", "de 16 à 99"),
    ],
)
def test_the_bounds_are_told_in_every_unit(path: str, told: str) -> None:
    (bound,) = [one for one in BOUNDS if one.path == path]
    assert bound.label == told


@pytest.mark.parametrize(("who", "academie"), [(NATIONAL, ""), (LYON, "10")])
def test_nobody_adopts_a_rule_beyond_the_law(desk: Desk, who: Actor, academie: str) -> None:
    no = desk.refused(adopting(desk, OLD_B3, academie), who)
    assert no.code == "rule_out_of_bounds"
    assert "6 mois" in no.sentence
    assert no.missing == ("mentors.b3_age de 1 à 89 jours ou 3 mois",)


def test_a_programme_does_not_open_beyond_the_law(desk: Desk) -> None:
    opening = OpenProgramme(record_id="programme-ptech", scheme="ptech", rules=OLD_B3, on=desk.today)
    assert desk.refused(opening, NATIONAL).code == "rule_out_of_bounds"


# Order, and what may not be empty ---------------------------------------------------------------------

SENSELESS = {
    "no document at all": Rules(admission=AdmissionRules(documents=())),
    "a file lapses before its reminder": Rules(admission=AdmissionRules(lapse=Delay(10))),
    "a candidacy lapses on its reminder": Rules(mentors=MentorRules(lapse=Delay(10, Unit.SCHOOL_DAYS))),
    "the same reminder twice": Rules(signature_reminders=(Delay(7), Delay(7))),
    "the same alert twice": Rules(end_alerts=(Delay(1, Unit.MONTHS), Delay(30))),
    "a check that ends before its alert": Rules(mentors=MentorRules(check=Delay(1, Unit.MONTHS))),
    "a certificate that ends before its alert": Rules(training=TrainingRules(certificate=Delay(59))),
    "told of the lapse before the file is idle": Rules(mentors=MentorRules(idle=Delay(1, Unit.MONTHS))),
    "a perimeter that is no mission": Rules(
        mentors=MentorRules(honorabilite=(replace(PERIMETER, mission="*"),))
    ),
    "a perimeter without a text": Rules(mentors=MentorRules(honorabilite=(replace(PERIMETER, source=""),))),
    "a perimeter with a text that nobody finds": Rules(
        mentors=MentorRules(honorabilite=(replace(PERIMETER, source="la loi"),))
    ),
    "a perimeter that ends before it starts": Rules(
        mentors=MentorRules(honorabilite=(replace(PERIMETER, ends=date(2025, 9, 1)),))
    ),
}


@pytest.mark.parametrize("name", SENSELESS)
def test_rules_that_make_no_sense_are_refused(desk: Desk, name: str) -> None:
    no = desk.refused(adopting(desk, SENSELESS[name]), NATIONAL)
    assert no.code == "rules_unusable"
    assert no.sentence.endswith(".")


# What only the nation tells ---------------------------------------------------------------------------


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
