"""Who may act on what they may see; what is no longer chased; which rules can be adopted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.convention import commands as ask
from domain.convention.parts import Coverage, Party, PartyKind, Signatory
from domain.kernel import SYSTEM, Forbidden, KeyReused, Refused
from domain.programme.commands import AdoptRules
from domain.programme.rules import Delay, Rules, Unit
from domain.registry import waits
from domain.reminding import Remind
from tests.support import FACE_PARTY, GRENOBLE, LYON, NATIONAL, START, House, clauses, fold_at

ID = "convention-1"
LYCEE = Party("lycee:0690010L", PartyKind.LYCEE, "lycée Tony Garnier", public=True)


async def due_kinds(house: House) -> set[str]:
    programme = await fold_at(house.recorder, "programme-1j1m")
    convention = await house.convention(ID)
    found = waits(convention, lambda _: programme, house.executor.world, house.clock())  # type: ignore[arg-type, return-value]
    return {due.kind for due in found if due.at <= house.clock()}


async def test_an_academie_that_is_only_covered_reads_a_convention_but_does_not_act_on_it(
    house: House,
) -> None:
    await house.drafted(ID, coverage=Coverage(("08", "10")))
    with pytest.raises(Forbidden) as no:
        await house.do(ask.Submit(record_id=ID), GRENOBLE)
    assert no.value.code == "not_your_record"
    await house.do(ask.Submit(record_id=ID), LYON)


async def test_whoever_has_signed_is_not_sent_the_reminder_that_was_not_delivered_yet(house: House) -> None:
    await house.to_sign(ID)
    house.clock.advance(days=8)
    key = f"signature:1:{FACE_PARTY}:1"
    await house.do(Remind(record_id=ID, key=key), SYSTEM)
    assert "deliver" in await due_kinds(house)
    await house.sign(ID, FACE_PARTY)
    assert "deliver" not in await due_kinds(house)


async def test_a_vote_given_on_a_former_text_is_void_with_the_signatures(house: House) -> None:
    parties = (
        Party("academie:10", PartyKind.ACADEMIE, "académie de Lyon"),
        Party(FACE_PARTY, PartyKind.OPERATOR, "FACE"),
        LYCEE,
    )
    await house.drafted(ID, parties=parties)
    signatory = Signatory("Prénom Nom", "proviseure")
    await house.do(ask.NameSignatory(record_id=ID, party=LYCEE.key, signatory=signatory))
    await house.do(ask.Submit(record_id=ID))
    await house.do(ask.SendForSignature(record_id=ID))
    vote = ask.RecordVote(
        record_id=ID, party=LYCEE.key, voted_on=date(2025, 11, 1), transmitted_on=date(2025, 11, 3)
    )
    await house.do(vote)
    assert LYCEE.key in (await house.convention(ID)).votes
    await house.do(ask.SetClauses(record_id=ID, clauses=clauses(mentees=12)))
    assert (await house.convention(ID)).votes == {}
    with pytest.raises(Refused) as no:
        await house.sign(ID, LYCEE.key)
    assert no.value.code == "vote_missing"


async def test_an_abandoned_draft_gives_its_number_back(house: House) -> None:
    await house.drafted("convention-1", clauses=clauses(number="2025-1"))
    await house.do(ask.Abandon(record_id="convention-1"), reason="sans suite")
    await house.drafted("convention-2", clauses=clauses(number="2025-1"))


async def test_the_same_key_with_another_reason_is_another_demand(house: House) -> None:
    await house.drafted(ID)
    await house.do(ask.Abandon(record_id=ID), key="k", reason="sans suite")
    await house.do(ask.Abandon(record_id=ID), key="k", reason="sans suite")
    with pytest.raises(KeyReused):
        await house.do(ask.Abandon(record_id=ID), key="k", reason="autre motif")


UNUSABLE = {
    "no such day": {"bilan_month": 6, "bilan_day": 31},
    "nobody reminded": {"signature_reminders": ()},
    "disordered reminders": {"signature_reminders": (Delay(14), Delay(7))},
    "mixed units": {"report_reminders": (Delay(5), Delay(10, Unit.SCHOOL_DAYS))},
    "disordered alerts": {"end_alerts": (Delay(30), Delay(90))},
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_rules_from_which_no_deadline_could_be_worked_out_are_refused(house: House, name: str) -> None:
    rules = replace(Rules(), **UNUSABLE[name])  # type: ignore[arg-type]
    command = AdoptRules(record_id="programme-1j1m", rules=rules, on=START.date())
    with pytest.raises(Refused) as no:
        await house.do(command, NATIONAL)
    assert no.value.code == "rules_unusable"
    assert no.value.sentence.endswith(".")
