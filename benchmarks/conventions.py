"""Conventions as they are lived, for whoever needs a ledger with something in it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.association.commands import RegisterAssociation
from domain.association.model import Identity
from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention.commands import (
    Announce,
    DraftConvention,
    EnterIntoForce,
    NameSignatory,
    SendForSignature,
    Sign,
    Submit,
)
from domain.convention.model import Convention
from domain.convention.parts import Clauses, Coverage, Kind, Medium, Party, PartyKind, Signatory
from domain.folding import fold
from domain.kernel import SYSTEM, Actor
from domain.ports import Outcome, Request
from domain.programme.commands import programme_id
from ops.compose import House
from ops.seed import open_programmes

SCOPES: Final = frozenset({"public", "academie:10"})
LYON: Final = Actor("bench-lyon", "academie", SCOPES)
ASSOCIATION: Final = "association-mesure"
PARTIES: Final = ("academie:10", f"association:{ASSOCIATION}")
EVENTS: Final = 9
"""Events of one convention lived by ``live``."""
_TOGETHER: Final = 32


def today() -> datetime:
    return datetime.now(UTC)


async def opened(parts: House) -> None:
    """The programmes with their rules, and one association."""
    await open_programmes(parts)
    identity = Identity("FACE", mailbox="contact@face.test")
    await _carry_out(
        parts, RegisterAssociation(record_id=ASSOCIATION, identity=identity, academies=("10",)), "opened"
    )


async def lived(parts: House, count: int, *, prefix: str = "convention-mesure") -> list[str]:
    """So many conventions, each from its draft to its entry into force."""
    gate = asyncio.Semaphore(_TOGETHER)

    async def one(number: int) -> str:
        async with gate:
            return await live(parts, f"{prefix}-{number}")

    return list(await asyncio.gather(*map(one, range(count))))


async def live(parts: House, record_id: str) -> str:
    """Drafted, announced, both signatories named, submitted, sent, signed twice, in force."""
    life = _Life(parts, record_id)
    await life.do(draft(record_id))
    await life.do(
        Announce(record_id=record_id, announced_for=PartialDate(today().date()), source="communiqué")
    )
    for party in PARTIES:
        await life.do(name(record_id, party))
    await life.do(Submit(record_id=record_id))
    await life.do(SendForSignature(record_id=record_id))
    text = await _text(parts, record_id)
    on = PartialDate(today().date() - timedelta(days=1))
    for party in PARTIES:
        await life.do(Sign(record_id=record_id, party=party, on=on, medium=Medium.PAPER, text_hash=text))
    await life.do(EnterIntoForce(record_id=record_id), SYSTEM)
    return record_id


def draft(record_id: str) -> DraftConvention:
    day = today().date()
    return DraftConvention(
        record_id=record_id,
        title="Mentorat en lycée professionnel : FACE et l'académie de Lyon",
        programme_id=programme_id("1j1m"),
        academie="10",
        parties=(
            Party(PARTIES[0], PartyKind.ACADEMIE, "académie de Lyon"),
            Party(PARTIES[1], PartyKind.OPERATOR, "FACE", mailbox="contact@face.test"),
        ),
        clauses=Clauses(
            starts_on=day - timedelta(days=30),
            ends_on=day + timedelta(days=700),
            schemes=("1j1m",),
            kinds=(Kind.METIER, Kind.PARCOURS),
            school_years=(f"{day.year}-{day.year + 1}",),
            mentees=120,
            lycees=6,
        ),
        coverage=Coverage(academies=("10",), uais=("0690010L",), annex_version=1),
    )


def name(record_id: str, party: str) -> NameSignatory:
    """One personal field: the name of who signs."""
    signatory = Signatory("Camille Exemple-Dupont", "rectrice de l'académie de Lyon")
    return NameSignatory(record_id=record_id, party=party, signatory=signatory)


@dataclass
class _Life:
    parts: House
    record_id: str
    steps: int = 0

    async def do(self, command: Command, actor: Actor = LYON) -> Outcome:
        self.steps += 1
        return await _carry_out(self.parts, command, f"{self.record_id}:{self.steps}", actor)


async def _carry_out(parts: House, command: Command, key: str, actor: Actor = LYON) -> Outcome:
    return await parts.executor.execute(Request(command, actor, f"{actor.id}:{key}"))


async def _text(parts: House, record_id: str) -> str:
    record = fold(await parts.feed.of([record_id]))
    if not isinstance(record, Convention) or record.text is None:
        raise TypeError(type(record))
    return record.text
