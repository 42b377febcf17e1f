"""Every kind of record on another day, and as it was known: what a reader of today may be told of then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.api import walk
from tests.api.conftest import FACE, Site
from tests.api.test_companies import FIRM, registered
from tests.api.test_mentors import GIVEN, applied, filed, interview
from tests.api.test_trainings import planned
from tests.api.walk import TODAY

BEFORE = (TODAY - timedelta(days=9)).isoformat()
LATER = (TODAY - timedelta(days=2)).isoformat()


async def read(site: Site, path: str, **asked: str) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    answer = await site.get("face", f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_mentor_s_status_follows_the_latest_of_the_facts_it_rests_on(site: Site) -> None:
    await walk.opened(site)
    path = f"/v1/mentors/{await applied(site, on=BEFORE)}"
    charter = {"on": LATER, "version": "2025.1", "channel": "paper"}
    await site.do("face", "POST", f"{path}/charter", charter)
    await site.do("face", "POST", f"{path}/identity", {"on": BEFORE, "channel": "meeting"})

    then = await read(site, path, as_of=LATER)
    now = await read(site, path, as_of=(TODAY + timedelta(days=1)).isoformat())
    early = await site.get("face", f"{path}?as_of={(TODAY - timedelta(days=10)).isoformat()}")

    assert (then["status"], then["status_label"]) == ("file_complete", "dossier complet")
    assert then["rules_version"] == 1
    assert (early.status_code, early.json()["code"]) == (404, "not_yet_known")
    assert now["status"] == (await read(site, path))["status"] == "file_complete"


async def _mentor(site: Site) -> tuple[str, Callable[[], Awaitable[Any]]]:
    mentor = await applied(site)
    path = f"/v1/mentors/{mentor}"

    async def more() -> None:
        await filed(site, mentor)
        await site.do("face", "POST", f"{path}/interviews", interview())

    return path, more


async def _training(site: Site) -> tuple[str, Callable[[], Awaitable[Any]]]:
    path = "/v1/trainings/" + (await site.do("face", "POST", "/v1/trainings", planned(10)))["id"]
    return path, lambda: site.do("face", "POST", f"{path}/opening")


async def _company(site: Site) -> tuple[str, Callable[[], Awaitable[Any]]]:
    path = await registered(site)
    return path, lambda: site.do("lyon", "PUT", f"{path}/firm", FIRM | {"name": "Élan"}, etag=1)


async def _association(site: Site) -> tuple[str, Callable[[], Awaitable[Any]]]:
    path = f"/v1/associations/{FACE}"
    opening = {"programme_id": "programme-1j1m", "on": TODAY.isoformat(), "channel": "meeting"}
    return path, lambda: site.do("lyon", "POST", f"{path}/admission", opening)


@pytest.mark.parametrize("made", [_mentor, _training, _company, _association])
async def test_a_record_of_any_kind_reads_as_it_was_known(
    site: Site, made: Callable[[Site], Awaitable[tuple[str, Callable[[], Awaitable[Any]]]]]
) -> None:
    await walk.opened(site)
    path, more = await made(site)
    first = await read(site, path)
    instant = first["updated_at"]
    await more()

    known = await read(site, path, known_at=instant)
    both = await read(site, path, known_at=instant, as_of=(TODAY + timedelta(days=1)).isoformat())
    live = await read(site, path)
    earlier = await site.get("face", f"{path}?known_at=2020-01-01")

    assert known == first | {"next": known.get("next", [])} if "next" in first else known == first
    assert known["version"] < live["version"]
    assert (both["status"], both["version"]) == (first["status"], 1)
    assert both["status_label"] == first["status_label"]
    assert (earlier.status_code, earlier.json()["code"]) == (404, "not_yet_known")


async def _convention(site: Site) -> tuple[str, Callable[[], Awaitable[Any]]]:
    convention = await walk.drafted(site)
    return f"/v1/conventions/{convention}", lambda: walk.named(site, convention)


@pytest.mark.parametrize("made", [_mentor, _training, _company, _association, _convention])
async def test_a_record_of_any_kind_is_explained_as_it_was_known(
    site: Site, made: Callable[[Site], Awaitable[tuple[str, Callable[[], Awaitable[Any]]]]]
) -> None:
    await walk.opened(site)
    path, more = await made(site)
    instant = (await read(site, path))["updated_at"]
    why = f"{path}/explanation"
    first = await read(site, why)
    await more()

    known = await read(site, why, known_at=instant)
    both = await read(site, why, known_at=instant, as_of=(TODAY + timedelta(days=1)).isoformat())
    live = await read(site, why)
    then, standing = await read(site, why, as_of=instant), await read(site, path, as_of=instant)

    assert known == first | {"known_at": known["known_at"], "as_of": known["as_of"]}
    assert (both["status"], both["version"]) == (first["status"], first["version"])
    assert first["version"] < live["version"]
    told = ("status", "status_label", "since", "since_recorded")
    assert [then[name] for name in told] == [standing[name] for name in told]


async def test_the_past_shows_persons_to_those_who_may_see_them_and_to_nobody_else(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    instant = (await read(site, f"/v1/mentors/{mentor}"))["updated_at"]
    await filed(site, mentor)
    told = {
        who: (await site.get(who, f"/v1/mentors/{mentor}?known_at={instant}"))
        for who in ("face", "lyon", "auditor", "other")
    }

    assert told["face"].json()["persons"]["given_name"] == GIVEN
    assert told["lyon"].json()["persons"] == told["auditor"].json()["persons"] == {}
    assert told["other"].status_code == 404
