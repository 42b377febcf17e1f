"""Persons over HTTP: who reads them, what the log says of it, and what is left of them once erased."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from psycopg import OperationalError

from domain.kernel import Actor, Sealed
from domain.ports import Persons
from ledger import readings
from tests.api import walk
from tests.api.conftest import FACE, ROLES, Site
from tests.api.walk import FACE_PARTY, PLANTED, TODAY

SOURCE, REASON = "courriel de Sacha Inouïe", "dit par Noa Inouïe"
SECRETS = (PLANTED, SOURCE, REASON)
SEES = {"lyon", "face", "dpo"}
READS_THE_REST = {"national", "auditor"}
FORGOTTEN, WITHHELD = {"forgotten": True}, {"withheld": True}


async def planted(site: Site) -> str:
    """A convention to sign, with a name, a source and a reason."""
    await walk.opened(site)
    record = await walk.drafted(site)
    path = f"/v1/conventions/{record}"
    told = {"announced_for": TODAY.isoformat(), "source": SOURCE}
    await site.do("lyon", "POST", f"{path}/announcement", told)
    version = 2
    for who, party in (("lyon", "academie:10"), ("face", FACE_PARTY)):
        body = {"name": PLANTED, "title": "directrice"}
        version = (await site.do(who, "PUT", f"{path}/parties/{party}/signatory", body, etag=version))[
            "version"
        ]
    await site.do("lyon", "POST", f"{path}/submission")
    await site.do("lyon", "POST", f"{path}/return", {"reason": REASON})
    return record


def addresses(record: str) -> dict[str, str]:
    """Every address that tells of the record, by the operation that the log names."""
    path, now = f"/v1/conventions/{record}", (TODAY + timedelta(days=1)).isoformat()
    return {
        "/v1/conventions": "conventions_list",
        path: "conventions_read",
        f"{path}?known_at={now}": "conventions_read",
        f"{path}?as_of={now}": "",
        f"{path}?as_of={now}&known_at={now}": "",
        f"{path}/history": "conventions_history",
        "/v1/events?limit=200": "",
        f"/v1/deadlines?record={record}": "",
        f"/v1/associations/{FACE}": "",
        f"/v1/associations/{FACE}/history": "",
    }


async def logged(site: Site, query: str = "") -> list[dict[str, Any]]:
    answer = await site.call("dpo", "GET", f"/v1/readings?limit=200{query}")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["items"]
    return list(reversed(found))


def shown_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


async def test_a_person_is_read_logged_erased_and_forgotten(site: Site) -> None:
    record = await planted(site)
    path = f"/v1/conventions/{record}"
    expected = []
    for name in ROLES:
        for address, operation in addresses(record).items():
            answer = await site.get(name, address)
            assert bool(shown_in(answer.text)) == (name in SEES and bool(operation)), (name, address)
            assert "sealed:" not in answer.text, (name, address)
            if name in SEES and operation:
                expected.append((site.ids[name], ROLES[name][0], record, operation))
    log = await logged(site)
    subjects = {(e["reader"], e["role"], e["subject"], e["purpose"]) for e in log}
    assert [(e["reader"], e["role"], e["subject"], e["purpose"]) for e in log if e["subject"] == record] == (
        expected
    )
    assert {subject for _, _, subject, _ in subjects} <= {record, FACE}

    erased = await site.do("dpo", "POST", f"/v1/records/{record}/erasure", {"ground": "objection"})

    assert await site.keyring.destroyed() == {record}
    before = len(await logged(site))
    for name in ROLES:
        for address in addresses(record):
            answer = await site.get(name, address)
            assert shown_in(answer.text) == [], (name, address)
            assert "sealed:" not in answer.text, (name, address)
    assert len(await logged(site)) == before, "nobody was shown anything"
    await _reads_forgotten(site, record, erased["version"])
    await site.projector.rebuild()
    await _reads_forgotten(site, record, erased["version"])
    then = (await site.get("lyon", f"{path}?as_of={TODAY - timedelta(days=1)}")).status_code
    assert then == 404, "it was not yet recorded that day"


async def _reads_forgotten(site: Site, record: str, version: int) -> None:
    path = f"/v1/conventions/{record}"
    row = (await site.get("dpo", path)).json()
    assert (row["status"], row["version"], row["next"]) == ("erased", version, [])
    assert row["persons"] == {"academie:10": FORGOTTEN, FACE_PARTY: FORGOTTEN}
    assert row["announced_in"] == row["evidence_source"] == FORGOTTEN
    known = (await site.get("face", f"{path}?known_at={row['created_at']}")).json()
    assert (known["status"], known["persons"]) == ("draft", {})
    history = (await site.get("lyon", f"{path}/history")).json()["items"]
    assert [e["reason"] for e in history if e["reason"]] == [FORGOTTEN]
    assert [e["persons"] for e in history if e["persons"]] == [
        {"source": FORGOTTEN},
        {"name": FORGOTTEN},
        {"name": FORGOTTEN},
    ]
    assert (history[-1]["facts"], history[-1]["command"]) == ({"ground": "objection"}, "record.erase")


async def test_a_time_before_the_erasure_reads_forgotten_too(site: Site) -> None:
    record = await planted(site)
    path = f"/v1/conventions/{record}"
    instant = (await site.get("lyon", path)).json()["updated_at"]
    await site.do("dpo", "POST", f"/v1/records/{record}/erasure", {"ground": "unlawful"})

    known = (await site.get("lyon", f"{path}?known_at={instant}")).json()
    as_of = (await site.get("lyon", f"{path}?as_of={instant}")).json()

    assert known["status"] == as_of["status"] == "draft"
    assert set(map(str, known["persons"].values())) == {str(FORGOTTEN)}
    assert known["announced_in"] == FORGOTTEN
    assert as_of["rules_version"] == 1


async def test_those_who_see_no_persons_are_told_that_something_is_withheld(site: Site) -> None:
    record = await planted(site)
    for name in READS_THE_REST:
        row = (await site.get(name, f"/v1/conventions/{record}")).json()
        history = (await site.get(name, f"/v1/conventions/{record}/history")).json()["items"]
        assert (row["persons"], row["announced_in"], row["evidence_source"]) == ({}, WITHHELD, WITHHELD)
        assert [e["reason"] for e in history if e["reason"]] == [WITHHELD]
        assert all(e["persons"] == {} for e in history)
        assert row["title"]
    assert await logged(site) == []


async def test_the_trail_is_open_to_whom_it_is_about(site: Site) -> None:
    record = await planted(site)
    history = (await site.get("face", f"/v1/conventions/{record}/history")).json()["items"]
    by_command = {e["command"]: e for e in history}
    assert by_command["convention.return"]["reason"] == REASON
    assert by_command["convention.announce"]["persons"] == {"source": SOURCE}
    assert by_command["convention.name_signatory"]["persons"] == {"name": PLANTED}
    assert by_command["convention.draft"]["reason"] == ""
    assert {e["rules_version"] for e in history} == {1}


async def test_the_log_keeps_why_somebody_reads(site: Site) -> None:
    record = await planted(site)
    path, why = f"/v1/conventions/{record}", "Réponse à une demande d'accès"
    await site.projector.catch_up()
    bearer = f"Bearer {site.bearers['dpo']}".encode()
    answer = await site.client.get(path, headers={b"Authorization": bearer, b"X-Purpose": why.encode()})
    await site.get("dpo", path)

    assert answer.json()["persons"]["academie:10"] == PLANTED
    assert [e["purpose"] for e in await logged(site)] == [f"conventions_read : {why}", "conventions_read"]


@pytest.mark.parametrize("purpose", [b"", b"   ", b"x" * 201, b"\xff\xfe", b"a\tb", "é".encode() * 201])
async def test_a_purpose_that_says_nothing_or_too_much_is_refused(site: Site, purpose: bytes) -> None:
    bearer = f"Bearer {site.bearers['dpo']}".encode()
    answer = await site.client.get(
        "/v1/conventions", headers={b"Authorization": bearer, b"X-Purpose": purpose}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "header_malformed")


async def test_a_page_is_one_entry_a_record(site: Site) -> None:
    first = await planted(site)
    second = await walk.drafted(site)
    await walk.named(site, second)
    await walk.drafted(site)

    await site.get("lyon", "/v1/conventions")

    assert [e["subject"] for e in await logged(site)] == sorted([first, second])


async def test_the_log_is_the_dpo_s_alone_and_is_walked_by_pages(site: Site) -> None:
    record = await planted(site)
    for name in ("lyon", "face", "dpo", "dpo", "dpo"):
        await site.get(name, f"/v1/conventions/{record}")
    for name in set(ROLES) - {"dpo"}:
        answer = await site.get(name, "/v1/readings")
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed"), name
    whole = list(reversed(await logged(site)))

    found: list[dict[str, Any]] = []
    path: str | None = "/v1/readings?limit=2"
    while path:
        answer = await site.call("dpo", "GET", path)
        found += answer.json()["items"]
        link = re.match(r"<(.*?)>", answer.headers.get("link", ""))
        path = link[1] if link else None
    assert found == whole
    assert len(whole) == 5
    assert len(await logged(site, f"&reader={site.ids['lyon']}")) == 1
    assert len(await logged(site, f"&subject={record}&since={TODAY}")) == 5
    assert await logged(site, f"&since={TODAY + timedelta(days=2)}") == []
    assert await logged(site, "&subject=convention-absente") == []
    assert (await site.call("dpo", "GET", "/v1/readings?after=hier")).json()["code"] == "cursor_malformed"


# Erasing -------------------------------------------------------------------------------------------


async def test_no_erasure_is_recorded_while_its_key_could_not_be_destroyed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await planted(site)
    head = await site.executor.recorder.head()

    async def away(*_: object) -> frozenset[str]:
        raise OperationalError("no keyring")

    with monkeypatch.context() as lost:
        lost.setattr(site.keyring, "buried", away)
        refused = await site.call("dpo", "POST", f"/v1/records/{record}/erasure", {"ground": "objection"})
    assert refused.status_code == 503
    assert await site.executor.recorder.head() == head


async def test_erasing_is_asked_once_by_the_dpo_and_closes_the_record(site: Site) -> None:
    record = await planted(site)
    path, body = f"/v1/records/{record}/erasure", {"ground": "consent_withdrawn"}
    for name in ("lyon", "face", "auditor", "national"):
        assert (await site.call(name, "POST", path, body)).json()["code"] == "role_not_allowed", name
    assert (await site.call("other", "POST", path, body)).status_code == 404
    for wrong in ({"ground": "par envie"}, {}, body | {"reason": REASON}):
        assert (await site.call("dpo", "POST", path, wrong)).status_code == 422
    reserved = await site.call("dpo", "POST", path, {"ground": "retention"})
    assert (reserved.status_code, reserved.json()["guard"]) == (409, "ground_reserved")
    assert await site.keyring.destroyed() == frozenset()

    first = await site.call("dpo", "POST", path, body, key="once")
    again = await site.call("dpo", "POST", path, body, key="once")
    other = await site.call("dpo", "POST", path, body, key="twice")
    after = await site.call("lyon", "POST", f"/v1/conventions/{record}/submission")
    nothing = await site.call("dpo", "POST", "/v1/records/programme-1j1m/erasure", body)

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert (other.status_code, other.json()["guard"]) == (409, "already_erased")
    assert (after.status_code, after.json()["guard"]) == (409, "erased")
    assert (nothing.status_code, nothing.json()["guard"]) == (409, "nothing_personal")


async def test_the_key_is_gone_before_the_answer_even_when_the_first_try_died(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await planted(site)
    path, body = f"/v1/records/{record}/erasure", {"ground": "objection"}

    async def dies(subject: str) -> None:
        raise OSError(subject)

    with monkeypatch.context() as broken:
        broken.setattr(site.keyring, "destroy", dies)
        with pytest.raises(OSError, match=record):
            await site.call("dpo", "POST", path, body, key="once")
    assert await site.keyring.destroyed() == frozenset()

    assert (await site.call("dpo", "POST", path, body, key="once")).status_code == 200
    assert await site.keyring.destroyed() == {record}


async def test_too_many_readings_at_once_are_told_to_come_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await planted(site)
    await site.projector.catch_up()
    monkeypatch.setattr(readings, "MOST_WAITING", 0)

    answer = await site.call("lyon", "GET", f"/v1/conventions/{record}")
    unseen = await site.call("auditor", "GET", f"/v1/conventions/{record}")

    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"].isdecimal()
    assert shown_in(answer.text) == []
    assert unseen.status_code == 200


class _Together:
    """Opens nothing before ``many`` readings have come."""

    def __init__(self, persons: Persons, many: int) -> None:
        self._persons = persons
        self._coming = many
        self._all = asyncio.Event()

    async def opened(self, values: Collection[Sealed], reader: Actor, purpose: str) -> Mapping[Sealed, Any]:
        self._coming -= 1
        if not self._coming:
            self._all.set()
        await self._all.wait()
        return await self._persons.opened(values, reader, purpose)


async def test_a_page_is_opened_without_keeping_a_connection_from_others(site: Site) -> None:
    """More readers than the pool has connections, and none goes on before all have read their rows."""
    record = await planted(site)
    path = f"/v1/conventions/{record}"
    instant = (await site.get("lyon", path)).json()["updated_at"]
    many, services = 20, site.app.state.services
    site.app.state.services = replace(services, persons=_Together(services.persons, 3 * many))
    asked = [path, f"{path}/history", f"{path}?known_at={instant}"] * many

    async with asyncio.timeout(8):
        answers = await asyncio.gather(*(site.call("face", "GET", address) for address in asked))

    assert {answer.status_code for answer in answers} == {200}
    assert all(PLANTED in answer.text for answer in answers)


async def test_what_reads_forgotten_or_withheld_is_in_the_contract(site: Site) -> None:
    contract = site.app.openapi()
    schemas = contract["components"]["schemas"]
    reason = json.dumps(schemas["HistoryRow"]["properties"]["reason"])
    assert "ForgottenValue" in reason
    assert "WithheldValue" in reason
    for path in ("/v1/conventions", "/v1/conventions/{id}", "/v1/conventions/{id}/history"):
        headers = [p for p in contract["paths"][path]["get"]["parameters"] if p["in"] == "header"]
        assert [p["name"] for p in headers] == ["X-Purpose"]
        assert headers[0]["schema"]["maxLength"] == 200
    assert "X-Purpose" not in json.dumps(contract["paths"]["/v1/events"])
