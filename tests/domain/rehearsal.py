"""A convention on a sheet of paper: what a careful clerk would note, and what she would refuse, and why."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

from domain.convention.parts import Clauses, Medium
from domain.kernel import Actor
from tests.support import FACE_PARTY

T = TypeVar("T")
Expected = set[str]
RUNNING = ("in_force", "ending")
SIGNING = ("to_sign", "partially_signed")
ENDED = ("renewed", "expired", "terminated")
LYCEE = "lycee:0690001A"
OFFICER = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))
KEPT = 10
"""Months during which the personal data of a convention are kept after its end."""


def settled(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits: in memory, nothing does."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("something waited")


def months_later(day: date, months: int) -> date:
    """Counted on the fingers: one month after the other, then back to the last day if it is too short."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def one_of(**facts: object) -> Expected:
    """The codes of the facts that hold."""
    return {code for code, holds in facts.items() if holds}


@dataclass
class Sheet:
    status: str = "draft"
    parties: tuple[str, ...] = ()
    text: Clauses = Clauses()
    signed: dict[str, date] = field(default_factory=dict)
    electronic: set[str] = field(default_factory=set)
    attested: date | None = None
    votes: dict[str, date] = field(default_factory=dict)
    in_force: date | None = None
    since: date | None = None
    notice_until: date | None = None
    notice_by: str = ""
    notice_on_paper: bool = False
    alerted: set[date] = field(default_factory=set)
    amendment: date | None = None
    proposed: date = date.min
    amendment_signed: set[str] = field(default_factory=set)
    reports: dict[str, str] = field(default_factory=dict)
    successor: str = ""
    renewals: int = 0
    stopped: date | None = None
    given_up: date | None = None
    ends: date | None = None
    start: date = date(2025, 12, 5)

    def open(self, parties: tuple[str, ...], text: Clauses) -> None:
        self.parties, self.text, self.ends = parties, text, text.ends_on

    # What it would refuse ----------------------------------------------------------------------

    def unless(self, *statuses: str) -> Expected:
        return one_of(wrong_status=self.status not in statuses)

    def motivated(self, reason: str) -> Expected:
        return one_of(reason_missing=not reason.strip())

    def only_academie(self, actor: Actor) -> Expected:
        return one_of(role_not_allowed=actor.role != "academie")

    def side(self, party: str, actor: Actor) -> Expected:
        return one_of(
            not_a_party=party not in self.parties,
            not_your_party=actor.role == "association" and party != FACE_PARTY,
        )

    def own(self, party: str, actor: Actor) -> bool:
        return party == ("academie:10" if actor.role == "academie" else FACE_PARTY)

    def too_early(self, on: date) -> Expected:
        return one_of(before_proposal=self.amendment and on < self.proposed)

    def incomplete(self) -> Expected:
        return one_of(text_incomplete=not self.text.kinds)

    def once_erased(self, command: str, expected: Expected) -> Expected:
        """Whoever may not act is told so first; all others that there is nothing left to act upon."""
        if self.status != "erased" or command == "record.erase":
            return expected
        return (expected & {"role_not_allowed", "not_found"}) or {"erased"}

    def refusals_to_erase(self, actor: Actor, ground: str, reason: str) -> Expected:
        officer = actor.role == "dpo"
        return one_of(
            role_not_allowed=not officer and actor.role != "system" and "academie:08" not in actor.scopes,
            not_found="academie:08" in actor.scopes,
            reason_not_taken=reason.strip(),
            ground_reserved=officer and ground == "retention",
            already_erased=officer and self.status == "erased",
        )

    def refusals_to_submit(self) -> Expected:
        return self.unless("draft") | self.incomplete()

    def refusals_to_edit(self, text: Clauses) -> Expected:
        reversed_ = text.starts_on and text.ends_on and text.ends_on < text.starts_on
        return self.unless("draft", *SIGNING) | one_of(period_reversed=reversed_)

    def refusals_to_vote(self, party: str, on: date, today: date) -> Expected:
        stages = ("draft", "in_review", *SIGNING, *(RUNNING if self.amendment else ()))
        return (self.unless(*stages) | self.too_early(on)) | one_of(
            not_a_party=party not in self.parties,
            no_vote_needed=party != LYCEE,
            in_the_future=on > today,
        )

    def ballot(self, party: str, on: date) -> Expected:
        binding = self.votes.get(party)
        return one_of(
            vote_missing=party == LYCEE and not binding,
            vote_not_executory=party == LYCEE and binding and on < binding,
        )

    def refusals_to_sign(self, party: str, actor: Actor, on: date, today: date, medium: Medium) -> Expected:
        instead = medium == "electronic" and not self.own(party, actor)
        found = self.unless(*SIGNING) | self.side(party, actor) | self.incomplete() | self.ballot(party, on)
        return found | one_of(
            in_the_future=on > today,
            electronic_today=medium == "electronic" and on != today,
            already_signed=party in self.signed,
            paper_needed=instead,
        )

    def refusals_of_history(
        self, on: date, start: date, at_latest: date, last: date, evidence: str, today: date
    ) -> Expected:
        return self.unless("draft") | one_of(
            in_the_future=on > today,
            period_reversed=last < start,
            before_signature=at_latest < on,
            evidence_missing=not evidence.strip(),
        )

    def refusals_to_amend(self, last: date | None) -> Expected:
        early = last and (last < self.start or (self.in_force and last < self.in_force))
        return self.unless(*RUNNING) | one_of(
            text_incomplete=last is None, period_reversed=early, amendment_open=self.amendment
        )

    def refusals_to_sign_amendment(self, party: str, actor: Actor, on: date, today: date) -> Expected:
        found = self.unless(*RUNNING) | self.side(party, actor) | self.ballot(party, on)
        return (
            found
            | self.too_early(on)
            | one_of(
                no_amendment=not self.amendment,
                in_the_future=on > today,
                already_signed=self.amendment and party in self.amendment_signed,
            )
        )

    def refusals_of_report(self, report: str) -> Expected:
        return self.unless(*RUNNING, *ENDED) | one_of(
            report_not_expected=report not in self.reports_owed(),
            already_received=self.reports.get(report) == "received",
        )

    def refusals_to_denounce(self, party: str, actor: Actor, on: date, today: date, reason: str) -> Expected:
        found = self.unless(*RUNNING) | self.side(party, actor) | self.motivated(reason)
        return found | one_of(
            in_the_future=on > today,
            notice_given=self.notice_until,
            period_reversed=self.in_force and on < self.in_force,
            notice_backdated=on < today and actor.role != "academie",
        )

    def refusals_to_withdraw(self, party: str, actor: Actor, reason: str) -> Expected:
        running = self.notice_until and self.status in RUNNING
        keeper = actor.role == "academie"
        itself = self.own(party, actor) or (self.notice_on_paper and keeper)
        theirs = itself if self.notice_by else keeper
        theirs = theirs and self.notice_by in {"", party}
        found = self.side(party, actor) | self.motivated(reason)
        return found | one_of(no_notice=not running, not_your_notice=running and not theirs)

    def refusals_to_renew(self) -> Expected:
        return self.unless(*RUNNING, "expired") | one_of(
            already_renewed=self.successor in {"draft", "signed"}
        )

    def refusals_to_correct(self, name: str, party: str, value: date, today: date) -> Expected:
        lived = self.status in (*RUNNING, *ENDED)
        known = {"ends_on": lived, "in_force_from": lived, "signature": party in self.signed}
        backwards = (name == "ends_on" and self.in_force and value < self.in_force) or (
            name == "in_force_from" and self.ends and value > self.ends
        )
        signed_on = self.attested or max(self.signed.values(), default=value)
        return one_of(
            date_not_recorded=not known.get(name),
            in_the_future=name != "ends_on" and value > today,
            period_reversed=backwards,
            before_signature=name == "in_force_from" and value < signed_on,
            electronic_today=name == "signature" and party in self.electronic,
            ended_already=self.stopped and self.contradicts_the_end(name, value),
        )

    def contradicts_the_end(self, name: str, value: date) -> bool:
        assert self.stopped
        if name == "ends_on":
            return value < self.stopped if self.status == "terminated" else value != self.ends
        return name == "in_force_from" and value > self.stopped

    # What it notes -----------------------------------------------------------------------------

    def edited(self, text: Clauses) -> None:
        if text != self.text:
            self.votes = {}
            if self.status in SIGNING:
                self.signed, self.electronic, self.status = {}, set(), "to_sign"
        self.text, self.ends = text, text.ends_on

    def signed_by(self, party: str, on: date, medium: Medium) -> None:
        self.signed[party] = on
        self.electronic |= {party} if medium == "electronic" else set()
        self.status = "partially_signed"
        if set(self.signed) == set(self.parties):
            self.status = "signed"
            self.in_force = max(self.start, *self.signed.values())

    def history(self, on: date, start: date, last: date, today: date) -> None:
        self.attested = on
        self.status, self.in_force, self.start = "signed", start, start
        self.ends, self.since = last, today

    def amendment_signed_by(self, party: str) -> None:
        self.amendment_signed.add(party)
        if self.amendment_signed == set(self.parties):
            self.ends, self.amendment = self.amendment, None
            self.near_its_end()

    def near_its_end(self) -> None:
        if self.status in RUNNING:
            self.status = "ending" if self.notice_until or self.ends in self.alerted else "in_force"

    def notice(self, until: date, by: str, on_paper: bool = False) -> None:
        self.notice_until, self.notice_by, self.status = until, by, "ending"
        self.notice_on_paper = on_paper

    def no_notice(self) -> None:
        self.notice_until, self.notice_by = None, ""
        self.near_its_end()

    def ended(self, status: str, on: date) -> None:
        self.status, self.stopped = status, on

    def corrected(self, name: str, party: str, value: date) -> None:
        if name == "ends_on":
            self.ends = value
            self.near_its_end()
        elif name == "in_force_from":
            self.in_force = value
        else:
            self.signed[party] = value
            if self.status == "signed":
                self.in_force = max(self.start, *self.signed.values())

    # What time does ----------------------------------------------------------------------------

    def last_day(self) -> date | None:
        return min((day for day in (self.notice_until, self.ends) if day), default=None)

    def should_enter(self, today: date) -> bool:
        return self.status == "signed" and self.in_force is not None and self.in_force <= today

    def should_end(self, today: date) -> bool:
        last = self.last_day()
        return self.status in RUNNING and last is not None and last < today

    def should_forget(self, today: date) -> bool:
        over = self.given_up or self.stopped
        return self.status != "erased" and over is not None and months_later(over, KEPT) <= today

    def awaited(self) -> set[str]:
        return set(self.parties) - set(self.signed) if self.status in SIGNING else set()

    def reports_owed(self) -> dict[str, date]:
        """A bilan each 30 June after a year in which it ran, accounts six months after each civil year."""
        if self.status not in (*RUNNING, *ENDED) or not self.in_force:
            return {}
        last = min(day for day in (self.stopped, self.ends) if day)
        owed = {}
        for year in range(self.in_force.year, last.year + 2):
            june = date(year, 6, 30)
            if self.in_force <= june and last > date(year - 1, 6, 30):
                owed[f"bilan:{year}"] = june
            if self.in_force.year <= year <= last.year:
                owed[f"financial:{year}"] = date(year + 1, 6, 30)
        return {report: day for report, day in owed.items() if not self.since or day >= self.since}

    def reports_late(self, today: date) -> set[str]:
        """Those whose day has passed without anybody having noted it yet."""
        return {
            report
            for report, day in self.reports_owed().items()
            if day < today and report not in self.reports
        }

    def time_did(self, kind: str, key: str, today: date) -> None:
        if kind == "enter_into_force":
            assert self.should_enter(today)
            self.status = "in_force"
        elif kind == "end":
            self._end(today)
        elif kind == "alert_end":
            assert self.ends is not None
            assert not self.notice_until
            assert today <= self.ends <= today + timedelta(days=180)
            self.alerted.add(self.ends)
            self.status = "ending"
        elif kind == "erase":
            assert self.should_forget(today)
            self.status = "erased"
        elif kind == "report_overdue":
            self.reports[key.partition(":")[2]] = "overdue"

    def _end(self, today: date) -> None:
        assert self.should_end(today)
        last = self.last_day()
        assert last is not None
        if last == self.notice_until:
            self.ended("terminated", last)
        else:
            self.ended("renewed" if self.successor == "signed" else "expired", last + timedelta(days=1))
