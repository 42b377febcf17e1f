"""Links over HTTP: how somebody without an account comes in, does one thing, and reaches nothing else."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from api import sign_in
from api.charter import CURRENT
from api.problems import Refusal
from api.sign_in import OPEN_TO_PERSONS, SignIn
from api.throttle import Pace, Throttle, caller_of
from domain.kernel import Forbidden
from tests.api import test_admission, test_mentors, walk
from tests.api.conftest import FACE, Site
from tests.api.estate import Estate, example_of, filled, furnished, operations
from tests.api.test_mentors import candidacy, person
from tests.api.walk import TODAY
from tests.conftest import Database

ON = TODAY.isoformat()
OPENING = {"programme_id": "programme-1j1m", "on": ON, "channel": "online"}
CHARTER = {"on": ON, "version": "2025.1", "channel": "online"}
ADMISSION = f"/v1/associations/{FACE}/admission"


def own(**changes: Any) -> dict[str, Any]:
    return {"person": person(**changes), "profile": {"status": "retired", "availability": "Le mardi."}}


async def invited(site: Site, who: str, path: str, action: str, days: int = 14) -> dict[str, Any]:
    """A link, whose holder is then ``guest``."""
    body = {"action": action, "expires_on": (TODAY + timedelta(days=days)).isoformat()}
    given = await site.do(who, "POST", f"{path}/links", body)
    site.bearers["guest"] = given["secret"]
    return given


async def to_admission(site: Site) -> dict[str, Any]:
    await walk.opened(site)
    return await invited(site, "lyon", f"/v1/associations/{FACE}", "admission")


async def to_candidates(site: Site, action: str = "candidacy") -> dict[str, Any]:
    await test_admission.opened(site)
    return await invited(site, "face", f"/v1/associations/{FACE}", action)


async def to_sign(site: Site) -> str:
    await walk.opened(site)
    mentor = await test_mentors.applied(site)
    await invited(site, "face", f"/v1/mentors/{mentor}", "file")
    return mentor


async def told(site: Site) -> dict[str, Any]:
    answer = await site.call("guest", "GET", "/v1/link")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def sent(told: dict[str, Any], **typed: Any) -> dict[str, Any]:
    """What the page sends: the body that it was told, with what was typed."""
    body: dict[str, Any] = dict(told["body"])
    for path, value in typed.items():
        assert path.replace("__", ".") in told["fill_in"]
        place = body
        *steps, last = path.split("__")
        for step in steps:
            place = place.setdefault(step, {})
        place[last] = value
    return body


# What each link is for --------------------------------------------------------------------------------


async def test_an_invited_association_opens_its_admission_once(site: Site) -> None:
    link = await to_admission(site)
    assert re.fullmatch(r"lnk_[0-9A-Za-z_-]{43}", link["secret"])
    assert link["address"] == f"http://api.test/lien#{link['secret']}"
    asked = await told(site)
    assert (asked["association"], asked["expires_on"]) == (FACE, (TODAY + timedelta(days=14)).isoformat())
    assert asked["paper"].endswith("qui l'enregistre.")

    answer = await site.call(
        "guest", asked["method"], asked["path"], sent(asked, programme_id="programme-1j1m")
    )

    assert answer.status_code == 200, answer.text
    row = (await site.get("lyon", f"/v1/associations/{FACE}")).json()
    assert (row["status"], [one["state"] for one in row["links"]]) == ("in_admission", ["spent"])
    assert (await site.call("guest", "POST", ADMISSION, OPENING)).status_code == 401
    (opened,) = [
        one
        for one in (await site.get("lyon", f"/v1/associations/{FACE}/history")).json()["items"]
        if one["topic"] == "association.AdmissionOpened@1"
    ]
    assert (opened["actor"], opened["role"]) == (f"link:{link['link']}", "person")


async def test_a_mentor_signs_the_charter_once_and_is_told_the_association_s_name_alone(site: Site) -> None:
    mentor = await to_sign(site)
    asked = await told(site)
    assert (asked["action"], asked["association"]) == ("file", FACE)
    assert not [word for word in test_mentors.PLANTED if word in str(asked)]

    assert asked["text"] == CURRENT.text
    assert (asked["body"]["version"], asked["fill_in"]) == (CURRENT.version, {})
    assert f"Version {CURRENT.version}" in CURRENT.text
    other = await site.call("guest", "POST", asked["path"], asked["body"] | {"version": "2024.9"})
    assert (other.status_code, other.json()["code"]) == (409, "charter_superseded")

    answer = await site.call("guest", "POST", asked["path"], asked["body"])

    assert answer.status_code == 200, answer.text
    found = await test_mentors.read(site, mentor)
    assert found["charter"] == {"signed_on": ON, "version": "2025.1"}
    assert (await site.call("guest", "POST", asked["path"], CHARTER)).status_code == 401


async def test_a_candidate_comes_to_the_association_whose_link_it_is(site: Site) -> None:
    await to_candidates(site)
    asked = await told(site)
    body = sent(
        asked,
        person__given_name="Camille",
        person__family_name="Exemple",
        person__email="camille@exemple.example",
        profile__status="retired",
    )
    answer = await site.call("guest", asked["method"], asked["path"], body)

    assert (answer.status_code, set(answer.json())) == (200, {"received_on", "message"})
    assert {"etag", "location"}.isdisjoint(answer.headers)
    (mentor,) = (await site.get("face", "/v1/mentors")).json()["items"]
    assert (mentor["association"], mentor["channel"]) == (FACE, "form")
    assert mentor["id"] not in answer.text
    assert (await site.call("guest", "POST", asked["path"], body)).status_code == 401


async def test_the_public_form_serves_everybody_until_it_is_revoked(site: Site) -> None:
    link = await to_candidates(site, "form")
    assert (await told(site))["reusable"]
    for n in range(3):
        answer = await site.call(
            "guest", "POST", "/v1/candidacies", own(email=f"c{n}@e.example", given_name=f"C{n}")
        )
        assert answer.status_code == 200, answer.text
    assert len((await site.get("face", "/v1/mentors")).json()["items"]) == 3

    await site.do("face", "DELETE", f"/v1/associations/{FACE}/links/{link['link']}")

    assert (await site.call("guest", "POST", "/v1/candidacies", own())).status_code == 401


@pytest.mark.parametrize("action", ["candidacy", "form"])
async def test_somebody_known_already_is_answered_like_anybody(site: Site, action: str) -> None:
    await to_candidates(site, action)
    unknown = await site.call(
        "guest", "POST", "/v1/candidacies", own(email="a@exemple.example", given_name="A")
    )
    await site.do("face", "POST", "/v1/mentors", candidacy())
    await invited(site, "face", f"/v1/associations/{FACE}", action)
    before = len((await site.get("face", "/v1/mentors")).json()["items"])

    known = await site.call("guest", "POST", "/v1/candidacies", own())

    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert {name for name in known.headers if name != "x-request-id"} == {
        name for name in unknown.headers if name != "x-request-id"
    }
    assert len((await site.get("face", "/v1/mentors")).json()["items"]) == before == 2
    served = await site.call("guest", "GET", "/v1/link")
    assert served.status_code == (401 if action == "candidacy" else 200)


async def test_a_key_that_served_says_nothing_of_who_is_known_either(site: Site) -> None:
    """By the public form, which anybody may try: the same key again, for somebody else."""
    await to_candidates(site, "form")
    await site.do("face", "POST", "/v1/mentors", candidacy())
    other = own(email="autre@exemple.example", given_name="B")
    answers = []
    for key, first in (("known", own()), ("new", own(email="a@exemple.example", given_name="A"))):
        await site.call("guest", "POST", "/v1/candidacies", first, key=key)
        answers.append(await site.call("guest", "POST", "/v1/candidacies", other, key=key))

    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[0].content == answers[1].content


# What makes it serve no more --------------------------------------------------------------------------


async def test_of_two_at_once_one_acts(site: Site) -> None:
    await to_admission(site)
    answers = await asyncio.gather(*(site.call("guest", "POST", ADMISSION, OPENING) for _ in range(2)))
    assert sorted(one.status_code for one in answers)[0] == 200
    (late,) = (one for one in answers if one.status_code != 200)
    assert late.status_code == 401 or (late.status_code, late.json()["code"]) == (409, "link_spent")
    events = (await site.executor.recorder.load([FACE])).events
    assert [one.topic for one in events].count("association.AdmissionOpened@1") == 1


async def test_a_link_opens_nothing_after_its_last_day_in_paris(site: Site, database: Database) -> None:
    await to_admission(site)
    for days, status in ((14, 200), (15, 401)):
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            owner.execute("UPDATE ledger.clock SET shift = %s", (timedelta(days=days),))
        assert (await site.call("guest", "GET", "/v1/link")).status_code == status, days
    assert (await site.call("guest", "POST", ADMISSION, OPENING)).status_code == 401


async def test_whatever_opens_nothing_is_answered_alike(site: Site) -> None:
    await to_admission(site)
    spent = site.bearers["guest"]
    assert (await site.call("guest", "POST", ADMISSION, OPENING)).status_code == 200
    await site.do("lyon", "POST", f"{ADMISSION}/refusal", {"reason": "Incomplet."})
    link = await invited(site, "lyon", f"/v1/associations/{FACE}", "admission")
    revoked = link["secret"]
    await site.do("lyon", "DELETE", f"/v1/associations/{FACE}/links/{link['link']}")
    expected = await site.client.get("/v1/link")
    for secret in (spent, revoked, "lnk_" + "x" * 43, "lnk_", revoked[:-1], revoked + "x", "lnk_" + "é" * 43):
        header = {b"Authorization": f"Bearer {secret}".encode("latin-1")}
        answer = await site.client.get("/v1/link", headers=header)
        assert (answer.status_code, answer.content) == (401, expected.content), secret
        assert answer.headers["www-authenticate"] == expected.headers["www-authenticate"]


async def test_reading_a_link_a_hundred_times_changes_nothing(site: Site) -> None:
    await to_admission(site)
    before = await site.executor.recorder.head()
    for _ in range(100):
        assert (await site.call("guest", "GET", "/v1/link")).status_code == 200
        assert (await site.call("guest", "HEAD", "/v1/link")).status_code == 200
        assert (await site.call(None, "GET", "/lien")).status_code == 200
    assert await site.executor.recorder.head() == before
    assert (await site.call("guest", "POST", ADMISSION, OPENING)).status_code == 200


# What it does not reach -------------------------------------------------------------------------------


async def test_a_link_reaches_no_other_operation_and_no_word_of_any_record(site: Site) -> None:
    """Every operation, with records that exist, by a link on one of them."""
    estate = await furnished(site)
    mentor = estate.ids["mentors"]
    await invited(site, "face", f"/v1/mentors/{mentor}", "file")
    refused = []
    for method, path, operation in (*operations(site, "GET"), *_others(site)):
        if path in {"/v1/link", "/v1/candidacies"} or path.endswith("/charter") or not _closed(path):
            continue
        headers = {} if method == "GET" else {"If-Match": '"1"'}
        body = None if method == "GET" else example_of(site, operation)
        answer = await site.call("guest", method, filled(path, estate), body, headers=headers)
        refused.append((method, path, answer.status_code))
        assert answer.status_code in {403, 404}, (method, path, answer.text)
        if answer.status_code == 403 and not path.endswith("/admission"):
            assert answer.json()["code"] == "role_not_allowed"
        assert not [word for word in estate.words - {FACE, mentor} if word in answer.text]
    assert len(refused) > 70


def _closed(path: str) -> bool:
    return path.startswith("/v1") and not path.startswith("/v1/problems")


def _others(site: Site) -> list[tuple[str, str, dict[str, Any]]]:
    return [one for method in ("POST", "PUT", "DELETE") for one in operations(site, method)]


async def test_a_link_serves_for_its_own_action_and_record(site: Site) -> None:
    estate: Estate = await furnished(site)
    mentor, other = estate.ids["mentors"], estate.theirs["mentors"]
    await invited(site, "face", f"/v1/mentors/{mentor}", "file")
    for path, body, status in (
        (f"/v1/mentors/{other}/charter", CHARTER, 404),
        ("/v1/mentors/mentor-absent/charter", CHARTER, 404),
        (ADMISSION, OPENING, 404),
        ("/v1/candidacies", own(), 404),
    ):
        answer = await site.call("guest", "POST", path, body)
        assert answer.status_code == status, (path, answer.text)
    await invited(site, "face", f"/v1/associations/{FACE}", "form")
    wrong = await site.call("guest", "POST", ADMISSION, OPENING)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "link_elsewhere")


async def test_the_operations_open_to_links_are_those_that_the_table_gives_to_persons(site: Site) -> None:
    by_table = {
        (method.upper(), path)
        for path, methods in site.app.openapi()["paths"].items()
        for method, operation in methods.items()
        if "person" in operation.get("x-roles", ())
    }
    reached = {
        (method.upper(), path)
        for path, methods in site.app.openapi()["paths"].items()
        for method in methods
        if any(method.upper() == verb and shape.fullmatch(path) for verb, shape in OPEN_TO_PERSONS)
    }
    assert reached == by_table | {("GET", "/v1/link")}
    assert len(reached) == len(OPEN_TO_PERSONS) == 4


async def test_whoever_has_a_token_has_no_link(site: Site) -> None:
    await walk.opened(site)
    for who in ("lyon", "face", "dpo"):
        for method, path, body in (("GET", "/v1/link", None), ("POST", "/v1/candidacies", own())):
            answer = await site.call(who, method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


async def test_no_secret_is_kept_or_told_anywhere(
    site: Site, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = (await to_candidates(site, "form"))["secret"]
    await told(site)
    await site.call("guest", "POST", "/v1/candidacies", own())
    await site.call("guest", "GET", "/v1/mentors")
    await site.call(None, "GET", "/lien")
    await site.projector.catch_up()
    rows = _everything(database)
    assert len(rows) > 20
    assert FACE in "".join(rows)
    bare = secret.removeprefix("lnk_")
    for word in (bare, bare.encode().hex()):
        assert not [row for row in rows if word in row]
        assert word not in caplog.text
    for name in ("face", "lyon", "auditor"):
        for path in (f"/v1/associations/{FACE}", f"/v1/associations/{FACE}/history", "/v1/events?limit=200"):
            assert bare not in (await site.get(name, path)).text
    assert bare not in (await site.call(None, "GET", "/metrics")).text


def _everything(database: Database) -> list[str]:
    """Every row of every table of ours, as text: the owner sees them all."""
    found: list[str] = []
    with psycopg.connect(database.owner_dsn) as owner:
        tables = owner.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema'"
        ).fetchall()
        for table in tables:
            rows = owner.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(*table)))
            found += [row[0] for row in rows]
    return found


# How often --------------------------------------------------------------------------------------------


async def test_an_address_that_tries_secrets_is_slowed_down_and_told_until_when(site: Site) -> None:
    await to_admission(site)
    site.bearers["guest"] = "lnk_" + "x" * 43
    codes = [(await site.call("guest", "GET", "/v1/link")).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    slowed = await site.call("guest", "POST", ADMISSION, OPENING)
    assert (slowed.status_code, slowed.json()["code"]) == (429, "too_many_tries")
    assert 1 <= int(slowed.headers["retry-after"]) <= 30
    assert slowed.headers["retry-after"] in slowed.json()["detail"]
    assert (await site.call("lyon", "GET", "/v1/me")).status_code == 200


async def test_failures_keep_no_live_link_behind_the_same_address_waiting(site: Site) -> None:
    await to_admission(site)
    good = site.bearers["guest"]
    site.bearers["guest"] = "lnk_" + "x" * 43
    for _ in range(12):
        last = await site.call("guest", "GET", "/v1/link")
    assert last.status_code == 429
    site.bearers["guest"] = good
    assert (await site.call("guest", "GET", "/v1/link")).status_code == 200
    assert (await site.call("guest", "POST", ADMISSION, OPENING)).status_code == 200


async def test_what_is_handed_in_by_a_link_is_bounded_by_address_and_keeps_no_other_link_waiting(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await to_candidates(site, "form")
    codes = []
    for _ in range(sign_in.ACTS.burst + 1):
        codes.append((await site.call("guest", "POST", "/v1/candidacies", {})).status_code)
    assert codes == [422] * sign_in.ACTS.burst + [429]
    assert (await site.call("guest", "GET", "/v1/link")).status_code == 200
    await invited(site, "face", f"/v1/associations/{FACE}", "candidacy")
    assert (await site.call("guest", "POST", "/v1/candidacies", own())).status_code == 200


async def test_a_forwarded_address_is_not_believed(site: Site) -> None:
    site.bearers["guest"] = "lnk_" + "x" * 43
    codes = []
    for n in range(11):
        forged = {"X-Forwarded-For": f"203.0.113.{n}", "Forwarded": f"for=203.0.113.{n}"}
        codes.append((await site.call("guest", "GET", "/v1/link", headers=forged)).status_code)
    assert codes[-1] == 429


async def test_many_who_try_keep_nobody_waiting_who_holds_a_link(site: Site) -> None:
    """All addresses together: beyond their number one failure is enough to be slowed down."""
    await to_admission(site)
    door = SignIn(site.app.state.services.feed, site.executor, lambda: 0.0)

    async def tries(address: str, secret: str) -> bool:
        scope = {"type": "http", "method": "GET", "path": "/v1/link", "client": (address, 1), "headers": []}
        return await door.admit(scope, secret) is not None

    for n in range(sign_in.ALL_FAILURES.burst):
        assert not await tries(f"10.0.{n // 5}.{n % 5}", "lnk_" + "x" * 43)
    assert not await tries("198.51.100.1", "lnk_" + "x" * 43)
    with pytest.raises(Refusal):
        await tries("198.51.100.1", "lnk_" + "x" * 43)
    assert await tries("198.51.100.2", site.bearers["guest"])
    scope = {"type": "http", "method": "GET", "path": "/v1/mentors", "client": ("198.51.100.2", 1)}
    with pytest.raises(Forbidden):
        await door.admit(scope, site.bearers["guest"])


def test_a_bucket_fills_again_with_time_and_few_are_kept() -> None:
    instant = 100.0
    bucket = Throttle(Pace(burst=2, seconds=10.0), lambda: instant, most=3)
    assert [bucket.take("a") for _ in range(3)] == [0.0, 0.0, 10.0]
    instant = 110.0
    assert [bucket.take("a") for _ in range(2)] == [0.0, 10.0]
    assert bucket.take("b") == 0.0
    bucket.empty("b")
    assert bucket.wait("b") == 10.0
    for n in range(50):
        bucket.take(f"x{n}")
    assert len(bucket._full_at) == 3


@pytest.mark.parametrize(
    ("host", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::"),
        ("socket", "socket"),
    ],
)
def test_a_caller_is_an_address_or_the_network_that_one_subscriber_has(host: str, caller: str) -> None:
    assert caller_of({"client": (host, 1)}) == caller
    assert caller_of({}) == ""


# Giving and taking back -------------------------------------------------------------------------------


async def test_the_same_demand_twice_at_one_instant_is_one_link_and_no_misused_key(site: Site) -> None:
    await test_admission.opened(site)
    body = {"action": "form", "expires_on": (TODAY + timedelta(days=300)).isoformat()}
    path = f"/v1/associations/{FACE}/links"
    answers = await asyncio.gather(*(site.call("face", "POST", path, body, key="one") for _ in range(4)))
    assert [one.status_code for one in answers] == [200] * 4, [one.text for one in answers]
    assert len({one.json()["link"] for one in answers}) == 1
    assert len([one for one in answers if one.json()["secret"]]) == 1
    events = (await site.executor.recorder.load([FACE])).events
    assert [one.topic for one in events].count("association.LinkIssued@1") == 1


async def test_each_role_gives_its_own_links(site: Site) -> None:
    await test_admission.opened(site)
    body = {"expires_on": ON}
    path = f"/v1/associations/{FACE}/links"
    for who, action, code in (
        ("lyon", "candidacy", "link_action_reserved"),
        ("lyon", "form", "link_action_reserved"),
        ("face", "file", "link_action_unknown"),
        ("face", "admission", "wrong_status"),
        ("lycee", "form", "not_found"),
    ):
        answer = await site.call(who, "POST", path, {"action": action, **body})
        assert answer.json()["code"] == code, answer.text
    link = await invited(site, "face", f"/v1/associations/{FACE}", "form", days=365)
    assert (await site.call("guest", "GET", "/v1/link")).status_code == 200
    await site.do("lyon", "DELETE", f"{path}/{link['link']}")
    assert (await site.call("guest", "GET", "/v1/link")).status_code == 401
