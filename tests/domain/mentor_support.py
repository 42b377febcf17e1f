"""Short ways to say things of mentors and courses: a desk at an association, in a house in memory."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import domain
from domain.association import commands as of_association
from domain.association.parts import DocumentVersion
from domain.commands import Command
from domain.folding import standing_at
from domain.kernel import SYSTEM, Actor, DomainError, Due, Root
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor.candidacies import Apply
from domain.mentor.model import Mentor
from domain.mentor.parts import CheckKind, Engagement, Occupation, Origin, Person, Profile
from domain.ports import Outcome
from domain.programme.commands import AdoptRules, programme_id
from domain.programme.model import Programme
from domain.programme.rules import DOCUMENTS, Rules
from domain.registry import waits
from domain.reminding import RecordDelivery, Remind
from domain.training import commands as course
from domain.training.model import Training
from domain.training.parts import Course, Module
from ledger.events import happened
from tests.domain.rehearsal import settled
from tests.support import COORDINATOR, FACE, LYON, NATIONAL, House, fold_at

PARIS = ZoneInfo("Europe/Paris")
PROGRAMME = programme_id("1j1m")
MENTOR = "mentor-1"
COURSE = "training-1"
AWA = Person("Awa", "Diallo", "awa.diallo@exemple.test", "06 01 02 03 04", date(1985, 3, 2))
PROFILE = Profile(Occupation.EMPLOYEE, Engagement.VOLUNTEER, rome="K2104", naf="62.01Z")
MODULES = (
    Module("posture", 60),
    Module("safeguarding", 60),
    Module("voie_professionnelle", 60),
    Module("data_protection", 60),
)


class Desk:
    """Where the coordinator of FACE works. Every command is carried out at once: nothing waits in memory."""

    def __init__(self, rules: Rules | None = None, academies: tuple[str, ...] = ("10",)) -> None:
        self.house = House()
        settled(self.house.open(academies))
        if rules:
            adopt = AdoptRules(record_id=PROGRAMME, rules=rules, on=self.today, to_open=True)
            self.do(adopt, NATIONAL)

    @property
    def now(self) -> datetime:
        return self.house.clock.instant

    @property
    def today(self) -> date:
        return self.now.astimezone(PARIS).date()

    def go_to(self, day: date, hour: int = 9) -> None:
        """That day at nine in UTC, whatever day it was."""
        self.house.clock.instant = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)

    def do(
        self, command: Command, actor: Actor = COORDINATOR, reason: str = "", key: str | None = None
    ) -> Outcome:
        return settled(self.house.do(command, actor, reason=reason, key=key))

    def refused(self, command: Command, actor: Actor = COORDINATOR, reason: str = "") -> DomainError:
        """The refusal, after which nothing has changed."""
        before = self.version(command.record_id)
        with pytest.raises(DomainError) as no:
            self.do(command, actor, reason)
        assert no.value.sentence.strip()
        assert self.version(command.record_id) == before
        return no.value

    def code(self, command: Command, actor: Actor = COORDINATOR, reason: str = "") -> str:
        return self.refused(command, actor, reason).code

    def version(self, record_id: str) -> int:
        return len(settled(self.house.recorder.load([record_id])).events)

    def record(self, record_id: str) -> Root:
        found = settled(fold_at(self.house.recorder, record_id))
        assert found is not None
        return found

    def mentor(self, record_id: str = MENTOR) -> Mentor:
        found = self.record(record_id)
        assert isinstance(found, Mentor)
        return found

    def training(self, record_id: str = COURSE) -> Training:
        found = self.record(record_id)
        assert isinstance(found, Training)
        return found

    @property
    def rules(self) -> Rules:
        programme = self.programme(PROGRAMME)
        return programme.versions[-1].rules

    def programme(self, record_id: str) -> Programme:
        found = self.record(record_id)
        assert isinstance(found, Programme)
        return found

    def dues(self, record_id: str) -> list[Due]:
        world = self.house.executor.world
        return waits(self.record(record_id), self.programme, world, self.now)

    def days(self, record_id: str) -> dict[str, date]:
        """Each kind of deadline with its first day, in Paris."""
        found: dict[str, date] = {}
        for due in self.dues(record_id):
            found.setdefault(due.kind, due.at.astimezone(PARIS).date())
        return found

    def since(self, record_id: str) -> datetime:
        """Since when the present status is true (UTC)."""
        events = [happened(one) for one in settled(self.house.recorder.load([record_id])).events]
        found = standing_at(events, self.now, self.now)
        assert found is not None
        return found.effective_at

    def ready(self, record_id: str) -> list[Due]:
        return [due for due in self.dues(record_id) if due.automatic and due.at <= self.now]

    # The operator ------------------------------------------------------------------------------

    def admit(self, insured_until: date = date(2027, 8, 31)) -> None:
        """FACE, admitted today."""
        opening = of_association.OpenAdmission(
            record_id=FACE, programme_id=PROGRAMME, on=self.today, channel=Channel.PAPER
        )
        self.do(opening, LYON)
        for document in DOCUMENTS:
            until = insured_until if document == "insurance" else None
            version = DocumentVersion(
                "0" * 64, 1000, "application/pdf", self.today, Channel.PAPER, valid_until=until
            )
            receive = of_association.ReceiveDocument(record_id=FACE, document=document, version=version)
            self.do(receive, LYON)
            accept = of_association.AcceptDocument(
                record_id=FACE, document=document, sha256="0" * 64, valid_until=until
            )
            self.do(accept, LYON)
        self.do(of_association.Admit(record_id=FACE, on=self.today), LYON)

    # The mentor, step by step --------------------------------------------------------------------

    def apply(
        self,
        record_id: str = MENTOR,
        person: Person = AWA,
        profile: Profile = PROFILE,
        actor: Actor = COORDINATOR,
        channel: Origin = Origin.ASSOCIATION,
        uai: str | None = None,
        on: date | None = None,
    ) -> None:
        self.do(replace(applying(record_id, person, profile, channel, uai), on=on), actor)

    def complete_file(self, record_id: str = MENTOR) -> None:
        self.do(ask.SeeIdentity(record_id=record_id, on=self.today, channel=Channel.MEETING))
        self.do(signing(record_id, self.today))

    def interview(self, record_id: str = MENTOR, favourable: bool = True) -> None:
        self.do(interviewing(record_id, self.today, favourable))

    def check(self, record_id: str = MENTOR, issued: date | None = None) -> None:
        self.do(ask.AskCheck(record_id=record_id, kind=CheckKind.B3))
        self.do(presenting(record_id, self.today, issued or self.today - timedelta(days=10)))

    def train(self, record_id: str = MENTOR, course_id: str = COURSE, days: int = 1) -> None:
        """A course that ended yesterday (``days`` ago), attended and certified."""
        self.hold_course(course_id, days, record_id)
        self.do(course.Attend(record_id=course_id, mentor_id=record_id, present=True))
        self.do(
            course.Certify(
                record_id=course_id, mentor_id=record_id, on=self.today - timedelta(days=max(days - 1, 0))
            )
        )

    def clear(self, record_id: str = MENTOR) -> None:
        self.do(ask.Clear(record_id=record_id, on=self.today))

    def cleared(self, record_id: str = MENTOR) -> None:
        """Somebody cleared today, in an operator admitted today."""
        self.admit()
        self.apply(record_id)
        self.complete_file(record_id)
        self.interview(record_id)
        self.check(record_id)
        self.train(record_id)
        self.clear(record_id)

    def lapse(self, record_id: str = MENTOR) -> None:
        """Left idle: reminded late, for nobody watched the clock, and lapsed 60 days after that."""
        self.house.clock.advance(days=90)
        (due,) = self.ready(record_id)
        self.do(Remind(record_id=record_id, key=due.key), SYSTEM)
        self.do(RecordDelivery(record_id=record_id, key=due.key, channel="mail"), SYSTEM)
        self.house.clock.advance(days=60)
        self.do(ask.Lapse(record_id=record_id), SYSTEM)

    # The course --------------------------------------------------------------------------------

    def plan(self, course_id: str = COURSE, **changes: Any) -> None:
        command = course.Plan(
            record_id=course_id, association_id=FACE, programme_id=PROGRAMME, course=self.course(**changes)
        )
        self.do(command)

    def course(self, days: int = 7, **changes: Any) -> Course:
        """Four modules of an hour, so many days from now, from 8 to 12 in UTC."""
        day = self.now.replace(hour=8, minute=0) + timedelta(days=days)
        values: dict[str, Any] = {
            "title": "Être mentor·e",
            "modules": MODULES,
            "places": 2,
            "starts_at": day,
            "ends_at": day + timedelta(hours=4),
            "place": "Maison des associations",
        }
        return Course(**(values | changes))

    def opened(self, course_id: str = COURSE, **changes: Any) -> None:
        self.plan(course_id, **changes)
        self.do(course.OpenCourse(record_id=course_id))

    def hold_course(self, course_id: str, days: int, *mentors: str) -> None:
        self.opened(course_id, days=-days)
        for mentor_id in mentors:
            self.do(course.Enrol(record_id=course_id, mentor_id=mentor_id))
        self.do(course.Hold(record_id=course_id), SYSTEM)


def applying(
    record_id: str = MENTOR,
    person: Person = AWA,
    profile: Profile = PROFILE,
    channel: Origin = Origin.ASSOCIATION,
    uai: str | None = None,
    association_id: str = FACE,
) -> Apply:
    return Apply(
        record_id=record_id,
        association_id=association_id,
        programme_id=PROGRAMME,
        person=person,
        profile=profile,
        channel=channel,
        uai=uai,
    )


def signing(record_id: str, on: date, channel: Channel = Channel.PAPER) -> ask.SignCharter:
    return ask.SignCharter(record_id=record_id, on=on, version="2025.1", channel=channel)


def interviewing(record_id: str, on: date, favourable: bool = True) -> ask.HoldInterview:
    return ask.HoldInterview(record_id=record_id, on=on, favourable=favourable, report="Motivation claire.")


def presenting(
    record_id: str, on: date, issued: date | None, kind: CheckKind = CheckKind.B3
) -> ask.PresentCheck:
    return ask.PresentCheck(
        record_id=record_id, kind=kind, presented=issued is not None, issued_on=issued, on=on
    )


_RAISED_BY = {"Refused", "Forbidden", "Conflict", "NotFound", "_unreadable", "_codes"}


def codes_of(*folders: str) -> set[str]:
    """The codes of the refusals written in these rooms of the domain."""
    return {code for path in _sources(*folders) for node in ast.walk(path) for code in _codes_in(node)}


def _sources(*folders: str) -> Iterator[ast.AST]:
    (root,) = domain.__path__
    for folder in folders:
        for path in (Path(root) / folder).glob("*.py"):
            yield ast.parse(path.read_text("utf-8"))


def _codes_in(node: ast.AST) -> Iterator[str]:
    """The first argument of what is raised, or of a lack that is told."""
    first: list[ast.expr] = []
    if isinstance(node, ast.Call) and ast.unparse(node.func) in _RAISED_BY:
        first = node.args[:1]
    elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
        first = node.value.elts[:1]
    for one in first:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def words_of(*tests: str) -> set[str]:
    """Every word that these files of tests quote."""
    trees = [ast.parse(Path(__file__).with_name(name).read_text("utf-8")) for name in tests]
    constants = (n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant))
    return {value for value in constants if isinstance(value, str)}
