"""A lycée proposes somebody whom it knows: to whom, how often, and without learning who is a mentor."""

from __future__ import annotations

import asyncio
import json

import pytest

from domain.association import commands as operator
from domain.association.inviting import CANDIDACIES_A_DAY
from domain.association.parts import SuspensionCause
from domain.kernel import Actor, NotFound
from domain.mentor.candidacies import Propose
from domain.mentor.commands import Leave
from domain.mentor.model import Mentor
from domain.mentor.parts import MentorLeaving, Origin, Person
from domain.ports import Request
from tests.domain.association_support import PROGRAMME, Desk
from tests.domain.mentor_support import PROFILE
from tests.domain.test_candidacies import CAMILLE, known, other, watched
from tests.support import COORDINATOR, FACE, LYON, fold_at

UAI = "0690010L"
RDBE = Actor("t-rdbe", "lycee", frozenset({"public", f"lycee:{UAI}"}))
MORE = Actor("t-more", "lycee", frozenset({"public", "lycee:0690001B"}))


@pytest.fixture
def desk() -> Desk:
    found = Desk()
    found.admitted()
    return found


def proposing(mentor: str = "mentor-1", person: Person = CAMILLE, uai: str = UAI) -> Propose:
    return Propose(record_id=mentor, association_id=FACE, uai=uai, person=person, profile=PROFILE)


def mentor(desk: Desk, record_id: str = "mentor-1") -> Mentor | None:
    found = asyncio.run(fold_at(desk.house.recorder, record_id))
    assert found is None or isinstance(found, Mentor)
    return found


def test_whom_a_lycee_proposes_is_a_candidate_whom_it_does_not_see(desk: Desk) -> None:
    desk.do(proposing(), RDBE)
    found = mentor(desk)
    assert found is not None
    told = (found.association_id, found.programme_id, found.channel, found.uai, found.applied_on)
    assert told == (FACE, PROGRAMME, Origin.LYCEE, UAI, desk.today)
    assert not found.scopes() & RDBE.scopes
    leave = Leave(record_id="mentor-1", on=desk.today, cause=MentorLeaving.END)
    assert isinstance(desk.refused(leave, RDBE, ""), NotFound)


def test_of_somebody_known_the_lycee_is_told_what_it_is_told_of_anybody(desk: Desk) -> None:
    known(desk)
    asked = list[list[str]]()
    for n, person in enumerate((CAMILLE, other(1))):
        questions = list[str]()
        before = asyncio.run(desk.house.recorder.head())
        with watched(desk.house.recorder, questions):
            desk.do(proposing(f"mentor-{n + 2}", person), RDBE)
        asked.append([*questions, str(asyncio.run(desk.house.recorder.head()) - before)])
    assert asked[0] == asked[1], "as many questions, and as many events"
    assert mentor(desk, "mentor-2") is None
    stored = asyncio.run(desk.house.recorder.load(["mentor-1"])).events
    assert [one.topic for one in stored] == ["mentor.Applied@1", "mentor.CandidacyRepeated@1"]
    assert json.loads(stored[-1].state)["uai"] == UAI, "whom the association is to answer"


def test_a_lycee_proposes_so_many_a_day_known_or_not(desk: Desk) -> None:
    known(desk)
    for n in range(CANDIDACIES_A_DAY):
        desk.do(proposing(f"mentor-{n + 2}", CAMILLE if n % 2 else other(n)), RDBE)
    for person in (CAMILLE, other(999)):
        assert desk.refused(proposing("mentor-x", person), RDBE, "").code == "proposals_full"
    desk.do(proposing("mentor-y", other(998), "0690001B"), MORE)
    desk.house.clock.advance(days=1)
    desk.do(proposing("mentor-x", other(999)), RDBE)


def test_a_lycee_proposes_for_itself_in_its_academie_and_to_who_recruits(desk: Desk) -> None:
    elsewhere = Actor("t-38", "lycee", frozenset({"public", "lycee:0380001A"}))
    assert desk.refused(proposing(uai="0690001B"), RDBE, "").code == "outside_your_scope"
    assert desk.refused(proposing(uai="0380001A"), elsewhere, "").code == "lycee_elsewhere"
    for who in (COORDINATOR, LYON):
        assert desk.refused(proposing(), who, "").code == "role_not_allowed"
    desk.do(operator.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=desk.today), reason="faute")
    refused = desk.refused(proposing(), RDBE, "")
    assert refused.code == "candidacies_closed"
    assert "suspen" not in refused.sentence


def test_nobody_is_proposed_to_an_association_that_is_not_yet_in_admission() -> None:
    assert Desk().refused(proposing(), RDBE, "").code == "candidacies_closed"


def test_two_lycees_that_propose_the_same_person_at_once_open_one_record(desk: Desk) -> None:
    async def both() -> None:
        asked = [
            Request(proposing("mentor-1"), RDBE, "t-rdbe:1"),
            Request(proposing("mentor-2", uai="0690001B"), MORE, "t-more:1"),
        ]
        await asyncio.gather(*map(desk.house.executor.execute, asked))

    asyncio.run(both())
    assert sum(mentor(desk, one) is not None for one in ("mentor-1", "mentor-2")) == 1
    assert desk.record.proposed == {UAI: 1, "0690001B": 1}
