"""Every role, a guest with a link and nobody at all, against every address that is read."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import FACE, ROLES, Site
from tests.api.estate import Estate, filled, furnished, kind_of, operations
from tests.api.test_access import SEES, SEES_LYONS_RECORD
from tests.api.walk import TODAY

VISIBLE = {**SEES, "imports": {"face", "auditor", "dpo"}}
"""Who sees FACE's record of each kind; of any other kind, ``SEES_LYONS_RECORD``."""
ALLOWED = {
    "/v1/associations/{id}/documents/{document}": {"lyon", "face", "dpo"},
    "/v1/associations/{id}/export": {"face", "dpo"},
    "/v1/figures/onboarding": {"national", "lyon", "grenoble", "face", "other", "auditor"},
    "/v1/imports/{id}/faults": {"face"},
    "/v1/imports/{id}/file": {"face"},
    "/v1/link": {"guest"},
    "/v1/readings": {"dpo"},
}
"""The addresses that not every role is answered at, though it may see the record."""
LISTS = {"associations", "companies", "conventions", "imports", "mentors", "trainings"}
OPEN = "/v1/problems"


async def test_every_role_at_every_address_is_answered_refused_or_shown_nothing(site: Site) -> None:
    estate = await furnished(site)
    form = {"action": "form", "expires_on": TODAY.isoformat()}
    given = await site.do("face", "POST", f"/v1/associations/{FACE}/links", form)
    site.bearers["guest"] = given["secret"]
    seen: dict[str, int] = {}
    for _, path, _operation in operations(site, "GET"):
        for name in (*ROLES, "guest", None):
            answer = await site.get(name, filled(path, estate))
            outcome = _outcome(answer)
            assert outcome == _expected(path, name), (path, name, answer.text[:300])
            if path.removeprefix("/v1/") in LISTS and outcome == "allowed":
                assert (_id(path, estate) in answer.text) == (name in _visible(path)), (path, name)
            seen[outcome] = seen.get(outcome, 0) + 1
    assert set(seen) == {"allowed", "refused", "invisible", "unknown"}
    assert min(seen.values()) > 30, seen


def _visible(path: str) -> set[str]:
    return VISIBLE.get(kind_of(path), SEES_LYONS_RECORD)


def _id(path: str, estate: Estate) -> str:
    return estate.ids[kind_of(path)]


def _expected(path: str, name: str | None) -> str:
    if path.startswith(OPEN):
        return "allowed"
    if name is None:
        return "unknown"
    if name == "guest":
        return "allowed" if path == "/v1/link" else "refused"
    if "{id}" in path and name not in _visible(path):
        return "invisible"
    return "allowed" if name in ALLOWED.get(path, {name}) else "refused"


def _outcome(answer: Any) -> str:
    if answer.status_code == 200:
        return "allowed"
    told = (answer.status_code, answer.json()["code"])
    return {
        (401, "unauthenticated"): "unknown",
        (403, "role_not_allowed"): "refused",
        (404, "not_found"): "invisible",
    }.get(told, str(told))
