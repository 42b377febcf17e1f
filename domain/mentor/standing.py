"""How a mentor is suspended, comes back, and leaves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.guards import not_in_the_future, reason_given
from domain.kernel import Act
from domain.mentor import guards
from domain.mentor.parts import LADDER, OVERDUE, STANDING, MentorLeaving, Status, Suspension

if TYPE_CHECKING:
    from domain.mentor.model import Mentor
    from domain.programme.rules import Rules


def suspend(mentor: Mentor, act: Act, *, on: date) -> None:
    """The association or an académie suspends them, with a reason: each for itself. A cause may be older than
    another that holds."""
    guards.status_in(mentor, STANDING, "suspendre")
    reason_given(act)
    not_in_the_future(act, on)
    guards.not_before(on, mentor.cleared_on, "la validation")
    _not_before_return(mentor, on)
    decided = guards.decisions_of(mentor, act)[0]
    guards.not_suspended_twice(mentor, decided)
    mentor._suspended(cause=decided.cause, academie=decided.academie, on=on)


def _not_before_return(mentor: Mentor, on: date) -> None:
    """What was true until they last came back is not unsaid by what is dated before."""
    if not mentor.suspensions:
        guards.not_before(on, mentor.released_on, "le retour après la suspension précédente")


def lift_suspension(mentor: Mentor, act: Act, *, on: date) -> None:
    """Takes back one's own decision; other causes of suspension remain."""
    guards.status_in(mentor, {mentor.status if mentor.is_barred else Status.SUSPENDED}, "lever la suspension")
    own = guards.own_suspensions(mentor, act)
    reason_given(act)
    not_in_the_future(act, on)
    guards.not_before(on, max(mentor.suspensions[decided] for decided in own), "la suspension")
    for decided in own:
        _lift(mentor, decided, on)


def suspend_overdue(mentor: Mentor, act: Act, *, on: date) -> None:
    """The check counts no more from that day on. Nothing happens twice."""
    if mentor.status in STANDING and OVERDUE not in mentor.suspensions:
        since = max(on, mentor.cleared_on or on)
        mentor._suspended(cause=OVERDUE.cause, academie=OVERDUE.academie, on=since)


def return_if_checked(mentor: Mentor, act: Act, rules: Rules) -> None:
    """Whoever is overdue is back as soon as a check counts again."""
    overdue = OVERDUE in mentor.suspensions
    if overdue and mentor.check and mentor.check.counts(rules, act.today):
        _lift(mentor, OVERDUE, act.today)


def _lift(mentor: Mentor, suspension: Suspension, on: date) -> None:
    mentor._suspension_lifted(cause=suspension.cause, academie=suspension.academie, on=on)
    if mentor.status == Status.SUSPENDED and not mentor.suspensions:
        mentor._returned(on=on)


# Leaving ------------------------------------------------------------------------------------------


def leave(mentor: Mentor, act: Act, *, on: date, cause: MentorLeaving) -> None:
    """They leave, whatever the step; but nobody leaves a suspension that others decided."""
    guards.is_open(mentor, "noter un départ")
    guards.leaving(cause)
    guards.not_suspended_by_others(mentor, act)
    not_in_the_future(act, on)
    guards.not_before(on, mentor.cleared_on or mentor.applied_on, "le début du parcours")
    _not_before_return(mentor, on)
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
    """Its operator is out of the scheme since ``on``, and its record ends with it: not before it began, nor
    before a suspension that was lifted. What an académie decided still holds, and is its to lift.
    Nothing happens twice, nor to a record that ended by itself."""
    if mentor.is_open:
        since = mentor.released_on or mentor.cleared_on or mentor.applied_on
        mentor._left(on=max(on, since), cause=MentorLeaving.OPERATOR)
