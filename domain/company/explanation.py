"""Why a company is where it is: it waits for nothing, and follows no rules."""

from __future__ import annotations

from domain.case import Case
from domain.explaining import Reason


def explain(case: Case) -> list[Reason]:
    """The status, and the event that gave it."""
    return [case.decided.status()]
