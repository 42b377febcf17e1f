"""A candidacy over HTTP: of a day gone by, and of somebody who is old enough."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.api import walk
from tests.api.conftest import Site
from tests.api.test_mentors import ON, applied, candidacy, guard, person, read
from tests.api.walk import TODAY

BEFORE = (TODAY - timedelta(days=40)).isoformat()


async def test_an_existing_file_is_entered_with_its_true_dates(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site, on=BEFORE)
    found = await read(site, mentor)
    assert found["applied_on"] == BEFORE
    assert found["since"][:10] in {BEFORE, (TODAY - timedelta(days=41)).isoformat()}

    earlier = (TODAY - timedelta(days=41)).isoformat()
    for path, body in (
        ("identity", {"on": earlier, "channel": "meeting"}),
        ("charter", {"on": earlier, "version": "2025.1", "channel": "paper"}),
        ("clearance", {"on": earlier}),
    ):
        refused = await guard(site, f"/{mentor}/{path}", body)
        assert refused[0] == "too_early", path
    await site.do("face", "POST", f"/v1/mentors/{mentor}/identity", {"on": BEFORE, "channel": "meeting"})
    tomorrow = (TODAY + timedelta(days=2)).isoformat()
    other = candidacy(on=tomorrow, person=person(email="x@x.example", birth_date=None))
    assert (await guard(site, "", other))[0] == "in_the_future"


async def test_a_minor_does_not_candidate_and_their_birth_date_is_not_quoted(site: Site) -> None:
    await walk.opened(site)
    young = f"{TODAY.year - 17}-01-01"
    body: dict[str, Any] = candidacy(person=person(birth_date=young))
    refused = await site.call("face", "POST", "/v1/mentors", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "under_age")
    assert "18 ans" in refused.json()["detail"]
    assert young[:4] not in refused.text
    mentor = await applied(site, person=person(birth_date=None))
    changed = await site.call("face", "PUT", f"/v1/mentors/{mentor}/person", person(birth_date=young), etag=1)
    assert changed.json()["code"] == "under_age"


async def test_a_programme_tells_and_changes_the_age_that_it_asks_for(site: Site) -> None:
    await walk.opened(site)
    programme = (await site.get("national", "/v1/programmes/programme-1j1m")).json()
    assert programme["versions"][-1]["rules"]["mentors"]["minimum_age"] == 18
    path = "/v1/programmes/programme-1j1m/rules"
    wrong = await site.call("national", "POST", path, {"on": ON, "rules": {"mentors": {"minimum_age": 15}}})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "rule_out_of_bounds")
    await site.do("national", "POST", path, {"on": ON, "rules": {"mentors": {"minimum_age": 25}}})
    body = candidacy(person=person(birth_date=f"{TODAY.year - 20}-01-01"))
    assert (await guard(site, "", body))[0] == "under_age"
