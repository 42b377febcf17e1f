"""A record whose key is missing from the keyring, as after an older copy of it was put back."""

from __future__ import annotations

import json
import logging

import pytest

from tests.api import walk
from tests.api.conftest import Site
from tests.api.test_privacy import FORGOTTEN, SEES, addresses, logged, planted, shown_in
from tests.api.walk import FACE_PARTY, PLANTED

UNREADABLE = {"unreadable": True}
SIGNATORY = {"name": PLANTED, "title": "directrice"}


def lose(site: Site, record: str) -> bytes:
    return site.keyring._keys.pop(record)


async def test_a_lost_key_costs_its_own_values_and_no_page(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    record = await planted(site)
    path, other = f"/v1/conventions/{record}", await walk.drafted(site)
    key = lose(site, record)
    before = len(await logged(site))

    with caplog.at_level(logging.ERROR, "mentorat"):
        for name in SEES:
            for address in addresses(record):
                answer = await site.get(name, address)
                assert (answer.status_code, shown_in(answer.text)) == (200, []), (name, address)
                assert "sealed:" not in answer.text, (name, address)

    row = (await site.get("dpo", path)).json()
    assert row["persons"] == {"academie:10": UNREADABLE, FACE_PARTY: UNREADABLE}
    assert row["announced_in"] == row["evidence_source"] == UNREADABLE
    listed = (await site.get("dpo", "/v1/conventions")).json()["items"]
    assert {record, other} <= {one["id"] for one in listed}
    assert len(await logged(site)) == before, "nobody was shown anything"
    assert {line.getMessage() for line in caplog.records} == {f"no key opens what was sealed of {record}"}

    site.keyring._keys[record] = key
    assert (await site.get("dpo", path)).json()["persons"][FACE_PARTY] == PLANTED


async def test_no_second_key_is_made_for_a_record_that_lost_its_own(site: Site) -> None:
    record = await planted(site)
    address = f"/v1/conventions/{record}/parties/{FACE_PARTY}/signatory"
    version = (await site.get("face", f"/v1/conventions/{record}")).json()["version"]
    key = lose(site, record)

    refused = await site.call("face", "PUT", address, SIGNATORY, etag=version, key="again")

    assert (refused.status_code, refused.json()["code"]) == (503, "key_lost")
    assert ("Retry-After" in refused.headers, "effacement" in refused.text) == (True, True)
    assert await site.keyring.keys([record]) == {}
    site.keyring._keys[record] = key
    taken = await site.call("face", "PUT", address, SIGNATORY, etag=version, key="again")
    assert taken.status_code == 200, taken.text


async def test_a_record_that_was_given_a_second_key_is_unreadable_and_shown(site: Site) -> None:
    record = await planted(site)
    site.keyring._keys[record] = bytes(32)
    row = (await site.get("dpo", f"/v1/conventions/{record}")).json()
    assert set(map(json.dumps, row["persons"].values())) == {json.dumps(UNREADABLE)}


async def test_a_record_whose_key_is_lost_can_still_be_erased(site: Site) -> None:
    record = await planted(site)
    lose(site, record)
    await site.do("dpo", "POST", f"/v1/records/{record}/erasure", {"ground": "unlawful"})
    row = (await site.get("dpo", f"/v1/conventions/{record}")).json()
    assert (row["status"], row["announced_in"]) == ("erased", FORGOTTEN)
