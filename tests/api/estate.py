"""Two associations and all that is FACE's: what somebody else tries to read, and to change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.api import test_admission, test_companies, test_imports, test_mentors, test_trainings, walk
from tests.api.conftest import FACE, OTHER, Site
from tests.api.test_mentors import PLANTED as MENTOR_WORDS
from tests.api.walk import FACE_PARTY, PLANTED
from tests.ops.importing import csv

PHONE = "06 98 76 54 32"
IN_A_FILE = "31/02/1980"
FAULTY = f"Introuvable;Luc;luc@introuvable.example;{IN_A_FILE};retraité"
"""A line of a file of FACE's: its fault tells the value that was read."""


@dataclass(frozen=True)
class Estate:
    """``ids``: FACE's record of each kind, as addresses name it. ``theirs``: OTHER's own, where it has one.

    ``words``: what must never reach anybody but those who may read FACE's records: ids, names, and who acts
    for it.
    """

    ids: dict[str, str]
    theirs: dict[str, str]
    words: frozenset[str]


async def furnished(site: Site) -> Estate:
    """FACE in admission with a document handed in, a convention in force, a mentor, a course, links."""
    await test_admission.opened(site)
    await test_admission.hand_in(site, "statutes")
    contact = {"name": PLANTED, "mailbox": "camille@introuvable.example"}
    await site.do("face", "PUT", f"/v1/associations/{FACE}/contacts/coordinator", contact)
    convention = await walk.in_force(site)
    mentor = await test_mentors.applied(site, person=test_mentors.person(phone=PHONE))
    course = (await test_trainings.opened(site)).rpartition("/")[2]
    enrolled = {"mentor_id": mentor}
    await site.do("face", "POST", f"/v1/trainings/{course}/enrolments", enrolled)
    firm = await site.do("face", "POST", "/v1/companies", test_companies.FIRM)
    ids = {
        "conventions": convention,
        "associations": FACE,
        "programmes": "programme-1j1m",
        "companies": firm["id"],
        "mentors": mentor,
        "trainings": course,
        "imports": await test_imports.ended(site, csv(FAULTY)),
        "records": mentor,
    }
    theirs = await _other(site)
    await site.projector.catch_up()
    # « introuvable » alone is in many a refusal, and the other number in an example.
    words = {FACE, convention, mentor, course, ids["imports"], PLANTED, PHONE, IN_A_FILE, "@introuvable"}
    words |= {*MENTOR_WORDS, site.ids["face"]}
    words -= {"introuvable", test_mentors.person()["phone"]}
    return Estate(ids, theirs, frozenset(words))


async def _other(site: Site) -> dict[str, str]:
    ours = {"association_id": OTHER, "programme_id": "programme-1j1m"}
    person = {"given_name": "Zoé", "family_name": "Ailleurs", "email": "zoe@ailleurs.example"}
    mentor = await site.do("other", "POST", "/v1/mentors", test_mentors.candidacy(**ours, person=person))
    course = await site.do("other", "POST", "/v1/trainings", test_trainings.planned(association=OTHER))
    await site.do("other", "POST", f"/v1/trainings/{course['id']}/opening")
    return {
        "associations": OTHER,
        "mentors": mentor["id"],
        "trainings": course["id"],
        "records": mentor["id"],
    }


def operations(site: Site, *methods: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation of the contract under ``/v1`` by one of these methods: method, address, description."""
    for path, described in site.app.openapi()["paths"].items():
        for method, operation in described.items():
            if path.startswith("/v1") and method.upper() in methods:
                yield method.upper(), path, operation


def kind_of(path: str) -> str:
    return path.split("/")[2]


def filled(path: str, estate: Estate) -> str:
    """The address, on FACE's records."""
    values = {
        "id": estate.ids.get(kind_of(path), estate.ids["mentors"]),
        "party": FACE_PARTY,
        "link": "link-1",
        "role": "coordinator",
        "document": "statutes",
        "mentor_id": estate.ids["mentors"],
        "reference": "AAP-2025-017",
        "code": "not_found",
    }
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], path)


def demanded_version(operation: dict[str, Any]) -> int | None:
    demanded = [p for p in operation.get("parameters", []) if p["name"] == "If-Match" and p["required"]]
    return 1 if demanded else None


def example_of(site: Site, operation: dict[str, Any]) -> Any:
    """The body that the contract shows."""
    content = operation.get("requestBody", {}).get("content", {})
    name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
    described = site.app.openapi()["components"]["schemas"].get(name, {})
    return described["examples"][0] if "examples" in described else None
