"""One demand sent several times at the same instant is carried out once, and answered the same each time."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from tests.api import walk
from tests.api.conftest import Site
from tests.api.test_mentors import ON, applied, candidacy, check, interviewed

TIMES = 8


async def at_once(site: Site, method: str, path: str, body: Any, key: str = "once") -> list[httpx.Response]:
    """The same demand, several times together."""
    calls = [site.call("face", method, path, body, key=key) for _ in range(TIMES)]
    return list(await asyncio.gather(*calls))


def alike(answers: list[httpx.Response], status: int) -> None:
    assert {answer.status_code for answer in answers} == {status}, [answer.text for answer in answers]
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers.get("etag") for answer in answers}) == 1


async def test_a_candidacy_sent_several_times_at_once_opens_one_record(site: Site) -> None:
    await walk.opened(site)

    answers = await at_once(site, "POST", "/v1/mentors", candidacy())

    alike(answers, 201)
    assert len((await site.get("face", "/v1/mentors")).json()["items"]) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1


async def test_a_step_sent_several_times_at_once_is_taken_once(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    path = f"/v1/mentors/{mentor}"
    steps: list[tuple[str, str, Any]] = [
        ("POST", f"{path}/identity", {"on": ON, "channel": "meeting"}),
        ("POST", f"{path}/charter", {"on": ON, "version": "2025.1", "channel": "paper"}),
        ("POST", f"{path}/departure", {"on": ON, "cause": "end"}),
    ]
    for number, (method, address, body) in enumerate(steps):
        alike(await at_once(site, method, address, body, f"step-{number}"), 200)

    history = (await site.get("face", f"{path}/history")).json()["items"]
    assert [one["topic"].partition(".")[2] for one in history] == [
        "Applied@1",
        "IdentitySeen@1",
        "CharterSigned@1",
        "Left@1",
    ]


async def test_a_step_of_several_facts_sent_several_times_at_once_is_taken_once(site: Site) -> None:
    """A merger changes two records in one append, and each of the repeats has read both as they were."""
    await walk.opened(site)
    kept = await interviewed(site)
    double = await applied(site, person={"given_name": "Autre", "family_name": "Nom", "phone": "0601020399"})
    await site.do("face", "POST", f"/v1/mentors/{kept}/check/request", {"kind": "b3"})

    path, body = f"/v1/mentors/{kept}/duplicates", {"duplicate_id": double, "reason": "Nom de naissance."}
    alike(await at_once(site, "POST", path, body, "merge"), 200)
    alike(await at_once(site, "POST", f"/v1/mentors/{kept}/check", check(), "check"), 200)

    history = (await site.get("face", f"/v1/mentors/{kept}/history")).json()["items"]
    topics = [one["topic"] for one in history]
    assert (topics.count("mentor.Absorbed@1"), topics.count("mentor.CheckPresented@1")) == (1, 1)


async def test_two_bodies_under_one_key_at_once_one_is_carried_out_and_the_other_refused(site: Site) -> None:
    await walk.opened(site)
    bodies = [candidacy(), candidacy(person={"given_name": "Autre", "family_name": "Nom", "email": "a@b.fr"})]
    calls = [site.call("face", "POST", "/v1/mentors", body, key="once") for body in bodies]

    answers = await asyncio.gather(*calls)

    assert sorted(answer.status_code for answer in answers) == [201, 422]
    assert {a.json().get("code") for a in answers} == {None, "key_reused"}
    assert len((await site.get("face", "/v1/mentors")).json()["items"]) == 1
