"""A hostile association, with a token of its own: what it reads of another's records, and what it changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api import test_imports, walk
from tests.api import test_links as links
from tests.api.conftest import FACE, OTHER, Site
from tests.api.estate import (
    FAULTY,
    Estate,
    demanded_version,
    example_of,
    filled,
    furnished,
    kind_of,
    operations,
)
from tests.api.test_mentors import candidacy
from tests.api.test_trainings import planned
from tests.api.walk import FACE_PARTY
from tests.ops.importing import csv

PDF: dict[str, Any] = {"file": b"%PDF-1.7", "headers": {"Content-Type": "application/pdf"}}
TODAY = walk.TODAY.isoformat()


def leaks(estate: Estate, text: str, *echoed: str) -> list[str]:
    """FACE's words in an answer, but for what the caller wrote itself."""
    return sorted(word for word in estate.words - set(echoed) if word in text)


def filters(operation: dict[str, Any], estate: Estate) -> list[str]:
    """Each parameter of a query, with everything of FACE's that it could be asked about."""
    words = [*estate.ids.values(), FACE_PARTY, f"association:{FACE}", "10", "candidate", "2020-01-01", "0"]
    names = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
    return ["", *(f"?{name}={word}" for name in names for word in words)]


async def versions(site: Site, estate: Estate) -> dict[str, int]:
    """How many facts each of FACE's records has."""
    loaded = await site.executor.recorder.load(sorted(set(estate.ids.values())))
    return {e.record_id: e.version for e in loaded.events}


async def test_no_reading_by_any_address_or_filter_shows_it_a_word_of_another_s(site: Site) -> None:
    estate = await furnished(site)
    asked, found = 0, []
    for _, path, operation in operations(site, "GET"):
        address = filled(path, estate)
        for query in filters(operation, estate):
            answer = await site.call("other", "GET", address + query)
            # What was typed into the address may come back: « aucun dossier mentor-… dans votre périmètre ».
            echoed = [word for word in estate.words if word in address + query]
            found += [(address + query, word) for word in leaks(estate, answer.text, *echoed)]
            if echoed and answer.status_code == 200 and "{id}" in path and kind_of(path) not in OPEN:
                found.append((address + query, "answered"))
            asked += 1
    assert found == []
    assert asked > 150


async def test_no_list_finds_another_s_record_by_what_its_mentors_bring(site: Site) -> None:
    estate = await furnished(site)
    for kind in ("associations", "mentors", "trainings"):
        for query in (
            "sector=62",
            "family=transitions",
            "programme=programme-1j1m",
            "sector=62&family=transitions",
        ):
            address = f"/v1/{kind}?{query}"
            own, other = await site.get("face", address), await site.get("other", address)
            assert leaks(estate, other.text) == [], address
            assert leaks(estate, own.text), f"FACE finds its own by {address}"


OPEN = {"programmes", "companies", "problems"}
"""Kinds without an owner: everybody reads them."""


async def test_the_stream_of_events_holds_nothing_of_another_s(site: Site) -> None:
    estate = await furnished(site)
    stream = await site.client.get(
        "/v1/events",
        headers={"Authorization": f"Bearer {site.bearers['other']}", "Accept": "text/event-stream"},
    )
    assert "mentor.Applied" in stream.text, "its own are there"
    assert leaks(estate, stream.text) == []


async def test_no_command_of_its_on_another_s_record_changes_anything_or_says_more_than_not_found(
    site: Site,
) -> None:
    estate = await furnished(site)
    before = await versions(site, estate)
    tried = 0
    for method, path, operation in operations(site, "POST", "PUT", "PATCH", "DELETE"):
        if "{id}" not in path or kind_of(path) in OPEN:
            continue
        address, sends_file = filled(path, estate), "application/json" not in _content(operation)
        more = PDF if sends_file and _content(operation) else {}
        address += f"?on={TODAY}&channel=paper" if more else ""
        etag = demanded_version(operation)
        answer = await site.call("other", method, address, example_of(site, operation), etag=etag, **more)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (address, answer.text)
        tried += 1
    assert tried > 50
    assert await versions(site, estate) == before


@pytest.mark.parametrize("action", ["admission", "file", "candidacy"])
async def test_whoever_holds_a_link_neither_learns_nor_guesses_how_often_the_record_changed(
    site: Site, action: str
) -> None:
    await {"admission": links.to_admission, "file": links.to_sign, "candidacy": links.to_candidates}[action](
        site
    )
    asked = await links.told(site)
    body = {"admission": links.OPENING, "file": asked["body"], "candidacy": links.own()}[action]

    answer = await site.call("guest", "POST", asked["path"], body, headers={"If-Match": '"999"'})

    assert answer.status_code == 200, answer.text
    assert {"version", "position"}.isdisjoint(answer.json())
    assert "etag" not in answer.headers


async def test_a_guessed_version_of_another_s_record_is_not_confirmed(site: Site) -> None:
    estate = await furnished(site)
    path = f"/v1/mentors/{estate.ids['mentors']}/person"
    body = {"given_name": "Zoé", "family_name": "Ailleurs", "email": "zoe@ailleurs.example"}
    said = {(await site.call("other", "PUT", path, body, etag=n)).text for n in (1, 2, 99)}
    assert len(said) == 1


async def test_its_own_records_cannot_be_tied_to_another_s(site: Site) -> None:
    estate = await furnished(site)
    mentor, course = estate.theirs["mentors"], estate.theirs["trainings"]
    foreign, firm = estate.ids["mentors"], estate.ids["companies"]
    before = await versions(site, estate)
    for address, body in (
        (f"/v1/trainings/{course}/enrolments", {"mentor_id": foreign}),
        (f"/v1/mentors/{mentor}/duplicates", {"duplicate_id": foreign}),
        ("/v1/mentors", candidacy()),
        ("/v1/trainings", planned()),
    ):
        answer = await site.call("other", "POST", address, body)
        assert answer.status_code in {403, 404, 409, 422}, (address, answer.text)
        assert leaks(estate, answer.text, foreign, FACE) == [], address
    absent = foreign[:-4] + "0000"
    for address, name in (
        (f"/v1/trainings/{course}/enrolments", "mentor_id"),
        (f"/v1/mentors/{mentor}/duplicates", "duplicate_id"),
    ):
        real = await site.call("other", "POST", address, {name: foreign})
        none = await site.call("other", "POST", address, {name: absent})
        assert (real.status_code, real.text.replace(foreign, absent)) == (none.status_code, none.text), (
            address
        )
    assert firm
    for kind in ("mentors", "attendance"):
        address = f"/v1/imports?kind={kind}&association={FACE}"
        address += f"&training={estate.ids['trainings']}" if kind == "attendance" else ""
        refused = await test_imports.send(site, csv(FAULTY), address, "other")
        assert refused.status_code in {403, 404}, refused.text
    address = f"/v1/imports?kind=attendance&association={OTHER}&training={estate.ids['trainings']}"
    refused = await test_imports.send(site, csv(FAULTY), address, "other")
    assert refused.json()["code"] == "no_such_training", "another's might as well not exist"
    assert await versions(site, estate) == before
    for record in (f"/v1/mentors/{mentor}", f"/v1/trainings/{course}"):
        trail = (await site.get("other", f"{record}/history")).text
        assert "refusal.Recorded" in trail
        assert leaks(estate, trail) == [], "nor is it told on which version of another's record that rests"


async def test_another_s_convention_might_as_well_not_exist_for_whoever_names_it(site: Site) -> None:
    """To clear a mentor, by which the operator would be conventionnée."""
    estate = await furnished(site)
    mentor, foreign = estate.theirs["mentors"], estate.ids["conventions"]
    absent, said = foreign[:-4] + "0000", set()
    for named in (foreign, absent):
        body = {"on": TODAY, "conventions": [named]}
        answer = await site.call("other", "POST", f"/v1/mentors/{mentor}/clearance", body)
        said.add((answer.status_code, answer.text.replace(named, absent)))
    assert len(said) == 1, said


async def test_a_key_that_another_used_answers_nothing_of_what_it_was_answered(site: Site) -> None:
    estate = await furnished(site)
    mentor = estate.ids["mentors"]
    ada = {"given_name": "Ada", "family_name": "Clef", "email": "ada@clef.example"}
    for key, (address, body) in enumerate(
        (
            ("/v1/mentors", candidacy(person=ada)),
            (f"/v1/mentors/{mentor}/identity", {"on": TODAY, "channel": "meeting"}),
            ("/v1/trainings", planned()),
        )
    ):
        first = await site.call("face", "POST", address, body, key=f"same-{key}")
        assert first.status_code in {200, 201}, first.text
        again = await site.call("other", "POST", address, body, key=f"same-{key}")
        assert again.status_code in {403, 404, 409}, again.text
        assert first.json()["id"] not in again.text.replace(mentor, "")
        repeated = await site.call("face", "POST", address, body, key=f"same-{key}")
        assert repeated.json() == first.json()


async def test_somebody_known_to_one_operator_is_unknown_to_another(site: Site) -> None:
    estate = await furnished(site)
    same_person = candidacy(association_id=OTHER)
    first = await site.call("other", "POST", "/v1/mentors", same_person)
    again = await site.call("other", "POST", "/v1/mentors", same_person)
    assert first.status_code == 201, "FACE knows them: nothing of that shows"
    assert again.json()["code"] == "mentor_known"
    assert leaks(estate, first.text + again.text) == []


def _content(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    return found


def test_the_words_to_be_found_are_found_when_they_are_there() -> None:
    estate = Estate({}, {}, frozenset({"mentor-1", "Camille"}))
    assert leaks(estate, json.dumps({"id": "mentor-1", "name": "Camille"}), "mentor-1") == ["Camille"]
