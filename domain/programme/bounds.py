"""Between what a programme's rules may be set, and why: by the law, or because beyond they mean nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Final

from domain.calendar import add_months
from domain.kernel import Refused
from domain.programme.labels import RULE_LABELS, rule_value
from domain.programme.rules import Delay, Rules, Unit

SCHOOL_DAYS_A_YEAR: Final = 180
"""36 weeks (code de l'éducation, article L521-1) of five days."""

_PLAIN: Final = (Unit.DAYS, Unit.MONTHS)
_ANY: Final = (Unit.DAYS, Unit.SCHOOL_DAYS, Unit.MONTHS)


@dataclass(frozen=True)
class Bound:
    """What the rule at ``path`` may be, or each of its delays: from ``least`` to ``most``, which is in months
    for a delay. ``units``: those in which a delay is counted; alerts go backwards and a bulletin's age runs
    through the holidays, so neither knows days of school. ``why``: in French.
    """

    path: str
    most: int
    why: str
    least: int = 1
    units: tuple[Unit, ...] = ()

    def ceiling(self, unit: Unit) -> int:
        """The most in this unit: in days, the fewest that so many months last."""
        if unit is Unit.MONTHS:
            return self.most
        if unit is Unit.SCHOOL_DAYS:
            return self.most * SCHOOL_DAYS_A_YEAR // 12
        return min((add_months(first, self.most) - first).days for first in _FIRSTS)

    def allows(self, value: int | Delay) -> bool:
        if isinstance(value, Delay):
            return value.unit in self.units and self.least <= value.count <= self.ceiling(value.unit)
        return self.least <= value <= self.most

    @property
    def label(self) -> str:
        """« de 1 à 89 jours ou 3 mois », « de 16 à 99 »."""
        most = [Delay(self.ceiling(unit), unit).label for unit in self.units] or [str(self.most)]
        return f"de {self.least} à {' ou '.join(most)}"


_FIRSTS: Final = tuple(date(2025, month, 1) for month in range(1, 13))
_STEP: Final = "une démarche ne s'attend pas plus d'une année"
_ALERT: Final = "une alerte se donne dans l'année qui précède"
_RENEWED: Final = "ce qui a plus de trois ans ne dit plus rien de la personne"

BOUNDS: Final = (
    Bound("review", 12, _STEP, units=_ANY),
    Bound("signature_reminders", 12, _STEP, units=_ANY),
    Bound("end_alerts", 12, _ALERT, units=_PLAIN),
    Bound("notice", 12, "un préavis dure une année au plus, vacances comprises", units=_PLAIN),
    Bound("bilan_month", 12, "c'est le mois d'une année"),
    Bound("bilan_day", 31, "c'est le jour d'un mois"),
    Bound(
        "financial_report",
        6,
        "loi n° 2000-321 du 12 avril 2000, article 10, qui compte en mois",
        units=(Unit.MONTHS,),
    ),
    Bound("report_asked_before", 12, _ALERT, units=_PLAIN),
    Bound("report_reminders", 12, _STEP, units=_ANY),
    Bound("delivery_retries", 1, "un envoi se retente dans le mois, jour après jour", units=(Unit.DAYS,)),
    Bound(
        "retention",
        120,
        "RGPD, article 5 : dix ans sont la plus longue des prescriptions qui valent ici, celle de l'article "
        "2226 du code civil, et effacer est sans retour",
        units=_PLAIN,
    ),
    Bound("admission.reminders", 12, _STEP, units=_ANY),
    Bound("admission.lapse", 12, _STEP, units=_ANY),
    Bound("admission.assessment", 12, _STEP, units=_ANY),
    Bound("admission.insurance_alert", 12, _ALERT, units=_PLAIN),
    Bound("admission.entitlement_alerts", 12, _ALERT, units=_PLAIN),
    Bound("mentors.reminders", 12, _STEP, units=_ANY),
    Bound("mentors.lapse", 12, _STEP, units=_ANY),
    Bound("mentors.idle", 36, _RENEWED, units=_PLAIN),
    Bound("mentors.idle_alert", 12, _ALERT, units=_PLAIN),
    Bound("mentors.mentees", 50, "au-delà, ce n'est plus accompagner quelqu'un"),
    Bound("mentors.classes", 50, "0 : personne n'accompagne de classe", least=0),
    Bound(
        "mentors.minimum_age",
        99,
        "un membre d'une association répond de ses actes dès 16 ans (loi du 1er juillet 1901, article 2 bis)",
        least=16,
    ),
    Bound("mentors.b3_age", 3, "un bulletin n° 3 présenté a moins de trois mois", units=_PLAIN),
    Bound("mentors.check", 36, _RENEWED, units=_PLAIN),
    Bound("mentors.check_alerts", 12, _ALERT, units=_PLAIN),
    Bound("training.minutes", 14_400, "0 : aucune durée n'est exigée ; 240 heures au plus", least=0),
    Bound("training.certificate", 36, _RENEWED, units=_PLAIN),
    Bound("training.certificate_alerts", 12, _ALERT, units=_PLAIN),
    Bound("training.attendance", 12, _STEP, units=_ANY),
)
"""Every rule that is a number or a delay (a test demands it). The bulletin's age is the design's (domain
page, where it is no default); the financial report's term is that of any public subsidy. No text tells how
long to keep: storage is limited to what is needed (GDPR, 5.1.e), and past the longest limitation of an action
that these records could serve, nothing needs them. The rest is good sense.
"""


def bounded(rules: Rules) -> None:
    """Raises ``Refused`` for the first rule that is out of its bounds, naming it, its value and them."""
    for bound in BOUNDS:
        value = attrgetter(bound.path)(rules)
        for one in value if isinstance(value, tuple) else (value,):
            if not bound.allows(one):
                raise Refused(
                    "rule_out_of_bounds",
                    f"La règle « {RULE_LABELS[bound.path]} » ({bound.path}) vaut {rule_value(one)} ; "
                    f"elle va {bound.label} : {bound.why}.",
                    (f"{bound.path} {bound.label}",),
                )
