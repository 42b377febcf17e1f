"""Every guard of a mentor's record, each with its code; and what is never taken in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.association import commands as of_association
from domain.association.model import Identity
from domain.association.parts import SuspensionCause
from domain.commands import Command
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Actor
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor import guards
from domain.mentor import identity as of_person
from domain.mentor.model import Mentor
from domain.mentor.parts import CheckKind, MentorLeaving, Origin
from domain.programme.commands import AdoptRules
from domain.programme.rules import MentorRules, Perimeter, Rules, TrainingRules
from domain.training import commands as course
from tests.domain.mentor_support import (
    AWA,
    MENTOR,
    MODULES,
    PROFILE,
    Desk,
    applying,
    codes_of,
    interviewing,
    presenting,
    signing,
    words_of,
)
from tests.domain.rehearsal import OFFICER
from tests.support import COORDINATOR, FACE, GRENOBLE, LYON, NATIONAL

UAI = "0690010L"
RDBE = Actor("t-rdbe", "lycee", frozenset({"public", f"lycee:{UAI}"}))
OTHER = "association-other"
RIVAL = Actor("t-rival", "association", frozenset({"public", f"association:{OTHER}"}))
TODAY = date(2025, 11, 24)
TOMORROW = TODAY + timedelta(days=1)
MISSION = "mission d'aide sociale à l'enfance"
FRAMED = replace(
    Rules(),
    mentors=MentorRules(
        honorabilite=(Perimeter(MISSION, date(2025, 10, 1), date(2026, 3, 31), ("69",), "CASF, art. L133-6"),)
    ),
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def at(stage: str, rules: Rules | None = None) -> Desk:
    """A desk whose candidate has come as far as that, today."""
    desk = Desk(rules)
    desk.admit()
    steps: dict[str, Callable[[], None]] = {
        "candidate": desk.apply,
        "file_complete": desk.complete_file,
        "interviewed": desk.interview,
        "checked": desk.check,
        "trained": desk.train,
        "cleared": desk.clear,
    }
    for name, step in steps.items():
        step()
        assert desk.mentor().status == name
        if name == stage:
            return desk
    raise AssertionError(stage)


# A candidacy --------------------------------------------------------------------------------------

MISTYPED = {
    "no name": (replace(AWA, family_name=" "), PROFILE, "name_unreadable"),
    "endless name": (replace(AWA, given_name="A" * 101), PROFILE, "name_unreadable"),
    "a name of two lines": (replace(AWA, given_name="Awa\nBcc: x"), PROFILE, "name_unreadable"),
    "no address": (replace(AWA, email="awa.exemple.test"), PROFILE, "email_unreadable"),
    "two addresses": (replace(AWA, email="a@b.test, c@d.test"), PROFILE, "email_unreadable"),
    "a header": (replace(AWA, email="a@b.test\nBcc: c@d.test"), PROFILE, "email_unreadable"),
    "no number": (replace(AWA, phone="demain"), PROFILE, "phone_unreadable"),
    "born tomorrow": (replace(AWA, birth_date=TOMORROW), PROFILE, "birth_date_unlikely"),
    "born today": (replace(AWA, birth_date=TODAY), PROFILE, "birth_date_unlikely"),
    "born too long ago": (replace(AWA, birth_date=date(1899, 12, 31)), PROFILE, "birth_date_unlikely"),
    "unheard trade": (AWA, replace(PROFILE, rome="Z9999"), "identifier_unreadable"),
    "sector without its dot": (AWA, replace(PROFILE, naf="6201Z"), "identifier_unreadable"),
    "unheard family": (AWA, replace(PROFILE, families=("beaute", "astrologie")), "family_unknown"),
    "a commune's name": (AWA, replace(PROFILE, communes=("Lyon",)), "commune_unreadable"),
    "a language's name": (AWA, replace(PROFILE, languages=("français",)), "language_unreadable"),
    "too many mentees": (AWA, replace(PROFILE, mentees=51), "capacity_unlikely"),
    "fewer than none": (AWA, replace(PROFILE, classes=-1), "capacity_unlikely"),
    "a novel": (AWA, replace(PROFILE, availability="a" * 4_001), "text_too_long"),
    "nobody's company": (AWA, replace(PROFILE, company_id="company-9"), "unknown_record"),
}


@pytest.mark.parametrize("name", MISTYPED)
def test_a_candidacy_that_cannot_be_read_is_refused_and_not_quoted(desk: Desk, name: str) -> None:
    person, profile, code = MISTYPED[name]
    refused = desk.refused(applying(person=person, profile=profile))
    assert refused.code == code
    told = " ".join((refused.sentence, *refused.missing))
    assert not [word for word in ("Awa", "Diallo", "exemple.test", "Bcc", "demain", "astro") if word in told]


@pytest.mark.parametrize(
    "birth", [date(2007, 11, 24), date(1900, 1, 1), None], ids=["eighteen", "1900", "untold"]
)
def test_a_candidacy_that_can_be_read_is_taken(desk: Desk, birth: date | None) -> None:
    profile = replace(PROFILE, families=("beaute",), communes=("69123", "2A004"), languages=("fr", "ar"))
    desk.apply(person=replace(AWA, birth_date=birth), profile=profile)
    assert desk.mentor().profile == profile
    assert desk.mentor().profile.capacity(Rules()) == (2, 1)


def test_who_came_through_a_lycee_is_entered_with_its_code_by_the_association_alone(desk: Desk) -> None:
    assert desk.code(applying(channel=Origin.LYCEE)) == "uai_missing"
    assert desk.code(applying(channel=Origin.LYCEE, uai="0690010X")) == "identifier_unreadable"
    assert desk.code(applying(channel=Origin.LYCEE, uai=UAI), RDBE) == "not_found"
    desk.apply(channel=Origin.LYCEE, uai=UAI)
    assert desk.mentor().uai == UAI


def test_an_operator_opens_records_of_its_own_only(desk: Desk) -> None:
    desk.do(
        of_association.RegisterAssociation(record_id=OTHER, identity=Identity("Autre"), academies=("10",)),
        LYON,
    )
    assert desk.code(applying(), RIVAL) == "not_found"
    assert desk.code(applying(association_id="association-9")) == "not_found"
    assert desk.code(applying(), LYON) == "role_not_allowed"
    desk.apply()
    assert desk.code(applying()) == "already_applied"
    for command in (signing(MENTOR, TODAY), ask.Leave(record_id=MENTOR, on=TODAY, cause=MentorLeaving.END)):
        assert desk.code(command, RIVAL) == "not_found"


def test_no_candidate_is_taken_for_an_operator_that_was_erased(desk: Desk) -> None:
    desk.do(Erase(record_id=FACE, ground=Ground.OBJECTION), OFFICER)
    assert desk.code(applying()) == "erased"


# The file -----------------------------------------------------------------------------------------


def test_the_file_is_complete_with_the_identity_the_charter_and_a_way_to_write() -> None:
    desk = Desk()
    desk.apply(person=replace(AWA, email=None, phone=None))
    assert len(desk.mentor().file_missing) == 3
    desk.do(ask.SeeIdentity(record_id=MENTOR, on=TODAY, channel=Channel.MEETING))
    desk.do(signing(MENTOR, TODAY))
    assert desk.mentor().status == "candidate"
    assert desk.mentor().file_missing == ("une adresse électronique ou un téléphone",)
    refused = desk.refused(interviewing(MENTOR, TODAY))
    assert (refused.code, refused.missing) == ("file_incomplete", desk.mentor().file_missing)
    desk.do(of_person.ChangePerson(record_id=MENTOR, person=replace(AWA, email=None)))
    assert desk.mentor().status == "file_complete"
    nobody = replace(AWA, email=None, phone=None)
    assert desk.code(of_person.ChangePerson(record_id=MENTOR, person=nobody)) == "contact_missing"


def test_what_is_recorded_of_a_file_took_place(desk: Desk) -> None:
    desk.apply()
    seen = ask.SeeIdentity(record_id=MENTOR, on=TOMORROW, channel=Channel.MEETING)
    assert desk.code(seen) == "in_the_future"
    assert desk.code(signing(MENTOR, TOMORROW)) == "in_the_future"
    strange = replace(signing(MENTOR, TODAY), version="celle d'Awa Diallo")
    assert desk.code(strange) == "version_unreadable"


def test_a_link_signs_the_charter_once_today_and_nothing_else(desk: Desk) -> None:
    desk.apply()
    term = TODAY + timedelta(days=7)
    issue = ask.IssueLink(record_id=MENTOR, link="l1", action="file", digest="d" * 64, expires_on=term)
    assert desk.code(replace(issue, action="admission")) == "link_action_unknown"
    desk.do(issue)
    person = Actor("link:l1", "person", frozenset({"link:l1"}))
    assert desk.code(signing(MENTOR, TODAY), person) == "online_today"
    assert desk.code(signing(MENTOR, TODAY - timedelta(days=1), Channel.ONLINE), person) == "online_today"
    assert desk.code(of_person.ChangePerson(record_id=MENTOR, person=AWA), person) == "role_not_allowed"
    stranger = Actor("link:l2", "person", frozenset({"link:l2"}))
    assert desk.code(signing(MENTOR, TODAY, Channel.ONLINE), stranger) == "not_found"
    assert "link:" + "d" * 64 in {claim.key for claim in desk.mentor().claims()}
    desk.do(signing(MENTOR, TODAY, Channel.ONLINE), person)
    assert desk.mentor().charter_signed_on == TODAY
    assert desk.code(signing(MENTOR, TODAY, Channel.ONLINE), person) == "link_spent"
    assert not [claim for claim in desk.mentor().claims() if claim.key.startswith("link:")]


def test_a_link_opens_nothing_once_the_record_is_closed(desk: Desk) -> None:
    desk.apply()
    term = TODAY + timedelta(days=7)
    issue = ask.IssueLink(record_id=MENTOR, link="l1", action="file", digest="d" * 64, expires_on=term)
    desk.do(issue)
    assert "link:l1" in desk.mentor().scopes()
    desk.do(ask.Leave(record_id=MENTOR, on=TODAY, cause=MentorLeaving.REQUEST))
    assert "link:l1" not in desk.mentor().scopes()
    assert desk.mentor().claims() == frozenset()
    assert desk.code(replace(issue, link="l2")) == "wrong_status"


# Interview and background check -------------------------------------------------------------------


def test_nothing_is_asked_of_somebodys_past_before_a_favourable_interview() -> None:
    desk = at("file_complete")
    b3 = ask.AskCheck(record_id=MENTOR, kind=CheckKind.B3)
    assert desk.code(b3) == "interview_missing"
    assert desk.code(presenting(MENTOR, TODAY, TODAY)) == "interview_missing"
    assert desk.code(interviewing(MENTOR, TOMORROW)) == "in_the_future"
    assert desk.code(replace(interviewing(MENTOR, TODAY), report=" ")) == "report_missing"
    assert desk.code(replace(interviewing(MENTOR, TODAY), report="a" * 4_001)) == "text_too_long"
    desk.interview(favourable=False)
    assert desk.mentor().status == "file_complete"
    assert desk.code(b3) == "interview_missing"
    desk.interview()
    desk.do(b3)
    assert desk.mentor().status == "interviewed"


@pytest.mark.parametrize(
    ("mission", "departement", "day", "allowed"),
    [
        (MISSION, "69", date(2025, 11, 24), True),
        (MISSION, "69", date(2026, 3, 31), True),
        (MISSION, "69", date(2026, 4, 1), False),
        (MISSION, "38", date(2025, 11, 24), False),
        (MISSION, None, date(2025, 11, 24), False),
        ("mentorat au lycée", "69", date(2025, 11, 24), False),
        (None, "69", date(2025, 11, 24), False),
    ],
)
def test_an_attestation_is_asked_for_inside_its_legal_perimeter_only(
    mission: str | None, departement: str | None, day: date, allowed: bool
) -> None:
    desk = at("interviewed", FRAMED)
    desk.go_to(day)
    asking = ask.AskCheck(
        record_id=MENTOR, kind=CheckKind.HONORABILITE, mission=mission, departement=departement
    )
    if allowed:
        desk.do(asking)
        desk.do(presenting(MENTOR, day, day, CheckKind.HONORABILITE))
        assert desk.mentor().status == "checked"
    else:
        refused = desk.refused(asking)
        assert refused.code == "honorabilite_outside_perimeter"
        assert "mentorat au lycée" not in refused.sentence


def test_without_a_perimeter_in_the_rules_no_attestation_is_ever_asked_for() -> None:
    desk = at("interviewed")
    asking = ask.AskCheck(record_id=MENTOR, kind=CheckKind.HONORABILITE, mission=MISSION, departement="69")
    assert desk.code(asking) == "honorabilite_outside_perimeter"
    assert desk.code(presenting(MENTOR, TODAY, TODAY, CheckKind.HONORABILITE)) == "check_not_asked"


def test_an_attestation_asked_for_in_time_is_not_taken_once_the_perimeter_has_ended() -> None:
    desk = at("interviewed", FRAMED)
    asking = ask.AskCheck(record_id=MENTOR, kind=CheckKind.HONORABILITE, mission=MISSION, departement="69")
    desk.do(asking)
    desk.go_to(date(2026, 4, 1))
    late = presenting(MENTOR, date(2026, 4, 1), date(2026, 3, 30), CheckKind.HONORABILITE)
    assert desk.code(late) == "honorabilite_outside_perimeter"


@pytest.mark.parametrize(
    ("issued", "on", "code"),
    [
        (date(2025, 8, 25), TODAY, None),
        (date(2025, 8, 24), TODAY, "check_too_old"),
        (TODAY, TODAY, None),
        (TOMORROW, TODAY, "issued_later"),
        (TODAY, TOMORROW, "in_the_future"),
        (TODAY, TODAY - timedelta(days=1), "too_early"),
    ],
)
def test_a_bulletin_is_under_three_months_old_when_it_is_seen(
    issued: date, on: date, code: str | None
) -> None:
    desk = at("interviewed")
    assert desk.code(presenting(MENTOR, on, issued)) == "check_not_asked"
    desk.do(ask.AskCheck(record_id=MENTOR, kind=CheckKind.B3))
    if code:
        assert desk.code(presenting(MENTOR, on, issued)) == code
    else:
        desk.do(presenting(MENTOR, on, issued))
        assert desk.mentor().status == "checked"


def test_of_a_check_only_that_it_was_seen_is_kept() -> None:
    desk = at("interviewed")
    b3 = ask.AskCheck(record_id=MENTOR, kind=CheckKind.B3)
    assert desk.code(b3, reason="on m'a dit que…") == "reason_not_taken"
    desk.do(b3)
    seen = presenting(MENTOR, TODAY, TODAY)
    assert desk.code(seen, reason="une mention") == "reason_not_taken"
    assert desk.code(replace(seen, issued_on=None)) == "issue_date"
    assert desk.code(replace(seen, presented=False)) == "issue_date"
    desk.do(presenting(MENTOR, TODAY, None))
    assert desk.mentor().status == "interviewed"
    desk.do(seen)
    check = desk.mentor().check
    assert check is not None
    assert vars(check) == {"kind": "b3", "issued_on": TODAY, "on": TODAY, "checker": COORDINATOR.id}
    told = {name for name in vars(Mentor.CheckPresented)["__annotations__"] if name != "self"}  # type: ignore[attr-defined]
    assert told == {"kind", "presented", "issued_on", "on", "checker"}


# Clearance ----------------------------------------------------------------------------------------


def clearing(on: date = TODAY) -> ask.Clear:
    return ask.Clear(record_id=MENTOR, on=on)


def test_clearance_says_everything_that_is_missing(desk: Desk) -> None:
    desk.apply()
    refused = desk.refused(clearing())
    assert refused.code == "file_incomplete"
    assert refused.missing == (
        "la pièce d'identité vue",
        "la charte signée",
        "un entretien favorable",
        "une vérification des antécédents qui compte encore",
        "le module « posture du mentor »",
        "le module « protection des mineurs »",
        "le module « voie professionnelle »",
        "le module « protection des données »",
        "4 h de formation",
        "l'association référencée par l'académie",
    )


@pytest.mark.parametrize(
    ("stage", "code"),
    [
        ("candidate", "file_incomplete"),
        ("file_complete", "interview_missing"),
        ("interviewed", "check_missing"),
        ("checked", "training_missing"),
        ("cleared", "wrong_status"),
    ],
)
def test_clearance_names_the_first_step_that_is_missing(stage: str, code: str) -> None:
    assert at(stage).code(clearing()) == code


def test_somebody_trained_first_climbs_no_rung_before_its_turn(desk: Desk) -> None:
    desk.admit()
    desk.apply()
    desk.train()
    assert desk.mentor().status == "candidate"
    desk.complete_file()
    assert desk.mentor().status == "file_complete"
    desk.interview()
    assert desk.mentor().status == "interviewed"
    desk.check()
    assert desk.mentor().status == "trained"
    desk.interview(favourable=False)
    assert desk.mentor().status == "file_complete"
    desk.interview()
    desk.clear()
    assert desk.mentor().status == "cleared"


def test_training_that_is_short_says_which_module_or_how_many_minutes() -> None:
    desk = at("checked")
    desk.opened("training-1", days=-2, modules=(replace(MODULES[0], minutes=45), MODULES[1]))
    desk.do(course.Enrol(record_id="training-1", mentor_id=MENTOR))
    desk.do(course.Hold(record_id="training-1"), SYSTEM)
    desk.do(course.Attend(record_id="training-1", mentor_id=MENTOR, present=True, minutes=105))
    desk.do(course.Certify(record_id="training-1", mentor_id=MENTOR, on=TODAY))
    refused = desk.refused(clearing())
    assert refused.code == "training_missing"
    assert refused.missing == (
        "le module « voie professionnelle »",
        "le module « protection des données »",
        "2 h 15 de formation",
    )
    desk.opened("training-2", days=-1, modules=MODULES[2:])
    desk.do(course.Enrol(record_id="training-2", mentor_id=MENTOR))
    desk.do(course.Hold(record_id="training-2"), SYSTEM)
    desk.do(course.Attend(record_id="training-2", mentor_id=MENTOR, present=True))
    desk.do(course.Certify(record_id="training-2", mentor_id=MENTOR, on=TODAY))
    assert desk.mentor().status == "checked"
    assert desk.refused(clearing()).missing == ("15 min de formation",)


def test_a_certificate_or_a_check_that_ran_out_before_clearance_is_told() -> None:
    desk = at("trained")
    desk.go_to(date(2026, 11, 24))
    desk.do(clearing(date(2026, 11, 24)))
    desk = at("trained")
    desk.go_to(date(2026, 11, 25))
    assert desk.code(clearing(date(2026, 11, 25))) == "check_missing"
    desk.go_to(date(2027, 11, 25))
    desk.do(presenting(MENTOR, desk.today, desk.today))
    refused = desk.refused(clearing(desk.today))
    assert refused.code == "training_missing"
    assert len(refused.missing) == 6
    assert "assurance de l'association" in refused.missing[-1], "it has run out in the meantime too"


def test_a_clearance_of_the_past_looks_at_what_counted_then() -> None:
    desk = Desk()
    desk.admit()
    desk.apply(on=TODAY - timedelta(days=2))
    desk.complete_file()
    desk.interview()
    desk.check()
    desk.train()
    desk.go_to(date(2025, 12, 20))
    assert desk.code(clearing(date(2025, 12, 21))) == "in_the_future"
    assert desk.code(clearing(date(2025, 11, 23))) == "file_incomplete"
    assert desk.code(clearing(date(2025, 11, 21))) == "too_early"
    desk.do(clearing(TODAY))
    assert desk.mentor().cleared_on == TODAY


@pytest.mark.parametrize("how", ["candidate", "suspended"])
def test_nobody_is_cleared_for_an_operator_that_is_not_admitted(how: str) -> None:
    desk = at("trained")
    if how == "candidate":
        desk = Desk()
        desk.apply()
        desk.complete_file()
        desk.interview()
        desk.check()
        desk.train()
    else:
        suspend = of_association.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=TODAY)
        desk.do(suspend, LYON, "manquement")
    told = {
        "candidate": ("operator_not_admitted", "l'association référencée par l'académie"),
        "suspended": ("operator_suspended", "la levée de la suspension de l'association, par l'académie"),
    }
    refusal = desk.refused(clearing())
    assert (refusal.code, *refusal.missing) == told[how]


def test_nobody_is_cleared_for_an_operator_without_the_titles_that_the_scheme_requires() -> None:
    desk = at("trained")
    stricter = replace(Rules(), required_entitlements=("laureate",))
    desk.do(AdoptRules(record_id="programme-1j1m", rules=stricter, on=desk.today, to_open=True), NATIONAL)
    refused = desk.refused(clearing())
    assert refused.code == "entitlement_missing"
    assert refused.missing == ("lauréate d'un appel à projets couvrant 1j1m dans l'académie 10",)


# Standing and leaving -----------------------------------------------------------------------------


def test_a_suspension_is_decided_by_a_person_for_a_reason_and_lifted_by_one() -> None:
    desk = at("trained")
    suspend = ask.Suspend(record_id=MENTOR, on=TODAY)
    assert desk.code(suspend, reason="plainte") == "wrong_status"
    desk.clear()
    assert desk.code(suspend) == "reason_missing"
    assert desk.code(replace(suspend, on=TOMORROW), reason="plainte") == "in_the_future"
    assert desk.code(replace(suspend, on=TODAY - timedelta(days=1)), reason="plainte") == "too_early"
    assert desk.code(suspend, GRENOBLE, "plainte") == "not_found"
    desk.do(suspend, reason="plainte")
    assert desk.mentor().status == "suspended"
    assert desk.code(suspend, reason="plainte") == "already_suspended"
    desk.go_to(date(2025, 12, 1))
    lift = ask.LiftSuspension(record_id=MENTOR, on=desk.today)
    assert desk.code(lift) == "reason_missing"
    assert desk.code(replace(lift, on=date(2025, 11, 23)), reason="élucidé") == "too_early"
    assert desk.code(replace(lift, on=date(2025, 12, 2)), reason="élucidé") == "in_the_future"
    desk.do(lift, reason="élucidé")
    assert desk.mentor().status == "cleared"
    assert desk.code(lift, reason="élucidé") == "wrong_status"


def test_what_the_clock_suspended_a_person_does_not_lift() -> None:
    desk = at("cleared")
    desk.go_to(date(2026, 11, 25))
    desk.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    assert desk.mentor().status == "suspended"
    assert desk.code(ask.LiftSuspension(record_id=MENTOR, on=desk.today), reason="?") == "not_suspended"
    assert desk.code(ask.SuspendOverdue(record_id=MENTOR)) == "role_not_allowed"


def test_a_candidacy_is_refused_before_clearance_and_without_a_reason_once_a_check_was_asked_for() -> None:
    refusing = ask.RefuseCandidacy(record_id=MENTOR)
    desk = at("interviewed")
    assert desk.code(refusing) == "reason_missing"
    desk.do(ask.AskCheck(record_id=MENTOR, kind=CheckKind.B3))
    assert desk.code(refusing, reason="son bulletin") == "reason_not_taken"
    desk.do(refusing)
    assert desk.mentor().status == "refused"
    assert at("cleared").code(refusing) == "wrong_status"
    desk = at("candidate")
    desk.do(refusing, reason="hors du périmètre")
    assert desk.mentor().status == "refused"


def test_somebody_leaves_for_a_cause_that_a_person_may_tell() -> None:
    desk = at("cleared")
    desk.go_to(date(2025, 12, 1))
    leave = ask.Leave(record_id=MENTOR, on=desk.today, cause=MentorLeaving.MOVED)
    for reserved in (MentorLeaving.MERGED, MentorLeaving.OPERATOR):
        assert desk.code(replace(leave, cause=reserved)) == "cause_reserved"
    assert desk.code(replace(leave, on=date(2025, 12, 2))) == "in_the_future"
    assert desk.code(replace(leave, on=date(2025, 11, 23))) == "too_early"
    desk.do(leave)
    assert (desk.mentor().status, desk.mentor().leaving) == ("left", "moved")
    assert desk.mentor().claims() == frozenset()


CLOSED_TO = [
    of_person.ChangePerson(record_id=MENTOR, person=AWA),
    of_person.CorrectPerson(record_id=MENTOR, person=AWA),
    ask.ChangeProfile(record_id=MENTOR, profile=PROFILE),
    ask.SeeIdentity(record_id=MENTOR, on=TODAY, channel=Channel.PAPER),
    signing(MENTOR, TODAY),
    interviewing(MENTOR, TODAY),
    ask.AskCheck(record_id=MENTOR, kind=CheckKind.B3),
    presenting(MENTOR, TODAY, TODAY),
    clearing(),
    ask.Suspend(record_id=MENTOR, on=TODAY),
    ask.LiftSuspension(record_id=MENTOR, on=TODAY),
    ask.Leave(record_id=MENTOR, on=TODAY, cause=MentorLeaving.END),
    ask.RefuseCandidacy(record_id=MENTOR),
    of_person.Merge(record_id=MENTOR, duplicate_id="mentor-2"),
]


@pytest.mark.parametrize("command", CLOSED_TO, ids=lambda command: command.name)
def test_nothing_more_is_done_of_a_record_that_is_closed_and_nothing_at_all_once_erased(
    command: Command,
) -> None:
    desk = at("cleared")
    desk.do(ask.Leave(record_id=MENTOR, on=TODAY, cause=MentorLeaving.END))
    assert desk.code(command) == "wrong_status"
    desk.do(Erase(record_id=MENTOR, ground=Ground.OBJECTION), OFFICER)
    assert desk.code(command) == "erased"
    assert desk.dues(MENTOR) == []
    assert desk.mentor().claims() == frozenset()


def test_a_certificate_is_given_to_nobody_whose_record_is_closed() -> None:
    desk = at("checked")
    desk.hold_course("training-1", 1, MENTOR)
    desk.do(course.Attend(record_id="training-1", mentor_id=MENTOR, present=True))
    desk.do(Erase(record_id=MENTOR, ground=Ground.OBJECTION), OFFICER)
    version = desk.version(MENTOR)
    certify = course.Certify(record_id="training-1", mentor_id=MENTOR, on=TODAY)
    assert desk.code(certify) == "mentor_closed"
    assert desk.version(MENTOR) == version
    assert desk.training("training-1").enrolments[MENTOR].place == "attended"


# What is shown, and that nothing was forgotten here -----------------------------------------------


def test_an_academie_sees_mentors_and_is_shown_nobody() -> None:
    mentor = at("cleared").mentor()
    assert {"academie:10", f"association:{FACE}"} <= mentor.scopes()
    assert "role:national" not in mentor.scopes()
    assert mentor.persons_shown_to == {"association", "dpo"}


def test_a_rule_that_only_open_records_follow_later_is_that_of_the_record() -> None:
    desk = at("trained")
    longer = replace(Rules(), training=TrainingRules(minutes=300))
    desk.do(AdoptRules(record_id="programme-1j1m", rules=longer, on=desk.today), NATIONAL)
    desk.clear()
    desk = at("trained")
    desk.do(AdoptRules(record_id="programme-1j1m", rules=longer, on=desk.today, to_open=True), NATIONAL)
    assert desk.refused(clearing()).missing == ("1 h de formation",)


def test_every_code_of_a_refusal_is_met_here() -> None:
    """By its name: a guard that nobody tries is a guard that may be wrong."""
    told = codes_of("mentor")
    assert len(told) > 30
    files = [
        f"test_mentor_{name}.py"
        for name in (
            *("candidacy", "company", "guards", "identity", "known", "merging", "operator", "proposals"),
        )
    ]
    assert told <= words_of(*files, "test_erasing_a_person.py")


def test_a_guard_never_looks_at_who_somebody_is() -> None:
    """What is stored of a person is sealed: a decision that looked at it would compare boxes."""
    assert "mentor.person" not in Path(guards.__file__).read_text("utf-8")
