"""Whom an académie suspends is held by it, whoever they are said to be, and when the record is closed too."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor import identity as of_person
from domain.mentor.parts import Person
from tests.domain.mentor_support import AWA, MENTOR, Desk, applying
from tests.domain.rehearsal import OFFICER
from tests.domain.test_explaining import agrees
from tests.domain.test_mentor_proposals import RDBE, proposing
from tests.support import COORDINATOR, GRENOBLE, LYON

TODAY = date(2025, 11, 24)
REBORN = replace(AWA, email="awa@ailleurs.test", birth_date=date(1985, 3, 3))
"""What a coordinator may write of the same person, as if it had been mistyped."""
BY_ADDRESS = Person("Awa", "Diallo", AWA.email)
BY_BIRTH_DATE = replace(AWA, email=None)
SUSPEND = ask.Suspend(record_id=MENTOR, on=TODAY)
LIFT = ask.LiftSuspension(record_id=MENTOR, on=TODAY)


@pytest.fixture
def desk() -> Desk:
    desk = Desk(academies=("08", "10"))
    desk.cleared()
    return desk


def correct(desk: Desk, person: Person = REBORN) -> None:
    desk.do(of_person.CorrectPerson(record_id=MENTOR, person=person), reason="faute de frappe")


def change(desk: Desk, person: Person) -> None:
    desk.do(of_person.ChangePerson(record_id=MENTOR, person=person))


def leave(desk: Desk) -> None:
    desk.do(ask.Release(record_id=MENTOR, on=TODAY), SYSTEM)


def refused_again(desk: Desk, person: Person) -> bool:
    return desk.code(applying("mentor-2", person)) == "mentor_known"


@pytest.mark.parametrize("closed", [False, True], ids=["suspended", "left"])
def test_nobody_escapes_the_academie_s_suspension_by_a_correction_and_a_new_candidacy(
    desk: Desk, closed: bool
) -> None:
    desk.do(SUSPEND, LYON, "plainte")
    correct(desk)
    if closed:
        leave(desk)
    for person in (AWA, BY_ADDRESS, BY_BIRTH_DATE, REBORN):
        assert refused_again(desk, person)
    desk.do(LIFT, LYON, "classée")
    desk.apply("mentor-2", AWA)


def test_nobody_escapes_it_by_another_address_either_nor_by_one_after_the_other(desk: Desk) -> None:
    desk.do(SUSPEND, LYON, "plainte")
    change(desk, replace(AWA, email="awa@ailleurs.test"))
    change(desk, replace(AWA, email=None))
    for email in (AWA.email, "awa@ailleurs.test"):
        assert refused_again(desk, Person("Awa", "Diallo", email))


def test_a_correction_is_taken_back_whoever_held_the_former_identity_being_oneself(desk: Desk) -> None:
    desk.do(SUSPEND, LYON, "plainte")
    correct(desk)
    correct(desk, AWA)
    desk.do(ask.SeeIdentity(record_id=MENTOR, on=TODAY, channel=Channel.MEETING))
    assert refused_again(desk, REBORN)


def test_who_somebody_was_is_kept_until_the_last_academie_has_lifted_its_own(desk: Desk) -> None:
    desk.do(SUSPEND, LYON, "plainte")
    desk.do(SUSPEND, GRENOBLE, "plainte")
    desk.do(SUSPEND, COORDINATOR, "plainte")
    correct(desk)
    desk.do(LIFT, LYON, "classée")
    assert refused_again(desk, AWA)
    desk.do(LIFT, GRENOBLE, "classée")
    desk.apply("mentor-2", AWA)


def test_who_somebody_was_before_the_suspension_or_under_the_association_s_own_is_not_kept(
    desk: Desk,
) -> None:
    desk.do(SUSPEND, COORDINATOR, "à revoir")
    correct(desk)
    desk.do(SUSPEND, LYON, "plainte")
    desk.apply("mentor-2", AWA)


def test_a_lycee_that_proposes_whoever_is_held_is_told_what_it_is_told_of_anybody(desk: Desk) -> None:
    desk.do(SUSPEND, LYON, "plainte")
    correct(desk)
    leave(desk)
    desk.do(proposing("mentor-2", AWA), RDBE)
    desk.do(proposing("mentor-3", Person("Léa", "Martin", "lea@exemple.test")), RDBE)
    assert [desk.version("mentor-2"), desk.version("mentor-3")] == [0, 1]
    assert desk.mentor().status == "left"


def test_whoever_is_erased_is_held_no_more(desk: Desk) -> None:
    desk.do(SUSPEND, LYON, "plainte")
    correct(desk)
    leave(desk)
    desk.do(Erase(record_id=MENTOR, ground=Ground.OBJECTION), OFFICER)
    assert desk.mentor().claims() == frozenset()
    desk.apply("mentor-2", AWA)


# The record is closed -----------------------------------------------------------------------------


def test_whoever_left_suspended_waits_for_each_academie_that_suspends_and_for_nobody_else(
    desk: Desk,
) -> None:
    desk.do(SUSPEND, LYON, "plainte")
    desk.do(SUSPEND, GRENOBLE, "plainte")
    desk.do(SUSPEND, COORDINATOR, "plainte")
    leave(desk)
    waited = [due for due in desk.dues(MENTOR) if due.kind == "lift_suspension"]
    assert [due.awaits for due in waited] == [("academie:08",), ("academie:10",)]
    assert {due.automatic for due in waited} == {False}
    assert {due.missing for due in waited} == {("la levée de la suspension",)}
    assert waited[0].what == (
        "Suspension en cours (décision de l'académie 08), depuis le 24 novembre 2025 : le dossier est clos, "
        "aucune nouvelle candidature avant sa levée"
    )
    desk.do(LIFT, GRENOBLE, "classée")
    desk.do(LIFT, LYON, "classée")
    assert set(desk.days(MENTOR)) == {"erase"}


def test_why_no_candidacy_is_received_from_whoever_left_suspended_is_explained(desk: Desk) -> None:
    desk.do(SUSPEND, LYON, "plainte")
    leave(desk)
    (reason,) = [one for one in agrees(desk.house, MENTOR) if one.code == "lift_suspension"]
    assert "aucune nouvelle candidature" in reason.sentence
    assert [fact.topic for fact in reason.facts] == ["mentor.Suspended@1"]


def test_who_is_known_is_told_to_their_operator_with_what_can_be_done_about_that_record(desk: Desk) -> None:
    opened = desk.refused(applying("mentor-2", AWA))
    assert opened.missing == (
        f"la mise à jour du dossier {MENTOR}",
        "ou le rattachement des deux dossiers (mentor.merge)",
    )
    desk.do(SUSPEND, LYON, "plainte")
    assert desk.refused(applying("mentor-2", AWA)).missing == opened.missing
    leave(desk)
    closed = desk.refused(applying("mentor-2", AWA))
    assert (closed.code, closed.missing) == (
        "mentor_known",
        (f"la levée, par l'académie, de la suspension du dossier {MENTOR}",),
    )
    assert "clos" in closed.sentence
