"""Once a course has begun: who was there, and what that certifies."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.guards import not_in_the_future, reason_given
from domain.kernel import Act
from domain.training import guards
from domain.training.parts import Enrolment, Place, Status

if TYPE_CHECKING:
    from domain.programme.rules import Rules
    from domain.training.model import Training


def attend(
    training: Training,
    act: Act,
    *,
    mentor_id: str,
    present: bool,
    minutes: int | None,
    modules: tuple[str, ...] | None,
) -> None:
    """Who was there, for how long and for which modules; what was noted wrongly is noted again, for a
    reason once the course is closed."""
    guards.status_in(training, {Status.OPEN, Status.HELD, Status.CLOSED}, "noter une présence")
    if training.status == Status.CLOSED:
        reason_given(act)
    guards.begun(training, act)
    guards.seated(guards.enrolled(training, mentor_id))
    attended = guards.minutes_attended(training, present, minutes)
    followed = guards.modules_followed(training, present, attended, modules)
    noted = Enrolment(Place.ATTENDED if present else Place.ABSENT, attended, followed)
    if training.enrolments[mentor_id] != noted:
        training._attended(mentor_id=mentor_id, present=present, minutes=attended, modules=followed)


def certify(training: Training, act: Act, *, mentor_id: str, on: date, rules: Rules) -> None:
    """Whoever was there is given a certificate, for as long as the rules say."""
    guards.status_in(training, {Status.HELD, Status.CLOSED}, "délivrer une attestation")
    guards.certifiable(training, guards.enrolled(training, mentor_id), on)
    not_in_the_future(act, on)
    training._certified(mentor_id=mentor_id, on=on, valid_until=rules.training.certificate.plainly_after(on))


def revoke_certificate(training: Training, act: Act, *, mentor_id: str) -> None:
    """A certificate was given wrongly, and a reason says how: attendance may be noted again."""
    guards.status_in(training, {Status.HELD, Status.CLOSED}, "retirer une attestation")
    guards.certified(guards.enrolled(training, mentor_id))
    reason_given(act)
    training._certificate_revoked(mentor_id=mentor_id)


def part(training: Training, act: Act, *, mentors: tuple[str, ...]) -> None:
    """The records of one person are closed: no certificate is due to those who had a place in a course that
    has begun. Nothing happens otherwise, nor twice."""
    if training.status not in {Status.OPEN, Status.HELD, Status.CLOSED}:
        return
    seated = {Place.ENROLLED, Place.ATTENDED, Place.ABSENT}
    there = {i for i in mentors if i in training.enrolments and training.enrolments[i].place in seated}
    if gone := sorted(there - training.departed):
        training._parted(mentors=tuple(gone))
