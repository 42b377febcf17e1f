"""What a mentor's operator lacks is told beside the mentor, as it is at the moment of reading."""

from __future__ import annotations

from typing import Any

from domain.ports import Request
from domain.programme.commands import AdoptRules
from domain.programme.rules import DOCUMENTS, Rules, TrainingRules
from tests.api import walk
from tests.api.conftest import Site
from tests.api.test_admission import PATH, WHY, accepted, admitted, opened
from tests.api.test_explanation import why
from tests.api.test_mentors import ON, applied, checked, cleared, read
from tests.api.walk import TODAY
from tests.support import NATIONAL

SUSPENSION = {"cause": "fault", "on": ON, **WHY}
LIFT = "la levée de la suspension de l'association, par l'académie"


def codes(found: dict[str, Any]) -> list[str]:
    return [one["code"] for one in found["blocks"]]


def blocked(found: dict[str, Any]) -> list[str]:
    """By its explanation."""
    return [one["code"] for one in found["reasons"] if one["about"] == "block"]


async def listed(site: Site, mentor: str, who: str = "face") -> dict[str, Any]:
    items = (await site.get(who, "/v1/mentors")).json()["items"]
    return next(one for one in items if one["id"] == mentor)


async def test_the_suspension_of_the_operator_blocks_its_mentors_at_once_and_its_lifting_undoes_it(
    site: Site,
) -> None:
    mentor = await cleared(site)
    assert (await read(site, mentor))["operator"]["status"] == "admitted"
    await site.do("lyon", "PUT", f"{PATH}/suspension", SUSPENSION)
    for who in ("face", "lyon"):
        for found in (await read(site, mentor, who), await listed(site, mentor, who)):
            assert (found["status"], codes(found)) == ("cleared", ["operator_suspended"])
            assert found["operator"]["status_label"] == "suspendue"
            assert found["operator"]["blocks"][0]["missing"] == [LIFT]
    assert blocked(await why(site, f"mentors/{mentor}")) == ["operator_suspended"]
    await site.do("lyon", "DELETE", f"{PATH}/suspension", {"cause": SUSPENSION["cause"], **WHY})
    assert codes(await read(site, mentor)) == []
    assert codes(await listed(site, mentor)) == []


async def test_a_clearance_to_come_says_what_it_would_be_refused_for(site: Site) -> None:
    await walk.opened(site)
    rules = Rules(training=TrainingRules(modules=(), minutes=0))
    adopt = AdoptRules(record_id="programme-1j1m", rules=rules, on=TODAY)
    await site.executor.execute(Request(adopt, NATIONAL, "seed:rules"))
    mentor = await checked(site)
    refused = await site.call("face", "POST", f"/v1/mentors/{mentor}/clearance", {"on": ON})
    for found in (await read(site, mentor), await listed(site, mentor)):
        (waited,) = [one for one in found["next"] if one["kind"] in {"train", "clear"}]
        assert (found["status"], waited["kind"]) == ("checked", "clear"), "no training is asked for"
        assert waited["missing"] == refused.json()["missing"] == ["l'association référencée par l'académie"]
    told = [one for one in (await why(site, f"mentors/{mentor}"))["reasons"] if one["code"] == "clear"]
    assert told[0]["missing"] == refused.json()["missing"]
    for who in ("face", "lyon"):
        (due,) = (await site.get(who, "/v1/deadlines?kind=clear")).json()["items"]
        assert (due["record_id"], due["missing"]) == (mentor, refused.json()["missing"]), "not as if ready"


async def test_what_was_known_of_a_mentor_is_told_with_what_was_known_of_the_operator(site: Site) -> None:
    mentor = await cleared(site)
    before = (await site.get("face", f"/v1/mentors/{mentor}")).json()["updated_at"]
    await site.do("lyon", "PUT", f"{PATH}/suspension", SUSPENSION)
    answer = await site.get("face", f"/v1/mentors/{mentor}?known_at={before.replace('+', '%2B')}")
    assert answer.status_code == 200, answer.text
    assert (codes(answer.json()), answer.json()["operator"]["status"]) == ([], "admitted")


async def test_the_association_is_told_that_nobody_may_begin(site: Site) -> None:
    await admitted(site)
    mentor = await applied(site)
    await site.do("lyon", "PUT", f"{PATH}/suspension", SUSPENSION)
    found = await read(site, mentor)
    assert [one["code"] for one in found["operator"]["blocks"]] == ["operator_suspended"]
    assert codes(found) == ["not_cleared"]


async def assessed(site: Site) -> None:
    """All is there but a convention, which the rules require; no training is asked for."""
    await opened(site)
    asked = Rules(training=TrainingRules(modules=(), minutes=0), required_entitlements=("conventioned",))
    adopt = AdoptRules(record_id="programme-1j1m", rules=asked, on=TODAY, to_open=True)
    await site.executor.execute(Request(adopt, NATIONAL, "seed:rules"))
    for document in DOCUMENTS:
        await accepted(site, document)


async def test_who_decides_need_not_name_the_conventions_that_bind_the_operator(site: Site) -> None:
    """Neither of an admission nor of a clearance: what is read as missing is what is refused."""
    await assessed(site)
    approval = f"{PATH}/admission/approval"
    refused = await site.call("lyon", "POST", approval, {"on": TODAY.isoformat()})
    assert refused.json()["code"] == "entitlement_missing"

    await walk.in_force(site)
    await site.do("lyon", "POST", approval, {"on": TODAY.isoformat()})
    mentor = await checked(site)
    (waited,) = [one for one in (await read(site, mentor))["next"] if one["kind"] == "clear"]
    assert waited["missing"] == []
    await site.do("face", "POST", f"/v1/mentors/{mentor}/clearance", {"on": ON})
    assert (await read(site, mentor))["status"] == "cleared"


async def test_a_decision_repeated_after_its_convention_ended_is_answered_as_it_was(site: Site) -> None:
    """Which conventions it rested on is the house's to find: the same demand is the same demand."""
    await assessed(site)
    convention = await walk.in_force(site)
    admission = ("lyon", "POST", f"{PATH}/admission/approval", {"on": ON})
    first = [await site.call(*admission, key="one")]
    clearance = ("face", "POST", f"/v1/mentors/{await checked(site)}/clearance", {"on": ON})
    first.append(await site.call(*clearance, key="two"))
    ended = {"cause": "fault", "effective": ON, "reason": "Obligations non tenues."}
    await site.do("lyon", "POST", f"/v1/conventions/{convention}/termination", ended)
    await site.projector.catch_up()

    again = [await site.call(*admission, key="one"), await site.call(*clearance, key="two")]

    assert [one.status_code for one in first] == [200, 200]
    assert [(one.status_code, one.json()) for one in again] == [(200, one.json()) for one in first]


async def test_what_the_operator_lacks_does_not_depend_on_who_reads(site: Site) -> None:
    await admitted(site)
    rules = {"required_entitlements": ["conventioned"]}
    body = {"rules": rules, "on": ON, "to_open": True}
    await site.do("national", "POST", "/v1/programmes/programme-1j1m/rules", body)
    mentor = await applied(site)
    for who in ("face", "auditor"):
        assert codes((await read(site, mentor, who))["operator"]) == ["entitlement_missing"]

    await walk.in_force(site)

    for who in ("face", "auditor"):
        assert codes((await read(site, mentor, who))["operator"]) == []
        assert codes((await listed(site, mentor, who))["operator"]) == []
