"""A mentor on a card in a box: what a coordinator would note and expect, and what they would refuse.

Written from the procedure, not from the code.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date

from domain.kernel import Actor
from tests.domain.mentor_support import MODULES
from tests.domain.rehearsal import Expected, months_later, one_of
from tests.support import LYON

LADDER = ("candidate", "file_complete", "interviewed", "checked", "trained")
STANDING = ("cleared", "suspended")
OPEN = (*LADDER, *STANDING)
CODES = {module.code for module in MODULES}
INSURED = date(2027, 8, 31)
"""The last day of the operator's insurance."""
KEPT = 10
"""Months during which the personal data of a mentor are kept after the end."""


@dataclass
class Letter:
    """The last reminder before a file lapses: when it was written, how often it was handed in, and when it
    left."""

    written: date
    tries: int = 0
    left: date | None = None


@dataclass
class Card:
    """What the coordinator keeps in a box."""

    applied: date
    touched: date
    admitted: date
    identity: date | None = None
    corrected: date | None = None
    names: int = 0
    charter: date | None = None
    contact: bool = True
    met: date | None = None
    liked: bool = False
    asked: bool = False
    checked: date | None = None
    courses: dict[str, tuple[set[str], int, date, date]] = field(default_factory=dict)
    trained: bool = False
    cleared: date | None = None
    causes: dict[str, date] = field(default_factory=dict)
    lifted: date | None = None
    over: str = ""
    over_on: date | None = None
    aliases: int = 0
    former: set[str] = field(default_factory=set)
    letters: dict[str, Letter] = field(default_factory=dict)
    operator: bool = True

    def held(self) -> tuple[str, ...]:
        """Whoever left with their operator, suspended by the académie, stays so until it says otherwise."""
        return ("left",) if "academie" in self.causes else ()

    def status(self) -> str:
        if self.over:
            return self.over
        if self.cleared:
            return "suspended" if self.causes else "cleared"
        if not (self.identity and self.charter and self.contact):
            return "candidate"
        if not (self.met and self.liked):
            return "file_complete"
        if not self.checked:
            return "interviewed"
        return "trained" if self.trained else "checked"

    def settled(self) -> bool:
        """Something was proved of the person: they are no longer retyped."""
        return any((self.identity, self.corrected, self.charter, self.met, self.checked, self.courses))

    def covered(self, day: date) -> bool:
        """Four modules and four hours, by what counts that day."""
        counting = [one for one in self.courses.values() if one[2] <= day <= one[3]]
        modules = set().union(*(one[0] for one in counting))
        return modules == CODES and sum(one[1] for one in counting) >= 240

    def check_ends(self) -> date | None:
        return months_later(self.checked, 12) if self.checked else None

    def fresh(self, day: date) -> bool:
        ends = self.check_ends()
        return bool(self.checked and ends and self.checked <= day <= ends)

    def lift(self, cause: str, on: date) -> None:
        if self.causes.pop(cause, None):
            self.lifted = max(on, self.lifted or on)
        if cause == "academie":
            self.former = set()

    def marks(self) -> set[str]:
        """By what the person is recognised: the address, and the names with the birth date."""
        return {str(self.names), *(["address"] if self.contact else [])}

    def becomes(self, names: int, contact: bool) -> None:
        """While the académie suspends, whoever it was is noted beside."""
        if "academie" in self.causes:
            self.former |= self.marks()
        self.names, self.contact = names, contact

    def back_later_than(self, on: date) -> bool:
        return bool(not self.causes and self.lifted and on < self.lifted)

    def unless(self, *statuses: str) -> Expected:
        return one_of(wrong_status=self.status() not in statuses)

    def refusals_to_clear(self, on: date, today: date) -> Expected:
        done = self.identity and self.charter and self.contact
        return self.unless(*LADDER) | one_of(
            in_the_future=on > today,
            too_early=on < self.applied,
            file_incomplete=not (done and max(self.identity or on, self.charter or on) <= on),
            interview_missing=not (self.met and self.liked and self.met <= on),
            check_missing=not self.fresh(on),
            training_missing=not self.covered(on),
            operator_suspended=not self.operator,
            operator_not_admitted=on < self.admitted,
            operator_uninsured=on > INSURED,
        )

    def refusals_to_present(
        self, presented: bool, issued: date, on: date, today: date, reason: str
    ) -> Expected:
        liked = self.met is not None and self.liked
        return self.unless(*OPEN) | one_of(
            reason_not_taken=reason.strip(),
            interview_missing=not liked,
            check_not_asked=not self.asked,
            in_the_future=on > today,
            too_early=self.met and on < self.met,
            issued_later=presented and issued > on,
            check_too_old=presented and months_later(issued, 3) <= on,
        )

    def seen(self, on: date, today: date) -> None:
        if self.checked is None or on >= self.checked:
            self.checked = on
        self.back_again(today)

    def back_again(self, today: date) -> None:
        if self.fresh(today):
            self.lift("check_overdue", today)

    def touch(self, today: date) -> None:
        """Reminded anew, if it is not today already that it was touched."""
        self.touched = today

    def moved(self) -> date:
        """The last progress."""
        courses = [one[2] for one in self.courses.values()]
        return max(
            [self.touched, self.applied, self.met or self.touched, self.checked or self.touched, *courses]
        )

    def end(self, how: str, on: date) -> None:
        self.over, self.over_on = how, on


def months_before(day: date) -> date:
    """A month before, on the last day of that month if it is shorter."""
    year, month = (day.year - 1, 12) if day.month == 1 else (day.year, day.month - 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def whose(actor: Actor) -> str:
    """The decision of the association, or of the académie."""
    return "academie" if actor is LYON else "association"
