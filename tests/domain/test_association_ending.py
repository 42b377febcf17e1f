"""What an association leaves behind when it is out of the scheme: it says so until that has ended too."""

from __future__ import annotations

from datetime import date

import pytest

from domain.association import commands as ask
from domain.association.ending import last_end
from domain.calendar import start_of
from domain.commands import Command
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Actor
from ledger.events import happened
from tests.domain.association_support import ALL, Desk
from tests.domain.rehearsal import OFFICER, settled
from tests.support import COORDINATOR, FACE, LYON
from tests.workflows.stage import name_of

TODAY = date(2025, 11, 24)
ENDS: dict[str, tuple[Command, Actor, str]] = {
    "Left": (ask.Leave(record_id=FACE, on=TODAY), LYON, "motif"),
    "AdmissionRefused": (ask.RefuseAdmission(record_id=FACE), LYON, "motif"),
    "SubjectErased": (Erase(record_id=FACE, ground=Ground.OBJECTION), OFFICER, ""),
}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def end_of(desk: Desk) -> str:
    stored = settled(desk.house.recorder.load([FACE])).events
    found = last_end(happened(one) for one in stored)
    return name_of(found.event) if found else ""


@pytest.mark.parametrize("end", ENDS)
def test_whatever_its_end_its_mentors_are_to_be_released_and_it_is_said_once_they_are(
    desk: Desk, end: str
) -> None:
    command, actor, reason = ENDS[end]
    desk.open()
    assert "release_mentors" not in [one.kind for one in desk.dues()]
    desk.do(command, actor, reason)
    due = desk.due("release_mentors")
    assert (due.key, due.automatic, due.at) == ("release:1", True, start_of(TODAY))
    assert end_of(desk) == end
    desk.released(1_000)
    desk.released(1_000)
    assert desk.topics().count("MentorsReleased") == 1
    assert "release_mentors" not in [one.kind for one in desk.dues()]


def test_a_file_that_lapsed_has_candidates_too(desk: Desk) -> None:
    desk.open()
    desk.at(date(2025, 12, 8))
    desk.reminded()
    desk.at(date(2026, 2, 10))
    desk.do(ask.Lapse(record_id=FACE), SYSTEM, "")
    assert desk.due("release_mentors").at == start_of(date(2026, 2, 3)), "on the day of the lapse itself"


def test_one_erased_before_any_admission_leaves_no_mentor_in_the_air(desk: Desk) -> None:
    """It follows no rules yet: what is due depends on none."""
    desk.do(*ENDS["SubjectErased"])
    assert [one.key for one in desk.dues()] == ["release:0"]
    desk.released()
    assert desk.dues() == []


def test_erased_at_its_term_it_leaves_nothing_more_behind(desk: Desk) -> None:
    desk.admitted()
    desk.do(ask.Leave(record_id=FACE, on=TODAY), COORDINATOR)
    desk.released(3)
    desk.do(*ENDS["SubjectErased"])
    assert desk.dues() == []
    assert end_of(desk) == "Left"


def test_opened_again_before_they_are_released_they_still_are(desk: Desk) -> None:
    """Those whom it recruits from now on are not: the end is the one from which they are counted."""
    desk.admitted()
    desk.do(ask.Leave(record_id=FACE, on=TODAY))
    desk.open()
    assert desk.due("release_mentors").automatic
    assert end_of(desk) == "Left"
    desk.released(2)
    assert desk.due("remind_documents").key.startswith("documents:2:")


def test_no_person_says_that_they_are_released(desk: Desk) -> None:
    desk.admitted()
    desk.do(ask.Leave(record_id=FACE, on=TODAY))
    done = ask.ConcludeRelease(record_id=FACE, mentors=0)
    assert {desk.refused(done, one).code for one in (LYON, COORDINATOR, OFFICER)} == {"role_not_allowed"}


def test_one_that_goes_on_has_no_end(desk: Desk) -> None:
    assert end_of(desk) == ""
    desk.open()
    for document in ALL:
        desk.accept(document)
    assert end_of(desk) == ""
    desk.do(ask.Admit(record_id=FACE, on=TODAY))
    desk.released(5)
    assert "MentorsReleased" not in desk.topics()
