"""The programme: versioned rules (durations, cadences, requirements) and targets, national or by académie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from domain.calendar import add_months
from domain.kernel import Act, Refused, Root, event

if TYPE_CHECKING:
    from domain.calendar import SchoolCalendar

SCHEMES: Final = {
    "1j1m": "1 jeune, 1 mentor",
    "cordees": "Cordées de la réussite",
    "ptech": "P-TECH",
}


LONGEST: Final = 3_660
"""No delay is longer than that, in whatever unit."""


class Unit(StrEnum):
    DAYS = "days"
    SCHOOL_DAYS = "school_days"
    MONTHS = "months"


@dataclass(frozen=True)
class Delay:
    """A length of time in the unit in which the rule is written."""

    count: int
    unit: Unit = Unit.DAYS

    def after(self, day: date, calendar: SchoolCalendar) -> date:
        """The day that comes this long after ``day``."""
        if self.unit is Unit.SCHOOL_DAYS:
            return calendar.add_school_days(day, self.count)
        if self.unit is Unit.MONTHS:
            return add_months(day, self.count)
        return day + timedelta(days=self.count)

    def plainly_after(self, day: date) -> date:
        """The same counted in plain days or months: notices and accounts know no school holidays."""
        return add_months(day, self.count) if self.unit is Unit.MONTHS else day + timedelta(days=self.count)

    def before(self, day: date) -> date:
        """The day this long before ``day``: alerts are counted in plain days or months."""
        if self.unit is Unit.MONTHS:
            return add_months(day, -self.count)
        return day - timedelta(days=self.count)

    @property
    def label(self) -> str:
        """« 7 jours », « 10 jours de classe », « 3 mois »."""
        words = {Unit.DAYS: "jour", Unit.SCHOOL_DAYS: "jour de classe", Unit.MONTHS: "mois"}[self.unit]
        if self.count > 1 and self.unit is not Unit.MONTHS:
            words = words.replace("jour", "jours")
        return f"{self.count} {words}"


@dataclass(frozen=True)
class Rules:
    """The defaults of the design's domain page marked [rule]: data, not law."""

    review: Delay = Delay(10, Unit.SCHOOL_DAYS)
    signature_reminders: tuple[Delay, ...] = (Delay(7), Delay(14), Delay(30))
    end_alerts: tuple[Delay, ...] = (Delay(180), Delay(90), Delay(30))
    notice: Delay = Delay(3, Unit.MONTHS)
    bilan_month: int = 6
    bilan_day: int = 30
    financial_report: Delay = Delay(6, Unit.MONTHS)
    report_asked_before: Delay = Delay(30)
    report_reminders: tuple[Delay, ...] = (Delay(10, Unit.SCHOOL_DAYS), Delay(20, Unit.SCHOOL_DAYS))
    delivery_retries: tuple[Delay, ...] = (Delay(1), Delay(2))
    required_entitlements: tuple[str, ...] = ()
    retention: Delay = Delay(60, Unit.MONTHS)
    """How long the personal data of a record outlive it: from its end, or from its abandonment."""

    def problem(self) -> str | None:
        """Why no deadline could be worked out from these rules, in French; ``None`` when they will do."""
        try:
            date(2025, self.bilan_month, self.bilan_day)
        except ValueError:
            return f"Le bilan ne peut être dû le {self.bilan_day}/{self.bilan_month} : ce jour n'existe pas."
        if not self.signature_reminders:
            return "Les relances de signature (signature_reminders) demandent au moins un délai."
        delays = (self.review, self.notice, self.financial_report, self.report_asked_before, self.retention)
        series = (self.signature_reminders, self.end_alerts, self.report_reminders, self.delivery_retries)
        if any(not 0 <= d.count <= LONGEST for d in [*delays, *(d for several in series for d in several)]):
            return f"Un délai est un nombre entre 0 et {LONGEST}."
        if not self.retention.count:
            return "La conservation (retention) dure au moins un jour : effacer est sans retour."
        for growing in (self.signature_reminders, self.report_reminders):
            if len({d.unit for d in growing}) > 1 or list(growing) != sorted(growing, key=lambda d: d.count):
                return "Les relances se suivent du délai le plus court au plus long, dans la même unité."
        if list(self.end_alerts) != sorted(self.end_alerts, key=lambda d: -d.count):
            return "Les alertes de fin se suivent de la plus lointaine à la plus proche."
        return None


@dataclass(frozen=True)
class RulesVersion:
    """One adopted set: ``academie`` empty for the nation, ``to_open`` when open records follow it too."""

    number: int
    rules: Rules
    on: date
    academie: str = ""
    to_open: bool = False


class Programme(Root):
    """A scheme (dispositif) and the rules it runs under."""

    TOPIC = "programme@1"
    about_persons = False

    @event("Created", topic="programme.Opened@1")
    def __init__(self, id: str, scheme: str, label: str) -> None:
        self.scheme = scheme
        self.label = label
        self.status = "open"
        self.versions: list[RulesVersion] = []
        self.targets: dict[tuple[str, str], tuple[int, int]] = {}

    def scopes(self) -> frozenset[str]:
        return frozenset({"public"})

    def adopt_rules(
        self, act: Act, *, rules: Rules, on: date, academie: str = "", to_open: bool = False
    ) -> None:
        """Adopts a new version from ``on``; ``to_open``: records already started follow it from that day.

        Raises ``Refused`` when it is backdated (decisions taken since would lose their rule) or when an
        académie legislates for another.
        """
        if on < act.today and self.versions:
            raise Refused(
                "rules_backdated",
                f"Des règles ne s'adoptent pas pour le passé ({on.isoformat()}).",
                (f"une date d'effet à partir du {act.today.isoformat()}",),
            )
        if problem := rules.problem():
            raise Refused("rules_unusable", problem)
        if act.actor.role == "academie" and f"academie:{academie}" not in act.actor.scopes:
            raise Refused(
                "not_your_academie",
                "Une académie n'adopte de règles que pour elle-même.",
                ("le code d'une académie de votre périmètre",),
            )
        self._rules_adopted(
            number=len(self.versions) + 1,
            rules=rules,
            academie=academie,
            to_open=to_open,
            starts=on,
        )

    def set_target(self, act: Act, *, academie: str, school_year: str, mentees: int, lycees: int) -> None:
        """Sets the trajectory of an académie for a school year.

        Raises ``Refused`` for another's académie and for a target below zero.
        """
        if act.actor.role == "academie" and f"academie:{academie}" not in act.actor.scopes:
            raise Refused("not_your_academie", "Une académie ne fixe que sa propre trajectoire.")
        if mentees < 0 or lycees < 0:
            raise Refused("negative_target", "Une cible est un nombre positif ou nul.")
        self._target_set(academie=academie, school_year=school_year, mentees=mentees, lycees=lycees)

    def current(self, academie: str, day: date) -> RulesVersion:
        """What a record started on ``day`` runs under: the académie's own version, else the nation's."""
        effective = [v for v in self.versions if v.on <= day]
        own = [v for v in effective if v.academie == academie and academie]
        national = [v for v in effective if not v.academie]
        chosen = own or national
        if not chosen:
            raise Refused(
                "no_rules_in_force",
                f"Aucune règle du programme « {self.label} » n'est en vigueur le {day.isoformat()}.",
                ("une version des règles adoptée pour cette date",),
            )
        return chosen[-1]

    def followed(self, started_under: int, academie: str, day: date) -> RulesVersion:
        """What an open record follows on ``day``: its own version, or a later one meant for open records.

        As in ``current``, an académie's own version is never overruled by a later one of the nation.
        """
        started = self.versions[started_under - 1]
        later = [v for v in self.versions if v.to_open and v.number > started_under and v.on <= day]
        own = [v for v in later if v.academie == academie and academie]
        national = [v for v in later if not v.academie and not started.academie]
        return [started, *national, *own][-1]

    @event("RulesAdopted", topic="programme.RulesAdopted@1")
    def _rules_adopted(self, number: int, rules: Rules, academie: str, to_open: bool, starts: date) -> None:
        self.versions.append(RulesVersion(number, rules, starts, academie, to_open))

    @event("TargetSet", topic="programme.TargetSet@1")
    def _target_set(self, academie: str, school_year: str, mentees: int, lycees: int) -> None:
        self.targets[academie, school_year] = (mentees, lycees)
