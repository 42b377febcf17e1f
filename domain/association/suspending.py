"""How an association is suspended and restored: each cause is the decision of an académie, which lifts it.

A departure lifts nothing: what was decided holds until then, and keeps it from being admitted again."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.association import guards
from domain.association.parts import LIFTABLE, STANDING, Suspension, SuspensionCause
from domain.guards import reason_given

if TYPE_CHECKING:
    from domain.association.model import Association
    from domain.kernel import Act


def suspend(association: Association, act: Act, *, cause: SuspensionCause, on: date) -> None:
    """Interrupts it for a cause, with the reason, in the name of the académie that the actor speaks for (the
    first by code of several). There may be several causes at once."""
    guards.status_in(association, STANDING, "la suspendre")
    decided = Suspension(act.actor.academies(association.academies)[0], cause)
    guards.not_suspended_twice(association, decided)
    reason_given(act)
    guards.suspension_in_order(association, act, decided, on)
    association._suspended(academie=decided.academie, cause=cause, on=on)


def lift(association: Association, act: Act, *, cause: SuspensionCause) -> None:
    """Lifts a cause, with the reason, for whichever académie the actor speaks for; suspended, it is
    admitted again once none is left."""
    guards.status_in(association, LIFTABLE, "lever sa suspension")
    own = guards.own_suspensions(association, act, cause)
    reason_given(act)
    for decided in own:
        association._suspension_lifted(academie=decided.academie, cause=cause, on=act.today)
