"""A course from its plan to its end: changed, opened, cancelled, held, closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.guards import reason_given
from domain.kernel import Act
from domain.training import guards, places
from domain.training.parts import AHEAD, Course, Status

if TYPE_CHECKING:
    from domain.programme.rules import Rules
    from domain.training.model import Training
    from domain.training.places import Standing


def change(training: Training, act: Act, *, course: Course, rules: Rules, standing: Standing) -> None:
    """Replaces what it is; places added before it begins are given to those who wait, in their order."""
    guards.status_in(training, AHEAD, "la modifier")
    guards.nobody_came(training)
    guards.course(course, rules)
    guards.room_enough(training, course)
    training._changed(course=course)
    places.fill(training, act, standing)


def open_enrolment(training: Training, act: Act) -> None:
    """Enrolment begins."""
    guards.status_in(training, {Status.PLANNED}, "ouvrir les inscriptions")
    training._opened()


def cancel(training: Training, act: Act) -> None:
    """It will not be held, and a reason says why."""
    guards.status_in(training, AHEAD, "l'annuler")
    guards.nobody_came(training)
    reason_given(act)
    training._cancelled(on=act.today)


def call_off(training: Training, act: Act) -> None:
    """Its operator is out of the scheme: it will not be held. Nothing happens twice, nor once somebody
    came."""
    if training.status in AHEAD and not training.has_taken_place:
        training._cancelled(on=act.today)


def hold(training: Training, act: Act) -> None:
    """Its last day has passed. Nothing happens before, nor twice."""
    if training.status == Status.OPEN and act.today > training.course.last_day:
        training._held(on=training.course.last_day)


def close(training: Training, act: Act) -> None:
    """Everybody's presence is noted: the course is over and done with."""
    guards.status_in(training, {Status.HELD}, "la clore")
    guards.everybody_noted(training)
    training._ended(on=act.today)
