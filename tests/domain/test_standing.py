"""Where a convention stood on another day: what is told of a day must have been true on that day."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis.stateful import invariant

from domain.calendar import PartialDate, paris_day, start_of
from domain.convention import commands as ask
from domain.convention.due import waits
from domain.convention.model import Convention
from domain.convention.parts import EndCause, Medium
from domain.folding import Standing, Timeline, at, extended, standing_at
from domain.kernel import SYSTEM, Root
from domain.ports import Happened
from domain.programme.commands import programme_id
from domain.programme.model import Programme
from domain.reminding import Remind
from ledger.events import happened
from tests.domain.convention_stage import ID
from tests.domain.play import played, tell
from tests.domain.rehearsal import ENDED, RUNNING, settled
from tests.domain.test_convention_machine import ConventionMachine
from tests.domain.test_convention_stories import STORIES
from tests.support import FACE_PARTY, START, House, StoppedClock, clauses, fold_at

ACADEMIE = "academie:10"
NOVEMBER = datetime(2026, 11, 25, 9, tzinfo=UTC)
TOLD: Counter[str] = Counter()


@pytest.fixture
def house() -> House:
    return _house(NOVEMBER)


def _house(now: datetime) -> House:
    house = House(clock=StoppedClock(now))
    settled(house.open())
    return house


def _events(house: House) -> list[Happened]:
    return [happened(e) for e in settled(house.recorder.load([ID])).events]


def _told(house: House, day: date, known: datetime | None = None) -> Standing | None:
    return standing_at(_events(house), start_of(day) + timedelta(hours=12), known or house.clock.instant)


def _status(house: House, day: date, known: datetime | None = None) -> str | None:
    found = _told(house, day, known)
    return found.status if found else None


def _to_sign(house: House) -> None:
    settled(house.to_sign(ID, clauses=clauses(starts_on=date(2026, 11, 1), ends_on=date(2027, 11, 1))))


def _sign(house: House, party: str, on: date) -> None:
    settled(house.sign(ID, party, on))


def _in_force(house: House, signed: date) -> None:
    """Signed by all on a day, in force from that day."""
    _to_sign(house)
    for party in (ACADEMIE, FACE_PARTY):
        _sign(house, party, signed)
    settled(house.do(ask.EnterIntoForce(record_id=ID), SYSTEM))


def test_it_is_signed_from_its_latest_signature_whichever_was_recorded_last(house: House) -> None:
    _to_sign(house)
    _sign(house, ACADEMIE, date(2026, 11, 25))
    house.clock.advance(days=1)
    first_known = house.clock.instant - timedelta(hours=1)
    _sign(house, FACE_PARTY, date(2026, 11, 4))

    assert settled(house.convention(ID)).signed_on == PartialDate(date(2026, 11, 25))
    told = _told(house, date(2026, 11, 10))
    assert told
    assert (told.status, told.effective_at) == ("partially_signed", start_of(date(2026, 11, 4)))
    assert _status(house, date(2026, 11, 3)) is None
    assert _status(house, date(2026, 11, 25)) == "signed"
    assert _status(house, date(2026, 11, 10), first_known) is None
    assert _status(house, date(2026, 11, 26), first_known) == "partially_signed"


def test_a_report_received_long_ago_says_nothing_of_the_status_then(house: House) -> None:
    _in_force(house, date(2026, 11, 25))
    house.clock.advance(days=400)
    received = PartialDate(date(2026, 1, 15))
    settled(house.do(ask.ReceiveReport(record_id=ID, report="bilan:2027", on=received)))

    assert _status(house, date(2026, 1, 20)) is None
    assert _status(house, date(2026, 11, 24)) is None
    assert _status(house, date(2026, 11, 25)) == "in_force"


def test_a_signature_voided_by_an_edit_had_been_given(house: House) -> None:
    _to_sign(house)
    _sign(house, ACADEMIE, date(2026, 11, 20))
    house.clock.advance(days=5)
    longer = clauses(starts_on=date(2026, 11, 1), ends_on=date(2028, 11, 1))
    settled(house.do(ask.SetClauses(record_id=ID, clauses=longer)))
    assert _status(house, date(2026, 11, 22)) == "partially_signed"
    assert _status(house, date(2026, 12, 1)) == "to_sign"
    house.clock.advance(days=5)
    for party in (ACADEMIE, FACE_PARTY):
        _sign(house, party, date(2026, 12, 3))

    assert _told(house, date(2026, 11, 22)) == _told(house, date(2026, 11, 29))
    assert _status(house, date(2026, 11, 22)) == "partially_signed"
    assert _status(house, date(2026, 12, 1)) == "to_sign"
    assert _status(house, date(2026, 12, 4)) == "signed"


def _recorded_history(house: House, signed_on: date, in_force_from: date) -> None:
    settled(house.drafted(ID))
    settled(
        house.do(
            ask.RecordHistory(
                record_id=ID,
                signed_on=PartialDate(signed_on, "month"),
                in_force_from=PartialDate(in_force_from),
                ends_on=date(2028, 1, 29),
                evidence="archives, page 3",
            )
        )
    )
    settled(house.do(ask.EnterIntoForce(record_id=ID), SYSTEM))


def test_an_old_convention_was_signed_and_in_force_long_before_it_was_recorded(house: House) -> None:
    _recorded_history(house, date(2025, 1, 1), date(2025, 1, 30))

    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 29), date(2025, 1, 30), date(2026, 11, 26)]
    assert [_status(house, day) for day in days] == [None, "signed", "signed", "in_force", "in_force"]


def test_a_late_entry_into_force_counts_from_its_day(house: House) -> None:
    _to_sign(house)
    for party in (ACADEMIE, FACE_PARTY):
        _sign(house, party, date(2026, 11, 25))
    house.clock.advance(days=30)
    settled(house.do(ask.EnterIntoForce(record_id=ID), SYSTEM))

    told = _told(house, date(2026, 11, 26))
    assert told
    assert (told.status, told.effective_at) == ("in_force", start_of(date(2026, 11, 25)))
    assert _status(house, date(2026, 11, 26), NOVEMBER + timedelta(days=1)) == "signed"


def test_a_termination_of_the_past_does_not_wait_for_a_notice_given_since(house: House) -> None:
    _in_force(house, date(2026, 11, 25))
    house.clock.advance(days=60)
    notice = ask.Denounce(record_id=ID, party=FACE_PARTY, on=date(2027, 1, 20))
    settled(house.do(notice, reason="retrait"))
    assert _status(house, date(2027, 1, 21)) == "ending"
    fault = ask.Terminate(record_id=ID, cause=EndCause.FAULT, effective=date(2027, 1, 5))
    settled(house.do(fault, reason="faute"))

    days = [date(2027, 1, 4), date(2027, 1, 5), date(2027, 1, 21)]
    assert [_status(house, day) for day in days] == ["in_force", "terminated", "terminated"]


def test_a_notice_withdrawn_had_run(house: House) -> None:
    _in_force(house, date(2026, 11, 25))
    house.clock.advance(days=60)
    settled(house.do(ask.Denounce(record_id=ID, party=FACE_PARTY, on=date(2027, 1, 20)), reason="retrait"))
    house.clock.advance(days=10)
    settled(house.do(ask.WithdrawNotice(record_id=ID, party=FACE_PARTY), reason="accord"))

    days = [date(2027, 1, 19), date(2027, 1, 25), paris_day(house.clock.instant) + timedelta(days=1)]
    assert [_status(house, day) for day in days] == ["in_force", "ending", "in_force"]


SIGNATURES = (f"signature:{ACADEMIE}", f"signature:{FACE_PARTY}")


@pytest.mark.parametrize(
    ("corrected", "order", "then"),
    [
        (date(2026, 11, 22), (*SIGNATURES, "in_force_from"), "in_force"),
        (date(2026, 11, 27), ("in_force_from", *SIGNATURES), None),
    ],
)
def test_a_corrected_date_moves_the_status_it_dates_both_ways(
    house: House, corrected: date, order: tuple[str, ...], then: str | None
) -> None:
    _in_force(house, date(2026, 11, 25))
    wrong = dict(zip(SIGNATURES, _versions(house, "convention.Signed@1"), strict=True))
    (wrong["in_force_from"],) = _versions(house, "convention.CameIntoForce@1")
    house.clock.advance(days=30)
    known = house.clock.instant
    house.clock.advance(hours=1)
    for name in order:
        value = PartialDate(corrected)
        correct = ask.Correct(record_id=ID, supersedes=wrong[name], date_name=name, value=value)
        settled(house.do(correct, reason="mauvaise lecture"))

    assert _status(house, date(2026, 11, 23)) == then
    assert _status(house, corrected - timedelta(days=1)) != "in_force"
    assert _status(house, corrected) == "in_force"
    assert _status(house, date(2026, 11, 26), known) == "in_force"
    assert _status(house, date(2026, 11, 23), known) is None


def _versions(house: House, topic: str) -> list[int]:
    return [one.version for one in _events(house) if one.topic == topic]


def test_an_avenant_takes_effect_with_its_latest_signature(house: House) -> None:
    _in_force(house, date(2026, 11, 25))
    house.clock.instant = datetime(2027, 9, 1, 9, tzinfo=UTC)
    remind = next(d for d in _waits(house) if d.startswith("end_alert"))
    settled(house.do(Remind(record_id=ID, key=remind), SYSTEM))
    longer = clauses(starts_on=date(2026, 11, 1), ends_on=date(2029, 11, 1))
    settled(house.do(ask.ProposeAmendment(record_id=ID, clauses=longer)))
    house.clock.advance(days=30)
    amendment = settled(house.convention(ID)).amendment
    assert amendment
    for party, day in ((ACADEMIE, 30), (FACE_PARTY, 10)):
        sign = ask.SignAmendment(
            record_id=ID,
            party=party,
            on=PartialDate(date(2027, 9, day)),
            medium=Medium.PAPER,
            text_hash=amendment.text_hash,
        )
        settled(house.do(sign))

    days = [date(2027, 8, 1), date(2027, 9, 15), date(2027, 9, 30)]
    assert [_status(house, day) for day in days] == ["in_force", "ending", "in_force"]


def _waits(house: House) -> list[str]:
    programme = settled(fold_at(house.recorder, programme_id("1j1m")))
    assert isinstance(programme, Programme)
    record = settled(house.convention(ID))
    return [due.key for due in waits(record, programme, house.executor.world, house.clock.instant)]


class TruthMachine(ConventionMachine):
    """After anything that may happen: whatever is told of a day agrees with the dates then known."""

    def __init__(self) -> None:
        super().__init__()
        self.timeline: Timeline = ()
        self.instants: set[datetime] = set()
        self.copy: Root | None = None

    @invariant()
    def no_day_is_told_a_status_that_the_dates_deny(self) -> None:
        if not self.sheet.parties:
            return
        events = settled(self.house.recorder.load([ID])).events
        known = self.copy.version if self.copy else 0
        for one in map(happened, events[known:]):
            self.copy = one.event.mutate(self.copy)
            assert self.copy is not None
            self.timeline = extended(self.timeline, self.copy, one)
            self.instants |= {*_around(one.effective_at)}
        assert isinstance(self.copy, Convention)
        now = self.house.clock.instant
        told = at(self.timeline, now)
        assert told
        assert told.status == self.copy.status
        if len(events) > known:
            for instant in self.instants:
                _agrees(at(self.timeline, instant), self.copy, instant)


def _around(instant: datetime) -> tuple[datetime, ...]:
    return (instant - timedelta(days=1), instant, instant + timedelta(days=1))


def _agrees(told: Standing | None, record: Convention, instant: datetime) -> None:
    day = paris_day(instant)
    status = told.status if told else ""
    signed = record.signed_on is not None and record.signed_on.first <= day
    entered = record.in_force_from is not None and record.in_force_from.first <= day
    if status == "signed":
        assert signed
    if status in (*RUNNING, *ENDED):
        assert signed
        assert entered
    if status in ENDED:
        assert record.ended_on is not None
        assert record.ended_on <= day
    if record.status in (*RUNNING, *ENDED) and signed and entered:
        assert status in (*RUNNING, *ENDED)
    if record.ended_on and record.ended_on <= day and signed and entered:
        assert status in {record.status, record.status_reached}
    TOLD[status] += 1


@pytest.mark.parametrize("examples", [30, pytest.param(500, marks=pytest.mark.stress)])
def test_whatever_happened_no_day_is_told_a_falsehood(examples: int) -> None:
    played(TruthMachine, examples, steps=20)


def test_no_story_tells_a_falsehood_of_any_day() -> None:
    TOLD.clear()
    tell(TruthMachine, STORIES.values())
    assert set(TOLD) >= {"", "signed", *RUNNING, *ENDED}


def test_the_first_fact_is_where_it_begins() -> None:
    house = _house(START)
    settled(house.drafted(ID))

    assert _told(house, START.date() - timedelta(days=1)) is None
    assert _status(house, START.date()) == "draft"
    assert standing_at(_events(house), START, START - timedelta(seconds=1)) is None
