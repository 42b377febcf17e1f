"""Who is in a course, over HTTP: what attendance credits, and what was certified wrongly."""

from __future__ import annotations

import asyncio

from tests.api.conftest import Site
from tests.api.test_trainings import code, enrol, held, mentors, opened, school, states
from tests.api.walk import TODAY

__all__ = ["school"]

DAY = {"on": TODAY.isoformat()}


async def test_attendance_of_a_part_says_which_modules_were_followed(school: Site) -> None:
    path = await held(school, "mentor-1", "mentor-2")
    one = f"{path}/enrolments/mentor-1"
    part = {"present": True, "minutes": 60}
    assert await code(school, "face", "PUT", f"{one}/attendance", part) == (409, "modules_untold")
    wrong = part | {"modules": ["posture"]}
    assert await code(school, "face", "PUT", f"{one}/attendance", wrong) == (409, "modules_unlikely")
    await school.do("face", "PUT", f"{one}/attendance", part | {"modules": ["oral"]})
    refused = await school.call("face", "PUT", f"{one}/certificate", DAY)
    assert (refused.status_code, refused.json()["code"]) == (409, "module_missed")
    assert refused.json()["missing"] == ["le module « posture du mentor »"]


async def test_a_certificate_given_wrongly_is_taken_back_for_a_reason(school: Site) -> None:
    path = await held(school, "mentor-1", "mentor-2")
    one = f"{path}/enrolments/mentor-1"
    await school.do("face", "PUT", f"{one}/certificate", DAY)
    await school.do("face", "POST", f"{path}/closure", {})
    assert (await school.get("face", "/v1/mentors/mentor-1")).json()["certificates"]
    assert await code(school, "face", "POST", f"{one}/certificate/revocation", {}) == (422, "invalid")

    await school.do("face", "POST", f"{one}/certificate/revocation", {"reason": "Présence notée par erreur."})

    assert (await school.get("face", "/v1/mentors/mentor-1")).json()["certificates"] == []
    assert (await states(school, path))["mentor-1"] == "attended"
    absent = {"present": False}
    assert await code(school, "face", "PUT", f"{one}/attendance", absent) == (409, "reason_missing")
    await school.do("face", "PUT", f"{one}/attendance", absent | {"reason": "Elle était absente."})
    assert (await states(school, path))["mentor-1"] == "absent"
    history = (await school.get("face", f"{path}/history?limit=100")).json()["items"]
    assert "training.CertificateRevoked@1" in [event["topic"] for event in history]


async def test_twenty_who_ask_for_a_place_at_once_are_all_answered(school: Site) -> None:
    everybody = [f"mentor-{n}" for n in range(10, 30)]
    await mentors(school, *everybody)
    path = await opened(school, places=3)
    asked = [school.call("face", "POST", f"{path}/enrolments", {"mentor_id": one}) for one in everybody]

    answers = await asyncio.gather(*asked)

    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    queue = sorted(answer.json()["place_in_queue"] or 0 for answer in answers)
    assert queue == [0, 0, 0, *range(1, 18)]


async def test_a_required_module_that_no_rule_knows_is_refused_with_those_that_are(school: Site) -> None:
    path = await opened(school)
    body = (await school.get("face", path)).json()
    told = {key: body[key] for key in ("title", "places", "starts_at", "ends_at")}
    strange = told | {"place": "Lyon", "modules": [{"code": "postur", "minutes": 60}]}
    version = f'"{body["version"]}"'
    refused = await school.call("face", "PUT", f"{path}/course", strange, headers={"If-Match": version})
    assert (refused.status_code, refused.json()["code"]) == (409, "module_unknown")
    assert "posture" in refused.json()["missing"][0]
    await enrol(school, path, "mentor-1")
