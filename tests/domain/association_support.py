"""Short ways to say things of an association in admission. Monday 24 November 2025 is its first day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain.association import commands as ask
from domain.association.model import Association
from domain.association.parts import INSURANCE, DocumentVersion, Entitlement, EntitlementKind
from domain.calendar import start_of
from domain.commands import Command
from domain.kernel import SYSTEM, Actor, DomainError, Due
from domain.links import Channel
from domain.ports import Outcome
from domain.programme.commands import AdoptRules, programme_id
from domain.programme.model import Programme
from domain.programme.rules import Rules
from domain.registry import waits
from domain.reminding import RecordDelivery, Remind
from tests.domain.rehearsal import settled
from tests.support import FACE, LYON, NATIONAL, House, fold_at

PROGRAMME = programme_id("1j1m")
UNTIL = date(2026, 6, 30)
ALL = ("statutes", "insurance", "data_protection", "safeguarding", "charter")
AWARD = Entitlement(
    EntitlementKind.LAUREATE, "AAP-2025-12", ("1j1m",), starts=date(2025, 1, 1), ends=date(2026, 12, 31)
)


def sha(text: str) -> str:
    """Sixty-four hexadecimal digits that tell one content from another."""
    return (text.encode().hex() + "0" * 64)[:64]


def version(text: str = "a", **changes: object) -> DocumentVersion:
    values: dict[str, object] = {
        "sha256": sha(text),
        "size": 1_000,
        "media_type": "application/pdf",
        "on": date(2025, 11, 24),
        "channel": Channel.ONLINE,
    }
    return DocumentVersion(**(values | changes))  # type: ignore[arg-type]


def insurance(until: date | None = UNTIL, text: str = "i") -> DocumentVersion:
    return version(text, valid_until=until)


def guest(link: str = "l1") -> Actor:
    """Whoever holds the secret of a link."""
    return Actor(f"link:{link}", "person", frozenset({f"link:{link}"}))


class Desk:
    """An association registered in Lyon, and whoever works on its file."""

    def __init__(self, academies: tuple[str, ...] = ("10",), **rules: Any) -> None:
        self.house = House()
        settled(self.house.open(academies))
        if rules:
            self.adopt(Rules(**rules))

    def adopt(self, rules: Rules) -> None:
        adopted = AdoptRules(record_id=PROGRAMME, rules=rules, on=self.today, to_open=True)
        settled(self.house.do(adopted, NATIONAL))

    @property
    def today(self) -> date:
        return self.house.clock.today

    @property
    def record(self) -> Association:
        found = settled(fold_at(self.house.recorder, FACE))
        assert isinstance(found, Association)
        return found

    def at(self, day: date) -> None:
        """It is nine in the morning of that day."""
        self.house.clock.instant = start_of(day) + timedelta(hours=9)

    def do(self, command: Command, actor: Actor = LYON, reason: str = "motif") -> Outcome:
        return settled(self.house.do(command, actor, reason=reason))

    def refused(self, command: Command, actor: Actor = LYON, reason: str = "motif") -> DomainError:
        """The refusal, which has changed nothing."""
        before = settled(self.house.recorder.load([FACE])).events
        with pytest.raises(DomainError) as caught:
            self.do(command, actor, reason)
        assert settled(self.house.recorder.load([FACE])).events == before
        assert caught.value.sentence.endswith(".")
        return caught.value

    def topics(self) -> list[str]:
        stored = settled(self.house.recorder.load([FACE])).events
        return [one.topic.removeprefix("association.").removesuffix("@1") for one in stored]

    # What is done ------------------------------------------------------------------------------

    def open(self, **changes: Any) -> None:
        values: dict[str, Any] = {"programme_id": PROGRAMME, "on": self.today, "channel": Channel.MEETING}
        self.do(ask.OpenAdmission(record_id=FACE, **values | changes))

    def receive(self, document: str, received: DocumentVersion | None = None) -> str:
        received = received or (insurance() if document == INSURANCE else version(document))
        self.do(ask.ReceiveDocument(record_id=FACE, document=document, version=received))
        return received.sha256

    def acceptance(self, document: str, read: str) -> Command:
        """Of the version that waits, whose content was read."""
        waiting = self.record.documents[document].pending
        until = waiting.valid_until if waiting else None
        return ask.AcceptDocument(record_id=FACE, document=document, sha256=read, valid_until=until)

    def accept(self, document: str, received: DocumentVersion | None = None) -> None:
        read = self.receive(document, received)
        self.do(self.acceptance(document, read))

    def refuse(self, document: str, received: DocumentVersion | None = None) -> None:
        read = self.receive(document, received)
        self.do(ask.RefuseDocument(record_id=FACE, document=document, sha256=read))

    def completed(self, **insured: Any) -> None:
        self.open()
        for document in ALL:
            self.accept(document, insurance(**insured) if document == INSURANCE else None)

    def admitted(self, **insured: Any) -> None:
        self.completed(**insured)
        self.do(ask.Admit(record_id=FACE, on=self.today))

    def reminded(self) -> None:
        """The reminders whose time has come are sent, and arrive."""
        for key in list(self.remind()):
            self.do(RecordDelivery(record_id=FACE, key=key, channel="mail"), SYSTEM, "")

    def released(self, mentors: int = 0) -> None:
        """What it left behind has ended, as its process says."""
        self.do(ask.ConcludeRelease(record_id=FACE, mentors=mentors), SYSTEM, "")

    def invited(self, link: str = "l1", days: int = 10) -> None:
        expires = self.today + timedelta(days=days)
        self.do(
            ask.IssueLink(record_id=FACE, link=link, action="admission", digest=sha(link), expires_on=expires)
        )

    # What is due -------------------------------------------------------------------------------

    def dues(self) -> list[Due]:
        programme = settled(fold_at(self.house.recorder, PROGRAMME))
        assert isinstance(programme, Programme)
        world, now = self.house.executor.world, self.house.clock.instant
        return waits(self.record, lambda _: programme, world, now)

    def due(self, kind: str) -> Due:
        (found,) = [one for one in self.dues() if one.kind == kind]
        return found

    def ready(self) -> list[Due]:
        return [one for one in self.dues() if one.automatic and one.at <= self.house.clock.instant]

    def remind(self) -> Iterator[str]:
        """Carries out the reminders whose time has come, and tells their keys."""
        for one in self.ready():
            if one.kind not in {"deliver", "lapse", "expire_insurance", "release_mentors", "erase"}:
                self.do(Remind(record_id=FACE, key=one.key), SYSTEM, "")
                yield one.key


def renamed(award: Entitlement, **changes: Any) -> Entitlement:
    return replace(award, **changes)
