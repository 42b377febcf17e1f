"""The life of a convention, told through the API: what the tests start from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.association.commands import RegisterAssociation
from domain.association.model import Identity
from domain.calendar import paris_day
from domain.kernel import Actor
from domain.ports import Request
from tests.api.conftest import FACE, OTHER, Site

FACE_PARTY = f"association:{FACE}"
PLANTED = "Camille Exemple-Introuvable"
"""A name that must never reach a role that sees no persons."""

TODAY = paris_day(datetime.now(UTC))
RULES_FROM = "2020-09-01"


async def opened(site: Site) -> None:
    """A programme and two associations of Lyon and Grenoble."""
    await site.do("national", "POST", "/v1/programmes", {"scheme": "1j1m", "on": RULES_FROM})
    for record_id, academie in ((FACE, "10"), (OTHER, "08")):
        actor = Actor("seed", "academie", frozenset({f"academie:{academie}"}))
        command = RegisterAssociation(
            record_id=record_id, identity=Identity(record_id), academies=(academie,)
        )
        await site.executor.execute(Request(command, actor, f"seed:{record_id}"))


def clauses(**changes: Any) -> dict[str, Any]:
    return {
        "starts_on": (TODAY - timedelta(days=30)).isoformat(),
        "ends_on": (TODAY + timedelta(days=300)).isoformat(),
        "schemes": ["1j1m"],
        "kinds": ["metier"],
        "school_years": ["2026-2027"],
        **changes,
    }


def draft(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Mentorat en lycée professionnel",
        "programme_id": "programme-1j1m",
        "academie": "10",
        "parties": [
            {"key": "academie:10", "name": "académie de Lyon"},
            {"key": FACE_PARTY, "name": "FACE", "mailbox": "contact@face.test"},
        ],
        "clauses": clauses(),
        "coverage": {"academies": ["10"]},
        **changes,
    }


async def drafted(site: Site, **changes: Any) -> str:
    found: str = (await site.do("lyon", "POST", "/v1/conventions", draft(**changes)))["id"]
    return found


async def named(site: Site, record_id: str) -> int:
    """Signatories for both parties; answers the version."""
    version = 1
    for who, party in (("lyon", "academie:10"), ("face", FACE_PARTY)):
        body = {"name": PLANTED, "title": "directrice"}
        path = f"/v1/conventions/{record_id}/parties/{party}/signatory"
        version = (await site.do(who, "PUT", path, body, etag=version))["version"]
    return version


async def to_sign(site: Site, **changes: Any) -> str:
    record_id = await drafted(site, **changes)
    await named(site, record_id)
    await site.do("lyon", "POST", f"/v1/conventions/{record_id}/submission")
    await site.do("lyon", "POST", f"/v1/conventions/{record_id}/signature-round")
    return record_id


async def sign(site: Site, who: str, record_id: str, party: str, **changes: Any) -> dict[str, Any]:
    text = (await site.get("lyon", f"/v1/conventions/{record_id}")).json()["text_hash"]
    body = {"party": party, "on": TODAY.isoformat(), "medium": "paper", "text_hash": text, **changes}
    return await site.do(who, "POST", f"/v1/conventions/{record_id}/signatures", body)


async def signed(site: Site, **changes: Any) -> str:
    record_id = await to_sign(site, **changes)
    await sign(site, "lyon", record_id, "academie:10")
    await sign(site, "face", record_id, FACE_PARTY)
    return record_id


async def in_force(site: Site, **changes: Any) -> str:
    """Signed, its day come: what the process does at midnight is asked here."""
    from domain.convention.commands import EnterIntoForce
    from domain.kernel import SYSTEM

    record_id = await signed(site, **changes)
    await site.executor.execute(Request(EnterIntoForce(record_id=record_id), SYSTEM, f"{record_id}:force"))
    return record_id
