"""Suspensions of an association: each cause is of one académie, and has its own first day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from domain.association import commands as ask
from domain.association.parts import SuspensionCause
from domain.calendar import start_of
from domain.folding import standing_at
from domain.kernel import Actor, Refused
from domain.links import Channel
from ledger.events import happened
from tests.domain.association_support import ALL, PROGRAMME, Desk
from tests.domain.rehearsal import settled
from tests.support import FACE, GRENOBLE, LYON

MONDAY = date(2025, 11, 24)
TUESDAY, WEDNESDAY, FRIDAY = (MONDAY + timedelta(days=days) for days in (1, 2, 4))
FAULT, SAFEGUARDING = SuspensionCause.FAULT, SuspensionCause.SAFEGUARDING
BOTH = Actor("t-region", "academie", frozenset({"public", "academie:08", "academie:10"}))


@pytest.fixture
def desk() -> Desk:
    """Of an operator admitted in Lyon and in Grenoble on Monday; it is Friday."""
    desk = Desk(("08", "10"))
    desk.admitted()
    desk.at(FRIDAY)
    return desk


def suspend(desk: Desk, cause: SuspensionCause, on: date, actor: Actor = LYON) -> None:
    desk.do(ask.Suspend(record_id=FACE, cause=cause, on=on), actor)


def lift(cause: SuspensionCause) -> ask.LiftSuspension:
    return ask.LiftSuspension(record_id=FACE, cause=cause)


def awaited(desk: Desk) -> list[tuple[str, ...]]:
    return [one.awaits for one in desk.dues() if one.kind == "lift_suspension"]


def told(desk: Desk, day: date) -> str | None:
    events = [happened(one) for one in settled(desk.house.recorder.load([FACE])).events]
    found = standing_at(
        events, start_of(day) + timedelta(hours=12), datetime.max.replace(tzinfo=start_of(day).tzinfo)
    )
    return found.status if found else None


def test_only_the_academie_that_suspended_an_operator_restores_it(desk: Desk) -> None:
    suspend(desk, FAULT, FRIDAY)
    assert awaited(desk) == [("academie:10",)], "not the first by code"
    no = desk.refused(lift(FAULT), GRENOBLE)
    assert (no.code, no.missing) == (
        "suspended_by_other",
        ("la levée par l'académie qui l'a décidée (10)",),
    )
    assert "manquement" not in no.sentence, "a refusal is read by many"
    desk.do(lift(FAULT), LYON)
    assert desk.record.status == "admitted"


def test_two_academies_suspend_an_operator_each_for_itself_and_for_the_same_cause(desk: Desk) -> None:
    suspend(desk, FAULT, WEDNESDAY, LYON)
    suspend(desk, FAULT, FRIDAY, GRENOBLE)
    assert awaited(desk) == [("academie:10",), ("academie:08",)]
    assert len({one.key for one in desk.dues()}) == len(desk.dues())
    desk.do(lift(FAULT), LYON)
    assert (desk.record.status, awaited(desk)) == ("suspended", [("academie:08",)])
    assert desk.refused(lift(FAULT), LYON).code == "suspended_by_other"
    assert desk.refused(lift(SAFEGUARDING), GRENOBLE).code == "not_suspended"
    desk.do(lift(FAULT), GRENOBLE)
    assert (desk.record.status, awaited(desk)) == ("admitted", [])


def test_whoever_speaks_for_both_academies_lifts_what_either_decided(desk: Desk) -> None:
    suspend(desk, FAULT, WEDNESDAY, LYON)
    suspend(desk, FAULT, FRIDAY, BOTH)
    assert set(desk.record.suspensions) == {("10", FAULT), ("08", FAULT)}
    desk.do(lift(FAULT), BOTH)
    assert desk.record.status == "admitted"


def test_a_cause_may_be_noted_after_one_that_began_later(desk: Desk) -> None:
    suspend(desk, FAULT, FRIDAY)
    suspend(desk, SAFEGUARDING, WEDNESDAY)
    assert desk.record.status_since == WEDNESDAY
    assert [told(desk, day) for day in (TUESDAY, WEDNESDAY)] == ["admitted", "suspended"]
    (due,) = [one for one in desk.dues() if one.kind == "lift_suspension"]
    assert due.at == start_of(WEDNESDAY)


def test_no_suspension_begins_before_the_admission_nor_the_same_before_it_was_lifted(desk: Desk) -> None:
    before = ask.Suspend(record_id=FACE, cause=FAULT, on=MONDAY - timedelta(days=1))
    no = desk.refused(before)
    assert (no.code, no.missing) == ("before_last_change", ("une date à partir du 24 novembre 2025",))
    suspend(desk, FAULT, TUESDAY)
    desk.do(lift(FAULT))
    again = ask.Suspend(record_id=FACE, cause=FAULT, on=WEDNESDAY)
    no = desk.refused(again)
    assert (no.code, no.missing) == ("before_last_change", ("une date à partir du 28 novembre 2025",))
    suspend(desk, SAFEGUARDING, WEDNESDAY)
    suspend(desk, FAULT, WEDNESDAY, GRENOBLE)
    assert (desk.record.status, told(desk, WEDNESDAY)) == ("suspended", "suspended")
    desk.do(lift(FAULT), GRENOBLE)
    assert desk.record.status == "suspended"


# Nobody leaves a suspension that others decided ---------------------------------------------------


def leave(desk: Desk) -> None:
    desk.do(ask.Leave(record_id=FACE, on=desk.today), GRENOBLE)


def open_again(desk: Desk) -> None:
    opening = ask.OpenAdmission(
        record_id=FACE, programme_id=PROGRAMME, on=desk.today, channel=Channel.MEETING
    )
    desk.do(opening, GRENOBLE)
    for document in ALL:
        desk.accept(document)


def test_a_suspension_outlives_the_departure_and_no_other_academie_admits_before_it_is_lifted(
    desk: Desk,
) -> None:
    suspend(desk, SAFEGUARDING, FRIDAY)
    leave(desk)
    assert awaited(desk) == [], "whoever is gone is waited for by nobody"
    open_again(desk)
    assert (set(desk.record.suspensions), awaited(desk)) == ({("10", SAFEGUARDING)}, [("academie:10",)])
    admitting = ask.Admit(record_id=FACE, on=desk.today)
    no = desk.refused(admitting, GRENOBLE)
    assert (no.code, no.missing) == ("still_suspended", ("la levée par l'académie qui l'a décidée (10)",))
    assert "mineurs" not in no.sentence, "a refusal is read by many"
    assert desk.refused(lift(SAFEGUARDING), GRENOBLE).code == "suspended_by_other"
    desk.do(lift(SAFEGUARDING), LYON)
    assert (desk.record.status, awaited(desk)) == ("in_admission", [])
    desk.do(admitting, GRENOBLE)
    assert desk.record.status == "admitted"


def test_it_is_lifted_from_an_operator_that_is_gone_and_changes_nothing_else(desk: Desk) -> None:
    suspend(desk, SAFEGUARDING, FRIDAY)
    leave(desk)
    desk.do(lift(SAFEGUARDING), LYON)
    assert (desk.record.status, desk.record.suspensions) == ("left", {})
    assert desk.refused(lift(SAFEGUARDING), LYON).code == "not_suspended"


def test_an_operator_still_suspended_is_refused_without_losing_it_and_takes_nobody(desk: Desk) -> None:
    suspend(desk, SAFEGUARDING, FRIDAY)
    leave(desk)
    open_again(desk)
    with pytest.raises(Refused, match="ne reçoit pas de candidature"):
        desk.record._must_recruit()
    desk.do(ask.RefuseAdmission(record_id=FACE), GRENOBLE)
    assert set(desk.record.suspensions) == {("10", SAFEGUARDING)}


def test_no_admission_is_dated_before_the_suspension_was_lifted(desk: Desk) -> None:
    suspend(desk, SAFEGUARDING, FRIDAY)
    leave(desk)
    open_again(desk)
    desk.at(FRIDAY + timedelta(days=3))
    desk.do(lift(SAFEGUARDING), LYON)
    no = desk.refused(ask.Admit(record_id=FACE, on=FRIDAY), GRENOBLE)
    assert (no.code, no.missing) == ("before_last_change", ("une date à partir du 1er décembre 2025",))
    desk.do(ask.Admit(record_id=FACE, on=desk.today), GRENOBLE)
