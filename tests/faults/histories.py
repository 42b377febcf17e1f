"""Random lives of the records of onboarding: who does what on which day. Refused, it is nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from domain.association import commands as of_association
from domain.association.parts import INSURANCE, SuspensionCause
from domain.commands import Command
from domain.kernel import SYSTEM, Actor, DomainError
from domain.links import Channel
from domain.mentor import commands as of_mentor
from domain.mentor import identity as of_person
from domain.mentor.parts import MentorLeaving, Person
from domain.training import commands as of_training
from tests.domain import association_support, mentor_support
from tests.domain.association_support import ALL, AWARD, insurance, renamed
from tests.domain.mentor_support import COURSE, MENTOR
from tests.support import COORDINATOR, FACE, LYON
from tests.workflows import record
from tests.workflows.stage import Stage

DEEDS: Final = 8
"""Tried in one life."""
Did = tuple[int, str]
"""On which day after the beginning, what."""
Admission = association_support.Desk
Desk = mentor_support.Desk


@dataclass(frozen=True)
class Life:
    """A kind of life. ``shows``: what happens in each of them, or it would prove nothing. ``swept``: days
    between two sweeps; ``quiet``: those at the beginning on which nobody does anything."""

    record_id: str
    begin: Callable[[Stage], None]
    do: Callable[[Stage, str], None]
    deeds: tuple[str, ...]
    closings: tuple[str, ...]
    shows: str
    last_day: int
    swept: int
    quiet: int

    def history(self, chance: Random) -> list[Did]:
        """Half of what is done is done early. Every other life is closed by somebody, and waits no more."""
        ends = [self.last_day, self.quiet + self.last_day // 5]
        done = [
            (chance.randint(self.quiet, chance.choice(ends)), chance.choice(self.deeds)) for _ in range(DEEDS)
        ]
        if chance.random() < 0.5:
            done.append((chance.randint(self.quiet, self.last_day), chance.choice(self.closings)))
        return sorted(done)

    @property
    def sweeps(self) -> list[int]:
        """The last one before anybody does anything is among them."""
        return sorted({*range(0, self.last_day, self.swept), max(self.quiet - 1, 0)})

    def attempt(self, stage: Stage, what: str) -> None:
        """As somebody tries it: most things that are tried at random are refused."""
        with contextlib.suppress(DomainError):
            self.do(stage, what)


# The operator ---------------------------------------------------------------------------------


def _invited(stage: Stage) -> None:
    record.admission_desk(stage).open()


def _admission(stage: Stage, what: str) -> None:
    desk = record.admission_desk(stage)
    verb, _, about = what.partition(" ")
    match verb:
        case "accept":
            desk.accept(about, insurance(desk.today + timedelta(days=70)) if about == INSURANCE else None)
        case "complete":
            for document in sorted(ALL):
                desk.accept(document, insurance() if document == INSURANCE else None)
        case "refuse":
            desk.refuse(about, insurance() if about == INSURANCE else None)
        case "receive":
            desk.receive(about)
        case "award":
            ends = desk.today + timedelta(days=int(about))
            award = renamed(AWARD, reference=f"AAP-{ends}", ends=ends)
            desk.do(of_association.GrantEntitlement(record_id=FACE, entitlement=award))
        case "open":
            desk.open()
        case _:
            desk.do(_of_operator(what, desk))


def _of_operator(what: str, desk: Admission) -> Command:
    commands: dict[str, Command] = {
        "admit": of_association.Admit(record_id=FACE, on=desk.today),
        "decline": of_association.RefuseAdmission(record_id=FACE),
        "suspend": of_association.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=desk.today),
        "lift": of_association.LiftSuspension(record_id=FACE, cause=SuspensionCause.FAULT),
        "leave": of_association.Leave(record_id=FACE, on=desk.today),
    }
    return commands[what]


# The mentor -----------------------------------------------------------------------------------


def _mentor(stage: Stage, what: str) -> None:
    desk = record.desk(stage)
    match what:
        case "file":
            desk.complete_file()
        case "identity" | "person":
            desk.do(_of_mentor(what, desk))
        case "interview":
            desk.interview()
        case "check":
            desk.check()
        case "train":
            desk.train(course_id=f"training-{desk.today}")
        case "clear":
            desk.clear()
        case _:
            desk.do(_of_mentor(what, desk), LYON if what in {"suspend", "lift"} else COORDINATOR, "motif")


def _of_mentor(what: str, desk: Desk) -> Command:
    commands: dict[str, Command] = {
        "identity": of_mentor.SeeIdentity(record_id=MENTOR, on=desk.today, channel=Channel.MEETING),
        "person": of_person.ChangePerson(record_id=MENTOR, person=mentor_support.AWA),
        "refuse": of_mentor.RefuseCandidacy(record_id=MENTOR),
        "suspend": of_mentor.Suspend(record_id=MENTOR, on=desk.today),
        "lift": of_mentor.LiftSuspension(record_id=MENTOR, on=desk.today),
        "leave": of_mentor.Leave(record_id=MENTOR, on=desk.today, cause=MentorLeaving.END),
    }
    return commands[what]


def _applied(stage: Stage) -> None:
    desk = record.desk(stage)
    desk.admit()
    desk.apply()


def _cleared(stage: Stage) -> None:
    record.desk(stage).cleared()


# The course -----------------------------------------------------------------------------------


def _opened(stage: Stage) -> None:
    desk = record.desk(stage)
    for number in (1, 2, 3):
        desk.apply(f"mentor-{number}", Person("Prénom", "Nom", f"m{number}@exemple.test"))
    desk.opened()
    desk.do(of_training.Enrol(record_id=COURSE, mentor_id="mentor-1"))


def _course(stage: Stage, what: str) -> None:
    desk = record.desk(stage)
    verb, _, mentor_id = what.partition(" ")
    commands: dict[str, Callable[[], Command]] = {
        "enrol": lambda: of_training.Enrol(record_id=COURSE, mentor_id=mentor_id),
        "withdraw": lambda: of_training.Withdraw(record_id=COURSE, mentor_id=mentor_id),
        "attend": lambda: of_training.Attend(record_id=COURSE, mentor_id=mentor_id, present=True),
        "certify": lambda: of_training.Certify(record_id=COURSE, mentor_id=mentor_id, on=desk.today),
        "hold": lambda: of_training.Hold(record_id=COURSE),
        "close": lambda: of_training.CloseCourse(record_id=COURSE),
        "cancel": lambda: of_training.CancelCourse(record_id=COURSE),
        "postpone": lambda: of_training.ChangeCourse(record_id=COURSE, course=desk.course(days=9)),
    }
    actor: Actor = SYSTEM if verb == "hold" else COORDINATOR
    desk.do(commands[verb](), actor, "motif" if verb == "cancel" else "")


LIVES: Final[dict[str, Life]] = {
    "admission": Life(
        FACE,
        _invited,
        _admission,
        (
            "complete",
            "complete",
            "admit",
            "admit",
            "open",
            *(f"{verb} {document}" for verb in ("accept", "refuse", "receive") for document in sorted(ALL)),
            "award 35",
            "award 100",
            "suspend",
            "lift",
        ),
        ("decline", "leave"),
        shows="ReminderDue documents",
        last_day=250,
        swept=21,
        quiet=8,
    ),
    "onboarding": Life(
        MENTOR,
        _applied,
        _mentor,
        ("identity", "person", "person", "file", "interview", "check", "train", "clear"),
        ("refuse", "leave"),
        shows="ReminderDue file",
        last_day=120,
        swept=12,
        quiet=8,
    ),
    "standing": Life(
        MENTOR,
        _cleared,
        _mentor,
        ("check", "train", "suspend", "lift", "person"),
        ("leave",),
        shows="Cleared",
        last_day=800,
        swept=45,
        quiet=0,
    ),
    "course": Life(
        COURSE,
        _opened,
        _course,
        (
            *(f"{verb} mentor-{n}" for verb in ("enrol", "withdraw", "attend", "certify") for n in (1, 2, 3)),
            "hold",
            "postpone",
        ),
        ("close", "cancel"),
        shows="Enrolled",
        last_day=60,
        swept=6,
        quiet=0,
    ),
}
