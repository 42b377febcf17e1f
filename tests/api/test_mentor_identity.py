"""Who a mentor is, over HTTP: changed freely at first, then corrected, for a reason and in plain sight."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Site
from tests.api.test_mentors import ON, applied, candidacy, cleared, filed, guard, person, read
from tests.api.walk import opened

OTHER = {"given_name": "Ousmane", "family_name": "Inconnu-Sow"}
CORRECTION: dict[str, Any] = {"person": person(**OTHER), "reason": "Erreur de saisie, dit Introuvable."}


async def version(site: Site, mentor: str) -> int:
    return int((await read(site, mentor))["version"])


async def test_somebody_cleared_is_corrected_seen_again_and_no_other_way_becomes_another(site: Site) -> None:
    mentor = await cleared(site)
    path = f"/v1/mentors/{mentor}"
    etag = await version(site, mentor)

    refused = await site.call("face", "PUT", f"{path}/person", person(**OTHER), etag=etag)
    assert (refused.status_code, refused.json()["code"]) == (409, "identity_settled")
    assert "mentor.correct_person" in refused.json()["missing"][0]
    assert "Introuvable" not in refused.text
    assert (await site.call("face", "POST", f"{path}/corrections", CORRECTION)).status_code == 428
    without = await site.call(
        "face", "POST", f"{path}/corrections", {"person": CORRECTION["person"]}, etag=etag
    )
    assert without.status_code == 422
    for who in ("lyon", "dpo", "auditor"):
        answer = await site.call(who, "POST", f"{path}/corrections", CORRECTION, etag=etag)
        assert answer.json()["code"] == "role_not_allowed", who
    await site.do("face", "POST", f"{path}/corrections", CORRECTION, etag=etag)

    found = await read(site, mentor)
    assert (found["status"], found["identity_seen_on"]) == ("cleared", None)
    assert found["persons"]["family_name"] == "Inconnu-Sow"
    assert found["file_missing"] == ["la pièce d'identité vue"]
    assert [one["code"] for one in found["blocks"]] == ["identity_unseen"]
    assert "see_identity" in {one["kind"] for one in found["next"]}
    reasons = (await site.get("face", f"{path}/explanation")).json()["reasons"]
    told = {one["code"]: [fact["topic"] for fact in one["facts"]] for one in reasons}
    assert told["identity_unseen"] == told["see_identity"] == ["mentor.PersonCorrected@1"]
    history = (await site.get("face", f"{path}/history?limit=100")).json()["items"]
    (corrected,) = [one for one in history if one["topic"] == "mentor.PersonCorrected@1"]
    assert (corrected["label"], corrected["reason"]) == ("Identité corrigée", CORRECTION["reason"])
    assert corrected["facts"]["digests"] == {}
    assert "Introuvable" not in (await site.get("auditor", f"{path}/history?limit=100")).text

    await site.do("face", "POST", f"{path}/identity", {"on": ON, "channel": "meeting"})
    assert (await read(site, mentor))["blocks"] == []


async def test_what_is_put_again_alike_is_answered_as_unchanged(site: Site) -> None:
    await opened(site)
    mentor = await applied(site)
    for what in ("person", "profile"):
        answer = await site.call("face", "PUT", f"/v1/mentors/{mentor}/{what}", candidacy()[what], etag=1)
        assert (answer.status_code, answer.json()["version"]) == (200, 1), what
    await filed(site, mentor)
    etag = await version(site, mentor)
    await filed(site, mentor)
    assert await version(site, mentor) == etag


async def test_only_what_was_wrong_is_corrected(site: Site) -> None:
    await opened(site)
    mentor = await applied(site)
    await filed(site, mentor)
    path = f"/v1/mentors/{mentor}"
    etag = await version(site, mentor)
    moved = person(email="ailleurs@introuvable.example")

    refused = await site.call(
        "face", "POST", f"{path}/corrections", {"person": moved, "reason": "Déménagement."}, etag=etag
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_correct")
    await site.do("face", "PUT", f"{path}/person", moved, etag=etag)
    found = await read(site, mentor)
    assert (found["status"], found["identity_seen_on"]) == ("file_complete", ON)


async def test_somebody_else_s_record_is_not_corrected_and_does_not_exist(site: Site) -> None:
    await opened(site)
    mentor = await applied(site)
    answer = await site.call("other", "POST", f"/v1/mentors/{mentor}/corrections", CORRECTION, etag=1)
    assert answer.status_code == 404
    assert (await guard(site, f"/{mentor}/departure", {"on": ON, "cause": "merged"}))[0] == "cause_reserved"
