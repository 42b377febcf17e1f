"""The same person twice in one operator: told apart by digests, refused (``claims.py``), merged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.association import commands as of_association
from domain.association.model import Identity
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Actor, Sealed
from domain.mentor import commands as ask
from domain.mentor import identity as of_person
from domain.mentor.known import digests_of
from domain.mentor.parts import MentorLeaving, Person
from domain.training import commands as course
from tests.domain.mentor_support import AWA, MENTOR, Desk, applying
from tests.domain.rehearsal import OFFICER
from tests.support import FACE, LYON

TODAY = date(2025, 11, 24)
AGAIN = "mentor-2"
OTHER = "association-other"
RIVAL = Actor("t-rival", "association", frozenset({"public", f"association:{OTHER}"}))
BORN = AWA.birth_date


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.apply()
    return desk


SAME = {
    "the same address": Person("Aminata", "Sow", AWA.email),
    "in capitals": Person("Aminata", "Sow", "  AWA.Diallo@Exemple.TEST "),
    "the same names and birth date": replace(AWA, email=None, phone=None),
    "without accents, in capitals": Person("AWÀ", "DIALLO", None, None, BORN),
    "names the other way round": Person("Diallo", "Awa", "autre@exemple.test", None, BORN),
}
DIFFERENT = {
    "another birth date": replace(AWA, email=None, birth_date=date(1985, 3, 3)),
    "no birth date": replace(AWA, email=None, birth_date=None),
    "another name": Person("Awa", "Diallo-Sow", "awa.sow@exemple.test", None, BORN),
    "the same telephone": Person("Aminata", "Sow", None, AWA.phone),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_person_twice_in_one_operator_is_refused(desk: Desk, name: str) -> None:
    refused = desk.refused(applying(AGAIN, SAME[name]))
    assert refused.code == "mentor_known"
    assert MENTOR in refused.sentence
    assert "mentor.merge" in refused.missing[1]


@pytest.mark.parametrize("name", DIFFERENT)
def test_another_person_is_another_record(desk: Desk, name: str) -> None:
    desk.apply(AGAIN, DIFFERENT[name])
    assert desk.mentor(AGAIN).status == "candidate"


def test_names_in_another_alphabet_are_told_apart_too() -> None:
    def told(given: str, family: str) -> str | None:
        person = Person(given, family, None, None, BORN)
        return digests_of(FACE, person, lambda *words: "|".join(words)).name_digest

    assert told("Ольга", "Иванова") == told("ольга", "иванова") != told("Анна", "Петрова")
    assert told("Œdipe", "Élan") == told("oedipe", "ELAN")


def test_two_operators_may_know_the_same_person_and_cannot_tell(desk: Desk) -> None:
    register = of_association.RegisterAssociation(
        record_id=OTHER, identity=Identity("Autre"), academies=("10",)
    )
    desk.do(register, LYON)
    desk.do(applying(AGAIN, association_id=OTHER), RIVAL)
    ours, theirs = desk.mentor().digests, desk.mentor(AGAIN).digests
    assert len({*ours.all(), *theirs.all()}) == 4


def test_what_is_stored_of_a_person_is_sealed_and_what_recognises_them_tells_nothing(desk: Desk) -> None:
    mentor = desk.mentor()
    assert all(isinstance(value, Sealed) for value in vars(mentor.person).values())
    assert all(len(digest) == 64 for digest in mentor.digests.all())
    desk.do(of_person.ChangePerson(record_id=MENTOR, person=Person("Awa", "Diallo", "awa@exemple.test")))
    changed = desk.mentor()
    assert changed.person.phone is None
    assert changed.digests.name_digest is None
    assert {claim.key for claim in changed.claims()} == {f"mentor:{FACE}:{changed.digests.email_digest}"}
    desk.apply(AGAIN, AWA)


@pytest.mark.parametrize("how", ["left", "refused", "lapsed", "erased"])
def test_whoever_has_no_open_record_may_come_again(desk: Desk, how: str) -> None:
    if how == "left":
        desk.do(ask.Leave(record_id=MENTOR, on=TODAY, cause=MentorLeaving.REQUEST))
    elif how == "refused":
        desk.do(ask.RefuseCandidacy(record_id=MENTOR), reason="hors périmètre")
    elif how == "lapsed":
        desk.lapse()
    else:
        desk.do(Erase(record_id=MENTOR, ground=Ground.OBJECTION), OFFICER)
    assert desk.mentor().status == how
    desk.apply(AGAIN)


# Merging ------------------------------------------------------------------------------------------

SECOND = Person("Awa", "Diallo", "awa@travail.test")


def merging(duplicate: str = AGAIN) -> of_person.Merge:
    return of_person.Merge(record_id=MENTOR, duplicate_id=duplicate)


def test_two_records_of_one_person_become_one_with_what_both_prove(desk: Desk) -> None:
    desk.complete_file()
    desk.interview()
    desk.check()
    desk.apply(AGAIN, SECOND)
    desk.train(AGAIN)
    theirs = desk.mentor(AGAIN)
    desk.do(merging())
    kept, closed = desk.mentor(), desk.mentor(AGAIN)
    assert (closed.status, closed.leaving, closed.merged_into) == ("left", "merged", MENTOR)
    assert closed.claims() == frozenset()
    assert kept.certificates == theirs.certificates
    assert kept.status == "trained"
    assert {claim.key.rpartition(":")[2] for claim in kept.claims()} == {
        *kept.digests.all(),
        *theirs.digests.all(),
    }
    assert desk.code(applying("mentor-3", Person("A", "D", SECOND.email))) == "mentor_known"


def test_the_newer_check_is_kept_and_brings_back_whoever_was_overdue() -> None:
    desk = Desk()
    desk.cleared()
    old = desk.mentor().check
    desk.go_to(date(2026, 11, 25))
    desk.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    desk.apply(AGAIN, SECOND)
    desk.do(merging())
    assert desk.mentor().check == old
    assert desk.mentor().status == "suspended"
    third = "mentor-3"
    desk.apply(third, Person("Awa", "Diallo", "awa@maison.test"))
    desk.complete_file(third)
    desk.interview(third)
    desk.check(third)
    desk.do(merging(third))
    assert desk.mentor().check == desk.mentor(third).check
    assert desk.mentor().status == "cleared"
    assert desk.mentor().suspensions == {}
    assert len(desk.mentor().aliases) == 2


def test_only_another_open_record_of_the_same_operator_is_merged(desk: Desk) -> None:
    register = of_association.RegisterAssociation(
        record_id=OTHER, identity=Identity("Autre"), academies=("10",)
    )
    desk.do(register, LYON)
    desk.do(applying("mentor-9", SECOND, association_id=OTHER), RIVAL)
    told = {
        (refused.code, refused.sentence)
        for refused in map(desk.refused, [merging("mentor-9"), merging("mentor-8"), merging(MENTOR)])
    }
    assert {code for code, _ in told} == {"no_such_duplicate"}
    assert len(told) == 1, "another operator's record is told from none at all"
    desk.apply(AGAIN, SECOND)
    desk.do(ask.Leave(record_id=AGAIN, on=TODAY, cause=MentorLeaving.REQUEST))
    assert desk.code(merging()) == "wrong_status"


def test_nobody_escapes_a_suspension_by_keeping_the_other_record() -> None:
    desk = Desk()
    desk.cleared()
    desk.do(ask.Suspend(record_id=MENTOR, on=TODAY), LYON, "plainte")
    desk.apply(AGAIN, SECOND)
    escaping = of_person.Merge(record_id=AGAIN, duplicate_id=MENTOR)
    assert desk.code(escaping) == "duplicate_suspended"
    desk.do(merging())
    assert desk.mentor().status == "suspended"


def test_a_certificate_of_the_closed_record_goes_to_the_one_that_was_kept(desk: Desk) -> None:
    desk.apply(AGAIN, SECOND)
    desk.hold_course("training-1", 1, AGAIN)
    desk.do(course.Attend(record_id="training-1", mentor_id=AGAIN, present=True))
    desk.do(merging())
    desk.do(course.Certify(record_id="training-1", mentor_id=AGAIN, on=TODAY))
    assert set(desk.mentor().certificates) == {"training-1"}
    assert desk.mentor(AGAIN).certificates == {}


def test_merging_twice_in_a_row_carries_every_address_along(desk: Desk) -> None:
    desk.apply(AGAIN, SECOND)
    desk.apply("mentor-3", Person("Awa", "D", "awa@maison.test"))
    desk.do(of_person.Merge(record_id=AGAIN, duplicate_id="mentor-3"), reason="nom abrégé")
    desk.do(merging())
    for email in (AWA.email, SECOND.email, "awa@maison.test"):
        assert desk.code(applying("mentor-4", Person("X", "Y", email))) == "mentor_known"


def test_a_repeated_merge_answers_the_same(desk: Desk) -> None:
    desk.apply(AGAIN, SECOND)
    first = desk.do(merging(), key="k")
    again = desk.do(merging(), key="k")
    assert (again.version, again.repeated) == (first.version, True)
