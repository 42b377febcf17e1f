"""Reference data, read once from ``reference/``, whose README tells where they come from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from domain.calendar import SchoolBreak, SchoolCalendar, school_year
from domain.territory import Academie, Lycee, Territory, kind_of_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Calendars", "academies", "calendars", "lycees", "region_academies", "territory"]

FOLDER: Final = Path(__file__).resolve().parents[1] / "reference"
_WEEKDAYS: Final = SchoolCalendar(academie="", version="weekdays")


@dataclass(frozen=True)
class Calendars:
    """The school calendars, by académie."""

    by_academie: Mapping[str, SchoolCalendar]

    def for_academie(self, code: str) -> SchoolCalendar:
        """Without a code, weekends and public holidays. An unknown one is a bug: ``KeyError``."""
        return self.by_academie[code] if code else _WEEKDAYS


@cache
def academies() -> tuple[Academie, ...]:
    """The thirty académies, in the order of their codes."""
    return tuple(
        Academie(
            code=row["code"],
            name=row["academie"],
            region_academique=row["region_academique"],
            departments=tuple(row["departments"].split()),
            zone=row["holiday_zone"] or None,
        )
        for row in _rows("academies.csv")
    )


@cache
def lycees() -> Mapping[str, Lycee]:
    """The lycées of the Annuaire de l'éducation, by UAI."""
    codes = {academie.name: academie.code for academie in academies()}
    return MappingProxyType(
        {
            row["uai"]: Lycee(
                uai=row["uai"],
                name=row["name"],
                city=row["city"],
                postal_code=row["postal_code"],
                department=row["department"],
                academie=codes[row["academie"]],
                kind=kind_of_name(row["name"]),
            )
            for row in _rows("lycees.csv")
        }
    )


@cache
def territory() -> Territory:
    """Académies and lycées, to be looked up."""
    return Territory(academies(), lycees())


def region_academies(region_academique: str) -> tuple[str, ...]:
    """The codes of the académies of a région académique."""
    return territory().region_academies(region_academique)


@cache
def calendars() -> Calendars:
    """One calendar for each académie: its own dates if it has some, else those of its zone."""
    known: dict[str, list[SchoolBreak]] = {}
    for row in _rows("school_holidays.csv"):
        known.setdefault(row["zone_or_academie"], []).append(
            SchoolBreak(
                first=date.fromisoformat(row["first_day_off"]),
                last=date.fromisoformat(row["last_day_off"]),
                label=row["label"],
            )
        )
    return Calendars(
        MappingProxyType(
            {
                academie.code: _calendar(
                    academie.code, known.get(academie.name, known.get(academie.zone or "", []))
                )
                for academie in academies()
            }
        )
    )


def _calendar(code: str, breaks: Iterable[SchoolBreak]) -> SchoolCalendar:
    ordered = tuple(sorted(breaks))
    if not ordered:
        return SchoolCalendar(academie=code, version=_WEEKDAYS.version)
    dates = "\n".join(f"{pause.first}/{pause.last}" for pause in ordered)
    digest = sha256(dates.encode()).hexdigest()[:8]
    return SchoolCalendar(code, f"{school_year(ordered[-1].last)}/{digest}", ordered)


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
