"""Somebody with two records is erased from both by one call, and read in neither by anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api import walk
from tests.api.conftest import ROLES, Site
from tests.api.test_imports import TO_FACE, ended, send
from tests.api.test_mentors import EMAIL, FAMILY, GIVEN, ON, applied, person, read
from tests.journeys.planted import in_files
from tests.ops.importing import LINES, csv

SECOND = {"email": "autre@introuvable.example", "birth_date": None, "family_name": "Introuvable-Naissance"}
UNDER_ANOTHER_NAME = {"reason": "nom de naissance"}
WORDS = (GIVEN, FAMILY, EMAIL, "1985-03-02", "autre@introuvable", "Introuvable-Naissance")


@pytest.mark.parametrize("named", ["the one that was kept", "the one that was merged into it"])
async def test_erasing_either_record_of_a_person_erases_both(site: Site, named: str) -> None:
    await walk.opened(site)
    kept = await applied(site)
    merged = await applied(site, person=person(**SECOND))
    stranger = await applied(site, person=person(email="x@x.example", given_name="Y", birth_date=None))
    await site.do(
        "face", "POST", f"/v1/mentors/{kept}/duplicates", UNDER_ANOTHER_NAME | {"duplicate_id": merged}
    )
    asked = kept if named == "the one that was kept" else merged
    path, body = f"/v1/records/{asked}/erasure", {"ground": "consent_withdrawn"}

    first = await site.call("dpo", "POST", path, body, key="once")
    again = await site.call("dpo", "POST", path, body, key="once")

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert await site.keyring.destroyed() == {kept, merged}
    assert (await read(site, kept))["status"] == (await read(site, merged))["status"] == "erased"
    assert (await read(site, stranger))["persons"]["given_name"] == "Y"
    for who in ROLES:
        for record in (kept, merged):
            for more in ("", "/history?limit=100"):
                answer = await site.get(who, f"/v1/mentors/{record}{more}")
                assert not [word for word in WORDS if word in answer.text], who
    other = await site.call("dpo", "POST", f"/v1/records/{kept}/erasure", body)
    assert (other.status_code, other.json()["guard"]) == (409, "already_erased")


async def test_whoever_is_erased_is_read_in_no_file_imported_before(site: Site, tmp_path: Path) -> None:
    """Recorded, tried or not looked at yet: the file is erased whole, and what it counted stays."""
    await walk.opened(site)
    lines = csv(f"{FAMILY};{GIVEN};{EMAIL};02/03/1985;salariée", *LINES)
    recorded, tried = await ended(site, lines), await ended(site, lines, f"{TO_FACE}&dry_run=true")
    waiting = (await send(site, lines)).json()["id"]
    for record_id in (recorded, tried):
        assert FAMILY in (await site.get("face", f"/v1/imports/{record_id}/file")).text
    mentors = (await site.get("face", "/v1/mentors")).json()["items"]
    erased = next(one["id"] for one in mentors if one["persons"]["family_name"] == FAMILY)

    await site.do("dpo", "POST", f"/v1/records/{erased}/erasure", {"ground": "objection"})

    for record_id in (recorded, tried, waiting):
        for part in ("file", "faults"):
            answer = await site.get("face", f"/v1/imports/{record_id}/{part}")
            assert (answer.status_code, answer.json()["code"]) == (404, "no_such_file")
            assert "effacés" in answer.json()["detail"]
    row = (await site.get("face", f"/v1/imports/{recorded}")).json()
    assert (row["status"], row["lines"], row["kept_until"]) == ("erased", 4, None)
    assert await site.documents.records() == set()
    assert in_files(tmp_path, [FAMILY]) == {}


async def test_a_former_record_of_whoever_is_erased_is_named_until_it_is_erased_too(site: Site) -> None:
    """Left, and come back as a new candidacy: one address may be two persons', so somebody judges."""
    await walk.opened(site)
    former = await applied(site)
    await site.do("face", "POST", f"/v1/mentors/{former}/departure", {"on": ON, "cause": "end"})
    present = await applied(site)
    await applied(site, person=person(email="x@x.example", given_name="Y", birth_date=None))
    body = {"ground": "objection"}

    first = await site.call("dpo", "POST", f"/v1/records/{present}/erasure", body)
    second = await site.call("dpo", "POST", f"/v1/records/{former}/erasure", body)

    assert (first.json()["also"], second.json()["also"]) == ([former], [])
