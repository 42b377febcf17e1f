"""Candidacies by the links of an association: who invites, what serves once, what is bounded by the day."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.association import commands as operator
from domain.association.inviting import CANDIDACIES_A_DAY, MOST_CANDIDATES
from domain.association.parts import SuspensionCause
from domain.kernel import SYSTEM, Actor, Conflict
from domain.mentor.commands import Apply, ApplyByLink
from domain.mentor.model import Mentor
from domain.mentor.parts import Origin, Person, Profile
from domain.ports import Outcome, Request
from tests.domain.association_support import PROGRAMME, Desk, guest, sha
from tests.domain.mentor_support import PROFILE
from tests.support import COORDINATOR, FACE, LYON, fold_at

CAMILLE = Person("Camille", "Exemple", "camille@exemple.test", None, date(1990, 4, 5))


@pytest.fixture
def desk() -> Desk:
    found = Desk()
    found.admitted()
    return found


def invite(
    desk: Desk, action: str = "candidacy", link: str = "l1", days: int = 10, who: Actor = COORDINATOR
) -> None:
    until = desk.today + timedelta(days=days)
    desk.do(
        operator.IssueLink(record_id=FACE, link=link, action=action, digest=sha(link), expires_on=until), who
    )


def applying(mentor: str = "mentor-1", person: Person = CAMILLE, profile: Profile = PROFILE) -> ApplyByLink:
    return ApplyByLink(record_id=mentor, association_id=FACE, person=person, profile=profile)


def other(n: int) -> Person:
    return replace(CAMILLE, given_name=f"Camille {n}", email=f"camille{n}@exemple.test")


def test_an_invited_candidate_opens_one_record_and_the_link_is_spent_with_it(desk: Desk) -> None:
    invite(desk)
    desk.do(applying(), guest())
    mentor = asyncio.run(fold_at(desk.house.recorder, "mentor-1"))
    assert isinstance(mentor, Mentor)
    assert (mentor.association_id, mentor.programme_id, mentor.channel) == (FACE, PROGRAMME, Origin.FORM)
    assert not [scope for scope in mentor.scopes() if scope.startswith("link:")]
    assert desk.record.links["l1"].state == "spent"
    assert desk.refused(applying("mentor-2", other(2)), guest(), "").code == "link_spent"


def test_two_candidates_by_one_invitation_at_once_are_one_candidacy(desk: Desk) -> None:
    invite(desk)
    execute = desk.house.executor.execute

    async def both() -> list[Outcome | BaseException]:
        asked = [Request(applying(f"mentor-{n}", other(n)), guest(), f"link:l1:{n}") for n in (1, 2)]
        return await asyncio.gather(*map(execute, asked), return_exceptions=True)

    outcomes = asyncio.run(both())
    assert sum(isinstance(one, Outcome) for one in outcomes) == 1
    assert [one.code for one in outcomes if isinstance(one, Exception)] == ["link_spent"]  # type: ignore[attr-defined]


def test_a_public_form_serves_many_and_no_more_than_its_number_a_day(desk: Desk) -> None:
    invite(desk, "form", days=300)
    for n in range(CANDIDACIES_A_DAY):
        desk.do(applying(f"mentor-{n}", other(n)), guest())
    assert desk.refused(applying("mentor-x"), guest(), "").code == "link_full"
    assert desk.record.links["l1"].is_live
    desk.house.clock.advance(days=1)
    desk.do(applying("mentor-x"), guest())


def test_somebody_known_opens_nothing_and_their_invitation_is_spent_by_the_system(desk: Desk) -> None:
    invite(desk)
    desk.do(
        Apply(
            record_id="mentor-1",
            association_id=FACE,
            programme_id=PROGRAMME,
            person=CAMILLE,
            profile=PROFILE,
            channel=Origin.ASSOCIATION,
        ),
        COORDINATOR,
    )
    with pytest.raises(Conflict) as known:
        desk.do(applying("mentor-2"), guest())
    assert known.value.code == "mentor_known"
    assert "mentor-1" not in known.value.sentence + "".join(known.value.missing)
    assert desk.record.links["l1"].is_live
    for _ in range(2):
        desk.do(operator.SpendLink(record_id=FACE, link="l1"), SYSTEM, "")
    assert desk.record.links["l1"].state == "spent"
    assert desk.topics().count("LinkSpent") == 1


def test_the_system_spends_no_form(desk: Desk) -> None:
    invite(desk, "form")
    desk.do(operator.SpendLink(record_id=FACE, link="l1"), SYSTEM, "")
    assert desk.record.links["l1"].is_live


@pytest.mark.parametrize(("action", "who"), [("candidacy", LYON), ("form", LYON)])
def test_candidates_are_the_association_s_to_invite(desk: Desk, action: str, who: Actor) -> None:
    until = desk.today + timedelta(days=9)
    asked = operator.IssueLink(record_id=FACE, link="l1", action=action, digest=sha("l1"), expires_on=until)
    assert desk.refused(asked, who, "").code == "link_action_reserved"


def test_its_admission_is_the_academie_s_to_open_and_that_link_to_take_back() -> None:
    desk = Desk()
    until = desk.today + timedelta(days=9)
    asked = operator.IssueLink(
        record_id=FACE, link="l1", action="admission", digest=sha("l1"), expires_on=until
    )
    assert desk.refused(asked, COORDINATOR, "").code == "link_action_reserved"
    desk.do(asked)
    back = operator.RevokeLink(record_id=FACE, link="l1")
    assert desk.refused(back, COORDINATOR, "").code == "link_action_reserved"
    desk.do(back)
    assert desk.record.links["l1"].state == "revoked"


def test_the_academie_may_close_a_form_that_is_abused(desk: Desk) -> None:
    invite(desk, "form")
    desk.do(operator.RevokeLink(record_id=FACE, link="l1"), LYON)
    assert desk.refused(applying(), guest(), "").code == "link_revoked"


def test_a_link_for_something_else_opens_no_candidacy() -> None:
    desk = Desk()
    desk.invited()
    assert desk.refused(applying(), guest(), "").code == "link_elsewhere"
    assert desk.refused(applying(), guest("l9"), "").code == "link_elsewhere"
    assert desk.refused(applying(), COORDINATOR, "").code in {"role_not_allowed", "candidacies_closed"}


def test_nobody_comes_to_an_association_that_takes_nobody_and_is_told_why(desk: Desk) -> None:
    invite(desk, "form")
    desk.do(operator.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=desk.today), reason="faute")
    refused = desk.refused(applying(), guest(), "")
    assert refused.code == "candidacies_closed"
    assert "suspen" not in refused.sentence
    until = desk.today + timedelta(days=9)
    more = operator.IssueLink(record_id=FACE, link="l2", action="form", digest=sha("l2"), expires_on=until)
    assert desk.refused(more, COORDINATOR, "").code == "wrong_status"


def test_terms_and_numbers_are_those_of_each_kind(desk: Desk) -> None:
    for n in range(MOST_CANDIDATES):
        invite(desk, link=f"l{n}", days=30)
    until = desk.today + timedelta(days=30)
    one_more = operator.IssueLink(
        record_id=FACE, link="x", action="candidacy", digest=sha("x"), expires_on=until
    )
    assert desk.refused(one_more, COORDINATOR, "").code == "too_many_links"
    for action, days in (("candidacy", 31), ("form", 366)):
        late = replace(one_more, action=action, expires_on=desk.today + timedelta(days=days))
        assert desk.refused(late, COORDINATOR, "").code == "link_term"
    invite(desk, "form", "form", days=365)


def test_only_a_person_comes_by_a_link(desk: Desk) -> None:
    for who in (COORDINATOR, LYON):
        assert desk.refused(applying(), who, "").code == "role_not_allowed"
