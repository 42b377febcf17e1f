"""Who gets in, who may do what, and what is hidden from whom."""

from __future__ import annotations

import re
from typing import Any

from tests.api import test_companies, test_mentors, test_trainings, walk
from tests.api.conftest import FACE, OTHER, ROLES, Site
from tests.api.walk import FACE_PARTY, PLANTED

SEES_LYONS_RECORD = {"national", "lyon", "face", "auditor", "dpo"}
SEES_FACES_PEOPLE = SEES_LYONS_RECORD - {"national"}
SEES = {
    "programmes": set(ROLES),
    "companies": set(ROLES) - {"national", "operator"},
    "mentors": SEES_FACES_PEOPLE,
    "trainings": SEES_FACES_PEOPLE,
}
"""Who holds a scope of the record of each kind; of any other kind, ``SEES_LYONS_RECORD``."""
GUESTS_MAY_SEE = {"associations", "candidacies"}
"""Whoever holds the public form of FACE."""
LISTS = (
    "/v1/programmes",
    "/v1/associations",
    "/v1/conventions",
    "/v1/companies",
    "/v1/mentors",
    "/v1/trainings",
    "/v1/imports",
    "/v1/deadlines",
    "/v1/events",
    "/v1/readings",
)


async def test_an_anonymous_caller_is_turned_away_from_every_list(site: Site) -> None:
    for path in LISTS:
        answer = await site.call(None, "GET", path)

        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path
        assert answer.headers["www-authenticate"] == 'Bearer realm="mentorat"'


async def test_no_operation_under_v1_answers_an_anonymous_caller_but_the_meaning_of_codes(
    site: Site,
) -> None:
    opened = {"/v1/problems", "/v1/problems/{code}"}
    checked = 0
    for path, methods in site.app.openapi()["paths"].items():
        for method in methods:
            if not path.startswith("/v1") or path in opened:
                continue
            answer = await site.client.request(method, re.sub(r"\{.*?\}", "x", path), content=b"{not json")
            assert answer.status_code == 401, path
            checked += 1
    assert checked > 40


async def test_every_refused_authentication_says_the_same(site: Site) -> None:
    expected = await site.client.get("/v1/me")
    for header in (
        "",
        "Bearer",
        "Bearer mto_0123456789abcdef_" + "x" * 43,
        f"Bearer mto_{site.ids['lyon']}_" + "x" * 43,
        site.bearers["lyon"],
        "Bearer mto_x_y",
        "Basic bXRvOnNlY3JldA==",
        "Bearer " + "é" * 50,
        "Bearer " + "a" * 10_000,
    ):
        answer = await site.client.get("/v1/me", headers={b"Authorization": header.encode("latin-1")})
        assert (answer.status_code, answer.content) == (401, expected.content), header


async def test_a_revoked_token_is_refused_at_once(site: Site) -> None:
    assert (await site.call("lyon", "GET", "/v1/me")).status_code == 200

    assert await site.tokens.revoke(site.ids["lyon"])

    assert (await site.call("lyon", "GET", "/v1/me")).status_code == 401


async def test_each_bearer_is_told_who_it_is(site: Site) -> None:
    for name, (role, scopes) in ROLES.items():
        me = (await site.call(name, "GET", "/v1/me")).json()
        assert (me["id"], me["role"]) == (site.ids[name], role)
        assert scopes <= set(me["scopes"])
        assert ("public" in me["scopes"]) == (role not in {"national", "operator"})
        assert me["sees_persons"] == (role in {"academie", "association", "lycee", "dpo"})


async def test_every_role_on_every_command_does_what_the_table_says(site: Site) -> None:
    """Allowed (whatever the record then says), refused by role, or invisible: nothing else."""
    await walk.opened(site)
    record = await walk.in_force(site)
    course = await test_trainings.opened(site)
    firm = await site.do("lyon", "POST", "/v1/companies", test_companies.FIRM)
    await site.projector.catch_up()
    ids = {
        "conventions": record,
        "associations": FACE,
        "programmes": "programme-1j1m",
        "companies": firm["id"],
        "mentors": await test_mentors.applied(site),
        "trainings": course.rpartition("/")[2],
        "records": record,
    }
    await _with_a_guest(site)
    seen: dict[str, set[str]] = {}
    for path, method, operation in _commands(site):
        kind = path.split("/")[2]
        filled, file = _filled(path, ids.get(kind, "")), _file(operation)
        for name, role in {**{name: role for name, (role, _) in ROLES.items()}, "guest": "person"}.items():
            address, sent = filled + _query(operation, role), _body(site, operation)
            answer = await site.call(name, method, address, sent, etag=_etag(operation), **file)
            outcome = _outcome(answer)
            visible = name in SEES.get(kind, SEES_LYONS_RECORD)
            if role == "person":  # by a link: refused whatever there is, but for what links are for
                visible = "person" not in operation["x-roles"] or kind in GUESTS_MAY_SEE
            expected = _expected(operation, role, visible, creates="{id}" not in path)
            assert outcome in expected, (method, address, name, answer.text)
            seen.setdefault(outcome, set()).add(operation["x-command"])
    assert set(seen) == {"allowed", "refused", "invisible"}
    assert len(seen["refused"]) > 20


async def _with_a_guest(site: Site) -> None:
    """Somebody with a link, besides every role."""
    body = {"programme_id": "programme-1j1m", "on": walk.TODAY.isoformat(), "channel": "meeting"}
    await site.do("lyon", "POST", f"/v1/associations/{FACE}/admission", body)
    form = {"action": "form", "expires_on": walk.TODAY.isoformat()}
    given = await site.do("face", "POST", f"/v1/associations/{FACE}/links", form)
    site.bearers["guest"] = given["secret"]


async def test_national_and_auditor_never_see_a_person(site: Site) -> None:
    await walk.opened(site)
    record = await walk.signed(site)
    shown: dict[str, list[str]] = {}
    for name in ROLES:
        for path in _readings(site, record):
            answer = await site.get(name, path)
            if PLANTED in answer.text:
                shown.setdefault(name, []).append(path)

    assert set(shown) == {"lyon", "face", "dpo"}
    assert all(
        any(path.split("?")[0].endswith(end) for path in paths)
        for paths in shown.values()
        for end in (record, "/history", "/conventions")
    )


async def test_an_association_neither_sees_nor_touches_another_s_record(site: Site) -> None:
    await walk.opened(site)
    record = await walk.to_sign(site)
    absent = "convention-absente"
    for path in _readings(site, record):
        answer = await site.get("other", path)
        assert record not in answer.text.replace(f"Aucun dossier {record} dans votre périmètre.", ""), path
        assert FACE not in answer.text.replace(f"Aucun dossier {FACE} dans votre périmètre.", ""), path
    for method, suffix in (("GET", ""), ("GET", "/history"), ("POST", "/submission")):
        hidden = await site.call("other", method, f"/v1/conventions/{record}{suffix}")
        missing = await site.call("other", method, f"/v1/conventions/{absent}{suffix}")
        assert hidden.status_code == 404
        assert hidden.text.replace(record, absent) == missing.text
    assert (await site.get("face", f"/v1/conventions?association={FACE}")).json()["items"]
    assert (await site.get("other", f"/v1/conventions?association={FACE}")).json()["items"] == []
    assert (await site.get("other", f"/v1/deadlines?awaits={FACE_PARTY}")).json()["items"] == []
    assert (await site.get("other", f"/v1/associations/{OTHER}")).status_code == 200


async def test_a_key_used_by_one_association_tells_another_nothing(site: Site) -> None:
    await walk.opened(site)
    record = await walk.to_sign(site)
    text = (await site.get("face", f"/v1/conventions/{record}")).json()["text_hash"]
    body = {"party": FACE_PARTY, "on": walk.TODAY.isoformat(), "medium": "paper", "text_hash": text}
    path = f"/v1/conventions/{record}/signatures"
    assert (await site.call("face", "POST", path, body, key="k")).status_code == 200

    assert (await site.call("other", "POST", path, body, key="k")).status_code == 404


async def test_an_association_signs_for_itself_only(site: Site) -> None:
    await walk.opened(site)
    record = await walk.to_sign(site)
    text = (await site.get("face", f"/v1/conventions/{record}")).json()["text_hash"]
    body = {"party": "academie:10", "on": walk.TODAY.isoformat(), "medium": "paper", "text_hash": text}

    answer = await site.call("face", "POST", f"/v1/conventions/{record}/signatures", body)

    assert (answer.status_code, answer.json()["guard"]) == (403, "not_your_party")


async def test_a_party_can_never_be_a_scope_that_everybody_holds(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)
    for key in ("public", "role:operator", "role:lycee", "association:", "association:convention-1", "x:1"):
        path = f"/v1/conventions/{record}/parties/{key}"
        answer = await site.call("lyon", "PUT", path, {"name": "Tous"}, etag=1)
        assert answer.status_code == 422, key
    assert (await site.get("operator", "/v1/conventions")).json()["items"] == []


def _commands(site: Site) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method.upper(), operation)
        for path, methods in site.app.openapi()["paths"].items()
        for method, operation in methods.items()
        if "x-command" in operation
    ]


def _readings(site: Site, record: str) -> list[str]:
    """Every address that can be read, at every moment."""
    fixed = ["/v1/me", "/openapi.json", "/docs", "/metrics", "/v1/problems"]
    records = [f"/v1/conventions/{record}", f"/v1/associations/{FACE}", "/v1/programmes/programme-1j1m"]
    moments = ["", "?as_of=2100-01-01", "?known_at=2100-01-01", "?as_of=2100-01-01&known_at=2100-01-01"]
    timed = [f"{path}{moment}" for path in records[:2] for moment in moments]
    return [*fixed, *LISTS, *timed, records[2], *(f"{path}/history" for path in records)]


def _filled(path: str, record: str) -> str:
    filled = path.replace("{id}", record).replace("{party}", FACE_PARTY).replace("{link}", "link-1")
    filled = filled.replace("{role}", "coordinator").replace("{document}", "statutes")
    filled = filled.replace("{mentor_id}", "mentor-1")
    return filled.replace("{reference}", "AAP-2025-017")


def _file(operation: dict[str, Any]) -> dict[str, Any]:
    """What is sent to an operation that takes a file as it is."""
    taken = operation.get("requestBody", {}).get("content", {})
    files = {"application/pdf": b"%PDF-1.7", "text/csv": b"Nom;Courriel"}
    fitting = [
        {"file": body, "headers": {"Content-Type": kind}} for kind, body in files.items() if kind in taken
    ]
    return fitting[0] if fitting else {}


def _query(operation: dict[str, Any], role: str) -> str:
    """What goes with a file: académies bring in associations, associations their mentors."""
    if operation["x-command"] == "import.submit":
        mentors = f"kind=mentors&association={FACE}"
        return "?kind=associations" if role == "academie" else f"?{mentors}"
    return "?on=2025-12-05&channel=paper" if _file(operation) else ""


def _etag(operation: dict[str, Any]) -> int | None:
    demanded = [p for p in operation["parameters"] if p["name"] == "If-Match" and p["required"]]
    return 1 if demanded else None


def _body(site: Site, operation: dict[str, Any]) -> Any:
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    described = site.app.openapi()["components"]["schemas"].get(name, {})
    return described["examples"][0] if "examples" in described else None


def _outcome(answer: Any) -> str:
    code = answer.json().get("code")
    if code in {"not_found", "outside_your_scope"}:
        return "invisible"
    if code == "role_not_allowed":
        return "refused"
    assert answer.status_code in {200, 201, 403, 409, 412}, answer.text
    return "allowed"


def _expected(operation: dict[str, Any], role: str, visible: bool, *, creates: bool) -> set[str]:
    """What does not exist yet cannot be hidden, though it may fall outside its maker's scope."""
    if not visible and not creates:
        return {"invisible"}
    if role not in operation["x-roles"]:
        return {"refused"}
    return {"allowed", "invisible"} if creates or not visible else {"allowed"}
