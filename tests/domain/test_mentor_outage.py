"""Nobody watched the clock for a while: what was due is dated of its own day, nothing lapses unannounced.

Days are counted by hand on the calendar of Lyon (zone A).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.kernel import SYSTEM, Due
from domain.links import Channel
from domain.mentor import commands as ask
from domain.programme.commands import AdoptRules
from domain.programme.rules import Delay, MentorRules, Rules
from domain.reminding import RecordDelivery, Remind
from tests.domain.mentor_support import MENTOR, PROGRAMME, Desk
from tests.domain.test_mentor_due import FIRST, LAPSED, LAST, OVERDUE, SECOND, TODAY
from tests.support import NATIONAL

BACK = date(2026, 3, 2)
"""A Monday, long after the 12 January on which the file would have lapsed."""
FIFTEEN_LATER = date(2026, 3, 23)
"""The rules leave 15 school days between the second reminder (10) and the lapse (25)."""


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.apply()
    return desk


def one(desk: Desk, kind: str) -> Due:
    (due,) = [due for due in desk.dues(MENTOR) if due.kind == kind]
    return due


def remind(desk: Desk) -> str:
    (due,) = [due for due in desk.ready(MENTOR) if due.kind != "deliver"]
    desk.do(Remind(record_id=MENTOR, key=due.key), SYSTEM)
    return due.key


def deliver(desk: Desk, key: str, problem: str | None = None) -> None:
    desk.do(RecordDelivery(record_id=MENTOR, key=key, channel="mail", problem=problem), SYSTEM)


def test_whoever_was_never_reminded_is_reminded_first_and_has_the_time_that_the_rules_leave(
    desk: Desk,
) -> None:
    desk.go_to(BACK)
    assert [due.kind for due in desk.ready(MENTOR)] == ["remind_file"]
    assert one(desk, "lapse").by == FIFTEEN_LATER, "told today at the earliest"
    deliver(desk, remind(desk))
    desk.go_to(FIFTEEN_LATER, hour=22)
    assert one(desk, "lapse").by == FIFTEEN_LATER
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert desk.mentor().status == "candidate"
    desk.go_to(date(2026, 3, 24))
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert (desk.mentor().status, desk.mentor().closed_on) == ("lapsed", date(2026, 3, 24))


def test_a_first_reminder_alone_is_not_enough(desk: Desk) -> None:
    desk.go_to(FIRST)
    deliver(desk, remind(desk))
    desk.go_to(BACK)
    assert [due.key for due in desk.ready(MENTOR)] == ["file:2025-11-24:2"]
    assert one(desk, "lapse").by == FIFTEEN_LATER


def test_a_reminder_counts_from_the_day_on_which_its_channel_took_it(desk: Desk) -> None:
    desk.go_to(SECOND)
    key = remind(desk)
    deliver(desk, key, "panne")
    desk.go_to(BACK)
    assert [due.kind for due in desk.ready(MENTOR)] == ["deliver"]
    deliver(desk, key)
    assert one(desk, "lapse").by == FIFTEEN_LATER


def test_whoever_no_channel_reaches_does_not_wait_for_ever(desk: Desk) -> None:
    desk.go_to(SECOND)
    key = remind(desk)
    for day in (SECOND, date(2025, 12, 9), date(2025, 12, 11)):
        desk.go_to(day)
        assert one(desk, "lapse").by in {LAST, date(2026, 1, 13), date(2026, 1, 15)}
        deliver(desk, key, "panne")
    assert one(desk, "lapse").by == LAST


def test_a_lapse_is_dated_of_its_own_day_however_late_a_process_comes(desk: Desk) -> None:
    desk.go_to(SECOND)
    deliver(desk, remind(desk))
    desk.go_to(BACK)
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert desk.mentor().closed_on == LAPSED
    assert desk.days(MENTOR) == {"erase": date(2031, 1, 13)}


def test_new_rules_make_nothing_lapse_before_they_were_in_force(desk: Desk) -> None:
    desk.go_to(SECOND)
    deliver(desk, remind(desk))
    sooner = replace(Rules(), mentors=MentorRules(reminders=(Delay(2),), lapse=Delay(4)))
    desk.go_to(date(2025, 12, 15))
    adopt = AdoptRules(record_id=PROGRAMME, rules=sooner, on=date(2025, 12, 15), to_open=True)
    desk.do(adopt, NATIONAL)
    desk.go_to(BACK)
    deliver_all(desk)
    desk.go_to(date(2026, 3, 20))
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    closed = desk.mentor().closed_on
    assert closed is not None
    assert closed >= date(2025, 12, 15)


def deliver_all(desk: Desk) -> None:
    for due in desk.ready(MENTOR):
        if due.kind == "remind_file":
            deliver(desk, remind(desk))


def test_an_overdue_check_suspends_from_the_day_after_its_last_and_late_alerts_are_not_sent() -> None:
    """A legal term does not wait for anybody to be told."""
    desk = Desk()
    desk.cleared()
    desk.go_to(date(2026, 9, 25))
    remind(desk)
    desk.go_to(date(2027, 1, 11))
    assert [due.kind for due in desk.ready(MENTOR)] == ["suspend_overdue"], "no alert of what is over"
    desk.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    assert desk.mentor().suspensions == {("check_overdue", None): OVERDUE}
    assert desk.ready(MENTOR) == []


def test_progress_still_starts_the_count_again(desk: Desk) -> None:
    desk.go_to(BACK)
    desk.do(ask.SeeIdentity(record_id=MENTOR, on=TODAY, channel=Channel.MEETING))
    assert one(desk, "remind_file").key == "file:2026-03-02:1"
    assert one(desk, "lapse").by == date(2026, 4, 20), "25 school days, the holidays of spring not counted"
