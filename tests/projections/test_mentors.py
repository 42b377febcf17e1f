"""The mentors as they read: where each one stands, what counts until when, and who is shown whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain.calendar import paris_day
from domain.erasure import Erase, Ground
from domain.kernel import FORGOTTEN, SYSTEM, Conflict
from domain.mentor import commands as ask
from domain.mentor import identity as of_person
from domain.mentor.parts import MentorLeaving, Occupation, Origin, Person, Profile
from domain.programme.commands import AdoptRules
from domain.programme.rules import Delay, MentorRules, Rules, TrainingRules, Unit
from domain.reminding import RecordDelivery, Remind
from ledger.postgres import PostgresRecorder
from projections import deadlines, mentors
from projections.deadlines import DeadlineFilters
from projections.mentors import MentorFilters, MentorRow
from projections.paging import BadCursor
from tests.conftest import Database
from tests.domain.mentor_support import AWA, COURSE, MENTOR, PROFILE, PROGRAMME, Desk, applying
from tests.projections.support import DPO, Views, ids
from tests.support import COORDINATOR, FACE, FACE_PARTY, NATIONAL, House

BILAL = Person("Bilal", "Introuvable", email="bilal@exemple.test")
YEAR = timedelta(days=365)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
async def views(database: Database, desk: Desk) -> AsyncIterator[Views]:
    """Read models over the house in which the desk stands."""
    views = Views(database.app, database.projector, desk.house)
    yield views
    await views.reader.close()


async def row(views: Views, record_id: str = MENTOR, *scopes: str) -> MentorRow:
    async with views.seen(*scopes) as connection:
        found = await mentors.get(connection, record_id)
    assert found
    return found


async def kinds(views: Views, record_id: str = MENTOR) -> set[str]:
    async with views.seen() as connection:
        found = await deadlines.page(connection, DeadlineFilters(record_id=record_id), limit=100)
    return {one.kind for one in found.items}


async def column(views: Views, name: str, record_id: str = MENTOR) -> Any:
    await views.projector.catch_up()
    async with views.projector_pool.connection() as connection:
        query = f"SELECT {name} FROM read.mentors WHERE id = %s"
        found = await (await connection.execute(query, (record_id,))).fetchone()
    assert found
    return found[0]


async def test_a_candidate_reads_with_what_is_missing(views: Views, desk: Desk) -> None:
    desk.apply(channel=Origin.COMPANY)

    found = await row(views)

    assert (found.status, found.status_label, found.channel_label) == (
        "candidate",
        "candidat·e",
        "entreprise",
    )
    assert (found.association, found.academies, found.version) == (FACE, ["10"], 1)
    assert found.applied_on == desk.today.isoformat()
    assert found.file_missing == ["la pièce d'identité vue", "la charte signée"]
    assert found.capacity == {"mentees": 2, "classes": 1}
    assert [one["code"] for one in found.blocks] == ["not_cleared"]
    assert [one.kind for one in found.next] == ["remind_file", "lapse"]
    assert found.next[0].missing == found.file_missing


async def test_each_step_of_the_path_is_read_with_its_facts(views: Views, desk: Desk) -> None:
    desk.admit()
    desk.apply()
    seen = []
    steps = (desk.complete_file, desk.interview, desk.check, desk.train, desk.clear)
    for step in steps:
        step()
        seen.append((await row(views)).status)
    found, today = await row(views), desk.today

    assert seen == ["file_complete", "interviewed", "checked", "trained", "cleared"]
    assert found.identity_seen_on == today.isoformat()
    assert found.charter == {"signed_on": today.isoformat(), "version": "2025.1"}
    assert found.interview == {"on": today.isoformat(), "favourable": True}
    assert [one["kind"] for one in found.checks_asked] == ["b3"]
    assert found.check
    assert (found.check["presented"], found.check["on"]) == (True, today.isoformat())
    assert found.check_until == date(today.year + 1, today.month, today.day).isoformat()
    (certificate,) = found.certificates
    assert (certificate["course_id"], certificate["minutes"], certificate["expired"]) == (COURSE, 240, False)
    assert certificate["modules"][0] == {"code": "posture", "label": "posture du mentor"}
    assert found.trained_until == certificate["valid_until"]
    assert (found.cleared_on, found.blocks, found.training_missing) == (today.isoformat(), [], [])
    assert {one.kind for one in found.next} == {"alert_check", "suspend_overdue", "alert_certificate"}
    assert await column(views, "sector") == "62.01Z"


async def test_no_read_model_holds_anything_of_a_person_in_clear(views: Views, desk: Desk) -> None:
    profile = replace(PROFILE, availability="le mercredi chez Zoé")
    desk.apply(profile=profile)
    desk.complete_file()
    desk.interview()
    found = await row(views)
    written = await views.written()

    words = {name: await views.clear(word) for name, word in found.persons.items()}
    assert words == {
        "given_name": AWA.given_name,
        "family_name": AWA.family_name,
        "email": AWA.email,
        "phone": AWA.phone,
        "birth_date": "1985-03-02",
        "availability": "le mercredi chez Zoé",
        "interview_report": "Motivation claire.",
    }
    assert all(str(word) not in written for word in words.values())


async def test_what_was_known_of_somebody_erased_is_forgotten_and_nothing_is_awaited(
    views: Views, desk: Desk
) -> None:
    desk.apply()
    desk.do(Erase(record_id=MENTOR, ground=Ground.CONSENT_WITHDRAWN), DPO)
    await views.house.keyring.destroy(MENTOR)
    found = await row(views)

    assert (found.status, found.next, found.blocks) == ("erased", [], [])
    assert {await views.clear(word) for word in found.persons.values()} == {FORGOTTEN}
    assert await kinds(views) == set()


async def test_filters_choose(views: Views, desk: Desk) -> None:
    desk.apply("mentor-1")
    retired = Profile(Occupation.RETIRED, naf="43.21A", families=("construction", "agencement"))
    desk.go_to(desk.today + timedelta(days=20))
    desk.apply("mentor-2", BILAL, retired, channel=Origin.FORM)
    desk.complete_file("mentor-2")
    today = desk.today

    async def found(**filters: Any) -> list[str]:
        async with views.seen() as connection:
            return ids((await mentors.page(connection, MentorFilters(**filters))).items)

    assert await found() == ["mentor-2", "mentor-1"]
    assert await found(status="candidate") == ["mentor-1"]
    assert await found(association=FACE) == ["mentor-2", "mentor-1"]
    assert await found(association="association-other") == []
    assert await found(academie="10") == ["mentor-2", "mentor-1"]
    assert await found(academie="08") == []
    assert await found(sector="62.01Z") == ["mentor-1"]
    assert await found(sector="43") == ["mentor-2"]
    assert await found(family="agencement") == ["mentor-2"]
    assert await found(channel="association") == ["mentor-1"]
    assert await found(stuck_since=desk.now - timedelta(days=10)) == ["mentor-1"]
    assert await found(stuck_since=desk.now - timedelta(days=30)) == []
    assert await found(expiring_before=today + 3 * YEAR) == []

    desk.interview("mentor-2")
    desk.check("mentor-2")
    until = date(today.year + 1, today.month, today.day)
    assert await found(expiring_before=until) == []
    assert await found(expiring_before=until + timedelta(days=1)) == ["mentor-2"]

    desk.do(ask.Leave(record_id="mentor-1", on=today, cause=MentorLeaving.MOVED))
    desk.go_to(today + timedelta(days=100))
    assert await found(stuck_since=desk.now - timedelta(days=10)) == ["mentor-2"]


async def test_whoever_is_cleared_is_stuck_only_once_somebody_is_waited_for(views: Views, desk: Desk) -> None:
    desk.cleared()
    since = desk.now

    async def stuck(days: int) -> list[str]:
        async with views.seen() as connection:
            filters = MentorFilters(stuck_since=desk.now - timedelta(days=days))
            return ids((await mentors.page(connection, filters)).items)

    desk.go_to(desk.today + timedelta(days=200))
    assert await stuck(100) == []
    desk.go_to(since.date().replace(year=since.year + 1) - timedelta(days=61))
    assert await stuck(100) == []
    desk.go_to(desk.today + timedelta(days=1))
    assert await stuck(100) == [MENTOR]
    assert await stuck(400) == []
    desk.go_to(since.date().replace(year=since.year + 1) + timedelta(days=1))
    desk.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    assert await stuck(1) == []
    desk.go_to(desk.today + timedelta(days=3))
    assert await stuck(2) == [MENTOR]
    assert await stuck(4) == []


async def test_pages_walk_every_mentor_once(views: Views, desk: Desk) -> None:
    for n in range(5):
        desk.apply(f"mentor-{n}", Person("Awa", "Diallo", f"awa{n}@exemple.test"))
    walked: list[str] = []
    after: str | None = None
    async with views.seen() as connection:
        while True:
            page = await mentors.page(connection, MentorFilters(), after, 2)
            walked += ids(page.items)
            after = page.next
            if after is None:
                break
        with pytest.raises(BadCursor):
            await mentors.page(connection, MentorFilters(), "nonsense")
    assert walked == [f"mentor-{n}" for n in reversed(range(5))]


async def test_the_rows_are_those_of_its_readers_and_of_nobody_else(views: Views, desk: Desk) -> None:
    desk.apply()
    for scope in (FACE_PARTY, "academie:10", "role:auditor", "role:dpo"):
        assert (await row(views, MENTOR, scope)).id == MENTOR
    for scope in ("academie:08", "association:association-other", "public", "role:national"):
        async with views.seen(scope) as connection:
            assert await mentors.get(connection, MENTOR) is None


async def test_what_counts_no_more_shows_the_next_day_without_any_event(views: Views, desk: Desk) -> None:
    desk.cleared()
    before = await row(views)
    assert before.check_until
    until = date.fromisoformat(before.check_until)
    head = await views.feed.head()

    desk.go_to(until)
    assert (await row(views)).blocks == []
    desk.go_to(until + timedelta(days=1))

    assert [one["code"] for one in (await row(views)).blocks] == ["check_overdue"]
    desk.go_to(date.fromisoformat(before.trained_until or "") + timedelta(days=1))
    after = await row(views)
    assert [one["code"] for one in after.blocks] == ["check_overdue", "certificate_expired"]
    assert (after.trained_until, after.certificates[0]["expired"]) == (None, True)
    assert len(after.training_missing) == 5
    assert await views.feed.head() == head


async def test_a_certificate_ends_for_somebody_for_whom_no_alert_is_set(views: Views, desk: Desk) -> None:
    """Nothing is awaited on that day: the row itself says that it is to be looked at again."""
    rules = Rules(
        training=TrainingRules(certificate_alerts=()), mentors=MentorRules(check=Delay(36, Unit.MONTHS))
    )
    desk.do(AdoptRules(record_id=PROGRAMME, rules=rules, on=desk.today), NATIONAL)
    desk.cleared()
    before = await row(views)
    until = date.fromisoformat(before.trained_until or "")

    desk.go_to(until)
    assert (await row(views)).blocks == []
    desk.go_to(until + timedelta(days=1))

    assert [one["code"] for one in (await row(views)).blocks] == ["certificate_expired"]
    assert "train" in await kinds(views)


async def test_rules_meant_for_open_records_reach_every_kind_that_follows_them(
    views: Views, desk: Desk
) -> None:
    desk.admit()
    desk.apply()
    desk.plan()
    assert (await row(views)).capacity["mentees"] == 2
    async with views.seen() as connection:
        followers = await deadlines.programme_records(connection, PROGRAMME)
    assert followers == [FACE, MENTOR, COURSE]

    rules = Rules(mentors=MentorRules(mentees=3, lapse=Delay(20)))
    desk.do(AdoptRules(record_id=PROGRAMME, rules=rules, on=desk.today, to_open=True), NATIONAL)
    moved = await row(views)

    assert (moved.rules_version, moved.capacity["mentees"]) == (2, 3)
    lapse = next(one for one in moved.next if one.kind == "lapse")
    assert lapse.by == desk.today + timedelta(days=20)


async def test_rules_adopted_for_a_day_to_come_move_what_mentors_wait_for_that_day(
    views: Views, desk: Desk
) -> None:
    desk.apply()
    begins = desk.today + timedelta(days=3)
    rules = Rules(mentors=MentorRules(mentees=3))
    desk.do(AdoptRules(record_id=PROGRAMME, rules=rules, on=begins, to_open=True), NATIONAL)
    desk.go_to(begins - timedelta(days=1))
    assert (await row(views)).capacity["mentees"] == 2
    desk.go_to(begins)
    assert (await row(views)).capacity["mentees"] == 3


async def test_a_file_left_idle_is_reminded_then_late_then_lapses(views: Views, desk: Desk) -> None:
    desk.apply()
    async with views.seen() as connection:
        (first, lapse) = (await deadlines.page(connection, DeadlineFilters(record_id=MENTOR))).items
    assert (first.kind, first.title, first.academies) == ("remind_file", MENTOR, ["10"])
    assert first.awaits == [FACE_PARTY]

    desk.go_to(lapse.at.date() + timedelta(days=2))
    waiting = (await row(views)).next[1]
    assert str(waiting.by) > str(lapse.by), "nothing lapses before it was reminded of"
    desk.do(Remind(record_id=MENTOR, key="file:2025-11-24:2"), SYSTEM)
    desk.do(RecordDelivery(record_id=MENTOR, key="file:2025-11-24:2", channel="mail"), SYSTEM)
    desk.go_to(desk.today + timedelta(days=60))
    assert all(one.late for one in (await row(views)).next)
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    assert (await row(views)).status_label == "candidature caduque"
    assert await kinds(views) == {"erase"}


async def test_a_rebuild_finds_the_same_rows(views: Views, desk: Desk) -> None:
    desk.cleared()
    desk.apply("mentor-2", BILAL)
    desk.do(ask.Suspend(record_id=MENTOR, on=desk.today), reason="absences")
    await views.projector.catch_up()
    before = await views.rows()

    await views.projector.rebuild()

    assert len(before["mentors"]) == 2
    assert await views.rows() == before


@pytest.mark.parametrize("kept", ["mentor-1", "mentor-2"])
async def test_two_records_of_one_person_become_one_that_answers_to_both_addresses(
    database: Database, kept: str
) -> None:
    """On PostgreSQL: the same claim is given up by one record and taken by the other in one append."""
    house = House(PostgresRecorder(database.app))
    await house.open()
    other = {"mentor-1": "mentor-2", "mentor-2": "mentor-1"}[kept]
    addresses = {"mentor-1": "awa@exemple.test", "mentor-2": "a.diallo@travail.test"}
    for record_id, email in addresses.items():
        await house.do(applying(record_id, Person("Awa", "Diallo", email)), COORDINATOR)

    await house.do(of_person.Merge(record_id=kept, duplicate_id=other), COORDINATOR)

    for email in addresses.values():
        with pytest.raises(Conflict) as known:
            await house.do(applying("mentor-3", Person("Awa", "Diallo", email)), COORDINATOR)
        assert known.value.code == "mentor_known"
        assert kept in known.value.sentence
    today = paris_day(await house.recorder.now())
    await house.do(ask.Leave(record_id=kept, on=today, cause=MentorLeaving.END), COORDINATOR)
    await house.do(applying("mentor-3", Person("Awa", "Diallo", addresses[other])), COORDINATOR)


async def test_a_merge_shows_on_both_records(views: Views, desk: Desk) -> None:
    desk.apply("mentor-1")
    desk.apply("mentor-2", BILAL)
    for record_id in ("mentor-1", "mentor-2"):
        desk.complete_file(record_id)
        desk.interview(record_id)
    desk.check("mentor-1")
    desk.go_to(desk.today + timedelta(days=1))
    desk.check("mentor-2")
    newer = desk.mentor("mentor-2").check

    desk.do(of_person.Merge(record_id="mentor-1", duplicate_id="mentor-2"), reason="nom d'usage")

    kept, closed = await row(views, "mentor-1"), await row(views, "mentor-2")
    assert newer
    assert kept.check
    assert kept.check["on"] == newer.on.isoformat()
    assert (closed.status, closed.merged_into) == ("left", "mentor-1")
    assert closed.leaving == {"cause": "merged", "label": "dossier rattaché à un autre"}
    assert (closed.check_until, closed.blocks) == (None, [])
