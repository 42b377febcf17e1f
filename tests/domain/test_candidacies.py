"""Candidacies by the links of an association: who invites, what serves once, what is bounded by the day."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain.association import commands as operator
from domain.association.inviting import CANDIDACIES_A_DAY, MOST_CANDIDATES
from domain.association.parts import SuspensionCause
from domain.kernel import Actor, KeyReused
from domain.mentor.candidacies import Apply, ApplyByLink
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


def known(desk: Desk) -> None:
    """Camille has a record already."""
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


@pytest.mark.parametrize("action", ["candidacy", "form"])
def test_somebody_known_opens_nothing_and_the_link_has_served_all_the_same(desk: Desk, action: str) -> None:
    invite(desk, action)
    known(desk)
    desk.do(applying("mentor-2"), guest())
    assert asyncio.run(fold_at(desk.house.recorder, "mentor-2")) is None
    link = desk.record.links["l1"]
    assert (link.state, link.uses) == (("spent", 0) if action == "candidacy" else ("live", 1))
    stored = asyncio.run(desk.house.recorder.load(["mentor-1"])).events
    assert [one.topic for one in stored] == ["mentor.Applied@1", "mentor.CandidacyRepeated@1"]
    assert "camille" not in repr(stored[-1]).lower()


def test_at_the_last_time_of_the_day_the_form_says_nothing_of_who_is_known(desk: Desk) -> None:
    invite(desk, "form", days=300)
    known(desk)
    for n in range(CANDIDACIES_A_DAY - 1):
        desk.do(applying(f"mentor-{n + 2}", other(n)), guest())
    desk.do(applying("mentor-x"), guest())
    for who in (CAMILLE, other(999)):
        assert desk.refused(applying("mentor-y", who), guest(), "").code == "link_full"


def test_by_the_same_key_somebody_known_is_answered_and_counted_like_anybody(desk: Desk) -> None:
    """Sent again as it was, nothing more happens; with another body, it is refused and not counted."""
    known(desk)
    execute = desk.house.executor.execute
    for n, first in enumerate((CAMILLE, other(1))):
        invite(desk, "form", f"l{n}")
        asked = [Request(applying("mentor-x", who), guest(f"l{n}"), f"l{n}:k") for who in (first, other(2))]
        outcome = asyncio.run(execute(asked[0]))
        assert asyncio.run(execute(asked[0])).position == outcome.position
        with pytest.raises(KeyReused):
            asyncio.run(execute(asked[1]))
        assert desk.record.links[f"l{n}"].uses == 1


def test_of_two_who_come_at_once_as_one_person_one_opens_a_record_and_the_other_is_noted(desk: Desk) -> None:
    execute = desk.house.executor.execute
    invite(desk, "form")

    async def both() -> None:
        asked = [Request(applying(f"mentor-{n}"), guest(), f"link:l1:{n}") for n in (1, 2)]
        await asyncio.gather(*map(execute, asked))

    asyncio.run(both())
    opened = [asyncio.run(fold_at(desk.house.recorder, f"mentor-{n}")) for n in (1, 2)]
    assert sum(one is not None for one in opened) == 1
    assert desk.record.links["l1"].uses == 2


def test_somebody_known_costs_no_question_more_to_the_register(desk: Desk) -> None:
    invite(desk, "form")
    asked = list[list[str]]()
    recorder = desk.house.recorder
    for person in (CAMILLE, CAMILLE, other(1)):
        questions = list[str]()
        with watched(recorder, questions):
            desk.do(applying(f"mentor-{len(asked)}", person), guest())
        asked.append(questions)
    assert asked[0] == asked[1] == asked[2]


@contextmanager
def watched(recorder: Any, questions: list[str]) -> Iterator[None]:
    names = ("load", "holders", "append")
    before = {name: getattr(recorder, name) for name in names}

    def asking(name: str) -> Any:
        async def asked(*arguments: Any) -> Any:
            questions.append(name)
            return await before[name](*arguments)

        return asked

    for name in names:
        setattr(recorder, name, asking(name))
    try:
        yield
    finally:
        for name in names:
            delattr(recorder, name)


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
