"""Who a record is of: retyped freely at first, corrected once something was proved, then seen again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.kernel import SYSTEM
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor import identity as of_person
from domain.mentor.clearance import blocks
from domain.mentor.parts import MentorLeaving, Person
from tests.domain.mentor_support import AWA, MENTOR, Desk, applying
from tests.support import FACE

TODAY = date(2025, 11, 24)
SOMEBODY_ELSE = Person("Ousmane", "Sow", AWA.email, AWA.phone, AWA.birth_date)
UNDATED = replace(AWA, birth_date=None)
REASON = "erreur de saisie"


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.apply()
    return desk


def changing(person: Person) -> of_person.ChangePerson:
    return of_person.ChangePerson(record_id=MENTOR, person=person)


def correcting(person: Person = SOMEBODY_ELSE) -> of_person.CorrectPerson:
    return of_person.CorrectPerson(record_id=MENTOR, person=person)


def seeing(on: date) -> ask.SeeIdentity:
    return ask.SeeIdentity(record_id=MENTOR, on=on, channel=Channel.MEETING)


def kinds(desk: Desk) -> set[str]:
    return {due.kind for due in desk.dues(MENTOR)}


OTHER = {
    "other names": SOMEBODY_ELSE,
    "another birth date": replace(AWA, birth_date=date(1985, 3, 3)),
    "no birth date any more": UNDATED,
}


@pytest.mark.parametrize("name", OTHER)
def test_a_mentor_whose_identity_was_seen_does_not_become_somebody_else(desk: Desk, name: str) -> None:
    desk.complete_file()
    refused = desk.refused(changing(OTHER[name]))
    assert refused.code == "identity_settled"
    assert "mentor.correct_person" in refused.missing[0]


@pytest.mark.parametrize("proved", ["charter", "training"])
def test_whatever_was_proved_of_somebody_is_not_handed_on_to_another(desk: Desk, proved: str) -> None:
    if proved == "charter":
        desk.do(ask.SignCharter(record_id=MENTOR, on=TODAY, version="1", channel=Channel.PAPER))
    else:
        desk.train()
    assert desk.code(changing(SOMEBODY_ELSE)) == "identity_settled"


@pytest.mark.parametrize("name", OTHER)
def test_a_candidate_of_whom_nothing_was_proved_is_retyped_freely(desk: Desk, name: str) -> None:
    desk.do(changing(OTHER[name]))
    assert desk.code(correcting(OTHER[name])) == "nothing_to_correct"


SAME = {
    "another address": replace(AWA, email="awa@ailleurs.test"),
    "another telephone": replace(AWA, phone="07 01 02 03 04"),
    "without accents, in capitals": replace(AWA, given_name="AWÀ", family_name="DIALLO"),
}


@pytest.mark.parametrize("name", SAME)
def test_where_to_reach_somebody_changes_freely(desk: Desk, name: str) -> None:
    desk.complete_file()
    desk.do(changing(SAME[name]))
    assert desk.mentor().identity_seen_on == TODAY
    assert desk.code(correcting(SAME[name])) == "nothing_to_correct"


def test_a_birth_date_that_was_missing_is_added_and_stays(desk: Desk) -> None:
    desk.do(changing(UNDATED))
    desk.complete_file()
    desk.do(changing(AWA))
    assert desk.mentor().identity_seen_on == TODAY
    assert desk.code(applying("mentor-2", replace(AWA, email=None))) == "mentor_known"
    assert desk.code(changing(UNDATED)) == "identity_settled"


def test_a_correction_has_its_reason_and_voids_the_identity_seen(desk: Desk) -> None:
    desk.complete_file()
    desk.interview()
    desk.check()
    assert desk.code(correcting()) == "reason_missing"
    desk.do(correcting(), reason=REASON)
    mentor = desk.mentor()
    assert (mentor.status, mentor.identity_seen_on, mentor.corrected_on) == ("candidate", None, TODAY)
    assert "la pièce d'identité vue" in mentor.file_missing
    desk.do(seeing(TODAY))
    assert desk.mentor().status == "checked", "what else was proved still counts"


def test_the_paper_is_seen_after_the_correction(desk: Desk) -> None:
    desk.complete_file()
    desk.go_to(date(2025, 12, 1))
    desk.do(correcting(), reason=REASON)
    assert desk.code(seeing(TODAY)) == "too_early"
    desk.do(seeing(date(2025, 12, 1)))
    assert desk.mentor().status == "file_complete"


def test_whoever_was_corrected_is_not_retyped_before_the_paper_is_seen(desk: Desk) -> None:
    desk.do(seeing(TODAY))
    desk.do(correcting(), reason=REASON)
    assert desk.code(changing(AWA)) == "identity_settled"


def test_somebody_cleared_stays_so_but_takes_no_binome_before_the_paper_is_seen_again() -> None:
    desk = Desk()
    desk.cleared()
    desk.do(correcting(), reason=REASON)
    mentor = desk.mentor()
    assert mentor.status == "cleared"
    assert mentor.file_missing == ("la pièce d'identité vue",)
    assert blocked(desk) == ("identity_unseen",)
    (due,) = [one for one in desk.dues(MENTOR) if one.kind == "see_identity"]
    assert (due.automatic, due.awaits) == (False, (f"association:{FACE}",))
    assert due.missing == ("la pièce d'identité vue",)
    assert desk.days(MENTOR)["see_identity"] == TODAY
    desk.do(seeing(TODAY))
    assert blocked(desk) == ()
    assert "see_identity" not in kinds(desk)


def test_a_suspended_mentor_too_is_to_be_seen_again_and_one_who_left_is_not() -> None:
    desk = Desk()
    desk.cleared()
    desk.go_to(date(2026, 11, 25))
    desk.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    desk.do(correcting(), reason=REASON)
    assert "see_identity" in kinds(desk)
    assert "identity_unseen" in blocked(desk)
    desk.do(ask.Leave(record_id=MENTOR, on=desk.today, cause=MentorLeaving.END))
    assert "see_identity" not in kinds(desk)
    assert desk.code(correcting(), reason=REASON) == "wrong_status"


REBORN = replace(AWA, birth_date=date(1985, 3, 3))
A_STRANGER = replace(SOMEBODY_ELSE, birth_date=date(1990, 7, 1))


@pytest.mark.parametrize("born", [A_STRANGER.birth_date, None])
def test_what_was_proved_is_not_corrected_into_somebody_of_other_names_and_another_birth_date(
    born: date | None,
) -> None:
    desk = Desk()
    desk.cleared()
    refused = desk.refused(correcting(replace(A_STRANGER, birth_date=born)), reason=REASON)
    assert refused.code == "another_person"
    assert "mentor.leave" in refused.missing[0]
    assert "mentor.apply" in refused.missing[0]
    assert "Sow" not in str([refused.sentence, *refused.missing])
    assert desk.mentor().cleared_on == TODAY


def test_names_and_birth_date_are_not_corrected_one_after_the_other_before_a_paper_is_seen(
    desk: Desk,
) -> None:
    desk.complete_file()
    desk.do(correcting(REBORN), reason=REASON)
    sow = replace(SOMEBODY_ELSE, birth_date=REBORN.birth_date)
    assert desk.code(correcting(sow), reason=REASON) == "another_person"
    desk.do(correcting(AWA), reason="c'était la bonne date")
    desk.do(correcting(REBORN), reason=REASON)
    desk.do(seeing(TODAY))
    desk.do(correcting(sow), reason="nom d'usage")


def test_a_birth_date_is_not_taken_away_then_given_anew_to_make_another_person(desk: Desk) -> None:
    desk.complete_file()
    desk.do(correcting(UNDATED), reason=REASON)
    desk.do(changing(REBORN))
    assert desk.code(correcting(A_STRANGER), reason=REASON) == "another_person"


def test_whose_birth_date_was_not_known_is_corrected_with_one(desk: Desk) -> None:
    desk.do(changing(UNDATED))
    desk.complete_file()
    desk.do(correcting(A_STRANGER), reason=REASON)


def test_a_candidate_of_whom_nothing_was_proved_may_be_corrected_whole(desk: Desk) -> None:
    desk.do(correcting(A_STRANGER), reason=REASON)
    desk.do(correcting(replace(A_STRANGER, family_name="Sowe")), reason=REASON)


def test_a_correction_into_somebody_known_is_refused(desk: Desk) -> None:
    desk.complete_file()
    desk.apply("mentor-2", replace(SOMEBODY_ELSE, email="ousmane@exemple.test"))
    assert desk.code(correcting(), reason=REASON) == "mentor_known"


def blocked(desk: Desk) -> tuple[str, ...]:
    return blocks(desk.mentor(), desk.rules, desk.today)
