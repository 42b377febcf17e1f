"""A complete file that nobody brings to its clearance: the association is told to decide, then it lapses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from domain.kernel import SYSTEM
from domain.mentor import commands as ask
from domain.programme.rules import Delay, MentorRules, Rules, Unit
from domain.reminding import RecordDelivery, Remind
from tests.domain.mentor_support import MENTOR, Desk
from tests.support import FACE

TODAY = date(2025, 11, 24)
ALERT, LAST, LAPSED = date(2026, 10, 24), date(2026, 11, 24), date(2026, 11, 25)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.apply()
    desk.complete_file()
    return desk


def told(desk: Desk) -> None:
    (due,) = desk.ready(MENTOR)
    assert due.kind == "remind_idle"
    desk.do(Remind(record_id=MENTOR, key=due.key), SYSTEM)
    desk.do(RecordDelivery(record_id=MENTOR, key=due.key, channel="mail"), SYSTEM)


def test_an_idle_record_is_told_of_a_month_before_and_lapses_after_a_year(desk: Desk) -> None:
    assert (desk.days(MENTOR)["remind_idle"], desk.days(MENTOR)["lapse_idle"]) == (ALERT, LAPSED)
    desk.go_to(ALERT)
    told(desk)
    (lapse,) = [due for due in desk.dues(MENTOR) if due.kind == "lapse_idle"]
    assert (lapse.by, lapse.awaits) == (LAST, (f"association:{FACE}",))
    assert lapse.missing == ("un entretien favorable",)
    desk.go_to(LAST, hour=22)
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert desk.mentor().status == "file_complete"
    desk.go_to(LAPSED)
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert (desk.mentor().status, desk.mentor().closed_on) == ("lapsed", LAPSED)
    assert desk.days(MENTOR) == {"erase": date(2031, 11, 25)}, "kept from that day on"
    version = desk.version(MENTOR)
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert desk.version(MENTOR) == version


def test_every_progress_starts_the_year_again(desk: Desk) -> None:
    steps: tuple[Callable[[], None], ...] = (desk.interview, desk.check, desk.train)
    for month, step in enumerate(steps, start=1):
        desk.go_to(date(2026, month, 12))
        step()
        assert desk.days(MENTOR)["lapse_idle"] == date(2027, month, 13)


def test_after_an_outage_it_is_told_first_and_has_its_month(desk: Desk) -> None:
    desk.go_to(date(2027, 3, 1))
    told(desk)
    assert desk.days(MENTOR)["lapse_idle"] == date(2027, 4, 2), "31 days, as from 24 October to 24 November"
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert desk.mentor().status == "file_complete"


def test_what_was_not_sent_is_taken_back_once_it_moves_on(desk: Desk) -> None:
    desk.go_to(ALERT)
    (due,) = desk.ready(MENTOR)
    desk.do(Remind(record_id=MENTOR, key=due.key), SYSTEM)
    desk.interview()
    assert desk.ready(MENTOR) == []


def test_whoever_is_cleared_is_no_longer_idle() -> None:
    desk = Desk()
    desk.cleared()
    assert not {"remind_idle", "lapse_idle"} & desk.days(MENTOR).keys()


def test_the_rules_say_how_long() -> None:
    shorter = MentorRules(idle=Delay(6, Unit.MONTHS), idle_alert=Delay(15))
    desk = Desk(replace(Rules(), mentors=shorter))
    desk.apply()
    desk.complete_file()
    assert desk.days(MENTOR)["remind_idle"] == date(2026, 5, 9)
    assert desk.days(MENTOR)["lapse_idle"] == date(2026, 5, 25)
