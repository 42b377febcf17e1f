"""Figures over HTTP: who may read them, what is hidden from whom, filters, groups, the same as a table."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from api.examples_figures import FIGURES
from api.routes.figures import OnboardingFigures
from domain.calendar import school_year
from domain.kernel import Actor
from domain.mentor.parts import Occupation, Person, Profile
from domain.ports import Request
from tests.api import walk
from tests.api.conftest import FACE, OTHER, Site
from tests.api.walk import TODAY
from tests.domain.mentor_support import applying

PATH = "/v1/figures/onboarding"
YEAR = school_year(TODAY)
PLANTED = "Introuvable"


async def arrived(site: Site, count: int, association: str = FACE, naf: str = "62.01Z") -> None:
    actor = Actor(f"t-{association}", "association", frozenset({"public", f"association:{association}"}))
    for n in range(count):
        person = Person(PLANTED, f"{association}{n}", f"{n}@{association}.test")
        profile = Profile(Occupation.EMPLOYEE, naf=naf, families=("mer",))
        record_id = f"mentor-{association}-{n}"
        command = applying(record_id, person, profile, association_id=association)
        await site.executor.execute(Request(command, actor, f"seed:{record_id}"))


@pytest.fixture
async def school(site: Site) -> Site:
    """Fourteen mentors of FACE, in Lyon; three of the other association, in Grenoble."""
    await walk.opened(site)
    await arrived(site, 14)
    await arrived(site, 3, OTHER, "10.11Z")
    return site


async def read(site: Site, who: str, query: str = "") -> dict[str, Any]:
    answer = await site.get(who, f"{PATH}{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def came(part: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = part["steps"][0]["reached"]
    return found


async def test_the_operator_reads_its_own_figures_exactly(school: Site) -> None:
    mine = await read(school, "other")
    total = mine["total"]
    assert (mine["exact"], mine["as_of"], mine["group_by"]) == (True, TODAY.isoformat(), None)
    assert came(total) == {"value": 3, "hidden": False}
    assert total["steps"][0] == {
        "code": "candidate",
        "label": "candidat·e",
        "reached": {"value": 3, "hidden": False},
        "now": {"value": 3, "hidden": False},
        "median_days": None,
    }
    sections = {one["code"]: one["value"] for one in total["sections"]}
    assert (sections["C"], sections["J"], sum(sections.values())) == (3, 0, 3)
    assert [(one["code"], one["label"]) for one in total["divisions"]] == [("10", "industries alimentaires")]
    assert {one["code"]: one["value"] for one in total["families"]}["mer"] == 3
    assert total["training"]["hours"] == {"value": 0, "hidden": False}
    assert mine["rules"][-1] == "Vos propres chiffres, exacts."


@pytest.mark.parametrize("who", ["national", "auditor", "grenoble"])
async def test_fewer_than_five_are_hidden_from_anybody_else(school: Site, who: str) -> None:
    found = await read(school, who, f"?association={OTHER}")
    assert found["exact"] is False
    assert came(found["total"]) == {"value": None, "hidden": True}
    counts = [*found["total"]["sections"], *found["total"]["families"], *found["total"]["elsewhere"]]
    assert {(one["value"], one["hidden"]) for one in counts} == {(None, True)}
    assert found["total"]["divisions"] == []
    assert {one["code"]: one["value"] for one in found["total"]["associations"]["states"]}["candidate"] == 1


async def test_a_total_does_not_give_away_the_part_that_is_hidden(school: Site) -> None:
    found = await read(school, "national", "?group_by=association")
    parts = {part["key"]: came(part)["value"] for part in found["groups"]}
    assert parts[OTHER] is None
    assert came(found["total"])["value"] == parts[FACE]
    assert parts[FACE] == 10
    alone = await read(school, "national", f"?association={FACE}")
    assert came(alone["total"])["value"] == parts[FACE]


async def test_groups_come_by_name_or_code_each_with_its_label(school: Site) -> None:
    by = {
        group: [
            (one["key"], one["label"])
            for one in (await read(school, "national", f"?group_by={group}"))["groups"]
        ]
        for group in ("association", "academie", "school_year")
    }
    assert by == {
        "association": [(FACE, FACE), (OTHER, OTHER)],
        "academie": [("08", "académie de Grenoble"), ("10", "académie de Lyon")],
        "school_year": [(YEAR, YEAR)],
    }


async def test_filters_narrow_and_the_scope_does_first(school: Site) -> None:
    first = int(YEAR[:4])
    former = f"{first - 1}-{first}"
    for who, query, expected in (
        ("face", "", 14),
        ("face", f"?association={OTHER}", 0),
        ("face", "?academie=10", 14),
        ("face", "?academie=08", 0),
        ("face", f"?school_year={YEAR}", 14),
        ("face", f"?school_year={former}", 0),
        ("face", f"?as_of={TODAY - timedelta(days=1)}", 0),
    ):
        assert (came((await read(school, who, query))["total"])["value"] or 0) == expected, (who, query)
    assert came((await read(school, "grenoble", f"?association={FACE}"))["total"])["value"] is None


async def test_a_day_to_come_is_today(school: Site) -> None:
    assert (await read(school, "face", "?as_of=2099-12-31"))["as_of"] == TODAY.isoformat()


@pytest.mark.parametrize("who", ["lycee", "dpo", "operator"])
async def test_a_role_without_use_for_figures_is_refused(school: Site, who: str) -> None:
    answer = await school.get(who, PATH)
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


async def test_nobody_reads_them_without_a_token(site: Site) -> None:
    assert (await site.get(None, PATH)).status_code == 401


@pytest.mark.parametrize(
    "query", ["?association=face", "?academie=99", "?school_year=2025-2027", "?group_by=x"]
)
async def test_a_filter_that_means_nothing_is_refused(school: Site, query: str) -> None:
    answer = await school.get("national", PATH + query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_the_table_says_the_same_as_spreadsheets_in_france_open_it(school: Site) -> None:
    await school.projector.catch_up()
    answer = await school.call("face", "GET", f"{PATH}?group_by=academie", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbfensemble;nom;")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    first = next(row for row in rows if (row["chiffre"], row["code"]) == ("étape atteinte", "candidate"))
    assert (first["libellé"], first["valeur"], first["masqué"]) == ("candidat·e", "14", "non")
    assert {row["ensemble"] for row in rows} == {"", "10"}
    either = await school.call("face", "GET", PATH, headers={"Accept": "application/json, text/csv;q=0.5"})
    assert either.headers["content-type"] == "application/json"
    hidden = await school.call(
        "national", "GET", f"{PATH}?association={OTHER}", headers={"Accept": "text/csv"}
    )
    masked = [
        row for row in csv.DictReader(io.StringIO(hidden.text), delimiter=";") if row["masqué"] == "oui"
    ]
    assert len(masked) > 40
    assert {row["valeur"] for row in masked} == {""}


async def test_a_name_that_begins_like_a_formula_is_text_in_the_table(site: Site) -> None:
    await walk.opened(site)
    created = await site.do("lyon", "POST", "/v1/associations", {"name": "=1+1", "academies": ["10"]})
    await site.projector.catch_up()
    query = f"{PATH}?group_by=association&association={created['id']}"
    answer = await site.call("lyon", "GET", query, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert {row["nom"] for row in rows} == {"Ensemble", "'=1+1"}


async def test_nobody_is_named(school: Site) -> None:
    for who in ("national", "lyon", "face", "auditor"):
        assert PLANTED not in (await school.get(who, PATH)).text


async def test_the_example_has_the_shape_of_the_answer(school: Site) -> None:
    OnboardingFigures.model_validate(FIGURES)
    found = await read(school, "national", "?group_by=academie")
    assert set(found) == set(FIGURES)
    assert set(found["total"]) == set(FIGURES["total"])
