"""The refusals of a convention in force, and after: avenants, reports, notice, résiliation, renewal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from domain.calendar import PartialDate
from domain.convention import commands as ask
from domain.convention.parts import EndCause, Medium
from domain.kernel import SYSTEM
from tests.domain.convention_support import ACADEMIE, ID, LYCEE, SOMEBODY, history, refused, vote, with_lycee
from tests.support import COORDINATOR, FACE_PARTY, House, clauses, draft_command


async def amending(house: House, party: str) -> ask.SignAmendment:
    amendment = (await house.convention(ID)).amendment
    return ask.SignAmendment(
        record_id=ID,
        party=party,
        on=PartialDate(house.clock.today),
        medium=Medium.PAPER,
        text_hash=amendment.text_hash if amendment else "",
    )


async def test_an_avenant_is_voted_too(house: House) -> None:
    await with_lycee(house)
    await house.do(vote(house.clock.today - timedelta(days=20)))
    for party in (ACADEMIE, FACE_PARTY, LYCEE.key):
        await house.sign(ID, party)
    house.clock.advance(days=30)
    assert (await refused(house, vote(house.clock.today))).code == "wrong_status"
    await house.do(ask.EnterIntoForce(record_id=ID), SYSTEM)
    await house.do(ask.ProposeAmendment(record_id=ID, clauses=clauses(mentees=99)))
    assert (await refused(house, await amending(house, LYCEE.key))).code == "vote_missing"
    proposed = house.clock.today
    assert (await refused(house, vote(proposed - timedelta(days=1)))).code == "before_proposal"
    house.clock.advance(days=15)
    await house.do(vote(proposed))
    early = replace(await amending(house, ACADEMIE), on=PartialDate(proposed - timedelta(days=1)))
    assert (await refused(house, early)).code == "before_proposal"
    await house.do(await amending(house, LYCEE.key))


async def test_one_avenant_at_a_time_with_an_end_and_signed_once(house: House) -> None:
    await house.signed(ID)
    propose = ask.ProposeAmendment(record_id=ID, clauses=clauses(ends_on=date(2027, 12, 4)))
    assert (await refused(house, propose)).code == "wrong_status"
    house.clock.advance(days=30)
    await house.do(ask.EnterIntoForce(record_id=ID), SYSTEM)
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
    await house.do(ask.EnterIntoForce(record_id=ID), SYSTEM)
    await house.do(ask.ProposeAmendment(record_id=ID, clauses=clauses()))
    assert (await refused(house, await amending(house, ACADEMIE))).code == "signatory_missing"
    named = ask.NameSignatory(record_id=ID, party=ACADEMIE, signatory=SOMEBODY)
    await house.do(named)
    await house.do(await amending(house, ACADEMIE))
    assert (await refused(house, named)).code == "already_signed"


async def test_a_notice_runs_three_months_and_is_given_once_with_its_reason(house: House) -> None:
    await house.in_force(ID)
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


async def test_only_the_keeper_records_a_notice_of_the_past_and_undoes_a_paper(house: House) -> None:
    await house.in_force(ID)
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


async def test_only_who_gave_notice_takes_it_back(house: House) -> None:
    await house.in_force(ID)
    await house.do(ask.Denounce(record_id=ID, party=ACADEMIE, on=house.clock.today), reason="motif")
    theirs = ask.WithdrawNotice(record_id=ID, party=FACE_PARTY)
    no = await refused(house, theirs, COORDINATOR)
    assert (no.code, no.missing) == ("not_your_notice", ("une décision de académie de Lyon",))
    await house.do(ask.WithdrawNotice(record_id=ID, party=ACADEMIE), reason="motif")
    assert (await house.convention(ID)).status == "in_force"


async def test_an_association_does_not_undo_its_own_resiliation(house: House) -> None:
    await house.in_force(ID)
    soon = house.clock.today + timedelta(days=20)
    await house.do(ask.Terminate(record_id=ID, cause=EndCause.FAULT, effective=soon), reason="faute")
    no = await refused(house, ask.WithdrawNotice(record_id=ID, party=FACE_PARTY), COORDINATOR)
    assert no.code == "not_your_notice"
    assert (await house.convention(ID)).notice_until == soon


async def test_a_resiliation_has_a_cause_a_reason_and_comes_after_the_beginning(house: House) -> None:
    await house.in_force(ID)

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


async def test_a_report_is_received_once_and_only_if_it_is_owed(house: House) -> None:
    await house.in_force(ID)

    def report(name: str, day: date = house.clock.today) -> ask.ReceiveReport:
        return ask.ReceiveReport(record_id=ID, report=name, on=PartialDate(day))

    no = await refused(house, report("bilan:2031"))
    assert no.code == "report_not_expected"
    assert no.missing == ("l'un de : financial:2025, bilan:2026, financial:2026, bilan:2027",)
    assert (await refused(house, report("bilan:2026", date(2026, 5, 1)))).code == "in_the_future"
    await house.do(report("bilan:2026"), COORDINATOR)
    assert (await refused(house, report("bilan:2026"))).code == "already_received"


async def test_a_convention_is_renewed_once_unless_the_renewal_was_abandoned(house: House) -> None:
    await house.in_force(ID)

    def renewal(successor: str) -> ask.Renew:
        return ask.Renew(record_id=ID, successor_id=successor, title="Suite", clauses=clauses())

    await house.do(renewal("convention-2"))
    assert (await refused(house, renewal("convention-3"))).code == "already_renewed"
    await house.do(ask.Abandon(record_id="convention-2"), reason="à refaire")
    await house.do(renewal("convention-3"))
    assert (await house.convention(ID)).renewed_by == "convention-3"
    assert (await house.convention("convention-3")).renews == ID
