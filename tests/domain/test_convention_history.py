"""The refusals of what was signed before this register, and of the correction of a date."""

from __future__ import annotations

from datetime import date

from domain.calendar import PartialDate
from domain.convention import commands as ask
from domain.kernel import SYSTEM
from tests.domain.convention_support import ID, history, refused
from tests.support import COORDINATOR, House


async def test_history_is_signed_before_it_is_in_force_and_awaits_no_signature(house: House) -> None:
    await house.drafted(ID)
    early = history(in_force_from=PartialDate(date(2025, 1, 29)))
    assert (await refused(house, early)).code == "before_signature"
    await house.do(history())
    assert not (await house.convention(ID)).unsigned


async def test_history_needs_evidence_a_past_and_an_order(house: House) -> None:
    await house.drafted(ID)
    no = await refused(house, history(evidence=" "))
    assert (no.code, no.missing) == ("evidence_missing", ("la pièce qui l'atteste (evidence)",))
    assert (await refused(house, history(signed_on=PartialDate(date(2026, 1, 1))))).code == "in_the_future"
    assert (await refused(house, history(ends_on=date(2025, 1, 1)))).code == "period_reversed"
    await house.do(history())
    assert (await refused(house, history())).code == "wrong_status"


async def test_a_correction_neither_precedes_the_signature_nor_contradicts_the_end(house: House) -> None:
    await house.in_force(ID)

    def correction(name: str, day: date, event: int) -> ask.Correct:
        return ask.Correct(record_id=ID, supersedes=event, date_name=name, value=PartialDate(day))

    wrong = await refused(house, correction("in_force_from", date(2025, 12, 6), 2))
    assert (wrong.code, wrong.missing) == ("not_its_event", ("le numéro (supersedes) de l'un de : 8",))
    early = correction("in_force_from", date(2025, 11, 23), 8)
    assert (await refused(house, early)).code == "before_signature"
    house.clock.advance(days=400)
    await house.do(ask.End(record_id=ID), SYSTEM)
    assert (await refused(house, correction("ends_on", date(2026, 12, 1), 1))).code == "ended_already"


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
    await house.do(ask.EnterIntoForce(record_id=ID), SYSTEM)
    assert (await refused(house, correction("ends_on", date(2024, 1, 1)))).code == "period_reversed"
    assert (await refused(house, correction("in_force_from", date(2024, 1, 1)), COORDINATOR)).code == (
        "role_not_allowed"
    )
    late = correction("in_force_from", date(2025, 6, 1))
    await house.do(correction("ends_on", date(2025, 5, 1)), reason="motif")
    assert (await refused(house, late)).code == "period_reversed"
    assert (await house.convention(ID)).signed_on == PartialDate(date(2025, 1, 29))
