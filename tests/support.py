"""What tests share: actors, a world, a clock that stands still, and a store in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from domain.association.commands import RegisterAssociation
from domain.association.model import Identity
from domain.calendar import PartialDate, paris_day
from domain.commands import Command
from domain.convention.commands import (
    DraftConvention,
    EnterIntoForce,
    NameSignatory,
    SendForSignature,
    Sign,
    Submit,
)
from domain.convention.model import Convention
from domain.convention.parts import Clauses, Coverage, Kind, Medium, Party, PartyKind, Signatory
from domain.kernel import SYSTEM, Actor, Root, kind_of
from domain.ports import Outcome, Request
from domain.programme.commands import OpenProgramme, programme_id
from domain.programme.rules import Rules
from ledger.digests import Digests
from ledger.events import fold
from ledger.executor import Executor
from ledger.keyring import Keyring, MemoryKeyring
from ledger.recorder import MemoryRecorder, Recorder
from ops import reference

START = datetime(2025, 11, 24, 9, 0, tzinfo=UTC)
"""A Monday in school time, a week before the press release's signatures."""

NATIONAL = Actor("t-national", "national", frozenset({"role:national"}))
LYON = Actor("t-lyon", "academie", frozenset({"public", "academie:10"}))
IN_PARIS = Actor("t-paris", "academie", frozenset({"public", "academie:01"}))
GRENOBLE = Actor("t-grenoble", "academie", frozenset({"public", "academie:08"}))
AUDITOR = Actor("t-auditor", "auditor", frozenset({"public", "role:auditor"}))
FACE = "association-face"
FACE_PARTY = f"association:{FACE}"
COORDINATOR = Actor("t-face", "association", frozenset({"public", FACE_PARTY}))


@dataclass(frozen=True)
class TestWorld:
    __test__ = False
    calendars: reference.Calendars = field(default_factory=reference.calendars)
    territory: object = field(default_factory=reference.territory)


@dataclass
class StoppedClock:
    """Domain time that only moves when told."""

    instant: datetime = START

    def __call__(self) -> datetime:
        return self.instant

    def advance(self, **delta: int) -> None:
        self.instant += timedelta(**delta)

    @property
    def today(self) -> date:
        return paris_day(self.instant)


class House:
    """An executor on some recorder, with short ways to say things."""

    def __init__(
        self,
        recorder: Recorder | None = None,
        clock: StoppedClock | None = None,
        keyring: Keyring | None = None,
    ) -> None:
        self.clock = clock or StoppedClock()
        self.recorder = recorder or MemoryRecorder(self.clock)
        self.keyring = keyring or MemoryKeyring()
        self.executor = Executor(
            self.recorder,
            TestWorld(),  # type: ignore[arg-type]
            Digests(b"test digest key"),
            self.keyring,
            self.conventions,
        )
        self._count = 0
        self._heard_of: set[str] = set()

    async def conventions(self, association_id: str) -> list[str]:
        """Every one that there is here, whoever it binds: a decision reads them."""
        return sorted({one.record_id for one in (await self.recorder.load(sorted(self._heard_of))).events})

    async def do(
        self,
        command: Command,
        actor: Actor = LYON,
        *,
        key: str | None = None,
        reason: str = "",
        expected: int | None = None,
    ) -> Outcome:
        self._count += 1
        self._heard_of |= {command.record_id} if kind_of(command.record_id) == "convention" else set()
        request = Request(
            command, actor, f"{actor.id}:{key or self._count}", reason=reason, expected_version=expected
        )
        return await self.executor.execute(request)

    async def convention(self, record_id: str) -> Convention:
        record = await fold_at(self.recorder, record_id)
        assert isinstance(record, Convention)
        return record

    async def open(self, academies: tuple[str, ...] = ("10",)) -> None:
        """A programme with its default rules, and one association."""
        await self.do(
            OpenProgramme(record_id=programme_id("1j1m"), scheme="1j1m", rules=Rules(), on=date(2025, 9, 1)),
            NATIONAL,
        )
        await self.do(
            RegisterAssociation(
                record_id=FACE, identity=Identity("FACE", mailbox="contact@face.test"), academies=academies
            )
        )

    async def drafted(self, record_id: str = "convention-1", **changes: object) -> str:
        """A complete draft between the académie de Lyon and FACE."""
        await self.do(draft_command(record_id, **changes))
        for party in ("academie:10", FACE_PARTY):
            await self.do(
                NameSignatory(record_id=record_id, party=party, signatory=Signatory("Prénom Nom", "titre"))
            )
        return record_id

    async def to_sign(self, record_id: str = "convention-1", **changes: object) -> str:
        await self.drafted(record_id, **changes)
        await self.do(Submit(record_id=record_id))
        await self.do(SendForSignature(record_id=record_id))
        return record_id

    async def sign(self, record_id: str, party: str, on: date | None = None) -> Outcome:
        text = (await self.convention(record_id)).text
        return await self.do(
            Sign(
                record_id=record_id,
                party=party,
                on=PartialDate(on or self.clock.today),
                medium=Medium.PAPER,
                text_hash=text or "",
            )
        )

    async def signed(self, record_id: str = "convention-1", **changes: object) -> str:
        await self.to_sign(record_id, **changes)
        for party in ("academie:10", FACE_PARTY):
            await self.sign(record_id, party)
        return record_id

    async def in_force(self, record_id: str = "convention-1", **changes: object) -> str:
        """Signed by both, and its first day has come."""
        await self.signed(record_id, **changes)
        self.clock.advance(days=30)
        await self.do(EnterIntoForce(record_id=record_id), SYSTEM)
        return record_id


async def fold_at(recorder: Recorder, record_id: str, until: datetime | None = None) -> Root | None:
    """The record as it was recorded by ``until``, straight from the store."""
    stored = (await recorder.load([record_id])).events
    return fold(e for e in stored if until is None or e.recorded_at <= until)


def clauses(**changes: object) -> Clauses:
    values: dict[str, object] = {
        "starts_on": date(2025, 12, 5),
        "ends_on": date(2026, 12, 4),
        "schemes": ("1j1m",),
        "kinds": (Kind.METIER,),
        "school_years": ("2025-2026",),
    }
    return Clauses(**(values | changes))  # type: ignore[arg-type]


def draft_command(record_id: str = "convention-1", **changes: object) -> DraftConvention:
    values: dict[str, object] = {
        "title": "Mentorat en lycée professionnel",
        "programme_id": programme_id("1j1m"),
        "academie": "10",
        "parties": (
            Party("academie:10", PartyKind.ACADEMIE, "académie de Lyon"),
            Party(FACE_PARTY, PartyKind.OPERATOR, "FACE"),
        ),
        "clauses": clauses(),
        "coverage": Coverage(academies=("10",)),
    }
    return DraftConvention(record_id=record_id, **(values | changes))  # type: ignore[arg-type]
