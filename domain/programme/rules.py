"""The rules of a programme: durations, cadences and requirements. Data, not law: versioned, with defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from domain.calendar import add_months

if TYPE_CHECKING:
    from domain.calendar import SchoolCalendar

_WORD: Final = re.compile(r"[^\W\d_]{3}")
_NUMBER: Final = re.compile(r"\d")


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

    def estimated(self, day: date, calendar: SchoolCalendar) -> bool:
        """Whether ``day``, found by ``after``, went beyond the days of school that are known."""
        return self.unit is Unit.SCHOOL_DAYS and not calendar.covers(day)

    def plainly_after(self, day: date) -> date:
        """The same counted in plain days or months: notices and accounts know no school holidays."""
        return add_months(day, self.count) if self.unit is Unit.MONTHS else day + timedelta(days=self.count)

    def before(self, day: date) -> date:
        """The day this long before ``day``: alerts are counted in plain days or months."""
        if self.unit is Unit.MONTHS:
            return add_months(day, -self.count)
        return day - timedelta(days=self.count)

    @property
    def roughly(self) -> float:
        """In plain days, to compare what is told in several units: five days of school a week, 30 a month."""
        return self.count * {Unit.DAYS: 1, Unit.SCHOOL_DAYS: 7 / 5, Unit.MONTHS: 30}[self.unit]

    @property
    def label(self) -> str:
        """« 7 jours », « 10 jours de classe », « 3 mois »."""
        words = {Unit.DAYS: "jour", Unit.SCHOOL_DAYS: "jour de classe", Unit.MONTHS: "mois"}[self.unit]
        if self.count > 1 and self.unit is not Unit.MONTHS:
            words = words.replace("jour", "jours")
        return f"{self.count} {words}"


_SCHOOL: Final = Unit.SCHOOL_DAYS

DOCUMENTS: Final = {
    "statutes": "statuts",
    "insurance": "attestation d'assurance",
    "data_protection": "accord de protection des données",
    "safeguarding": "politique de protection des mineurs",
    "charter": "charte signée",
}
"""What an operator may be asked for."""

ENTITLEMENTS: Final = ("laureate", "approved", "conventioned")
"""The titles that a scheme may require of an operator."""

MODULES: Final = {
    "posture": "posture du mentor",
    "safeguarding": "protection des mineurs",
    "voie_professionnelle": "voie professionnelle",
    "data_protection": "protection des données",
}
"""The modules that the defaults require; an operator may add others."""


@dataclass(frozen=True)
class AdmissionRules:
    """How an operator is admitted. ``documents``: keys of ``DOCUMENTS``, asked of everybody.
    ``assessment``: until the académie has read a document, or decided on a file handed in whole, before the
    Drafpic is told.
    """

    documents: tuple[str, ...] = tuple(DOCUMENTS)
    reminders: tuple[Delay, ...] = (Delay(5, _SCHOOL), Delay(10, _SCHOOL))
    lapse: Delay = Delay(40, _SCHOOL)
    assessment: Delay = Delay(10, _SCHOOL)
    insurance_alert: Delay = Delay(30)
    entitlement_alerts: tuple[Delay, ...] = (Delay(60), Delay(30))


@dataclass(frozen=True)
class Perimeter:
    """Where the law provides for an attestation d'honorabilité: a mission (in the words of the text), from a
    day to another, in some départements or everywhere. Outside, asking for one is an offence. ``source``: the
    text that says so, as it is cited.
    """

    mission: str
    starts: date
    ends: date | None = None
    departements: tuple[str, ...] = ()
    source: str = ""

    def problem(self) -> str | None:
        """Why it is no perimeter of the law, in French."""
        if not _WORD.search(self.mission):
            return f"Un périmètre d'honorabilité nomme sa mission comme le texte ; ici « {self.mission} »."
        if not (_WORD.search(self.source) and _NUMBER.search(self.source)):
            return (
                f"Le périmètre d'honorabilité « {self.mission} » (mentors.honorabilite) cite le texte qui le "
                "prévoit (source), avec son numéro."
            )
        if self.ends and self.ends < self.starts:
            return "Un périmètre d'honorabilité finit avant de commencer."
        return None

    def covers(self, mission: str, departement: str, day: date) -> bool:
        within = self.starts <= day and (self.ends is None or day <= self.ends)
        return (
            within and mission == self.mission and (not self.departements or departement in self.departements)
        )


@dataclass(frozen=True)
class MentorRules:
    """How a mentor is checked. ``idle``: how long a complete file may go without progress towards its
    clearance, the association being told ``idle_alert`` before. ``minimum_age``: in years, on the day of the
    candidacy. ``b3_age``: the oldest bulletin n° 3 that may be presented; ``check``: how long a check counts.
    ``honorabilite`` is empty unless the programme has missions that the law names.
    """

    reminders: tuple[Delay, ...] = (Delay(5, _SCHOOL), Delay(10, _SCHOOL))
    lapse: Delay = Delay(25, _SCHOOL)
    idle: Delay = Delay(12, Unit.MONTHS)
    idle_alert: Delay = Delay(1, Unit.MONTHS)
    mentees: int = 2
    classes: int = 1
    minimum_age: int = 18
    b3_age: Delay = Delay(3, Unit.MONTHS)
    check: Delay = Delay(12, Unit.MONTHS)
    check_alerts: tuple[Delay, ...] = (Delay(60), Delay(30))
    honorabilite: tuple[Perimeter, ...] = ()


@dataclass(frozen=True)
class TrainingRules:
    """What a mentor must have followed: required modules, minutes in all, and for how long it counts."""

    modules: tuple[str, ...] = tuple(MODULES)
    minutes: int = 240
    certificate: Delay = Delay(24, Unit.MONTHS)
    certificate_alerts: tuple[Delay, ...] = (Delay(60), Delay(30))
    attendance: Delay = Delay(5, _SCHOOL)


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
    admission: AdmissionRules = AdmissionRules()
    mentors: MentorRules = MentorRules()
    training: TrainingRules = TrainingRules()

    def problem(self) -> str | None:
        """Why nobody could follow these rules, in French; ``None`` when they will do. See also ``bounds``."""
        try:
            date(2025, self.bilan_month, self.bilan_day)
        except ValueError:
            return f"Le bilan ne peut être dû le {self.bilan_day}/{self.bilan_month} : ce jour n'existe pas."
        return (
            self._wanting()
            or _unordered(self)
            or next((told for each in self.mentors.honorabilite if (told := each.problem())), None)
        )

    def _wanting(self) -> str | None:
        """What is empty, or no word of its list."""
        if not self.signature_reminders:
            return "Les relances de signature (signature_reminders) demandent au moins un délai."
        if not self.admission.reminders:
            return "Les relances de pièces (admission.reminders) demandent au moins un délai."
        if not self.admission.documents or not {*self.admission.documents} <= DOCUMENTS.keys():
            allowed = ", ".join(DOCUMENTS)
            return f"Les pièces demandées (admission.documents), une au moins, sont parmi : {allowed}."
        if not {*self.required_entitlements} <= {*ENTITLEMENTS}:
            return f"Les titres requis (required_entitlements) sont parmi : {', '.join(ENTITLEMENTS)}."
        return None


def _unordered(rules: Rules) -> str | None:
    """What comes in no order, or after what it announces."""
    admission, mentors, training = rules.admission, rules.mentors, rules.training
    reminders = (rules.signature_reminders, rules.report_reminders, admission.reminders, mentors.reminders)
    for series in reminders:
        counts = [one.count for one in series]
        if len({one.unit for one in series}) > 1 or counts != sorted({*counts}):
            return "Les relances se suivent du délai le plus court au plus long, dans la même unité."
    alerts = (
        rules.end_alerts,
        admission.entitlement_alerts,
        mentors.check_alerts,
        training.certificate_alerts,
    )
    for series in alerts:
        days = [one.roughly for one in series]
        if days != sorted({*days}, reverse=True):
            return "Les alertes de fin se suivent de la plus lointaine à la plus proche."
    for path, within, earlier, whole in (
        ("admission.reminders", "admission.lapse", admission.reminders, admission.lapse),
        ("mentors.reminders", "mentors.lapse", mentors.reminders, mentors.lapse),
        ("mentors.idle_alert", "mentors.idle", (mentors.idle_alert,), mentors.idle),
        ("mentors.check_alerts", "mentors.check", mentors.check_alerts, mentors.check),
        (
            "training.certificate_alerts",
            "training.certificate",
            training.certificate_alerts,
            training.certificate,
        ),
    ):
        if any(one.roughly >= whole.roughly for one in earlier):
            return f"Les délais de {path} sont plus courts que {within} ({whole.label}), qu'ils précèdent."
    return None
