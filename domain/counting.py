"""How a day was found: so long after or before another one, and which days did not count on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cached_property

from domain.calendar import SchoolCalendar, french_date, public_holidays
from domain.explaining import Counted
from domain.kernel import Root
from domain.ports import World
from domain.programme.rules import Delay, Unit

_ONE_DAY = timedelta(days=1)


class Counting:
    """A part of a case: it counts days in the calendar that its record follows."""

    record: Root
    world: World

    @cached_property
    def calendar(self) -> SchoolCalendar:
        """The school calendar of the académie that the record follows."""
        return self.world.calendars.for_academie(self._academie)

    @property
    def zone(self) -> str:
        """That of the calendar's holidays."""
        return (self.world.territory.academie(self._academie).zone or "") if self._academie else ""

    @property
    def _academie(self) -> str:
        return getattr(self.record, "academie", "")

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
