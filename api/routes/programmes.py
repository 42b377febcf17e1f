"""Programmes: the schemes, their versioned rules, and each académie's trajectory."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api import examples
from api.dependencies import After, Limit, Reading, position_after
from api.fields import AcademieCode, Body, Count, Day, Flag, Scheme, SchoolYear, shown
from api.listing import Listing, listing, present, tagged
from api.openapi import problem_responses
from api.persons import LOGGED, Shown
from api.requests import Accepted, Act, AnyProgrammeId, Create, command
from api.routing import Route
from api.rules import RulesBody
from domain.programme import commands
from projections import history, programmes
from projections.history import HistoryRow
from projections.paging import Page
from projections.programmes import ProgrammeRow

router = APIRouter(prefix="/v1/programmes", tags=["programmes"], route_class=Route)

_RULES: Final[dict[str, Any]] = {
    "review": {"count": 10, "unit": "school_days"},
    "signature_reminders": [{"count": 7}, {"count": 14}, {"count": 30}],
    "notice": {"count": 3, "unit": "months"},
    "admission": {
        "documents": ["statutes", "insurance", "safeguarding"],
        "lapse": {"count": 40, "unit": "school_days"},
    },
    "mentors": {"mentees": 2, "check": {"count": 12, "unit": "months"}},
    "training": {"modules": ["posture", "safeguarding"], "minutes": 240},
}


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
    "rule_out_of_bounds",
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
    "rule_out_of_bounds",
    "perimeter_is_national",
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
