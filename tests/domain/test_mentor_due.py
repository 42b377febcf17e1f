"""What a mentor's record waits for, by days counted by hand on the calendar of Lyon (zone A)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.erasure import Erase, Ground
from domain.folding import standing_at
from domain.kernel import SYSTEM
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor.clearance import blocks
from domain.mentor.parts import CheckKind, MentorLeaving
from domain.programme.rules import Delay, MentorRules, Rules, TrainingRules, Unit
from domain.reminding import RecordDelivery, Remind
from domain.training import commands as course
from domain.training.parts import Module
from ledger.events import happened
from tests.domain.mentor_support import MENTOR, MODULES, Desk, presenting
from tests.domain.rehearsal import settled
from tests.support import FACE, LYON

TODAY = date(2025, 11, 24)
FIRST, SECOND = date(2025, 12, 1), date(2025, 12, 8)
"""5 and 10 school days later."""
LAST = date(2026, 1, 12)
"""25 school days later, the holidays of Christmas (20 December to 4 January) not counted."""
LAPSED = date(2026, 1, 13)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.apply()
    return desk


@pytest.fixture
def cleared() -> Desk:
    """Checked on 24 November 2025, for 12 months; certified on that day too, for 24."""
    desk = Desk()
    desk.cleared()
    return desk


def remind(desk: Desk) -> str:
    """The first thing ready is reminded of; its key."""
    due = desk.ready(MENTOR)[0]
    desk.do(Remind(record_id=MENTOR, key=due.key), SYSTEM)
    return due.key


def deliver(desk: Desk) -> None:
    for due in desk.ready(MENTOR):
        if due.kind == "deliver":
            key = due.key.removeprefix("deliver:").rpartition(":")[0]
            desk.do(RecordDelivery(record_id=MENTOR, key=key, channel="mail"), SYSTEM)


# The file -----------------------------------------------------------------------------------------


def test_an_idle_file_is_reminded_twice_and_lapses(desk: Desk) -> None:
    assert desk.days(MENTOR) == {"remind_file": FIRST, "lapse": LAPSED}
    due = desk.dues(MENTOR)[0]
    assert due.awaits == (f"association:{FACE}",)
    assert due.by == LAST
    assert due.missing == ("la pièce d'identité vue", "la charte signée")
    desk.go_to(FIRST)
    assert remind(desk) == "file:2025-11-24:1"
    assert desk.days(MENTOR) == {"deliver": FIRST, "remind_file": SECOND, "lapse": LAPSED}
    deliver(desk)
    desk.go_to(SECOND)
    remind(desk)
    deliver(desk)
    assert desk.days(MENTOR) == {"lapse": LAPSED}
    assert desk.ready(MENTOR) == []
    desk.go_to(LAST, hour=22)
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert desk.mentor().status == "candidate", "the last day belongs to whoever is awaited"
    desk.go_to(LAPSED)
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert desk.mentor().status == "lapsed"
    version = desk.version(MENTOR)
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert desk.version(MENTOR) == version
    assert desk.days(MENTOR) == {"erase": date(2031, 1, 13)}


def test_progress_starts_the_count_again_and_takes_back_what_was_not_sent(desk: Desk) -> None:
    desk.go_to(FIRST)
    remind(desk)
    assert "deliver" in desk.days(MENTOR)
    desk.do(ask.SeeIdentity(record_id=MENTOR, on=TODAY, channel=Channel.MEETING))
    assert desk.days(MENTOR) == {"remind_file": date(2025, 12, 8), "lapse": date(2026, 1, 20)}
    assert desk.dues(MENTOR)[0].missing == ("la charte signée",)


def test_a_reminder_that_time_has_overtaken_is_not_sent(desk: Desk) -> None:
    desk.go_to(date(2025, 12, 15))
    assert [due.key for due in desk.ready(MENTOR)] == ["file:2025-11-24:2"]


def test_a_reminder_that_did_not_arrive_is_sent_again_a_day_later_then_two_then_given_up(desk: Desk) -> None:
    desk.go_to(FIRST)
    key = remind(desk)
    tried = []
    for day in (FIRST, date(2025, 12, 2), date(2025, 12, 3)):
        desk.go_to(day)
        tried.append([due.key for due in desk.ready(MENTOR) if due.kind == "deliver"])
        desk.do(RecordDelivery(record_id=MENTOR, key=key, channel="mail", problem="panne"), SYSTEM)
    assert tried == [[f"deliver:{key}:{n}"] for n in range(3)]
    desk.go_to(date(2025, 12, 7))
    assert desk.ready(MENTOR) == []


STEPS: dict[str, tuple[str, Callable[[Desk], None], tuple[str, ...]]] = {
    "file_complete": ("interview", Desk.complete_file, ("un entretien favorable",)),
    "interviewed": ("check", Desk.interview, ("la demande du document",)),
    "asked": (
        "check",
        lambda desk: void(desk.do(ask.AskCheck(record_id=MENTOR, kind=CheckKind.B3))),
        ("la présentation du document",),
    ),
    "checked": (
        "train",
        lambda desk: void(desk.do(presenting(MENTOR, TODAY, TODAY))),
        (
            "le module « posture du mentor »",
            "le module « protection des mineurs »",
            "le module « voie professionnelle »",
            "le module « protection des données »",
            "4 h de formation",
        ),
    ),
    "trained": ("clear", Desk.train, ()),
}


def void(_: object) -> None:
    """A step whose answer nobody needs."""


def test_each_step_says_what_it_waits_for_and_no_clock_takes_it(desk: Desk) -> None:
    for kind, step, missing in STEPS.values():
        step(desk)
        (due,) = [due for due in desk.dues(MENTOR) if not due.automatic]
        assert (due.kind, due.missing) == (kind, missing)
        assert due.awaits == (f"association:{FACE}",)
        assert due.by == date(2026, 11, 24), "a year after the last progress"
        clock = [due.kind for due in desk.dues(MENTOR) if due.automatic]
        assert clock == ["remind_idle", "lapse_idle"]
        desk.house.clock.advance(days=0)
    desk.go_to(date(2026, 10, 1))
    assert [due.kind for due in desk.dues(MENTOR)] == ["clear", "remind_idle", "lapse_idle"]


# Standing -----------------------------------------------------------------------------------------

ALERT_60, ALERT_30 = date(2026, 9, 25), date(2026, 10, 25)
UNTIL, OVERDUE = date(2026, 11, 24), date(2026, 11, 25)


def test_a_check_is_alerted_at_60_and_30_days_and_suspends_the_day_after_its_last(cleared: Desk) -> None:
    assert cleared.days(MENTOR) == {
        "alert_check": ALERT_60,
        "suspend_overdue": OVERDUE,
        "alert_certificate": date(2027, 9, 25),
    }
    cleared.go_to(ALERT_60)
    assert remind(cleared) == "check_alert:2026-11-24:60"
    assert cleared.days(MENTOR)["alert_check"] == ALERT_30
    deliver(cleared)
    cleared.go_to(ALERT_30)
    remind(cleared)
    deliver(cleared)
    assert not cleared.ready(MENTOR)
    (awaited,) = [due for due in cleared.dues(MENTOR) if due.kind == "alert_check"]
    assert (awaited.automatic, awaited.by) == (False, UNTIL)
    cleared.go_to(UNTIL, hour=22)
    cleared.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    assert cleared.mentor().status == "cleared"
    cleared.go_to(OVERDUE)
    assert [due.kind for due in cleared.ready(MENTOR)] == ["suspend_overdue"]
    cleared.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    assert cleared.mentor().status == "suspended"
    version = cleared.version(MENTOR)
    cleared.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    assert cleared.version(MENTOR) == version
    (due,) = [due for due in cleared.dues(MENTOR) if due.kind == "present_check"]
    assert (due.automatic, due.by, due.missing) == (
        False,
        UNTIL,
        ("une vérification des antécédents qui compte encore",),
    )
    assert cleared.ready(MENTOR) == []


def test_a_new_check_brings_back_whoever_was_overdue_in_the_same_append(cleared: Desk) -> None:
    cleared.go_to(date(2026, 12, 1))
    cleared.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    before = cleared.version(MENTOR)
    cleared.do(presenting(MENTOR, date(2026, 12, 1), None))
    assert cleared.mentor().status == "suspended"
    cleared.do(presenting(MENTOR, date(2026, 12, 1), date(2026, 11, 20)))
    assert cleared.mentor().status == "cleared"
    told = settled(cleared.house.recorder.load([MENTOR])).events[before + 1 :]
    assert [one.topic for one in told] == [
        "mentor.CheckPresented@1",
        "mentor.SuspensionLifted@1",
        "mentor.Returned@1",
    ]
    assert len({one.recorded_at for one in told}) == 1
    assert cleared.days(MENTOR)["suspend_overdue"] == date(2027, 12, 2)


@pytest.mark.parametrize("first", ["person", "check"])
def test_two_causes_of_suspension_are_lifted_in_any_order(cleared: Desk, first: str) -> None:
    cleared.go_to(OVERDUE)
    cleared.do(ask.Suspend(record_id=MENTOR, on=OVERDUE), LYON, "plainte")
    assert [due.kind for due in cleared.dues(MENTOR)][:2] == ["suspend_overdue", "lift_suspension"]
    cleared.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    assert {one.cause for one in cleared.mentor().suspensions} == {"academie", "check_overdue"}
    steps: list[Callable[[], None]] = [
        lambda: void(cleared.do(ask.LiftSuspension(record_id=MENTOR, on=OVERDUE), LYON, "élucidé")),
        lambda: void(cleared.do(presenting(MENTOR, OVERDUE, OVERDUE))),
    ]
    one, other = steps if first == "person" else reversed(steps)
    one()
    assert cleared.mentor().status == "suspended"
    other()
    assert cleared.mentor().status == "cleared"
    assert "lift_suspension" not in cleared.days(MENTOR)


def test_an_expired_certificate_suspends_nobody_and_blocks_what_is_new(cleared: Desk) -> None:
    until, after = date(2027, 11, 24), date(2027, 11, 25)
    cleared.go_to(date(2026, 11, 1))
    cleared.do(presenting(MENTOR, cleared.today, cleared.today))
    cleared.go_to(date(2027, 10, 20))
    cleared.do(presenting(MENTOR, cleared.today, cleared.today))
    assert remind(cleared) == "certificate_alert:2027-11-24:60"
    deliver(cleared)
    assert cleared.days(MENTOR)["alert_certificate"] == date(2027, 10, 25)
    assert blocks(cleared.mentor(), Rules(), until) == ()
    assert blocks(cleared.mentor(), Rules(), after) == ("certificate_expired",)
    cleared.go_to(after)
    assert cleared.mentor().status == "cleared"
    assert "alert_certificate" not in cleared.days(MENTOR)
    (due,) = [due for due in cleared.dues(MENTOR) if due.kind == "train"]
    assert len(due.missing) == 5
    cleared.train(course_id="training-2")
    assert blocks(cleared.mentor(), Rules(), after) == ()
    assert cleared.days(MENTOR)["alert_certificate"] == date(2029, 9, 26)


def test_a_check_that_no_longer_counts_before_the_clearance_is_asked_for_again() -> None:
    desk = Desk()
    desk.apply()
    desk.complete_file()
    desk.interview()
    desk.check()
    assert "present_check" not in desk.days(MENTOR)
    desk.go_to(OVERDUE)
    assert desk.days(MENTOR)["present_check"] == OVERDUE
    ready = [due.kind for due in desk.ready(MENTOR)]
    assert ready == ["remind_idle"], "nobody is suspended who was not cleared"
    desk.do(presenting(MENTOR, OVERDUE, OVERDUE))
    assert "present_check" not in desk.days(MENTOR)


def test_what_blocks_a_new_binome_is_told_by_each_cause(cleared: Desk) -> None:
    assert blocks(cleared.mentor(), Rules(), OVERDUE) == ("check_overdue",)
    cleared.do(ask.Suspend(record_id=MENTOR, on=TODAY), LYON, "plainte")
    assert blocks(cleared.mentor(), Rules(), TODAY) == ("suspended",)
    candidate = Desk()
    candidate.apply()
    assert blocks(candidate.mentor(), Rules(), TODAY) == ("not_cleared",), "nothing of theirs has expired"


def test_training_counts_for_as_long_as_its_modules_are_covered_together() -> None:
    """Two halves, months apart: the first to run out is the one that counts."""
    desk = Desk()
    desk.admit()
    desk.apply()
    desk.complete_file()
    desk.interview()
    desk.check()
    half(desk, "training-1", MODULES[:2], 100)
    half(desk, "training-2", MODULES[2:], 10)
    desk.clear()
    first_ends = date(2027, 8, 16)
    assert max(one.valid_until for one in desk.mentor().certificates.values()) == date(2027, 11, 14)
    assert desk.days(MENTOR)["alert_certificate"] == first_ends - timedelta(days=60)
    half(desk, "training-3", MODULES, 1)
    assert desk.days(MENTOR)["alert_certificate"] == date(2027, 11, 23) - timedelta(days=60)


def half(desk: Desk, course_id: str, modules: tuple[Module, ...], days: int) -> None:
    """A course of these modules, certified on its last day, so many days ago."""
    desk.opened(course_id, days=-days, modules=modules)
    desk.do(course.Enrol(record_id=course_id, mentor_id=MENTOR))
    desk.do(course.Hold(record_id=course_id), SYSTEM)
    desk.do(course.Attend(record_id=course_id, mentor_id=MENTOR, present=True))
    on = desk.today - timedelta(days=days)
    desk.do(course.Certify(record_id=course_id, mentor_id=MENTOR, on=on))


def test_rules_without_alerts_still_suspend() -> None:
    quiet = replace(
        Rules(),
        mentors=MentorRules(check_alerts=(), reminders=()),
        training=TrainingRules(certificate_alerts=()),
    )
    desk = Desk(quiet)
    desk.apply()
    assert desk.days(MENTOR) == {"lapse": LAPSED}
    desk = Desk(quiet)
    desk.cleared()
    assert desk.days(MENTOR) == {"suspend_overdue": OVERDUE}


# The end ------------------------------------------------------------------------------------------


def test_the_persons_data_are_erased_at_their_term_and_not_before() -> None:
    desk = Desk(replace(Rules(), retention=Delay(6, Unit.MONTHS)))
    desk.cleared()
    desk.do(ask.Leave(record_id=MENTOR, on=TODAY, cause=MentorLeaving.END))
    assert desk.days(MENTOR) == {"erase": date(2026, 5, 24)}
    erase = Erase(record_id=MENTOR, ground=Ground.RETENTION)
    desk.go_to(date(2026, 5, 23))
    desk.do(erase, SYSTEM)
    assert desk.mentor().status == "left"
    desk.go_to(date(2026, 5, 24))
    desk.do(erase, SYSTEM)
    assert desk.mentor().status == "erased"
    assert desk.dues(MENTOR) == []


def test_its_status_as_of_now_is_its_status(cleared: Desk) -> None:
    cleared.go_to(OVERDUE)
    cleared.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    events = [happened(one) for one in settled(cleared.house.recorder.load([MENTOR])).events]
    told = {
        day: standing_at(
            events, cleared.now.replace(year=day.year, month=day.month, day=day.day), cleared.now
        )
        for day in (date(2025, 11, 23), TODAY, UNTIL, OVERDUE)
    }
    assert {day: one.status if one else None for day, one in told.items()} == {
        date(2025, 11, 23): None,
        TODAY: "cleared",
        UNTIL: "cleared",
        OVERDUE: "suspended",
    }
