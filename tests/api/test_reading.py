"""Reading: lists by pages, one record at any moment, what is awaited, what has happened."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.api import walk
from tests.api.conftest import FACE, Site
from tests.api.walk import FACE_PARTY, PLANTED, TODAY


async def _pages(site: Site, who: str, path: str) -> list[dict[str, Any]]:
    """Every item of a list, following ``Link``; it must say the same as ``next``."""
    found: list[dict[str, Any]] = []
    while path:
        answer = await site.get(who, path)
        body = answer.json()
        assert set(body) == {"items", "next"}
        link = answer.headers.get("link", "")
        assert bool(link) == bool(body["next"])
        found += body["items"]
        path = link[1 : link.index(">")] if link else ""
    return found


async def test_lists_come_by_pages_without_loss_or_repeat(site: Site) -> None:
    await walk.opened(site)
    made = [await walk.drafted(site) for _ in range(5)]

    listed = await _pages(site, "lyon", "/v1/conventions?limit=2&status=draft")
    history = await _pages(site, "lyon", f"/v1/conventions/{made[0]}/history?limit=1")
    events = await _pages(site, "lyon", "/v1/events?limit=3")

    assert [item["id"] for item in listed] == list(reversed(made))
    assert len(history) == 1
    sequences = [int(item["sequence"]) for item in events]
    assert sequences == sorted(set(sequences))
    assert len(sequences) >= 7


async def test_an_academie_to_which_an_association_is_extended_sees_it_and_all_that_happened_to_it(
    site: Site,
) -> None:
    await walk.opened(site)
    path = f"/v1/associations/{FACE}"
    assert (await site.get("grenoble", path)).status_code == 404
    unseen = await site.call("grenoble", "POST", f"{path}/academies", {"academie": "08"})
    assert (unseen.status_code, unseen.json()["code"]) == (404, "not_found")
    await site.do("lyon", "POST", f"{path}/academies", {"academie": "08"})

    assert (await site.get("grenoble", path)).json()["academies"] == ["08", "10"]
    listed = await _pages(site, "grenoble", "/v1/associations?academie=08")
    history = await _pages(site, "grenoble", f"{path}/history")
    assert FACE in [one["id"] for one in listed]
    assert [one["topic"] for one in history][::len(history) - 1] == [
        "association.Registered@1", "association.Extended@1",
    ]  # fmt: skip
    again = await site.call("lyon", "POST", f"{path}/academies", {"academie": "08"})
    assert (again.status_code, again.json()["code"]) == (409, "already_in_academie")
    unknown = await site.call("lyon", "POST", f"{path}/academies", {"academie": "99"})
    assert unknown.status_code == 422


async def test_an_association_is_not_extended_to_where_another_bears_its_name(site: Site) -> None:
    await walk.opened(site)
    namesake = {"name": (await site.get("lyon", f"/v1/associations/{FACE}")).json()["name"]}
    await site.do("grenoble", "POST", "/v1/associations", namesake | {"academies": ["08"]})
    answer = await site.call("lyon", "POST", f"/v1/associations/{FACE}/academies", {"academie": "08"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_held")
    assert "l'académie 08" in answer.json()["detail"]


async def test_conventions_are_found_by_every_filter(site: Site) -> None:
    await walk.opened(site)
    wanted = await walk.in_force(site)
    await walk.drafted(site, clauses={})
    term = (TODAY + timedelta(days=301)).isoformat()
    for filtered in (
        "status=in_force",
        f"association={FACE}&status=in_force",
        f"ends_before={term}",
        "scheme=1j1m",
        "academie=10&scheme=1j1m",
    ):
        found = (await site.get("lyon", f"/v1/conventions?{filtered}")).json()["items"]
        assert [item["id"] for item in found] == [wanted], filtered
    for empty in ("report_overdue=true", "academie=08", "status=expired", f"ends_before={TODAY}"):
        assert (await site.get("lyon", f"/v1/conventions?{empty}")).json()["items"] == [], empty
    assert (await site.get("lyon", "/v1/associations?name=FACE&academie=10")).json()["items"]
    assert not (await site.get("lyon", "/v1/associations?name=introuvable")).json()["items"]


async def test_a_reader_waits_for_what_it_has_just_written(site: Site) -> None:
    await walk.opened(site)
    written = (await site.call("lyon", "POST", "/v1/conventions", walk.draft())).json()
    path = f"/v1/conventions/{written['id']}"

    early = await site.call("lyon", "GET", path)
    waiting = asyncio.create_task(site.call("lyon", "GET", f"{path}?min_position={written['position']}"))
    await asyncio.sleep(0.05)
    await site.projector.catch_up()
    answer = await waiting

    assert early.status_code == 404
    assert (answer.status_code, answer.json()["version"]) == (200, 1)


async def test_a_projector_that_lags_is_a_503_with_a_time_to_come_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.dependencies.PATIENCE", 0.05)
    await walk.opened(site)
    head = await site.executor.recorder.head()

    answer = await site.call("lyon", "GET", f"/v1/conventions?min_position={head}")

    assert (answer.status_code, answer.json()["code"]) == (503, "not_yet_readable")
    assert answer.headers["retry-after"].isdecimal()


async def test_a_position_that_does_not_exist_is_the_caller_s_mistake(site: Site) -> None:
    answer = await site.get("lyon", "/v1/conventions?min_position=999999")

    assert (answer.status_code, answer.json()["code"]) == (422, "position_unknown")


async def test_a_record_says_what_it_waits_for_and_so_do_the_deadlines(site: Site) -> None:
    await walk.opened(site)
    record = await walk.to_sign(site)

    found = (await site.get("face", f"/v1/conventions/{record}")).json()
    deadlines = (await site.get("face", f"/v1/deadlines?record={record}")).json()["items"]
    mine = (await site.get("face", f"/v1/deadlines?awaits={FACE_PARTY}&kind=remind_signature")).json()

    assert found["status"] == "to_sign"
    assert {due["key"] for due in found["next"]} == {due["key"] for due in deadlines}
    assert [due["awaits"] for due in mine["items"]] == [[FACE_PARTY]]
    assert mine["items"][0]["by"] == (TODAY + timedelta(days=7)).isoformat()
    assert (await site.get("face", "/v1/deadlines?late=true")).json()["items"] == []
    soon = (TODAY + timedelta(days=1)).isoformat()
    assert (await site.get("face", f"/v1/deadlines?before={soon}")).json()["items"] == []


async def test_the_state_at_a_date_follows_the_day_of_the_fact(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)
    path = f"/v1/conventions/{record}"
    prior = {
        "signed_on": "2025-01",
        "in_force_from": "2025-01-30",
        "ends_on": "2028-01-29",
        "evidence": "archives",
    }
    await site.do("lyon", "POST", f"{path}/prior-signature", prior)

    on_the_day = (await site.get("face", f"{path}?as_of=2025-01-01")).json()
    before = await site.get("face", f"{path}?as_of=2024-12-31")
    now = (await site.get("face", f"{path}?as_of={TODAY + timedelta(days=1)}")).json()

    assert (on_the_day["status"], on_the_day["signed_on"]) == ("signed", "2025-01")
    assert (before.status_code, before.json()["code"]) == (404, "not_yet_known")
    assert now["status"] == (await site.get("face", path)).json()["status"]


async def test_a_record_reads_as_it_was_known(site: Site) -> None:
    await walk.opened(site)
    record = await walk.drafted(site)
    path = f"/v1/conventions/{record}"
    first = (await site.get("lyon", path)).json()
    await site.do("lyon", "PUT", f"{path}/clauses", walk.clauses(mentees=77), etag=1)
    instant = first["updated_at"]

    known = (await site.get("lyon", f"{path}?known_at={instant}")).json()
    both = (await site.get("lyon", f"{path}?known_at={instant}&as_of={TODAY}")).json()
    earlier = await site.get("lyon", f"{path}?known_at=2020-01-01")
    live = (await site.get("lyon", path)).json()

    assert known == first
    assert (both["status"], both["version"]) == ("draft", 1)
    assert earlier.status_code == 404
    assert live["clauses"]["mentees"] == 77


async def test_whoever_came_later_does_not_read_the_record_from_before(site: Site) -> None:
    await walk.opened(site)
    parties = [{"key": "academie:10", "name": "académie de Lyon"}]
    record = await walk.drafted(site, parties=parties)
    path = f"/v1/conventions/{record}"
    before = (await site.get("lyon", path)).json()["updated_at"]
    await site.do("lyon", "PUT", f"{path}/parties/{FACE_PARTY}", {"name": "FACE"}, etag=1)

    assert (await site.get("face", path)).status_code == 200
    assert (await site.get("face", f"{path}?known_at={before}")).status_code == 404
    assert (await site.get("lyon", f"{path}?known_at={before}")).status_code == 200


async def test_events_are_cloudevents_without_persons(site: Site) -> None:
    await walk.opened(site)
    record = await walk.signed(site)

    events = (await site.get("face", "/v1/events?limit=200")).json()["items"]

    named = [e for e in events if e["type"] == "convention.SignatoryNamed@1"]
    assert len(named) == 2
    assert all(e["specversion"] == "1.0" and e["subject"] == record for e in named)
    assert PLANTED not in json.dumps(events)


async def test_a_stream_tells_what_happens_as_it_happens_and_can_be_resumed(site: Site) -> None:
    await walk.opened(site)
    await site.projector.catch_up()

    async def later() -> None:
        await asyncio.sleep(0.3)
        await walk.drafted(site)
        await site.projector.catch_up()

    late = asyncio.create_task(later())
    # The transport of the tests hands a stream over once it has ended, a second later.
    whole = await _stream(site, "lyon")
    await late
    resumed = await _stream(site, "lyon", **{"Last-Event-ID": whole[-2]["id"]})

    assert whole[-1]["event"] == "convention.Drafted@1"
    assert json.loads(whole[-1]["data"])["type"] == "convention.Drafted@1"
    assert resumed == whole[-1:]
    assert "convention.Drafted@1" not in {e["event"] for e in await _stream(site, "grenoble")}


async def test_a_stream_resumes_from_a_position_only(site: Site) -> None:
    answer = await site.call(
        "lyon", "GET", "/v1/events", headers={"Accept": "text/event-stream", "Last-Event-ID": "hier"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "header_malformed")


async def _stream(site: Site, who: str, **headers: str) -> list[dict[str, str]]:
    answer: httpx.Response = await site.call(
        who, "GET", "/v1/events", headers={"Accept": "text/event-stream", **headers}
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block for block in answer.text.split("\n\n") if block.startswith("id: ")]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]
