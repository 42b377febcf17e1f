"""What becomes of a mentor when the operator is interrupted, or leaves the scheme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.association import commands as of_association
from domain.association.parts import SuspensionCause
from domain.imports.commands import Submit
from domain.imports.parts import File, ImportKind
from domain.kernel import SYSTEM, Actor
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor.parts import MentorLeaving
from domain.programme.rules import Delay, Rules, Unit
from domain.training import commands as of_training
from tests.domain.mentor_support import AWA, MENTOR, PROGRAMME, Desk, applying
from tests.domain.test_mentor_refusals import EVERYBODY
from tests.support import COORDINATOR, FACE, GRENOBLE, LYON

TODAY = date(2025, 11, 24)


@pytest.fixture
def desk() -> Desk:
    desk = Desk(replace(Rules(), retention=Delay(6, Unit.MONTHS)))
    desk.cleared()
    return desk


# The operator is interrupted ----------------------------------------------------------------------


def suspend(desk: Desk) -> None:
    command = of_association.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=desk.today)
    desk.do(command, LYON, "manquement")


def leave(desk: Desk) -> None:
    desk.do(of_association.Leave(record_id=FACE, on=desk.today), LYON, "fin")


def refuse(desk: Desk) -> None:
    """Its admission, opened again after it left, is refused."""
    leave(desk)
    opening = of_association.OpenAdmission(
        record_id=FACE, programme_id=PROGRAMME, on=desk.today, channel=Channel.PAPER
    )
    desk.do(opening, LYON)
    desk.do(of_association.RefuseAdmission(record_id=FACE), LYON, "motif")


@pytest.mark.parametrize(
    ("ends", "code"),
    [(suspend, "operator_suspended"), (leave, "operator_closed"), (refuse, "operator_closed")],
)
def test_an_operator_that_is_interrupted_or_gone_takes_no_new_candidacy(
    desk: Desk, ends: Callable[[Desk], None], code: str
) -> None:
    ends(desk)
    other = replace(AWA, email="autre@exemple.test", birth_date=None)
    refusal = desk.refused(applying("mentor-2", other))
    assert refusal.code == code
    assert refusal.missing


def test_a_suspended_operator_imports_nobody_and_takes_people_again_once_it_is_lifted(desk: Desk) -> None:
    suspend(desk)
    file = File("0" * 64, 1000, "text/csv")
    submit = Submit(
        record_id="import-1",
        kind=ImportKind.MENTORS,
        association_id=FACE,
        training_id=None,
        file=file,
        dry_run=True,
    )
    assert desk.code(submit) == "operator_suspended"
    desk.do(of_association.LiftSuspension(record_id=FACE, cause=SuspensionCause.FAULT), LYON, "levée")
    desk.do(submit)
    desk.do(applying("mentor-2", replace(AWA, email="autre@exemple.test", birth_date=None)))


def test_the_suspension_of_its_operator_leaves_a_mentors_own_status_alone(desk: Desk) -> None:
    version = desk.version(MENTOR)
    suspend(desk)
    assert desk.mentor().status == "cleared"
    assert desk.version(MENTOR) == version


def test_an_uninsured_operator_clears_nobody_and_says_what_would_let_it() -> None:
    desk = Desk()
    desk.admit(insured_until=TODAY + timedelta(days=10))
    desk.apply()
    desk.complete_file()
    desk.interview()
    desk.check()
    desk.train()
    desk.go_to(TODAY + timedelta(days=11))
    today, day_before = ask.Clear(record_id=MENTOR, on=desk.today), TODAY + timedelta(days=10)
    refusal = desk.refused(today)
    assert refusal.code == "operator_uninsured"
    assert refusal.missing == (
        "une attestation d'assurance de l'association, acceptée, qui couvre le 5 décembre 2025",
    )
    desk.do(ask.Clear(record_id=MENTOR, on=day_before))
    assert desk.mentor().status == "cleared"


def test_no_clearance_is_dated_before_its_operator_was_admitted() -> None:
    desk = Desk()
    desk.apply()
    desk.complete_file()
    desk.interview()
    desk.check()
    desk.train()
    desk.go_to(TODAY + timedelta(days=10))
    desk.admit()
    refusal = desk.refused(ask.Clear(record_id=MENTOR, on=TODAY + timedelta(days=9)))
    assert (refusal.code, refusal.missing) == (
        "operator_not_admitted",
        ("une date à partir de son référencement (4 décembre 2025)",),
    )
    desk.do(ask.Clear(record_id=MENTOR, on=desk.today))
    assert desk.mentor().cleared_on == desk.today


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


# What is due says what would be refused -----------------------------------------------------------


def test_a_clearance_to_come_misses_what_the_clearance_would_be_refused_for() -> None:
    """Trained in time, checked too long ago, and the training has run out since: nothing else is told."""
    desk = Desk()
    desk.admit(insured_until=date(2030, 1, 1))
    desk.apply()
    desk.complete_file()
    desk.interview()
    desk.check()
    desk.train()
    for day in (TODAY, date(2026, 11, 25), date(2028, 1, 1)):
        desk.go_to(day)
        (waited,) = [due for due in desk.dues(MENTOR) if due.kind == "clear"]
        asked = ask.Clear(record_id=MENTOR, on=day)
        assert waited.missing == (() if day == TODAY else desk.refused(asked).missing)


# Who suspends, lifts ------------------------------------------------------------------------------


def test_an_association_does_not_lift_what_the_academie_decided_nor_the_reverse(desk: Desk) -> None:
    lift, again = ask.LiftSuspension(record_id=MENTOR, on=TODAY), ask.Suspend(record_id=MENTOR, on=TODAY)
    for actor, other, label in (
        (LYON, COORDINATOR, "la levée par qui l'a décidée (décision de l'académie 10)"),
        (COORDINATOR, LYON, "la levée par qui l'a décidée (décision de l'association)"),
    ):
        desk.do(again, actor, "motif")
        refusal = desk.refused(lift, other, "motif")
        assert (refusal.code, refusal.missing) == ("suspended_by_other", (label,))
        desk.do(lift, actor, "motif")
        assert desk.mentor().status == "cleared"
        assert desk.code(lift, other, "motif") == "wrong_status"


def test_each_academie_lifts_its_own_suspension_of_a_mentor_and_no_other_one_s() -> None:
    desk = Desk(academies=("08", "10"))
    desk.cleared()
    lift, again = ask.LiftSuspension(record_id=MENTOR, on=TODAY), ask.Suspend(record_id=MENTOR, on=TODAY)
    desk.do(again, LYON, "motif")
    refusal = desk.refused(lift, GRENOBLE, "motif")
    assert refusal.code == "suspended_by_other"
    assert refusal.missing == ("la levée par qui l'a décidée (décision de l'académie 10)",)
    desk.do(again, GRENOBLE, "motif")
    waited = [(due.key, due.awaits) for due in desk.dues(MENTOR) if due.kind == "lift_suspension"]
    assert waited == [
        ("suspended:08:2025-11-24", ("academie:08",)),
        ("suspended:10:2025-11-24", ("academie:10",)),
    ]
    desk.do(lift, LYON, "motif")
    assert desk.mentor().status == "suspended"
    desk.do(lift, GRENOBLE, "motif")
    assert desk.mentor().status == "cleared"


def test_nobody_escapes_the_academie_s_suspension_by_a_departure_and_a_new_candidacy(desk: Desk) -> None:
    leaving = ask.Leave(record_id=MENTOR, on=TODAY, cause=MentorLeaving.END)
    desk.do(ask.Suspend(record_id=MENTOR, on=TODAY), LYON, "motif")
    assert desk.code(leaving) == "suspended_by_other"
    desk.do(ask.LiftSuspension(record_id=MENTOR, on=TODAY), LYON, "motif")
    desk.do(ask.Suspend(record_id=MENTOR, on=TODAY), COORDINATOR, "motif")
    desk.do(leaving)
    assert desk.mentor().status == "left"


def test_the_end_of_the_operator_leaves_the_academie_s_suspension_of_a_mentor_to_be_lifted(
    desk: Desk,
) -> None:
    """Else whoever is suspended would come back by a new candidacy, once the operator is admitted again."""
    desk.do(ask.Suspend(record_id=MENTOR, on=TODAY), LYON, "motif")
    desk.do(release(), SYSTEM)
    assert (desk.mentor().status, set(desk.days(MENTOR))) == ("left", {"erase", "lift_suspension"})
    assert desk.code(applying("mentor-2", AWA)) == "mentor_known"
    lift = ask.LiftSuspension(record_id=MENTOR, on=TODAY)
    assert desk.code(lift, COORDINATOR, "motif") == "suspended_by_other"
    desk.do(lift, LYON, "motif")
    assert (desk.mentor().status, desk.mentor().claims()) == ("left", frozenset())
    desk.do(applying("mentor-2", AWA))
    assert desk.code(lift, LYON, "motif") == "wrong_status"


@pytest.mark.parametrize("order", [(LYON, COORDINATOR), (COORDINATOR, LYON)], ids=["academie", "association"])
def test_a_mentor_suspended_by_both_returns_when_the_second_has_lifted_its_own(
    desk: Desk, order: tuple[Actor, Actor]
) -> None:
    for actor in (LYON, COORDINATOR):
        desk.do(ask.Suspend(record_id=MENTOR, on=TODAY), actor, "motif")
        assert desk.code(ask.Suspend(record_id=MENTOR, on=TODAY), actor, "motif") == "already_suspended"
    waited = {due.key: due.awaits for due in desk.dues(MENTOR) if due.kind == "lift_suspension"}
    assert waited == {
        "suspended:10:2025-11-24": ("academie:10",),
        "suspended:association:2025-11-24": (f"association:{FACE}",),
    }
    first, second = order
    desk.do(ask.LiftSuspension(record_id=MENTOR, on=TODAY), first, "motif")
    assert desk.mentor().status == "suspended"
    desk.do(ask.LiftSuspension(record_id=MENTOR, on=TODAY), second, "motif")
    assert desk.mentor().status == "cleared"


def test_an_operator_that_left_plans_no_course_and_opens_none(desk: Desk) -> None:
    desk.plan("training-2")
    planned = of_training.Plan(
        record_id="training-3",
        association_id=FACE,
        programme_id=PROGRAMME,
        course=desk.course(),
    )
    leave(desk)
    assert desk.code(of_training.OpenCourse(record_id="training-2")) == "operator_closed"
    no = desk.refused(planned)
    assert (no.code, no.sentence) == (
        "operator_closed",
        "L'association est « sortie du dispositif » : elle ne tient plus de formation.",
    )
