"""The refusals of a convention that is being prepared: its text, its parties, its number."""

from __future__ import annotations

from datetime import date

import pytest

from domain.convention import commands as ask
from domain.convention.parts import Capacity, Clauses, Coverage, Party, PartyKind, Signatory
from domain.kernel import SYSTEM, Conflict, Forbidden, NotFound
from tests.domain.convention_support import ACADEMIE, ID, refused
from tests.support import COORDINATOR, FACE_PARTY, GRENOBLE, House, clauses, draft_command


async def test_a_draft_cannot_be_sent_for_signature_before_it_was_read_over(house: House) -> None:
    await house.drafted(ID)
    no = await refused(house, ask.SendForSignature(record_id=ID))
    assert (no.code, no.missing) == ("wrong_status", ("une convention « en relecture »",))
    assert "en préparation" in no.sentence


async def test_an_incomplete_text_is_refused_with_everything_that_it_lacks(house: House) -> None:
    await house.do(draft_command(ID, parties=(), clauses=Clauses(), coverage=Coverage()))
    no = await refused(house, ask.Submit(record_id=ID))
    assert no.code == "text_incomplete"
    assert len(no.missing) == 8
    assert "la date de fin (clauses.ends_on)" in no.missing


async def test_nobody_is_asked_to_sign_while_a_signatory_is_unnamed(house: House) -> None:
    await house.do(draft_command(ID))
    no = await refused(house, ask.Submit(record_id=ID))
    assert no.missing == ("le signataire de académie de Lyon", "le signataire de FACE")


async def test_a_period_that_ends_before_it_begins_is_refused_from_the_draft_on(house: House) -> None:
    backwards = clauses(ends_on=date(2025, 1, 1))
    assert (await refused(house, draft_command(ID, clauses=backwards))).code == "period_reversed"
    await house.drafted(ID)
    no = await refused(house, ask.SetClauses(record_id=ID, clauses=backwards))
    assert (no.code, no.missing) == ("period_reversed", ("ends_on postérieure à starts_on",))


async def test_a_text_that_has_been_sent_back_says_why(house: House) -> None:
    await house.drafted(ID)
    await house.do(ask.Submit(record_id=ID))
    no = await refused(house, ask.Return(record_id=ID), reason=" ")
    assert (no.code, no.missing) == ("reason_missing", ("le motif (reason)",))


async def test_the_same_convention_is_not_drafted_twice(house: House) -> None:
    await house.drafted(ID)
    no = await refused(house, draft_command(ID))
    assert isinstance(no, Conflict)
    assert no.code == "already_drafted"


async def test_an_academie_drafts_for_itself_only(house: House) -> None:
    shared = draft_command(ID, coverage=Coverage(academies=("08", "10")))
    no = await refused(house, shared, GRENOBLE)
    assert no.code == "not_your_academie"
    assert no.missing


async def test_an_operator_that_is_not_registered_cannot_be_a_party(house: House) -> None:
    stranger = Party("association:association-x", PartyKind.OPERATOR, "X")
    await house.drafted(ID)
    no = await refused(house, ask.AddParty(record_id=ID, party=stranger))
    assert (no.code, no.missing) == ("unknown_record", ("association-x",))


async def test_only_a_party_can_leave(house: House) -> None:
    await house.drafted(ID)
    no = await refused(house, ask.RemoveParty(record_id=ID, party="lycee:x"))
    assert no.code == "not_a_party"
    assert FACE_PARTY in no.missing[0]


async def test_a_delegation_cites_its_decision(house: House) -> None:
    await house.drafted(ID)
    delegate = Signatory("Prénom Nom", "secrétaire générale", Capacity.DELEGATION)
    no = await refused(house, ask.NameSignatory(record_id=ID, party=ACADEMIE, signatory=delegate))
    assert no.code == "delegation_missing"
    assert no.missing


async def test_who_is_not_concerned_learns_nothing_and_who_is_may_lack_the_right(house: House) -> None:
    await house.drafted(ID)
    assert isinstance(await refused(house, ask.Submit(record_id=ID), GRENOBLE), NotFound)
    no = await refused(house, ask.Submit(record_id=ID), COORDINATOR)
    assert isinstance(no, Forbidden)
    assert (no.code, no.missing) == ("role_not_allowed", ("un jeton du rôle academie",))


async def test_a_number_designates_one_convention(house: House) -> None:
    await house.drafted(ID, clauses=clauses(number="2025-7"))
    with pytest.raises(Conflict) as caught:
        await house.do(draft_command("convention-2", clauses=clauses(number="2025-7")))
    assert caught.value.code == "already_held"
    await house.do(ask.SetClauses(record_id=ID, clauses=clauses(number="2025-8")))
    await house.do(draft_command("convention-2", clauses=clauses(number="2025-7")))


async def test_only_a_person_abandons_before_force_and_says_why(house: House) -> None:
    await house.to_sign(ID)
    abandon = ask.Abandon(record_id=ID)
    assert (await refused(house, abandon, reason=" ")).code == "reason_missing"
    assert (await refused(house, abandon, SYSTEM)).code == "role_not_allowed"
    await house.do(abandon, COORDINATOR, reason="projet retiré")
    assert (await house.convention(ID)).status == "abandoned"
    assert (await refused(house, abandon)).code == "wrong_status"
