"""*Pourquoi ?* – what a record's present status, what it lacks and what is due rest on.

Nothing is decided here: what is missing is told by the guards themselves, what is due by ``due`` (see
``domain.case``). Added to it are the facts, each with its event and whoever decided, the rules with the
version in force for the record, and how a day was counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Self

from domain.calendar import PartialDate, french_date, paris_day
from domain.details import detail_of, reserved_of
from domain.labels import label_of
from domain.ports import Happened
from domain.programme.labels import RULE_LABELS, rule_value
from domain.programme.model import RulesVersion


@dataclass(frozen=True)
class Fact:
    """What an event tells without anybody's name. ``record_id``: the record explained, or another that it
    rests on; ``on``: the day of the fact (or its month); ``reason``: what was typed with the decision,
    sealed, empty when nothing was, ``None`` when it is withheld; ``reserved``: the words that only the roles
    of ``Root.reserved_to`` are told.
    """

    record_id: str
    sentence: str
    on: str
    recorded_at: datetime
    position: int
    version: int
    topic: str
    actor: str
    role: str
    reason: Any = ""
    reserved: str = ""

    def told_elsewhere(self) -> Self:
        """The same where another record is explained: that there was a reason is told, and not which."""
        return replace(self, reason=None if self.reason else "", reserved="")


@dataclass(frozen=True)
class Version:
    """A version of the programme's rules: in force from that day, for the nation or for one académie, adopted
    by whom (role and actor's id), recorded when, by which event."""

    number: int
    academie: str
    in_force_from: date
    adopted_at: datetime
    position: int
    actor: str
    role: str


@dataclass(frozen=True)
class RuleUsed:
    """A rule by its place in the programme's rules (``mentors.lapse``), its French name and its value."""

    path: str
    name: str
    value: str
    version: Version


@dataclass(frozen=True)
class Counted:
    """How a day was found: so long after (or before) another one. ``skipped``: what did not count on the way,
    with how many days of it; ``calendar``: the version of the school calendar, empty in plain days;
    ``estimated``: it ends after the last day whose holidays that calendar knows.
    """

    sentence: str
    start: date
    delay: str
    end: date
    academie: str = ""
    zone: str = ""
    calendar: str = ""
    skipped: tuple[tuple[str, int], ...] = ()
    estimated: bool = False


@dataclass(frozen=True)
class Reason:
    """One answer. ``about``: ``status``, ``block``, ``missing``, ``due`` or ``refusal``; ``code``, for
    programs: the status, the guard, or the kind of deadline. ``ruling``: the version of the rules that the
    record then followed."""

    about: str
    code: str
    sentence: str
    facts: tuple[Fact, ...] = ()
    rules: tuple[RuleUsed, ...] = ()
    counted: tuple[Counted, ...] = ()
    missing: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()
    by: date | None = None
    ruling: Version | None = None


@dataclass(frozen=True)
class Basis:
    """What a reason rests on, as its kind of record knows it; ``rules``: their places."""

    facts: tuple[Fact, ...] = ()
    rules: tuple[str, ...] = ()
    counted: tuple[Counted | None, ...] = ()
    missing: tuple[str, ...] = ()


def rules_used(
    ruling: RulesVersion, adoptions: Mapping[int, Happened], paths: Iterable[str]
) -> tuple[RuleUsed, ...]:
    """The rules at these places, with their values in that version."""
    version = version_of(ruling, adoptions)
    return tuple(
        RuleUsed(path, RULE_LABELS[path], rule_value(attrgetter(path)(ruling.rules)), version)
        for path in paths
    )


def version_of(ruling: RulesVersion, adoptions: Mapping[int, Happened]) -> Version:
    """The version with who adopted it, and when. Raises ``KeyError`` when no event did, which is a bug."""
    adopted = adoptions[ruling.number]
    return Version(
        number=ruling.number,
        academie=ruling.academie,
        in_force_from=ruling.on,
        adopted_at=adopted.recorded_at,
        position=adopted.position,
        actor=adopted.facts["actor"],
        role=adopted.facts["role"],
    )


def adoptions_in(events: Iterable[Happened]) -> dict[int, Happened]:
    """By which event each version of a programme's rules was adopted."""
    return {one.event.number: one for one in events if word_of(one) == "RulesAdopted"}  # type: ignore[attr-defined]


def fact_of(happened: Happened, detail: str = "") -> Fact:
    """What an event tells, in the words of its label and of ``domain.details``, unless a detail is given."""
    on: PartialDate | date = getattr(happened.event, "on", None) or paris_day(happened.effective_at)
    what = detail or detail_of(happened.topic, happened.event)
    label = f"{label_of(happened.topic)}{f' ({what})' if what else ''}"
    return Fact(
        record_id=happened.record_id,
        sentence=f"{label}, {_told(on)}",
        on=on.isoformat(),
        recorded_at=happened.recorded_at,
        position=happened.position,
        version=happened.version,
        topic=happened.topic,
        actor=happened.facts["actor"],
        role=happened.facts["role"],
        reason=happened.facts.get("reason") or "",
        reserved=reserved_of(happened.topic, happened.event),
    )


def _told(on: PartialDate | date) -> str:
    """« le 5 décembre 2025 », « en décembre 2025 » where the day is not known."""
    if isinstance(on, PartialDate):
        return f"{'le' if on.precision == 'day' else 'en'} {on.label}"
    return f"le {french_date(on)}"


def word_of(happened: Happened) -> str:
    """``IdentitySeen`` for ``mentor.IdentitySeen@1``."""
    return happened.topic.partition(".")[2].partition("@")[0]
