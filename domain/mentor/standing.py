"""How a mentor is suspended, comes back, and leaves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.guards import not_in_the_future, reason_given
from domain.kernel import Act
from domain.mentor import guards
from domain.mentor.parts import LADDER, STANDING, MentorLeaving, MentorSuspension, Status

if TYPE_CHECKING:
    from domain.mentor.model import Mentor
    from domain.programme.rules import Rules


def suspend(mentor: Mentor, act: Act, *, on: date) -> None:
    """The association or the académie suspends them, with a reason: each for itself."""
    guards.status_in(mentor, STANDING, "suspendre")
    reason_given(act)
    not_in_the_future(act, on)
    guards.not_before(on, mentor.cleared_on, "la validation")
    cause = guards.decision_of(act)
    guards.not_suspended_twice(mentor, cause)
    mentor._suspended(cause=cause, on=on)


def lift_suspension(mentor: Mentor, act: Act, *, on: date) -> None:
    """Takes back one's own decision; other causes of suspension remain."""
    guards.status_in(mentor, {Status.SUSPENDED}, "lever la suspension")
    cause = guards.decision_of(act)
    guards.suspended_for(mentor, cause)
    reason_given(act)
    not_in_the_future(act, on)
    guards.not_before(on, mentor.suspensions[cause], "la suspension")
    _lift(mentor, cause, on)


def suspend_overdue(mentor: Mentor, act: Act, *, on: date) -> None:
    """The check counts no more from that day on. Nothing happens twice."""
    if mentor.status in STANDING and MentorSuspension.CHECK_OVERDUE not in mentor.suspensions:
        since = max(on, mentor.cleared_on or on)
        mentor._suspended(cause=MentorSuspension.CHECK_OVERDUE, on=since)


def return_if_checked(mentor: Mentor, act: Act, rules: Rules) -> None:
    """Whoever is overdue is back as soon as a check counts again."""
    overdue = MentorSuspension.CHECK_OVERDUE in mentor.suspensions
    if overdue and mentor.check and mentor.check.counts(rules, act.today):
        _lift(mentor, MentorSuspension.CHECK_OVERDUE, act.today)


def _lift(mentor: Mentor, cause: MentorSuspension, on: date) -> None:
    mentor._suspension_lifted(cause=cause, on=on)
    if not mentor.suspensions:
        mentor._returned(on=on)


# Leaving ------------------------------------------------------------------------------------------


def leave(mentor: Mentor, act: Act, *, on: date, cause: MentorLeaving) -> None:
    """They leave, whatever the step; but nobody leaves a suspension that others decided."""
    guards.is_open(mentor, "noter un départ")
    guards.leaving(cause)
    guards.not_suspended_by_others(mentor, guards.decision_of(act))
    not_in_the_future(act, on)
    guards.not_before(on, mentor.cleared_on or mentor.applied_on, "le début du parcours")
    mentor._left(on=on, cause=cause)


def refuse(mentor: Mentor, act: Act) -> None:
    """The association refuses a candidacy."""
    guards.refusable(mentor, act)
    mentor._candidacy_refused(on=act.today)


def lapse(mentor: Mentor, act: Act, *, on: date) -> None:
    """A candidacy left idle for too long lapsed on that day. Nothing happens twice."""
    if mentor.status in LADDER:
        mentor._lapsed(on=on)


def release(mentor: Mentor, act: Act, *, on: date) -> None:
    """Its operator is out of the scheme since ``on``, and its record ends with it: not before it began.
    Nothing happens twice, nor to a record that ended by itself."""
    if mentor.is_open:
        mentor._left(on=max(on, mentor.cleared_on or mentor.applied_on), cause=MentorLeaving.OPERATOR)
