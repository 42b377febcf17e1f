"""The refusals of a convention that is being signed: votes, signatories, the text that was shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from domain.calendar import PartialDate
from domain.convention import commands as ask
from domain.convention.parts import Capacity, Coverage, Medium, Party, PartyKind, Signatory
from tests.domain.convention_support import (
    ACADEMIE,
    ID,
    LYCEE,
    SOMEBODY,
    refused,
    signing,
    text_of,
    vote,
    with_lycee,
)
from tests.support import COORDINATOR, FACE_PARTY, LYON, House, clauses, draft_command


async def test_a_party_signs_the_text_it_was_shown_and_no_other(house: House) -> None:
    await house.to_sign(ID)
    shown = await text_of(house)
    await house.do(ask.SetClauses(record_id=ID, clauses=clauses(mentees=40)))
    no = await refused(house, signing(house, text_hash=shown))
    assert no.code == "text_changed"
    assert await text_of(house) in no.missing[0]


async def test_editing_the_text_voids_the_signatures_given(house: House) -> None:
    await house.to_sign(ID)
    await house.sign(ID, ACADEMIE)
    await house.do(ask.SetCoverage(record_id=ID, coverage=Coverage(academies=("10", "08"))))
    convention = await house.convention(ID)
    assert (convention.status, convention.signatures) == ("to_sign", {})
    assert convention.text == convention.text_now


async def test_a_new_mailbox_is_no_new_text(house: House) -> None:
    await house.to_sign(ID)
    await house.sign(ID, ACADEMIE)
    face = replace((await house.convention(ID)).parties[FACE_PARTY], mailbox="nouvelle@face.test")
    await house.do(ask.AddParty(record_id=ID, party=face))
    convention = await house.convention(ID)
    assert convention.parties[FACE_PARTY].mailbox == "nouvelle@face.test"
    assert set(convention.signatures) == {ACADEMIE}


async def test_a_text_robbed_of_its_end_while_it_is_being_signed_is_not_signed(house: House) -> None:
    await house.to_sign(ID)
    await house.do(ask.SetClauses(record_id=ID, clauses=clauses(ends_on=None)))
    no = await refused(house, signing(house, text_hash=await text_of(house)))
    assert (no.code, no.missing) == ("text_incomplete", ("la date de fin (clauses.ends_on)",))


async def test_nothing_is_signed_tomorrow_nor_twice_nor_for_somebody_else(house: House) -> None:
    await house.to_sign(ID)
    text = await text_of(house)
    no = await refused(house, signing(house, days=-1, text_hash=text))
    assert no.code == "in_the_future"
    assert no.missing == ("une date au plus tard le 24 novembre 2025",)
    assert (await refused(house, signing(house, text_hash=text), COORDINATOR)).code == "not_your_party"
    await house.sign(ID, ACADEMIE)
    assert (await refused(house, signing(house, text_hash=text))).code == "already_signed"
    renamed = ask.NameSignatory(record_id=ID, party=ACADEMIE, signatory=SOMEBODY)
    assert (await refused(house, renamed)).code == "already_signed"


async def test_an_academie_records_anothers_signature_on_paper_only(house: House) -> None:
    await house.to_sign(ID)
    electronic = signing(house, FACE_PARTY, medium=Medium.ELECTRONIC, text_hash=await text_of(house))
    assert (await refused(house, electronic)).code == "paper_needed"
    await house.do(electronic, COORDINATOR)
    assert set((await house.convention(ID)).signatures) == {FACE_PARTY}


async def test_a_party_that_joined_during_the_signing_needs_a_signatory(house: House) -> None:
    await house.to_sign(ID)
    await house.do(ask.AddParty(record_id=ID, party=replace(LYCEE, public=False)))
    no = await refused(house, signing(house, LYCEE.key, text_hash=await text_of(house)))
    assert (no.code, no.missing) == ("signatory_missing", ("le signataire",))


async def test_a_delegation_covers_its_last_day_and_no_later_one(house: House) -> None:
    await house.drafted(ID)
    last = house.clock.today
    delegate = Signatory("Prénom Nom", "secrétaire générale", Capacity.DELEGATION, "arrêté 12", last)
    await house.do(ask.NameSignatory(record_id=ID, party=ACADEMIE, signatory=delegate))
    await house.do(ask.Submit(record_id=ID))
    await house.do(ask.SendForSignature(record_id=ID))
    house.clock.advance(days=1)
    no = await refused(house, signing(house, text_hash=await text_of(house)))
    assert (no.code, len(no.missing)) == ("delegation_expired", 1)
    await house.sign(ID, ACADEMIE, last)
    assert (await house.convention(ID)).signatures[ACADEMIE].on == PartialDate(last)


async def test_an_eple_signs_fifteen_days_after_its_vote_was_transmitted(house: House) -> None:
    await with_lycee(house)
    text, today = await text_of(house), house.clock.today
    no = await refused(house, signing(house, LYCEE.key, text_hash=text))
    assert (no.code, len(no.missing)) == ("vote_missing", 2)
    await house.do(vote(today - timedelta(days=3), today))
    house.clock.advance(days=14)
    no = await refused(house, signing(house, LYCEE.key, text_hash=text))
    assert no.code == "vote_not_executory"
    assert no.missing == ("une signature à partir du 9 décembre 2025",)
    house.clock.advance(days=1)
    await house.sign(ID, LYCEE.key)
    assert set((await house.convention(ID)).signatures) == {LYCEE.key}


async def test_a_vote_comes_before_its_transmission_in_the_past_and_from_an_eple(house: House) -> None:
    await with_lycee(house)
    today = house.clock.today
    assert (await refused(house, vote(today, today - timedelta(days=1)))).code == "vote_after_transmission"
    assert (await refused(house, vote(today, today + timedelta(days=1)))).code == "in_the_future"
    assert (await refused(house, vote(today, party=FACE_PARTY))).code == "no_vote_needed"


async def test_any_change_of_the_text_voids_the_votes_even_of_a_draft(house: House) -> None:
    await house.drafted(ID, parties=(*draft_command().parties, LYCEE))
    day = house.clock.today - timedelta(days=20)
    changes = (
        ask.SetClauses(record_id=ID, clauses=clauses(mentees=7)),
        ask.SetCoverage(record_id=ID, coverage=Coverage(academies=("10", "08"))),
        ask.RemoveParty(record_id=ID, party=FACE_PARTY),
    )
    for change in changes:
        await house.do(vote(day))
        assert (await house.convention(ID)).votes
        await house.do(change)
        assert not (await house.convention(ID)).votes


async def test_an_electronic_signature_is_given_today_and_its_day_is_not_corrected(house: House) -> None:
    await house.to_sign(ID)
    sign = signing(house, medium=Medium.ELECTRONIC, text_hash=await text_of(house))
    month = PartialDate(house.clock.today.replace(day=1), "month")
    for on in (month, PartialDate(house.clock.today - timedelta(days=1))):
        assert (await refused(house, replace(sign, on=on))).code == "electronic_today"
    await house.do(sign)
    yesterday = PartialDate(house.clock.today - timedelta(days=1))
    correction = ask.Correct(record_id=ID, supersedes=6, date_name=f"signature:{ACADEMIE}", value=yesterday)
    assert (await refused(house, correction)).code == "electronic_today"


async def test_an_academie_signs_electronically_for_no_other_authority(house: House) -> None:
    region = Party("region:84", PartyKind.REGION_ACADEMIQUE, "région académique")
    await house.drafted(ID, parties=(*draft_command().parties, region))
    await house.do(ask.NameSignatory(record_id=ID, party=region.key, signatory=SOMEBODY))
    await house.do(ask.Submit(record_id=ID))
    await house.do(ask.SendForSignature(record_id=ID))
    sign = signing(house, region.key, medium=Medium.ELECTRONIC, text_hash=await text_of(house))
    assert (await refused(house, sign)).code == "paper_needed"
    await house.do(sign, replace(LYON, scopes=LYON.scopes | {region.key}))


async def test_a_month_is_given_the_benefit_of_the_doubt(house: House) -> None:
    await with_lycee(house)
    await house.do(vote(house.clock.today - timedelta(days=20), house.clock.today - timedelta(days=10)))
    month = PartialDate(date(2025, 11, 1), "month")
    await house.do(signing(house, LYCEE.key, on=month, text_hash=await text_of(house)))
    assert (await house.convention(ID)).signatures[LYCEE.key].on == month
