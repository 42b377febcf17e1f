"""By what records are looked for, alike for every kind: sector, famille de métiers, programme, term."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain.company.commands import RegisterCompany
from domain.company.model import Firm
from domain.mentor import commands as ask
from domain.mentor.parts import MentorLeaving, Occupation, Person, Profile
from domain.training.commands import Enrol
from projections import associations, companies, conventions, mentors, trainings
from projections.association_filters import AssociationFilters
from projections.companies import CompanyFilters
from projections.conventions import ConventionFilters
from projections.mentors import MentorFilters
from projections.paging import Page
from projections.trainings import TrainingFilters
from tests.conftest import Database
from tests.domain.mentor_support import PROGRAMME, Desk
from tests.domain.rehearsal import settled
from tests.projections.support import Views, ids, in_force
from tests.support import FACE, clauses

BUILDER = Profile(Occupation.RETIRED, naf="43.21A", families=("construction",))
CODER = Profile(Occupation.EMPLOYEE, naf="62.01Z", families=("transitions",))
OTHERS = "programme-ptech"


@pytest.fixture
async def desk() -> Desk:
    """FACE, with a builder who is enrolled in a course and somebody who codes and is not."""
    desk = Desk()
    desk.admit()
    desk.apply("mentor-1", Person("Awa", "Diallo", "awa@exemple.test"), BUILDER)
    desk.apply("mentor-2", Person("Bilal", "Introuvable", "bilal@exemple.test"), CODER)
    desk.opened("training-1")
    desk.do(Enrol(record_id="training-1", mentor_id="mentor-1"))
    return desk


@pytest.fixture
async def views(database: Database, desk: Desk) -> AsyncIterator[Views]:
    views = Views(database.app, database.projector, desk.house)
    yield views
    await views.reader.close()


Paged = Callable[..., Awaitable[Page[Any]]]


async def found(views: Views, page: Paged, filters: Any, *scopes: str) -> list[str]:
    async with views.seen(*scopes) as connection:
        return sorted(ids((await page(connection, filters)).items))


async def test_an_operator_is_found_by_what_one_of_its_mentors_brings(views: Views, desk: Desk) -> None:
    async def operators(*scopes: str, **filters: Any) -> list[str]:
        return await found(views, associations.page, AssociationFilters(**filters), *scopes)

    assert await operators(sector="43") == [FACE]
    assert await operators(sector="43.21A", family="construction") == [FACE]
    assert await operators(sector="43", family="transitions") == [], "of two mentors, not of one"
    assert await operators(sector="01") == []
    assert await operators("academie:10", family="transitions") == [FACE]
    assert await operators("role:national", family="transitions") == [], "sees operators, and no mentor"

    desk.do(ask.Leave(record_id="mentor-2", on=desk.today, cause=MentorLeaving.MOVED))
    assert await operators(sector="62") == [], "whoever has left brings nothing"


async def test_a_course_is_found_by_what_somebody_enrolled_brings(views: Views) -> None:
    async def courses(**filters: Any) -> list[str]:
        return await found(views, trainings.page, TrainingFilters(**filters))

    assert await courses(sector="43") == ["training-1"]
    assert await courses(family="construction") == ["training-1"]
    assert await courses(sector="62") == []
    assert await courses(family="transitions") == []


async def test_records_are_found_by_the_programme_that_they_follow(views: Views) -> None:
    settled(views.house.drafted("convention-1"))
    for page, filters in (
        (associations.page, AssociationFilters),
        (conventions.page, ConventionFilters),
        (mentors.page, MentorFilters),
        (trainings.page, TrainingFilters),
    ):
        listed = await found(views, page, filters())
        assert await found(views, page, filters(programme=PROGRAMME)) == listed != []
        assert await found(views, page, filters(programme=OTHERS)) == []


async def test_a_company_is_found_by_the_beginning_of_its_sector(views: Views, desk: Desk) -> None:
    desk.do(RegisterCompany(record_id="company-1", firm=Firm("Bâtir", naf="43.21A")))
    desk.do(RegisterCompany(record_id="company-2", firm=Firm("Sans secteur")))
    assert await found(views, companies.page, CompanyFilters(sector="43")) == ["company-1"]
    assert await found(views, companies.page, CompanyFilters(sector="4")) == ["company-1"]
    assert await found(views, companies.page, CompanyFilters(sector="62")) == []


async def test_a_convention_is_found_by_its_end_while_it_binds_and_by_how_long_it_has_been_stuck(
    database: Database,
) -> None:
    views = Views(database.app, database.projector)
    await views.house.open()
    await in_force(views, ends_on=date(2026, 8, 31), bilan=False, financial_report=False)
    await views.house.drafted("convention-2", clauses=clauses(number=None, ends_on=date(2026, 1, 1)))

    async def those(**filters: Any) -> list[str]:
        return await found(views, conventions.page, ConventionFilters(**filters))

    async def stuck(days: int) -> list[str]:
        return await those(stuck_since=views.house.clock() - timedelta(days=days))

    assert await those(expiring_before=date(2026, 8, 31)) == [], "a draft has nothing that runs out"
    assert await those(expiring_before=date(2026, 9, 1)) == ["convention-1"]
    assert await stuck(10) == []
    views.house.clock.advance(days=15)
    assert await stuck(10) == ["convention-2"], "in force, it may stay"
    await views.reader.close()
