"""A record with all that its explanation looks at: facts, the rules that it follows, how days are counted.

What each kind of record makes of it is in its own ``explanation.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Self, TypeVar

from domain.calendar import french_date, paris_day
from domain.counting import Counting
from domain.explaining import (
    Basis,
    Fact,
    Reason,
    RuleUsed,
    Version,
    adoptions_in,
    fact_of,
    rules_used,
    version_of,
    word_of,
)
from domain.folding import Timeline, fold, seen_at
from domain.kernel import Due, Refused, Root
from domain.labels import label_of
from domain.ports import Happened, World
from domain.programme.labels import RULES_OF_GUARDS
from domain.programme.model import Programme, RulesVersion
from domain.programme.rules import Rules

R = TypeVar("R", bound=Root)


def _always(_: Any) -> bool:
    return True


Histories = Mapping[str, Sequence[Happened]]
"""Every event of a record, and of those that it rests on (programme, operator, conventions), by their ids."""


Waits = Callable[[Root, Callable[[str], Programme], World, datetime], list[Due]]
"""What a record waits for, given how its programme is found: ``domain.registry.waits``."""


@dataclass(frozen=True)
class Case(Counting):
    """A record as of ``now`` (UTC) by what was ``known``, with all that its explanation looks at."""

    id: str
    known: Histories
    now: datetime
    world: World
    waits: Waits
    record: Root
    events: Sequence[Happened]
    timeline: Timeline

    @classmethod
    def of(cls, record_id: str, known: Histories, now: datetime, world: World, waits: Waits) -> Self | None:
        """``None`` before its first fact."""
        seen = seen_at(known.get(record_id, ()), now)
        return cls(record_id, known, now, world, waits, *seen) if seen else None

    @property
    def today(self) -> date:
        return paris_day(self.now)

    @cached_property
    def dues(self) -> list[Due]:
        return self.waits(self.record, self._programme_of, self.world, self.now)

    # Other moments ---------------------------------------------------------------------------

    @property
    def cause(self) -> Happened:
        """The event that gave the status."""
        return next(one for one in self.events if one.version == self.timeline[-1].version)

    @cached_property
    def decided(self) -> Case:
        """The record as that event left it, by what was known and under the rules followed then; since when
        the status is true is told as it is known now."""
        return replace(self.after_event(self.cause), timeline=self.timeline)

    def after_event(self, happened: Happened) -> Case:
        """The record as one of its events left it, by what was known then."""
        found = self.until(happened.position, happened.recorded_at)
        if found is None:
            raise LookupError(f"{happened.topic} at {happened.position} leaves no record")
        return found

    def before_event(self, happened: Happened) -> Case | None:
        """The record just before one of its events; ``None`` before the first."""
        return self.until(happened.position - 1, happened.recorded_at)

    def until(self, position: int, now: datetime) -> Case | None:
        """The record as of ``now``, by what was written up to that position."""
        known = {i: [one for one in told if one.position <= position] for i, told in self.known.items()}
        return Case.of(self.id, known, now, self.world, self.waits)

    # Facts -----------------------------------------------------------------------------------

    def facts(self, *topics: str, detail: str = "", **where: Any) -> tuple[Fact, ...]:
        """The last event of each topic (``IdentitySeen``) whose fields have these values."""
        found = (self.last(topic, **where) for topic in topics)
        return tuple(fact_of(one, detail) for one in found if one)

    def every(self, *topics: str) -> tuple[Fact, ...]:
        """Each event of these topics, in their order."""
        return tuple(fact_of(one) for one in self.events if word_of(one) in topics)

    def matching(self, topic: str, test: Callable[[Any], bool]) -> tuple[Fact, ...]:
        """The last event of that topic that passes the test."""
        found = [one for one in self.events if word_of(one) == topic and test(one.event)]
        return tuple(fact_of(one) for one in found[-1:])

    def last(self, topic: str, **where: Any) -> Happened | None:
        """The last event of that topic whose fields have these values."""
        for one in reversed(self.events):
            if word_of(one) == topic and all(getattr(one.event, k, None) == v for k, v in where.items()):
                return one
        return None

    # Other records ---------------------------------------------------------------------------

    def other(self, kind: type[R], record_id: str) -> R | None:
        """Another record, as of the same moment."""
        seen = seen_at(self.known.get(record_id, ()), self.now)
        return seen.record if seen and isinstance(seen.record, kind) else None

    def others(self, kind: type[R]) -> list[R]:
        """Every record of that kind that this one may rest on."""
        found = (self.other(kind, record_id) for record_id in self.known)
        return [one for one in found if one]

    def facts_of(self, record_id: str, topic: str, test: Callable[[Any], bool] = _always) -> tuple[Fact, ...]:
        """The last event of that topic of another record that passes the test. What was typed with it is
        withheld, and what of it is reserved left out: both are told where that record is explained."""
        seen = seen_at(self.known.get(record_id, ()), self.now)
        found = [one for one in seen.events if word_of(one) == topic and test(one.event)] if seen else []
        facts = tuple(fact_of(one) for one in found[-1:])
        own = record_id == self.id
        return facts if own else tuple(fact.told_elsewhere() for fact in facts)

    # Rules -----------------------------------------------------------------------------------

    @cached_property
    def programme(self) -> Programme | None:
        """The programme that the record follows, as it was known; ``None`` when it follows none."""
        programme_id = getattr(self.record, "programme_id", "")
        return self._programme_of(programme_id) if programme_id else None

    def _programme_of(self, programme_id: str) -> Programme:
        found = fold(self.known.get(programme_id, ()))
        if isinstance(found, Programme):
            return found
        raise LookupError(programme_id)

    @cached_property
    def ruling(self) -> RulesVersion | None:
        """The version of the rules that the record followed that day."""
        record: Any = self.record
        if self.programme is None:
            return None
        return self.programme.followed(record.rules_version, record.academie, self.today)

    @property
    def rules(self) -> Rules:
        return self.ruling.rules if self.ruling else Rules()

    @property
    def version(self) -> Version | None:
        return version_of(self.ruling, self._adoptions) if self.ruling else None

    def used(self, *paths: str) -> tuple[RuleUsed, ...]:
        """The rules at these places, as the record followed them."""
        return rules_used(self.ruling, self._adoptions, paths) if self.ruling else ()

    @cached_property
    def _adoptions(self) -> Mapping[int, Happened]:
        return adoptions_in(self.known[self.programme.id]) if self.programme else {}

    # Reasons ---------------------------------------------------------------------------------

    def status(self, basis: Basis = Basis(), *others: Rest) -> Reason:  # noqa: B008 - it is frozen
        """Why the record is where it is: the event that brought it there, and what that rested on.
        ``others``: what rested on another moment of the record, under the rules that it followed then."""
        last = self.timeline[-1]
        rests = ((self, basis), *others, *(self.met("erase", _nothing) if self.record.is_erased else ()))
        facts = (fact_of(self.cause), *(fact for _, one in rests for fact in one.facts))
        return Reason(
            about="status",
            code=str(last.status),
            sentence=f"« {self.record.status_labels[last.status]} » depuis le "
            f"{french_date(paris_day(last.effective_at))} : {_lower(label_of(self.cause.topic))}.",
            facts=tuple({one.position: one for one in facts}.values()),
            rules=tuple(dict.fromkeys(rule for case, one in rests for rule in case.used(*one.rules))),
            counted=tuple(counted for _, one in rests for counted in one.counted if counted),
            missing=tuple(word for _, one in rests for word in one.missing),
            ruling=self.version,
        )

    def met(
        self, kind: str, basis_of: Callable[[Case, Due], Basis], happened: Happened | None = None
    ) -> tuple[Rest, ...]:
        """The deadline that had come when an event, by default the cause of the status, was recorded, as the
        record waited for it just before; nothing when a person did it."""
        happened = happened or self.cause
        before = self.before_event(happened)
        if before is None or happened.facts["role"] != "system":
            return ()
        come = [due for due in before.dues if due.kind == kind and due.at <= before.now]
        rests = [(due, before._common(due) or basis_of(before, due)) for due in come[:1]]
        return tuple((before, replace(basis, missing=due.missing or basis.missing)) for due, basis in rests)

    def refusal(self, told: Fact, guard: str, sentence: str, missing: Sequence[str]) -> Reason:
        """Why a command was refused: the guard, and the rules that it asks as they were in the version that
        the record followed when it was (``told``)."""
        then = self.until(told.position, told.recorded_at)
        rules = then.used(*RULES_OF_GUARDS.get(guard, ())) if then else ()
        return Reason(
            about="refusal",
            code=guard,
            sentence=sentence,
            facts=(told,),
            rules=rules,
            missing=tuple(missing),
            ruling=then.version if then else None,
        )

    def told_by(
        self, about: str, guard: Callable[..., object], *asked: Any, basis: Basis | None = None
    ) -> Iterator[Reason]:
        """What a guard refuses today, in its own words; nothing when it would let pass."""
        try:
            guard(*asked)
        except Refused as no:
            yield self.reason(about, no.code, no.sentence, no.missing, basis)

    def reason(
        self, about: str, code: str, sentence: str, missing: tuple[str, ...] = (), basis: Basis | None = None
    ) -> Reason:
        rests = basis or Basis()
        return Reason(
            about=about,
            code=code,
            sentence=sentence,
            facts=rests.facts,
            rules=self.used(*rests.rules),
            counted=tuple(one for one in rests.counted if one),
            missing=missing or rests.missing,
        )

    def due(self, due: Due, basis: Basis) -> Reason:
        """A deadline, with what it rests on: ``basis``, or what is common to all kinds of records."""
        rests = self._common(due) or basis
        return Reason(
            about="due",
            code=due.kind,
            sentence=f"{due.what}.",
            facts=rests.facts,
            rules=self.used(*rests.rules),
            counted=tuple(one for one in rests.counted if one),
            missing=due.missing,
            awaits=due.awaits,
            by=due.by,
        )

    def _common(self, due: Due) -> Basis | None:
        if due.kind == "deliver":
            key = due.key.removeprefix("deliver:").rpartition(":")[0]
            return Basis(self.facts("ReminderDue", "ReminderFailed", key=key), ("delivery_retries",))
        if due.kind == "erase":
            end = fact_of(self.cause)
            closed: date | None = getattr(self.record, "closed_on", None) or _day(end.on)
            retention = self.rules.retention
            return Basis((end,), ("retention",), (self.after(closed, retention, plainly=True),))
        return None


Rest = tuple[Case, Basis]
"""What a reason rests on, with the moment of the record whose rules it names."""


def _nothing(case: Case, due: Due) -> Basis:
    return Basis()


def _day(text: str) -> date:
    return date.fromisoformat(text if len(text) > 7 else f"{text}-01")


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]
