"""*Pourquoi ?* in the domain: after anything that may happen, every answer agrees with what it explains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis.stateful import invariant

from domain.association import commands as of_association
from domain.association.parts import SuspensionCause
from domain.calendar import french_date, paris_day
from domain.case import Case
from domain.convention import commands as of_convention
from domain.counting import not_counted
from domain.explaining import Counted, Reason
from domain.kernel import Due, Sealed
from domain.mentor import commands as ask
from domain.ports import Happened
from domain.programme.commands import AdoptRules
from domain.programme.labels import RULE_LABELS, RULES_OF_GUARDS, rule_value
from domain.programme.rules import Delay, MentorRules, Rules, Unit
from domain.registry import case_of, explained
from ledger.events import happened
from ops import reference
from tests.domain import association_support
from tests.domain.mentor_support import AWA, COURSE, MENTOR, PROGRAMME, Desk
from tests.domain.play import Play, played
from tests.domain.rehearsal import settled
from tests.domain.test_mentor_machine import MentorMachine
from tests.domain.test_training_machine import TrainingMachine
from tests.support import FACE, NATIONAL, House

SCHOOL = reference.calendars().for_academie("10")


def case(
    house: House, record_id: str, as_of: datetime | None = None, known_at: datetime | None = None
) -> Case:
    """The record as of a date by what was known then, with every other record of the house."""
    known_at = known_at or house.clock.instant
    known: dict[str, list[Happened]] = {}
    for one in map(happened, settled(house.recorder.after(0, 100_000))):
        if one.recorded_at <= known_at:
            known.setdefault(one.record_id, []).append(one)
    found = case_of(record_id, known, as_of or known_at, house.executor.world)
    assert found is not None
    return found


def why(house: House, record_id: str, **moments: datetime) -> list[Reason]:
    return explained(case(house, record_id, **moments))


def agrees(house: House, record_id: str) -> list[Reason]:
    """What every explanation must satisfy, whatever happened before."""
    found = case(house, record_id)
    reasons, dues, record = explained(found), found.dues, found.record
    assert [one.code for one in reasons if one.about == "status"] == [record.status]
    told = [one for one in reasons if one.about == "due"]
    assert [(one.code, one.by, one.awaits) for one in told] == [
        (due.kind, due.by, due.awaits) for due in dues
    ]
    for one, due in zip(told, dues, strict=True):
        assert one.missing[: len(due.missing)] == due.missing
        assert one.missing == due.missing or due.kind == "clear"
        counted_rightly(one, due)
    for one in reasons:
        assert one.sentence.strip().endswith("."), one
        assert not any(isinstance(word, Sealed) for word in (one.sentence, *one.missing))
        for fact in one.facts:
            assert fact.version <= record.version or fact.record_id != record_id
            assert fact.actor
            assert AWA.family_name not in fact.sentence
    return reasons


BY_RULE = {
    "remind_file",
    "lapse",
    "suspend_overdue",
    "present_check",
    "remind_documents",
    "remind_assessment",
    "escalate_assessment",
    "read_document",
    "remind_reading",
    "escalate_reading",
    "remind_attendance",
    "close",
    "erase",
    "remind_review",
    "remind_signature",
}
"""The deadlines whose last day a rule gives: the others have one that somebody told, or none."""


def counted_rightly(told: Reason, due: Due) -> None:
    """The days that are explained are those of the deadline itself, recounted day by day."""
    ends = {one.end for one in told.counted}
    if due.kind in BY_RULE:
        assert (due.by or paris_day(due.at)) in ends, (due, told.counted)
    if due.kind.startswith("alert") and due.automatic:
        assert paris_day(due.at) in ends or due.by is None or paris_day(due.at) > due.by, (due, told)
    for one in told.counted:
        recounted(one)


def recounted(one: Counted) -> None:
    assert french_date(one.end) in one.sentence
    assert one.delay in one.sentence
    if "de classe" in one.delay:
        left_out = sum(days for _, days in one.skipped)
        assert (one.end - one.start).days - left_out == int(one.delay.split()[0])
        assert all(f"{name} ({days} j)" in one.sentence for name, days in one.skipped)


class WhyMentor(MentorMachine):
    @invariant()
    def it_can_be_explained(self) -> None:
        if hasattr(self, "desk"):
            agrees(self.desk.house, MENTOR)


class WhyTraining(TrainingMachine):
    @invariant()
    def it_can_be_explained(self) -> None:
        if hasattr(self, "desk"):
            agrees(self.desk.house, COURSE)


@pytest.mark.parametrize("machine", [WhyMentor, WhyTraining])
def test_whatever_happened_it_can_be_explained(machine: type[Play]) -> None:
    played(machine, 8)


def test_an_association_can_be_explained_at_every_step() -> None:
    desk = association_support.Desk()
    seen: set[tuple[str, str]] = set()

    def look() -> None:
        seen.update((one.about, one.code) for one in agrees(desk.house, FACE))

    look()
    desk.open()
    look()
    desk.refuse("statutes")
    look()
    for document in association_support.ALL:
        desk.receive(document)
        look()
    for document in association_support.ALL:
        desk.accept(document)
        look()
    desk.at(date(2026, 1, 15))
    look()
    desk.do(of_association.Admit(record_id=FACE, on=desk.today))
    grant = of_association.GrantEntitlement(record_id=FACE, entitlement=association_support.AWARD)
    desk.do(grant)
    look()
    desk.at(date(2026, 8, 1))
    look()
    suspend = of_association.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=desk.today)
    desk.do(suspend)
    look()
    assert {("status", "suspended"), ("block", "suspended"), ("due", "lift_suspension")} <= seen
    assert {("status", "candidate"), ("status", "in_admission"), ("status", "admitted")} <= seen
    assert {("missing", "documents_missing"), ("block", "insurance_lapsed")} <= seen
    dues = {"remind_documents", "lapse", "remind_assessment", "escalate_assessment", "alert_insurance"}
    dues |= {"read_document", "remind_reading", "escalate_reading"}
    assert {("due", kind) for kind in (*dues, "alert_entitlement")} <= seen


def test_a_convention_can_be_explained_at_every_step() -> None:
    house = House()
    settled(house.open())
    seen: set[tuple[str, str]] = set()
    for step in (
        lambda: house.drafted("convention-1"),
        lambda: house.do(of_convention.Submit(record_id="convention-1")),
        lambda: house.do(of_convention.SendForSignature(record_id="convention-1")),
        lambda: house.sign("convention-1", "academie:10"),
        lambda: house.sign("convention-1", "association:association-face"),
    ):
        settled(step())
        seen.update((one.about, one.code) for one in agrees(house, "convention-1"))
    statuses = {code for about, code in seen if about == "status"}
    assert statuses == {"draft", "in_review", "to_sign", "partially_signed", "signed"}
    assert {("due", "prepare"), ("due", "remind_review"), ("due", "remind_signature")} <= seen


def test_a_lapse_says_from_which_day_over_which_holidays() -> None:
    """Applied on Monday 24 November 2025, zone A: four days of that week, three weeks, a week after
    Christmas, and Monday 12 January is the twenty-fifth."""
    desk = Desk()
    desk.apply()
    reasons = why(desk.house, MENTOR)
    lapse = next(one for one in reasons if one.code == "lapse")
    counted = lapse.counted[-1]

    assert (counted.start, counted.end) == (date(2025, 11, 24), date(2026, 1, 12))
    assert (counted.academie, counted.zone) == ("10", "A")
    assert dict(counted.skipped)["samedis et dimanches"] == 8
    assert sum(dict(counted.skipped).values()) == 24
    assert "Noël" in " ".join(dict(counted.skipped))
    assert [one.path for one in lapse.rules] == ["mentors.reminders", "mentors.lapse"]
    assert {one.version.number for one in lapse.rules} == {1}


def test_what_was_adopted_for_open_records_is_the_version_that_explains() -> None:
    desk = Desk()
    desk.apply()
    longer = Rules(mentors=MentorRules(lapse=Delay(30, Unit.SCHOOL_DAYS)))
    desk.do(AdoptRules(record_id=PROGRAMME, rules=longer, on=desk.today, to_open=True), NATIONAL)
    reasons = why(desk.house, MENTOR)
    (rule,) = [r for one in reasons if one.code == "lapse" for r in one.rules if r.path == "mentors.lapse"]

    assert (rule.value, rule.version.number) == ("30 jours de classe", 2)


def test_the_missing_are_those_that_the_guards_of_the_clearance_name() -> None:
    desk = Desk()
    desk.apply()
    no = desk.refused(ask.Clear(record_id=MENTOR, on=desk.today))
    reasons = why(desk.house, MENTOR)

    told = [word for one in reasons if one.about == "missing" for word in one.missing]
    assert tuple(told) == no.missing


def test_holidays_are_named_before_the_weekdays_in_them() -> None:
    days = list(not_counted(SCHOOL, date(2025, 12, 18), date(2026, 1, 6)))

    assert "samedis et dimanches" not in days
    assert "Jour de l'an" not in days
    assert list(not_counted(SCHOOL, date(2025, 11, 7), date(2025, 11, 12))) == [
        "samedis et dimanches",
        "samedis et dimanches",
        "Armistice 1918",
    ]


def _paths(value: Any, path: str = "") -> Iterable[str]:
    for one in fields(value):
        held = getattr(value, one.name)
        here = f"{path}.{one.name}".removeprefix(".")
        if is_dataclass(held) and not isinstance(held, Delay):
            yield from _paths(held, here)
        else:
            yield here


def test_every_rule_has_a_french_name_and_every_guard_names_rules_that_exist() -> None:
    assert set(RULE_LABELS) == set(_paths(Rules()))
    assert {path for paths in RULES_OF_GUARDS.values() for path in paths} <= set(RULE_LABELS)


def test_a_value_is_told_as_people_say_it() -> None:
    assert rule_value(Rules().signature_reminders) == "7 jours, 14 jours, 30 jours"
    assert rule_value(Rules().required_entitlements) == "aucun"
    assert rule_value(("conventioned", "laureate")) == "conventionnée, lauréate"
    assert rule_value(240) == "240"
