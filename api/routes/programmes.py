"""Programmes: the schemes, their versioned rules, and each académie's trajectory."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field, ValidationInfo, field_validator

from api import examples
from api.dependencies import After, Limit, Reading, position_after
from api.fields import AcademieCode, Body, Code, Count, Day, Flag, Scheme, SchoolYear, shown
from api.listing import Listing, listing, present, tagged
from api.openapi import problem_responses
from api.persons import LOGGED, Shown
from api.requests import Accepted, Act, AnyProgrammeId, Create, command
from api.routing import Route
from domain.identifiers import InvalidValue
from domain.programme import commands
from domain.programme.rules import Delay, Rules, Unit
from projections import history, programmes
from projections.history import HistoryRow
from projections.paging import Page
from projections.programmes import ProgrammeRow

router = APIRouter(prefix="/v1/programmes", tags=["programmes"], route_class=Route)

_RULES: Final[dict[str, Any]] = {
    "review": {"count": 10, "unit": "school_days"},
    "signature_reminders": [{"count": 7}, {"count": 14}, {"count": 30}],
    "notice": {"count": 3, "unit": "months"},
}


class DelayBody(Body):
    """Une durée, dans l'unité où la règle est écrite."""

    count: Annotated[int, Field(strict=True, ge=0, le=730)] = Field(description="Combien.")
    unit: Unit = Field(Unit.DAYS, description="Jours, jours de classe de l'académie, ou mois.")

    def delay(self) -> Delay:
        return Delay(self.count, self.unit)


def _of(delay: Delay) -> DelayBody:
    return DelayBody(count=delay.count, unit=delay.unit)


_DEFAULTS: Final = Rules()
Steps = Annotated[list[DelayBody], Field(max_length=12)]


class RulesBody(Body):
    """Les règles d'un programme. Ce qui n'est pas dit prend sa valeur par défaut."""

    review: DelayBody = Field(_of(_DEFAULTS.review), description="Délai de relecture.")
    signature_reminders: Annotated[Steps, Field(min_length=1)] = Field(
        [_of(d) for d in _DEFAULTS.signature_reminders],
        description="Relances d'une signature, après l'envoi ; au moins une.",
    )
    end_alerts: Steps = Field(
        [_of(d) for d in _DEFAULTS.end_alerts], description="Alertes avant la fin ; jours ou mois."
    )
    notice: DelayBody = Field(_of(_DEFAULTS.notice), description="Préavis de dénonciation, en mois.")
    bilan_month: Annotated[int, Field(strict=True, ge=1, le=12)] = Field(
        _DEFAULTS.bilan_month, description="Mois où le bilan est dû."
    )
    bilan_day: Annotated[int, Field(strict=True, ge=1, le=31)] = Field(
        _DEFAULTS.bilan_day, description="Jour où le bilan est dû ; il existe chaque année."
    )
    financial_report: DelayBody = Field(
        _of(_DEFAULTS.financial_report), description="Après la fin de l'année civile, en mois."
    )
    report_asked_before: DelayBody = Field(
        _of(_DEFAULTS.report_asked_before), description="Demande avant l'échéance ; jours ou mois."
    )
    report_reminders: Steps = Field(
        [_of(d) for d in _DEFAULTS.report_reminders], description="Relances d'un compte rendu en retard."
    )
    delivery_retries: Steps = Field(
        [_of(d) for d in _DEFAULTS.delivery_retries], description="Nouveaux essais d'un envoi, en jours."
    )
    retention: DelayBody = Field(
        _of(_DEFAULTS.retention),
        description="Conservation des données personnelles après la fin du dossier ; jours ou mois.",
    )
    required_entitlements: Annotated[list[Code], Field(max_length=10)] = Field(
        [], description="Titres exigés des opérateurs."
    )

    @field_validator("notice", "financial_report")
    @classmethod
    def in_months(cls, delay: DelayBody) -> DelayBody:
        return _in(delay, Unit.MONTHS)

    @field_validator("report_asked_before", "retention")
    @classmethod
    def plainly_counted(cls, delay: DelayBody) -> DelayBody:
        return _in(delay, Unit.DAYS, Unit.MONTHS)

    @field_validator("end_alerts")
    @classmethod
    def all_backwards(cls, delays: list[DelayBody]) -> list[DelayBody]:
        return [_in(delay, Unit.DAYS, Unit.MONTHS) for delay in delays]

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
        values = {name: _value(getattr(self, name)) for name in type(self).model_fields}
        return Rules(**values)


def _in(delay: DelayBody, *units: Unit) -> DelayBody:
    if delay.unit not in units:
        allowed = " ou ".join(units)
        raise InvalidValue(delay.unit, "Cette durée ne se compte pas ainsi.", f"Unité : {allowed}.")
    return delay


def _value(value: Any) -> Any:
    if isinstance(value, DelayBody):
        return value.delay()
    return tuple(_value(each) for each in value) if isinstance(value, list) else value


class ProgrammeBody(Body):
    """Un dispositif et ses premières règles nationales."""

    scheme: Scheme = Field(description="Le dispositif.")
    rules: RulesBody = RulesBody()
    on: Day = Field(description="À partir de quand les règles s'appliquent.")

    model_config = shown({"scheme": "cordees", "on": "2025-09-01", "rules": _RULES})


class RulesVersionBody(Body):
    """Une version des règles, nationale ou propre à une académie."""

    rules: RulesBody
    on: Day = Field(description="À partir de quand ; jamais dans le passé.")
    academie: AcademieCode | None = Field(None, description="L'académie ; absente pour la nation.")
    to_open: Flag = Field(False, description="Vrai si les dossiers déjà ouverts la suivent aussi.")

    model_config = shown({"on": "2026-09-01", "academie": "10", "rules": _RULES})


class TargetBody(Body):
    """La trajectoire d'une académie pour une année scolaire."""

    academie: AcademieCode
    school_year: SchoolYear
    mentees: Count = Field(description="Élèves mentorés.")
    lycees: Count = Field(description="Lycées concernés.")

    model_config = shown({"academie": "10", "school_year": "2025-2026", "mentees": 1500, "lycees": 40})


@router.get(
    "",
    summary="Les programmes",
    responses=problem_responses((), examples.listed(examples.PROGRAMME)),
    operation_id="programmes_list",
)
async def list_programmes(request: Request, response: Response, reading: Reading) -> Listing[ProgrammeRow]:
    async with reading.session() as connection:
        found = await programmes.list(connection)
    return listing(Page(found, None), request, response)


@router.get(
    "/{id}",
    summary="Un programme : règles et trajectoires",
    responses=problem_responses(
        ("not_found", "position_unknown", "not_yet_readable"), examples.answer(examples.PROGRAMME)
    ),
    operation_id="programmes_read",
)
async def read_programme(id: AnyProgrammeId, response: Response, reading: Reading) -> ProgrammeRow:
    async with reading.session() as connection:
        row = await programmes.get(connection, id)
    return tagged(present(row, id), response)


@router.get(
    "/{id}/history",
    summary="L'histoire d'un programme",
    responses=problem_responses(
        ("not_found", "cursor_malformed", "position_unknown", "not_yet_readable", *LOGGED),
        examples.listed(examples.HISTORY),
    ),
    operation_id="programmes_history",
)
async def read_history(
    id: AnyProgrammeId,
    request: Request,
    response: Response,
    shown: Shown,
    reading: Reading,
    after: After = None,
    limit: Limit = 100,
) -> Listing[HistoryRow]:
    position = position_after(after)
    async with reading.session() as connection:
        present(await programmes.get(connection, id), id)
        page = await history.page(connection, id, position, limit)
    return listing(await shown.page(page), request, response)


@command(
    router,
    "POST",
    "",
    commands.OpenProgramme,
    "Ouvrir un programme",
    "already_open",
    "unknown_scheme",
    "rules_unusable",
    creates=True,
)
async def open_programme(body: ProgrammeBody, act: Create) -> Accepted:
    created = commands.programme_id(body.scheme)
    asked = commands.OpenProgramme(
        record_id=created, scheme=body.scheme, rules=body.rules.rules(), on=body.on
    )
    return await act.create(asked, created, "/v1/programmes")


@command(
    router,
    "POST",
    "/{id}/rules",
    commands.AdoptRules,
    "Adopter une version des règles",
    "rules_backdated",
    "rules_unusable",
    "not_your_academie",
)
async def adopt_rules(id: AnyProgrammeId, body: RulesVersionBody, act: Act) -> Accepted:
    asked = commands.AdoptRules(
        record_id=id,
        rules=body.rules.rules(),
        on=body.on,
        academie=body.academie or "",
        to_open=body.to_open,
    )
    return await act(asked)


@command(
    router,
    "PUT",
    "/{id}/targets",
    commands.SetTarget,
    "Fixer une trajectoire",
    "not_your_academie",
    "negative_target",
)
async def set_target(id: AnyProgrammeId, body: TargetBody, act: Act) -> Accepted:
    return await act(commands.SetTarget(record_id=id, **dict(body)))
