"""Conventions of which every step is chosen: what plays of chance may never meet is met here, each time."""

from __future__ import annotations

from domain.convention.parts import Kind, Medium, Status
from domain.erasure import Ground
from tests.domain.play import Story, met, tell
from tests.domain.rehearsal import OFFICER
from tests.domain.test_convention_machine import ACADEMIE, LYCEE, ConventionMachine
from tests.support import COORDINATOR, FACE_PARTY, LYON

STORIES: dict[str, Story[ConventionMachine]] = {
    "sent back, then given up": (
        lambda m: m.open(True, "draft"),
        lambda m: m.edit(364, ()),
        lambda m: m.submit(LYON),
        lambda m: m.edit(364, (Kind.METIER,)),
        lambda m: m.submit(COORDINATOR),
        lambda m: m.submit(LYON),
        lambda m: m.send_back(" "),
        lambda m: m.send_back("motif"),
        lambda m: m.submit(LYON),
        lambda m: m.weeks_pass(35, 3, "boîte pleine"),
        lambda m: m.send(LYON),
        lambda m: m.weeks_pass(35, 3, None),
        lambda m: m.time_does_its_work(),
        lambda m: m.abandon(LYON, "motif"),
        lambda m: m.months_pass(220, 6, None),
        lambda m: m.months_pass(100, 6, None),
        lambda m: m.nothing_more_is_asked_of_it([0, 4, 7, 11]),
    ),
    "nobody does anything": (
        lambda m: m.open(True, "to_sign"),
        lambda m: m.sign(LYCEE, LYON, 0, Medium.PAPER, 1),
        lambda m: m.vote(LYCEE, 20),
        lambda m: m.sign(LYCEE, LYON, 0, Medium.PAPER, 0),
        *(lambda m, p=p: m.sign(p, LYON, 0, Medium.PAPER, 1) for p in (ACADEMIE, FACE_PARTY, LYCEE)),
        *(lambda m: m.weeks_pass(20, 1, None) for _ in range(60)),
        lambda m: m.receive_report("bilan", 2026, COORDINATOR),
        lambda m: m.time_does_its_work(),
    ),
    "an end that moves": (
        lambda m: m.open(False, "in_force"),
        lambda m: m.receive_report("bilan", 2026, COORDINATOR),
        lambda m: m.propose_amendment(500, True),
        lambda m: m.months_pass(220, 6, None),
        lambda m: m.time_does_its_work(),
        lambda m: m.denounce(FACE_PARTY, COORDINATOR, 0, None, "motif"),
        lambda m: m.withdraw_notice(ACADEMIE, LYON, "motif"),
        lambda m: m.withdraw_notice(FACE_PARTY, COORDINATOR, "motif"),
        lambda m: m.renew(),
        lambda m: m.the_successor_is_signed_or_abandoned(True),
        *(lambda m: m.months_pass(200, 6, None) for _ in range(3)),
        lambda m: m.time_does_its_work(),
    ),
    "a notice that runs out": (
        lambda m: m.open(False, "in_force"),
        lambda m: m.denounce(ACADEMIE, LYON, 0, 30, "motif"),
        lambda m: m.months_pass(130, 6, None),
        lambda m: m.correct("ends_on", 0, ACADEMIE, "motif", True),
        lambda m: m.time_does_its_work(),
        lambda m: m.erase(OFFICER, Ground.OBJECTION, "", True),
    ),
}


def test_the_stories_meet_every_status_and_every_deadline() -> None:
    tell(ConventionMachine, STORIES.values())
    assert met("due") == {
        "remind_review",
        "remind_signature",
        "enter_into_force",
        "ask_report",
        "report_overdue",
        "remind_report",
        "alert_end",
        "end",
        "deliver",
        "erase",
    }
    assert met("status") == {*Status, "erased"}
