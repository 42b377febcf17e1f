"""What the tests of a convention say again and again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention import commands as ask
from domain.convention.parts import Medium, Party, PartyKind, Signatory
from domain.kernel import Actor, DomainError
from tests.support import LYON, House, draft_command

ID = "convention-1"
ACADEMIE = "academie:10"
LYCEE = Party("lycee:0690001A", PartyKind.LYCEE, "lycée de Vénissieux", public=True)
SOMEBODY = Signatory("Prénom Nom", "titre")


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


async def with_lycee(house: House) -> None:
    """Sent for signature, an EPLE being a party."""
    await house.drafted(ID, parties=(*draft_command().parties, LYCEE))
    await house.do(ask.NameSignatory(record_id=ID, party=LYCEE.key, signatory=SOMEBODY))
    await house.do(ask.Submit(record_id=ID))
    await house.do(ask.SendForSignature(record_id=ID))


def vote(on: date, transmitted: date | None = None, party: str = LYCEE.key) -> ask.RecordVote:
    return ask.RecordVote(record_id=ID, party=party, voted_on=on, transmitted_on=transmitted or on)


def history(**changes: object) -> ask.RecordHistory:
    values: dict[str, object] = {
        "signed_on": PartialDate(date(2025, 1, 30)),
        "in_force_from": PartialDate(date(2025, 2, 1), "month"),
        "ends_on": date(2026, 1, 31),
        "evidence": "communiqué du 30 janvier 2025",
    }
    return ask.RecordHistory(record_id=ID, **(values | changes))  # type: ignore[arg-type]
