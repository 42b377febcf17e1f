"""How a mentor is suspended, comes back, and leaves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.guards import not_in_the_future, reason_given
from domain.kernel import Act
from domain.mentor import guards
from domain.mentor.parts import (
    LADDER,
    STANDING,
    Asked,
    Check,
    CheckKind,
    MentorLeaving,
    MentorSuspension,
    Status,
)

if TYPE_CHECKING:
    from domain.programme.rules import Rules


class Standing:
    """The decisions of a mentor's standing and of its end. The record declares the events."""

    status: str
    applied_on: date
    cleared_on: date | None
    asked: dict[CheckKind, Asked]
    check: Check | None
    suspensions: dict[MentorSuspension, date]

    @property
    def is_open(self) -> bool:
        raise NotImplementedError

    def suspend(self, act: Act, *, on: date) -> None:
        """The association or the académie suspends them, with a reason: each for itself."""
        guards.status_in(self, STANDING, "suspendre")
        reason_given(act)
        not_in_the_future(act, on)
        guards.not_before(on, self.cleared_on, "la validation")
        cause = guards.decision_of(act)
        guards.not_suspended_twice(self, cause)
        self._suspended(cause=cause, on=on)

    def lift_suspension(self, act: Act, *, on: date) -> None:
        """Takes back one's own decision; other causes of suspension remain."""
        guards.status_in(self, {Status.SUSPENDED}, "lever la suspension")
        cause = guards.decision_of(act)
        guards.suspended_for(self, cause)
        reason_given(act)
        not_in_the_future(act, on)
        guards.not_before(on, self.suspensions[cause], "la suspension")
        self._lift(cause, on)

    def suspend_overdue(self, act: Act, *, on: date) -> None:
        """The check counts no more from that day on. Nothing happens twice."""
        if self.status in STANDING and MentorSuspension.CHECK_OVERDUE not in self.suspensions:
            since = max(on, self.cleared_on or on)
            self._suspended(cause=MentorSuspension.CHECK_OVERDUE, on=since)

    def _return_if_checked(self, act: Act, rules: Rules) -> None:
        overdue = MentorSuspension.CHECK_OVERDUE in self.suspensions
        if overdue and self.check and self.check.counts(rules, act.today):
            self._lift(MentorSuspension.CHECK_OVERDUE, act.today)

    def _lift(self, cause: MentorSuspension, on: date) -> None:
        self._suspension_lifted(cause=cause, on=on)
        if not self.suspensions:
            self._returned(on=on)

    # Leaving ---------------------------------------------------------------------------------

    def leave(self, act: Act, *, on: date, cause: MentorLeaving) -> None:
        """They leave, whatever the step; but nobody leaves a suspension that others decided."""
        guards.is_open(self, "noter un départ")
        guards.leaving(cause)
        guards.not_suspended_by_others(self, guards.decision_of(act))
        not_in_the_future(act, on)
        guards.not_before(on, self.cleared_on or self.applied_on, "le début du parcours")
        self._left(on=on, cause=cause)

    def refuse(self, act: Act) -> None:
        """The association refuses a candidacy."""
        guards.refusable(self, act)
        self._candidacy_refused(on=act.today)

    def lapse(self, act: Act, *, on: date) -> None:
        """A candidacy left idle for too long lapsed on that day. Nothing happens twice."""
        if self.status in LADDER:
            self._lapsed(on=on)

    def release(self, act: Act, *, on: date) -> None:
        """Its operator is out of the scheme since ``on``, and its record ends with it: not before it began.
        Nothing happens twice, nor to a record that ended by itself."""
        if self.is_open:
            self._left(on=max(on, self.cleared_on or self.applied_on), cause=MentorLeaving.OPERATOR)

    def _suspended(self, cause: MentorSuspension, on: date) -> None:
        raise NotImplementedError

    def _suspension_lifted(self, cause: MentorSuspension, on: date) -> None:
        raise NotImplementedError

    def _returned(self, on: date) -> None:
        raise NotImplementedError

    def _left(self, on: date, cause: MentorLeaving) -> None:
        raise NotImplementedError

    def _candidacy_refused(self, on: date) -> None:
        raise NotImplementedError

    def _lapsed(self, on: date) -> None:
        raise NotImplementedError
