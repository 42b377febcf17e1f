"""Figures as of any day: what each one counts, who is told what, and what nobody outside can work out."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain.association.commands import OpenAdmission, RegisterAssociation
from domain.association.model import Identity
from domain.calendar import start_of
from domain.erasure import Erase, Ground
from domain.figures import CERTIFICATES, CERTIFIED, EVERYBODY, HOURS, STATES, STEPS, VALID, Cell
from domain.folding import standing_at
from domain.kernel import SYSTEM, Actor
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor import identity as of_person
from domain.mentor.parts import MentorLeaving, Occupation, Person, Profile
from domain.training.commands import Attend, Certify, Enrol, Hold
from domain.training.parts import Module
from projections import mentors
from projections.mentors import MentorFilters
from projections.onboarding_counts import Figures, Onboarding, OnboardingFilters, onboarding
from tests.conftest import Database
from tests.domain.mentor_support import AWA, MENTOR, PROGRAMME, Desk, applying, interviewing
from tests.projections.support import DPO, Views
from tests.support import COORDINATOR, FACE, FACE_PARTY, GRENOBLE, LYON

ELAN = "association-elan"
ELAN_PARTY = f"association:{ELAN}"
ELAN_COORDINATOR = Actor("t-elan", "association", frozenset({"public", ELAN_PARTY}))
NATION = ("role:national", "public")
ONE_DAY = timedelta(days=1)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
async def views(database: Database, desk: Desk) -> Any:
    views = Views(database.app, database.projector, desk.house)
    yield views
    await views.reader.close()


async def read(
    views: Views,
    day: date,
    *scopes: str,
    own: Collection[str] = (),
    group_by: str | None = None,
    **filters: str,
) -> Onboarding:
    async with views.seen(*scopes) as connection:
        return await onboarding(connection, OnboardingFilters(**filters), day, group_by, own)


async def ours(views: Views, day: date, group_by: str | None = None, **filters: str) -> Onboarding:
    """What FACE is told of itself."""
    return await read(views, day, FACE_PARTY, own={FACE}, group_by=group_by, **filters)


def reached(figures: Figures) -> list[int | None]:
    return [figures.counts[Cell("reached", step)] for step in STEPS]


def now(figures: Figures) -> dict[str, int | None]:
    return {state: n for state in STATES if (n := figures.counts[Cell("now", state)])}


def many(
    desk: Desk,
    count: int,
    association: str = FACE,
    prefix: str = "m",
    naf: str | None = None,
    on: date | None = None,
) -> None:
    actor = COORDINATOR if association == FACE else ELAN_COORDINATOR
    for n in range(count):
        person = Person("Camille", f"{prefix}{n}", f"{prefix}{n}@exemple.test")
        profile = Profile(Occupation.EMPLOYEE, naf=naf, families=("mer",))
        record_id = f"mentor-{prefix}{n}"
        desk.do(replace(applying(record_id, person, profile, association_id=association), on=on), actor)


def another(desk: Desk) -> None:
    """A second operator, of Grenoble."""
    desk.do(RegisterAssociation(record_id=ELAN, identity=Identity("Élan"), academies=("08",)), GRENOBLE)


async def test_a_mentor_cleared_step_by_step_is_counted_at_each_from_its_day_on(
    views: Views, desk: Desk
) -> None:
    start = desk.today
    desk.admit()
    desk.apply(MENTOR, AWA)
    for days, step in ((2, "complete_file"), (5, "interview"), (9, "check"), (14, "train"), (15, "clear")):
        desk.go_to(start + timedelta(days=days))
        getattr(desk, step)(MENTOR)
    today = desk.today

    seen = {days: (await ours(views, start + timedelta(days=days))).whole for days in (-1, 0, 2, 8, 14, 15)}
    last = seen[15]

    assert {days: (reached(one), now(one)) for days, one in seen.items()} == {
        -1: ([0, 0, 0, 0, 0, 0], {}),
        0: ([1, 0, 0, 0, 0, 0], {"candidate": 1}),
        2: ([1, 1, 0, 0, 0, 0], {"file_complete": 1}),
        8: ([1, 1, 1, 0, 0, 0], {"interviewed": 1}),
        14: ([1, 1, 1, 1, 1, 0], {"trained": 1}),
        15: ([1, 1, 1, 1, 1, 1], {"cleared": 1}),
    }
    assert list(last.days) == [0, 2, 3, 4, 5, 1, 15]
    assert list(seen[8].days) == [0, 2, 3, None, None, None, None]
    assert [last.counts[cell] for cell in (CERTIFIED, VALID, CERTIFICATES, HOURS)] == [1, 1, 1, 4]
    assert seen[8].counts[CERTIFIED] == 0
    assert (last.counts[Cell("section", "J")], last.counts[Cell("division", "62")]) == (1, 1)
    assert last.operators == {"admitted": 1}
    later = (await ours(views, today + timedelta(days=900))).whole
    assert (later.counts[CERTIFIED], later.counts[VALID]) == (1, 0)


async def test_medians_are_those_of_all_who_took_the_step(views: Views, desk: Desk) -> None:
    start = desk.today
    many(desk, 3)
    for days, n in ((1, 0), (4, 1), (10, 2)):
        desk.go_to(start + timedelta(days=days))
        desk.complete_file(f"mentor-m{n}")
    assert (await ours(views, start + timedelta(days=4))).whole.days[1] == 2.5
    assert (await ours(views, desk.today)).whole.days[1] == 4


async def test_a_second_interview_takes_somebody_back_and_not_what_was_reached(
    views: Views, desk: Desk
) -> None:
    desk.apply()
    desk.complete_file()
    desk.interview()
    desk.go_to(desk.today + ONE_DAY)
    desk.do(interviewing(MENTOR, desk.today, favourable=False))
    figures = (await ours(views, desk.today)).whole
    assert (reached(figures)[:3], now(figures)) == ([1, 1, 1], {"file_complete": 1})


async def test_of_two_interviews_that_of_the_later_day_counts_whichever_was_written_last(
    views: Views, desk: Desk
) -> None:
    """One that was not favourable is written after another, which took place on a later day."""
    start = desk.today
    desk.apply()
    desk.complete_file()
    desk.go_to(start + timedelta(days=5))
    desk.interview()
    desk.go_to(start + timedelta(days=6))
    desk.do(interviewing(MENTOR, start + timedelta(days=4), favourable=False))
    figures = (await ours(views, start + timedelta(days=5))).whole
    assert (reached(figures)[:3], now(figures)) == ([1, 1, 1], {"interviewed": 1})


async def test_a_person_of_two_records_counts_once_on_any_day_and_one_erased_still_does(
    views: Views, desk: Desk
) -> None:
    desk.apply()
    desk.apply("mentor-2", Person("Awa", "Diallo", "awa@ailleurs.test"))
    desk.apply("mentor-3", Person("Bilal", "Introuvable", "bilal@exemple.test"))
    first = desk.today
    desk.go_to(first + ONE_DAY)
    desk.do(of_person.Merge(record_id=MENTOR, duplicate_id="mentor-2"))
    desk.do(ask.Leave(record_id="mentor-3", on=desk.today, cause=MentorLeaving.MOVED))
    desk.do(Erase(record_id="mentor-3", ground=Ground.OBJECTION), DPO)

    before, after = (await ours(views, first)).whole, (await ours(views, desk.today)).whole

    assert (reached(before)[0], now(before)) == (2, {"candidate": 2}), "by what is known now"
    assert (reached(after)[0], now(after)) == (2, {"candidate": 1, "left": 1})


async def test_the_school_year_is_that_of_the_candidacy_in_paris(views: Views, desk: Desk) -> None:
    desk.go_to(date(2026, 8, 31), hour=21)
    desk.apply()
    desk.go_to(date(2026, 8, 31), hour=22)
    desk.apply("mentor-2", Person("Bilal", "Introuvable", "bilal@exemple.test"))
    by_year = (await ours(views, date(2026, 9, 2), group_by="school_year")).parts
    assert {year: reached(one)[0] for year, one in by_year.items()} == {"2025-2026": 1, "2026-2027": 1}
    filtered = (await ours(views, date(2026, 9, 2), school_year="2026-2027")).whole
    assert reached(filtered)[0] == 1


async def test_what_is_counted_is_what_the_records_say_of_that_day(views: Views, desk: Desk) -> None:
    """Twelve mentors, random facts, some of them told days later: against the fold of their events."""
    chance = random.Random(7)
    start = desk.today
    many(desk, 12, on=start - timedelta(days=4))
    for _ in range(30):
        desk.go_to(desk.today + timedelta(days=chance.randrange(2)))
        record_id = f"mentor-m{chance.randrange(12)}"
        on = desk.today - timedelta(days=chance.randrange(4))
        commands: list[Any] = [
            ask.SeeIdentity(record_id=record_id, on=on, channel=Channel.MEETING),
            ask.SignCharter(record_id=record_id, on=on, version="2025.1", channel=Channel.PAPER),
            interviewing(record_id, on, favourable=chance.random() < 0.7),
            ask.Leave(record_id=record_id, on=max(on, start), cause=MentorLeaving.END),
        ]
        mentor = desk.mentor(record_id)
        if mentor.is_open:
            place = 2 if mentor.status != "candidate" else chance.randrange(2)
            desk.do(commands[3 if chance.random() < 0.1 else place])
    ids = [f"mentor-m{n}" for n in range(12)]
    events = await views.feed.of(ids)
    instant = await views.house.recorder.now()
    for days in range(-5, (desk.today - start).days + 1):
        day = start + timedelta(days=days)
        expected = Counter(
            standing.status
            for record_id in ids
            if (
                standing := standing_at(
                    [e for e in events if e.record_id == record_id],
                    start_of(day + ONE_DAY) - timedelta(microseconds=1),
                    instant,
                )
            )
        )
        told = (await ours(views, day)).whole
        assert now(told) == expected, day
        assert all(days is None or days >= 0 for days in told.days), day


async def test_associations_are_counted_by_state(views: Views, desk: Desk) -> None:
    start = desk.today
    another(desk)
    opening = OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=start, channel=Channel.PAPER)
    desk.do(opening, LYON)
    opened = await read(views, start, *NATION)
    assert (opened.whole.operators, opened.whole.days[0]) == ({"in_admission": 1, "candidate": 1}, None)


async def test_the_admission_is_timed_from_its_opening(views: Views, desk: Desk) -> None:
    start = desk.today
    desk.admit()
    figures = (await read(views, start, *NATION, group_by="association")).parts[FACE]
    assert (figures.operators, figures.days[0]) == ({"admitted": 1}, 0)


# Who is told what ---------------------------------------------------------------------------------------


async def test_the_national_level_counts_mentors_of_whom_it_sees_none(views: Views, desk: Desk) -> None:
    many(desk, 23, naf="62.01Z")
    figures = await read(views, desk.today, *NATION)
    async with views.seen(*NATION) as connection:
        assert (await mentors.page(connection, MentorFilters())).items == []
    assert not figures.exact
    assert figures.whole.counts[EVERYBODY] == 20
    assert figures.whole.counts[Cell("section", "J")] == 20
    assert figures.whole.counts[Cell("family", "mer")] == 20
    assert Cell("division", "62") not in figures.whole.counts


async def test_each_is_told_of_its_own_scope_alone(views: Views, desk: Desk) -> None:
    another(desk)
    many(desk, 23)
    many(desk, 14, ELAN, "e")
    day = desk.today
    by = {
        scope: await read(views, day, scope, group_by="association")
        for scope in ("academie:10", "academie:08", "role:national", "role:auditor", "academie:01")
    }
    assert {scope: sorted(one.parts) for scope, one in by.items()} == {
        "academie:10": [FACE],
        "academie:08": [ELAN],
        "role:national": [ELAN, FACE],
        "role:auditor": [ELAN, FACE],
        "academie:01": [],
    }
    assert by["academie:10"].whole.counts == by["role:national"].parts[FACE].counts
    for scope in ("lycee:0690010L", "role:dpo", "public", "link:link-1"):
        hidden = await read(views, day, scope)
        assert (hidden.whole.operators, hidden.whole.counts[EVERYBODY]) == ({}, None)
    mine = await read(views, day, ELAN_PARTY, own={ELAN})
    assert (mine.exact, mine.whole.counts[EVERYBODY]) == (True, 14)
    names = [by["role:national"].names[key] for key in by["role:national"].parts]
    assert names == ["FACE", "Élan"] == sorted(names, key=str.casefold)


async def test_a_school_year_with_too_few_is_not_even_named_outside(views: Views, desk: Desk) -> None:
    many(desk, 20)
    desk.go_to(date(2026, 9, 7))
    many(desk, 3, prefix="n")
    outside = await read(views, desk.today, *NATION, group_by="school_year")
    assert list(outside.parts) == ["2025-2026"]
    assert list((await ours(views, desk.today, group_by="school_year")).parts) == ["2025-2026", "2026-2027"]


async def test_a_median_is_taken_of_those_whose_number_is_told_and_of_no_other(
    views: Views, desk: Desk
) -> None:
    """Nine of FACE took two days; the four of Élan, who took twenty, move nothing."""
    start = desk.today
    another(desk)
    many(desk, 9)
    many(desk, 4, ELAN, "e")
    desk.go_to(start + timedelta(days=2))
    for n in range(9):
        desk.complete_file(f"mentor-m{n}")
    desk.go_to(start + timedelta(days=20))
    for n in range(4):
        desk.do(
            ask.SeeIdentity(record_id=f"mentor-e{n}", on=desk.today, channel=Channel.MEETING),
            ELAN_COORDINATOR,
        )
        signed = ask.SignCharter(record_id=f"mentor-e{n}", on=desk.today, version="1", channel=Channel.PAPER)
        desk.do(signed, ELAN_COORDINATOR)
    nation = await read(views, desk.today, *NATION, group_by="association")
    assert (nation.whole.days[1], nation.parts[FACE].days[1], nation.parts[ELAN].days[1]) == (2, 2, None)
    alone = await read(views, desk.today, ELAN_PARTY, own={ELAN})
    assert alone.whole.days[1] == 20


# An adversary --------------------------------------------------------------------------------------------


async def test_no_filter_and_no_total_tells_a_hidden_count_on_any_day(views: Views, desk: Desk) -> None:
    """Three weeks of two operators and two school years, asked in every way on every day: differences of
    totals and parts, and of filters, never come to a count that is hidden.
    """
    chance = random.Random(11)
    desk.go_to(date(2026, 8, 24))
    first = desk.today
    another(desk)
    for week in range(21):
        desk.go_to(first + timedelta(days=week))
        many(desk, 1 + week % 2, prefix=f"a{week}-", naf=chance.choice(["62.01Z", "10.11Z", None]))
        many(desk, chance.randrange(2), ELAN, f"b{week}-", naf="86.10Z")
        if week % 3 == 0:
            desk.complete_file(f"mentor-a{week}-0")
    asked: list[dict[str, str]] = [
        {},
        {"association": FACE},
        {"association": ELAN},
        {"academie": "10"},
        {"school_year": "2025-2026"},
        {"school_year": "2026-2027"},
        {"association": FACE, "school_year": "2026-2027"},
        {"association": ELAN, "school_year": "2025-2026"},
    ]
    hidden = 0
    async with views.seen(*NATION) as connection:
        for day in (first + timedelta(days=n) for n in range(21)):
            told = [await onboarding(connection, OnboardingFilters(**one), day, None, ()) for one in asked]
            truth = await onboarding(connection, OnboardingFilters(), day, "association", {FACE, ELAN})
            parts = await onboarding(connection, OnboardingFilters(), day, "association", ())
            figures = [*(one.whole for one in told), *parts.parts.values()]
            assert all(
                n is None or n % 5 == 0 for one in figures for c, n in one.counts.items() if c != HOURS
            )
            for cell, total in told[0].whole.counts.items():
                of_each = [parts.parts[key].counts.get(cell) or 0 for key in (FACE, ELAN)]
                assert (total or 0) == sum(of_each), (day, cell)
                by_year = [told[place].whole.counts.get(cell) or 0 for place in (4, 5)]
                assert (total or 0) == sum(by_year), (day, cell)
            for key in (FACE, ELAN):
                for cell, n in truth.parts[key].counts.items():
                    if n is not None and n < 5 and cell.kind != "trained":
                        hidden += n > 0
                        assert parts.parts[key].counts.get(cell) is None, (day, key, cell)
    assert hidden > 50


async def test_neither_a_median_nor_the_hours_tell_of_one_more_arrival(views: Views, desk: Desk) -> None:
    """Asked day by day, in whatever way, they are the same as long as no other number is told."""
    first = desk.today
    another(desk)
    many(desk, 11)
    many(desk, 6, ELAN, "e")
    for n in range(11):
        desk.go_to(first + timedelta(days=2 if n < 5 else 3 * n))
        desk.complete_file(f"mentor-m{n}")
        desk.interview(f"mentor-m{n}")
        desk.check(f"mentor-m{n}")
        minutes = 60 + 10 * n
        desk.opened(f"training-{n}", days=-1, modules=(Module("posture", minutes),))
        desk.do(Enrol(record_id=f"training-{n}", mentor_id=f"mentor-m{n}"))
        desk.do(Hold(record_id=f"training-{n}"), SYSTEM)
        desk.do(Attend(record_id=f"training-{n}", mentor_id=f"mentor-m{n}", present=True))
        desk.do(Certify(record_id=f"training-{n}", mentor_id=f"mentor-m{n}", on=desk.today))
    asked: list[dict[str, str]] = [
        {},
        {"association": FACE},
        {"academie": "10"},
        {"school_year": "2025-2026"},
    ]
    told: dict[Any, set[Any]] = defaultdict(set)
    truth = set()
    for day in (first + timedelta(days=n) for n in range(32)):
        truth.add((tuple((await ours(views, day)).whole.days), (await ours(views, day)).whole.counts[HOURS]))
        for n, one in enumerate(asked):
            figures = (await read(views, day, *NATION, **one)).whole
            shown = tuple(figures.counts[cell] for cell in (*(Cell("reached", s) for s in STEPS), CERTIFIED))
            told[n, shown].add((tuple(figures.days), figures.counts[HOURS]))
    assert len(truth) > 6, "each arrival moves what the association reads"
    assert {len(seen) for seen in told.values()} == {1}
    assert len({shown for n, shown in told if n == 0}) == 3, "none, five, ten"


async def test_rows_hold_no_word_of_anybody(views: Views, desk: Desk) -> None:
    desk.apply()
    await views.projector.catch_up()
    async with views.projector_pool.connection() as connection:
        found = await (await connection.execute("SELECT * FROM read.onboarding_figures")).fetchall()
    written = repr(found)
    assert "mentor-1" in written
    for word in ("Awa", "Diallo", "awa.diallo", "06 01", "1985", "sealed:"):
        assert word not in written


async def test_a_file_that_lapsed_is_counted_as_such(views: Views, desk: Desk) -> None:
    desk.apply()
    desk.lapse()
    assert now((await ours(views, desk.today)).whole) == {"lapsed": 1}
