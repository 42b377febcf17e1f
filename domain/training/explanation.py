"""Why a course is where it is: what its status, what it lacks and what is due rest on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.case import Case
from domain.explaining import Basis, Reason
from domain.kernel import Due
from domain.training import guards
from domain.training.model import Training
from domain.training.parts import Status


def explain(case: Case) -> list[Reason]:
    """The status, what keeps from closing it, and every deadline. Raises ``TypeError`` for another kind of
    record."""
    training = case.record
    if not isinstance(training, Training):
        raise TypeError(type(training))
    return [
        _status(case.decided),
        *_missing(case, training),
        *(case.due(due, _basis(case, due)) for due in case.dues),
    ]


def _status(case: Case) -> Reason:
    """``case`` is the record as the cause of its status left it."""
    facts = Basis(case.facts("Planned", "Changed", "Opened"))
    return case.status(facts, *case.met("hold", _basis))


def _missing(case: Case, training: Training) -> Iterator[Reason]:
    if training.status == Status.HELD:
        basis = Basis(case.facts("Held"))
        yield from case.told_by("missing", guards.everybody_noted, training, basis=basis)


def _basis(case: Case, due: Due) -> Basis:
    training: Any = case.record
    match due.kind:
        case "remind_attendance" | "close":
            counted = case.after(training.course.last_day, case.rules.training.attendance)
            return Basis(case.facts("Held", "Attended"), ("training.attendance",), (counted,))
        case "remind_promotion":
            return Basis(case.facts("Promoted"))
        case "certify":
            return Basis(case.facts("Attended"), ("training.certificate",))
        case _:
            return Basis(case.facts("Planned", "Changed"))
