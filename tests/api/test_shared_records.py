"""Of a record that several operators share each is told its own acts, and of another's the role only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from domain.programme.rules import DOCUMENTS
from tests.api import walk
from tests.api.conftest import FACE, OTHER, ROLES, Site
from tests.api.test_admission import accepted
from tests.api.test_companies import NOBODY, SIRET, registered
from tests.api.test_imports import ended
from tests.api.walk import FACE_PARTY, TODAY
from tests.ops.importing import csv

WITHHELD: Final = {"withheld": True}
LINE = f"Auto;Jeanne;jeanne@introuvable.example;Ateliers du Rhône;{SIRET}"
OTHER_PARTY = f"association:{OTHER}"
PARTIES = [
    {"key": "academie:10", "name": "académie de Lyon"},
    {"key": FACE_PARTY, "name": "FACE"},
    {"key": OTHER_PARTY, "name": "une autre"},
]
TIE = {"kind": "visit", "count": 2, "on": TODAY.isoformat()}


async def lines(site: Site, who: str, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await site.get(who, f"{path}/history?limit=100")).json()["items"]
    return found


async def facts(site: Site, who: str, path: str) -> list[dict[str, Any]]:
    reasons = (await site.get(who, f"{path}/explanation")).json()["reasons"]
    return [fact for reason in reasons for fact in reason["facts"] if fact["record_id"] in path]


async def imported(site: Site) -> tuple[str, str]:
    """A company that came with a file of FACE's, and that import."""
    await walk.opened(site)
    record_id = await ended(site, csv(LINE, header="Nom;Prénom;Courriel;Entreprise;SIRET"))
    (company,) = (await site.get("face", "/v1/companies")).json()["items"]
    return f"/v1/companies/{company['id']}", record_id


async def test_who_registered_a_company_and_by_which_file_is_told_to_their_own_association(
    site: Site,
) -> None:
    path, record_id = await imported(site)
    for who in set(ROLES) - NOBODY:
        (line,) = await lines(site, who, path)
        (fact, *_) = await facts(site, who, path)
        told = who in {"face", "auditor", "dpo"}
        actor = site.ids["face"] if told else WITHHELD
        assert (line["role"], line["actor"], fact["role"], fact["actor"]) == (
            *("association", actor),
            *("association", actor),
        ), who
        assert line["correlation"] == (f"import:{record_id}" if told else ""), who
        stream = (await site.get(who, "/v1/events?limit=200")).json()["items"]
        (event,) = [one for one in stream if one["subject"] == line["record_id"]]
        assert site.ids["face"] not in str(event)
        assert record_id not in str(event)


async def test_nothing_ties_a_company_to_the_line_that_brought_its_mentor(site: Site) -> None:
    path, record_id = await imported(site)
    (mentor,) = (await site.get("face", "/v1/mentors")).json()["items"]
    for one in (path, f"/v1/mentors/{mentor['id']}"):
        (line,) = await lines(site, "auditor", one)
        assert line["correlation"] == f"import:{record_id}"
        assert path.rpartition("/")[2] not in str(line["rests_on"])


async def test_who_acted_on_a_company_and_was_refused_is_told_to_themselves(site: Site) -> None:
    path = await registered(site)
    await site.do("other", "POST", f"{path}/ties", TIE)
    refused = TIE | {"on": (TODAY + timedelta(days=1)).isoformat()}
    assert (await site.call("other", "POST", f"{path}/ties", refused)).status_code == 409

    seen = {who: await lines(site, who, path) for who in ("face", "other", "lyon", "lycee", "dpo")}

    for who, found in seen.items():
        mine = who in {"other", "dpo"}
        assert [one["actor"] for one in found[1:]] == [site.ids["other"] if mine else WITHHELD] * 2, who
        assert site.ids["other"] in str(await facts(site, who, path)) or not mine


async def test_of_a_convention_of_two_operators_each_is_told_its_own_acts_and_the_academie_all(
    site: Site,
) -> None:
    await walk.opened(site)
    record = await walk.drafted(site, parties=PARTIES)
    body = {"name": "Ada Introuvable", "title": "directrice"}
    path = f"/v1/conventions/{record}"
    await site.do("face", "PUT", f"{path}/parties/{FACE_PARTY}/signatory", body, etag=1)

    told = {who: (await lines(site, who, path))[-1]["actor"] for who in ("face", "other", "lyon", "auditor")}

    own = site.ids["face"]
    assert told == {"face": own, "other": WITHHELD, "lyon": own, "auditor": own}
    await site.do("other", "POST", f"{path}/abandonment", {"reason": "Parce que Zoé Introuvable."})
    why = {who: (await lines(site, who, path))[-1]["reason"] for who in ("face", "other", "lyon")}
    assert why == {"face": WITHHELD, **dict.fromkeys(("other", "lyon"), "Parce que Zoé Introuvable.")}
    assert "Zoé Introuvable" not in (await site.get("face", f"{path}/explanation")).text
    alone = await walk.drafted(site)
    await site.do("face", "PUT", f"/v1/conventions/{alone}/parties/{FACE_PARTY}/signatory", body, etag=1)
    for who in ("face", "lyon"):
        assert (await lines(site, who, f"/v1/conventions/{alone}"))[-1]["actor"] == own


@pytest.mark.parametrize("gone", ["face", "other"])
async def test_who_acted_on_a_convention_is_not_told_to_an_operator_that_stays_when_the_other_leaves(
    site: Site, gone: str
) -> None:
    await walk.opened(site)
    path = f"/v1/conventions/{await walk.drafted(site, parties=PARTIES)}"
    parties = {"face": FACE_PARTY, "other": OTHER_PARTY}
    (stays,) = parties.keys() - {gone}
    body = {"name": "Ada Introuvable", "title": "directrice"}
    await site.do(gone, "PUT", f"{path}/parties/{parties[gone]}/signatory", body, etag=1)
    await site.do("lyon", "DELETE", f"{path}/parties/{parties[gone]}", etag=2)

    assert (await site.get(gone, path)).status_code == 404
    for who, told in ((stays, WITHHELD), ("lyon", site.ids[gone]), ("auditor", site.ids[gone])):
        assert [one["actor"] for one in await lines(site, who, path)][1] == told, who
        why = {one["topic"]: one["actor"] for one in await facts(site, who, path)}
        assert why["convention.SignatoryNamed@1"] == told, who
        assert (await site.get(who, path)).json()["shared"] is True
    seen = (await site.get(stays, f"{path}/history")).text + (
        await site.get(stays, f"{path}/explanation")
    ).text
    assert site.ids[gone] not in seen


async def test_no_convention_tells_how_much_happened_to_the_operators_that_are_parties_to_it(
    site: Site,
) -> None:
    """A link given, a candidacy: each is a version more of the association."""
    await walk.opened(site)
    until = (TODAY + timedelta(days=9)).isoformat()
    for who, one in (("lyon", FACE), ("grenoble", OTHER)):
        link = {"action": "admission", "expires_on": until}
        await site.do(who, "POST", f"/v1/associations/{one}/links", link)
    path = f"/v1/conventions/{await walk.drafted(site, parties=PARTIES)}"
    refused = await site.call("lyon", "POST", f"{path}/signature-round")
    assert refused.status_code == 409

    for who in ("national", "lyon", "face", "other", "auditor", "dpo"):
        drafted, not_yet = await lines(site, who, path)
        assert drafted["rests_on"] == {"programme-1j1m": 2}, who
        assert FACE not in not_yet["rests_on"], who
        assert OTHER not in not_yet["rests_on"], who


async def test_a_decision_is_told_to_rest_on_the_records_alone_that_its_reader_may_see(site: Site) -> None:
    """Lyon admits FACE by a convention of theirs. Grenoble then sees FACE, and not that convention."""
    await walk.opened(site)
    held = await walk.in_force(site)
    path = f"/v1/associations/{FACE}"
    opening = {"programme_id": "programme-1j1m", "on": TODAY.isoformat(), "channel": "meeting"}
    await site.do("lyon", "POST", f"{path}/admission", opening)
    for document in DOCUMENTS:
        await accepted(site, document)
    await site.do("lyon", "POST", f"{path}/admission/approval", {"on": opening["on"], "conventions": [held]})
    await site.do("lyon", "POST", f"{path}/academies", {"academie": "08"})
    version = (await site.get("lyon", f"/v1/conventions/{held}")).json()["version"]

    async def grounds(who: str) -> Any:
        found = await lines(site, who, path)
        return next(one["rests_on"] for one in found if one["topic"] == "association.Admitted@1")

    rules = {"programme-1j1m": 2}
    assert (await site.get("grenoble", f"/v1/conventions/{held}")).status_code == 404
    assert {who: await grounds(who) for who in ("grenoble", "lyon", "face", "national")} == {
        "grenoble": rules,
        **dict.fromkeys(("lyon", "face", "national"), rules | {held: version}),
    }
