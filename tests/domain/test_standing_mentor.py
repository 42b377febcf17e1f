"""Where a mentor stood on another day: a rung was reached once the last of the facts below it was true."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from domain.calendar import paris_day, start_of
from domain.folding import Standing, Timeline, at, extended, standing_at
from domain.kernel import SYSTEM, Root
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor import identity as of_person
from domain.mentor import timeline as times
from domain.mentor.model import Mentor
from domain.mentor.parts import LADDER, OVERDUE, MentorLeaving, MentorSuspension
from domain.ports import Happened
from ledger.events import happened
from tests.domain.mentor_support import AWA, MENTOR, Desk, interviewing, presenting, signing
from tests.domain.play import played, tell
from tests.domain.rehearsal import settled
from tests.domain.test_mentor_machine import STORIES, MentorMachine, named
from tests.support import COORDINATOR, LYON

TODAY = date(2025, 11, 24)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def events(desk: Desk) -> list[Happened]:
    return [happened(one) for one in settled(desk.house.recorder.load([MENTOR])).events]


def told(desk: Desk, day: date, known: datetime | None = None) -> str | None:
    found = standing_at(events(desk), start_of(day) + timedelta(hours=12), known or desk.now)
    return found.status if found else None


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_a_file_is_complete_from_the_latest_of_its_facts_whichever_was_recorded_last(desk: Desk) -> None:
    desk.apply(on=ago(10))
    desk.do(signing(MENTOR, ago(2)))
    desk.do(ask.SeeIdentity(record_id=MENTOR, on=ago(9), channel=Channel.MEETING))

    days = [ago(11), ago(10), ago(9), ago(3), ago(2), TODAY]
    assert [told(desk, day) for day in days] == [None, *["candidate"] * 3, *["file_complete"] * 2]


def test_an_address_given_late_makes_the_file_complete_then(desk: Desk) -> None:
    desk.apply(person=named(0, False))
    desk.do(signing(MENTOR, TODAY))
    desk.house.clock.advance(days=10)
    desk.do(of_person.ChangePerson(record_id=MENTOR, person=AWA))
    given = desk.today
    desk.house.clock.advance(days=10)
    desk.do(ask.SeeIdentity(record_id=MENTOR, on=TODAY, channel=Channel.MEETING))

    assert told(desk, given - timedelta(days=1)) == "candidate"
    assert told(desk, given) == "file_complete"


def test_whoever_was_trained_first_is_trained_once_checked(desk: Desk) -> None:
    """The last fact recorded is an older check: the training, of yesterday, is what was waited for."""
    desk.apply()
    desk.complete_file()
    desk.do(interviewing(MENTOR, ago(0)))
    desk.house.clock.advance(days=20)
    desk.train()
    trained = paris_day(desk.now)
    desk.house.clock.advance(days=5)
    desk.do(ask.AskCheck(record_id=MENTOR, kind=presenting(MENTOR, TODAY, None).kind))
    desk.do(presenting(MENTOR, ago(-7), ago(-1)))

    assert desk.mentor().status == "trained"
    assert told(desk, ago(-8)) == "interviewed"
    assert told(desk, trained - timedelta(days=2)) == "interviewed"
    assert told(desk, trained) == "trained"


def test_an_unfavourable_interview_of_the_past_hides_only_what_came_after_it(desk: Desk) -> None:
    desk.apply(on=ago(20))
    desk.do(ask.SeeIdentity(record_id=MENTOR, on=ago(20), channel=Channel.MEETING))
    desk.do(signing(MENTOR, ago(20)))
    desk.do(interviewing(MENTOR, ago(15)))
    desk.do(interviewing(MENTOR, ago(10), favourable=False))

    days = [ago(16), ago(15), ago(11), ago(10), TODAY]
    assert [told(desk, day) for day in days] == [
        "file_complete",
        "interviewed",
        "interviewed",
        "file_complete",
        "file_complete",
    ]


def test_a_return_counts_from_the_last_cause_lifted(desk: Desk) -> None:
    """Overdue and suspended by somebody; the check comes first, and the decision is taken back for a day
    before: until the check came, nobody had returned."""
    desk.cleared()
    desk.go_to(date(2026, 12, 1))
    desk.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    overdue = desk.today
    desk.do(ask.Suspend(record_id=MENTOR, on=overdue), LYON, "motif")
    desk.house.clock.advance(days=10)
    desk.check()
    renewed = desk.today
    lift = ask.LiftSuspension(record_id=MENTOR, on=overdue + timedelta(days=5))
    desk.do(lift, LYON, "motif")

    assert desk.mentor().status == "cleared"
    assert told(desk, overdue + timedelta(days=6)) == "suspended"
    assert told(desk, renewed) == "cleared"


def test_suspended_counts_from_the_earliest_cause(desk: Desk) -> None:
    desk.cleared()
    desk.go_to(date(2026, 12, 1))
    desk.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    desk.do(ask.Suspend(record_id=MENTOR, on=date(2026, 11, 20)), LYON, "motif")

    assert set(desk.mentor().suspensions) == {OVERDUE, (MentorSuspension.ACADEMIE, "10")}
    assert told(desk, date(2026, 11, 19)) == "cleared"
    assert told(desk, date(2026, 11, 20)) == "suspended"


def test_nobody_unsays_a_suspension_by_another_one_dated_and_lifted_before_it(desk: Desk) -> None:
    """The académie's is over; the association's own, noted since, would have them back before it began."""
    desk.cleared()
    desk.house.clock.advance(days=30)
    began, ended = desk.today - timedelta(days=10), desk.today - timedelta(days=5)
    desk.do(ask.Suspend(record_id=MENTOR, on=began), LYON, "motif")
    desk.do(ask.LiftSuspension(record_id=MENTOR, on=ended), LYON, "motif")
    for actor in (COORDINATOR, LYON):
        earlier = ask.Suspend(record_id=MENTOR, on=began - timedelta(days=5))
        assert desk.code(earlier, actor, "motif") == "too_early"

    assert told(desk, began + timedelta(days=1)) == "suspended"
    assert told(desk, ended) == "cleared"
    desk.do(ask.Suspend(record_id=MENTOR, on=ended), COORDINATOR, "motif")
    assert told(desk, ended) == "suspended"


def test_nobody_unsays_a_suspension_by_a_departure_dated_before_it(desk: Desk) -> None:
    desk.cleared()
    desk.house.clock.advance(days=30)
    began, ended = desk.today - timedelta(days=10), desk.today - timedelta(days=5)
    desk.do(ask.Suspend(record_id=MENTOR, on=began), LYON, "motif")
    desk.do(ask.LiftSuspension(record_id=MENTOR, on=ended), LYON, "motif")
    before = ask.Leave(record_id=MENTOR, on=began - timedelta(days=1), cause=MentorLeaving.END)
    assert desk.code(before) == "too_early"
    desk.do(replace(before, on=ended))

    assert told(desk, began + timedelta(days=1)) == "suspended"
    assert told(desk, ended) == "left"


def test_nobody_unsays_a_suspension_by_the_end_of_the_operator_dated_before_it(desk: Desk) -> None:
    desk.cleared()
    desk.house.clock.advance(days=30)
    began, ended = desk.today - timedelta(days=10), desk.today - timedelta(days=5)
    desk.do(ask.Suspend(record_id=MENTOR, on=began), LYON, "motif")
    desk.do(ask.LiftSuspension(record_id=MENTOR, on=ended), LYON, "motif")
    desk.do(ask.Release(record_id=MENTOR, on=began - timedelta(days=1)), SYSTEM)

    assert told(desk, began + timedelta(days=1)) == "suspended"
    assert told(desk, ended) == "left"


class TruthMachine(MentorMachine):
    """After anything that may happen: a rung is told of no day on which a fact below it was not yet true."""

    def __init__(self) -> None:
        super().__init__()
        self.copy: Root | None = None
        self.timeline: Timeline = ()
        self.true_from: dict[int, date] = {}

    @precondition(lambda self: self.card.status() in {"candidate", "file_complete"})
    @rule(days=st.lists(st.integers(0, 20), min_size=3, max_size=3))
    def a_file_is_entered_from_paper(self, days: list[int]) -> None:
        """Each fact on its own day, in whatever order they took place."""
        self.person(True)
        self.charter(days[0], False)
        self.identity(days[1])
        self.interview(days[2], True, "bien")

    @invariant()
    def no_day_is_told_a_rung_that_the_facts_deny(self) -> None:
        if not hasattr(self, "desk"):
            return
        known = self.copy.version if self.copy else 0
        for one in events(self.desk)[known:]:
            self.copy = one.event.mutate(self.copy)
            assert isinstance(self.copy, Mentor)
            former = len(self.timeline)
            self.timeline = extended(self.timeline, self.copy, one)
            if len(self.timeline) > former:
                self.true_from[one.version] = _true_from(self.copy)
        now = self.desk.now
        standing = at(self.timeline, now)
        assert standing
        assert self.copy
        assert standing.status == self.copy.status
        for told_of in self.timeline:
            assert told_of.effective_at <= told_of.recorded_at
            if told_of.status in LADDER:
                first = start_of(self.true_from[told_of.version])
                assert told_of.effective_at >= min(first, told_of.recorded_at), (told_of, first)


def _true_from(mentor: Mentor) -> date:
    """The day on which the last of the facts known then, which its rung needs, was true."""
    days = [date.min]
    rung = [str(status) for status in LADDER].index(mentor.status) if mentor.status in LADDER else 0
    if rung >= 1 and mentor.identity_seen_on and mentor.charter_signed_on:
        days += [mentor.identity_seen_on, mentor.charter_signed_on]
    if rung >= 2 and mentor.interview:
        days.append(mentor.interview.on)
    if rung >= 3 and mentor.check:
        days.append(mentor.check.on)
    if rung == 4:
        days.append(max(one.certified_on for one in mentor.certificates.values()))
    return max(days)


@pytest.mark.parametrize("examples", [25, pytest.param(500, marks=pytest.mark.stress)])
def test_whatever_happened_no_day_is_told_a_falsehood(examples: int) -> None:
    played(TruthMachine, examples)


def test_no_story_tells_a_falsehood_of_any_day() -> None:
    tell(TruthMachine, STORIES.values())


def test_the_truth_finds_a_rung_dated_by_its_own_event_alone(
    monkeypatch: pytest.MonkeyPatch, desk: Desk
) -> None:
    def own(mentor: Mentor, timeline: tuple[Standing, ...], place: int) -> datetime:
        return timeline[place].own

    desk.apply(on=ago(10))
    desk.do(signing(MENTOR, ago(2)))
    desk.do(ask.SeeIdentity(record_id=MENTOR, on=ago(9), channel=Channel.MEETING))
    assert told(desk, ago(3)) == "candidate"
    monkeypatch.setattr(times, "since", own)
    assert told(desk, ago(3)) == "file_complete"
