"""What is read of a course: places and who waits, what is personal sealed, a certificate that expires."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.erasure import Erase, Ground
from domain.kernel import FORGOTTEN, SYSTEM, Actor
from domain.mentor.parts import Person
from domain.programme.commands import AdoptRules
from domain.programme.rules import Delay, Rules, TrainingRules
from domain.training import commands as ask
from domain.training.parts import Course, Module
from projections import deadlines, trainings
from projections.left_behind import left_behind
from projections.trainings import TrainingFilters, TrainingRow
from tests.domain.mentor_support import applying
from tests.projections.support import DPO, Views, ids
from tests.support import COORDINATOR, FACE, NATIONAL

TRAINER, ROOM, LINK = "Lou Introuvable", "chez Noa Introuvable", "https://visio.test/sacha-introuvable"
PROGRAMME = "programme-1j1m"


def course(views: Views, days: int = 7, **changes: Any) -> Course:
    day = views.house.clock.instant.replace(hour=8) + timedelta(days=days)
    values: dict[str, Any] = {
        "title": "Être mentor·e",
        "modules": (Module("posture", 180), Module("oral", 60, required=False)),
        "places": 1,
        "starts_at": day,
        "ends_at": day + timedelta(hours=4),
        "place": ROOM,
        "link": LINK,
        "trainer": TRAINER,
    }
    return Course(**(values | changes))


async def say(views: Views, command: Any, actor: Actor = COORDINATOR, reason: str = "") -> None:
    await views.house.do(command, actor, reason=reason)


async def opened(views: Views, record_id: str = "training-1", days: int = 7, **changes: Any) -> str:
    plan = ask.Plan(
        record_id=record_id,
        association_id=FACE,
        programme_id=PROGRAMME,
        course=course(views, days, **changes),
    )
    await say(views, plan)
    await say(views, ask.OpenCourse(record_id=record_id))
    return record_id


async def enrolled(views: Views, record_id: str, *mentors: str) -> None:
    for mentor_id in mentors:
        await say(views, applying(mentor_id, Person("Camille", mentor_id, f"{mentor_id}@exemple.test")))
        await say(views, ask.Enrol(record_id=record_id, mentor_id=mentor_id))


async def certified(views: Views) -> str:
    """A course of yesterday, closed: one certificate given today."""
    record_id = await opened(views, days=-1)
    await enrolled(views, record_id, "mentor-1")
    await say(views, ask.Hold(record_id=record_id), SYSTEM)
    await say(views, ask.Attend(record_id=record_id, mentor_id="mentor-1", present=True, minutes=None))
    today = views.house.clock.today
    await say(views, ask.Certify(record_id=record_id, mentor_id="mentor-1", on=today))
    await say(views, ask.CloseCourse(record_id=record_id))
    return record_id


async def read(views: Views, record_id: str = "training-1", *scopes: str) -> TrainingRow:
    async with views.seen(*scopes) as connection:
        found = await trainings.get(connection, record_id)
    assert found
    return found


async def test_a_course_reads_with_its_places_and_who_waits_in_order(views: Views) -> None:
    record_id = await opened(views)
    await enrolled(views, record_id, "mentor-1", "mentor-3", "mentor-2")
    full = await read(views)
    await say(views, ask.Withdraw(record_id=record_id, mentor_id="mentor-1"))
    row = await read(views)

    assert (full.status_label, full.minutes, full.rules_version) == ("ouverte aux inscriptions", 240, 1)
    assert [(m["code"], m["label"]) for m in full.modules] == [
        ("posture", "posture du mentor"),
        ("oral", "oral"),
    ]
    assert [(e["mentor_id"], e["state"]) for e in full.enrolments] == [
        ("mentor-1", "enrolled"),
        ("mentor-3", "waiting"),
        ("mentor-2", "waiting"),
    ]
    assert [(e["mentor_id"], e["state"]) for e in row.enrolments] == [
        ("mentor-3", "enrolled"),
        ("mentor-2", "waiting"),
    ]
    assert (full.places, full.taken, full.waiting, row.taken, row.waiting) == (1, 1, 2, 1, 1)
    assert [due.kind for due in row.next] == ["remind_promotion", "remind_course", "hold"]
    async with views.seen() as connection:
        page = await deadlines.page(connection, deadlines.DeadlineFilters(record_id=record_id))
    assert [due.kind for due in page.items] == ["remind_promotion", "remind_course", "hold"]


async def test_a_certificate_expires_the_day_after_its_last_without_any_event(views: Views) -> None:
    record_id = await certified(views)
    given = await read(views)
    views.house.clock.instant = datetime(2027, 11, 24, 9, tzinfo=UTC)
    last_day = await read(views)
    views.house.clock.advance(days=1)
    over = await read(views)

    assert given.enrolments[0]["valid_until"] == "2027-11-24"
    assert [row.enrolments[0]["state"] for row in (given, last_day, over)] == [
        "certified",
        "certified",
        "expired",
    ]
    assert over.enrolments[0]["label"] == "attestation expirée"
    assert (over.version, over.position) == (given.version, given.position)
    async with views.seen() as connection:
        page = await trainings.page(connection, TrainingFilters())
    assert [(row.id, row.enrolments[0]["state"]) for row in page.items] == [(record_id, "expired")]


async def test_who_trains_and_where_are_sealed_words_forgotten_once_erased(views: Views) -> None:
    record_id = await opened(views)
    row = await read(views)
    clear = [await views.clear(word) for word in (row.place, row.link, row.persons["trainer"])]
    written = await views.written()
    erase = Erase(record_id=record_id, ground=Ground.OBJECTION)
    await say(views, erase, DPO)
    await views.house.keyring.destroy(record_id)
    gone = await read(views)

    assert clear == [ROOM, LINK, TRAINER]
    assert [secret for secret in (TRAINER, ROOM, LINK) if secret in written] == []
    assert gone.status_label == "effacée"
    assert await views.clear(gone.persons["trainer"]) is FORGOTTEN


async def test_a_course_without_trainer_nor_link_has_no_words_for_them(views: Views) -> None:
    await opened(views, trainer=None, link=None)
    row = await read(views)
    assert (row.persons, row.link) == ({}, None)
    assert await views.clear(row.place) == ROOM


async def test_courses_are_found_by_each_filter_the_latest_planned_first(views: Views) -> None:
    await opened(views, "training-late", 20)
    await opened(views, "training-soon", 3)
    await enrolled(views, "training-late", "mentor-1")
    await say(views, ask.CancelCourse(record_id="training-soon"), reason="Salle fermée.")
    day = views.house.clock.today + timedelta(days=20)

    async def found(**filters: Any) -> list[str]:
        async with views.seen() as connection:
            return ids((await trainings.page(connection, TrainingFilters(**filters))).items)

    assert await found() == ["training-soon", "training-late"]
    assert await found(status="cancelled") == ["training-soon"]
    assert await found(mentor="mentor-1") == ["training-late"]
    assert await found(mentor="mentor-2") == []
    assert await found(association=FACE, academie="10", starts_after=day) == ["training-late"]
    assert await found(starts_before=day) == ["training-soon"]
    assert await found(association="association-other") == await found(academie="08") == []


async def test_a_course_that_is_moved_keeps_its_place_in_the_list(views: Views) -> None:
    for n in range(3):
        await opened(views, f"training-{n}", 10 + n)
        views.house.clock.advance(minutes=1)
    async with views.seen() as connection:
        first = await trainings.page(connection, TrainingFilters(), None, 2)
    moved = ask.ChangeCourse(record_id="training-0", course=course(views, 90))
    await say(views, moved)
    async with views.seen() as connection:
        rest = await trainings.page(connection, TrainingFilters(), first.next, 2)

    assert [row.id for row in (*first.items, *rest.items)] == ["training-2", "training-1", "training-0"]


async def test_courses_are_found_by_what_runs_out_and_by_who_is_stuck(views: Views) -> None:
    await certified(views)
    await opened(views, "training-ahead", 60)

    async def found(**filters: Any) -> list[str]:
        async with views.seen() as connection:
            return ids((await trainings.page(connection, TrainingFilters(**filters))).items)

    assert await found(expiring_before=date(2027, 11, 24)) == []
    assert await found(expiring_before=date(2027, 11, 25)) == ["training-1"]

    async def stuck() -> list[str]:
        return await found(stuck_since=views.house.clock.instant - timedelta(days=10))

    views.house.clock.advance(days=20)
    assert await stuck() == []
    views.house.clock.advance(days=50)
    await say(views, ask.Hold(record_id="training-ahead"), SYSTEM)
    views.house.clock.advance(days=5)
    assert await stuck() == ["training-ahead"]
    await say(views, ask.CloseCourse(record_id="training-ahead"))
    views.house.clock.advance(days=20)
    assert await stuck() == []


async def test_a_course_that_was_never_opened_is_left_behind_though_its_day_has_passed(views: Views) -> None:
    """One that was opened has been held."""
    for record_id in ("training-held", "training-opened"):
        await opened(views, record_id, 3 if record_id == "training-held" else 30)
    for record_id, days in (("training-never", 3), ("training-planned", 30)):
        plan = ask.Plan(
            record_id=record_id, association_id=FACE, programme_id=PROGRAMME, course=course(views, days)
        )
        await say(views, plan)
    views.house.clock.advance(days=10)
    async with views.seen() as connection:
        _, courses, _ = await left_behind(connection, FACE, views.house.clock.instant)

    assert courses == ["training-never", "training-opened", "training-planned"]


async def test_who_holds_no_key_of_a_course_does_not_see_it(views: Views) -> None:
    await opened(views)
    for scopes in (("association:association-other",), ("public", "academie:08"), ("role:national",)):
        async with views.seen(*scopes) as connection:
            assert await trainings.get(connection, "training-1") is None
            assert (await trainings.page(connection, TrainingFilters())).items == []
    for scope in (f"association:{FACE}", "academie:10", "role:auditor", "role:dpo"):
        assert (await read(views, "training-1", scope)).id == "training-1"


async def test_rules_meant_for_open_records_reach_the_courses_under_them(views: Views) -> None:
    record_id = await opened(views, days=-1)
    await enrolled(views, record_id, "mentor-1")
    await say(views, ask.Hold(record_id=record_id), SYSTEM)
    before = await read(views)
    rules = Rules(training=TrainingRules(attendance=Delay(1)))
    adopt = AdoptRules(record_id=PROGRAMME, rules=rules, on=views.house.clock.today, to_open=True)
    await say(views, adopt, NATIONAL)
    after = await read(views)

    assert (before.rules_version, after.rules_version) == (1, 2)
    assert [due.by for due in before.next] == [date(2025, 11, 28)]
    assert [due.by for due in after.next] == [date(2025, 11, 24)]
