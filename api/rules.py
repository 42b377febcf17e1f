"""The bodies that describe the rules of a programme: what is not said takes its default."""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, StringConstraints

from api.fields import Body, Code, Day, Line, ModuleCode
from domain.programme.bounds import BOUNDS
from domain.programme.rules import (
    DOCUMENTS,
    ENTITLEMENTS,
    MODULES,
    AdmissionRules,
    Delay,
    MentorRules,
    Perimeter,
    Rules,
    TrainingRules,
    Unit,
)

Number = Annotated[int, Field(strict=True, ge=0, le=99_999)]


class _Part(Body):
    """A part of the rules, field by field as the domain has it (``made``)."""

    made: ClassVar[type]

    def told(self) -> Any:
        return self.made(**{name: _value(getattr(self, name)) for name in type(self).model_fields})


class DelayBody(_Part):
    """Une durée, dans l'unité où la règle est écrite."""

    made = Delay

    count: Number = Field(description="Combien.")
    unit: Unit = Field(Unit.DAYS, description="Jours, jours de classe de l'académie, ou mois.")


_DEFAULTS: Final = Rules()
_BOUNDS: Final = {bound.path: bound.label for bound in BOUNDS}


def _rule(path: str, description: str) -> Any:
    """The field of the rule at ``path``: what it is by default, and between what it may be set."""
    told = f"{description} Valeurs : {_BOUNDS[path]}." if path in _BOUNDS else description
    return Field(_body_of(attrgetter(path)(_DEFAULTS)), description=told)


def _body_of(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_body_of(each) for each in value]
    return DelayBody(count=value.count, unit=value.unit) if isinstance(value, Delay) else value


Steps = Annotated[list[DelayBody], Field(max_length=12)]
Departement = Annotated[
    str, StringConstraints(strict=True, pattern=r"^([0-9]{2}|2[AB]|9[78][0-9])$"), Field(examples=["69"])
]


class AdmissionRulesBody(_Part):
    """Comment une association est admise."""

    made = AdmissionRules

    documents: Annotated[list[Code], Field(max_length=20)] = _rule(
        "admission.documents", f"Pièces demandées à toutes, une au moins : {', '.join(DOCUMENTS)}."
    )
    reminders: Steps = _rule("admission.reminders", "Relances des pièces manquantes, avant le classement.")
    lapse: DelayBody = _rule(
        "admission.lapse", "Après l'ouverture, un dossier incomplet est classé sans suite."
    )
    assessment: DelayBody = _rule(
        "admission.assessment",
        "Lecture d'une pièce, instruction d'un dossier remis, avant d'alerter la Drafpic.",
    )
    insurance_alert: DelayBody = _rule("admission.insurance_alert", "Alerte avant la fin de l'assurance.")
    entitlement_alerts: Steps = _rule("admission.entitlement_alerts", "Alertes avant la fin d'un titre.")


class PerimeterBody(_Part):
    """Où la loi prévoit une attestation d'honorabilité. Ailleurs, la demander est une infraction."""

    made = Perimeter

    mission: Line = Field(description="La mission, dans les mots du texte.")
    source: Line = Field(description="Le texte qui le prévoit, tel qu'on le cite, avec son numéro.")
    starts: Day = Field(description="À partir de quand le texte s'applique.")
    ends: Day | None = Field(None, description="Son dernier jour ; absent, sans terme.")
    departements: Annotated[list[Departement], Field(max_length=110)] = Field(
        [], description="Les départements concernés ; aucun : partout."
    )


class MentorRulesBody(_Part):
    """Comment un·e mentor·e est vérifié·e."""

    made = MentorRules

    reminders: Steps = _rule("mentors.reminders", "Relances d'un dossier qui n'avance pas.")
    lapse: DelayBody = _rule("mentors.lapse", "Après quoi un dossier immobile devient caduc.")
    idle: DelayBody = _rule("mentors.idle", "Après quoi un dossier complet qui n'avance plus devient caduc.")
    idle_alert: DelayBody = _rule("mentors.idle_alert", "Alerte à l'association avant cette caducité.")
    mentees: Number = _rule("mentors.mentees", "Mentoré·es à la fois, sauf précision du dossier.")
    classes: Number = _rule("mentors.classes", "Classes à la fois, sauf précision du dossier.")
    minimum_age: Number = _rule(
        "mentors.minimum_age", "Âge minimal d'un·e mentor·e le jour de sa candidature, en années."
    )
    b3_age: DelayBody = _rule("mentors.b3_age", "Âge au plus d'un bulletin n° 3 présenté.")
    check: DelayBody = _rule("mentors.check", "Durée de validité d'une vérification.")
    check_alerts: Steps = _rule("mentors.check_alerts", "Alertes avant son échéance.")
    honorabilite: Annotated[list[PerimeterBody], Field(max_length=20)] = _rule(
        "mentors.honorabilite",
        "Les seuls périmètres où une attestation d'honorabilité peut être demandée. Ils sont nationaux : les "
        "règles d'une académie n'en portent pas, et tous les dossiers suivent les derniers.",
    )


class TrainingRulesBody(_Part):
    """Ce qu'un·e mentor·e doit avoir suivi."""

    made = TrainingRules

    modules: Annotated[list[ModuleCode], Field(max_length=20)] = _rule(
        "training.modules", f"Modules exigés, par exemple : {', '.join(MODULES)}."
    )
    minutes: Number = _rule("training.minutes", "Minutes suivies en tout.")
    certificate: DelayBody = _rule("training.certificate", "Validité d'une attestation de formation.")
    certificate_alerts: Steps = _rule("training.certificate_alerts", "Alertes avant son échéance.")
    attendance: DelayBody = _rule("training.attendance", "Pour noter les présences, après la formation.")


class RulesBody(_Part):
    """Les règles d'un programme. Ce qui n'est pas dit prend sa valeur par défaut."""

    made = Rules

    review: DelayBody = _rule("review", "Délai de relecture.")
    signature_reminders: Steps = _rule(
        "signature_reminders", "Relances d'une signature, après l'envoi ; au moins une."
    )
    end_alerts: Steps = _rule("end_alerts", "Alertes avant la fin.")
    notice: DelayBody = _rule("notice", "Préavis de dénonciation.")
    bilan_month: Number = _rule("bilan_month", "Mois où le bilan est dû.")
    bilan_day: Number = _rule("bilan_day", "Jour où le bilan est dû ; il existe chaque année.")
    financial_report: DelayBody = _rule("financial_report", "Après la fin de l'année civile.")
    report_asked_before: DelayBody = _rule("report_asked_before", "Demande avant l'échéance.")
    report_reminders: Steps = _rule("report_reminders", "Relances d'un compte rendu en retard.")
    delivery_retries: Steps = _rule("delivery_retries", "Nouveaux essais d'un envoi.")
    retention: DelayBody = _rule(
        "retention", "Conservation des données personnelles après la fin du dossier."
    )
    required_entitlements: Annotated[list[Code], Field(max_length=10)] = _rule(
        "required_entitlements", f"Titres exigés des opérateurs, parmi : {', '.join(ENTITLEMENTS)}."
    )
    admission: AdmissionRulesBody = Field(AdmissionRulesBody(), description="L'admission des associations.")
    mentors: MentorRulesBody = Field(MentorRulesBody(), description="Les dossiers des mentors.")
    training: TrainingRulesBody = Field(TrainingRulesBody(), description="La formation des mentors.")

    def rules(self) -> Rules:
        rules: Rules = self.told()
        return rules


def _value(value: Any) -> Any:
    if isinstance(value, _Part):
        return value.told()
    return tuple(_value(each) for each in value) if isinstance(value, list) else value
