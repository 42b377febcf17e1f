"""What may be asked of a course: a frozen command and its handler, in the order of its life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar, Final

from domain.association.model import Association
from domain.commands import Command, decided_by, handles
from domain.kernel import Act, Conflict, Refused
from domain.mentor import courses
from domain.mentor.commands import own_association
from domain.mentor.due import leave_key
from domain.mentor.model import Mentor
from domain.mentor.operator import in_the_scheme
from domain.mentor.parts import Certificate
from domain.ports import Records
from domain.programme.following import rules_of
from domain.programme.model import Programme
from domain.reminding import due_now
from domain.training import attendance, guards, places, planning
from domain.training.due import hold_key
from domain.training.model import Training
from domain.training.parts import Course

NO_COURSE: Final = "elle ne tient plus de formation"


def _own_mentor(training: Training, mentor_id: str, records: Records) -> Mentor:
    """A mentor of the same operator; another's might as well not exist."""
    mentor = records.find(Mentor, mentor_id)
    if mentor is None or mentor.association_id != training.association_id:
        raise Refused(
            "no_such_mentor",
            "Aucun·e mentor·e de cette association sous cet identifiant.",
            ("l'identifiant d'un dossier de la même association (mentor_id)",),
        )
    return mentor


def _kept(mentor_id: str, records: Records) -> Mentor:
    """The record of that mentor, or the one that it was merged into."""
    mentor = records.read(Mentor, mentor_id)
    while mentor.merged_into:
        mentor = records.read(Mentor, mentor.merged_into)
    return mentor


def _must_be_open(mentor: Mentor) -> None:
    if not mentor.is_open:
        raise Refused("mentor_closed", "Ce dossier de mentor·e est clos.", ("un dossier ouvert",))


def _standing(records: Records, mentor_id: str) -> str | None:
    mentor = _kept(mentor_id, records)
    return mentor.id if mentor.is_open else None


@dataclass(frozen=True, kw_only=True)
class Plan(Command):
    """Plans a course under the rules in force today."""

    name: ClassVar[str] = "training.plan"
    association_id: str
    programme_id: str
    course: Course


@handles(Plan)
def plan(command: Plan, act: Act, records: Records) -> None:
    if records.find(Training, command.record_id):
        raise Conflict("already_planned", f"La formation {command.record_id} existe déjà.")
    association = own_association(command.association_id, act, records)
    association.must_be_open()
    in_the_scheme(association, NO_COURSE)
    programme = records.read(Programme, command.programme_id)
    followed = programme.current(association.academie, act.today)
    guards.course(command.course, followed.rules)
    records.add(
        Training(
            id=command.record_id,
            association_id=association.id,
            programme_id=programme.id,
            rules_version=followed.number,
            academies=association.academies,
            academie=association.academie,
            course=command.course,
        )
    )


@dataclass(frozen=True, kw_only=True)
class ChangeCourse(Command):
    """Replaces what it is, as a whole."""

    name: ClassVar[str] = "training.change"
    course: Course


@handles(ChangeCourse)
def change(command: ChangeCourse, act: Act, records: Records) -> None:
    training = records.get(Training, command.record_id)
    rules, standing = rules_of(training, act, records), partial(_standing, records)
    planning.change(training, act, course=command.course, rules=rules, standing=standing)


@dataclass(frozen=True, kw_only=True)
class OpenCourse(Command):
    name: ClassVar[str] = "training.open"


@handles(OpenCourse)
def open_course(command: OpenCourse, act: Act, records: Records) -> None:
    training = records.get(Training, command.record_id)
    in_the_scheme(records.read(Association, training.association_id), NO_COURSE)
    planning.open_enrolment(training, act)


@decided_by(Training, planning.cancel)
@dataclass(frozen=True, kw_only=True)
class CancelCourse(Command):
    """It will not be held; the reason is that of the act."""

    name: ClassVar[str] = "training.cancel"


@decided_by(Training, planning.call_off)
@dataclass(frozen=True, kw_only=True)
class CallOff(Command):
    """Its operator is out of the scheme. Carried out by the operator's process."""

    name: ClassVar[str] = "training.call_off"


@dataclass(frozen=True, kw_only=True)
class Enrol(Command):
    """A mentor of the same operator takes a place, or waits for one."""

    name: ClassVar[str] = "training.enrol"
    mentor_id: str


@handles(Enrol)
def enrol(command: Enrol, act: Act, records: Records) -> None:
    training = records.get(Training, command.record_id)
    mentor = _own_mentor(training, command.mentor_id, records)
    _must_be_open(mentor)
    places.enrol(training, act, mentor_id=mentor.id)
    courses.enrol(mentor, course_id=training.id)


@dataclass(frozen=True, kw_only=True)
class Withdraw(Command):
    """A mentor gives the place up."""

    name: ClassVar[str] = "training.withdraw"
    mentor_id: str


@handles(Withdraw)
def withdraw(command: Withdraw, act: Act, records: Records) -> None:
    training = records.get(Training, command.record_id)
    standing = partial(_standing, records)
    places.withdraw(training, act, mentor_id=command.mentor_id, standing=standing)
    courses.leave_course(records.read(Mentor, command.mentor_id), course_id=training.id)


@decided_by(Training, attendance.attend)
@dataclass(frozen=True, kw_only=True)
class Attend(Command):
    """Present or absent; ``minutes`` and ``modules`` followed whole: less than the whole course."""

    name: ClassVar[str] = "training.attend"
    mentor_id: str
    present: bool
    minutes: int | None = None
    modules: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Certify(Command):
    """Gives a certificate, which the mentor's own record then counts: none to whoever has left."""

    name: ClassVar[str] = "training.certify"
    mentor_id: str
    on: date


@handles(Certify)
def certify(command: Certify, act: Act, records: Records) -> None:
    training = records.get(Training, command.record_id)
    rules = rules_of(training, act, records)
    attendance.certify(training, act, mentor_id=command.mentor_id, on=command.on, rules=rules)
    mentor = _kept(command.mentor_id, records)
    _must_be_open(mentor)
    if certificate := _certificate(training, command.mentor_id):
        courses.record_training(mentor, act, certificate=certificate, rules=rules_of(mentor, act, records))


def _certificate(training: Training, mentor_id: str) -> Certificate | None:
    """What the course certifies of somebody, if it does."""
    place = training.enrolments.get(mentor_id)
    if place is None or place.valid_until is None or place.certified_on is None:
        return None
    return Certificate(training.id, place.modules, place.minutes, place.certified_on, place.valid_until)


@dataclass(frozen=True, kw_only=True)
class RevokeCertificate(Command):
    """Takes back a certificate given wrongly: the mentor's own record counts it no more, but what the
    course still certifies of the same person, under a record merged into theirs."""

    name: ClassVar[str] = "training.revoke_certificate"
    mentor_id: str


@handles(RevokeCertificate)
def revoke_certificate(command: RevokeCertificate, act: Act, records: Records) -> None:
    training = records.get(Training, command.record_id)
    attendance.revoke_certificate(training, act, mentor_id=command.mentor_id)
    mentor = _kept(command.mentor_id, records)
    if not mentor.is_open:
        attendance.part(training, act, mentors=(command.mentor_id,))
    rules = rules_of(mentor, act, records)
    of_them = (_certificate(training, one) for one in (mentor.id, *mentor.absorbed))
    left = [one for one in of_them if one]
    if mentor.certificates.get(training.id) in left:
        return
    courses.withdraw_training(mentor, act, course_id=training.id, rules=rules)
    for certificate in left[:1]:
        courses.record_training(mentor, act, certificate=certificate, rules=rules)


@decided_by(Training, planning.close)
@dataclass(frozen=True, kw_only=True)
class CloseCourse(Command):
    name: ClassVar[str] = "training.close"


# Carried out by the process, when its day has come. Doing it again changes nothing. ---------------


@dataclass(frozen=True, kw_only=True)
class Hold(Command):
    """The day after its end."""

    name: ClassVar[str] = "training.hold"


@handles(Hold)
def hold(command: Hold, act: Act, records: Records) -> None:
    training = records.get(Training, command.record_id)
    if due_now(training, hold_key(training), act, records):
        planning.hold(training, act)


@dataclass(frozen=True, kw_only=True)
class LeaveCourse(Command):
    """Asked of a mentor whose record is closed: the course of deadline ``key`` has the place back or, once it
    has begun, owes them no certificate."""

    name: ClassVar[str] = "training.leave"
    key: str


@handles(LeaveCourse)
def leave_course(command: LeaveCourse, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    for course_id in mentor.courses:
        if leave_key(course_id) == command.key and due_now(mentor, command.key, act, records):
            training = records.read(Training, course_id)
            standing = partial(_standing, records)
            places.release(training, act, mentor_id=mentor.id, standing=standing)
            if standing(mentor.id) is None:
                attendance.part(training, act, mentors=(mentor.id, *mentor.absorbed))
            courses.leave_course(mentor, course_id=course_id)
