"""A convention's process, from its review to its last report, on a server that skips time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention.commands import Denounce, ReceiveReport, Submit
from domain.erasure import Erase, Ground
from domain.ports import Outcome, Request
from tests.domain.rehearsal import OFFICER
from tests.support import FACE_PARTY, START
from tests.workflows.stage import Letters, Stage, until
from workflows.contracts import Outlook, Question, Step
from workflows.delivery import DeliveryFailed, Message

FACE_SIGNATURE = f"signature:1:{FACE_PARTY}"


async def test_an_unread_text_is_reminded_once_after_ten_school_days(stage: Stage) -> None:
    record_id = await stage.house.drafted("convention-review")
    await stage.house.do(Submit(record_id=record_id))
    await stage.play(record_id)
    assert await stage.told(record_id) == ["15 ReminderDue review:1", "15 ReminderDelivered review:1"]


async def test_a_missing_signature_is_asked_for_at_7_14_and_30_days_and_nothing_is_abandoned(
    stage: Stage,
) -> None:
    record_id = await stage.house.to_sign("convention-unsigned")
    await stage.house.sign(record_id, "academie:10")
    await stage.play(record_id)
    assert await stage.told(record_id) == [
        f"{day} {event} {FACE_SIGNATURE}:{n}"
        for n, day in enumerate((7, 14, 30), start=1)
        for event in ("ReminderDue", "ReminderDelivered")
    ]
    await stage.skip_to(3 * 365)
    await stage.play(record_id)
    assert len(await stage.told(record_id)) == 6
    assert (await stage.house.convention(record_id)).status == "partially_signed"


async def test_a_year_of_a_convention_costs_less_than_two_seconds_of_computing(stage: Stage) -> None:
    record_id = await stage.house.signed("convention-year")
    began = time.process_time()
    await stage.play(record_id)
    assert time.process_time() - began < 2
    assert [line for line in await stage.told(record_id) if "Delivered" not in line] == A_LIFE
    sent = {message.key.partition(":")[2] for message in stage.outbox.sent}
    assert sent == {line.split()[2] for line in A_LIFE if "ReminderDue" in line}


A_LIFE = [
    "11 CameIntoForce",
    "188 ReminderDue ask:bilan:2026",
    "188 ReminderDue ask:financial:2025",
    "195 ReminderDue end_alert:2026-12-04:180",
    "195 EndingBegan",
    "219 ReportFellOverdue bilan:2026",
    "219 ReportFellOverdue financial:2025",
    "285 ReminderDue end_alert:2026-12-04:90",
    "289 ReminderDue late:bilan:2026:1",
    "289 ReminderDue late:financial:2025:1",
    "303 ReminderDue late:bilan:2026:2",
    "303 ReminderDue late:financial:2025:2",
    "345 ReminderDue end_alert:2026-12-04:30",
    "376 Expired",
    "553 ReminderDue ask:bilan:2027",
    "553 ReminderDue ask:financial:2026",
    "584 ReportFellOverdue bilan:2027",
    "584 ReportFellOverdue financial:2026",
    "655 ReminderDue late:bilan:2027:1",
    "655 ReminderDue late:financial:2026:1",
    "669 ReminderDue late:bilan:2027:2",
    "669 ReminderDue late:financial:2026:2",
]


async def test_a_report_received_is_not_asked_for(stage: Stage) -> None:
    record_id = await stage.house.signed("convention-report")
    await stage.nudge(record_id)
    await stage.skip_to(30)
    received = ReceiveReport(
        record_id=record_id, report="bilan:2026", on=PartialDate(stage.house.clock.today)
    )
    await stage.house.do(received)
    await stage.play(record_id)
    told = await stage.told(record_id)
    assert not [line for line in told if "bilan:2026" in line]
    assert [line for line in told if line.endswith("ask:bilan:2027")]


async def test_a_notice_ends_the_convention_on_its_day(stage: Stage) -> None:
    record_id = await stage.house.signed("convention-notice")
    await stage.nudge(record_id)
    await stage.skip_to(20)
    given = stage.house.clock.today
    await stage.house.do(Denounce(record_id=record_id, party="academie:10", on=given), reason="moyens")
    await stage.play(record_id)
    assert (await stage.house.convention(record_id)).ended_on == date(2026, 3, 14)
    assert [line for line in await stage.told(record_id) if "Terminated" in line] == ["111 Terminated"]


async def test_a_process_that_ends_at_its_horizon_goes_on_when_swept(stage: Stage) -> None:
    stage.activities._horizon = timedelta(days=7)
    record_id = await stage.house.signed("convention-horizon")
    runs = set()
    for day in range(0, 700, 5):
        await stage.skip_to(day, hours=1)
        runs.add((await stage.nudge(record_id)).result_run_id)
        await stage.quiet(record_id)
    assert len(runs) > 10
    assert [line for line in await stage.told(record_id) if "Delivered" not in line] == A_LIFE


async def test_personal_data_are_erased_sixty_months_after_the_end_by_a_process_that_slept_till_then(
    stage: Stage,
) -> None:
    """It ends on 5 December 2026: five years later there is nothing left of anybody, nor to be done."""
    term = (date(2031, 12, 5) - START.date()).days
    record_id = await stage.house.signed("convention-forgotten")
    # Day by day, never awaiting an end: the test server may skip for years once nothing holds it.
    for day in [*range(0, 760, 20), term - 401]:
        await stage.skip_to(day)
        await stage.nudge(record_id)
        await stage.quiet(record_id)
    before = await stage.told(record_id)
    assert [line for line in before if "Expired" in line or "Renewed" in line]
    assert not [line for line in before if "SubjectErased" in line]
    await stage.skip_to(term - 399)
    await stage.play(record_id)
    assert await stage.told(record_id) == [*before, f"{term} SubjectErased"]
    assert (await stage.house.convention(record_id)).status == "erased"
    assert stage.letters.kept == []


async def test_a_process_under_way_is_over_once_its_record_is_erased(stage: Stage) -> None:
    record_id = await stage.house.signed("convention-erased")
    running = await stage.nudge(record_id)
    await stage.skip_to(20)
    await stage.quiet(record_id)
    await stage.house.do(Erase(record_id=record_id, ground=Ground.OBJECTION), OFFICER)
    again = await stage.nudge(record_id)
    assert again.result_run_id == running.result_run_id
    await again.result()
    assert await stage.told(record_id) == ["11 CameIntoForce"]
    assert stage.letters.kept == []


# Sending -------------------------------------------------------------------------------------


async def test_a_sending_that_fails_is_tried_again_one_and_two_days_later_then_left_in_sight(
    stage: Stage,
) -> None:
    async def fail(message: Message) -> None:
        raise DeliveryFailed("boîte pleine")

    stage.outbox.before = fail
    record_id = await stage.house.drafted("convention-undeliverable")
    await stage.house.do(Submit(record_id=record_id))
    await stage.play(record_id)
    assert await stage.told(record_id) == [
        "15 ReminderDue review:1",
        "15 ReminderFailed review:1",
        "16 ReminderFailed review:1",
        "17 ReminderFailed review:1",
    ]


# Failing -------------------------------------------------------------------------------------


async def test_a_step_that_stays_due_after_being_carried_out_is_set_aside_and_the_rest_goes_on(
    stage: Stage,
) -> None:
    executed: list[Command] = []

    async def ignoring(request: Request) -> Outcome:
        executed.append(request.command)
        if request.command.name == "convention.enter_into_force":
            return Outcome(request.command.record_id, 1, 1)
        return await execute(request)

    execute = stage.house.executor.execute
    record_id = await stage.house.signed("convention-stuck")
    stage.house.executor.execute = ignoring  # type: ignore[method-assign]
    await stage.play(record_id)
    assert stage.letters.kept == [(record_id, "force:2025-12-05", "StillDue")]
    assert len(executed) == 5


async def test_a_step_set_aside_has_another_chance_at_the_next_nudge(stage: Stage) -> None:
    async def broken(request: Request) -> Outcome:
        raise ValueError("Prénom Nom")

    record_id = await stage.house.signed("convention-healed")
    first = await stage.nudge(record_id)
    await stage.skip_to(12)
    await stage.quiet(record_id)
    execute = stage.house.executor.execute
    stage.house.executor.execute = broken  # type: ignore[method-assign]
    await stage.skip_to(189)
    await stage.quiet(record_id)
    assert stage.letters.kept == [
        (record_id, "ask:bilan:2026", "ValueError"),
        (record_id, "ask:financial:2025", "ValueError"),
    ]
    stage.house.executor.execute = execute  # type: ignore[method-assign]
    again = await stage.nudge(record_id)
    assert again.result_run_id == first.result_run_id
    await stage.quiet(record_id)
    assert "189 ReminderDelivered ask:bilan:2026" in await stage.told(record_id)


async def test_what_an_error_says_is_not_told_to_temporal(stage: Stage) -> None:
    async def broken(request: Request) -> Outcome:
        raise ValueError("Prénom Nom")

    record_id = await stage.house.signed("convention-discreet")
    stage.house.executor.execute = broken  # type: ignore[method-assign]
    handle = await stage.nudge(record_id)
    await handle.result()
    history = (await handle.fetch_history()).to_json()
    assert "ValueError" in history
    assert "Prénom" not in history
    assert "Pr\\u00e9nom" not in history


async def test_an_unknown_step_fails_the_process_and_is_a_dead_letter(stage: Stage) -> None:
    async def strange(question: Question) -> Outlook:
        return Outlook(step=Step("convention-strange", "nudge", "key"))

    stage.activities._outlook = lambda *_: Outlook(step=Step("convention-strange", "nudge", "key"))  # type: ignore[method-assign]
    with pytest.raises(WorkflowFailureError) as failure:
        await stage.play("convention-strange")
    assert isinstance(failure.value.cause, ApplicationError)
    assert failure.value.cause.type == "UnknownStep"
    assert stage.letters.kept == [("convention-strange", "key", "UnknownStep")]


# Nudges --------------------------------------------------------------------------------------


async def test_a_nudge_that_arrives_as_the_process_completes_is_not_lost(stage: Stage) -> None:
    """Nothing is awaited when the process looks; it is while it looks that the text is submitted."""
    record_id = await stage.house.drafted("convention-late")
    load, looks = stage.activities._load, []

    async def slow(record: str, now: object) -> object:
        seen = await load(record, now)  # type: ignore[arg-type]
        looks.append(seen)
        if len(looks) == 1:
            await stage.house.do(Submit(record_id=record_id))
            await stage.nudge(record_id)
        return seen

    stage.activities._load = slow  # type: ignore[assignment, method-assign]
    handle = await stage.nudge(record_id)
    await until(lambda: _done(looks, 2))
    await handle.result()
    assert await stage.told(record_id) == ["15 ReminderDue review:1", "15 ReminderDelivered review:1"]


async def _done(looks: Sequence[object], count: int) -> bool:
    return len(looks) >= count


async def test_a_record_that_is_not_there_is_nothing_to_wait_for(stage: Stage) -> None:
    await stage.play("convention-absent")
    assert stage.letters == Letters()
