"""What a record waits for is told in one shape, whatever its kind, in its lists as alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import walk
from tests.api.conftest import FACE, Site
from tests.api.test_companies import registered
from tests.api.test_mentors import applied

KINDS = ("associations", "companies", "conventions", "imports", "mentors", "programmes", "trainings")
SHAPE = {"kind", "key", "at", "what", "awaits", "by", "missing", "automatic", "late", "estimated"}


def answered(site: Site, path: str) -> list[dict[str, Any]]:
    """The schemas of what a route may answer."""
    contract = site.app.openapi()
    content = contract["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    schema = content["schema"]
    names = [one["$ref"].rpartition("/")[2] for one in schema.get("anyOf", [schema])]
    return [contract["components"]["schemas"][name] for name in names]


@pytest.mark.parametrize("kind", KINDS)
def test_the_contract_tells_what_is_awaited_of_every_kind_in_the_same_words(site: Site, kind: str) -> None:
    told = [
        one["properties"]["next"]["items"]
        for one in answered(site, f"/v1/{kind}/{{id}}")
        if "next" in one["properties"]
    ]
    assert told == [{"$ref": "#/components/schemas/Awaited"}]
    assert set(site.app.openapi()["components"]["schemas"]["Awaited"]["properties"]) == SHAPE


async def test_a_record_waits_for_the_same_in_its_list_as_alone(site: Site) -> None:
    await walk.opened(site)
    await walk.drafted(site)
    await applied(site)
    await registered(site)
    asked = {"programme_id": "programme-1j1m", "on": walk.TODAY.isoformat(), "channel": "meeting"}
    await site.do("lyon", "POST", f"/v1/associations/{FACE}/admission", asked)
    for kind in ("associations", "companies", "conventions", "mentors", "programmes"):
        for listed in (await site.get("lyon", f"/v1/{kind}")).json()["items"]:
            alone = (await site.get("lyon", f"/v1/{kind}/{listed['id']}")).json()
            assert alone["next"] == listed["next"]
            assert all(set(one) == SHAPE for one in alone["next"]), kind
            assert bool(alone["next"]) == (kind not in {"companies", "programmes"}) or listed["id"] != FACE
    due = (await site.get("lyon", f"/v1/deadlines?record={FACE}")).json()["items"]
    assert all(set(one) == SHAPE | {"record_id", "record_kind", "title", "academies"} for one in due)
    assert due
