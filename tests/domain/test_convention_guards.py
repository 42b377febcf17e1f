"""Every way for a convention to say no: its code, a sentence in French, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention import commands as ask
from domain.convention.parts import Capacity, Clauses, Coverage, EndCause, Medium, Party, PartyKind, Signatory
from domain.kernel import Actor, Conflict, DomainError, Forbidden, NotFound, Refused
from domain.programme.commands import AdoptRules, OpenProgramme, SetTarget
from domain.programme.rules import Delay, Rules
from tests.support import (
    COORDINATOR,
    FACE_PARTY,
    GRENOBLE,
    LYON,
    NATIONAL,
    House,
    clauses,
    draft_command,
)

ID = "convention-1"
ACADEMIE = "academie:10"
LYCEE = Party("lycee:0690001A", PartyKind.LYCEE, "lycée de Vénissieux", public=True)
SOMEBODY = Signatory("Prénom Nom", "titre")


@pytest.fixture
async def house() -> House:
    house = House()
    await house.open()
    return house


async def refused(house: House, command: Command, actor: Actor = LYON, reason: str = "motif") -> DomainError:
    """The refusal, after which nothing has changed."""
    before = await house.recorder.load([command.record_id])
    with pytest.raises(DomainError) as caught:
        await house.do(command, actor, reason=reason)
    assert (await house.recorder.load([command.record_id])).events == before.events
    assert caught.value.sentence.endswith((".", ")"))
    return caught.value


def signing(house: House, party: str = ACADEMIE, days: int = 0, **changes: object) -> ask.Sign:
    values: dict[str, object] = {
        "party": party,
        "on": PartialDate(house.clock.today - timedelta(days=days)),
        "medium": Medium.PAPER,
    }
    return ask.Sign(record_id=ID, **(values | changes))  # type: ignore[arg-type]


async def text_of(house: House) -> str:
    return (await house.convention(ID)).text or ""


async def in_force(house: House, **changes: object) -> None:
    await house.signed(ID, **changes)
    house.clock.advance(days=30)
    await house.do(ask.EnterIntoForce(record_id=ID), Actor("system", "system"))


async def with_lycee(house: House) -> None:
    """Sent for signature, an EPLE being a party."""
    await house.drafted(ID, parties=(*draft_command().parties, LYCEE))
    await house.do(ask.NameSignatory(record_id=ID, party=LYCEE.key, signatory=SOMEBODY))
    await house.do(ask.Submit(record_id=ID))
    await house.do(ask.SendForSignature(record_id=ID))


def vote(on: date, transmitted: date | None = None, party: str = LYCEE.key) -> ask.RecordVote:
    return ask.RecordVote(record_id=ID, party=party, voted_on=on, transmitted_on=transmitted or on)


# Preparing ---------------------------------------------------------------------------------------


async def test_a_draft_cannot_be_sent_for_signature_before_it_was_read_over(house: House) -> None:
    await house.drafted(ID)
    no = await refused(house, ask.SendForSignature(record_id=ID))
    assert (no.code, no.missing) == ("wrong_status", ("une convention en relecture",))
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


# Signing -----------------------------------------------------------------------------------------


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


async def test_an_avenant_is_voted_too(house: House) -> None:
    await with_lycee(house)
    await house.do(vote(house.clock.today - timedelta(days=20)))
    for party in (ACADEMIE, FACE_PARTY, LYCEE.key):
        await house.sign(ID, party)
    house.clock.advance(days=30)
    assert (await refused(house, vote(house.clock.today))).code == "wrong_status"
    await house.do(ask.EnterIntoForce(record_id=ID), Actor("system", "system"))
    await house.do(ask.ProposeAmendment(record_id=ID, clauses=clauses(mentees=99)))
    assert (await refused(house, await amending(house, LYCEE.key))).code == "vote_missing"
    proposed = house.clock.today
    assert (await refused(house, vote(proposed - timedelta(days=1)))).code == "before_proposal"
    house.clock.advance(days=15)
    await house.do(vote(proposed))
    early = replace(await amending(house, ACADEMIE), on=PartialDate(proposed - timedelta(days=1)))
    assert (await refused(house, early)).code == "before_proposal"
    await house.do(await amending(house, LYCEE.key))


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


async def test_only_the_keeper_records_a_notice_of_the_past_and_undoes_a_paper(house: House) -> None:
    await in_force(house)
    past = house.clock.today - timedelta(days=3)
    notice = ask.Denounce(record_id=ID, party=FACE_PARTY, on=past)
    withdrawal = ask.WithdrawNotice(record_id=ID, party=FACE_PARTY)
    assert (await refused(house, notice, COORDINATOR)).code == "notice_backdated"
    too_early = replace(notice, on=date(2025, 12, 4))
    assert (await refused(house, too_early)).code == "period_reversed"
    await house.do(notice, reason="motif")
    await house.do(withdrawal, reason="motif")
    await house.do(replace(notice, on=house.clock.today), COORDINATOR, reason="motif")
    assert (await refused(house, withdrawal)).code == "not_your_notice"
    await house.do(withdrawal, COORDINATOR, reason="motif")


async def test_history_is_signed_before_it_is_in_force_and_awaits_no_signature(house: House) -> None:
    await house.drafted(ID)
    early = history(in_force_from=PartialDate(date(2025, 1, 29)))
    assert (await refused(house, early)).code == "before_signature"
    await house.do(history())
    assert not (await house.convention(ID)).unsigned


async def test_a_correction_neither_precedes_the_signature_nor_contradicts_the_end(house: House) -> None:
    await in_force(house)

    def correction(name: str, day: date, event: int) -> ask.Correct:
        return ask.Correct(record_id=ID, supersedes=event, date_name=name, value=PartialDate(day))

    wrong = await refused(house, correction("in_force_from", date(2025, 12, 6), 2))
    assert (wrong.code, wrong.missing) == ("not_its_event", ("le numéro (supersedes) de l'un de : 8",))
    early = correction("in_force_from", date(2025, 11, 23), 8)
    assert (await refused(house, early)).code == "before_signature"
    house.clock.advance(days=400)
    await house.do(ask.End(record_id=ID), Actor("system", "system"))
    assert (await refused(house, correction("ends_on", date(2026, 12, 1), 1))).code == "ended_already"


async def test_a_month_is_given_the_benefit_of_the_doubt(house: House) -> None:
    await with_lycee(house)
    await house.do(vote(house.clock.today - timedelta(days=20), house.clock.today - timedelta(days=10)))
    month = PartialDate(date(2025, 11, 1), "month")
    await house.do(signing(house, LYCEE.key, on=month, text_hash=await text_of(house)))
    assert (await house.convention(ID)).signatures[LYCEE.key].on == month


# What was signed before this register -------------------------------------------------------------


def history(**changes: object) -> ask.RecordHistory:
    values: dict[str, object] = {
        "signed_on": PartialDate(date(2025, 1, 30)),
        "in_force_from": PartialDate(date(2025, 2, 1), "month"),
        "ends_on": date(2026, 1, 31),
        "evidence": "communiqué du 30 janvier 2025",
    }
    return ask.RecordHistory(record_id=ID, **(values | changes))  # type: ignore[arg-type]


async def test_history_needs_evidence_a_past_and_an_order(house: House) -> None:
    await house.drafted(ID)
    no = await refused(house, history(evidence=" "))
    assert (no.code, no.missing) == ("evidence_missing", ("la pièce qui l'atteste (evidence)",))
    assert (await refused(house, history(signed_on=PartialDate(date(2026, 1, 1))))).code == "in_the_future"
    assert (await refused(house, history(ends_on=date(2025, 1, 1)))).code == "period_reversed"
    await house.do(history())
    assert (await refused(house, history())).code == "wrong_status"


async def test_a_correction_says_why_names_its_event_and_a_date_that_is_recorded(house: House) -> None:
    await house.drafted(ID)
    await house.do(history())

    def correction(name: str = "signed_on", day: date = date(2025, 1, 29), event: int = 4) -> ask.Correct:
        return ask.Correct(record_id=ID, supersedes=event, date_name=name, value=PartialDate(day))

    assert (await refused(house, correction(), reason="")).code == "reason_missing"
    assert (await refused(house, correction(event=99))).code == "no_such_event"
    no = await refused(house, correction("ends_on"))
    assert (no.code, no.missing) == ("date_not_recorded", ("l'une de : signed_on",))
    assert (await refused(house, correction(day=date(2030, 1, 1)))).code == "in_the_future"
    await house.do(correction(), reason="coquille du communiqué")
    await house.do(ask.EnterIntoForce(record_id=ID), Actor("system", "system"))
    assert (await refused(house, correction("ends_on", date(2024, 1, 1)))).code == "period_reversed"
    assert (await refused(house, correction("in_force_from", date(2024, 1, 1)), COORDINATOR)).code == (
        "role_not_allowed"
    )
    late = correction("in_force_from", date(2025, 6, 1))
    await house.do(correction("ends_on", date(2025, 5, 1)), reason="motif")
    assert (await refused(house, late)).code == "period_reversed"
    assert (await house.convention(ID)).signed_on == PartialDate(date(2025, 1, 29))


# In force, and after ------------------------------------------------------------------------------


async def amending(house: House, party: str) -> ask.SignAmendment:
    amendment = (await house.convention(ID)).amendment
    return ask.SignAmendment(
        record_id=ID,
        party=party,
        on=PartialDate(house.clock.today),
        medium=Medium.PAPER,
        text_hash=amendment.text_hash if amendment else "",
    )


async def test_one_avenant_at_a_time_with_an_end_and_signed_once(house: House) -> None:
    await house.signed(ID)
    propose = ask.ProposeAmendment(record_id=ID, clauses=clauses(ends_on=date(2027, 12, 4)))
    assert (await refused(house, propose)).code == "wrong_status"
    house.clock.advance(days=30)
    await house.do(ask.EnterIntoForce(record_id=ID), Actor("system", "system"))
    assert (await refused(house, await amending(house, ACADEMIE))).code == "no_amendment"
    assert (await refused(house, ask.WithdrawAmendment(record_id=ID))).code == "no_amendment"
    for text, code in (
        (clauses(ends_on=None), "text_incomplete"),
        (clauses(starts_on=None, ends_on=date(2025, 12, 4)), "period_reversed"),
    ):
        no = await refused(house, ask.ProposeAmendment(record_id=ID, clauses=text))
        assert (no.code, len(no.missing)) == (code, 1)
    await house.do(propose)
    no = await refused(house, propose)
    assert (no.code, no.missing) == ("amendment_open", ("sa signature par tous, ou son retrait",))
    await house.do(await amending(house, ACADEMIE))
    assert (await refused(house, await amending(house, ACADEMIE))).code == "already_signed"
    assert (await house.convention(ID)).clauses.ends_on == date(2026, 12, 4)
    await house.do(await amending(house, FACE_PARTY))
    convention = await house.convention(ID)
    assert (convention.clauses.ends_on, convention.amendment) == (date(2027, 12, 4), None)


async def test_a_signatory_can_be_named_for_the_avenant_of_a_convention_of_old(house: House) -> None:
    await house.do(draft_command(ID))
    await house.do(history(ends_on=date(2027, 1, 1)))
    await house.do(ask.EnterIntoForce(record_id=ID), Actor("system", "system"))
    await house.do(ask.ProposeAmendment(record_id=ID, clauses=clauses()))
    assert (await refused(house, await amending(house, ACADEMIE))).code == "signatory_missing"
    named = ask.NameSignatory(record_id=ID, party=ACADEMIE, signatory=SOMEBODY)
    await house.do(named)
    await house.do(await amending(house, ACADEMIE))
    assert (await refused(house, named)).code == "already_signed"


async def test_a_notice_runs_three_months_and_is_given_once_with_its_reason(house: House) -> None:
    await in_force(house)
    today = house.clock.today

    def notice(until: date | None = None) -> ask.Denounce:
        return ask.Denounce(record_id=ID, party=FACE_PARTY, on=today, until=until)

    no = await refused(house, notice(date(2026, 3, 23)))
    assert (no.code, no.missing) == ("notice_too_short", ("une date d'effet à partir du 24 mars 2026",))
    assert (await refused(house, notice(), reason="")).code == "reason_missing"
    tomorrow = ask.Denounce(record_id=ID, party=FACE_PARTY, on=today + timedelta(days=1))
    assert (await refused(house, tomorrow)).code == "in_the_future"
    assert (await refused(house, ask.WithdrawNotice(record_id=ID, party=FACE_PARTY))).code == "no_notice"
    await house.do(notice(), COORDINATOR, reason="motif")
    assert (await house.convention(ID)).notice_until == date(2026, 3, 24)
    assert (await refused(house, notice())).code == "notice_given"


async def test_only_who_gave_notice_takes_it_back(house: House) -> None:
    await in_force(house)
    await house.do(ask.Denounce(record_id=ID, party=ACADEMIE, on=house.clock.today), reason="motif")
    theirs = ask.WithdrawNotice(record_id=ID, party=FACE_PARTY)
    no = await refused(house, theirs, COORDINATOR)
    assert (no.code, no.missing) == ("not_your_notice", ("une décision de académie de Lyon",))
    await house.do(ask.WithdrawNotice(record_id=ID, party=ACADEMIE), reason="motif")
    assert (await house.convention(ID)).status == "in_force"


async def test_an_association_does_not_undo_its_own_resiliation(house: House) -> None:
    await in_force(house)
    soon = house.clock.today + timedelta(days=20)
    await house.do(ask.Terminate(record_id=ID, cause=EndCause.FAULT, effective=soon), reason="faute")
    no = await refused(house, ask.WithdrawNotice(record_id=ID, party=FACE_PARTY), COORDINATOR)
    assert no.code == "not_your_notice"
    assert (await house.convention(ID)).notice_until == soon


async def test_a_resiliation_has_a_cause_a_reason_and_comes_after_the_beginning(house: House) -> None:
    await in_force(house)

    def end(cause: EndCause = EndCause.FAULT, on: date = house.clock.today) -> ask.Terminate:
        return ask.Terminate(record_id=ID, cause=cause, effective=on)

    no = await refused(house, end(EndCause.TERM))
    assert (no.code, no.missing) == ("cause_missing", ("cause : fault ou public_interest",))
    assert (await refused(house, end(), reason="")).code == "reason_missing"
    assert (await refused(house, end(on=date(2025, 12, 4)))).code == "period_reversed"
    await house.do(end(), reason="faute")
    convention = await house.convention(ID)
    assert (convention.status, convention.end_cause) == ("terminated", EndCause.FAULT)
    assert (await refused(house, end())).code == "wrong_status"


async def test_only_a_person_abandons_before_force_and_says_why(house: House) -> None:
    await house.to_sign(ID)
    abandon = ask.Abandon(record_id=ID)
    assert (await refused(house, abandon, reason=" ")).code == "reason_missing"
    assert (await refused(house, abandon, Actor("system", "system"))).code == "role_not_allowed"
    await house.do(abandon, COORDINATOR, reason="projet retiré")
    assert (await house.convention(ID)).status == "abandoned"
    assert (await refused(house, abandon)).code == "wrong_status"


async def test_a_report_is_received_once_and_only_if_it_is_owed(house: House) -> None:
    await in_force(house)

    def report(name: str, day: date = house.clock.today) -> ask.ReceiveReport:
        return ask.ReceiveReport(record_id=ID, report=name, on=PartialDate(day))

    no = await refused(house, report("bilan:2031"))
    assert no.code == "report_not_expected"
    assert no.missing == ("l'un de : financial:2025, bilan:2026, financial:2026, bilan:2027",)
    assert (await refused(house, report("bilan:2026", date(2026, 5, 1)))).code == "in_the_future"
    await house.do(report("bilan:2026"), COORDINATOR)
    assert (await refused(house, report("bilan:2026"))).code == "already_received"


async def test_a_convention_is_renewed_once_unless_the_renewal_was_abandoned(house: House) -> None:
    await in_force(house)

    def renewal(successor: str) -> ask.Renew:
        return ask.Renew(record_id=ID, successor_id=successor, title="Suite", clauses=clauses())

    await house.do(renewal("convention-2"))
    assert (await refused(house, renewal("convention-3"))).code == "already_renewed"
    await house.do(ask.Abandon(record_id="convention-2"), reason="à refaire")
    await house.do(renewal("convention-3"))
    assert (await house.convention(ID)).renewed_by == "convention-3"
    assert (await house.convention("convention-3")).renews == ID


async def test_a_number_designates_one_convention(house: House) -> None:
    await house.drafted(ID, clauses=clauses(number="2025-7"))
    with pytest.raises(Conflict) as caught:
        await house.do(draft_command("convention-2", clauses=clauses(number="2025-7")))
    assert caught.value.code == "already_held"
    await house.do(ask.SetClauses(record_id=ID, clauses=clauses(number="2025-8")))
    await house.do(draft_command("convention-2", clauses=clauses(number="2025-7")))


# The programme ------------------------------------------------------------------------------------


async def test_a_programme_is_opened_once_and_is_one_we_know(house: House) -> None:
    def opening(scheme: str) -> OpenProgramme:
        return OpenProgramme(
            record_id=f"programme-{scheme}", scheme=scheme, rules=Rules(), on=date(2025, 9, 1)
        )

    assert (await refused(house, opening("1j1m"), NATIONAL)).code == "already_open"
    no = await refused(house, opening("autre"), NATIONAL)
    assert (no.code, no.missing) == ("unknown_scheme", ("l'un de : 1j1m, cordees, ptech",))


async def test_rules_are_neither_backdated_nor_made_for_others(house: House) -> None:
    def adoption(on: date, academie: str = "") -> AdoptRules:
        return AdoptRules(record_id="programme-1j1m", rules=Rules(), on=on, academie=academie)

    no = await refused(house, adoption(date(2025, 11, 23)), NATIONAL)
    assert (no.code, no.missing) == ("rules_backdated", ("une date d'effet à partir du 2025-11-24",))
    assert (await refused(house, adoption(date(2026, 1, 1)))).code == "not_your_academie"
    assert (await refused(house, adoption(date(2026, 1, 1), "08"))).code == "not_your_academie"
    await house.do(adoption(date(2026, 1, 1), "10"))


async def test_a_target_is_an_academies_own_and_not_below_zero(house: House) -> None:
    def target(academie: str, mentees: int) -> SetTarget:
        return SetTarget(
            record_id="programme-1j1m",
            academie=academie,
            school_year="2025-2026",
            mentees=mentees,
            lycees=3,
        )

    assert (await refused(house, target("08", 10))).code == "not_your_academie"
    assert (await refused(house, target("10", -1))).code == "negative_target"
    await house.do(target("10", 10))


async def test_no_convention_is_drafted_where_no_rules_are_in_force(house: House) -> None:
    await house.do(
        OpenProgramme(record_id="programme-ptech", scheme="ptech", rules=Rules(), on=date(2026, 9, 1)),
        NATIONAL,
    )
    no = await refused(house, draft_command(ID, programme_id="programme-ptech"))
    assert (no.code, len(no.missing)) == ("no_rules_in_force", 1)


async def test_why_was_this_refused_in_march(house: House) -> None:
    """The refusal, and every decision, names the version of the programme that it rested on."""
    await in_force(house)
    today = house.clock.today
    short = ask.Denounce(record_id=ID, party=FACE_PARTY, on=today, until=today + timedelta(days=40))
    await refused(house, short, COORDINATOR)
    (refusal,) = (await house.recorder.after(await house.recorder.head() - 1, 1))[:1]
    programme = (await house.recorder.load(["programme-1j1m"])).events
    convention = await house.convention(ID)
    assert refusal.topic == "refusal.Recorded@1"
    assert refusal.facts["rests_on"] == {"programme-1j1m": len(programme), ID: convention.version}
    await house.do(
        AdoptRules(record_id="programme-1j1m", rules=Rules(notice=Delay(1)), on=today, to_open=True),
        NATIONAL,
    )
    await house.do(short, COORDINATOR, reason="motif")
    given = (await house.recorder.load([ID])).events[-1]
    assert given.facts["rests_on"] == {"programme-1j1m": len(programme) + 1}


def test_refusals_are_of_three_kinds() -> None:
    assert issubclass(Forbidden, Refused)
    assert not issubclass(Refused, Conflict)
    assert not issubclass(NotFound, Refused)
