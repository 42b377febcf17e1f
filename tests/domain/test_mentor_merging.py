"""Merging never loses what was proved: the record that stands higher is the one that is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.kernel import SYSTEM
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor.identity import ChangePerson, CorrectPerson, Merge
from domain.mentor.parts import CheckKind, Origin, Person
from domain.programme.commands import OpenProgramme, programme_id
from domain.programme.rules import MentorRules, Rules
from tests.domain.mentor_support import AWA, MENTOR, Desk, applying
from tests.support import NATIONAL

AGAIN = "mentor-2"
SECOND = Person("Awa", "Diallo", "awa@travail.test")
UAI = "0690010L"
MERGING = Merge(record_id=MENTOR, duplicate_id=AGAIN)
OTHER_WAY = Merge(record_id=AGAIN, duplicate_id=MENTOR)
STAGES = ("candidate", "file_complete", "interviewed", "checked", "trained", "cleared")


def brought_to(desk: Desk, stage: str, record_id: str) -> None:
    """The same person's record at this stage."""
    desk.apply(record_id, AWA if record_id == MENTOR else SECOND)
    steps = (
        desk.complete_file,
        desk.interview,
        desk.check,
        lambda r: desk.train(r, f"training-{r}"),
        desk.clear,
    )
    for step in steps[: STAGES.index(stage)]:
        if step == desk.train:
            desk.train(record_id, f"training-{record_id}")
        else:
            step(record_id)
    assert desk.mentor(record_id).status == stage


@pytest.mark.parametrize("stage", STAGES[1:])
def test_a_record_that_stands_higher_is_not_merged_into_a_lesser_one(stage: str) -> None:
    desk = Desk()
    desk.admit()
    brought_to(desk, STAGES[STAGES.index(stage) - 1], MENTOR)
    brought_to(desk, stage, AGAIN)
    refused = desk.refused(MERGING)
    assert refused.code == "duplicate_further"
    assert AGAIN in refused.missing[0]
    desk.do(OTHER_WAY)
    assert desk.mentor(AGAIN).status == stage
    assert desk.mentor(MENTOR).merged_into == AGAIN


@pytest.mark.parametrize("stage", STAGES)
def test_two_records_at_the_same_stage_are_merged_either_way(stage: str) -> None:
    desk = Desk()
    desk.admit()
    for record_id in (MENTOR, AGAIN):
        brought_to(desk, stage, record_id)
    desk.do(MERGING)
    assert desk.mentor().status == stage


def test_somebody_suspended_for_an_overdue_check_stands_as_high_as_somebody_cleared() -> None:
    desk = Desk()
    desk.admit()
    brought_to(desk, "cleared", MENTOR)
    desk.go_to(date(2026, 11, 25))
    desk.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    brought_to(desk, "checked", AGAIN)
    assert desk.code(OTHER_WAY) == "duplicate_further"
    desk.do(MERGING)
    assert desk.mentor().status == "cleared"


def test_a_document_asked_of_one_record_is_presented_on_the_other() -> None:
    desk = Desk()
    for record_id in (MENTOR, AGAIN):
        brought_to(desk, "interviewed", record_id)
    desk.do(ask.AskCheck(record_id=AGAIN, kind=CheckKind.B3))
    desk.do(MERGING)
    assert set(desk.mentor().asked) == {CheckKind.B3}
    presented = ask.PresentCheck(
        record_id=MENTOR, kind=CheckKind.B3, presented=True, on=desk.today, issued_on=desk.today
    )
    desk.do(presented)
    assert desk.mentor().status == "checked"


def test_the_birth_date_that_only_the_other_record_knew_still_recognises_the_person() -> None:
    desk = Desk()
    desk.apply(MENTOR, SECOND)
    desk.apply(AGAIN, AWA)
    desk.do(MERGING)
    known = replace(AWA, email="autre@exemple.test")
    assert desk.code(applying("mentor-3", known)) == "mentor_known"
    desk.do(ChangePerson(record_id=MENTOR, person=replace(SECOND, birth_date=AWA.birth_date)))


def test_the_record_that_is_kept_stays_in_its_programme_and_its_lycee() -> None:
    desk = Desk()
    shorter = Rules(mentors=MentorRules(mentees=5))
    opening = OpenProgramme(record_id=programme_id("cordees"), scheme="cordees", rules=shorter, on=desk.today)
    desk.do(opening, NATIONAL)
    desk.apply()
    proposed = replace(
        applying(AGAIN, SECOND, channel=Origin.LYCEE, uai=UAI), programme_id=programme_id("cordees")
    )
    desk.do(proposed)
    desk.do(MERGING)
    kept, closed = desk.mentor(), desk.mentor(AGAIN)
    assert (kept.programme_id, kept.uai) == (programme_id("1j1m"), None)
    assert closed.uai == UAI


UNLIKE = {
    "other names": Person("Awa", "Traoré", "awa@travail.test"),
    "another birth date": replace(SECOND, birth_date=date(1986, 3, 2)),
}


@pytest.mark.parametrize("other", UNLIKE.values(), ids=UNLIKE.keys())
@pytest.mark.parametrize("merge", [MERGING, OTHER_WAY], ids=["kept", "other_way"])
def test_what_was_proved_of_one_person_becomes_another_s_only_with_a_reason(
    other: Person, merge: Merge
) -> None:
    desk = Desk()
    desk.admit()
    desk.apply(MENTOR, AWA)
    desk.apply(AGAIN, other)
    assert desk.code(merge) == desk.code(merge, reason=" ") == "duplicate_unlike"
    desk.do(merge, reason="nom d'usage depuis son mariage")
    assert desk.mentor(merge.duplicate_id).merged_into == merge.record_id


@pytest.mark.parametrize("merge", [MERGING, OTHER_WAY], ids=["kept", "other_way"])
def test_a_birth_date_that_one_record_does_not_know_contradicts_nothing(merge: Merge) -> None:
    desk = Desk()
    desk.admit()
    desk.apply(MENTOR, AWA)
    desk.apply(AGAIN, replace(SECOND, given_name=" AWA "))
    desk.do(merge)
    assert desk.mentor(merge.duplicate_id).merged_into == merge.record_id


def test_an_identity_seen_and_a_charter_signed_are_not_asked_again_of_the_record_that_is_kept() -> None:
    desk = Desk()
    desk.apply(AGAIN, replace(AWA, email=None, phone=None))
    desk.complete_file(AGAIN)
    desk.apply(MENTOR, SECOND)
    assert (desk.mentor(AGAIN).status, desk.mentor().status) == ("candidate", "candidate")
    desk.do(MERGING)
    kept = desk.mentor()
    assert (kept.status, kept.file_missing) == ("file_complete", ())
    assert (kept.identity_seen_on, kept.charter_version) == (desk.today, desk.mentor(AGAIN).charter_version)


def test_a_paper_seen_under_other_names_is_to_be_seen_again_and_the_charter_is_not() -> None:
    desk = Desk()
    desk.apply(AGAIN, replace(AWA, family_name="Traoré", email=None, phone=None))
    desk.complete_file(AGAIN)
    desk.apply(MENTOR, SECOND)
    desk.do(MERGING, reason="nom d'usage depuis son mariage")
    assert desk.mentor().file_missing == ("la pièce d'identité vue",)


def test_a_paper_seen_before_a_correction_does_not_stand_for_the_one_that_is_to_be_seen() -> None:
    desk = Desk()
    desk.apply(AGAIN, SECOND)
    desk.complete_file(AGAIN)
    desk.apply(MENTOR, replace(AWA, family_name="Dialo"))
    desk.complete_file(MENTOR)
    desk.interview(MENTOR)
    desk.go_to(date(2025, 12, 1))
    desk.do(CorrectPerson(record_id=MENTOR, person=AWA), reason="faute de frappe")
    desk.do(MERGING)
    assert desk.mentor().file_missing == ("la pièce d'identité vue",)


@pytest.mark.parametrize("stage", ["candidate", "file_complete"])
def test_a_record_of_somebody_met_is_not_lost_to_one_of_somebody_who_was_not(stage: str) -> None:
    desk = Desk()
    brought_to(desk, "checked", AGAIN)
    other = replace(SECOND, family_name="Diallo-Sy")
    desk.do(CorrectPerson(record_id=AGAIN, person=other), reason="nom complet")
    assert desk.mentor(AGAIN).status == "candidate"
    brought_to(desk, stage, MENTOR)
    assert desk.code(MERGING, reason="même personne") == "duplicate_further"
    desk.do(OTHER_WAY, reason="même personne")
    kept = desk.mentor(AGAIN)
    assert kept.interview
    assert kept.check
    desk.do(ask.SeeIdentity(record_id=AGAIN, on=desk.today, channel=Channel.MEETING))
    assert desk.mentor(AGAIN).status == "checked"
