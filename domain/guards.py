"""Guards that hold for any record."""

from __future__ import annotations

from datetime import date

from domain.calendar import french_date
from domain.kernel import Act, Refused


def reason_given(act: Act) -> None:
    if not act.reason.strip():
        raise Refused("reason_missing", "Cette décision se motive.", ("le motif (reason)",))


def not_in_the_future(act: Act, day: date) -> None:
    if day > act.today:
        raise Refused(
            "in_the_future",
            f"Le {french_date(day)} est à venir : on n'enregistre que ce qui a eu lieu.",
            (f"une date au plus tard le {french_date(act.today)}",),
        )
