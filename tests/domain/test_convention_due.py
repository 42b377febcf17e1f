"""What a convention waits for, day by day, under the rules of its programme."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import pytest

from domain.calendar import PartialDate, start_of
from domain.convention import commands as ask
from domain.convention.due import waits
from domain.convention.parts import EndCause, Medium, Status
from domain.kernel import SYSTEM, Due
from domain.programme.commands import AdoptRules
from domain.programme.model import Programme
from domain.programme.rules import Delay, Rules, Unit
from domain.reminding import RecordDelivery, Remind
from tests.support import FACE_PARTY, LYON, NATIONAL, House, clauses, draft_command, fold_at

ID = "convention-1"
ACADEMIE = "academie:10"
Adopt = Callable[..., Awaitable[None]]


@pytest.fixture
def adopt(house: House) -> Adopt:
    async def adopt(rules: Rules, academie: str = "", *, to_open: bool = False) -> None:
        command = AdoptRules(
            record_id="programme-1j1m",
            rules=rules,
            on=house.clock.today,
            academie=academie,
            to_open=to_open,
        )
        await house.do(command, NATIONAL)

    return adopt


async def dues(house: House, record_id: str = ID) -> list[Due]:
    programme = await fold_at(house.recorder, "programme-1j1m")
    assert isinstance(programme, Programme)
    world, now = house.executor.world, house.clock.instant
    return waits(await house.convention(record_id), programme, world, now)


async def only(house: House, kind: str) -> Due:
    (due,) = [due for due in await dues(house) if due.kind == kind]
    return due


def at(house: House, day: date) -> None:
    """Nine in the morning, Paris time, of that day."""
    house.clock.instant = start_of(day) + timedelta(hours=9)


async def remind(house: House, key: str) -> None:
    head = await house.recorder.head()
    await house.do(Remind(record_id=ID, key=key), SYSTEM)
    assert await house.recorder.head() > head, f"{key} was not due"


async def in_force(house: House, **changes: object) -> None:
    await house.signed(ID, clauses=clauses(**changes))
    at(house, date(2025, 12, 5))
    await house.do(ask.EnterIntoForce(record_id=ID), SYSTEM)
    assert (await house.convention(ID)).status == Status.IN_FORCE


# Before it is signed -----------------------------------------------------------------------------


async def test_a_review_is_due_in_ten_school_days_holidays_not_counted(house: House) -> None:
    """Submitted on Friday 12 December 2025: five days of class until Lyon's holidays, five from 5 January."""
    at(house, date(2025, 12, 12))
    await house.drafted(ID)
    await house.do(ask.Submit(record_id=ID))
    due = await only(house, "remind_review")
    assert (due.by, due.at) == (date(2026, 1, 9), start_of(date(2026, 1, 10)))
    at(house, date(2026, 1, 10))
    await remind(house, due.key)
    assert not (await only(house, "remind_review")).automatic
    await house.do(ask.Return(record_id=ID), reason="à revoir")
    await house.do(ask.Submit(record_id=ID))
    again = await only(house, "remind_review")
    assert again.automatic
    assert again.key != due.key


async def test_an_announced_signature_waits_for_its_evidence_and_for_nobody_but_a_person(
    house: House,
) -> None:
    await house.do(draft_command(ID))
    month = PartialDate(date(2025, 12, 1), "month")
    await house.do(ask.Announce(record_id=ID, announced_for=month, source="communiqué"))
    due = await only(house, "evidence")
    assert (due.by, due.automatic, due.awaits) == (date(2025, 12, 31), False, (ACADEMIE,))
    assert due.missing == ("le signataire de académie de Lyon", "le signataire de FACE")


async def test_each_party_is_reminded_after_7_14_and_30_days_then_never_more(house: House) -> None:
    await house.to_sign(ID)
    await house.sign(ID, ACADEMIE)
    sent = house.clock.today
    for days in (7, 14, 30):
        due = await only(house, "remind_signature")
        assert (due.at, due.by) == (start_of(sent + timedelta(days=days)), sent + timedelta(days=7))
        assert (due.awaits, due.automatic) == ((FACE_PARTY,), True)
        at(house, sent + timedelta(days=days))
        await remind(house, due.key)
    assert not (await only(house, "remind_signature")).automatic
    house.clock.advance(days=400)
    assert not (await only(house, "remind_signature")).automatic
    assert (await house.convention(ID)).status == Status.PARTIALLY_SIGNED


async def test_reminders_that_time_has_overtaken_become_one(house: House) -> None:
    await house.to_sign(ID)
    await house.sign(ID, ACADEMIE)
    house.clock.advance(days=20)
    due = await only(house, "remind_signature")
    assert due.key == f"signature:1:{FACE_PARTY}:2"
    await remind(house, due.key)
    assert (await only(house, "remind_signature")).key == f"signature:1:{FACE_PARTY}:3"
    assert list((await house.convention(ID)).reminders) == [due.key]


async def test_a_new_text_is_a_new_round_of_reminders(house: House) -> None:
    await house.to_sign(ID)
    house.clock.advance(days=8)
    await remind(house, f"signature:1:{FACE_PARTY}:1")
    await house.do(ask.SetClauses(record_id=ID, clauses=clauses(mentees=30)))
    keys = {due.key for due in await dues(house) if due.kind == "remind_signature"}
    assert keys == {f"signature:2:{party}:1" for party in (ACADEMIE, FACE_PARTY)}


async def test_a_step_before_its_time_does_nothing(house: House) -> None:
    await house.to_sign(ID)
    head = await house.recorder.head()
    await house.do(Remind(record_id=ID, key=f"signature:1:{FACE_PARTY}:1"), SYSTEM)
    await house.do(ask.EnterIntoForce(record_id=ID), SYSTEM)
    await house.do(ask.End(record_id=ID), SYSTEM)
    await house.do(ask.MarkReportOverdue(record_id=ID, key="overdue:bilan:2026"), SYSTEM)
    assert await house.recorder.head() == head


async def test_a_reminder_that_cannot_be_delivered_is_tried_again_twice(house: House) -> None:
    await house.to_sign(ID)
    house.clock.advance(days=7)
    key = f"signature:1:{FACE_PARTY}:1"
    await remind(house, key)
    sent = house.clock.today
    for failures, days in ((0, 0), (1, 1), (2, 2)):
        (due,) = [due for due in await dues(house) if due.key.startswith("deliver:")]
        assert (due.key, due.at) == (f"deliver:{key}:{failures}", start_of(sent + timedelta(days=days)))
        await house.do(RecordDelivery(record_id=ID, key=key, channel="mail", problem="refusé"), SYSTEM)
    assert not [due for due in await dues(house) if due.key.startswith("deliver:")]
    assert (await house.convention(ID)).reminders[key].failures == 3


async def test_a_convention_enters_into_force_on_its_day_or_that_of_the_last_signature(house: House) -> None:
    await house.signed(ID)
    assert (await only(house, "enter_into_force")).at == start_of(date(2025, 12, 5))
    at(house, date(2025, 12, 20))
    await house.signed("convention-2")
    assert (await dues(house, "convention-2"))[0].at == start_of(date(2025, 12, 20))


# Its end -----------------------------------------------------------------------------------------


async def test_the_end_is_announced_180_90_and_30_days_before(house: House) -> None:
    await in_force(house)
    last = date(2026, 12, 4)
    for days in (180, 90, 30):
        due = await only(house, "alert_end")
        assert (due.at, due.by) == (start_of(last - timedelta(days=days)), last)
        at(house, last - timedelta(days=days))
        await remind(house, due.key)
        assert (await house.convention(ID)).status == Status.ENDING
    assert not [due for due in await dues(house) if due.kind == "alert_end"]


async def test_an_end_that_has_passed_is_not_announced_any_more(house: House) -> None:
    await in_force(house)
    at(house, date(2026, 12, 4))
    assert (await only(house, "alert_end")).key == "end_alert:2026-12-04:30"
    at(house, date(2026, 12, 5))
    assert not [due for due in await dues(house) if due.kind == "alert_end"]
    assert (await only(house, "end")).at == start_of(date(2026, 12, 5))


async def test_without_a_successor_it_expires_the_day_after_its_last(house: House) -> None:
    await in_force(house)
    at(house, date(2026, 12, 4))
    await house.do(ask.End(record_id=ID), SYSTEM)
    assert (await house.convention(ID)).status == Status.IN_FORCE
    at(house, date(2026, 12, 5))
    await house.do(ask.End(record_id=ID), SYSTEM)
    convention = await house.convention(ID)
    assert (convention.status, convention.ended_on) == (Status.EXPIRED, date(2026, 12, 5))


@pytest.mark.parametrize(("signed", "status"), [(True, Status.RENEWED), (False, Status.EXPIRED)])
async def test_it_is_renewed_if_its_successor_is_signed_by_then(
    house: House, signed: bool, status: Status
) -> None:
    await in_force(house)
    successor = clauses(starts_on=date(2026, 12, 5), ends_on=date(2027, 12, 4))
    await house.do(ask.Renew(record_id=ID, successor_id="convention-2", title="Suite", clauses=successor))
    assert not [due for due in await dues(house) if due.kind == "alert_end"]
    if signed:
        day = PartialDate(house.clock.today)
        await house.do(
            ask.RecordHistory(
                record_id="convention-2",
                signed_on=day,
                in_force_from=PartialDate(date(2026, 12, 5)),
                ends_on=date(2027, 12, 4),
                evidence="original",
            )
        )
    at(house, date(2026, 12, 5))
    await house.do(ask.End(record_id=ID), SYSTEM)
    assert (await house.convention(ID)).status == status


async def test_a_notice_ends_it_after_its_last_day(house: House) -> None:
    await in_force(house)
    at(house, date(2026, 1, 15))
    await house.do(ask.Denounce(record_id=ID, party=FACE_PARTY, on=date(2026, 1, 15)), reason="motif")
    due = await only(house, "end")
    assert (due.by, due.what) == (date(2026, 4, 15), "Fin du préavis le 15 avril 2026")
    at(house, date(2026, 4, 15))
    await house.do(ask.End(record_id=ID), SYSTEM)
    assert (await house.convention(ID)).status == Status.ENDING
    at(house, date(2026, 4, 16))
    await house.do(ask.End(record_id=ID), SYSTEM)
    convention = await house.convention(ID)
    assert (convention.status, convention.ended_on) == (Status.TERMINATED, date(2026, 4, 15))
    assert convention.end_cause is EndCause.NOTICE


async def test_an_avenant_that_moves_the_end_brings_it_back_into_force(house: House) -> None:
    await in_force(house)
    at(house, date(2026, 11, 10))
    await remind(house, "end_alert:2026-12-04:30")
    longer = clauses(ends_on=date(2028, 12, 4))
    await house.do(ask.ProposeAmendment(record_id=ID, clauses=longer))
    assert (await only(house, "amendment")).awaits == (ACADEMIE, FACE_PARTY)
    amendment = (await house.convention(ID)).amendment
    assert amendment is not None
    for party in (ACADEMIE, FACE_PARTY):
        await house.do(
            ask.SignAmendment(
                record_id=ID,
                party=party,
                on=PartialDate(house.clock.today),
                medium=Medium.PAPER,
                text_hash=amendment.text_hash,
            )
        )
    assert (await house.convention(ID)).status == Status.IN_FORCE
    assert (await only(house, "alert_end")).key == "end_alert:2028-12-04:180"


# Its reports -------------------------------------------------------------------------------------


async def test_a_bilan_each_30_june_and_accounts_six_months_after_each_year(house: House) -> None:
    await in_force(house)
    reports = {due.key: due.by for due in await dues(house) if due.kind == "ask_report"}
    assert reports == {
        "ask:bilan:2026": date(2026, 6, 30),
        "ask:financial:2025": date(2026, 6, 30),
        "ask:bilan:2027": date(2027, 6, 30),
        "ask:financial:2026": date(2027, 6, 30),
    }


async def test_a_report_is_asked_then_overdue_then_asked_for_again(house: House) -> None:
    await in_force(house, financial_report=False)
    at(house, date(2026, 5, 31))
    await remind(house, "ask:bilan:2026")
    assert (await only(house, "report_overdue")).at == start_of(date(2026, 7, 1))
    at(house, date(2026, 7, 1))
    await house.do(ask.MarkReportOverdue(record_id=ID, key="overdue:bilan:2026"), SYSTEM)
    assert (await house.convention(ID)).reports["bilan:2026"].overdue
    late = await only(house, "remind_report")
    assert late.at == start_of(date(2026, 9, 9))
    received = ask.ReceiveReport(record_id=ID, report="bilan:2026", on=PartialDate(date(2026, 7, 1)))
    await house.do(received)
    assert not [due for due in await dues(house) if "bilan:2026" in due.key and due.kind != "deliver"]


@pytest.mark.parametrize("last", [date(2026, 6, 30), date(2026, 12, 31)])
async def test_having_ended_it_owes_what_it_owed_and_no_more(house: House, last: date) -> None:
    await in_force(house, ends_on=last)
    before = {due.key.partition(":")[2] for due in await dues(house) if "report" in due.kind}
    at(house, last + timedelta(days=1))
    await house.do(ask.End(record_id=ID), SYSTEM)
    assert (await house.convention(ID)).status == Status.EXPIRED
    after = {due.key.partition(":")[2] for due in await dues(house) if "report" in due.kind}
    assert before == after != set()


async def test_nobody_is_chased_for_reports_older_than_the_recording_of_a_history(house: House) -> None:
    await house.do(draft_command(ID))
    start = PartialDate(date(2021, 2, 1), "month")
    await house.do(
        ask.RecordHistory(
            record_id=ID, signed_on=start, in_force_from=start, ends_on=date(2026, 8, 31), evidence="original"
        )
    )
    await house.do(ask.EnterIntoForce(record_id=ID), SYSTEM)
    reports = {due.key for due in await dues(house) if "report" in due.kind}
    assert reports == {"ask:bilan:2026", "ask:financial:2025", "ask:bilan:2027", "ask:financial:2026"}


async def test_what_is_owed_under_the_academies_own_rules_can_be_received(house: House, adopt: Adopt) -> None:
    """A bilan on 31 January: a convention ending in May still owes one the January after."""
    await adopt(Rules(bilan_month=1, bilan_day=31), "10")
    await in_force(house, ends_on=date(2026, 5, 31), financial_report=False)
    assert [due.key for due in await dues(house) if "report" in due.kind] == [
        "ask:bilan:2026",
        "ask:bilan:2027",
    ]
    at(house, date(2027, 2, 1))
    await house.do(ask.End(record_id=ID), SYSTEM)
    await house.do(ask.ReceiveReport(record_id=ID, report="bilan:2027", on=PartialDate(date(2027, 1, 20))))
    assert (await house.convention(ID)).reports["bilan:2027"].received_on


# The rules ---------------------------------------------------------------------------------------


async def test_new_rules_reach_open_records_only_when_meant_to(house: House, adopt: Adopt) -> None:
    await house.to_sign(ID)
    sent = house.clock.today
    await adopt(Rules(signature_reminders=(Delay(2),)))
    assert {due.at for due in await dues(house)} == {start_of(sent + timedelta(days=7))}
    await adopt(Rules(signature_reminders=(Delay(3),)), to_open=True)
    assert {due.at for due in await dues(house)} == {start_of(sent + timedelta(days=3))}
    await adopt(Rules(signature_reminders=(Delay(5),)))
    assert {due.at for due in await dues(house)} == {start_of(sent + timedelta(days=3))}
    await house.to_sign("convention-2")
    assert {due.at for due in await dues(house, "convention-2")} == {start_of(sent + timedelta(days=5))}


async def test_rules_are_followed_from_their_day_on(house: House) -> None:
    await house.to_sign(ID)
    sent = house.clock.today
    later = sent + timedelta(days=4)
    command = AdoptRules(
        record_id="programme-1j1m", rules=Rules(signature_reminders=(Delay(20),)), on=later, to_open=True
    )
    await house.do(command, NATIONAL)
    assert {due.at for due in await dues(house)} == {start_of(sent + timedelta(days=7))}
    at(house, later)
    assert {due.at for due in await dues(house)} == {start_of(sent + timedelta(days=20))}


async def test_an_academies_own_rules_prevail_in_it_and_nowhere_else(house: House, adopt: Adopt) -> None:
    await adopt(Rules(signature_reminders=(Delay(2),)), "08")
    await house.to_sign(ID)
    sent = house.clock.today
    assert {due.at for due in await dues(house)} == {start_of(sent + timedelta(days=7))}
    await adopt(Rules(signature_reminders=(Delay(3),)), "10")
    await house.to_sign("convention-2")
    assert {due.at for due in await dues(house, "convention-2")} == {start_of(sent + timedelta(days=3))}
    await adopt(Rules(signature_reminders=(Delay(9),)), to_open=True)
    assert {due.at for due in await dues(house, "convention-2")} == {start_of(sent + timedelta(days=3))}
    assert {due.at for due in await dues(house)} == {start_of(sent + timedelta(days=9))}


async def test_a_notice_is_counted_in_the_unit_of_its_rule(house: House, adopt: Adopt) -> None:
    await adopt(Rules(notice=Delay(45, Unit.DAYS)))
    await in_force(house)
    today = house.clock.today
    await house.do(ask.Denounce(record_id=ID, party=ACADEMIE, on=today), LYON, reason="motif")
    assert (await house.convention(ID)).notice_until == today + timedelta(days=45)


async def test_the_notice_of_the_text_prevails_over_that_of_the_rules(house: House) -> None:
    await in_force(house, notice_months=1)
    at(house, date(2026, 1, 31))
    await house.do(ask.Denounce(record_id=ID, party=ACADEMIE, on=date(2026, 1, 31)), reason="motif")
    assert (await house.convention(ID)).notice_until == date(2026, 2, 28)
