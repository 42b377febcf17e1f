"""Whatever a client sends, the answer is a problem in French that says what to correct; never a 5xx."""

from __future__ import annotations

import json
from typing import Any

from tests.api import walk
from tests.api.conftest import Site

JSON = {"Content-Type": "application/json"}


async def _send(site: Site, content: bytes, path: str = "/v1/conventions", **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {site.bearers['lyon']}", "Idempotency-Key": "k", **JSON, **headers}
    return await site.client.post(path, content=content, headers=sent)


UNREADABLE = (
    (b"{not json", 400, "body_malformed"),
    (b'{"title": "\xff"}', 400, "body_malformed"),
    (b"[" * 100_000, 400, "body_malformed"),
    (b'{"title": ' + b"9" * 5_000 + b"}", 400, "body_malformed"),
    (b"", 422, "invalid"),
    (b"[]", 422, "invalid"),
    (b"null", 422, "invalid"),
    (b'{"title": "\\u0000"}', 422, "invalid"),
    (b'{"title": "\\ud800"}', 422, "invalid"),
    (b'{"\\ud800": 1}', 422, "invalid"),
    (b'{"title": NaN}', 422, "invalid"),
    (b'{"title": 1e999}', 422, "invalid"),
    (b'{"a": "' + b"x" * 1_100_000 + b'"}', 413, "body_too_large"),
)


async def test_a_body_that_cannot_be_read_is_a_problem(site: Site) -> None:
    for content, status, code in UNREADABLE:
        answer = await _send(site, content)

        assert (answer.status_code, answer.json()["code"]) == (status, code), content[:40]
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_without_announced_length_is_bounded_too(site: Site) -> None:
    async def pieces() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    sent = {"Authorization": f"Bearer {site.bearers['lyon']}", "Idempotency-Key": "k", **JSON}
    answer = await site.client.post("/v1/conventions", content=pieces(), headers=sent)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_only_json_is_read(site: Site) -> None:
    for kind in ("text/plain", "application/xml", "application/json-patch+json", ""):
        answer = await _send(site, json.dumps(walk.draft()).encode(), **{"Content-Type": kind})

        assert (answer.status_code, answer.json()["code"]) == (415, "media_type"), kind


INVALID: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"academie": "99"}, "body.academie", "Choisissez une académie dans la liste."),
    ({"coverage": {"uais": ["0690010A"]}}, "body.coverage.uais.0", "lettre de contrôle"),
    ({"parties": [{"key": "lycee:1", "name": "x"}]}, "body.parties.0.key", "sept chiffres"),
    ({"parties": [{"key": "region:Nulle-Part", "name": "x"}]}, "body.parties.0.key", "liste"),
    ({"clauses": {"ends_on": "05/12/2025"}}, "body.clauses.ends_on", "AAAA-MM-JJ"),
    ({"clauses": {"ends_on": "2025-02-30"}}, "body.clauses.ends_on", "Vérifiez"),
    ({"clauses": {"ends_on": "9999-12-31"}}, "body.clauses.ends_on", "entre 1990 et 2100"),
    ({"clauses": {"schemes": ["2j2m"]}}, "body.clauses.schemes.0", "1j1m"),
    ({"clauses": {"kinds": ["magie"]}}, "body.clauses.kinds.0", "proximite"),
    ({"clauses": {"school_years": ["2025-2027"]}}, "body.clauses.school_years.0", "2025-2026"),
    ({"clauses": {"mentees": "40"}}, "body.clauses.mentees", "sans guillemets"),
    ({"clauses": {"mentees": -1}}, "body.clauses.mentees", "au moins 0"),
    ({"title": "x" * 201}, "body.title", "200"),
    ({"title": "  "}, "body.title", "au moins 1"),
    ({"programme_id": "programme-x"}, "body.programme_id", "programme"),
    ({"titre": "x"}, "body.titre", "Retirez-le"),
    ({"coverage": {"academies": ["10"] * 31}}, "body.coverage.academies", "30"),
)


async def test_an_invalid_field_is_named_with_its_remedy(site: Site) -> None:
    for change, where, remedy in INVALID:
        answer = await site.call("lyon", "POST", "/v1/conventions", walk.draft(**change))

        faults = answer.json()["errors"]
        assert (answer.status_code, [fault["where"] for fault in faults]) == (422, [where])
        assert remedy in faults[0]["remedy"], where


async def test_a_party_s_key_is_one_word_written_in_one_way(site: Site) -> None:
    await walk.opened(site)
    for written in ("Pays de la Loire", "pays-de-la-loire", "PAYS DE LA LOIRE"):
        parties = [
            {"key": "academie:10", "name": "académie de Lyon"},
            {"key": f"region:{written}", "name": "région académique"},
        ]
        record = await walk.drafted(site, parties=parties)
        shown = (await site.get("lyon", f"/v1/conventions/{record}")).json()["parties"]
        assert [party["key"] for party in shown] == ["academie:10", "region:Pays de la Loire"]


async def test_one_party_cannot_come_twice(site: Site) -> None:
    parties = [{"key": "academie:10", "name": "A"}, {"key": "academie:10", "name": "B"}]

    answer = await site.call("lyon", "POST", "/v1/conventions", walk.draft(parties=parties))

    assert "deux fois" in answer.json()["detail"]


async def test_what_may_be_personal_is_never_sent_back(site: Site) -> None:
    path = "/v1/conventions/convention-1/parties/academie:10/signatory"
    secret = "Camille" + "\u0007" + "Exemple"
    for body in (
        {"name": secret, "title": secret},
        {"nom": "Camille Exemple", "name": "x", "title": "x"},
        {"title": "x", "capacity": "head", "nom de Camille": ["Exemple"]},
        {"name": {"Camille": "Exemple"}, "title": 3},
        ["Camille Exemple"],
    ):
        answer = await site.call("lyon", "PUT", path, body, etag=1)
        assert answer.status_code == 422
        values = [fault.get("value") for fault in answer.json()["errors"]]
        assert not any("Camille" in str(value) or "Exemple" in str(value) for value in values), answer.text


MEANINGLESS = (
    "/v1/conventions?statut=draft",
    "/v1/conventions?status=draft&page=2",
    "/v1/conventions?limit=0",
    "/v1/conventions?limit=201",
    "/v1/conventions?limit=dix",
    "/v1/conventions?status=inconnu",
    "/v1/conventions?academie=99",
    "/v1/conventions?after=%00",
    "/v1/associations?name=%00",
    "/v1/conventions?after=WyJhIiwiYlx1MDAwMCJd",
    "/v1/conventions?after=WyIyMDI1LTAxLTAxIiwiYlx1MDAwMCJd",
    "/v1/conventions?after=WyIyMDI1LTAxLTAxIiwiXHVkODAwIl0",
    "/v1/conventions?after=W10",
    "/v1/conventions?min_position=-1",
    "/v1/conventions?min_position=99999999999999999999",
    "/v1/events?after=99999999999999999999",
    "/v1/deadlines?awaits=public",
    "/v1/deadlines?before=demain",
    "/v1/conventions/convention-1?as_of=0001-01-01",
    "/v1/conventions/convention-1?as_of=9999-12-31",
    "/v1/conventions/convention-1?known_at=hier",
    "/v1/conventions/convention-1/history?after=abc",
    "/v1/me?x=1",
)


async def test_a_query_that_means_nothing_is_named(site: Site) -> None:
    for path in MEANINGLESS:
        answer = await site.call("lyon", "GET", path)

        assert answer.status_code == 422, path
        assert answer.json()["code"] in {"invalid", "cursor_malformed"}, path


async def test_an_id_that_cannot_be_one_is_an_absent_record(site: Site) -> None:
    for record in (
        "convention-%00",
        "convention-%ED%A0%80",
        "convention-" + "x" * 500,
        "association-face",
        "'",
    ):
        answer = await site.call("lyon", "GET", f"/v1/conventions/{record}")

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), record


async def test_instants_may_carry_a_zone(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)
    for instant in ("2100-01-01T00:00:00Z", "2100-01-01T00:00:00+01:00", "2100-01-01T00:00", "2100-01-01"):
        answer = await site.get("lyon", f"/v1/conventions/{record}?known_at={instant}")
        assert answer.status_code == 200, answer.text


async def test_rules_that_could_not_be_followed_are_refused(site: Site) -> None:
    tried: tuple[tuple[dict[str, Any], tuple[int, str]], ...] = (
        ({"signature_reminders": []}, (409, "rules_unusable")),
        ({"bilan_month": 2, "bilan_day": 29}, (409, "rules_unusable")),
        ({"notice": {"count": 3, "unit": "school_days"}}, (409, "rule_out_of_bounds")),
        ({"end_alerts": [{"count": 30, "unit": "school_days"}]}, (409, "rule_out_of_bounds")),
        ({"mentors": {"lapse": {"count": 0}}}, (409, "rule_out_of_bounds")),
        ({"review": {"count": 100_000}}, (422, "invalid")),
    )
    for rules, answered in tried:
        body = {"scheme": "ptech", "on": "2025-09-01", "rules": rules}
        answer = await site.call("national", "POST", "/v1/programmes", body)
        assert (answer.status_code, answer.json()["code"]) == answered, rules
