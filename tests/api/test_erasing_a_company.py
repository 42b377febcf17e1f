"""A company that bears somebody's name is forgotten everywhere; and with a mentor where they worked."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from tests.api import walk
from tests.api.conftest import FACE, ROLES, Site
from tests.api.test_companies import SIRET, listed, registered
from tests.api.test_export import export
from tests.api.test_mentors import applied, candidacy, read
from tests.journeys.planted import in_files

FIRM = "Introuvable-Menuiserie EI"
BODY = {"ground": "objection"}
MOMENTS = ("", "?known_at=2100-01-01", "?as_of=2100-01-01", "/history?limit=100", "/explanation")


async def employed(site: Site, company: str) -> str:
    profile = candidacy()["profile"] | {"company_id": company}
    return await applied(site, profile=profile)


async def texts(site: Site, path: str) -> dict[tuple[str, str], str]:
    """What everybody is told of a record, and of all records of its kind, and of what happens."""
    kind = path.rpartition("/")[0]
    addresses = [*(f"{path}{moment}" for moment in MOMENTS), kind, "/v1/events?limit=200"]
    return {(who, one): (await site.get(who, one)).text for who, one in product(ROLES, addresses)}


async def test_an_erased_company_reads_as_forgotten_everywhere_and_is_found_no_more(
    site: Site, tmp_path: Path
) -> None:
    await walk.opened(site)
    path = await registered(site, name=FIRM)
    mentor = await employed(site, path.rpartition("/")[2])
    before = await texts(site, path)
    assert {who for (who, _), text in before.items() if FIRM in text} == {
        *("lyon", "grenoble", "face", "other", "lycee", "dpo")
    }

    await site.do("dpo", "POST", f"/v1/records/{path.rpartition('/')[2]}/erasure", BODY)

    after = await texts(site, path)
    assert [key for key, text in after.items() if FIRM in text or SIRET in text] == []
    shown = (await site.get("face", path)).json()
    assert (shown["status_label"], shown["persons"]) == (
        "effacée",
        {"name": {"forgotten": True}, "siret": {"forgotten": True}},
    )
    for query in (f"siret={SIRET}", f"name={FIRM}"):
        assert await listed(site, query) == []
    found = await export(site)
    assert (found.table("entreprises")[0]["nom"], FIRM in found.everything) == ("[effacé]", False)
    assert (await read(site, mentor))["persons"]["company_id"] == path.rpartition("/")[2], "leads to nothing"
    assert in_files(tmp_path, [FIRM, SIRET]) == {}
    again = await registered(site, "other", name="Une autre")
    assert again != path


async def test_neither_the_ledger_nor_the_read_models_ever_held_its_name(site: Site) -> None:
    path = await registered(site, name=FIRM)
    await site.do("lyon", "PUT", f"{path}/firm", {"name": FIRM, "siret": SIRET}, etag=1)
    await site.projector.catch_up()
    async with site.executor.recorder._pool.connection() as connection:  # type: ignore[attr-defined]
        cursor = await connection.execute("SELECT state || metadata FROM ledger.events")
        stored = " ".join(row[0] for row in await cursor.fetchall())
    assert "company.register" in stored
    assert FIRM not in stored
    assert SIRET not in stored


async def test_where_an_erased_mentor_worked_is_forgotten_with_them(site: Site) -> None:
    await walk.opened(site)
    company = (await registered(site, name=FIRM)).rpartition("/")[2]
    mentor = await employed(site, company)
    path = f"/v1/mentors/{mentor}"
    before = await texts(site, path)
    events = "/v1/events?limit=200"
    told = {(who, one) for (who, one), text in before.items() if company in text and one != events}
    assert {who for who, _ in told} == {"face", "dpo"}, "their own association, and the officer"

    await site.do("dpo", "POST", f"/v1/records/{mentor}/erasure", BODY)

    after = await texts(site, path)
    assert [key for key, text in after.items() if company in text and key[1] != events] == []
    assert (await read(site, mentor))["persons"]["company_id"] == {"forgotten": True}
    happened = (await site.get("auditor", events)).json()["items"]
    assert [one for one in happened if one["subject"] == mentor and company in str(one)] == []
    found = await export(site)
    assert company not in found.everything
    assert found.table("entreprises") == []
    assert FACE in found.everything
