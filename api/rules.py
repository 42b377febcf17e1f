"""The bodies that describe the rules of a programme: what is not said takes its default."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from api.fields import Body, Code, Day, Line, ModuleCode
from domain.identifiers import InvalidValue
from domain.programme.rules import (
    AGES,
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


class _Part(Body):
    """A part of the rules, field by field as the domain has it (``made``)."""

    made: ClassVar[type]

    def told(self) -> Any:
        return self.made(**{name: _value(getattr(self, name)) for name in type(self).model_fields})


class DelayBody(_Part):
    """Une durée, dans l'unité où la règle est écrite."""

    made = Delay

    count: Annotated[int, Field(strict=True, ge=0, le=730)] = Field(description="Combien.")
    unit: Unit = Field(Unit.DAYS, description="Jours, jours de classe de l'académie, ou mois.")


def _in(*units: Unit) -> AfterValidator:
    """That a delay is in one of these units."""

    def checked(delay: DelayBody) -> DelayBody:
        if delay.unit not in units:
            allowed = " ou ".join(units)
            raise InvalidValue(delay.unit, "Cette durée ne se compte pas ainsi.", f"Unité : {allowed}.")
        return delay

    return AfterValidator(checked)


def _of(delay: Delay) -> DelayBody:
    return DelayBody(count=delay.count, unit=delay.unit)


def _each(delays: tuple[Delay, ...]) -> list[DelayBody]:
    return [_of(delay) for delay in delays]


_DEFAULTS: Final = Rules()
_ADMISSION, _MENTORS, _TRAINING = _DEFAULTS.admission, _DEFAULTS.mentors, _DEFAULTS.training
Plain = Annotated[DelayBody, _in(Unit.DAYS, Unit.MONTHS)]
"""Counted without any calendar: backwards, or over the school holidays."""
InMonths = Annotated[DelayBody, _in(Unit.MONTHS)]
InDays = Annotated[DelayBody, _in(Unit.DAYS)]
Steps = Annotated[list[DelayBody], Field(max_length=12)]
PlainSteps = Annotated[list[Plain], Field(max_length=12)]
AtLeastOne = Annotated[Steps, Field(min_length=1)]
Departement = Annotated[
    str, StringConstraints(strict=True, pattern=r"^([0-9]{2}|2[AB]|9[78][0-9])$"), Field(examples=["69"])
]


class AdmissionRulesBody(_Part):
    """Comment une association est admise."""

    made = AdmissionRules

    documents: Annotated[list[Code], Field(max_length=20)] = Field(
        list(_ADMISSION.documents), description=f"Pièces demandées à toutes : {', '.join(DOCUMENTS)}."
    )
    reminders: AtLeastOne = Field(
        _each(_ADMISSION.reminders), description="Relances des pièces manquantes ; au moins une."
    )
    lapse: DelayBody = Field(
        _of(_ADMISSION.lapse), description="Après l'ouverture, un dossier incomplet est classé sans suite."
    )
    assessment: DelayBody = Field(
        _of(_ADMISSION.assessment),
        description="Lecture d'une pièce, instruction d'un dossier remis, avant d'alerter la Drafpic.",
    )
    insurance_alert: Plain = Field(
        _of(_ADMISSION.insurance_alert), description="Alerte avant la fin de l'assurance ; jours ou mois."
    )
    entitlement_alerts: PlainSteps = Field(
        _each(_ADMISSION.entitlement_alerts), description="Alertes avant la fin d'un titre ; jours ou mois."
    )


class PerimeterBody(_Part):
    """Où la loi prévoit une attestation d'honorabilité. Ailleurs, la demander est une infraction."""

    made = Perimeter

    mission: Line = Field(description="La mission, dans les mots du texte.")
    starts: Day = Field(description="À partir de quand le texte s'applique.")
    ends: Day | None = Field(None, description="Son dernier jour ; absent, sans terme.")
    departements: Annotated[list[Departement], Field(max_length=110)] = Field(
        [], description="Les départements concernés ; aucun : partout."
    )


class MentorRulesBody(_Part):
    """Comment un·e mentor·e est vérifié·e."""

    made = MentorRules

    reminders: Steps = Field(_each(_MENTORS.reminders), description="Relances d'un dossier qui n'avance pas.")
    lapse: DelayBody = Field(_of(_MENTORS.lapse), description="Après quoi un dossier immobile devient caduc.")
    idle: Plain = Field(
        _of(_MENTORS.idle),
        description="Après quoi un dossier complet qui n'avance plus devient caduc ; jours ou mois.",
    )
    idle_alert: Plain = Field(
        _of(_MENTORS.idle_alert), description="Alerte à l'association avant cette caducité ; jours ou mois."
    )
    mentees: Annotated[int, Field(strict=True, ge=0, le=50)] = Field(
        _MENTORS.mentees, description="Mentoré·es à la fois, sauf précision du dossier."
    )
    classes: Annotated[int, Field(strict=True, ge=0, le=50)] = Field(
        _MENTORS.classes, description="Classes à la fois, sauf précision du dossier."
    )
    minimum_age: Annotated[int, Field(strict=True, ge=AGES[0], le=AGES[1])] = Field(
        _MENTORS.minimum_age, description="Âge minimal d'un·e mentor·e le jour de sa candidature, en années."
    )
    b3_age: Plain = Field(
        _of(_MENTORS.b3_age),
        description="Âge au plus d'un bulletin n° 3 présenté ; jours ou mois, au plus 3 mois (89 jours).",
    )
    check: Plain = Field(
        _of(_MENTORS.check), description="Durée de validité d'une vérification ; jours ou mois."
    )
    check_alerts: PlainSteps = Field(
        _each(_MENTORS.check_alerts), description="Alertes avant son échéance ; jours ou mois."
    )
    honorabilite: Annotated[list[PerimeterBody], Field(max_length=20)] = Field(
        [],
        description="Les seuls périmètres où une attestation d'honorabilité peut être demandée. Ils sont "
        "nationaux : les règles d'une académie n'en portent pas, et tous les dossiers suivent les derniers.",
    )


class TrainingRulesBody(_Part):
    """Ce qu'un·e mentor·e doit avoir suivi."""

    made = TrainingRules

    modules: Annotated[list[ModuleCode], Field(max_length=20)] = Field(
        list(_TRAINING.modules), description=f"Modules exigés, par exemple : {', '.join(MODULES)}."
    )
    minutes: Annotated[int, Field(strict=True, ge=0, le=14_400)] = Field(
        _TRAINING.minutes, description="Minutes suivies en tout."
    )
    certificate: Plain = Field(
        _of(_TRAINING.certificate), description="Validité d'une attestation de formation ; jours ou mois."
    )
    certificate_alerts: PlainSteps = Field(
        _each(_TRAINING.certificate_alerts), description="Alertes avant son échéance ; jours ou mois."
    )
    attendance: DelayBody = Field(
        _of(_TRAINING.attendance), description="Pour noter les présences, après la formation."
    )


class RulesBody(_Part):
    """Les règles d'un programme. Ce qui n'est pas dit prend sa valeur par défaut."""

    made = Rules

    review: DelayBody = Field(_of(_DEFAULTS.review), description="Délai de relecture.")
    signature_reminders: AtLeastOne = Field(
        _each(_DEFAULTS.signature_reminders),
        description="Relances d'une signature, après l'envoi ; au moins une.",
    )
    end_alerts: PlainSteps = Field(
        _each(_DEFAULTS.end_alerts), description="Alertes avant la fin ; jours ou mois."
    )
    notice: InMonths = Field(_of(_DEFAULTS.notice), description="Préavis de dénonciation, en mois.")
    bilan_month: Annotated[int, Field(strict=True, ge=1, le=12)] = Field(
        _DEFAULTS.bilan_month, description="Mois où le bilan est dû."
    )
    bilan_day: Annotated[int, Field(strict=True, ge=1, le=31)] = Field(
        _DEFAULTS.bilan_day, description="Jour où le bilan est dû ; il existe chaque année."
    )
    financial_report: InMonths = Field(
        _of(_DEFAULTS.financial_report), description="Après la fin de l'année civile ; 6 mois au plus."
    )
    report_asked_before: Plain = Field(
        _of(_DEFAULTS.report_asked_before), description="Demande avant l'échéance ; jours ou mois."
    )
    report_reminders: Steps = Field(
        _each(_DEFAULTS.report_reminders), description="Relances d'un compte rendu en retard."
    )
    delivery_retries: Annotated[list[InDays], Field(max_length=12)] = Field(
        _each(_DEFAULTS.delivery_retries), description="Nouveaux essais d'un envoi, en jours."
    )
    retention: Plain = Field(
        _of(_DEFAULTS.retention),
        description="Conservation des données personnelles après la fin du dossier ; jours ou mois, au plus "
        "120 mois.",
    )
    required_entitlements: Annotated[list[Code], Field(max_length=10)] = Field(
        [], description=f"Titres exigés des opérateurs, parmi : {', '.join(ENTITLEMENTS)}."
    )
    admission: AdmissionRulesBody = Field(AdmissionRulesBody(), description="L'admission des associations.")
    mentors: MentorRulesBody = Field(MentorRulesBody(), description="Les dossiers des mentors.")
    training: TrainingRulesBody = Field(TrainingRulesBody(), description="La formation des mentors.")

    @field_validator("bilan_day")
    @classmethod
    def every_year(cls, day: int, info: ValidationInfo) -> int:
        longest = {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(info.data.get("bilan_month", 1), 31)
        if day > longest:
            raise InvalidValue(
                str(day), "Ce jour n'existe pas chaque année.", f"Ce mois va jusqu'au {longest}."
            )
        return day

    def rules(self) -> Rules:
        rules: Rules = self.told()
        return rules


def _value(value: Any) -> Any:
    if isinstance(value, _Part):
        return value.told()
    return tuple(_value(each) for each in value) if isinstance(value, list) else value
