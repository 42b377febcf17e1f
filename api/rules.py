"""The bodies that describe the rules of a programme: what is not said takes its default."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

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


def _of(delay: Delay) -> DelayBody:
    return DelayBody(count=delay.count, unit=delay.unit)


def _each(delays: tuple[Delay, ...]) -> list[DelayBody]:
    return [_of(delay) for delay in delays]


_DEFAULTS: Final = Rules()
_ADMISSION, _MENTORS, _TRAINING = _DEFAULTS.admission, _DEFAULTS.mentors, _DEFAULTS.training
Steps = Annotated[list[DelayBody], Field(max_length=12)]
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
    insurance_alert: DelayBody = Field(
        _of(_ADMISSION.insurance_alert), description="Alerte avant la fin de l'assurance ; jours ou mois."
    )
    entitlement_alerts: Steps = Field(
        _each(_ADMISSION.entitlement_alerts), description="Alertes avant la fin d'un titre ; jours ou mois."
    )

    @field_validator("insurance_alert")
    @classmethod
    def backwards(cls, delay: DelayBody) -> DelayBody:
        return _plainly(delay)

    @field_validator("entitlement_alerts")
    @classmethod
    def all_backwards(cls, delays: list[DelayBody]) -> list[DelayBody]:
        return [_plainly(delay) for delay in delays]


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
    mentees: Annotated[int, Field(strict=True, ge=0, le=50)] = Field(
        _MENTORS.mentees, description="Mentoré·es à la fois, sauf précision du dossier."
    )
    classes: Annotated[int, Field(strict=True, ge=0, le=50)] = Field(
        _MENTORS.classes, description="Classes à la fois, sauf précision du dossier."
    )
    minimum_age: Annotated[int, Field(strict=True, ge=AGES[0], le=AGES[1])] = Field(
        _MENTORS.minimum_age, description="Âge minimal d'un·e mentor·e le jour de sa candidature, en années."
    )
    b3_age: DelayBody = Field(
        _of(_MENTORS.b3_age),
        description="Âge au plus d'un bulletin n° 3 présenté ; jours ou mois, au plus 3 mois (89 jours).",
    )
    check: DelayBody = Field(
        _of(_MENTORS.check), description="Durée de validité d'une vérification ; jours ou mois."
    )
    check_alerts: Steps = Field(
        _each(_MENTORS.check_alerts), description="Alertes avant son échéance ; jours ou mois."
    )
    honorabilite: Annotated[list[PerimeterBody], Field(max_length=20)] = Field(
        [],
        description="Les seuls périmètres où une attestation d'honorabilité peut être demandée. Ils sont "
        "nationaux : les règles d'une académie n'en portent pas, et tous les dossiers suivent les derniers.",
    )

    @field_validator("b3_age", "check")
    @classmethod
    def plainly_counted(cls, delay: DelayBody) -> DelayBody:
        return _plainly(delay)

    @field_validator("check_alerts")
    @classmethod
    def all_backwards(cls, delays: list[DelayBody]) -> list[DelayBody]:
        return [_plainly(delay) for delay in delays]


class TrainingRulesBody(_Part):
    """Ce qu'un·e mentor·e doit avoir suivi."""

    made = TrainingRules

    modules: Annotated[list[ModuleCode], Field(max_length=20)] = Field(
        list(_TRAINING.modules), description=f"Modules exigés, par exemple : {', '.join(MODULES)}."
    )
    minutes: Annotated[int, Field(strict=True, ge=0, le=14_400)] = Field(
        _TRAINING.minutes, description="Minutes suivies en tout."
    )
    certificate: DelayBody = Field(
        _of(_TRAINING.certificate), description="Validité d'une attestation de formation ; jours ou mois."
    )
    certificate_alerts: Steps = Field(
        _each(_TRAINING.certificate_alerts), description="Alertes avant son échéance ; jours ou mois."
    )
    attendance: DelayBody = Field(
        _of(_TRAINING.attendance), description="Pour noter les présences, après la formation."
    )

    @field_validator("certificate")
    @classmethod
    def plainly_counted(cls, delay: DelayBody) -> DelayBody:
        return _plainly(delay)

    @field_validator("certificate_alerts")
    @classmethod
    def all_backwards(cls, delays: list[DelayBody]) -> list[DelayBody]:
        return [_plainly(delay) for delay in delays]


class RulesBody(_Part):
    """Les règles d'un programme. Ce qui n'est pas dit prend sa valeur par défaut."""

    made = Rules

    review: DelayBody = Field(_of(_DEFAULTS.review), description="Délai de relecture.")
    signature_reminders: AtLeastOne = Field(
        _each(_DEFAULTS.signature_reminders),
        description="Relances d'une signature, après l'envoi ; au moins une.",
    )
    end_alerts: Steps = Field(
        _each(_DEFAULTS.end_alerts), description="Alertes avant la fin ; jours ou mois."
    )
    notice: DelayBody = Field(_of(_DEFAULTS.notice), description="Préavis de dénonciation, en mois.")
    bilan_month: Annotated[int, Field(strict=True, ge=1, le=12)] = Field(
        _DEFAULTS.bilan_month, description="Mois où le bilan est dû."
    )
    bilan_day: Annotated[int, Field(strict=True, ge=1, le=31)] = Field(
        _DEFAULTS.bilan_day, description="Jour où le bilan est dû ; il existe chaque année."
    )
    financial_report: DelayBody = Field(
        _of(_DEFAULTS.financial_report), description="Après la fin de l'année civile ; 6 mois au plus."
    )
    report_asked_before: DelayBody = Field(
        _of(_DEFAULTS.report_asked_before), description="Demande avant l'échéance ; jours ou mois."
    )
    report_reminders: Steps = Field(
        _each(_DEFAULTS.report_reminders), description="Relances d'un compte rendu en retard."
    )
    delivery_retries: Steps = Field(
        _each(_DEFAULTS.delivery_retries), description="Nouveaux essais d'un envoi, en jours."
    )
    retention: DelayBody = Field(
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

    @field_validator("notice", "financial_report")
    @classmethod
    def in_months(cls, delay: DelayBody) -> DelayBody:
        return _in(delay, Unit.MONTHS)

    @field_validator("report_asked_before", "retention")
    @classmethod
    def plainly_counted(cls, delay: DelayBody) -> DelayBody:
        return _plainly(delay)

    @field_validator("end_alerts")
    @classmethod
    def all_backwards(cls, delays: list[DelayBody]) -> list[DelayBody]:
        return [_plainly(delay) for delay in delays]

    @field_validator("delivery_retries")
    @classmethod
    def in_days(cls, delays: list[DelayBody]) -> list[DelayBody]:
        return [_in(delay, Unit.DAYS) for delay in delays]

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


def _plainly(delay: DelayBody) -> DelayBody:
    """Counted without any calendar: backwards, or over the school holidays."""
    return _in(delay, Unit.DAYS, Unit.MONTHS)


def _in(delay: DelayBody, *units: Unit) -> DelayBody:
    if delay.unit not in units:
        allowed = " ou ".join(units)
        raise InvalidValue(delay.unit, "Cette durée ne se compte pas ainsi.", f"Unité : {allowed}.")
    return delay


def _value(value: Any) -> Any:
    if isinstance(value, _Part):
        return value.told()
    return tuple(_value(each) for each in value) if isinstance(value, list) else value
