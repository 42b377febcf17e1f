"""Mentors over HTTP: from the candidacy to the clearance, who is shown whom, and how each step is refused."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from pydantic import TypeAdapter

from api.catalogue import CATALOGUE, GUARDS
from api.examples_mentors import MENTOR
from domain.kernel import Actor
from domain.ports import Request
from domain.programme.commands import AdoptRules
from domain.programme.rules import Rules, TrainingRules
from projections.mentors import MentorRow
from tests.api import walk
from tests.api.conftest import FACE, Site
from tests.api.test_admission import admitted
from tests.api.walk import TODAY
from tests.domain.mentor_support import codes_of

NATIONAL = Actor("seed", "national", frozenset({"role:national"}))
ON = TODAY.isoformat()
LYCEE = "0690010L"
GIVEN, FAMILY, EMAIL = "Zéphyrine", "Introuvable-Martin", "zephyrine@introuvable.example"
REPORT = "Compte rendu introuvable : disponible le mercredi."
PLANTED = (GIVEN, FAMILY, EMAIL, "introuvable", "1985-03-02", "06 01 02 03 04")


def person(**changes: Any) -> dict[str, Any]:
    return {
        "given_name": GIVEN,
        "family_name": FAMILY,
        "email": EMAIL,
        "phone": "06 01 02 03 04",
        "birth_date": "1985-03-02",
        **changes,
    }


def candidacy(**changes: Any) -> dict[str, Any]:
    return {
        "association_id": FACE,
        "programme_id": "programme-1j1m",
        "person": person(),
        "profile": {"status": "employee", "naf": "6201Z", "rome": "k2104", "families": ["transitions"]},
        "channel": "association",
        **changes,
    }


async def applied(site: Site, who: str = "face", **changes: Any) -> str:
    found: str = (await site.do(who, "POST", "/v1/mentors", candidacy(**changes)))["id"]
    return found


async def filed(site: Site, mentor: str) -> None:
    path = f"/v1/mentors/{mentor}"
    await site.do("face", "POST", f"{path}/identity", {"on": ON, "channel": "meeting"})
    await site.do("face", "POST", f"{path}/charter", {"on": ON, "version": "2025.1", "channel": "paper"})


async def interviewed(site: Site, **changes: Any) -> str:
    mentor = await applied(site, **changes)
    await filed(site, mentor)
    await site.do("face", "POST", f"/v1/mentors/{mentor}/interviews", interview())
    return mentor


async def checked(site: Site) -> str:
    mentor = await interviewed(site)
    await site.do("face", "POST", f"/v1/mentors/{mentor}/check/request", {"kind": "b3"})
    await site.do("face", "POST", f"/v1/mentors/{mentor}/check", check())
    return mentor


async def cleared(site: Site) -> str:
    """In an operator that is admitted, under rules that ask for no training."""
    await admitted(site)
    rules = Rules(training=TrainingRules(modules=(), minutes=0))
    adopt = AdoptRules(record_id="programme-1j1m", rules=rules, on=TODAY)
    await site.executor.execute(Request(adopt, NATIONAL, "seed:rules"))
    mentor = await checked(site)
    await site.do("face", "POST", f"/v1/mentors/{mentor}/clearance", {"on": ON})
    return mentor


def interview(**changes: Any) -> dict[str, Any]:
    return {"on": ON, "favourable": True, "report": REPORT, **changes}


def check(**changes: Any) -> dict[str, Any]:
    issued = (TODAY - timedelta(days=10)).isoformat()
    return {"kind": "b3", "presented": True, "on": ON, "issued_on": issued, **changes}


async def read(site: Site, mentor: str, who: str = "face") -> dict[str, Any]:
    answer = await site.get(who, f"/v1/mentors/{mentor}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def guard(site: Site, path: str, body: Any, who: str = "face", method: str = "POST") -> Any:
    """The code of a refusal, and what is missing."""
    answer = await site.call(who, method, f"/v1/mentors{path}", body)
    assert answer.status_code in {403, 409}, answer.text
    return answer.json()["code"], answer.json().get("missing")


async def test_a_mentor_goes_from_the_candidacy_to_the_clearance(site: Site) -> None:
    mentor = await cleared(site)
    found = await read(site, mentor)

    assert (found["status"], found["status_label"]) == ("cleared", "validé·e")
    assert (found["profile"]["naf"], found["profile"]["rome"]) == ("62.01Z", "K2104")
    assert found["blocks"] == []
    assert found["cleared_on"] == ON
    history = (await site.get("face", f"/v1/mentors/{mentor}/history")).json()["items"]
    assert [one["topic"].partition("@")[0] for one in history] == [
        "mentor.Applied",
        "mentor.IdentitySeen",
        "mentor.CharterSigned",
        "mentor.Interviewed",
        "mentor.CheckAsked",
        "mentor.CheckPresented",
        "mentor.Cleared",
    ]
    awaited = (await site.get("face", f"/v1/deadlines?record={mentor}")).json()["items"]
    assert {one["kind"] for one in awaited} == {one["kind"] for one in found["next"]}
    assert "suspend_overdue" in {one["kind"] for one in awaited}


async def test_a_clearance_is_refused_with_everything_that_is_missing(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)

    code, missing = await guard(site, f"/{mentor}/clearance", {"on": ON})

    assert code == "file_incomplete"
    assert missing[:2] == ["la pièce d'identité vue", "la charte signée"]
    assert "un entretien favorable" in missing
    assert "le module « posture du mentor »" in missing
    assert "4 h de formation" in missing
    assert missing[-1] == "l'association référencée par l'académie"


async def test_each_step_is_refused_before_its_turn_with_its_code(site: Site) -> None:
    await walk.opened(site)
    new = await applied(site)
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    old = (TODAY - timedelta(days=200)).isoformat()

    assert (await guard(site, f"/{new}/interviews", interview()))[0] == "file_incomplete"
    assert (await guard(site, f"/{new}/check/request", {"kind": "b3"}))[0] == "interview_missing"
    assert (await guard(site, f"/{new}/identity", {"on": tomorrow, "channel": "paper"}))[0] == "in_the_future"
    assert (await guard(site, f"/{new}/suspension", reasoned(), method="PUT"))[0] == "wrong_status"
    charter = {"on": ON, "version": "n° 1", "channel": "paper"}
    assert (await guard(site, f"/{new}/charter", charter))[0] == "version_unreadable"
    assert (await guard(site, f"/{new}/departure", {"on": old, "cause": "end"}))[0] == "too_early"
    assert (await guard(site, f"/{new}/departure", {"on": ON, "cause": "merged"}))[0] == "cause_reserved"
    assert (await guard(site, f"/{new}/refusal", {}))[0] == "reason_missing"
    assert (await guard(site, f"/{new}/duplicates", {"duplicate_id": new}))[0] == "no_such_duplicate"

    await filed(site, new)
    await site.do("face", "POST", f"/v1/mentors/{new}/interviews", interview())
    asked = {"kind": "honorabilite", "mission": "protection", "departement": "69"}
    assert (await guard(site, f"/{new}/check/request", asked))[0] == "honorabilite_outside_perimeter"
    assert (await guard(site, f"/{new}/check", check()))[0] == "check_not_asked"
    await site.do("face", "POST", f"/v1/mentors/{new}/check/request", {"kind": "b3"})
    assert (await guard(site, f"/{new}/check", check(issued_on=old)))[0] == "check_too_old"
    assert (await guard(site, f"/{new}/check", check(presented=False)))[0] == "issue_date"
    assert (await guard(site, f"/{new}/refusal", {"reason": "son casier"}))[0] == "reason_not_taken"


async def test_a_check_says_nothing_but_that_it_was_seen(site: Site) -> None:
    await walk.opened(site)
    mentor = await checked(site)
    path = f"/v1/mentors/{mentor}/check"
    answer = await site.call("face", "POST", path, check(reason="mention au bulletin"))
    assert (answer.status_code, "mention" in answer.text) == (422, False)
    found = (await read(site, mentor))["check"]

    assert set(found) == {"kind", "label", "presented", "issued_on", "on", "checker"}
    assert found["checker"] == site.ids["face"]
    assert (await read(site, mentor))["status"] == "checked"


async def test_the_same_person_twice_in_one_operator_is_refused_and_can_be_merged(site: Site) -> None:
    await walk.opened(site)
    first = await applied(site)
    again = await site.call("face", "POST", "/v1/mentors", candidacy(person=person(email="Autre@x.example")))
    assert (again.status_code, again.json()["code"]) == (409, "mentor_known")
    assert first in again.json()["detail"]
    assert not any(word in again.text for word in PLANTED)

    unlike = person(email="autre@x.example", birth_date=None)
    second = await applied(site, person=unlike)
    await filed(site, second)
    further = await guard(site, f"/{first}/duplicates", {"duplicate_id": second})
    assert (further[0], second in further[1][0]) == ("duplicate_further", True)
    await filed(site, first)
    await site.do("face", "POST", f"/v1/mentors/{first}/duplicates", {"duplicate_id": second})

    closed = await read(site, second)
    assert (closed["status"], closed["merged_into"], closed["leaving"]["cause"]) == ("left", first, "merged")
    third = await site.call("face", "POST", "/v1/mentors", candidacy(person=unlike))
    assert (third.status_code, third.json()["code"]) == (409, "mentor_known")
    assert first in third.json()["detail"]


async def test_a_link_is_told_its_secret_once_and_only_its_digest_is_kept(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    path = f"/v1/mentors/{mentor}/links"
    body = {"action": "file", "expires_on": (TODAY + timedelta(days=7)).isoformat()}

    first = (await site.call("face", "POST", path, body, key="k")).json()
    again = (await site.call("face", "POST", path, body, key="k")).json()
    other = (await site.call("face", "POST", path, body, key="other")).json()

    assert len(first["secret"]) >= 43
    assert (again["secret"], again["link"], again["version"]) == (None, first["link"], first["version"])
    assert other["secret"] not in {None, first["secret"]}
    stored = [one.state + str(one.facts) for one in await site.executor.recorder.after(0, 1000)]
    assert not any(first["secret"] in one for one in stored)
    assert sum(sha256(first["secret"].encode()).hexdigest() in one for one in stored) == 1
    found = await read(site, mentor)
    assert [(one["id"], one["state"]) for one in found["links"]] == [
        (first["link"], "live"),
        (other["link"], "live"),
    ]
    await site.do("face", "DELETE", f"{path}/{first['link']}")
    assert (await read(site, mentor))["links"][0]["state"] == "revoked"
    late = {"action": "file", "expires_on": (TODAY + timedelta(days=31)).isoformat()}
    assert (await guard(site, f"/{mentor}/links", late))[0] == "link_term"
    assert (await guard(site, f"/{mentor}/links/link-absent", None, method="DELETE"))[0] == "link_elsewhere"


async def test_only_the_association_and_the_dpo_are_shown_who_it_is_and_the_report(site: Site) -> None:
    await walk.opened(site)
    profile = {"status": "retired", "availability": "Le mercredi, introuvable autrement."}
    mentor = await interviewed(site, channel="lycee", uai=LYCEE, profile=profile)
    body = {"on": ON, "cause": "end"}
    await site.do("face", "POST", f"/v1/mentors/{mentor}/departure", body)
    shown: dict[str, set[str]] = {}
    for who in ("face", "dpo", "lyon", "auditor"):
        for path in ("", f"/{mentor}", f"/{mentor}/history"):
            answer = await site.get(who, f"/v1/mentors{path}")
            assert answer.status_code == 200
            assert mentor in answer.text
            if any(word in answer.text for word in PLANTED):
                shown.setdefault(who, set()).add(path.rpartition("/")[2] or "list")

    assert shown == {who: {"list", mentor, "history"} for who in ("face", "dpo")}
    told = (await read(site, mentor, "dpo"))["persons"]
    assert told == {
        **person(),
        "availability": profile["availability"],
        "interview_report": REPORT,
    }
    seen = await read(site, mentor, "lyon")
    assert seen["persons"] == {}
    assert seen["interview"] == {"on": ON, "favourable": True}
    log = (await site.call("dpo", "GET", f"/v1/readings?subject={mentor}")).json()["items"]
    assert {one["role"] for one in log} == {"association", "dpo"}


async def test_neither_deadlines_nor_events_tell_who_it_is(site: Site) -> None:
    await walk.opened(site)
    mentor = await interviewed(site)
    for who in ("face", "lyon", "auditor", "dpo"):
        for path in (f"/v1/deadlines?record={mentor}", "/v1/events"):
            answer = await site.get(who, path)
            assert mentor in answer.text, (who, path)
            assert not any(word in answer.text for word in PLANTED), (who, path)


async def test_another_association_and_another_academie_see_and_reach_nothing(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    for who in ("other", "grenoble", "lycee", "national", "operator"):
        assert (await site.get(who, "/v1/mentors")).json()["items"] == []
        for path in (f"/v1/mentors/{mentor}", f"/v1/mentors/{mentor}/history"):
            hidden = await site.get(who, path)
            missing = await site.get(who, path.replace(mentor, "mentor-absent"))
            assert hidden.status_code == 404
            assert hidden.text.replace(mentor, "mentor-absent") == missing.text
    body = {"on": ON, "channel": "paper"}
    assert (await site.call("other", "POST", f"/v1/mentors/{mentor}/identity", body)).status_code == 404
    stranger = await site.call("other", "POST", "/v1/mentors", candidacy())
    assert (stranger.status_code, stranger.json()["code"]) == (403, "outside_your_scope")


async def test_a_lycee_proposes_somebody_and_is_told_no_more_of_whoever_is_known(site: Site) -> None:
    await admitted(site)
    answers = [
        await site.call("lycee", "POST", "/v1/mentors/proposals", proposal(**who))
        for who in ({}, {}, {"email": "autre@exemple.example", "family_name": "Autre"})
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert not [answer.headers["etag"] for answer in answers if "etag" in answer.headers]
    await site.projector.catch_up()
    found = (await site.get("face", "/v1/mentors")).json()["items"]
    assert [(one["channel"], one["uai"]) for one in found] == [("lycee", LYCEE)] * 2
    (again,) = [one["id"] for one in found if one["persons"]["family_name"] != "Autre"]
    history = (await site.get("face", f"/v1/mentors/{again}/history")).json()["items"]
    (repeated,) = [one for one in history if one["topic"] == "mentor.CandidacyRepeated@1"]
    assert repeated["facts"]["uai"] == LYCEE, "the association answers to the lycée"
    assert "lycée" in repeated["label"]
    assert (await site.get("lycee", "/v1/mentors")).json()["items"] == []
    for record_id in (again, "mentor-absent"):
        assert (await site.get("lycee", f"/v1/mentors/{record_id}")).status_code == 404
    entered = await site.call("lycee", "POST", "/v1/mentors", candidacy(channel="lycee", uai=LYCEE))
    assert entered.json()["code"] == "role_not_allowed"
    assert (await guard(site, "", candidacy(channel="lycee")))[0] == "uai_missing"


def proposal(**who: Any) -> dict[str, Any]:
    """Of somebody, to FACE, by the lycée."""
    body = candidacy(person=person(**who), uai=LYCEE)
    return {name: body[name] for name in ("association_id", "uai", "person", "profile")}


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"email": "zephyrine.introuvable"}, "email_unreadable"),
        ({"phone": "06 introuvable"}, "phone_unreadable"),
        ({"birth_date": "1885-03-02"}, "birth_date_unlikely"),
        ({"family_name": "Introuvable" * 15}, "name_unreadable"),
    ],
)
async def test_what_is_refused_of_a_person_is_never_quoted(
    site: Site, told: dict[str, Any], code: str
) -> None:
    await walk.opened(site)
    answer = await site.call("face", "POST", "/v1/mentors", candidacy(person=person(**told)))

    assert answer.json()["code"] == code
    assert not any(str(word)[:20] in answer.text for word in [*told.values(), *PLANTED])
    history = [one.state for one in await site.executor.recorder.after(0, 1000)]
    assert not any("ntrouvable" in one for one in history)


@pytest.mark.parametrize(
    "told",
    [
        {"birth_date": "le 2 mars 1985, introuvable"},
        {"birth_date": 19850302},
        {"email": ["zephyrine@introuvable.example"]},
        {"given_name": "Introuvable" * 30},
        {"phone": {"introuvable": 1}},
    ],
)
async def test_what_cannot_be_read_of_a_person_is_never_quoted(site: Site, told: dict[str, Any]) -> None:
    for path, method, body in (
        ("/v1/mentors", "POST", candidacy(person=person(**told))),
        ("/v1/mentors/mentor-1/person", "PUT", person(**told)),
    ):
        answer = await site.call("face", method, path, body, etag=1)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert "ntrouvable" not in answer.text
        assert "1985" not in answer.text.replace("1985-03-02.", "")
        assert next(iter(told)) in answer.json()["errors"][0]["where"]


async def test_filters_choose(site: Site) -> None:
    await walk.opened(site)
    first = await checked(site)
    second = await applied(
        site,
        person=person(email="x@x.example", birth_date=None),
        profile={"status": "retired", "naf": "43.21A", "families": ["agencement"]},
        channel="form",
    )

    async def found(query: str) -> set[str]:
        items = (await site.get("lyon", f"/v1/mentors?{query}")).json()["items"]
        return {one["id"] for one in items}

    assert await found("") == {first, second}
    assert await found("status=checked") == {first}
    assert await found(f"association={FACE}") == {first, second}
    assert await found("association=association-other") == set()
    assert await found("academie=10") == {first, second}
    assert await found("academie=08") == set()
    assert await found("sector=43") == {second}
    assert await found("sector=62.01Z") == {first}
    assert await found("family=agencement") == {second}
    assert await found("channel=form") == {second}
    assert await found(f"expiring_before={(TODAY + timedelta(days=800)).isoformat()}") == {first}
    assert await found(f"expiring_before={(TODAY + timedelta(days=300)).isoformat()}") == set()
    assert await found("stuck_days=1") == set()
    for query in ("status=parti", "sector=informatique", "stuck_days=-1", "nom=Martin"):
        assert (await site.call("lyon", "GET", f"/v1/mentors?{query}")).status_code == 422


async def test_a_list_is_walked_by_pages(site: Site) -> None:
    await walk.opened(site)
    made = [await applied(site, person=person(email=f"{n}@x.example", birth_date=None)) for n in range(3)]
    walked: list[str] = []
    path: str | None = "/v1/mentors?limit=2"
    while path:
        answer = await site.get("face", path)
        walked += [one["id"] for one in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url")
    assert walked == made[::-1]
    assert (await site.get("face", "/v1/mentors?after=nonsense")).json()["code"] == "cursor_malformed"


async def test_who_it_is_and_what_they_bring_are_replaced_as_a_whole_on_the_version_read(site: Site) -> None:
    await walk.opened(site)
    mentor = await applied(site)
    path = f"/v1/mentors/{mentor}"
    assert (await site.call("face", "PUT", f"{path}/person", person())).status_code == 428
    assert (await site.call("face", "PUT", f"{path}/profile", {"status": "retired"})).status_code == 428

    await site.do("face", "PUT", f"{path}/person", {"given_name": "Ada", "family_name": "Autre"}, etag=1)
    stale = await site.call("face", "PUT", f"{path}/profile", {"status": "retired"}, etag=1)
    assert stale.status_code == 412
    await site.do("face", "PUT", f"{path}/profile", {"status": "retired"}, etag=2)

    found = await read(site, mentor)
    assert found["persons"] == {"given_name": "Ada", "family_name": "Autre"}
    assert found["profile"]["status"] == "retired"
    assert found["profile"]["naf"] is None
    assert "une adresse électronique ou un téléphone" in found["file_missing"]
    answer = await site.get("face", path)
    assert answer.headers["etag"] == '"3"'
    for profile, code in (
        ({"status": "retired", "families": ["inconnue"]}, "family_unknown"),
        ({"status": "retired", "communes": ["Lyon"]}, "commune_unreadable"),
        ({"status": "retired", "languages": ["français"]}, "language_unreadable"),
        ({"status": "retired", "mentees": 51}, "capacity_unlikely"),
        ({"status": "retired", "company_id": "company-absente"}, "unknown_record"),
    ):
        refused = await site.call("face", "PUT", f"{path}/profile", profile, etag=3)
        assert (refused.status_code, refused.json()["code"]) == (409, code)


def reasoned() -> dict[str, Any]:
    return {"on": ON, "reason": "Absences répétées."}


async def test_a_suspension_is_decided_and_lifted_by_a_person(site: Site) -> None:
    mentor = await cleared(site)
    path = f"/v1/mentors/{mentor}/suspension"
    assert (await guard(site, f"/{mentor}/suspension", reasoned(), method="DELETE"))[0] == "wrong_status"

    await site.do("lyon", "PUT", path, reasoned())
    found = await read(site, mentor)

    assert (found["status"], found["suspensions"]) == (
        "suspended",
        [{"cause": "academie", "label": "décision de l'académie 10", "on": ON}],
    )
    assert [one["code"] for one in found["blocks"]] == ["suspended"]
    again = await guard(site, f"/{mentor}/suspension", reasoned(), "lyon", method="PUT")
    assert again[0] == "already_suspended"
    refused = await guard(site, f"/{mentor}/suspension", reasoned(), method="DELETE")
    assert refused == ("suspended_by_other", ["la levée par qui l'a décidée (décision de l'académie 10)"])
    await site.do("face", "PUT", path, reasoned())
    await site.do("lyon", "DELETE", path, reasoned())
    assert (await read(site, mentor))["status"] == "suspended", "by the association, still"
    await site.do("face", "DELETE", path, reasoned())
    assert (await read(site, mentor))["status"] == "cleared"


async def test_a_candidacy_is_refused_with_a_reason_but_none_once_a_check_was_asked_for(site: Site) -> None:
    await walk.opened(site)
    first = await interviewed(site)
    await site.do("face", "POST", f"/v1/mentors/{first}/check/request", {"kind": "b3"})
    await site.do("face", "POST", f"/v1/mentors/{first}/refusal", {})
    assert (await read(site, first))["status"] == "refused"
    second = await applied(site)
    await site.do("face", "POST", f"/v1/mentors/{second}/refusal", {"reason": "Trop loin."})
    assert (await read(site, second))["status_label"] == "refusé·e"
    assert (await guard(site, f"/{second}/departure", {"on": ON, "cause": "end"}))[0] == "wrong_status"


async def test_somebody_erased_is_forgotten_by_the_association_too(site: Site) -> None:
    await walk.opened(site)
    mentor = await interviewed(site)
    await site.do("dpo", "POST", f"/v1/records/{mentor}/erasure", {"ground": "consent_withdrawn"})

    found = await read(site, mentor)

    assert (found["status"], found["next"]) == ("erased", [])
    assert list(found["persons"].values()) == [{"forgotten": True}] * 6
    body = {"on": ON, "channel": "paper"}
    assert (await guard(site, f"/{mentor}/identity", body))[0] == "erased"
    again = await applied(site)
    assert again != mentor


def test_the_example_of_a_mentor_has_the_shape_of_one() -> None:
    assert set(MENTOR) == {field.name for field in fields(MentorRow)}
    TypeAdapter(MentorRow).validate_python(MENTOR)


def test_every_code_of_the_rules_about_mentors_and_links_is_explained() -> None:
    codes = codes_of("mentor") | {"mentor_known", "link_spent", "link_term", "online_today"}
    assert len(codes) > 35
    assert codes <= CATALOGUE.keys()
    assert codes - GUARDS == {"already_applied", "mentor_known", "not_found"}
