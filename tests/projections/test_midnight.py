"""A new day: only the records that it changes are looked at again, and read as a rebuild has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Final

import pytest

from domain.association.commands import OpenAdmission, RegisterAssociation
from domain.association.model import Identity
from domain.links import Channel
from domain.mentor.parts import Person
from projections import deadlines
from tests.conftest import Database
from tests.domain.mentor_support import MENTOR, PROGRAMME, Desk
from tests.domain.rehearsal import settled
from tests.projections.support import Views
from tests.support import LYON, clauses

STAGES: Final = ("apply", "complete_file", "interview", "check", "train", "clear")


@pytest.fixture
async def desk() -> Desk:
    """A mentor at every stage, and an operator whose admission is under way."""
    desk = Desk()
    desk.admit()
    for place, _ in enumerate(STAGES):
        record_id = f"mentor-{place + 1}"
        desk.apply(record_id, Person("Awa", f"Diallo {place}", f"awa{place}@exemple.test"))
        for step in STAGES[1 : place + 1]:
            if step == "train":
                desk.train(record_id, f"training-{place}")
            else:
                getattr(desk, step)(record_id)
    other = RegisterAssociation(record_id="association-2", identity=Identity("Autre"), academies=("10",))
    desk.do(other, LYON)
    opening = OpenAdmission(
        record_id="association-2", programme_id=PROGRAMME, on=desk.today, channel=Channel.MEETING
    )
    desk.do(opening, LYON)
    settled(desk.house.drafted("convention-1", clauses=clauses(number=None)))
    settled(desk.house.to_sign("convention-2"))
    desk.house.clock.advance(days=1)
    return desk


@pytest.fixture
async def views(database: Database, desk: Desk) -> AsyncIterator[Views]:
    views = Views(database.app, database.projector, desk.house)
    yield views
    await views.reader.close()


async def stale(views: Views, last: date, today: date) -> list[str]:
    await views.projector.catch_up()
    async with views.projector_pool.connection() as connection:
        return await deadlines.stale(connection, "read", last, today)


async def test_a_day_looks_at_nobody_whose_step_is_a_person_s_to_take(views: Views, desk: Desk) -> None:
    statuses = {desk.mentor(f"mentor-{n}").status for n in range(1, 7)}
    assert len(statuses) == 6
    today = desk.today
    assert await stale(views, today, today + timedelta(days=1)) == ["convention-1"], "a draft"


async def test_the_day_after_a_term_looks_at_the_one_record_that_is_late(views: Views, desk: Desk) -> None:
    async with views.seen() as connection:
        wanted = deadlines.DeadlineFilters(record_id=MENTOR, kind="lapse")
        (lapse,) = (await deadlines.page(connection, wanted)).items
    assert lapse.by
    assert MENTOR in await stale(views, lapse.by, lapse.by + timedelta(days=1))
    assert "mentor-3" not in await stale(views, lapse.by, lapse.by + timedelta(days=1))


async def test_day_after_day_the_rows_are_those_of_a_rebuild(views: Views, desk: Desk) -> None:
    """Two years in which nobody does anything, in strides of one to seventeen days."""
    await views.projector.catch_up()
    for stride in range(85):
        views.house.clock.advance(days=1 + stride * 7 % 17)
        await views.projector.catch_up()
        if stride % 5:
            continue
        live = await views.rows()
        await views.projector.rebuild()
        assert await views.rows() == live, desk.today
