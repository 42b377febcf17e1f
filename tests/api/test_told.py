"""What each reader is told, and nothing by which more could be found out."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from domain.association.model import Association
from domain.association.parts import SUSPENSION_LABELS, SuspensionCause
from domain.erasure import Erase, Ground
from domain.kernel import Actor
from domain.ports import Request
from tests.api import test_trainings as courses
from tests.api import walk
from tests.api.conftest import FACE, OTHER, ROLES, Site
from tests.api.test_admission import PATH, WHY, admitted
from tests.api.test_mentors import applied, candidacy, filed, person, proposal
from tests.api.walk import TODAY

ON = TODAY.isoformat()
CAUSE = {"cause": "fault", "on": ON, **WHY}
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
TOLD_THE_CAUSE = {"lyon", "face", "auditor", "dpo"}
MOST = "?limit=200"


async def everything(site: Site, who: str, *paths: str) -> str:
    """What a role is answered at these addresses, and all that it may follow."""
    answers = [await site.get(who, path) for path in (*paths, f"/v1/events{MOST}")]
    return "\n".join(answer.text for answer in answers)


async def test_nobody_is_shown_a_digest_by_which_persons_could_be_compared(site: Site) -> None:
    await walk.opened(site)
    kept = await applied(site)
    double = await applied(site, person=person(email="autre@x.example", birth_date=None))
    await filed(site, kept)
    await site.do("face", "POST", f"/v1/mentors/{kept}/duplicates", {"duplicate_id": double})
    expires = (TODAY + timedelta(days=7)).isoformat()
    await site.do("face", "POST", f"/v1/mentors/{kept}/links", {"action": "file", "expires_on": expires})
    await site.do("lyon", "POST", f"{PATH}/links", {"action": "admission", "expires_on": expires})
    stored = await site.executor.recorder.after(0, 1000)
    digests = {found for one in stored for found in DIGEST.findall(one.state)}
    # Two addresses, names with and without a birth date, that date, two persons, their profile, two secrets.
    assert len(digests) == 10

    of_mentors = [f"/v1/mentors/{one}{rest}" for one in (kept, double) for rest in ("", f"/history{MOST}")]
    for who in ROLES:
        told = await everything(site, who, "/v1/mentors", *of_mentors, PATH, f"{PATH}/history{MOST}")
        assert not digests & set(DIGEST.findall(told)), who
    history = (await site.get("face", f"/v1/mentors/{kept}/history")).json()["items"]
    assert [one["facts"].get("action") for one in history][-1] == "file"


async def test_the_operator_alone_is_told_whose_record_it_has_already(site: Site) -> None:
    await walk.opened(site)
    first = await applied(site)
    answer = await site.call("face", "POST", "/v1/mentors", candidacy())
    assert (answer.status_code, answer.json()["code"]) == (409, "mentor_known")
    assert first in answer.json()["missing"][0]


async def test_the_national_level_reads_the_same_of_an_association_whoever_came_to_it(site: Site) -> None:
    """Its version, which moves with each candidacy, would count them."""
    await admitted(site)
    day = f"as_of={ON}"
    paths = [f"{PATH}{rest}" for rest in ("", f"?{day}", f"/explanation?{day}", f"/history{MOST}")]

    async def read(who: str) -> list[Any]:
        answers = [await site.get(who, path) for path in ("/v1/associations", *paths)]
        assert {answer.status_code for answer in answers} == {200}
        told = [(answer.headers.get("etag"), answer.json()) for answer in answers]
        return [
            (tag, {n: v for n, v in body.items() if n not in {"known_at", "as_of"}}) for tag, body in told
        ]

    nation, own = await read("national"), await read("face")
    assert (await site.call("lycee", "POST", "/v1/mentors/proposals", proposal())).status_code == 200
    await site.projector.catch_up()
    assert await read("national") == nation
    assert [tag for tag, _ in nation] == [None] * 5
    assert (await read("face"))[1] != own[1]
    for item in nation[-1][1]["items"]:
        assert item["version"] is None
        assert FACE not in item["rests_on"]


@pytest.mark.parametrize("wrong", [{}, {"modules": []}, {"programme_id": "programme-cordees"}])
async def test_planning_for_an_association_that_is_not_there_is_refused_as_for_another_one_s(
    site: Site, wrong: dict[str, Any]
) -> None:
    await walk.opened(site)
    bodies = [courses.planned(association=one) | wrong for one in (OTHER, "association-absente")]

    others, absent = [await site.call("face", "POST", "/v1/trainings", body) for body in bodies]
    officer = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))
    await site.executor.execute(
        Request(Erase(record_id=OTHER, ground=Ground.NO_LONGER_NEEDED), officer, "seed:erased")
    )
    erased = await site.call("face", "POST", "/v1/trainings", bodies[0])

    assert (others.status_code, others.json()["code"]) == (403, "outside_your_scope")
    assert others.json() == absent.json() == erased.json()


@pytest.mark.parametrize("wrong", [{}, {"profile": {"status": "retired", "families": ["absente"]}}])
async def test_a_candidacy_in_an_association_that_is_not_there_is_refused_as_in_another_one_s(
    site: Site, wrong: dict[str, Any]
) -> None:
    await walk.opened(site)
    bodies = [candidacy(association_id=one) | wrong for one in (OTHER, "association-absente")]

    others, absent = [await site.call("face", "POST", "/v1/mentors", body) for body in bodies]

    assert (others.status_code, others.json()["code"]) == (403, "outside_your_scope")
    assert others.json() == absent.json()


async def test_why_an_association_is_suspended_is_told_to_it_its_academie_the_dpo_and_the_inspection(
    site: Site,
) -> None:
    await admitted(site)
    moment = (await site.do("lyon", "PUT", f"{PATH}/suspension", CAUSE))["position"]
    known = (await site.executor.now()).isoformat().replace("+00:00", "Z")
    paths = ("/v1/associations", PATH, f"{PATH}?known_at={known}", f"{PATH}/history{MOST}", "/v1/deadlines")

    seen, told = set(), set()
    for who in ROLES:
        answer = await site.get(who, PATH)
        if answer.status_code != 200:
            continue
        seen.add(who)
        assert (answer.json()["status"], answer.json()["blocks"][0]["block"]) == ("suspended", "suspended")
        if _tells_why(await everything(site, who, *paths)):
            told.add(who)
        reserved = (await site.get(who, f"{PATH}/history{MOST}")).json()["items"][-1]["reserved"]
        assert reserved == ({"cause": "fault"} if who in TOLD_THE_CAUSE else None)

    assert seen == TOLD_THE_CAUSE | {"national"}
    assert told == TOLD_THE_CAUSE
    assert Association.reserved_to.isdisjoint({"person", "lycee", "national", "operator"})
    events = (await site.get("lyon", f"/v1/events?after={moment - 1}")).json()["items"]
    assert "cause" not in json.dumps([one["data"] for one in events if one["subject"] == FACE])


def _tells_why(text: str) -> bool:
    return '"fault"' in text or SUSPENSION_LABELS[SuspensionCause.FAULT] in text


async def test_an_enrolment_is_answered_with_the_place_or_the_rank_and_again_alike(site: Site) -> None:
    await walk.opened(site)
    names = ("mentor-1", "mentor-2", "mentor-3")
    await courses.mentors(site, *names)
    path = f"{await courses.opened(site)}/enrolments"

    async def told() -> list[dict[str, Any]]:
        answers = [
            await site.call("face", "POST", path, {"mentor_id": name}, key=f"enrol-{name}") for name in names
        ]
        assert {answer.status_code for answer in answers} == {200}
        return [answer.json() for answer in answers]

    first = await told()
    await site.do("face", "DELETE", f"{path}/mentor-1")
    again = await told()

    assert [(one["state"], one["place_in_queue"]) for one in first] == [
        ("enrolled", None),
        ("waiting", 1),
        ("waiting", 2),
    ]
    assert first[1]["state_label"] == "sur liste d'attente"
    assert again == first
