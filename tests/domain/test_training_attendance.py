"""What attendance credits, what a certificate says, and how both are corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.mentor import commands as of_mentor
from domain.mentor.clearance import blocks
from domain.mentor.identity import Merge
from domain.mentor.parts import MentorLeaving, Person
from domain.training import commands as ask
from domain.training.parts import Module
from tests.domain.mentor_support import COURSE, MENTOR, MODULES, Desk
from tests.domain.test_training import attend, certify, held, places

ORAL = Module("prise_de_parole", 30, required=False)
CODES = tuple(module.code for module in MODULES)


def course_of(*modules: Module) -> Desk:
    """Two mentors came to a course of these modules, which was held yesterday."""
    desk = Desk()
    for n in (1, 2):
        desk.apply(f"mentor-{n}", Person("Prénom", "Nom", f"m{n}@exemple.test"))
    desk.opened(modules=modules)
    return held(desk, 1, 2)


@pytest.fixture
def desk() -> Desk:
    return course_of(*MODULES)


def followed(minutes: int, *modules: str) -> ask.Attend:
    return replace(attend(1, minutes=minutes), modules=modules)


def revoke(n: int) -> ask.RevokeCertificate:
    return ask.RevokeCertificate(record_id=COURSE, mentor_id=f"mentor-{n}")


# What attendance credits ----------------------------------------------------------------------------


def test_whoever_was_there_all_the_time_followed_every_module(desk: Desk) -> None:
    desk.do(attend(1))
    assert desk.training().enrolments["mentor-1"].modules == CODES


def test_whoever_was_there_for_a_part_followed_the_modules_that_are_named(desk: Desk) -> None:
    refused = desk.refused(attend(1, minutes=130))
    assert refused.code == "modules_untold"
    assert refused.missing == (f"les modules suivis en entier (modules), parmi {', '.join(CODES)}",)
    desk.do(followed(130, "safeguarding", "posture"))
    place = desk.training().enrolments["mentor-1"]
    assert (place.minutes, place.modules) == (130, ("posture", "safeguarding"))


@pytest.mark.parametrize(
    ("minutes", "modules", "missing"),
    [
        (119, CODES[:2], "minutes à partir de 120, ou moins de modules"),
        (1, CODES[:1], "minutes à partir de 60, ou moins de modules"),
        (120, ("posture", "posture"), f"des modules parmi {', '.join(CODES)}"),
        (120, ("oral",), f"des modules parmi {', '.join(CODES)}"),
    ],
)
def test_modules_take_no_longer_than_one_was_there_and_are_those_that_were_taught(
    desk: Desk, minutes: int, modules: tuple[str, ...], missing: str
) -> None:
    refused = desk.refused(followed(minutes, *modules))
    assert (refused.code, refused.missing) == ("modules_unlikely", (missing,))


def test_nobody_absent_followed_a_module(desk: Desk) -> None:
    assert desk.code(replace(attend(1, present=False), modules=("posture",))) == "modules_unlikely"
    desk.do(replace(attend(1, present=False), modules=()))
    assert desk.training().enrolments["mentor-1"].modules == ()


# What a certificate says ----------------------------------------------------------------------------


def test_a_certificate_carries_the_modules_followed_and_the_minutes_of_whoever_came() -> None:
    desk = course_of(MODULES[0], MODULES[1], ORAL)
    desk.do(followed(125, "posture", "safeguarding"))
    desk.do(certify(1, desk.today))
    certificate = desk.mentor().certificates[COURSE]
    assert (certificate.modules, certificate.minutes) == (("posture", "safeguarding"), 125)
    assert not desk.mentor().training_complete


def test_a_required_module_that_was_missed_gives_no_certificate_and_is_named(desk: Desk) -> None:
    desk.do(followed(120, "posture", "safeguarding"))
    refused = desk.refused(certify(1, desk.today))
    assert refused.code == "module_missed"
    assert refused.missing == ("le module « voie professionnelle »", "le module « protection des données »")
    assert "certify" not in desk.days(COURSE), "nobody is asked for a certificate that would be refused"


def test_whoever_followed_no_module_whole_is_not_certified() -> None:
    desk = course_of(replace(MODULES[0], required=False), ORAL)
    desk.do(followed(20))
    assert desk.code(certify(1, desk.today)) == "no_module_followed"
    desk.do(followed(40, ORAL.code))
    desk.do(certify(1, desk.today))
    assert desk.mentor().certificates[COURSE].modules == (ORAL.code,)


# How both are corrected -----------------------------------------------------------------------------


def test_a_certificate_given_wrongly_is_taken_back_and_attendance_noted_again(desk: Desk) -> None:
    desk.do(attend(1))
    desk.do(attend(2, present=False))
    assert desk.code(revoke(1), reason="erreur") == "not_certified"
    desk.do(certify(1, desk.today))
    desk.do(ask.CloseCourse(record_id=COURSE))
    assert desk.mentor().training_complete
    assert desk.code(revoke(1)) == "reason_missing"
    desk.do(revoke(1), reason="la feuille d'émargement disait le contraire")
    assert places(desk) == {"1": "+", "2": "-"}
    assert (desk.mentor().certificates, desk.mentor().training_complete) == ({}, False)
    assert desk.code(followed(60, "posture")) == "reason_missing", "the course is closed"
    desk.do(followed(60, "posture"), reason="partie après le premier module")
    assert desk.code(certify(1, desk.today)) == "module_missed"
    desk.do(attend(1), reason="revenue l'après-midi")
    desk.do(certify(1, desk.today))
    assert desk.mentor().training_complete


def test_both_records_say_so_in_one_append_and_why(desk: Desk) -> None:
    desk.do(attend(1))
    desk.do(certify(1, desk.today))
    before = desk.version(MENTOR)
    desk.do(revoke(1), reason="erreur de personne")
    stored = desk.house.recorder.events[-2:]  # type: ignore[attr-defined]
    assert [one.topic for one in stored] == ["training.CertificateRevoked@1", "mentor.TrainingWithdrawn@1"]
    assert desk.version(MENTOR) == before + 1
    assert desk.code(revoke(1), reason="encore") == "not_certified"


def test_somebody_cleared_whose_training_no_longer_covers_begins_no_new_binome() -> None:
    desk = Desk()
    desk.cleared()
    assert blocks(desk.mentor(), desk.rules, desk.today) == ()
    desk.do(revoke(1), reason="attestation délivrée à tort")
    mentor = desk.mentor()
    assert (mentor.status, blocks(mentor, desk.rules, desk.today)) == ("cleared", ("certificate_expired",))
    assert "train" in desk.days(MENTOR)


def test_before_the_clearance_they_are_no_more_trained() -> None:
    desk = Desk()
    desk.apply()
    desk.complete_file()
    desk.interview()
    desk.check()
    desk.train()
    assert desk.mentor().status == "trained"
    desk.do(revoke(1), reason="attestation délivrée à tort")
    assert desk.mentor().status == "checked"


def test_the_certificate_of_somebody_who_left_is_taken_back_too(desk: Desk) -> None:
    desk.do(attend(1))
    desk.do(certify(1, desk.today))
    leave = of_mentor.Leave(record_id=MENTOR, on=desk.today, cause=MentorLeaving.END)
    desk.do(leave)
    desk.go_to(desk.today + timedelta(days=3))
    desk.do(revoke(1), reason="erreur")
    assert desk.mentor().certificates == {}


def test_a_certificate_taken_back_leaves_what_the_course_still_certifies_of_the_same_person() -> None:
    desk = course_of(*MODULES)
    for n in (1, 2):
        desk.do(attend(n))
        desk.do(certify(n, desk.today))
    desk.do(Merge(record_id=MENTOR, duplicate_id="mentor-2"), reason="même personne")
    desk.do(revoke(2), reason="présence notée deux fois")
    assert desk.mentor().certificates[COURSE].modules == CODES
    assert desk.mentor().training_complete
    desk.do(revoke(1), reason="erreur")
    assert desk.mentor().certificates == {}


def test_what_the_other_record_proves_counts_again_once_their_own_certificate_is_taken_back() -> None:
    desk = course_of(MODULES[0], MODULES[1], ORAL)
    desk.do(attend(1))
    desk.do(replace(attend(2, minutes=125), modules=CODES[:2]))
    for n in (1, 2):
        desk.do(certify(n, desk.today))
    desk.do(Merge(record_id=MENTOR, duplicate_id="mentor-2"), reason="même personne")
    desk.do(revoke(1), reason="présence notée deux fois")
    certificate = desk.mentor().certificates[COURSE]
    assert (certificate.modules, certificate.minutes, certificate.certified_on) == (
        CODES[:2],
        125,
        desk.today,
    )
