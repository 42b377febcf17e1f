"""Commands: the whole walk, idempotency, preconditions, and refusals that say why."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.api import walk
from tests.api.conftest import FACE, Site
from tests.api.walk import FACE_PARTY, TODAY


async def test_a_convention_lives_its_whole_life_through_the_api(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)
    path = f"/v1/conventions/{record}"
    await site.do(
        "lyon", "POST", f"{path}/announcement", {"announced_for": "2026-12", "source": "communiqué"}
    )
    version = (await site.do("lyon", "PUT", f"{path}/clauses", walk.clauses(mentees=40), etag=2))["version"]
    version = (
        await site.do(
            "lyon", "PUT", f"{path}/territory", {"academies": ["10"], "uais": ["0690010L"]}, etag=version
        )
    )["version"]
    added = {"name": "lycée d'exemple"}
    version = (await site.do("lyon", "PUT", f"{path}/parties/lycee:0690010L", added, etag=version))["version"]
    version = (await site.do("lyon", "DELETE", f"{path}/parties/lycee:0690010L", etag=version))["version"]
    for party in ("academie:10", FACE_PARTY):
        body = {"name": walk.PLANTED, "title": "directrice"}
        version = (await site.do("lyon", "PUT", f"{path}/parties/{party}/signatory", body, etag=version))[
            "version"
        ]
    await site.do("lyon", "POST", f"{path}/submission")
    await site.do("lyon", "POST", f"{path}/return", {"reason": "Une coquille au titre."})
    await site.do("lyon", "POST", f"{path}/submission", {})
    await site.do("lyon", "POST", f"{path}/signature-round")
    await walk.sign(site, "lyon", record, "academie:10")
    last = await walk.sign(site, "face", record, FACE_PARTY)

    found = await site.get("face", f"{path}?min_position={last['position']}")

    assert found.json()["status"] == "signed"
    assert found.headers["etag"] == f'"{last["version"]}"'
    assert found.json()["next"][0]["kind"] == "enter_into_force"


async def test_a_convention_in_force_is_amended_reported_renewed_and_denounced(site: Site) -> None:
    await walk.opened(site)
    record = await walk.in_force(site)
    path = f"/v1/conventions/{record}"
    await site.do("lyon", "POST", f"{path}/amendments", walk.clauses(mentees=80))
    await site.do("lyon", "DELETE", f"{path}/amendments/current", {"reason": "Chiffre erroné."})
    await site.do("lyon", "POST", f"{path}/amendments", walk.clauses(mentees=90))
    shown = (await site.get("lyon", path)).json()["amendment"]
    for who, party in (("lyon", "academie:10"), ("face", FACE_PARTY)):
        body = {"party": party, "on": TODAY.isoformat(), "medium": "paper", "text_hash": shown["text_hash"]}
        await site.do(who, "POST", f"{path}/amendments/current/signatures", body)
    due = (await site.get("face", path)).json()["reports"][0]["report"]
    await site.do("face", "POST", f"{path}/reports", {"report": due, "on": TODAY.isoformat()})
    renewal = await site.call("lyon", "POST", f"{path}/renewal", {"title": "La suite"})
    notice = {"party": FACE_PARTY, "on": TODAY.isoformat(), "reason": "Retrait du territoire."}
    await site.do("face", "POST", f"{path}/notice", notice)
    await site.do("face", "DELETE", f"{path}/notice", {"party": FACE_PARTY, "reason": "Accord trouvé."})
    version = (await site.get("lyon", path)).json()["version"]
    correction = {
        "supersedes": 7,
        "date_name": f"signature:{FACE_PARTY}",
        "value": TODAY.isoformat(),
        "reason": "Erreur de saisie.",
    }
    await site.do("lyon", "POST", f"{path}/corrections", correction, etag=version)
    end = {"cause": "fault", "effective": TODAY.isoformat(), "reason": "Obligations non tenues."}
    await site.do("lyon", "POST", f"{path}/termination", end)

    assert renewal.status_code == 201
    successor = renewal.headers["location"]
    assert (await site.get("lyon", successor)).json()["renews"] == record
    assert renewal.json()["id"] == successor.rpartition("/")[2]
    assert (await site.get("lyon", path)).json()["status"] == "terminated"


async def test_associations_and_programmes_are_written_too(site: Site) -> None:
    await walk.opened(site)
    registered = await site.call(
        "lyon",
        "POST",
        "/v1/associations",
        {"name": "JobIRL", "siren": "732 829 320", "academies": ["10"]},
    )
    assert registered.status_code == 201
    path = registered.headers["location"]
    await site.do("lyon", "PUT", f"{path}/identity", {"name": "JobIRL", "aliases": ["Job IRL"]}, etag=1)
    title = {
        "kind": "laureate",
        "reference": "AAP-2025-017",
        "schemes": ["1j1m"],
        "starts": "2025-09-01",
        "ends": "2028-08-31",
    }
    await site.do("lyon", "POST", f"{path}/entitlements", title)
    await site.do("lyon", "POST", f"{path}/entitlements/AAP-2025-017/end", {"on": "2026-02-28"})
    target = {"academie": "10", "school_year": "2026-2027", "mentees": 1500, "lycees": 40}
    await site.do("lyon", "PUT", "/v1/programmes/programme-1j1m/targets", target)
    rules = {"on": TODAY.isoformat(), "academie": "10", "rules": {"review": {"count": 5, "unit": "days"}}}
    await site.do("lyon", "POST", "/v1/programmes/programme-1j1m/rules", rules)

    association = (await site.get("lyon", path)).json()
    programme = (await site.get("face", "/v1/programmes/programme-1j1m")).json()

    assert association["siren"] is None
    assert association["entitlements"][0]["ends"] == "2026-02-28"
    assert programme["targets"] == [target]
    assert programme["versions"][1]["rules"]["review"] == {"count": 5, "unit": "days"}


async def test_a_convention_signed_before_the_register_is_recorded_on_evidence(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)
    body = {
        "signed_on": "2025-01",
        "in_force_from": "2025-01-30",
        "ends_on": "2028-01-29",
        "evidence": "archives",
    }

    await site.do("lyon", "POST", f"/v1/conventions/{record}/prior-signature", body)

    found = (await site.get("lyon", f"/v1/conventions/{record}")).json()
    assert (found["status"], found["signed_on"], found["evidence"]) == ("signed", "2025-01", "history")


async def test_the_same_key_and_body_give_the_same_answer(site: Site) -> None:
    await walk.opened(site)
    first = await site.call("lyon", "POST", "/v1/conventions", walk.draft(), key="once")
    again = await site.call("lyon", "POST", "/v1/conventions", walk.draft(), key="once")
    other = await site.call("lyon", "POST", "/v1/conventions", walk.draft(title="Autre"), key="once")
    address = f"{first.headers['location']}/abandonment"
    abandoned = await site.call("lyon", "POST", address, {"reason": "Sans suite."}, key="reason")
    reasoned = await site.call("lyon", "POST", address, {"reason": "Doublon."}, key="reason")

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert (abandoned.status_code, reasoned.status_code) == (200, 422)


async def test_one_key_cannot_carry_out_two_commands(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)
    await walk.named(site, record)
    await site.call("lyon", "POST", f"/v1/conventions/{record}/submission", key="same")

    answer = await site.call("lyon", "POST", f"/v1/conventions/{record}/signature-round", key="same")

    assert answer.json()["code"] == "key_reused"
    assert (await site.get("lyon", f"/v1/conventions/{record}")).json()["status"] == "in_review"


async def test_the_same_key_of_another_token_is_another_demand(site: Site) -> None:
    await walk.opened(site)
    mine = await site.call("lyon", "POST", "/v1/conventions", walk.draft(), key="shared")
    theirs = await site.call("grenoble", "POST", "/v1/conventions", walk.draft(academie="08"), key="shared")

    assert mine.json()["id"] != theirs.json()["id"]


async def test_two_identical_requests_at_once_record_one_event(site: Site) -> None:
    await walk.opened(site)
    before = await site.executor.recorder.head()
    answers = await asyncio.gather(
        *(site.call("lyon", "POST", "/v1/conventions", walk.draft(), key="twice") for _ in range(2))
    )

    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert await site.executor.recorder.head() == before + 1


async def test_a_command_without_a_key_is_told_how_to_make_one(site: Site) -> None:
    answer = await site.client.post(
        "/v1/conventions", json={}, headers={"Authorization": f"Bearer {site.bearers['lyon']}"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert "Idempotency-Key" in answer.json()["detail"]


async def test_keys_are_visible_ascii_of_bounded_length(site: Site) -> None:
    for key in ("a" * 201, "un espace", "tab\tici"):
        answer = await site.call("lyon", "POST", "/v1/conventions", walk.draft(), key=key)
        assert (answer.status_code, answer.json()["code"]) == (400, "header_malformed"), key


async def test_editing_the_text_demands_the_version_that_was_read(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)
    path = f"/v1/conventions/{record}/clauses"

    without = await site.call("lyon", "PUT", path, walk.clauses())
    stale = await site.call("lyon", "PUT", path, walk.clauses(mentees=3), etag=7)
    unreadable = await site.call("lyon", "PUT", path, walk.clauses(), headers={"If-Match": "W/sept"})
    fresh = await site.call("lyon", "PUT", path, walk.clauses(mentees=3), etag=1)

    assert (without.status_code, without.json()["code"]) == (428, "version_required")
    assert (stale.status_code, stale.json()["code"]) == (412, "version_changed")
    assert (unreadable.status_code, unreadable.json()["code"]) == (400, "header_malformed")
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"2"')


async def test_every_edit_demands_a_version_and_nothing_else_does(site: Site) -> None:
    paths = site.app.openapi()["paths"]
    demanding = {
        operation["x-command"]
        for methods in paths.values()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "If-Match" and parameter["required"]
    }

    assert demanding == {
        "association.change_identity",
        "company.change",
        "convention.add_party",
        "convention.correct",
        "convention.name_signatory",
        "convention.remove_party",
        "convention.set_clauses",
        "convention.set_territory",
        "mentor.change_person",
        "mentor.change_profile",
        "mentor.correct_person",
        "training.change",
    }


async def test_of_two_edits_of_the_same_version_one_fails(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)
    path = f"/v1/conventions/{record}/clauses"

    answers = await asyncio.gather(
        *(site.call("lyon", "PUT", path, walk.clauses(mentees=n), etag=1) for n in (1, 2))
    )

    assert sorted(a.status_code for a in answers) == [200, 412]


async def test_a_version_is_honoured_where_it_is_not_demanded(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)

    answer = await site.call(
        "lyon", "POST", f"/v1/conventions/{record}/abandonment", {"reason": "Sans suite."}, etag=5
    )

    assert answer.status_code == 412


async def test_a_refusal_names_its_guard_and_what_is_missing_and_stays_in_the_history(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site, clauses={})

    answer = await site.call("lyon", "POST", f"/v1/conventions/{record}/submission")
    page = (await site.get("auditor", f"/v1/conventions/{record}/history")).json()

    assert (answer.status_code, answer.json()["guard"]) == (409, "text_incomplete")
    assert answer.headers["content-type"] == "application/problem+json"
    assert any("clauses.starts_on" in item for item in answer.json()["missing"])
    refused = [item for item in page["items"] if item["version"] is None]
    assert [item["facts"]["guard"] for item in refused] == ["text_incomplete"]
    assert refused[0]["actor"] == site.ids["lyon"]


async def test_what_would_be_outside_its_maker_s_scope_is_not_created(site: Site) -> None:
    await walk.opened(site)
    before = await site.executor.recorder.head()
    body: dict[str, Any] = {"name": "Ailleurs", "academies": ["08"]}

    answer = await site.call("lyon", "POST", "/v1/associations", body)

    assert (answer.status_code, answer.json()["code"]) == (403, "outside_your_scope")
    assert (await site.get("grenoble", "/v1/associations")).json()["items"][0]["id"] != FACE
    assert await site.executor.recorder.head() == before


async def test_the_caller_s_correlation_reaches_the_history(site: Site) -> None:
    await walk.opened(site)
    answer = await site.call(
        "lyon", "POST", "/v1/conventions", walk.draft(), headers={"X-Request-Id": "dossier-42"}
    )
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    traced = await site.call("lyon", "POST", "/v1/conventions", walk.draft(), headers={"traceparent": trace})

    for created, correlation in ((answer, "dossier-42"), (traced, trace[3:35])):
        history = (await site.get("lyon", f"{created.headers['location']}/history")).json()["items"]
        assert [item["correlation"] for item in history] == [correlation]
    assert answer.headers["x-request-id"] == "dossier-42"


async def test_a_lycee_is_public_unless_said_otherwise(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)
    shown = {}
    bodies: list[tuple[str, dict[str, bool]]] = [
        ("lycee:0690010L", {}),
        ("lycee:0690001B", {"public": False}),
        ("state", {}),
    ]
    for version, (party, more) in enumerate(bodies, start=1):
        path = f"/v1/conventions/{record}/parties/{party}"
        await site.do("lyon", "PUT", path, {"name": "Une partie", **more}, etag=version)
    for party in (await site.get("lyon", f"/v1/conventions/{record}")).json()["parties"]:
        shown[party["key"]] = party["public"]
    assert [shown[key] for key, _ in bodies] == [True, False, False]
