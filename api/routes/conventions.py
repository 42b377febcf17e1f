"""The convention register: a list, one convention at any moment, its history."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api import examples
from api.dependencies import After, Limit, Parts, Reading
from api.fields import AcademieCode, Day, Scheme
from api.listing import (
    READING,
    Listing,
    OfProgramme,
    StuckDays,
    etag,
    history_route,
    listing,
    present,
    stuck_since,
)
from api.openapi import problem_responses
from api.persons import Shown
from api.requests import ConventionId
from api.routing import Route
from api.travel import Standing, Travel, standing, travelled
from domain.convention.model import Convention
from domain.convention.parts import Status
from projections import conventions, today
from projections.conventions import ConventionFilters, ConventionRow

router = APIRouter(prefix="/v1/conventions", tags=["conventions : registre"], route_class=Route)


@router.get(
    "",
    summary="Les conventions de votre périmètre",
    responses=problem_responses(("cursor_malformed", *READING), examples.listed(examples.CONVENTION)),
    operation_id="conventions_list",
)
async def list_conventions(
    request: Request,
    response: Response,
    parts: Parts,
    shown: Shown,
    reading: Reading,
    status: Annotated[Status | None, Query(description="L'état.")] = None,
    academie: Annotated[AcademieCode | None, Query(description="Une académie couverte.")] = None,
    association: Annotated[
        str | None, Query(pattern=r"^association-[0-9A-Za-z-]{1,80}$", description="Un opérateur partie.")
    ] = None,
    scheme: Annotated[Scheme | None, Query(description="Un dispositif.")] = None,
    ends_before: Annotated[Day | None, Query(description="Dont le terme précède ce jour.")] = None,
    report_overdue: Annotated[bool | None, Query(description="Dont un compte rendu est en retard.")] = None,
    programme: OfProgramme = None,
    expiring_before: Annotated[
        Day | None,
        Query(description="En vigueur, et qui ne l'est plus ce jour-là : par son terme, ou un préavis."),
    ] = None,
    stuck_days: StuckDays = None,
    after: After = None,
    limit: Limit = 50,
) -> Listing[ConventionRow]:
    filters = ConventionFilters(
        status=status,
        academie=academie,
        association=association,
        scheme=scheme,
        ends_before=ends_before,
        report_overdue=report_overdue,
        programme=programme,
        expiring_before=expiring_before,
        stuck_since=await stuck_since(parts, stuck_days),
    )
    async with reading.session() as connection:
        page = await conventions.page(connection, filters, after, limit)
    return listing(await shown.page(page, Convention), request, response)


@router.get(
    "/{id}",
    summary="Une convention, aujourd'hui ou à une date",
    responses=problem_responses(
        ("not_found", "not_yet_known", *READING), examples.either(examples.CONVENTION, examples.STANDING)
    ),
    operation_id="conventions_read",
    response_model=ConventionRow | Standing,
)
async def read_convention(id: ConventionId, shown: Shown, moments: Travel, reading: Reading) -> Any:
    reader, scopes = reading.parts.reader, reading.caller.actor.scopes
    row = present(await today.convention(reader, scopes, id), id)
    if moments is None:
        told = await shown.row(row, Convention)
        return Response(told.json(), media_type="application/json", headers={"ETag": etag(row)})
    async with reading.session() as connection:
        then = await standing(connection, id, moments)
    return await travelled(reading, shown, Convention, id, moments, then, conventions.row_at)


history_route(
    router, "conventions", Convention, "L'histoire d'une convention, refus compris", conventions.get
)
