"""The admission of an association over HTTP: its file, its documents, the links that invite it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from domain.association.parts import MOST_BYTES
from domain.programme.rules import DOCUMENTS
from ledger.documents import Documents
from tests.api import walk
from tests.api.conftest import FACE, Site
from tests.api.walk import PLANTED, TODAY

PATH = f"/v1/associations/{FACE}"
PDF = b"%PDF-1.7 statuts, signes par Camille Exemple"
PNG = b"\x89PNG\r\n\x1a\nune image"
UNTIL = (TODAY + timedelta(days=200)).isoformat()
WHY = {"reason": "Décidé en commission."}
TODAY_TOO = TODAY.isoformat()


async def hand_in(
    site: Site,
    document: str,
    file: bytes = PDF,
    *,
    who: str = "face",
    media_type: str = "application/pdf",
    key: str | None = None,
    query: Mapping[str, str] | None = None,
) -> Any:
    asked = {"on": TODAY_TOO, "channel": "online", **(query or {})}
    if document == "insurance":
        asked.setdefault("valid_until", UNTIL)
    address = f"{PATH}/documents/{document}?" + "&".join(f"{k}={v}" for k, v in asked.items() if v)
    return await site.call(who, "PUT", address, file=file, headers={"Content-Type": media_type}, key=key)


async def opened(site: Site) -> None:
    await walk.opened(site)
    body = {"programme_id": "programme-1j1m", "on": TODAY_TOO, "channel": "meeting"}
    await site.do("lyon", "POST", f"{PATH}/admission", body)


async def accepted(site: Site, document: str) -> None:
    answer = await hand_in(site, document)
    assert answer.status_code == 200, answer.text
    read = {"sha256": sha256(PDF).hexdigest()} | ({"valid_until": UNTIL} if document == "insurance" else {})
    await site.do("lyon", "POST", f"{PATH}/documents/{document}/acceptance", read)


async def admitted(site: Site) -> None:
    await opened(site)
    for document in DOCUMENTS:
        await accepted(site, document)
    await site.do("lyon", "POST", f"{PATH}/admission/approval", {"on": TODAY_TOO})


async def row(site: Site, who: str = "lyon") -> dict[str, Any]:
    answer = await site.get(who, PATH)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_titles_that_rules_ask_for_later_block_an_admitted_association_and_are_named(
    site: Site,
) -> None:
    """« conventionnée » too, which no event of its own says."""
    await admitted(site)
    rules = {"required_entitlements": ["laureate", "conventioned"]}
    body = {"rules": rules, "on": TODAY_TOO, "to_open": True}
    await site.do("national", "POST", "/v1/programmes/programme-1j1m/rules", body)
    missing = [
        "lauréate d'un appel à projets couvrant 1j1m dans l'académie 10",
        "conventionnée par une convention en vigueur couvrant 1j1m dans l'académie 10",
    ]
    told = [{"block": "entitlement_lapsed", "label": "titre échu ou manquant", "missing": missing}]
    assert (await row(site))["blocks"] == told
    listed = (await site.get("lyon", "/v1/associations?limit=200")).json()["items"]
    assert [one["blocks"] for one in listed if one["id"] == FACE] == [told]
    reasons = (await site.get("lyon", f"{PATH}/explanation")).json()["reasons"]
    assert [one["missing"] for one in reasons if one["about"] == "block"] == [missing]
    waited = [one for one in (await row(site))["next"] if one["kind"] == "alert_entitlement"]
    assert [one["missing"] for one in waited] == [
        missing[1:],
        [f"un titre en cours : {missing[0]}"],
    ]
    assert {tuple(one["awaits"]) for one in waited} == {(f"association:{FACE}",)}
    chased = (await site.get("face", "/v1/deadlines?kind=alert_entitlement")).json()["items"]
    assert [(one["key"], one["missing"]) for one in chased] == [
        (one["key"], one["missing"]) for one in waited
    ]
    explained = [one for one in reasons if one["code"] == "alert_entitlement"]
    assert [one["missing"] for one in explained] == [one["missing"] for one in waited]


async def test_the_assessment_awaits_what_the_admission_would_be_refused_for(site: Site) -> None:
    await opened(site)
    rules = {"required_entitlements": ["conventioned"]}
    body = {"rules": rules, "on": TODAY_TOO, "to_open": True}
    await site.do("national", "POST", "/v1/programmes/programme-1j1m/rules", body)
    for document in DOCUMENTS:
        await accepted(site, document)
    (due,) = [one for one in (await row(site))["next"] if one["kind"] == "remind_assessment"]
    no = await site.call("lyon", "POST", f"{PATH}/admission/approval", {"on": TODAY_TOO})
    assert due["missing"] == no.json()["missing"]
    for listed in (await site.get("lyon", "/v1/deadlines?limit=200")).json()["items"]:
        if listed["kind"] in {"remind_assessment", "escalate_assessment"}:
            assert listed["missing"] == no.json()["missing"]
    reasons = (await site.get("lyon", f"{PATH}/explanation")).json()["reasons"]
    explained = [
        one["missing"] for one in reasons if one["code"] in {"remind_assessment", "escalate_assessment"}
    ]
    assert explained == [no.json()["missing"]] * 2


async def test_an_association_is_admitted_suspended_and_leaves(site: Site) -> None:
    await admitted(site)
    found = await row(site)
    assert (found["status"], found["status_label"], found["blocks"]) == ("admitted", "référencée", [])
    assert (found["complete_on"], found["insured_until"]) == (TODAY_TOO, UNTIL)
    assert {one["state"] for one in found["documents"]} == {"accepted"}

    suspension = {"cause": "fault", "on": TODAY_TOO, **WHY}
    await site.do("lyon", "PUT", f"{PATH}/suspension", suspension)
    found = await row(site, "face")
    assert found["status"] == "suspended"
    told = {"cause": "fault", "label": "manquement", "academie": "10", "on": TODAY_TOO}
    assert found["suspensions"] == [told]
    assert (await row(site, "national"))["suspensions"] is None
    assert [one["block"] for one in found["blocks"]] == ["suspended"]
    await site.do("lyon", "DELETE", f"{PATH}/suspension", {"cause": "fault", **WHY})
    await site.do("face", "POST", f"{PATH}/departure", {"on": TODAY_TOO, **WHY})
    assert (await row(site))["status"] == "left"
    body = {"programme_id": "programme-1j1m", "on": TODAY_TOO, "channel": "phone"}
    await site.do("lyon", "POST", f"{PATH}/admission", body)
    await site.do("lyon", "POST", f"{PATH}/admission/refusal", WHY)
    found = await row(site)
    assert (found["status"], found["admission_round"]) == ("refused", 2)
    history = (await site.get("face", f"{PATH}/history?limit=200")).json()["items"]
    assert [one["status"] for one in history][-4:] == ["admitted", "left", "in_admission", "refused"]


async def test_what_is_missing_is_named_and_what_is_due_is_told(site: Site) -> None:
    await opened(site)
    refused = await site.call("lyon", "POST", f"{PATH}/admission/approval", {"on": TODAY_TOO})
    assert refused.json()["guard"] == "documents_missing"
    assert refused.json()["missing"] == list(DOCUMENTS.values())

    await hand_in(site, "statutes")
    found = await row(site)
    assert found["missing_documents"] == [name for name in DOCUMENTS if name != "statutes"]
    assert {"remind_documents", "read_document"} <= {due["kind"] for due in found["next"]}
    (statutes,) = [one for one in found["documents"] if one["document"] == "statutes"]
    assert statutes == {
        "document": "statutes",
        "label": "statuts",
        "state": "received",
        "state_label": "reçue, à examiner",
        "sha256": sha256(PDF).hexdigest(),
        "size": len(PDF),
        "media_type": "application/pdf",
        "received_on": TODAY_TOO,
        "channel": "online",
        "valid_until": None,
    }


async def test_a_refused_document_is_asked_again_and_its_file_no_longer_shown(site: Site) -> None:
    await opened(site)
    await hand_in(site, "charter")
    read = {"sha256": sha256(PDF).hexdigest()}
    stale = await site.call(
        "lyon", "POST", f"{PATH}/documents/charter/acceptance", {"sha256": sha256(PNG).hexdigest()}
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "document_changed")
    await site.do("lyon", "POST", f"{PATH}/documents/charter/refusal", read | WHY)

    assert "charter" in (await row(site))["missing_documents"]
    assert (await site.get("lyon", f"{PATH}/documents/charter")).json()["code"] == "no_such_file"


async def test_an_insurance_dated_again_after_it_was_read_is_not_accepted(site: Site) -> None:
    await opened(site)
    await hand_in(site, "insurance")
    held = next(one for one in (await row(site))["documents"] if one["document"] == "insurance")
    read = {"sha256": held["sha256"], "valid_until": held["valid_until"]}
    await hand_in(site, "insurance", query={"valid_until": "2099-12-31"})
    path = f"{PATH}/documents/insurance/acceptance"
    for sent in (read, {"sha256": held["sha256"]}):
        answer = await site.call("lyon", "POST", path, sent)
        assert (answer.status_code, answer.json()["code"]) == (409, "document_changed"), sent
        assert "2099" in answer.json()["missing"][0]
    assert (await row(site))["insured_until"] is None


async def test_a_file_is_kept_sealed_and_handed_back_to_the_byte_each_reading_logged(site: Site) -> None:
    await opened(site)
    await hand_in(site, "statutes", PNG, media_type="image/png")
    address = f"{PATH}/documents/statutes"

    for name in ("lyon", "face", "dpo"):
        answer = await site.get(name, address, **{"X-Purpose": "instruction"})
        assert (answer.status_code, answer.content) == (200, PNG), name
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"] == 'attachment; filename="statutes.png"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    log = (await site.call("dpo", "GET", f"/v1/readings?subject={FACE}")).json()["items"]
    assert [(e["reader"], e["purpose"]) for e in log] == [
        (site.ids[name], "association_document_read : instruction (statutes)")
        for name in ("dpo", "face", "lyon")
    ]

    for name, status in (("national", 403), ("auditor", 403), ("other", 404), ("grenoble", 404)):
        assert (await site.get(name, address)).status_code == status, name
    assert len((await site.call("dpo", "GET", f"/v1/readings?subject={FACE}")).json()["items"]) == 3


async def test_nothing_is_kept_for_whoever_may_not_hand_it_in(site: Site) -> None:
    await opened(site)
    for who, status in (("other", 404), ("grenoble", 404), ("auditor", 403), ("national", 403)):
        assert (await hand_in(site, "statutes", who=who)).status_code == status
    assert await site.documents.records() == set()
    assert (await row(site))["missing_documents"] == list(DOCUMENTS)


@pytest.mark.parametrize(
    ("file", "media_type"),
    [
        (PDF, "image/jpeg"),
        (PNG, "application/pdf"),
        (b"", "application/pdf"),
        (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"<svg/>", "image/svg+xml"),
        (b"{}", "application/json"),
    ],
)
async def test_a_file_of_another_type_than_announced_is_not_taken_in(
    site: Site, file: bytes, media_type: str
) -> None:
    await opened(site)
    answer = await hand_in(site, "statutes", file, media_type=media_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "file_type")
    assert await site.documents.records() == set()


async def test_ten_mebibytes_pass_and_not_one_byte_more_nor_elsewhere(site: Site) -> None:
    await opened(site)
    largest = PDF + b"\0" * (MOST_BYTES - len(PDF))
    assert (await hand_in(site, "statutes", largest)).status_code == 200
    assert (await site.get("lyon", f"{PATH}/documents/statutes")).content == largest
    assert (await hand_in(site, "charter", largest + b"\0")).status_code == 413

    for method, address in (
        ("POST", f"{PATH}/documents/charter/acceptance"),
        ("PUT", f"{PATH}/suspension"),
        ("POST", f"{PATH}/documents"),
    ):
        big = b" " * (1024 * 1024 + 1)
        answer = await site.call(
            "lyon", method, address, file=big, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large"), address


@pytest.mark.parametrize(
    ("document", "query", "code"),
    [
        ("passport", {}, "document_unknown"),
        ("insurance", {"valid_until": ""}, "valid_until_missing"),
        ("insurance", {"valid_until": (TODAY - timedelta(days=1)).isoformat()}, "document_expired"),
        ("statutes", {"on": (TODAY + timedelta(days=1)).isoformat()}, "in_the_future"),
    ],
)
async def test_a_document_that_will_not_do_is_refused_by_name(
    site: Site, document: str, query: dict[str, str], code: str
) -> None:
    await opened(site)
    answer = await hand_in(site, document, query=query)
    assert (answer.status_code, answer.json()["code"]) == (409, code)


async def test_the_same_file_twice_under_one_key_is_once_and_another_file_is_refused(site: Site) -> None:
    await opened(site)
    first, again = [await hand_in(site, "statutes", key="remise-1") for _ in range(2)]
    assert first.json() == again.json()
    other = await hand_in(site, "statutes", PDF + b".", key="remise-1")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


async def test_the_secret_of_a_link_is_answered_once_and_kept_nowhere(site: Site) -> None:
    await walk.opened(site)
    body = {"action": "admission", "expires_on": (TODAY + timedelta(days=14)).isoformat()}
    first, again = [
        (await site.call("lyon", "POST", f"{PATH}/links", body, key="invitation")).json() for _ in range(2)
    ]
    secret = first["secret"]
    assert len(secret) >= 43
    assert again == first | {"secret": None, "address": None}
    (link,) = (await row(site))["links"]
    assert link == {"id": first["link"], "action": "admission", "state": "live", **_term(body)}
    for name in ("lyon", "face", "auditor"):
        for address in (PATH, f"{PATH}/history", "/v1/events?limit=200"):
            assert secret not in (await site.get(name, address)).text
    record = await site.executor.recorder.load([FACE])
    (issued,) = [one for one in record.events if one.topic == "association.LinkIssued@1"]
    assert sha256(secret.encode()).hexdigest() in str(issued.state)

    changed = await site.call(
        "lyon", "POST", f"{PATH}/links", body | {"expires_on": TODAY_TOO}, key="invitation"
    )
    assert changed.json()["code"] == "key_reused"
    await site.do("lyon", "DELETE", f"{PATH}/links/{link['id']}")
    assert [one["state"] for one in (await row(site))["links"]] == ["revoked"]


def _term(body: dict[str, str]) -> dict[str, str]:
    return {"expires_on": body["expires_on"]}


async def test_contacts_are_named_to_those_who_see_persons_and_forgotten_with_the_files(site: Site) -> None:
    await opened(site)
    await hand_in(site, "statutes")
    contact = {"name": PLANTED, "phone": "06 12 34 56 78"}
    await site.do("face", "PUT", f"{PATH}/contacts/coordinator", contact)
    for name, shown in (("lyon", True), ("face", True), ("dpo", True), ("national", False)):
        for address in (PATH, "/v1/associations"):
            answer = await site.get(name, address)
            assert (PLANTED in answer.text) == shown, (name, address)
            assert "sealed:" not in answer.text
    found = await row(site)
    assert found["contacts"] == [{"role": "coordinator", "label": "coordination"}]
    assert found["persons"] == {"coordinator.name": PLANTED, "coordinator.phone": "06 12 34 56 78"}

    await site.do("dpo", "POST", f"/v1/records/{FACE}/erasure", {"ground": "objection"})
    erased = await row(site)
    assert set(map(str, erased["persons"].values())) == {"{'forgotten': True}"}
    assert await site.documents.records() == set()
    assert (await site.get("lyon", f"{PATH}/documents/statutes")).json()["code"] == "no_such_file"
    assert (await hand_in(site, "charter")).json()["code"] == "erased"
    assert await site.documents.records() == set()


async def test_an_erasure_between_the_right_to_hand_in_and_the_keeping_is_told_as_such(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(site)
    keep = Documents.keep

    async def after_an_erasure(self: Documents, record_id: str, body: bytes) -> str:
        await site.do("dpo", "POST", f"/v1/records/{FACE}/erasure", {"ground": "objection"})
        return await keep(self, record_id, body)

    monkeypatch.setattr(Documents, "keep", after_an_erasure)
    answer = await hand_in(site, "statutes")
    assert (answer.status_code, answer.json()["code"]) == (409, "erased")
    assert await site.documents.records() == set()


async def test_nobody_is_a_contact_any_more(site: Site) -> None:
    await walk.opened(site)
    await site.do("face", "PUT", f"{PATH}/contacts/president", {"name": PLANTED})
    await site.do("lyon", "DELETE", f"{PATH}/contacts/president")
    assert ((await row(site))["contacts"], (await row(site))["persons"]) == ([], {})
    again = await site.call("lyon", "DELETE", f"{PATH}/contacts/president")
    assert again.json()["code"] == "no_such_contact"


async def test_another_association_reaches_nothing_of_it(site: Site) -> None:
    await admitted(site)
    body = {"programme_id": "programme-1j1m", "on": TODAY_TOO, "channel": "online"}
    digest = {"sha256": sha256(PDF).hexdigest()}
    attempts: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("GET", "/history", None),
        ("GET", "/documents/statutes", None),
        ("PUT", "/contacts/coordinator", {"name": "Intrus"}),
        ("POST", "/admission", body),
        ("POST", "/admission/approval", {"on": TODAY_TOO}),
        ("POST", "/documents", {"document": "charter"}),
        ("POST", "/documents/statutes/acceptance", digest),
        ("POST", "/departure", {"on": TODAY_TOO, **WHY}),
        ("POST", "/links", {"action": "admission", "expires_on": TODAY_TOO}),
    ]
    for method, end, sent in attempts:
        answer = await site.call("other", method, PATH + end, sent)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), end
    assert FACE not in (await site.get("other", "/v1/associations?status=admitted")).text


async def test_the_list_is_filtered_by_title_and_by_the_end_of_the_insurance(site: Site) -> None:
    await admitted(site)
    title = {"kind": "laureate", "reference": "AAP-1", "starts": TODAY_TOO, "ends": TODAY_TOO}
    await site.do("lyon", "POST", f"{PATH}/entitlements", title)
    later = (TODAY + timedelta(days=201)).isoformat()
    for query, expected in (
        ("entitlement=laureate", [FACE]),
        ("entitlement=approved", []),
        ("entitlement=conventioned", []),
        (f"insurance_before={later}", [FACE]),
        (f"insurance_before={UNTIL}", []),
    ):
        items = (await site.get("lyon", f"/v1/associations?{query}")).json()["items"]
        assert [item["id"] for item in items] == expected, query


async def test_a_file_reads_as_it_was_known(site: Site) -> None:
    await opened(site)
    before = (await row(site))["updated_at"]
    await hand_in(site, "statutes")
    then = (await site.get("lyon", f"{PATH}?known_at={before.replace('+', '%2B')}")).json()
    assert then["missing_documents"] == list(DOCUMENTS)
    assert "statutes" not in (await row(site))["missing_documents"]
