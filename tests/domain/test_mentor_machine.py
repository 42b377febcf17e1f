"""The mentor against a card in a box: ticks and days, written from the procedure, not from the code."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from domain.association import commands as of_association
from domain.association.parts import SuspensionCause
from domain.calendar import SchoolCalendar
from domain.commands import Command
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Actor, Due
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor import identity as of_person
from domain.mentor import proof, standing
from domain.mentor.model import Mentor
from domain.mentor.parts import CheckKind, MentorLeaving, Person
from domain.programme.rules import Delay, Rules, Unit
from domain.training import commands as course
from tests.domain.mentor_card import (
    CODES,
    KEPT,
    LADDER,
    OPEN,
    STANDING,
    Card,
    Letter,
    months_before,
    whose,
)
from tests.domain.mentor_support import AWA, MENTOR, MODULES, Desk, applying, signing
from tests.domain.play import SEEN, Play, Story, met, played, tell
from tests.domain.rehearsal import OFFICER, Expected, months_later, one_of, settled
from tests.support import COORDINATOR, FACE, LYON


def named(nth: int, reachable: bool) -> Person:
    """The nth name under which the same file stood."""
    who = replace(AWA, family_name="Diallo" + nth * "o")
    return who if reachable else replace(who, email=None, phone=None)


back = st.sampled_from([0, 0, 0, 1, 5, 20, -1])
"""Days before today on which the fact took place; -1 is tomorrow."""
reasons = st.sampled_from(["motif", "motif", "motif", " "])
problems = st.sampled_from([None, None, "boîte pleine"])


class MentorMachine(Play):
    record_id = MENTOR
    steps = {  # noqa: RUF012
        "lapse": lambda record_id: ask.Lapse(record_id=record_id),
        "lapse_idle": lambda record_id: ask.Lapse(record_id=record_id),
        "suspend_overdue": lambda record_id: ask.SuspendOverdue(record_id=record_id),
    }

    @initialize(
        stage=st.sampled_from(["candidate", "candidate", "candidate", "interviewed", "cleared", "overdue"]),
        days=st.sampled_from([0, 0, 3, 30]),
    )
    def open(self, stage: str, days: int = 0) -> None:
        self.desk = Desk(Rules(retention=Delay(KEPT, Unit.MONTHS)))
        self.desk.admit()
        self.desk.do(replace(applying(), on=self.ago(days)))
        self.card = Card(self.ago(days), self.today, self.today)
        self.courses = 0
        self.twins = 0
        if stage != "candidate":
            self.identity(0)
            self.charter(0, False)
            self.interview(0, True, "bien")
        if stage in {"cleared", "overdue"}:
            self.ask_check("")
            self.present(True, 0, 10, "")
            self.train(True)
            self.clear(0)
        if stage == "overdue":
            self.months_pass(9)

    def model_status(self) -> str:
        return self.card.status()

    def time_did(self, due: Due) -> None:
        """A letter counts from the day on which it left; what lapses or is overdue, from its own day."""
        self.letters(due)
        if due.kind == "lapse":
            last = self.calendar.add_school_days(self.told(), 15)
            self.card.end("lapsed", last + timedelta(days=1))
        elif due.kind == "lapse_idle":
            self.card.end("lapsed", self.idle_ends() + timedelta(days=1))
        elif due.kind == "suspend_overdue":
            ends = self.card.check_ends()
            assert ends
            self.card.causes["check_overdue"] = ends + timedelta(days=1)
        elif due.kind == "erase":
            self.card.over = "erased"

    def letters(self, due: Due) -> None:
        """What was written, how often it was handed in, and when it left."""
        key = due.key.removeprefix("deliver:").rpartition(":")[0] if due.kind == "deliver" else due.key
        if due.kind != "deliver":
            self.card.letters[key] = Letter(self.today)
        elif letter := self.card.letters.get(key):
            letter.tries += 1
            letter.left = letter.left or (None if self.problem else self.today)

    def told(self) -> date:
        """When the second reminder was sent, at the earliest ten school days after the file was touched."""
        first = self.calendar.add_school_days(self.card.touched, 10)
        return self.sent(f"file:{self.card.touched}:2", first)

    def sent(self, key: str, first: date) -> date:
        letter = self.card.letters.get(key)
        if letter is None or (letter.left is None and letter.tries < 3):
            return max(first, self.today)
        return max(first, letter.left or letter.written)

    def idle_ends(self) -> date:
        """A year after the last progress, and a month at least after somebody was told."""
        moved = self.card.moved()
        term = months_later(moved, 12)
        first = months_before(term)
        return self.sent(f"idle:{moved}:1", first) + (term - first)

    # Time --------------------------------------------------------------------------------------

    @rule(days=st.integers(0, 6), steps=st.integers(0, 2), problem=problems)
    def days_pass(self, days: int, steps: int, problem: str | None) -> None:
        self.later(days, steps, problem)

    @rule(days=st.integers(7, 60), steps=st.integers(0, 3), problem=problems)
    def weeks_pass(self, days: int, steps: int, problem: str | None) -> None:
        self.later(days, steps, problem)

    @rule(times=st.integers(3, 9))
    def months_pass(self, times: int) -> None:
        for _ in range(times):
            self.later(45, 0)
            self.until_quiet()

    @rule()
    def time_does_its_work(self) -> None:
        self.until_quiet()

    # The file ----------------------------------------------------------------------------------

    @rule(days=back)
    def identity(self, days: int) -> None:
        on = self.ago(days)
        command = ask.SeeIdentity(record_id=MENTOR, on=on, channel=Channel.MEETING)
        expected = self.card.unless(*OPEN) | one_of(
            in_the_future=on > self.today, too_early=on < max(self.card.applied, self.card.corrected or on)
        )
        if self.attempt(command, expected):
            if not self.card.identity:
                self.card.touch(self.today)
            self.card.identity = on

    @rule(days=back, by_link=st.booleans())
    def charter(self, days: int, by_link: bool) -> None:
        on, actor, channel = self.ago(days), COORDINATOR, Channel.PAPER
        early = on < self.card.applied
        expected = self.card.unless(*OPEN) | one_of(in_the_future=on > self.today, too_early=early)
        if by_link:
            link = f"l{self.desk.version(MENTOR)}"
            issue = ask.IssueLink(
                record_id=MENTOR, link=link, action="file", digest=link * 20, expires_on=self.ago(-5)
            )
            if not self.attempt(issue, self.card.unless(*OPEN)):
                return
            actor, channel = Actor(f"link:{link}", "person", frozenset({f"link:{link}"})), Channel.ONLINE
            expected = one_of(online_today=days != 0)
        done = self.attempt(signing(MENTOR, on, channel), expected, actor)
        if done:
            if not self.card.charter:
                self.card.touch(self.today)
            self.card.charter = on
        elif by_link:
            self.desk.do(ask.RevokeLink(record_id=MENTOR, link=link))

    @rule(reachable=st.booleans(), another=st.sampled_from([False, False, True]))
    def person(self, reachable: bool, another: bool = False) -> None:
        names = self.card.names + another
        expected = self.unreachable(reachable) | one_of(identity_settled=another and self.card.settled())
        if self.attempt(of_person.ChangePerson(record_id=MENTOR, person=named(names, reachable)), expected):
            if reachable and not self.card.contact:
                self.card.touch(self.today)
            self.card.becomes(names, reachable)

    @rule(
        reachable=st.sampled_from([True, True, False]),
        another=st.sampled_from([True, True, False]),
        reason=reasons,
    )
    def correct(self, reachable: bool, another: bool, reason: str) -> None:
        names = self.card.names + another
        expected = self.unreachable(reachable) | one_of(
            nothing_to_correct=not another, reason_missing=not reason.strip()
        )
        command = of_person.CorrectPerson(record_id=MENTOR, person=named(names, reachable))
        if self.attempt(command, expected, reason=reason):
            self.card.becomes(names, reachable)
            self.card.touch(self.today)
            self.card.identity, self.card.corrected = None, self.today

    def unreachable(self, reachable: bool) -> Expected:
        kept = not reachable and self.card.status() in OPEN[1:]
        return self.card.unless(*OPEN) | one_of(contact_missing=kept)

    # From the interview to the clearance -------------------------------------------------------

    @rule(
        days=back, liked=st.sampled_from([True, True, False]), report=st.sampled_from(["bien", "bien", " "])
    )
    def interview(self, days: int, liked: bool, report: str) -> None:
        on = self.ago(days)
        command = ask.HoldInterview(record_id=MENTOR, on=on, favourable=liked, report=report)
        expected = self.card.unless(*LADDER) | one_of(
            file_incomplete=self.card.status() == "candidate",
            in_the_future=on > self.today,
            too_early=on < self.card.applied,
            report_missing=not report.strip(),
        )
        if self.attempt(command, expected) and (self.card.met is None or on >= self.card.met):
            self.card.met, self.card.liked = on, liked

    @rule(reason=st.sampled_from(["", "", "motif"]))
    def ask_check(self, reason: str) -> None:
        expected = self.card.unless(*OPEN) | one_of(
            reason_not_taken=reason, interview_missing=not (self.card.met and self.card.liked)
        )
        if self.attempt(ask.AskCheck(record_id=MENTOR, kind=CheckKind.B3), expected, reason=reason):
            self.card.asked = True

    @rule()
    def ask_what_may_not_be_asked(self) -> None:
        asking = ask.AskCheck(record_id=MENTOR, kind=CheckKind.HONORABILITE, mission="x", departement="69")
        assert not self.attempt(
            asking, self.card.unless(*OPEN) | {"interview_missing", "honorabilite_outside_perimeter"}
        )

    @rule(
        presented=st.sampled_from([True, True, True, False]),
        days=back,
        age=st.sampled_from([0, 10, 80, 95, -2]),
        reason=st.sampled_from(["", "", "", "motif"]),
    )
    def present(self, presented: bool, days: int, age: int, reason: str) -> None:
        on = self.ago(days)
        issued = on - timedelta(days=age)
        command = ask.PresentCheck(
            record_id=MENTOR,
            kind=CheckKind.B3,
            presented=presented,
            on=on,
            issued_on=issued if presented else None,
        )
        expected = self.card.refusals_to_present(presented, issued, on, self.today, reason)
        if self.attempt(command, expected, reason=reason) and presented:
            self.card.seen(on, self.today)

    @precondition(lambda self: "check_overdue" in self.card.causes and not self.card.over)
    @rule()
    def renew(self) -> None:
        self.present(True, 0, 10, "")
        assert "check_overdue" not in self.card.causes

    @rule(whole=st.booleans())
    def train(self, whole: bool) -> None:
        """A course today, of all the modules or of the first half."""
        self.courses += 1
        name, modules = f"training-{self.courses}", MODULES if whole else MODULES[:2]
        self.desk.opened(name, days=-1, modules=modules)
        enrol = course.Enrol(record_id=name, mentor_id=MENTOR)
        if self.card.status() not in OPEN:
            assert self.desk.code(enrol) == "mentor_closed"
            return
        self.desk.do(enrol)
        self.desk.do(course.Hold(record_id=name), SYSTEM)
        self.desk.do(course.Attend(record_id=name, mentor_id=MENTOR, present=True))
        self.desk.do(course.Certify(record_id=name, mentor_id=MENTOR, on=self.today))
        self.add(name, {module.code for module in modules})

    def add(self, name: str, modules: set[str]) -> None:
        until = months_later(self.today, 24)
        self.card.courses[name] = (modules, 60 * len(modules), self.today, until)
        self.card.trained = self.card.covered(self.today)

    @rule(suspended=st.booleans())
    def the_operator(self, suspended: bool) -> None:
        if suspended == self.card.operator:
            command: Command = (
                of_association.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=self.today)
                if suspended
                else of_association.LiftSuspension(record_id=FACE, cause=SuspensionCause.FAULT)
            )
            self.desk.do(command, LYON, "motif")
            self.card.operator = not suspended

    @rule(days=back)
    def clear(self, days: int) -> None:
        on = self.ago(days)
        if self.attempt(ask.Clear(record_id=MENTOR, on=on), self.card.refusals_to_clear(on, self.today)):
            self.card.cleared = on

    @precondition(lambda self: self.card.status() in LADDER)
    @rule()
    def take_the_next_step(self) -> None:
        match self.card.status():
            case "candidate":
                self.person(True)
                self.identity(0)
                self.charter(0, True)
            case "file_complete":
                self.interview(0, True, "bien")
            case "interviewed":
                self.ask_check("")
                self.present(True, 0, 10, "")
            case "checked":
                self.train(True)
            case _:
                self.the_operator(False)
                self.clear(0)

    # Standing and leaving ----------------------------------------------------------------------

    @rule(days=back, reason=reasons, actor=st.sampled_from([COORDINATOR, LYON]))
    def suspend(self, days: int, reason: str, actor: Actor) -> None:
        on = self.ago(days)
        expected = self.card.unless(*STANDING) | one_of(
            reason_missing=not reason.strip(),
            in_the_future=on > self.today,
            too_early=(self.card.cleared and on < self.card.cleared) or self.card.back_later_than(on),
            already_suspended=whose(actor) in self.card.causes,
        )
        if self.attempt(ask.Suspend(record_id=MENTOR, on=on), expected, actor, reason):
            self.card.causes[whose(actor)] = on

    @rule(days=back, reason=reasons, actor=st.sampled_from([COORDINATOR, LYON]))
    def lift(self, days: int, reason: str, actor: Actor) -> None:
        on = self.ago(days)
        own, other = whose(actor), whose(LYON if actor is COORDINATOR else COORDINATOR)
        since = self.card.causes.get(own)
        expected = self.card.unless("suspended", *self.card.held()) | one_of(
            not_suspended=since is None and other not in self.card.causes,
            suspended_by_other=since is None and other in self.card.causes,
            reason_missing=not reason.strip(),
            in_the_future=on > self.today,
            too_early=since and on < since,
        )
        if self.attempt(ask.LiftSuspension(record_id=MENTOR, on=on), expected, actor, reason):
            self.card.lift(own, on)

    @rule(
        days=back,
        cause=st.sampled_from(MentorLeaving),
        seriously=st.sampled_from([False, False, False, True]),
    )
    def leave(self, days: int, cause: MentorLeaving, seriously: bool) -> None:
        on = self.ago(days)
        expected = self.card.unless(*OPEN) | one_of(
            cause_reserved=cause in {"merged", "operator"},
            suspended_by_other="academie" in self.card.causes,
            in_the_future=on > self.today,
            too_early=on < (self.card.cleared or self.card.applied) or self.card.back_later_than(on),
        )
        if (expected or seriously) and self.attempt(
            ask.Leave(record_id=MENTOR, on=on, cause=cause), expected
        ):
            self.card.end("left", on)

    @rule(days=back, seriously=st.sampled_from([False, False, False, True]))
    def released(self, days: int, seriously: bool) -> None:
        """Its operator is gone; told again of a record that has ended, nothing happens."""
        if self.card.over == "erased" or not (self.card.over or seriously):
            return
        on, version = self.ago(max(days, 0)), self.desk.version(MENTOR)
        assert self.attempt(ask.Release(record_id=MENTOR, on=on), set(), SYSTEM)
        if self.card.over:
            assert self.desk.version(MENTOR) == version
        else:
            self.card.end("left", max(on, self.card.cleared or self.card.applied))

    @rule(reason=reasons, seriously=st.sampled_from([False, False, False, True]))
    def refuse(self, reason: str, seriously: bool) -> None:
        given = bool(reason.strip())
        expected = self.card.unless(*LADDER) | one_of(
            reason_missing=not self.card.asked and not given, reason_not_taken=self.card.asked and given
        )
        if (expected or seriously) and self.attempt(
            ask.RefuseCandidacy(record_id=MENTOR), expected, reason=reason
        ):
            self.card.end("refused", self.today)

    @precondition(lambda self: self.card.over and self.card.over != "erased")
    @rule()
    def erase(self) -> None:
        if self.attempt(Erase(record_id=MENTOR, ground=Ground.OBJECTION), set(), OFFICER):
            self.card.over = "erased"

    @precondition(lambda self: self.twins < 3 and self.card.operator)
    @rule(proves=st.sampled_from(["nothing", "training", "check"]), reason=reasons)
    def merge(self, proves: str, reason: str = "motif") -> None:
        """The same person came by another address too."""
        self.twins += 1
        twin = f"mentor-twin-{self.twins}"
        self.desk.apply(twin, Person("Awa", "Diallo", f"awa{self.twins}@exemple.test"))
        name = f"training-twin-{self.twins}"
        if proves == "training":
            self.desk.train(twin, name)
        if proves == "check":
            self.desk.complete_file(twin)
            self.desk.interview(twin)
            self.desk.check(twin)
        behind = proves == "check" and self.card.status() in LADDER[:3]
        unlike = self.card.names > 0 and not reason.strip()
        expected = self.card.unless(*OPEN) | one_of(duplicate_further=behind, duplicate_unlike=unlike)
        command = of_person.Merge(record_id=MENTOR, duplicate_id=twin)
        if not self.attempt(command, expected, reason=reason):
            return
        self.card.aliases += 1
        if proves == "training":
            self.add(name, CODES)
        self.card.trained = self.card.covered(self.today)
        self.card.asked = self.card.asked or proves == "check"
        if proves == "check" and (self.card.checked is None or self.today > self.card.checked):
            self.card.checked = self.today
        self.card.back_again(self.today)

    # What must hold at every moment --------------------------------------------------------------

    @invariant()
    def its_history_says_what_the_card_says(self) -> None:
        self.check_history()

    @invariant()
    def its_deadlines_are_those_of_the_card(self) -> None:
        self.check_deadlines()
        card, ready = self.card, self.ready_kinds()
        status, ends = card.status(), card.check_ends()
        late = status in STANDING and ends is not None and ends < self.today
        closed = card.over_on is not None and card.over != "erased"
        assert ("lapse" in ready) == (status == "candidate" and self.school_days() >= 15)
        forgotten = status in LADDER[1:] and self.idle_ends() < self.today
        assert ("lapse_idle" in ready) == forgotten
        assert ("suspend_overdue" in ready) == (late and "check_overdue" not in card.causes)
        assert ("erase" in ready) == (
            closed and card.over_on is not None and months_later(card.over_on, KEPT) <= self.today
        )
        awaited = {due.kind for due in self.desk.dues(MENTOR)}
        assert ("clear" in awaited) == (status == "trained")
        assert ("interview" in awaited) == (status == "file_complete")
        assert ("see_identity" in awaited) == (status in STANDING and card.identity is None)
        stale = status in {"checked", "trained"} and ends is not None and ends < self.today
        overdue = status in STANDING and "check_overdue" in card.causes
        assert ("present_check" in awaited) == (overdue or stale)
        decided = bool(card.causes.keys() - {"check_overdue"})
        assert ("lift_suspension" in awaited) == (
            (status == "suspended" and decided) or status in card.held()
        )
        assert ("train" in awaited) == (
            status == "checked" or (status in STANDING and not card.covered(self.today))
        )

    def school_days(self) -> int:
        """Whole ones, since the second reminder: today is not over."""
        told = self.told()
        span = (self.today - told).days
        return sum(self.calendar.is_school_day(told + timedelta(days=n)) for n in range(1, span))

    @property
    def calendar(self) -> SchoolCalendar:
        return self.desk.house.executor.world.calendars.for_academie("10")

    @invariant()
    def it_claims_its_person_while_it_is_open(self) -> None:
        mentor = self.desk.mentor()
        names = [claim for claim in mentor.claims() if claim.key.startswith("mentor:")]
        own = len(self.card.marks() | self.card.former)
        kept = self.card.status() in (*OPEN, *self.card.held())
        assert len(names) == (own + self.card.aliases if kept else 0)
        holders = settled(self.desk.house.recorder.holders([claim.key for claim in names]))
        assert holders == {claim.key: MENTOR for claim in names}
        assert {one.cause for one in mentor.suspensions} == set(self.card.causes)


@pytest.mark.parametrize("examples", [40, pytest.param(800, marks=pytest.mark.stress)])
def test_a_mentor_is_what_the_card_says(examples: int) -> None:
    played(MentorMachine, examples)


STORIES: dict[str, Story[MentorMachine]] = {
    "a file forgotten": (
        lambda m: m.open("candidate"),
        lambda m: m.interview(0, True, "bien"),
        lambda m: m.later(10, 2, "boîte pleine"),
        lambda m: m.identity(1),
        lambda m: m.months_pass(3),
        lambda m: m.leave(0, MentorLeaving.END, True),
        lambda m: m.months_pass(9),
        lambda m: m.clear(0),
    ),
    "a check renewed late": (
        lambda m: m.open("overdue"),
        lambda m: m.lift(0, "motif", LYON),
        lambda m: m.present(False, 0, 0, ""),
        lambda m: m.renew(),
        lambda m: m.suspend(0, "motif", LYON),
        lambda m: m.months_pass(9),
        lambda m: m.merge("check"),
        lambda m: m.correct(True, True, "motif"),
        lambda m: m.identity(0),
        lambda m: m.lift(0, "motif", COORDINATOR),
        lambda m: m.suspend(0, "motif", COORDINATOR),
        lambda m: m.lift(0, "motif", LYON),
        lambda m: m.lift(0, "motif", COORDINATOR),
        lambda m: m.leave(0, MentorLeaving.MOVED, True),
        lambda m: m.erase(),
        lambda m: m.renew() if m.card.causes else None,
    ),
    "nobody decides": (
        lambda m: m.open("interviewed"),
        lambda m: m.months_pass(8),
        lambda m: m.ask_check(""),
        lambda m: m.months_pass(9),
        lambda m: m.take_the_next_step() if m.card.status() in LADDER else None,
    ),
    "its operator goes while the académie suspends": (
        lambda m: m.open("cleared"),
        lambda m: m.suspend(0, "motif", LYON),
        lambda m: m.suspend(0, "motif", COORDINATOR),
        lambda m: m.released(0, True),
        lambda m: m.lift(0, "motif", LYON),
        lambda m: m.lift(0, "motif", LYON),
        lambda m: m.lift(0, "motif", COORDINATOR),
    ),
    "corrected while the académie suspends": (
        lambda m: m.open("cleared"),
        lambda m: m.suspend(0, "motif", COORDINATOR),
        lambda m: m.correct(True, True, "motif"),
        lambda m: m.suspend(0, "motif", LYON),
        lambda m: m.correct(True, True, "motif"),
        lambda m: m.lift(0, "motif", COORDINATOR),
        lambda m: m.lift(0, "motif", LYON),
        lambda m: m.correct(True, True, "motif"),
    ),
    "one step after the other": (
        lambda m: m.open("candidate"),
        lambda m: m.train(False),
        *(lambda m: m.take_the_next_step() for _ in range(2)),
        lambda m: m.interview(0, False, "non"),
        *(lambda m: m.take_the_next_step() for _ in range(3)),
        lambda m: m.person(True, True),
        lambda m: m.correct(True, True, "motif"),
        lambda m: m.identity(0),
        lambda m: m.the_operator(True),
        lambda m: m.clear(0),
        lambda m: m.take_the_next_step(),
        lambda m: m.months_pass(9),
        *(lambda m: m.released(5, True) for _ in range(2)),
    ),
}


def test_the_stories_meet_every_status_and_every_deadline() -> None:
    tell(MentorMachine, STORIES.values())
    assert met("due") >= {
        "lapse",
        "lapse_idle",
        "remind_idle",
        "suspend_overdue",
        "remind_file",
        "alert_check",
        "deliver",
        "erase",
    }
    assert met("status") == {*LADDER, *STANDING, "left", "lapsed", "erased"}
    assert SEEN["mentor.merge"]


FAULTS: dict[str, tuple[Any, str, Any]] = {
    "an unfavourable interview counts": (proof, "reached", lambda mentor: "interviewed"),
    "a check brings nobody back": (standing, "return_if_checked", lambda mentor, act, rules: None),
    "a closed record keeps its person": (Mentor, "is_open", property(lambda self: True)),
    "an académie's suspension holds nobody": (Mentor, "is_barred", property(lambda self: False)),
    "whoever was corrected is known still": (proof, "is_settled", lambda mentor: False),
    "whoever is overdue is cleared still": (
        standing,
        "suspend_overdue",
        lambda mentor, act, on: mentor._returned(on=on),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_card_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    where, name, wrong = FAULTS[fault]
    monkeypatch.setattr(where, name, wrong)
    with pytest.raises(AssertionError):
        tell(MentorMachine, STORIES.values())
