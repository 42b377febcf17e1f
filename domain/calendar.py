"""Days: those of Paris, those of school, and those known only to the month."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo

from domain.identifiers import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "PARIS",
    "InvalidDate",
    "PartialDate",
    "SchoolBreak",
    "SchoolCalendar",
    "add_months",
    "easter",
    "french_date",
    "paris_day",
    "public_holidays",
    "school_year",
    "school_year_bounds",
    "start_of",
]

PARIS: Final = ZoneInfo("Europe/Paris")
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
"""Nothing that is told here happened before, or is planned later."""

_ONE_DAY: Final = timedelta(days=1)
_MONTHS: Final = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)


class InvalidDate(InvalidValue):
    """The text is not a day, nor a month."""


def paris_day(instant: datetime) -> date:
    """The day it is in Paris at an aware instant."""
    if instant.tzinfo is None:
        raise ValueError("an instant must carry its time zone")
    return instant.astimezone(PARIS).date()


@lru_cache(maxsize=4_096)
def start_of(day: date) -> datetime:
    """Midnight in Paris, as a UTC instant: 22:00 or 23:00 the day before."""
    if day == date.min:
        return datetime.min.replace(tzinfo=UTC)
    return datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)


def add_months(day: date, n: int) -> date:
    """The same day ``n`` months later (earlier if negative), or the last of a shorter month."""
    years, month = divmod(day.month - 1 + n, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def school_year(day: date) -> str:
    """``2025-2026``. For our figures it begins on 1 September, whatever the day of the rentrée."""
    first = day.year if day.month >= 9 else day.year - 1
    return f"{first}-{first + 1}"


def school_year_bounds(label: str) -> tuple[date, date]:
    """The first and last days of ``2025-2026``: 1 September and 31 August."""
    match = re.fullmatch(r"([0-9]{4})-([0-9]{4})", label.strip())
    if match is None or int(match[2]) != int(match[1]) + 1:
        raise InvalidDate(
            label,
            f"« {label.strip()} » n'est pas une année scolaire.",
            "Écrivez deux années qui se suivent, par exemple 2025-2026.",
        )
    return date(int(match[1]), 9, 1), date(int(match[2]), 8, 31)


def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (Meeus, Jones and Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    month, day = divmod(h + weekday - 7 * ((a + 11 * h + 22 * weekday) // 451) + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def public_holidays(year: int) -> Mapping[date, str]:
    """The eleven legal holidays (Code du travail, L3133-1), the same in every département.

    Left out: Good Friday and 26 December, holidays in Alsace and Moselle only.
    """
    sunday = easter(year)
    return {
        date(year, 1, 1): "Jour de l'an",
        sunday + timedelta(days=1): "Lundi de Pâques",
        date(year, 5, 1): "Fête du Travail",
        date(year, 5, 8): "Victoire 1945",
        sunday + timedelta(days=39): "Ascension",
        sunday + timedelta(days=50): "Lundi de Pentecôte",
        date(year, 7, 14): "Fête nationale",
        date(year, 8, 15): "Assomption",
        date(year, 11, 1): "Toussaint",
        date(year, 11, 11): "Armistice 1918",
        date(year, 12, 25): "Noël",
    }


@dataclass(frozen=True, order=True)
class SchoolBreak:
    """Days without school, both ends included: ``last`` is the day before classes resume."""

    first: date
    last: date
    label: str


@dataclass(frozen=True)
class SchoolCalendar:
    """When there is school in one académie. ``breaks`` are in the order of time.

    ``version`` names the dates relied upon: it is recorded with the decisions that counted days.
    """

    academie: str
    version: str
    breaks: tuple[SchoolBreak, ...] = ()

    def __post_init__(self) -> None:
        if list(self.breaks) != sorted(self.breaks):
            raise ValueError("breaks must be in the order of time")
        if any(pause.last < pause.first for pause in self.breaks):
            raise ValueError("a break cannot end before it begins")

    @cached_property
    def _days_off(self) -> frozenset[date]:
        return frozenset(
            pause.first + timedelta(days=n)
            for pause in self.breaks
            for n in range((pause.last - pause.first).days + 1)
        )

    @cached_property
    def known_until(self) -> date | None:
        """The last day for which the breaks are known; ``None`` when none is."""
        return max((pause.last for pause in self.breaks), default=None)

    def covers(self, day: date) -> bool:
        """Whether the breaks are known that day; if not, only weekends and holidays are off."""
        return self.known_until is not None and self.breaks[0].first <= day <= self.known_until

    def break_on(self, day: date) -> SchoolBreak | None:
        """The break that day falls in, to be named on screen."""
        return next((pause for pause in self.breaks if pause.first <= day <= pause.last), None)

    def is_school_day(self, day: date) -> bool:
        """Monday to Friday, neither a public holiday nor in the académie's school holidays."""
        return day.weekday() < 5 and day not in self._days_off and day not in public_holidays(day.year)

    def add_school_days(self, day: date, n: int) -> date:
        """The ``n``-th school day after ``day``, which is itself never counted; ``day`` when 0."""
        if n < 0:
            raise ValueError("school days are only counted forward")
        while n:
            day += _ONE_DAY
            n -= self.is_school_day(day)
        return day

    def school_days_between(self, start: date, end: date) -> int:
        """How many school days have passed on ``end`` since ``start``: ``start`` excluded, ``end``
        included, 0 when it comes first. ``add_school_days(start, n)`` is ``n`` school days away."""
        days = (end - start).days
        return sum(self.is_school_day(start + timedelta(days=n)) for n in range(1, days + 1))


@dataclass(frozen=True, order=True)
class PartialDate:
    """A day, or a month of which the day is not known. In the order of their first days."""

    value: date
    precision: Literal["day", "month"] = "day"

    def __post_init__(self) -> None:
        if self.precision == "month" and self.value.day != 1:
            raise ValueError("a month is written with its first day")

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """From ``2025-12-05``, ``2025-12``, ``05/12/2025``, ``12/2025``, « 5 décembre 2025 » or
        « décembre 2025 »."""
        plain = _without_accents(text.strip().casefold())
        for form in _FORMS:
            if match := form.fullmatch(plain):
                return cls._of(text, match["year"], match["month"], match["day"])
        raise InvalidDate(text, f"« {text.strip()} » n'est pas une date.", _HOW_TO_WRITE)

    @classmethod
    def _of(cls, text: str, year: str, month: str, day: str | None) -> PartialDate:
        if not FIRST_YEAR <= int(year) <= LAST_YEAR:
            raise InvalidDate(
                text,
                f"L'année {year} n'est pas plausible.",
                f"Écrivez une date entre {FIRST_YEAR} et {LAST_YEAR}.",
            )
        number = int(month) if month.isdecimal() else _MONTH_NUMBERS[month]
        try:
            value = date(int(year), number, int((day or "1").removesuffix("er")))
        except ValueError:
            raise InvalidDate(
                text, f"La date « {text.strip()} » n'existe pas au calendrier.", _HOW_TO_WRITE
            ) from None
        return cls(value, "day" if day else "month")

    @property
    def first(self) -> date:
        """The earliest day it can be."""
        return self.value

    @property
    def last(self) -> date:
        """The latest day it can be."""
        if self.precision == "day":
            return self.value
        return self.value.replace(day=monthrange(self.value.year, self.value.month)[1])

    @property
    def label(self) -> str:
        """« 5 décembre 2025 », « 1er mai 2026 », « janvier 2025 »."""
        day = french_date(self.value)
        return day if self.precision == "day" else day.removeprefix("1er ")

    def isoformat(self) -> str:
        return self.value.isoformat()[: 10 if self.precision == "day" else 7]

    def __str__(self) -> str:
        return self.isoformat()


def french_date(day: date) -> str:
    """« 1er mai 2026 », « 5 décembre 2025 »."""
    return f"{'1er' if day.day == 1 else day.day} {_MONTHS[day.month - 1]} {day.year}"


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


_MONTH_NUMBERS: Final = {_without_accents(name): n for n, name in enumerate(_MONTHS, start=1)}
_HOW_TO_WRITE: Final = (
    "Écrivez un jour, par exemple 05/12/2025, ou un mois si le jour n'est pas connu : 12/2025."
)
_FORMS: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        r"(?P<year>\d{4})-(?P<month>\d{2})(?:-(?P<day>\d{2}))?",
        r"(?:(?P<day>\d{1,2})[/.])?(?P<month>\d{1,2})[/.](?P<year>\d{4})",
        rf"(?:(?P<day>1er|\d{{1,2}})\s+)?(?P<month>{'|'.join(_MONTH_NUMBERS)})\s+(?P<year>\d{{4}})",
    )
)
