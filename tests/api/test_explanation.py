"""*Pourquoi ?* over HTTP: facts with who decided, rules with their version, days as they were counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from api.examples_explanations import EXPLANATION
from api.routes.explanations import Explanation
from domain.calendar import french_date
from domain.kernel import Actor
from domain.ports import Request
from domain.programme.commands import AdoptRules
from domain.programme.rules import Delay, MentorRules, Rules, Unit
from ops import reference
from tests.api import walk
from tests.api.conftest import FACE, Site
from tests.api.test_admission import admitted
from tests.api.test_companies import registered
from tests.api.test_mentors import GIVEN, PLANTED, REPORT, applied, checked, cleared, filed, interview
from tests.api.walk import TODAY

NATIONAL = Actor("seed", "national", frozenset({"role:national"}))


async def why(site: Site, path: str, who: str = "face", **asked: str) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    answer = await site.get(who, f"/v1/{path}/explanation?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def about(found: dict[str, Any], kind: str, code: str = "") -> dict[str, Any]:
    """The one reason of that kind and code."""
    (one,) = [r for r in found["reasons"] if r["about"] == kind and r["code"] == (code or r["code"])]
    return dict(one)


async def adopted(site: Site, rules: Rules, to_open: bool = False) -> None:
    adopt = AdoptRules(record_id="programme-1j1m", rules=rules, on=TODAY, to_open=to_open)
    await site.executor.execute(Request(adopt, NATIONAL, f"seed:{rules.mentors.lapse.count}"))


async def test_a_deadline_is_told_with_its_rule_its_version_and_the_days_left_out(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    found = await why(site, f"mentors/{mentor}")
    lapse = about(found, "due", "lapse")
    calendar = reference.calendars().for_academie("10")
    end = calendar.add_school_days(TODAY, 25)

    (rule,) = [one for one in lapse["rules"] if one["path"] == "mentors.lapse"]
    assert (rule["value"], rule["version"]["number"]) == ("25 jours de classe", 1)
    assert (rule["version"]["role"], rule["version"]["actor"]) == ("national", site.ids["national"])
    assert rule["version"]["in_force_from"] == walk.RULES_FROM
    counted = next(one for one in lapse["counted"] if one["delay"] == "25 jours de classe")
    assert (counted["start"], counted["end"]) == (TODAY.isoformat(), end.isoformat())
    assert lapse["by"] == counted["end"]
    left_out = sum(days for _, days in counted["skipped"])
    assert left_out == (end - TODAY).days - 25
    assert (counted["zone"], counted["calendar"]) == ("A", calendar.version)
    assert french_date(end) in counted["sentence"]
    assert "zone A" in counted["sentence"]
    assert lapse["awaits"] == [f"association:{FACE}"]
    assert "la charte signée" in lapse["missing"]


async def test_a_status_is_told_with_the_facts_it_rests_on_and_who_decided(site: Site) -> None:
    mentor = await cleared(site)
    found = await why(site, f"mentors/{mentor}")
    status = about(found, "status")

    assert (found["status"], status["code"]) == ("cleared", "cleared")
    topics = {one["topic"]: one for one in status["facts"]}
    assert {"mentor.Cleared@1", "mentor.IdentitySeen@1", "mentor.CharterSigned@1"} <= set(topics)
    assert {"mentor.Interviewed@1", "mentor.CheckPresented@1"} <= set(topics)
    decided = topics["mentor.Cleared@1"]
    assert (decided["role"], decided["actor"]) == ("association", site.ids["face"])
    assert decided["on"] == TODAY.isoformat()
    history = (await site.get("face", f"/v1/mentors/{mentor}/history")).json()["items"]
    positions = {one["topic"]: one["position"] for one in history}
    own = {topic: one["position"] for topic, one in topics.items() if one["record_id"] == mentor}
    assert own.items() <= positions.items()
    assert topics["association.Admitted@1"]["record_id"] == FACE
    assert found["rules"]["number"] == 2


async def test_what_keeps_from_a_clearance_is_what_the_clearance_is_refused_for(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    refused = await site.call("face", "POST", f"/v1/mentors/{mentor}/clearance", {"on": TODAY.isoformat()})
    found = await why(site, f"mentors/{mentor}")

    told = [word for one in found["reasons"] if one["about"] == "missing" for word in one["missing"]]
    assert refused.status_code == 409
    assert told == refused.json()["missing"]
    assert "l'association référencée par l'académie" in told
    no = about(found, "refusal")
    assert (no["code"], no["missing"]) == (refused.json()["code"], told)
    assert no["facts"][0]["actor"] == site.ids["face"]
    assert no["ruling"]["number"] == 1


async def test_a_refusal_is_told_with_the_rules_in_force_when_it_was(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    await filed(site, mentor)
    await site.do("face", "POST", f"/v1/mentors/{mentor}/interviews", interview())
    await site.do("face", "POST", f"/v1/mentors/{mentor}/check/request", {"kind": "b3"})
    old = {"kind": "b3", "presented": True, "on": TODAY.isoformat()}
    issued = (TODAY - timedelta(days=100)).isoformat()
    no = await site.call("face", "POST", f"/v1/mentors/{mentor}/check", old | {"issued_on": issued})
    assert no.json()["code"] == "check_too_old"
    await adopted(site, Rules(mentors=MentorRules(b3_age=Delay(2, Unit.MONTHS))), to_open=True)

    found = await why(site, f"mentors/{mentor}")

    refusal = about(found, "refusal")
    assert (refusal["ruling"]["number"], found["rules"]["number"]) == (1, 2)
    assert [(one["path"], one["value"]) for one in refusal["rules"]] == [("mentors.b3_age", "3 mois")]
    now = next(one for one in about(found, "missing", "check_missing")["rules"] if "b3" in one["path"])
    assert now["value"] == "2 mois"


async def test_an_explanation_can_be_asked_as_it_was_known(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    first = (await site.get("face", f"/v1/mentors/{mentor}")).json()["updated_at"]
    await filed(site, mentor)

    then = await why(site, f"mentors/{mentor}", known_at=first)
    now = await why(site, f"mentors/{mentor}")

    assert (then["status"], now["status"]) == ("candidate", "file_complete")
    assert then["version"] == 1
    assert "la charte signée" in about(then, "missing", "file_incomplete")["missing"]
    assert (then["as_of"], then["known_at"]) == (then["known_at"], first)
    early = await site.get("face", f"/v1/mentors/{mentor}/explanation?known_at=2020-01-01")
    assert (early.status_code, early.json()["code"]) == (404, "not_yet_known")


async def test_as_of_a_day_facts_written_since_tell_how_it_was_and_known_then_how_it_was_believed(
    site: Site,
) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    first = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    no = await site.call("face", "POST", f"/v1/mentors/{mentor}/clearance", {"on": TODAY.isoformat()})
    await filed(site, mentor)

    both = await why(site, f"mentors/{mentor}", as_of=TODAY.isoformat(), known_at=first)
    today = await why(site, f"mentors/{mentor}", as_of=TODAY.isoformat())
    early = await site.get("face", f"/v1/mentors/{mentor}/explanation?as_of=2020-01-01")

    assert (both["status"], today["status"]) == ("candidate", "file_complete")
    assert [one["code"] for one in both["reasons"] if one["about"] == "refusal"] == []
    assert about(today, "refusal")["missing"] == no.json()["missing"]
    assert about(today, "status")["ruling"]["number"] == 1
    assert (early.status_code, early.json()["code"]) == (404, "not_yet_known")


async def test_a_clearance_tells_the_operator_s_admission_to_those_who_may_read_the_operator(
    site: Site,
) -> None:
    mentor = await cleared(site)
    for who, told in (("face", [FACE]), ("lyon", [FACE]), ("auditor", [FACE]), ("lycee", None)):
        answer = await site.get(who, f"/v1/mentors/{mentor}/explanation")
        if told is None:
            assert answer.status_code == 404
            continue
        facts = about(answer.json(), "status")["facts"]
        assert [one["record_id"] for one in facts if one["record_id"] != mentor] == told, who


async def test_reasons_are_opened_as_the_history_opens_them_and_nobody_is_named(site: Site) -> None:
    mentor = await cleared(site)
    words = "Conflit avec une famille introuvable."
    body = {"on": TODAY.isoformat(), "reason": words}
    await site.do("face", "PUT", f"/v1/mentors/{mentor}/suspension", body)

    told = {who: await why(site, f"mentors/{mentor}", who) for who in ("face", "dpo", "lyon", "auditor")}

    def reason(who: str) -> Any:
        facts = about(told[who], "status")["facts"]
        return next(one["reason"] for one in facts if one["topic"] == "mentor.Suspended@1")

    assert reason("face") == reason("dpo") == words
    assert reason("lyon") == reason("auditor") == {"withheld": True}
    for who, found in told.items():
        text = json.dumps(found, ensure_ascii=False)
        assert [secret for secret in (*PLANTED[:3], REPORT, GIVEN) if secret in text] == [], who
    assert words not in json.dumps([told["lyon"], told["auditor"]], ensure_ascii=False)


async def test_the_cause_of_an_operator_s_suspension_is_told_to_those_who_may_know(site: Site) -> None:
    await admitted(site)
    body = {"cause": "fault", "on": TODAY.isoformat(), "reason": "Manquement constaté."}
    await site.do("lyon", "PUT", f"/v1/associations/{FACE}/suspension", body)

    for who, told in (("lyon", "Cause : manquement"), ("face", "Cause : manquement"), ("national", None)):
        found = await why(site, f"associations/{FACE}", who)
        status = about(found, "status")
        assert [one["reserved"] for one in status["facts"]] == [told], who
        assert "manquement" not in status["sentence"]
        awaited = about(found, "due", "lift_suspension")
        assert awaited["awaits"] == ["academie:10"]


async def test_a_reason_given_on_another_record_is_said_to_be_withheld_and_not_to_be_missing(
    site: Site,
) -> None:
    mentor = await cleared(site)
    body = {"cause": "fault", "on": TODAY.isoformat(), "reason": "Manquement introuvable."}
    await site.do("lyon", "PUT", f"/v1/associations/{FACE}/suspension", body)

    for who in ("face", "lyon", "auditor"):
        found = await why(site, f"mentors/{mentor}", who)
        told = {one["topic"]: one["reason"] for one in about(found, "block", "operator_suspended")["facts"]}
        assert told == {"association.Suspended@1": {"withheld": True}}, who
        admitted = [
            one for one in about(found, "status")["facts"] if one["topic"] == "association.Admitted@1"
        ]
        assert [one["reason"] for one in admitted] == [""], "nothing was typed with it"
        assert "introuvable" not in json.dumps(found, ensure_ascii=False)


async def test_an_association_says_which_documents_are_missing_since_when(site: Site) -> None:
    await walk.opened(site)
    opening = {"programme_id": "programme-1j1m", "on": TODAY.isoformat(), "channel": "meeting"}
    await site.do("lyon", "POST", f"/v1/associations/{FACE}/admission", opening)

    found = await why(site, f"associations/{FACE}", "national")

    missing = about(found, "missing", "documents_missing")
    assert "statuts" in missing["missing"]
    assert [one["topic"] for one in missing["facts"]] == ["association.AdmissionOpened@1"]
    due = about(found, "due", "remind_documents")
    assert [one["value"] for one in due["rules"]] == ["5 jours de classe, 10 jours de classe"]
    assert due["counted"][0]["start"] == TODAY.isoformat()


async def test_conventions_and_companies_are_explained_too(site: Site) -> None:
    await walk.opened(site)
    convention = await walk.to_sign(site)
    company = await registered(site)

    found = await why(site, f"conventions/{convention}", "lyon")
    other = await why(site, company.removeprefix("/v1/"), "lycee")

    dues = [one for one in found["reasons"] if one["code"] == "remind_signature"]
    assert {one["counted"][0]["end"] for one in dues} == {(TODAY + timedelta(days=7)).isoformat()}
    assert about(found, "status")["facts"][0]["topic"] == "convention.SentForSignature@1"
    assert [one["about"] for one in other["reasons"]] == ["status"]
    assert other["rules"] is None
    assert walk.PLANTED not in json.dumps(found)


async def test_what_is_not_one_s_to_see_is_not_explained(site: Site) -> None:
    mentor = await checked_elsewhere(site)
    for who in ("other", "grenoble", "national", "operator"):
        answer = await site.get(who, f"/v1/mentors/{mentor}/explanation")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), who
    wrong = await site.get("face", f"/v1/conventions/{mentor}/explanation")
    assert wrong.status_code == 404


async def checked_elsewhere(site: Site) -> str:
    await walk.opened(site)
    return await checked(site)


@pytest.mark.parametrize("path", ["mentors/mentor-none", "trainings/training-none", "companies/company-none"])
async def test_a_record_that_does_not_exist_is_not_explained(site: Site, path: str) -> None:
    answer = await site.get("face", f"/v1/{path}/explanation")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_example_has_the_shape_of_the_answer() -> None:
    TypeAdapter(Explanation).validate_python(EXPLANATION)


async def test_a_day_to_come_is_explained_as_of_now_and_makes_up_no_term(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    ahead = f"{TODAY.year + 4}-06-01"
    now, then = await why(site, f"mentors/{mentor}"), await why(site, f"mentors/{mentor}", as_of=ahead)
    assert then["as_of"] < ahead
    assert then["reasons"] == now["reasons"]
    assert [one["by"] for one in then["reasons"] if one["code"] == "lapse"]
