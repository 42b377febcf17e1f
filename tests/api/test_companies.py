"""Companies over HTTP: known once by SIRET, read by whoever acts, their ties counted by school year."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.calendar import school_year
from tests.api.conftest import ROLES, Site
from tests.api.walk import TODAY

SIRET = "73282932000074"
NOBODY = {"national", "operator"}
"""Figures only, and machines only."""
FIRM: dict[str, Any] = {
    "name": "Élan Métallurgie",
    "siret": SIRET,
    "naf": "6201z",
    "sites": ["Saint-Étienne"],
}


async def registered(site: Site, who: str = "face", **changes: Any) -> str:
    created = await site.do(who, "POST", "/v1/companies", FIRM | changes)
    return f"/v1/companies/{created['id']}"


async def listed(site: Site, query: str, who: str = "face") -> list[str]:
    answer = await site.get(who, f"/v1/companies?{query}")
    return [one["persons"]["name"] for one in answer.json()["items"]]


async def code(
    site: Site, who: str, method: str, path: str, body: Any = None, **more: Any
) -> tuple[int, str]:
    answer = await site.call(who, method, path, body, **more)
    return answer.status_code, answer.json()["code"]


async def test_whoever_acts_or_protects_reads_who_it_is_and_an_auditor_the_rest(site: Site) -> None:
    path = await registered(site)

    for who in set(ROLES) - NOBODY:
        shown = await site.get(who, path)
        assert (shown.status_code, shown.headers["ETag"]) == (200, '"1"'), who
        named = {} if who == "auditor" else {"name": FIRM["name"], "siret": SIRET}
        assert (shown.json()["persons"], shown.json()["naf"]) == (named, "62.01Z"), who
        (one,) = (await site.get(who, "/v1/companies")).json()["items"]
        assert one["persons"] == named
        (line,) = (await site.get(who, f"{path}/history")).json()["items"]
        assert line["persons"] == {f"firm.{name}": value for name, value in named.items()}
    for address in (path, "/v1/companies", f"{path}/history"):
        assert (await site.get(None, address)).status_code == 401
    assert (await site.call(None, "POST", "/v1/companies", FIRM)).status_code == 401


async def test_the_nation_and_who_runs_the_machines_read_and_count_no_company(site: Site) -> None:
    path = await registered(site)
    record_id = path.rpartition("/")[2]

    for who in NOBODY:
        for more in ("", "/history", "/explanation", "?known_at=2100-01-01", "?as_of=2100-01-01"):
            assert await code(site, who, "GET", path + more) == (404, "not_found"), (who, more)
        assert await listed(site, "", who) == []
        assert record_id not in (await site.get(who, "/v1/events")).text
    assert record_id in (await site.get("auditor", "/v1/events")).text


async def test_each_reading_of_who_it_is_is_logged(site: Site) -> None:
    path = await registered(site)
    await site.get("other", path)
    await site.get("auditor", path)
    logged = (await site.get("dpo", f"/v1/readings?subject={path.rpartition('/')[2]}")).json()["items"]
    assert [(one["reader"], one["purpose"]) for one in logged] == [(site.ids["other"], "companies_read")]


async def test_a_siret_belongs_to_one_company_until_it_is_closed(site: Site) -> None:
    path = await registered(site)
    assert await code(site, "lyon", "POST", "/v1/companies", FIRM) == (409, "already_held")

    await site.do("lyon", "POST", f"{path}/closure", {"on": TODAY.isoformat()})
    again = await registered(site, "lyon", name="Élan Industrie")

    closed = (await site.get("face", path)).json()
    assert (closed["status_label"], closed["closed_on"]) == ("fermée", TODAY.isoformat())
    assert await listed(site, f"siret={SIRET}&status=active") == ["Élan Industrie"]
    assert (await site.get("face", again)).json()["persons"]["siret"] == SIRET
    tie = {"kind": "visit", "count": 1, "on": TODAY.isoformat()}
    assert await code(site, "face", "POST", f"{path}/ties", tie) == (409, "wrong_status")


async def test_ties_are_summed_by_kind_and_school_year(site: Site) -> None:
    path = await registered(site)
    before = TODAY - timedelta(days=365)
    for kind, count, on in (
        ("visit", 2, TODAY),
        ("pfmp", 4, TODAY),
        ("visit", 3, TODAY),
        ("visit", 1, before),
    ):
        await site.do("lycee", "POST", f"{path}/ties", {"kind": kind, "count": count, "on": on.isoformat()})

    ties = (await site.get("auditor", path)).json()["ties"]

    now, then = school_year(TODAY), school_year(before)
    assert [(t["kind"], t["school_year"], t["count"]) for t in ties] == [
        ("visit", now, 5),
        ("pfmp", now, 4),
        ("visit", then, 1),
    ]
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    late = {"kind": "visit", "count": 1, "on": tomorrow}
    assert await code(site, "face", "POST", f"{path}/ties", late) == (409, "in_the_future")
    none = {"kind": "visit", "count": 0, "on": TODAY.isoformat()}
    assert await code(site, "face", "POST", f"{path}/ties", none) == (409, "nothing_counted")


async def test_companies_are_found_by_their_whole_name_a_sector_or_a_commune(site: Site) -> None:
    await registered(site)
    await registered(site, name="élanceurs réunis", siret=None, naf=None, sites=["Lyon", "Bron"])
    await registered(site, name="Bâtir", siret=None, sites=["LYON"])

    assert await listed(site, "") == ["Élan Métallurgie", "élanceurs réunis", "Bâtir"]
    assert await listed(site, "name=ELAN-metallurgie") == ["Élan Métallurgie"]
    assert await listed(site, "name=elan") == []
    assert await listed(site, "name=%25") == []
    assert await listed(site, f"siret={SIRET}") == ["Élan Métallurgie"]
    assert await listed(site, "commune=lyon") == ["élanceurs réunis", "Bâtir"]
    assert await listed(site, "commune=saint-etienne") == ["Élan Métallurgie"]
    assert await listed(site, "naf=62.01Z&name=batir") == ["Bâtir"]
    first = (await site.get("face", "/v1/companies?limit=2")).json()
    assert await listed(site, f"limit=2&after={first['next']}") == ["Bâtir"]
    assert await code(site, "face", "GET", "/v1/companies?siret=123") == (422, "invalid")


async def test_whoever_is_not_told_its_name_and_siret_finds_it_by_neither(site: Site) -> None:
    await registered(site)
    for asked in (f"siret={SIRET}", "name=elan-metallurgie", "name=nobody"):
        assert await code(site, "auditor", "GET", f"/v1/companies?{asked}") == (403, "role_not_allowed")
    assert len((await site.get("auditor", "/v1/companies?sector=62")).json()["items"]) == 1


async def test_a_company_is_changed_by_who_has_read_it(site: Site) -> None:
    path = await registered(site)
    body = FIRM | {"name": "Élan", "clee": "Loire"}

    assert await code(site, "face", "PUT", f"{path}/firm", body) == (428, "version_required")
    assert await code(site, "national", "PUT", f"{path}/firm", body, etag=1) == (404, "not_found")
    assert await code(site, "auditor", "PUT", f"{path}/firm", body, etag=1) == (403, "role_not_allowed")
    assert await code(site, "operator", "POST", "/v1/companies", FIRM) == (403, "role_not_allowed")
    await site.do("lyon", "PUT", f"{path}/firm", body, etag=1)
    assert await code(site, "face", "PUT", f"{path}/firm", FIRM, etag=1) == (412, "version_changed")

    shown = (await site.get("face", path)).json()
    assert (shown["persons"]["name"], shown["clee"], shown["version"]) == ("Élan", "Loire", 2)
    assert await listed(site, "name=elan metallurgie") == []
    assert await code(site, "face", "GET", "/v1/companies/company-none") == (404, "not_found")
