"""The companies of a file of mentors: known by SIRET, registered once, never brought back once erased."""

from __future__ import annotations

import pytest

from domain.company.commands import CloseCompany, RegisterCompany
from domain.company.model import Firm
from domain.erasure import Erase, Ground
from domain.kernel import Actor, new_id
from domain.mentor.parts import Occupation
from ops.imports.bench import digest_of
from tests.ops.importing import Desk, csv, places
from tests.support import LYON

SIRET = "73282932000074"
DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))


@pytest.fixture
async def desk() -> Desk:
    return await Desk().open()


def employed(*lines: str) -> str:
    return csv(*lines, header="Nom;Prénom;Courriel;Entreprise;SIRET")


async def test_mentors_of_one_company_share_it_registered_once(desk: Desk) -> None:
    body = employed(*(f"N{i};P;p{i}@exemple.test;Ateliers;732 829 320 00074" for i in range(3)))
    assert (await desk.run(body)).recorded == 3
    (company,) = await desk.records("company")
    employers = {await desk.clear(mentor.profile.company_id) for mentor in await desk.mentors()}
    assert employers == {company.id}
    assert (await desk.run(employed(f"N9;P;p9@exemple.test;;{SIRET}"))).recorded == 1
    assert len(await desk.records("company")) == 1


async def test_a_company_without_siret_is_left_aside_and_said_so(desk: Desk) -> None:
    report = await desk.run(employed("N;P;p@exemple.test;Ateliers;"))
    assert (report.recorded, report.faults) == (1, [])
    assert "SIRET" in report.remarks[2]
    assert await desk.records("company") == []
    (mentor,) = await desk.mentors()
    assert (mentor.profile.company_id, mentor.profile.status) == (None, Occupation.EMPLOYEE)


async def test_an_unknown_siret_without_a_name_is_a_fault(desk: Desk) -> None:
    report = await desk.run(employed(f"N;P;p@exemple.test;;{SIRET}"))
    assert places(report) == {(2, "Entreprise")}


async def test_a_closed_company_gives_its_siret_back(desk: Desk) -> None:
    await desk.run(employed(f"N1;P;p1@exemple.test;Ateliers;{SIRET}"))
    (first,) = await desk.records("company")
    await desk.house.do(CloseCompany(record_id=first.id, on=desk.house.clock.today), LYON)
    assert (await desk.run(employed(f"N2;P;p2@exemple.test;Ateliers;{SIRET}"))).faults == []
    assert len(await desk.records("company")) == 2


async def test_an_erased_company_is_not_brought_back_and_its_mentors_are_taken_without_it(desk: Desk) -> None:
    await desk.run(employed(f"N1;P;p1@exemple.test;Ateliers;{SIRET}"))
    (first,) = await desk.records("company")
    await desk.house.do(Erase(record_id=first.id, ground=Ground.OBJECTION), DPO)
    report = await desk.run(employed(f"N2;P;p2@exemple.test;Ateliers;{SIRET}"))
    assert (report.recorded, report.faults) == (1, [])
    assert "effacée" in report.remarks[2]
    assert len(await desk.records("company")) == 1
    *_, mentor = await desk.mentors()
    assert mentor.profile.company_id is None


async def test_nothing_of_an_import_s_lines_is_told_by_what_it_records(desk: Desk) -> None:
    """By the line a company would be tied to its mentor; by a digest without a key, to its SIRET."""
    await desk.run(employed(*(f"N{i};P;p{i}@exemple.test;Ateliers;{SIRET}" for i in range(2))))
    recorded = [one for one in desk.events if one.record_id.startswith(("mentor-", "company-"))]
    assert len({one.facts["correlation"] for one in recorded}) == 1
    (company,) = await desk.records("company")
    command = RegisterCompany(record_id=company.id, firm=Firm("Ateliers", SIRET))
    written = " ".join(f"{one.record_id} {one.metadata} {one.state}" for one in recorded)
    for guess in (SIRET, "Ateliers", digest_of(command), new_id("company", f"siret:{SIRET}")):
        assert guess not in written
