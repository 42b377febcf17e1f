"""An association on a sheet of paper: what a careful clerk would note and expect, and what she would refuse.

Written from the procedure, not from the code: school days are counted on the fingers, one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from domain.kernel import Actor
from tests.domain.rehearsal import Expected, months_later, one_of

OPENABLE = ("candidate", "refused", "lapsed", "left")
FOLLOWED = ("in_admission", "admitted", "suspended")
STANDING = ("admitted", "suspended")
CLOSED = ("refused", "lapsed", "left")
KEPT = 10
"""Months during which the personal data of an association are kept after it was closed."""
ASKED = ("charter", "insurance")
"""What the rules of the play ask for."""

Paper = tuple[str, date | None]
"""A version: its content, and its last day."""


@dataclass
class Folder:
    """Where one document is, and since when it waits to be read."""

    to_read: Paper | None = None
    came: date = date.min
    good: Paper | None = None


@dataclass
class Sheet:
    """``school``: whether there is school in an académie that day; ``award``: whether the rules require
    one."""

    school: Callable[[str, date], bool]
    award: bool = False
    status: str = "candidate"
    since: date = date.min
    releasing: bool = False
    causes: set[str] = field(default_factory=set)
    admitted: date = date.min
    lifted: dict[str, date] = field(default_factory=dict)
    rounds: int = 0
    opened: date = date.min
    asked_last: date = date.min
    handed: date | None = None
    complete: date | None = None
    folders: dict[str, Folder] = field(default_factory=dict)
    award_needed: bool = False
    titles: dict[str, tuple[date, date, bool]] = field(default_factory=dict)
    contacts: set[str] = field(default_factory=set)
    links: dict[str, tuple[str, date]] = field(default_factory=dict)
    givers: dict[str, str] = field(default_factory=dict)
    academies: list[str] = field(default_factory=lambda: ["10"])
    academie: str = "10"
    """Of the académies where it works, the one that assesses it."""
    sent: set[tuple[object, ...]] = field(default_factory=set)
    seconds: dict[tuple[int, date], tuple[date | None, int, date | None]] = field(default_factory=dict)
    """Of each last reminder of the documents: the day on which it fell due, failures, the day it came."""

    # What it would refuse ----------------------------------------------------------------------

    def unless(self, *statuses: str) -> Expected:
        return one_of(wrong_status=self.status not in statuses)

    def motivated(self, reason: str) -> Expected:
        return one_of(reason_missing=not reason.strip())

    def allowed(self, actor: Actor, *roles: str) -> Expected:
        if actor.role == "academie" and not actor.academies(self.academies):
            return {"not_found"}
        return one_of(role_not_allowed=actor.role not in roles)

    def refusals_to_extend(self, academie: str) -> Expected:
        return one_of(already_in_academie=academie in self.academies)

    def dated(self, on: date, today: date) -> Expected:
        return one_of(in_the_future=on > today, before_last_change=on < self.since)

    def refusals_to_suspend(self, cause: str, on: date, today: date) -> Expected:
        first = max(self.admitted, self.lifted.get(cause, date.min))
        return one_of(
            in_the_future=on > today, before_last_change=on < first, already_suspended=cause in self.causes
        )

    def once_erased(self, expected: Expected) -> Expected:
        if self.status != "erased":
            return expected
        return (expected & {"role_not_allowed", "not_found"}) or {"erased"}

    def refusals_by_link(self, link: str, online: bool, on: date, today: date) -> Expected:
        state, until = self.links.get(link, ("unknown", today))
        if state != "live" or self.status == "erased":
            return {"link_spent"} if state == "spent" and self.status != "erased" else {"not_found"}
        return (
            one_of(link_expired=until < today, online_today=not online or on != today)
            | self.unless(*OPENABLE)
            | self.dated(on, today)
        )

    def refusals_to_invite(self, link: str, until: date, today: date) -> Expected:
        live = [end for state, end in self.links.values() if state == "live" and end >= today]
        return self.unless(*OPENABLE) | one_of(
            link_term=not today <= until <= today + timedelta(days=30),
            link_known=link in self.links,
            too_many_links=len(live) >= 5,
        )

    def refusals_to_revoke(self, link: str) -> Expected:
        state, _ = self.links.get(link, ("unknown", date.min))
        return one_of(link_elsewhere=state == "unknown", link_spent=state == "spent")

    def refusals_to_receive(self, document: str, paper: Paper, on: date, today: date) -> Expected:
        _, until = paper
        return (
            self.unless(*FOLLOWED)
            | self.unasked(document)
            | one_of(
                in_the_future=on > today,
                valid_until_missing=document == "insurance" and until is None,
                document_expired=until is not None and until < today,
            )
        )

    def unasked(self, document: str) -> Expected:
        return one_of(document_not_asked=document not in self.folders)

    def refusals_to_read(self, document: str, content: str) -> Expected:
        waiting = self.folders.get(document, Folder()).to_read
        return (
            self.unless(*FOLLOWED)
            | self.unasked(document)
            | one_of(nothing_received=not waiting, document_changed=waiting and waiting[0] != content)
        )

    def refusals_to_accept(self, document: str, paper: Paper, today: date) -> Expected:
        """What was read is its content and until when it runs."""
        waiting = self.folders.get(document, Folder()).to_read
        expired = waiting and waiting[1] and waiting[1] < today
        return self.refusals_to_read(document, paper[0]) | one_of(
            document_expired=expired, document_changed=waiting and waiting != paper
        )

    def refusals_to_admit(self, on: date, today: date) -> Expected:
        return (
            self.unless("in_admission")
            | self.dated(on, today)
            | one_of(
                still_suspended=self.causes,
                before_last_change=on < max(self.lifted.values(), default=date.min),
                documents_missing=any(not folder.good for folder in self.folders.values()),
                insurance_lapsed=not self.insured(today),
                entitlement_missing=self.award and not self.awarded(today),
            )
        )

    def refusals_to_end_title(self, title: str, on: date, today: date) -> Expected:
        if title not in self.titles:
            return {"no_such_entitlement"}
        first, last, _ = self.titles[title]
        return one_of(in_the_future=on > today, outside_its_period=not first <= on <= last)

    # What happens ------------------------------------------------------------------------------

    def becomes(self, status: str, on: date) -> None:
        self.status, self.since = status, on
        self.releasing = self.releasing or status in CLOSED

    def suspends(self, cause: str, on: date) -> None:
        if self.status != "suspended":
            self.becomes("suspended", on)
        self.since = min(self.since, on)
        self.causes.add(cause)

    def lifts(self, cause: str, on: date) -> None:
        self.causes.discard(cause)
        self.lifted[cause] = on
        if not self.causes and self.status == "suspended":
            self.becomes("admitted", on)

    def erases(self) -> None:
        self.releasing = self.releasing or self.status not in CLOSED
        self.status = "erased"

    def extends(self, academie: str) -> None:
        self.academies.append(academie)

    def opens(self, on: date, academie: str) -> None:
        self.becomes("in_admission", on)
        self.academie = academie
        self.rounds += 1
        self.opened = self.asked_last = on
        self.complete = self.handed = None
        self.folders = {document: Folder() for document in ASKED}

    def asks(self, document: str, today: date) -> None:
        if document not in self.folders:
            self.folders[document] = Folder()
            self.asked_last, self.complete, self.handed = today, None, None

    def receives(self, document: str, paper: Paper, today: date) -> None:
        folder = self.folders[document]
        if (folder.to_read or folder.good) != paper:
            folder.came = folder.came if folder.to_read else today
            folder.to_read = paper
        if not self.missing():
            self.handed = self.handed or today

    def accepts(self, document: str, today: date) -> None:
        folder = self.folders[document]
        folder.good, folder.to_read = folder.to_read, None
        if all(one.good for one in self.folders.values()):
            self.complete = self.complete or today

    def refuses(self, document: str, today: date) -> None:
        self.folders[document].to_read = None
        self.asked_last = today
        if self.missing():
            self.handed = None

    def expires(self) -> None:
        """The insurance in the file covers nobody since the day after its last: it is asked again."""
        until = self.insured_until or date.max
        self.folders["insurance"].good, self.complete = None, None
        if "insurance" in self.missing():
            self.asked_last = max(self.asked_last, until + timedelta(days=1))
            self.handed = None

    def admits(self, on: date) -> None:
        self.becomes("admitted", on)
        self.admitted, self.lifted = on, {}
        self.award_needed = self.award

    # What is true ------------------------------------------------------------------------------

    def insured(self, day: date) -> bool:
        if "insurance" not in self.folders:
            return True
        until = self.insured_until
        return until is not None and day <= until

    @property
    def insured_until(self) -> date | None:
        good = self.folders.get("insurance", Folder()).good
        return good[1] if good else None

    def awarded(self, day: date) -> bool:
        return any(here and first <= day <= last for first, last, here in self.titles.values())

    def missing(self) -> set[str]:
        return {name for name, one in self.folders.items() if not one.to_read and not one.good}

    def blocks(self, day: date) -> set[str]:
        if self.status not in STANDING:
            return set()
        return one_of(
            suspended=self.status == "suspended",
            insurance_lapsed=not self.insured(day),
            entitlement_lapsed=self.award_needed and not self.awarded(day),
        )

    # What time should do -----------------------------------------------------------------------

    def school_day(self, day: date) -> bool:
        return self.school(self.academie, day)

    def school_days(self, since: date, until: date) -> int:
        days, day = 0, since
        while day < until:
            day += timedelta(days=1)
            days += self.school_day(day)
        return days

    def ready(self, today: date) -> set[tuple[str, str]]:
        """The steps whose time has come, each by its kind and what it is about."""
        steps = self.steps(today)
        found = {(kind, about) for kind, about, step in steps if (kind, *step) not in self.sent}
        if self.status in CLOSED and months_later(self.since, KEPT) <= today:
            found.add(("erase", ""))
        if self.releasing:
            found.add(("release_mentors", ""))
        if self.status == "in_admission" and self.missing() and self.last_day(today) < today:
            found.add(("lapse", ""))
        if self.status == "in_admission" and self.insured_until and self.insured_until < today:
            found.add(("expire_insurance", ""))
        return found

    def last_day(self, today: date) -> date:
        """Of an incomplete file: the fortieth school day, and never before the tenth since it was asked for
        something. Whoever was reminded late has what was left after the last reminder, from that day on."""
        tenth = self.counted(self.asked_last, 10)
        term = max(self.counted(self.opened, 40), tenth)
        due, failures, told = self.seconds.get((self.rounds, self.asked_last), (None, 0, None))
        heard = told or (due if failures > 2 else None) or today
        return term if heard <= tenth else max(term, self.counted(heard, self.school_days(tenth, term)))

    def counted(self, day: date, school_days: int) -> date:
        while school_days:
            day += timedelta(days=1)
            school_days -= self.school_day(day)
        return day

    def told_of(self, number: int, since: date, last: bool, problem: str | None, today: date) -> None:
        """What became of a reminder of the documents asked."""
        if last:
            due, failures, told = self.seconds[number, since]
            told = today if problem is None else told
            self.seconds[number, since] = (due, failures + bool(problem), told)

    def steps(self, today: date) -> list[tuple[str, str, tuple[object, ...]]]:
        """The last reminder of each series whose day has come: its kind, what it is about, its own mark."""
        found: list[tuple[str, str, tuple[object, ...]]] = []
        if self.status in FOLLOWED and self.missing():
            passed = self.school_days(self.asked_last, today)
            if passed >= 5:
                mark = (self.rounds, self.asked_last, "second" if passed >= 10 else "first")
                found.append(("remind_documents", "", mark))
        assessed = self.handed if self.status == "in_admission" else None
        if assessed:
            found += self._decision("assessment", "", assessed, today)
        if self.status in FOLLOWED:
            waiting = {folder.came for folder in self.folders.values() if folder.to_read}
            for day in sorted(waiting - {assessed}):
                found += self._decision("reading", day.isoformat(), day, today)
        return [*found, *self._renewals(today)]

    def _decision(
        self, what: str, about: str, since: date, today: date
    ) -> list[tuple[str, str, tuple[object, ...]]]:
        """The académie is reminded on the tenth school day, and the Drafpic told the day after."""
        told = (self.rounds, since)
        if self.school_days(since, today - timedelta(days=1)) >= 10:
            return [(f"escalate_{what}", about, told)]
        return [(f"remind_{what}", about, told)] if self.school_days(since, today) >= 10 else []

    def _renewals(self, today: date) -> list[tuple[str, str, tuple[object, ...]]]:
        found: list[tuple[str, str, tuple[object, ...]]] = []
        until = self.insured_until
        if self.status in STANDING and until and until - timedelta(days=30) <= today:
            found.append(("alert_insurance", "", (self.rounds, until, until < today)))
        for title, (_, last, _) in self.titles.items():
            days = (last - today).days
            if self.status in FOLLOWED and 0 <= days <= 60:
                found.append(("alert_entitlement", title, (title, last, days <= 30)))
        ended = max((last for _, last, here in self.titles.values() if here and last < today), default=None)
        told = self.status in (FOLLOWED if ended else STANDING)
        if told and self.award and not self.awarded(today):
            found.append(("alert_entitlement", "missing", ("missing", self.rounds, ended, *self.academies)))
        return found

    def time_did(self, kind: str, about: str, today: date) -> None:
        if kind == "lapse":
            self.becomes("lapsed", self.last_day(today) + timedelta(days=1))
        elif kind == "erase":
            self.erases()
        elif kind == "expire_insurance":
            self.expires()
        elif kind == "release_mentors":
            self.releasing = False
        else:
            marks = {(k, *step) for k, a, step in self.steps(today) if (k, a) == (kind, about)}
            if kind == "remind_documents" and any(mark[-1] == "second" for mark in marks):
                self.seconds[self.rounds, self.asked_last] = (today, 0, None)
            self.sent |= marks
