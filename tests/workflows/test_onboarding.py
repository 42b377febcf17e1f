"""The processes of onboarding, on a server that skips time: what happens when nobody does anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.association import commands as of_association
from domain.mentor import commands as of_mentor
from domain.mentor.parts import MentorLeaving, Status
from domain.training import commands as of_training
from tests.domain import association_support, mentor_support
from tests.domain.mentor_support import AWA, COURSE, MENTOR
from tests.support import FACE
from tests.workflows import record
from tests.workflows.stage import Letters, Stage, until


@pytest.fixture
def admission(stage: Stage) -> association_support.Desk:
    """The académie's desk, in the house of the stage."""
    return record.admission_desk(stage)


@pytest.fixture
def desk(stage: Stage) -> mentor_support.Desk:
    """The association's, in the same house."""
    return record.desk(stage)


def days(*told: str) -> list[str]:
    """« 7 a b »: on the seventh day a, then b."""
    return [f"{day} {what}" for line in told for day, *whats in [line.split(" | ")] for what in whats]


async def test_an_admission_that_nobody_completes_is_reminded_twice_and_lapses(
    stage: Stage, admission: association_support.Desk
) -> None:
    """5 and 10 school days after Monday 24 November, then the night after the 40th: holidays do not count."""
    admission.open()
    await stage.play(FACE)
    asked = "documents:1:2025-11-24"
    assert await stage.told(FACE) == days(
        f"7 | ReminderDue {asked}:1 | ReminderDelivered {asked}:1",
        f"14 | ReminderDue {asked}:2 | ReminderDelivered {asked}:2",
        "71 | Lapsed | MentorsReleased",
    )
    assert [message.to[0].name for message in stage.outbox.sent] == ["FACE", "FACE"]
    assert stage.letters == Letters()


@pytest.mark.parametrize("read", [False, True])
async def test_a_file_handed_in_whole_is_brought_before_the_drafpic_and_never_decided(
    read: bool, stage: Stage, admission: association_support.Desk
) -> None:
    """Whether the académie has read it, or never opened it. The insurance that was read ends some day: from
    then on it is the operator that does nothing, and the file lapses."""
    admission.open()
    for document in association_support.ALL:
        admission.accept(document) if read else admission.receive(document)
    await stage.play(FACE)
    told = [line for line in await stage.told(FACE) if "Delivered" not in line]
    assert told[:2] == [
        "14 ReminderDue assessment:1:2025-11-24:term",
        "15 ReminderDue assessment:1:2025-11-24:escalation",
    ]
    assert stage.outbox.sent[1].to[0].name == "Drafpic, académie de Lyon"
    assert (told[2:3], admission.record.status) == (
        (["219 DocumentExpired"], "lapsed") if read else ([], "in_admission")
    )


async def test_an_insurance_that_ends_before_the_decision_is_asked_again_until_the_file_lapses(
    stage: Stage, admission: association_support.Desk
) -> None:
    """The académie was told; since 12 December, the 18th day, it is the operator that is waited for: five and
    ten school days later, holidays not counted, then the fortieth of the whole."""
    admission.completed(until=admission.today + timedelta(days=17))
    await stage.play(FACE)
    asked, file = "documents:1:2025-12-12", "assessment:1:2025-11-24"
    told = [line for line in await stage.told(FACE) if "Delivered" not in line]
    first = next(place for place, line in enumerate(told) if "assessment" in line)
    assert told[first:] == days(
        f"14 | ReminderDue {file}:term",
        f"15 | ReminderDue {file}:escalation",
        "18 | DocumentExpired",
        f"25 | ReminderDue {asked}:1",
        f"46 | ReminderDue {asked}:2",
        "71 | Lapsed | MentorsReleased",
    )


async def test_an_operator_hears_of_its_insurance_a_month_before_and_the_day_after(
    stage: Stage, admission: association_support.Desk
) -> None:
    """It runs to 30 June 2026, and stays admitted: only new binômes are stopped."""
    admission.admitted()
    await stage.play(FACE)
    assert [line for line in await stage.told(FACE) if "Due insurance" in line] == [
        "188 ReminderDue insurance:1:2026-06-30:before",
        "219 ReminderDue insurance:1:2026-06-30:lapsed",
    ]
    assert admission.record.status == "admitted"


async def test_a_candidacy_that_does_not_move_is_reminded_twice_and_lapses(
    stage: Stage, desk: mentor_support.Desk
) -> None:
    """5, 10 and 25 school days."""
    desk.apply()
    await stage.play(MENTOR)
    file = "file:2025-11-24"
    assert await stage.told(MENTOR) == days(
        f"7 | ReminderDue {file}:1 | ReminderDelivered {file}:1",
        f"14 | ReminderDue {file}:2 | ReminderDelivered {file}:2",
        "50 | Lapsed",
    )
    assert "Diallo" not in "".join(message.body + message.subject for message in stage.outbox.sent)


async def test_after_an_outage_a_candidacy_is_reminded_before_it_lapses(
    stage: Stage, desk: mentor_support.Desk
) -> None:
    """Nobody watched from 24 November to 2 March: 15 school days are left from then on."""
    desk.apply()
    await stage.skip_to(98)
    await stage.play(MENTOR)
    file = "file:2025-11-24"
    assert await stage.told(MENTOR) == days(
        f"98 | ReminderDue {file}:2 | ReminderDelivered {file}:2", "120 | Lapsed"
    )


async def test_a_cleared_mentor_is_followed_by_another_process_and_suspended_once_the_check_is_overdue(
    stage: Stage, desk: mentor_support.Desk
) -> None:
    """60 and 30 days before a year is over, and the day after; then the training, which suspends nobody."""
    desk.cleared()
    handle = await stage.nudge(MENTOR)

    async def handed_over() -> bool:
        return (await handle.describe()).workflow_type == "MentorStanding"

    await until(handed_over)
    await handle.result()
    assert [line for line in await stage.told(MENTOR) if "Delivered" not in line] == [
        "305 ReminderDue check_alert:2026-11-24:60",
        "335 ReminderDue check_alert:2026-11-24:30",
        "366 Suspended",
        "670 ReminderDue certificate_alert:2027-11-24:60",
        "700 ReminderDue certificate_alert:2027-11-24:30",
    ]
    assert desk.mentor().status == Status.SUSPENDED


async def test_a_new_check_brings_a_suspended_mentor_back_and_the_next_year_is_watched(
    stage: Stage, desk: mentor_support.Desk
) -> None:
    desk.cleared()
    await stage.play(MENTOR)
    assert desk.mentor().status == Status.SUSPENDED
    desk.check()
    assert desk.mentor().status == Status.CLEARED
    a_year_and_a_day = desk.today.replace(year=desk.today.year + 1) + timedelta(days=1)
    assert desk.days(MENTOR)["suspend_overdue"] == a_year_and_a_day


async def test_a_course_is_told_the_day_before_held_and_its_attendance_asked_for(
    stage: Stage, desk: mentor_support.Desk
) -> None:
    """In a week, then 5 school days: the list is awaited until 8 December."""
    desk.apply()
    desk.opened()
    desk.do(of_training.Enrol(record_id=COURSE, mentor_id=MENTOR))
    await stage.play(COURSE)
    assert [line for line in await stage.told(COURSE) if "Delivered" not in line] == [
        "6 ReminderDue eve:2025-12-01",
        "8 Held",
        "15 ReminderDue attendance:2025-12-01",
    ]


async def test_whoever_leaves_gives_the_place_back_and_the_association_is_told_who_has_it(
    stage: Stage, desk: mentor_support.Desk
) -> None:
    desk.opened(places=1)
    for mentor_id in (MENTOR, "mentor-2"):
        desk.apply(mentor_id, replace(AWA, email=f"{mentor_id}@exemple.test", birth_date=None))
        desk.do(of_training.Enrol(record_id=COURSE, mentor_id=mentor_id))
    desk.do(of_mentor.Leave(record_id=MENTOR, on=desk.today, cause=MentorLeaving.MOVED))
    await stage.nudge(MENTOR)
    await stage.quiet(MENTOR)
    assert await stage.told(MENTOR) == ["0 CourseLeft"]
    assert list(desk.training().enrolments) == ["mentor-2"]
    await stage.play(COURSE)
    first = stage.outbox.sent[0]
    assert first.subject.endswith("a une place à la formation du 1er décembre 2025 : mentor-2")


async def test_when_an_operator_leaves_its_mentors_are_released_and_its_courses_called_off(
    stage: Stage, desk: mentor_support.Desk, admission: association_support.Desk
) -> None:
    desk.cleared()
    others = [f"mentor-{n}" for n in range(2, 40)]
    for one in others:
        desk.apply(one, replace(AWA, given_name=one, email=f"{one}@exemple.test"))
    desk.opened("training-2")
    admission.do(of_association.Leave(record_id=FACE, on=admission.today))
    await stage.play(FACE)
    assert [line for line in await stage.told(FACE) if "Mentors" in line] == ["0 MentorsReleased"]
    for one in (MENTOR, *others):
        assert (desk.mentor(one).status, desk.mentor(one).leaving) == ("left", MentorLeaving.OPERATOR)
    assert desk.training("training-2").status == "cancelled"
    assert desk.training(COURSE).status != "cancelled", "it was held"
    assert stage.letters == Letters()
