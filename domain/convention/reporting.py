"""The reports that a convention owes: received, or overdue and visible."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from domain.calendar import PartialDate
from domain.convention import guards
from domain.convention.due import expected_reports
from domain.convention.parts import ENDED, RUNNING, Report
from domain.guards import not_in_the_future
from domain.kernel import Act, Refused

if TYPE_CHECKING:
    from domain.convention.model import Convention
    from domain.programme.rules import Rules


def receive(
    convention: Convention,
    act: Act,
    *,
    report: str,
    on: PartialDate,
    document_sha256: str | None,
    rules: Rules,
) -> None:
    """Records that a report (``bilan:2026``, ``financial:2026``) was received, early or late.

    ``rules``, those followed that day, say which reports are owed.
    """
    guards.status_in(convention, RUNNING | ENDED, "recevoir un compte rendu")
    not_in_the_future(act, on.first)
    _expected(convention, report, rules)
    if convention.reports.get(report, Report()).received_on:
        raise Refused("already_received", f"Ce compte rendu ({report}) a déjà été reçu.")
    convention._report_received(report=report, on=on, document_sha256=document_sha256)


def mark_overdue(convention: Convention, act: Act, *, report: str, due_on: date) -> None:
    """Its day has passed without it: visible until it is received."""
    state = convention.reports.get(report, Report())
    if not state.received_on and not state.overdue and due_on < act.today:
        convention._report_fell_overdue(report=report, on=due_on + timedelta(days=1))


def _expected(convention: Convention, report: str, rules: Rules) -> None:
    expected = [key for key, _ in expected_reports(convention, rules)]
    if report not in expected:
        raise Refused(
            "report_not_expected",
            f"Aucun compte rendu « {report} » n'est attendu.",
            (f"l'un de : {', '.join(expected) or 'aucun'}",),
        )
