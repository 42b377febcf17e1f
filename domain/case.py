"""A record with all that its explanation looks at: facts, the rules that it follows, how days are counted.

What each kind of record makes of it is in its own ``explanation.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from domain.calendar import SchoolCalendar, french_date, paris_day, public_holidays
from domain.explaining import (
    Basis,
    Counted,
    Fact,
    Reason,
    RuleUsed,
    Version,
    fact_of,
    rules_used,
    version_of,
    word_of,
)
from domain.folding import Timeline
from domain.kernel import Due, Refused, Root
from domain.labels import label_of
from domain.ports import Happened
from domain.programme.model import Programme, RulesVersion
from domain.programme.rules import Delay, Rules, Unit

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """A record with all that its explanation looks at, as it was known at ``now`` (UTC).

    ``ruling``: the version of the rules that it follows, ``None`` for a record that follows none;
    ``adoptions``: the event that adopted each version; ``zone``: that of the calendar's holidays;
    ``operator``: what the operator of a mentor lacks (code, sentence, what is missing);
    ``entitlements_missing``: the titles that an association lacks.
    """

    record: Root
    events: Sequence[Happened]
    timeline: Timeline
    now: datetime
    dues: Sequence[Due]
    programme: Programme | None
    ruling: RulesVersion | None
    adoptions: Mapping[int, Happened]
    calendar: SchoolCalendar
    zone: str = ""
    operator: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    entitlements_missing: tuple[str, ...] = ()

    @property
    def today(self) -> date:
        return paris_day(self.now)

    @property
    def rules(self) -> Rules:
        return self.ruling.rules if self.ruling else Rules()

    # Facts -----------------------------------------------------------------------------------

    def facts(self, *topics: str, detail: str = "", **where: Any) -> tuple[Fact, ...]:
        """The last event of each topic (``IdentitySeen``) whose fields have these values."""
        found = (self._last(topic, where) for topic in topics)
        return tuple(fact_of(one, detail) for one in found if one)

    def every(self, *topics: str) -> tuple[Fact, ...]:
        """Each event of these topics, in their order."""
        return tuple(fact_of(one) for one in self.events if word_of(one) in topics)

    def matching(self, topic: str, test: Callable[[Any], bool]) -> tuple[Fact, ...]:
        """The last event of that topic that passes the test."""
        found = [one for one in self.events if word_of(one) == topic and test(one.event)]
        return tuple(fact_of(one) for one in found[-1:])

    def _last(self, topic: str, where: Mapping[str, Any]) -> Happened | None:
        for one in reversed(self.events):
            if word_of(one) == topic and all(getattr(one.event, k, None) == v for k, v in where.items()):
                return one
        return None

    # Rules -----------------------------------------------------------------------------------

    @property
    def version(self) -> Version | None:
        return version_of(self.ruling, self.adoptions) if self.ruling else None

    def used(self, *paths: str) -> tuple[RuleUsed, ...]:
        """The rules at these places, as the record follows them."""
        return rules_used(self.ruling, self.adoptions, paths) if self.ruling else ()

    # Days ------------------------------------------------------------------------------------

    def after(self, start: date | None, delay: Delay, *, plainly: bool = False) -> Counted | None:
        """How the day that comes so long after ``start`` was found, ``None`` without a start."""
        if start is None:
            return None
        if plainly or delay.unit is not Unit.SCHOOL_DAYS:
            end = delay.plainly_after(start) if plainly else delay.after(start, self.calendar)
            return Counted(_plainly(start, delay, end, "après"), start, delay.label, end)
        end = delay.after(start, self.calendar)
        skipped = tuple(Counter(not_counted(self.calendar, start, end)).items())
        zone = f", zone {self.zone}" if self.zone else ""
        left_out = ", ".join(f"{name} ({days} j)" for name, days in skipped)
        return Counted(
            sentence=f"{delay.label} à compter du {french_date(start)} (non compris), dans l'académie "
            f"{self.calendar.academie or 'sans calendrier propre'}{zone} : le {french_date(end)}"
            + (f" ; ne comptent pas : {left_out}" if left_out else "")
            + (_unknown(self.calendar) if delay.estimated(end, self.calendar) else ""),
            start=start,
            delay=delay.label,
            end=end,
            academie=self.calendar.academie,
            zone=self.zone,
            calendar=self.calendar.version,
            skipped=skipped,
            estimated=delay.estimated(end, self.calendar),
        )

    def first_of(self, start: date | None, delays: Iterable[Delay], day: date) -> Counted | None:
        """The same, for the one of these delays that leads to ``day``."""
        counted = (self.after(start, delay) for delay in delays)
        return next((one for one in counted if one and one.end == day), None)

    def before(self, until: date | None, delays: Iterable[Delay], day: date) -> Counted | None:
        """How an alert ahead of ``until`` was found: by the one of these delays that leads to ``day``."""
        for delay in delays if until else ():
            if until and delay.before(until) == day:
                return Counted(_plainly(until, delay, day, "avant"), until, delay.label, day)
        return None

    # Reasons ---------------------------------------------------------------------------------

    def status(self, *topics: str, facts: tuple[Fact, ...] = (), rules: tuple[str, ...] = ()) -> Reason:
        """Why the record is where it is: the event that brought it there, and what that rested on."""
        last = self.timeline[-1]
        cause = next(one for one in self.events if one.version == last.version)
        resting = (fact_of(cause), *self.facts(*topics), *facts)
        return Reason(
            about="status",
            code=str(last.status),
            sentence=f"« {self.record.status_labels[last.status]} » depuis le "
            f"{french_date(paris_day(last.effective_at))} : {_lower(label_of(cause.topic))}.",
            facts=tuple({one.position: one for one in resting}.values()),
            rules=self.used(*rules),
            ruling=self.version,
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
        return Reason(about, code, sentence, rests.facts, self.used(*rests.rules), missing=missing)

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
            end = fact_of(next(one for one in self.events if one.version == self.timeline[-1].version))
            closed: date | None = getattr(self.record, "closed_on", None) or _day(end.on)
            retention = self.rules.retention
            return Basis((end,), ("retention",), (self.after(closed, retention, plainly=True),))
        return None


def not_counted(calendar: SchoolCalendar, start: date, end: date) -> Iterator[str]:
    """Why each day between two days does not count as one of school: its holidays first, then its weekday."""
    day = start + _ONE_DAY
    while day <= end:
        pause = calendar.break_on(day)
        if pause:
            yield pause.label
        elif day in public_holidays(day.year):
            yield public_holidays(day.year)[day]
        elif not calendar.is_school_day(day):
            yield "samedis et dimanches"
        day += _ONE_DAY


def _unknown(calendar: SchoolCalendar) -> str:
    until = calendar.known_until
    since = f"au-delà du {french_date(until)} " if until else ""
    return f" ; date estimée : {since}les vacances ne sont pas connues, et ne sont pas décomptées"


def _plainly(start: date, delay: Delay, end: date, where: str) -> str:
    return f"{delay.label} {where} le {french_date(start)} : le {french_date(end)}"


def _day(text: str) -> date:
    return date.fromisoformat(text if len(text) > 7 else f"{text}-01")


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]
