"""The seal as its keeper uses it: what an inspection was held against, and what a damaged store says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from domain.association.commands import Extend, IssueLink, RegisterAssociation
from domain.association.model import Identity
from domain.calendar import paris_day
from domain.company.commands import RecordTie, RegisterCompany
from domain.company.model import Firm, TieKind
from domain.convention.commands import Abandon, NameSignatory, RemoveParty
from domain.convention.parts import Party, PartyKind, Signatory
from domain.kernel import Actor, Forbidden
from ledger import merkle
from ledger.checkpoint import DoesNotExtend
from ledger.events import NewEvent
from ledger.findings import Kind
from ledger.readings import ReadingLog
from ledger.recorder import Append
from ops import audit, compose, keys, maintenance
from tests.conftest import Database
from tests.domain.association_support import sha
from tests.domain.mentor_support import MENTOR, applying
from tests.ops.places import settings_of
from tests.support import (
    AUDITOR,
    COORDINATOR,
    FACE,
    FACE_PARTY,
    GRENOBLE,
    LYON,
    NATIONAL,
    House,
    draft_command,
)

pytestmark = pytest.mark.stack
DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))
ZUP_PARTY = "association:association-zup"
ZUP = Actor("t-zup", "association", frozenset({"public", ZUP_PARTY}))
TO_SIGN = (
    Party("academie:10", PartyKind.ACADEMIE, "académie de Lyon"),
    Party(FACE_PARTY, PartyKind.OPERATOR, "FACE"),
    Party(ZUP_PARTY, PartyKind.OPERATOR, "ZUP"),
)


@dataclass
class Place:
    """A house that has lived; ``pushed``: the folder of another machine."""

    parts: compose.House
    house: House
    owner_dsn: str
    pushed: Path

    async def publish(self) -> int:
        checkpoint, problems = await audit.publish(self.parts.settings, self.parts.pool)
        assert problems == []
        return checkpoint.size

    async def inspected(self, *kept: Path) -> audit.Inspection:
        return await audit.check(self.parts, lambda position: None, kept)

    def claims(self) -> set[tuple[Any, ...]]:
        with psycopg.connect(self.owner_dsn) as connection:
            return set(connection.execute("SELECT record_id, key, during FROM ledger.claims").fetchall())

    def execute(self, *statements: str) -> None:
        """As the superuser, whom no trigger stops."""
        with psycopg.connect(self.owner_dsn, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    settings = settings_of(tmp_path / "home", database.owner_dsn, database).model_copy(
        update={"checkpoint_folder": str(tmp_path / "pushed")}
    )
    await keys.prepare(settings)
    async with compose.house(settings, "audit") as parts:
        house = House(parts.recorder, keyring=parts.keyring)
        await house.open()
        await house.drafted()
        yield Place(parts, house, database.owner_dsn, tmp_path / "pushed")


async def test_an_inspection_says_how_much_was_signed(place: Place) -> None:
    head = await place.parts.recorder.head()
    assert await place.inspected() == audit.Inspection(head, compared=0, vouched=0, findings=[])
    assert await place.publish() == head
    await place.house.drafted("convention-2")
    now = await place.parts.recorder.head()
    assert await place.inspected() == audit.Inspection(now, compared=1, vouched=head, findings=[])
    assert await place.inspected(place.pushed) == await place.inspected(), "the same notes count once"


async def test_a_home_taken_back_with_its_database_is_seen_by_what_others_were_handed(place: Place) -> None:
    """Whoever holds the machine can take both back: that is why checkpoints are pushed."""
    early = await place.publish()
    await place.house.drafted("convention-2")
    late = await place.publish()
    leaves = [one.leaf for one in await place.parts.recorder.after(0, early)]
    edge = merkle.packed(merkle.append(0, [], leaves)[1])
    place.execute(
        f"DELETE FROM ledger.events WHERE position > {early}",
        f"UPDATE ledger.tree SET size = {early}, edge = '\\x{edge.hex()}'",
    )
    (place.parts.settings.checkpoints / f"0001-{late:012}.txt").unlink()
    assert (await place.inspected()).findings == []
    (found,) = (await place.inspected(place.pushed)).findings
    assert (found.kind, found.first, found.last) == (Kind.MISSING, early + 1, late)


async def test_claims_that_the_records_do_not_make_are_found_and_told_again(place: Place) -> None:
    await place.house.do(applying(MENTOR), COORDINATOR)
    kept = place.claims()
    assert {record for record, _, _ in kept} == {FACE, MENTOR}
    place.execute(
        f"DELETE FROM ledger.claims WHERE record_id = '{MENTOR}'",
        "INSERT INTO ledger.claims (key, record_id) VALUES ('nobody''s', 'convention-1')",
    )
    head = await place.parts.recorder.head()
    (found,) = (await place.inspected()).findings
    assert (found.kind, found.first, found.last) == (Kind.CLAIMS, 1, head)
    assert "2 dossier(s), dont convention-1, mentor-1" in found.sentence
    assert await maintenance.rebuild_claims(place.parts.settings) == 2
    assert place.claims() == kept
    assert (await place.inspected()).findings == []
    assert await maintenance.rebuild_claims(place.parts.settings) == 0


@pytest.mark.parametrize(
    "during", ["empty", "[-infinity,)", "(,infinity]", "[2999-01-01 00:00:00+00,infinity)", "[,-infinity)"]
)
async def test_a_claim_of_a_span_that_no_record_makes_is_found_and_told_again(
    place: Place, during: str
) -> None:
    kept = place.claims()
    place.execute(f"UPDATE ledger.claims SET during = '{during}' WHERE record_id = '{FACE}'")
    (found,) = (await place.inspected()).findings
    assert found.kind == Kind.CLAIMS
    assert await maintenance.rebuild_claims(place.parts.settings) == 1
    assert place.claims() == kept
    assert (await place.inspected()).findings == []


async def test_claims_of_two_records_for_the_same_are_refused_in_words(place: Place) -> None:
    await place.house.do(applying(MENTOR), COORDINATOR)
    place.execute(f"DELETE FROM ledger.claims WHERE record_id = '{MENTOR}'")
    await place.house.do(applying("mentor-2"), COORDINATOR)
    with pytest.raises(maintenance.HeldTwice, match="Deux dossiers réservent la même chose"):
        await maintenance.rebuild_claims(place.parts.settings)
    assert {record for record, _, _ in place.claims()} == {FACE, "mentor-2"}


async def test_no_evidence_is_made_of_a_store_that_lacks_events(place: Place) -> None:
    await place.publish()
    place.execute("DELETE FROM ledger.events WHERE position = 1")
    with pytest.raises(DoesNotExtend, match="Il manque des événements"):
        await audit.evidence_of(place.parts, DPO, "convention-1", sealed=True)


def disclosed(evidence: dict[str, Any]) -> list[str]:
    return [name for one in evidence["events"] for name in ("key", "text_key") if name in one]


@pytest.mark.parametrize(
    ("actor", "sealed", "opens"),
    [(COORDINATOR, False, True), (COORDINATOR, True, False), (LYON, False, False)],
)
async def test_evidence_opens_what_its_reader_is_shown_of_such_a_record_and_no_more(
    place: Place, actor: Actor, sealed: bool, opens: bool
) -> None:
    """An académie sees that there is a mentor, never who: their evidence is the same."""
    await place.house.do(applying(), COORDINATOR)
    evidence = await audit.evidence_of(place.parts, actor, MENTOR, sealed=sealed)
    assert bool(disclosed(evidence)) == opens
    convention = await audit.evidence_of(place.parts, actor, "convention-1", sealed=False)
    assert disclosed(convention), "of a convention both are shown who signs"


async def test_evidence_of_what_is_reserved_goes_to_those_alone_who_are_told_it(place: Place) -> None:
    """What is sealed is sealed whole: nothing can be left out of it."""
    before = await audit.evidence_of(place.parts, NATIONAL, FACE, sealed=True)
    assert before["record"] == FACE
    version = len(before["events"])
    released = NewEvent(
        uuid4(), FACE, version + 1, "association.MentorsReleased@1", '{"mentors":3}', "{}", None
    )
    await place.parts.recorder.append(Append([released], {FACE: version}))
    with pytest.raises(Forbidden, match="mots réservés") as refused:
        await audit.evidence_of(place.parts, NATIONAL, FACE, sealed=True)
    assert refused.value.missing == ("un jeton d'un de ces rôles : academie, association, auditor, dpo",)
    assert (await audit.evidence_of(place.parts, AUDITOR, FACE, sealed=True))["record"] == FACE


async def test_evidence_of_a_shared_record_goes_to_whoever_is_told_all_its_acts(place: Place) -> None:
    """The history veils another operator's token and reason: evidence cannot, so it is not given."""
    identity = Identity("ZUP", mailbox="contact@zup.test")
    await place.house.do(
        RegisterAssociation(record_id="association-zup", identity=identity, academies=("10",))
    )
    await place.house.drafted("convention-2", parties=TO_SIGN)
    await place.house.do(RegisterCompany(record_id="company-1", firm=Firm("Ateliers du Rhône")), COORDINATOR)
    for record_id in ("convention-2", "company-1"):
        own = await audit.evidence_of(place.parts, COORDINATOR, record_id, sealed=False)
        assert disclosed(own), record_id
    await place.house.do(Abandon(record_id="convention-2"), ZUP, reason="Parce que Zoé Introuvable.")
    tie = RecordTie(record_id="company-1", kind=TieKind.VISIT, count=2, on=place.house.clock.today)
    await place.house.do(tie, ZUP)

    for record_id, actor in (("convention-2", COORDINATOR), ("company-1", COORDINATOR), ("company-1", LYON)):
        with pytest.raises(Forbidden, match="d'autres y ont agi"):
            await audit.evidence_of(place.parts, actor, record_id, sealed=False)
        with pytest.raises(Forbidden, match="d'autres y ont agi"):
            await audit.evidence_of(place.parts, actor, record_id, sealed=True)
    for record_id, actor in (("convention-2", ZUP), ("convention-2", LYON), ("company-1", DPO)):
        told = await audit.evidence_of(place.parts, actor, record_id, sealed=False)
        assert disclosed(told), record_id


async def test_by_evidence_nobody_counts_the_candidacies_that_they_are_not_told(place: Place) -> None:
    expires = paris_day(await place.parts.recorder.now())
    link = IssueLink(record_id=FACE, link="l1", action="admission", digest="d" * 64, expires_on=expires)
    await place.house.do(link, LYON)
    with pytest.raises(Forbidden, match="compter des candidatures"):
        await audit.evidence_of(place.parts, NATIONAL, FACE, sealed=True)
    assert (await audit.evidence_of(place.parts, LYON, FACE, sealed=True))["record"] == FACE


async def test_evidence_is_noted_as_a_reading_of_all_whom_its_words_may_speak_of(place: Place) -> None:
    await place.house.do(draft_command("convention-2"), LYON, reason="Parce que Zoé Introuvable.")
    await audit.evidence_of(place.parts, DPO, "convention-2", sealed=True)
    await audit.evidence_of(place.parts, DPO, "convention-2", sealed=False)
    entries = await ReadingLog(place.parts.pool).page(limit=9)
    assert sorted((one.subject, one.purpose) for one in entries) == [
        (FACE, "audit_export"),
        ("convention-2", "audit_export"),
    ]


async def test_evidence_of_a_convention_does_not_tell_its_parties_how_much_happened_to_an_operator(
    place: Place,
) -> None:
    """So that each of them is given theirs: a link given to FACE, a candidacy, is a version more of FACE."""
    expires = paris_day(await place.parts.recorder.now())
    for name in ("l1", "l2", "l3"):
        link = IssueLink(record_id=FACE, link=name, action="admission", digest=sha(name), expires_on=expires)
        await place.house.do(link, LYON)
    lycee = Party("lycee:0690010L", PartyKind.LYCEE, "lycée")
    drafted = draft_command("convention-2")
    await place.house.do(replace(drafted, parties=(*drafted.parties, lycee)))
    school = Actor("t-lycee", "lycee", frozenset({"public", lycee.key}))
    for actor in (NATIONAL, school, COORDINATOR, LYON, AUDITOR):
        found = await audit.evidence_of(place.parts, actor, "convention-2", sealed=True)
        (metadata,) = [json.loads(one["metadata"]) for one in found["events"]]
        assert metadata["rests_on"] == {"programme-1j1m": 2}


async def test_evidence_of_what_rests_on_a_record_goes_to_whoever_may_see_that_record(place: Place) -> None:
    """An académie to which FACE is extended is no party to the convention by which it was admitted."""
    await place.house.do(Extend(record_id=FACE, academie="08"), LYON)
    extended = (await place.parts.recorder.load([FACE])).events[-1]
    metadata = '{"actor": "t-lyon", "role": "academie", "rests_on": {"convention-1": 3}}'
    version = extended.version
    again = NewEvent(uuid4(), FACE, version + 1, extended.topic, extended.state, metadata, None)
    await place.parts.recorder.append(Append([again], {FACE: version}))
    with pytest.raises(Forbidden, match="que votre jeton ne voit pas") as refused:
        await audit.evidence_of(place.parts, GRENOBLE, FACE, sealed=True)
    assert refused.value.missing == ("un jeton d'un de ces rôles : auditor, dpo",)
    for actor in (LYON, COORDINATOR, NATIONAL, AUDITOR, DPO):
        assert (await audit.evidence_of(place.parts, actor, FACE, sealed=True))["record"] == FACE


async def test_evidence_of_what_was_shared_is_not_given_once_the_other_operator_has_left(
    place: Place,
) -> None:
    identity = Identity("ZUP", mailbox="contact@zup.test")
    await place.house.do(
        RegisterAssociation(record_id="association-zup", identity=identity, academies=("10",))
    )
    await place.house.do(draft_command("convention-2", parties=TO_SIGN))
    named = NameSignatory(
        record_id="convention-2", party=ZUP_PARTY, signatory=Signatory("Prénom Nom", "titre")
    )
    await place.house.do(named, ZUP)
    await place.house.do(RemoveParty(record_id="convention-2", party=ZUP_PARTY))
    with pytest.raises(Forbidden, match="d'autres y ont agi"):
        await audit.evidence_of(place.parts, COORDINATOR, "convention-2", sealed=True)
    assert (await audit.evidence_of(place.parts, LYON, "convention-2", sealed=True))["record"]


async def test_what_another_operator_does_while_evidence_is_made_is_not_given_with_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.house.do(RegisterCompany(record_id="company-1", firm=Firm("Ateliers du Rhône")), COORDINATOR)
    tie = RecordTie(record_id="company-1", kind=TieKind.VISIT, count=2, on=place.house.clock.today)
    published = audit.publish

    async def publish(*asked: Any) -> Any:
        await place.house.do(tie, ZUP)
        return await published(*asked)

    monkeypatch.setattr(audit, "publish", publish)
    with pytest.raises(Forbidden, match="d'autres y ont agi"):
        await audit.evidence_of(place.parts, COORDINATOR, "company-1", sealed=True)
