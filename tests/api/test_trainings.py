"""Courses over HTTP: places and who waits, attendance, certificates; and what others may see of it all."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.calendar import add_months
from domain.kernel import SYSTEM
from domain.mentor.parts import Person
from domain.ports import Request
from domain.training.commands import Hold
from tests.api import walk
from tests.api.conftest import FACE, OTHER, Site
from tests.api.walk import TODAY
from tests.domain.mentor_support import applying
from tests.support import COORDINATOR

PARIS = ZoneInfo("Europe/Paris")
TRAINER = "Dominique Formatrice-Introuvable"
ROOM = "Chez Sacha Introuvable"


def course(days: int = 7, **changes: Any) -> dict[str, Any]:
    """Four hours in the morning, so many days from today."""
    starts = datetime.combine(TODAY + timedelta(days=days), time(9), PARIS)
    return {
        "title": "Être mentor·e",
        "modules": [{"code": "posture", "minutes": 180}, {"code": "oral", "minutes": 60, "required": False}],
        "places": 1,
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=4)).isoformat(),
        "place": ROOM,
        "trainer": TRAINER,
        **changes,
    }


def planned(days: int = 7, association: str = FACE, **changes: Any) -> dict[str, Any]:
    ours = {"association_id": association, "programme_id": "programme-1j1m"}
    return course(days, **changes) | ours


async def mentors(site: Site, *record_ids: str) -> None:
    """Candidates of FACE: who they are does not matter here."""
    for record_id in record_ids:
        person = Person("Camille", record_id, f"{record_id}@exemple.test")
        command = applying(record_id, person)
        await site.executor.execute(Request(command, COORDINATOR, f"seed:{record_id}"))


async def opened(site: Site, days: int = 7, **changes: Any) -> str:
    """A course of FACE's, open to enrolment; answers its address."""
    created = (await site.do("face", "POST", "/v1/trainings", planned(days, **changes)))["id"]
    await site.do("face", "POST", f"/v1/trainings/{created}/opening")
    return f"/v1/trainings/{created}"


async def enrol(site: Site, path: str, *record_ids: str) -> None:
    for record_id in record_ids:
        await site.do("face", "POST", f"{path}/enrolments", {"mentor_id": record_id})


async def states(site: Site, path: str) -> dict[str, str]:
    found = (await site.get("face", path)).json()
    return {one["mentor_id"]: one["state"] for one in found["enrolments"]}


async def held(site: Site, *record_ids: str) -> str:
    """A course that took place yesterday, where everybody enrolled was present."""
    path = await opened(site, -1, places=len(record_ids))
    await enrol(site, path, *record_ids)
    command = Hold(record_id=path.rpartition("/")[2])
    await site.executor.execute(Request(command, SYSTEM, f"{path}:hold"))
    for record_id in record_ids:
        await site.do("face", "PUT", f"{path}/enrolments/{record_id}/attendance", {"present": True})
    return path


async def code(
    site: Site, who: str, method: str, path: str, body: Any = None, **more: Any
) -> tuple[int, str]:
    answer = await site.call(who, method, path, body, **more)
    return answer.status_code, answer.json()["code"]


@pytest.fixture
async def school(site: Site) -> Site:
    """A programme, two associations, and two mentors of FACE."""
    await walk.opened(site)
    await mentors(site, "mentor-1", "mentor-2")
    return site


async def test_beyond_the_places_one_waits_and_a_withdrawal_promotes_the_first(school: Site) -> None:
    path = await opened(school)
    await enrol(school, path, "mentor-1", "mentor-2")
    full = (await school.get("face", path)).json()
    first = await states(school, path)

    gone = await school.do("face", "DELETE", f"{path}/enrolments/mentor-1")
    now = (await school.get("face", f"{path}?min_position={gone['position']}")).json()

    assert first == {"mentor-1": "enrolled", "mentor-2": "waiting"}
    assert (full["places"], full["taken"], full["waiting"]) == (1, 1, 1)
    assert [(one["mentor_id"], one["label"]) for one in now["enrolments"]] == [("mentor-2", "inscrit·e")]
    assert (now["taken"], now["waiting"]) == (1, 0)


async def test_of_two_who_ask_for_the_last_place_at_once_one_waits(school: Site) -> None:
    path = await opened(school)
    both = [
        school.call("face", "POST", f"{path}/enrolments", {"mentor_id": one})
        for one in ("mentor-1", "mentor-2")
    ]

    answers = await asyncio.gather(*both)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert sorted((await states(school, path)).values()) == ["enrolled", "waiting"]


async def test_whoever_was_there_is_certified_and_the_course_is_closed(school: Site) -> None:
    path = await held(school, "mentor-1", "mentor-2")
    await school.do("face", "PUT", f"{path}/enrolments/mentor-2/attendance", {"present": False})
    part = {"present": True, "minutes": 200, "modules": ["posture"]}
    await school.do("face", "PUT", f"{path}/enrolments/mentor-1/attendance", part)
    await school.do("face", "PUT", f"{path}/enrolments/mentor-1/certificate", {"on": TODAY.isoformat()})
    await school.do("face", "POST", f"{path}/closure", {})

    shown = (await school.get("face", path)).json()
    first, second = shown["enrolments"]

    assert (first["state"], first["minutes"], first["modules"]) == ("certified", 200, ["posture"])
    assert first["valid_until"] == add_months(TODAY, 24).isoformat()
    assert (second["state"], second["minutes"], second["valid_until"]) == ("absent", 0, None)
    assert (shown["status"], shown["closed_on"]) == ("closed", TODAY.isoformat())
    history = (await school.get("face", "/v1/trainings/{}/history".format(shown["id"]))).json()["items"]
    assert "training.Certified@1" in [one["topic"] for one in history]


async def test_what_the_rules_refuse_is_told_with_its_code(school: Site) -> None:
    path = await opened(school)
    await enrol(school, path, "mentor-1", "mentor-2")
    one = f"{path}/enrolments/mentor-1"
    day = {"on": TODAY.isoformat()}

    assert await code(school, "face", "PUT", f"{one}/attendance", {"present": True}) == (409, "not_begun")
    assert await code(school, "face", "PUT", f"{one}/certificate", day) == (409, "wrong_status")
    assert await code(school, "face", "POST", f"{path}/closure") == (409, "wrong_status")
    enrolments, again = f"{path}/enrolments", {"mentor_id": "mentor-1"}
    assert await code(school, "face", "POST", enrolments, again) == (409, "already_enrolled")
    unknown = {"mentor_id": "mentor-unknown"}
    assert await code(school, "face", "POST", enrolments, unknown) == (409, "no_such_mentor")
    assert await code(school, "face", "DELETE", f"{enrolments}/mentor-9") == (409, "not_enrolled")
    assert await code(school, "lyon", "POST", f"{path}/opening") == (403, "role_not_allowed")
    past = await opened(school, -1)
    await enrol(school, past, "mentor-1", "mentor-2")
    waiting = f"{past}/enrolments/mentor-2/attendance"
    assert await code(school, "face", "PUT", waiting, {"present": True}) == (409, "still_waiting")
    late = {"present": True, "minutes": 241}
    first = f"{past}/enrolments/mentor-1/attendance"
    assert await code(school, "face", "PUT", first, late) == (409, "minutes_unlikely")


async def test_a_course_is_cancelled_with_a_reason_that_its_history_keeps(school: Site) -> None:
    path = await opened(school)
    assert await code(school, "face", "POST", f"{path}/cancellation", {}) == (422, "invalid")

    await school.do("face", "POST", f"{path}/cancellation", {"reason": "Salle fermée."})

    shown = (await school.get("face", path)).json()
    last = (await school.get("face", f"{path}/history")).json()["items"][-1]
    hidden = (await school.get("lyon", f"{path}/history")).json()["items"][-1]
    assert (shown["status"], shown["status_label"]) == ("cancelled", "annulée")
    assert (last["label"], last["reason"]) == ("Formation annulée", "Salle fermée.")
    assert hidden["reason"] == {"withheld": True}
    enrolling = {"mentor_id": "mentor-1"}
    assert await code(school, "face", "POST", f"{path}/enrolments", enrolling) == (409, "wrong_status")


async def test_another_association_neither_sees_a_course_nor_touches_it(school: Site) -> None:
    path = await opened(school)
    body = {"mentor_id": "mentor-1"}
    for method, address, sent, etag in (
        ("POST", f"{path}/enrolments", body, None),
        ("DELETE", f"{path}/enrolments/mentor-1", None, None),
        ("POST", f"{path}/cancellation", {"reason": "Non."}, None),
        ("PUT", f"{path}/course", course(), 2),
    ):
        assert await code(school, "other", method, address, sent, etag=etag) == (404, "not_found"), address
    for address in (path, f"{path}/history"):
        answer = await school.get("other", address)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    for query in ("", f"?association={FACE}", "?mentor=mentor-1"):
        assert (await school.get("other", f"/v1/trainings{query}")).json()["items"] == []
    assert await code(school, "other", "POST", "/v1/trainings", planned()) == (403, "outside_your_scope")
    theirs = await school.do("other", "POST", "/v1/trainings", planned(association=OTHER))
    await school.do("other", "POST", f"/v1/trainings/{theirs['id']}/opening")
    address = f"/v1/trainings/{theirs['id']}/enrolments"
    assert await code(school, "other", "POST", address, body) == (409, "no_such_mentor")
    for method, address in (("GET", path), ("GET", "/v1/trainings"), ("POST", f"{path}/opening")):
        assert (await school.call(None, method, address)).status_code == 401


async def test_who_trains_and_where_is_shown_to_the_association_and_the_dpo_only(school: Site) -> None:
    path = await opened(school)
    for who in ("face", "dpo"):
        told = (await school.get(who, path)).json()
        assert (told["place"], told["persons"]) == (ROOM, {"trainer": TRAINER}), who
    for who in ("lyon", "auditor"):
        for address in (path, "/v1/trainings", f"{path}/history"):
            answer = await school.get(who, address)
            assert answer.status_code == 200, (who, address)
            assert "Introuvable" not in answer.text, (who, address)
        hidden = (await school.get(who, path)).json()
        assert (hidden["place"], hidden["link"], hidden["persons"]) == ({"withheld": True}, None, {})
    log = (await school.get("dpo", "/v1/readings")).json()["items"]
    assert "trainings_read" in {one["purpose"] for one in log}


async def test_a_change_names_the_version_read_and_takes_no_place_away(school: Site) -> None:
    path = await opened(school, places=2)
    await enrol(school, path, "mentor-1", "mentor-2")
    etag = (await school.get("face", path)).headers["ETag"].strip('"')

    assert await code(school, "face", "PUT", f"{path}/course", course()) == (428, "version_required")
    refused = await code(school, "face", "PUT", f"{path}/course", course(), etag=etag)
    assert refused == (409, "places_taken")
    await school.do(
        "face", "PUT", f"{path}/course", course(9, places=3, link="https://visio.test/1"), etag=int(etag)
    )
    stale = await code(school, "face", "PUT", f"{path}/course", course(places=3), etag=etag)
    assert stale == (412, "version_changed")
    shown = (await school.get("face", path)).json()
    assert (shown["places"], shown["link"]) == (3, "https://visio.test/1")
    assert shown["starts_at"].startswith((TODAY + timedelta(days=9)).isoformat())


async def test_courses_are_listed_the_latest_planned_first_and_by_each_filter(
    school: Site,
) -> None:
    later, sooner = await opened(school, 20), await opened(school, 3)
    draft = "/v1/trainings/" + (await school.do("face", "POST", "/v1/trainings", planned(10)))["id"]
    await enrol(school, later, "mentor-1")
    theirs = (await school.do("other", "POST", "/v1/trainings", planned(5, OTHER)))["id"]

    async def listed(query: str, who: str = "face") -> list[str]:
        items = (await school.get(who, f"/v1/trainings?{query}")).json()["items"]
        return ["/v1/trainings/" + one["id"] for one in items]

    assert await listed("") == [draft, sooner, later]
    assert await listed("status=planned") == [draft]
    assert await listed("mentor=mentor-1") == [later]
    assert await listed(f"starts_after={TODAY + timedelta(days=10)}") == [draft, later]
    assert await listed(f"starts_before={TODAY + timedelta(days=10)}") == [sooner]
    assert await listed("academie=08", "dpo") == [f"/v1/trainings/{theirs}"]
    assert await listed(f"association={FACE}", "dpo") == [draft, sooner, later]
    assert await listed("stuck_days=0") == await listed(f"expiring_before={TODAY}") == []
    first = (await school.get("face", "/v1/trainings?limit=2")).json()
    assert await listed(f"limit=2&after={first['next']}") == [later]


@pytest.mark.parametrize(
    "changes",
    [
        {"starts_at": "2026-01-12T09:00:00"},
        {"starts_at": "2026-01-12"},
        {"starts_at": 1_768_208_400},
        {"modules": [{"code": "Protection des mineurs", "minutes": 60}]},
        {"places": "12"},
        {"trainer": TRAINER + "\u0007"},
    ],
)
async def test_what_cannot_be_read_is_told_without_naming_anybody(
    school: Site, changes: dict[str, Any]
) -> None:
    answer = await school.call("face", "POST", "/v1/trainings", planned(**changes))

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["where"].startswith(f"body.{next(iter(changes))}")
    assert "Introuvable" not in answer.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"modules": []}, "modules_missing"),
        ({"modules": [{"code": "posture", "minutes": 0}]}, "minutes_unlikely"),
        ({"places": 0}, "places_unlikely"),
        ({"place": None}, "place_missing"),
        ({"ends_at": "2020-01-12T09:00:00Z"}, "period_reversed"),
        ({"programme_id": "programme-cordees"}, "unknown_record"),
    ],
)
async def test_what_is_no_course_is_refused_by_the_domain(
    school: Site, changes: dict[str, Any], said: str
) -> None:
    body = planned() | changes
    assert await code(school, "face", "POST", "/v1/trainings", body) == (409, said)


async def test_a_certificate_lasts_as_long_as_the_rules_adopted_say(school: Site) -> None:
    rules = {
        "admission": {"documents": ["statutes"], "insurance_alert": {"count": 2, "unit": "months"}},
        "mentors": {"mentees": 3},
        "training": {"certificate": {"count": 6, "unit": "months"}, "minutes": 120},
    }
    adopted = {"on": TODAY.isoformat(), "rules": rules, "academie": "10"}
    await school.do("lyon", "POST", "/v1/programmes/programme-1j1m/rules", adopted)
    path = await held(school, "mentor-1")
    await school.do("face", "PUT", f"{path}/enrolments/mentor-1/certificate", {"on": TODAY.isoformat()})

    shown = (await school.get("face", path)).json()
    stored = (await school.get("face", "/v1/programmes/programme-1j1m")).json()["versions"][-1]["rules"]

    assert shown["rules_version"] == 2
    assert shown["enrolments"][0]["valid_until"] == add_months(TODAY, 6).isoformat()
    assert stored["admission"]["documents"] == ["statutes"]
    assert stored["mentors"]["mentees"] == 3
    assert stored["training"]["minutes"] == 120
    assert stored["training"]["attendance"] == {"count": 5, "unit": "school_days"}


@pytest.mark.parametrize(
    ("rules", "answered"),
    [
        ({"admission": {"documents": ["passport"]}}, (409, "rules_unusable")),
        ({"admission": {"entitlement_alerts": [{"count": 30}, {"count": 60}]}}, (409, "rules_unusable")),
        ({"training": {"certificate": {"count": 5, "unit": "school_days"}}}, (409, "rule_out_of_bounds")),
        ({"mentors": {"check_alerts": [{"count": 5, "unit": "school_days"}]}}, (409, "rule_out_of_bounds")),
        ({"mentors": {"honorabilite": [{"mission": "x", "starts": "hier"}]}}, (422, "invalid")),
        ({"training": {"hours": 4}}, (422, "invalid")),
    ],
)
async def test_rules_that_nobody_could_follow_are_refused(
    school: Site, rules: dict[str, Any], answered: tuple[int, str]
) -> None:
    body = {"on": TODAY.isoformat(), "rules": rules, "academie": "10"}
    assert await code(school, "lyon", "POST", "/v1/programmes/programme-1j1m/rules", body) == answered
