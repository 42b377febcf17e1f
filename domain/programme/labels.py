"""The rules of a programme in the words of the screens: one French name a rule, and its value."""

from __future__ import annotations

from typing import Any, Final

from domain.programme.rules import DOCUMENTS, MODULES, Delay

RULE_LABELS: Final = {
    "review": "délai de relecture d'un texte",
    "signature_reminders": "relances d'une signature attendue",
    "end_alerts": "alertes avant la fin d'une convention",
    "notice": "préavis d'une dénonciation",
    "bilan_month": "mois du bilan pédagogique",
    "bilan_day": "jour du bilan pédagogique",
    "financial_report": "délai du compte rendu financier après la fin de l'année civile",
    "report_asked_before": "demande d'un compte rendu avant son terme",
    "report_reminders": "relances d'un compte rendu en retard",
    "delivery_retries": "nouveaux essais d'une relance qui n'a pas été remise",
    "required_entitlements": "titres exigés d'un opérateur",
    "retention": "conservation des données personnelles",
    "admission.documents": "pièces demandées à un opérateur",
    "admission.reminders": "relances d'un dossier d'admission incomplet",
    "admission.lapse": "classement sans suite d'un dossier d'admission incomplet",
    "admission.assessment": "délai de lecture d'une pièce et d'instruction d'un dossier remis",
    "admission.insurance_alert": "alerte avant la fin de l'assurance",
    "admission.entitlement_alerts": "alertes avant la fin d'un titre",
    "mentors.reminders": "relances d'un dossier de mentor·e incomplet",
    "mentors.lapse": "caducité d'une candidature sans suite",
    "mentors.idle": "caducité d'un dossier complet qui n'avance plus vers la validation",
    "mentors.idle_alert": "alerte avant cette caducité",
    "mentors.mentees": "mentoré·es accompagné·es à la fois, par défaut",
    "mentors.classes": "classes accompagnées à la fois, par défaut",
    "mentors.minimum_age": "âge minimal d'un·e mentor·e, en années",
    "mentors.b3_age": "ancienneté d'un bulletin n° 3",
    "mentors.check": "durée pendant laquelle une vérification des antécédents compte",
    "mentors.check_alerts": "alertes avant la fin d'une vérification",
    "mentors.honorabilite": "périmètres de l'attestation d'honorabilité",
    "training.modules": "modules de formation exigés",
    "training.minutes": "durée de formation exigée",
    "training.certificate": "durée d'une attestation de formation",
    "training.certificate_alerts": "alertes avant la fin d'une attestation",
    "training.attendance": "délai pour noter les présences",
}
"""By the place of a rule in ``Rules``: every one has its name (a test demands it)."""

TRAINING_RULES: Final = ("training.modules", "training.minutes", "training.certificate")
RULES_OF_GUARDS: Final[dict[str, tuple[str, ...]]] = {
    "check_missing": ("mentors.check", "mentors.b3_age"),
    "check_too_old": ("mentors.b3_age",),
    "documents_missing": ("admission.documents",),
    "entitlement_missing": ("required_entitlements",),
    "honorabilite_outside_perimeter": ("mentors.honorabilite",),
    "notice_too_short": ("notice",),
    "report_not_expected": ("bilan_month", "bilan_day", "financial_report"),
    "training_missing": TRAINING_RULES,
    "under_age": ("mentors.minimum_age",),
}
"""The rules that a guard asks, by its code: a guard that is not here asks none of the programme's."""

_WORDS: Final = {
    **DOCUMENTS,
    **MODULES,
    "laureate": "lauréate",
    "approved": "agréée",
    "conventioned": "conventionnée",
}


def rule_value(value: Any) -> str:
    """« 25 jours de classe », « 60 jours, 30 jours », « aucun »."""
    if isinstance(value, Delay):
        return value.label
    if isinstance(value, tuple):
        return ", ".join(rule_value(one) for one in value) or "aucun"
    mission = getattr(value, "mission", None)
    return str(mission) if mission else _WORDS.get(str(value), str(value))
