"""Why a course is where it is: what its status, what it lacks and what is due rest on."""

from __future__ import annotations

from collections.abc import Iterator

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
        case.status("Planned", "Changed", "Opened"),
        *_missing(case, training),
        *(case.due(due, _basis(case, training, due)) for due in case.dues),
    ]


def _missing(case: Case, training: Training) -> Iterator[Reason]:
    if training.status == Status.HELD:
        basis = Basis(case.facts("Held"))
        yield from case.told_by("missing", guards.everybody_noted, training, basis=basis)


def _basis(case: Case, training: Training, due: Due) -> Basis:
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
