"""The convention register: a list, one convention at any moment, its history."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api import examples
from api.dependencies import After, Limit, Reading, Services, position_after
from api.fields import AcademieCode, Day, Scheme
from api.listing import Listing, etag, listing, present
from api.openapi import problem_responses
from api.persons import LOGGED, Shown
from api.requests import ConventionId
from api.routing import Route
from api.travel import Moments, Standing, Travel, known_programme, standing, travelled
from domain.convention.model import Convention
from domain.convention.parts import Status
from projections import conventions, history, today
from projections.conventions import ConventionFilters, ConventionRow
from projections.history import HistoryRow
from projections.tracking import Tracked

router = APIRouter(prefix="/v1/conventions", tags=["conventions : registre"], route_class=Route)

_READING = ("position_unknown", "not_yet_readable", *LOGGED)


@router.get(
    "",
    summary="Les conventions de votre périmètre",
    responses=problem_responses(("cursor_malformed", *_READING), examples.listed(examples.CONVENTION)),
    operation_id="conventions_list",
)
async def list_conventions(
    request: Request,
    response: Response,
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
    )
    async with reading.session() as connection:
        page = await conventions.page(connection, filters, after, limit)
    return listing(await shown.page(page), request, response)


@router.get(
    "/{id}",
    summary="Une convention, aujourd'hui ou à une date",
    responses=problem_responses(
        ("not_found", "not_yet_known", *_READING), examples.either(examples.CONVENTION, examples.STANDING)
    ),
    operation_id="conventions_read",
    response_model=ConventionRow | Standing,
)
async def read_convention(id: ConventionId, shown: Shown, moments: Travel, reading: Reading) -> Any:
    parts, caller = reading.parts, reading.caller
    row = present(await today.convention(parts.reader, caller.actor.scopes, id), id)
    if moments is None:
        told = await shown.row(row)
        return Response(told.json(), media_type="application/json", headers={"ETag": etag(row)})
    async with reading.session() as connection:
        then = await standing(connection, id, moments)

    async def render(tracked: Tracked) -> ConventionRow:
        return await shown.row(await _as_known(parts, tracked, moments))

    return await travelled(parts, caller, id, moments, then, render)


@router.get(
    "/{id}/history",
    summary="L'histoire d'une convention, refus compris",
    responses=problem_responses(
        ("not_found", "cursor_malformed", *_READING), examples.listed(examples.HISTORY)
    ),
    operation_id="conventions_history",
)
async def read_history(
    id: ConventionId,
    request: Request,
    response: Response,
    shown: Shown,
    reading: Reading,
    after: After = None,
    limit: Limit = 100,
) -> Listing[HistoryRow]:
    position = position_after(after)
    async with reading.session() as connection:
        present(await conventions.get(connection, id), id)
        page = await history.page(connection, id, position, limit)
    return listing(await shown.page(page), request, response)


async def _as_known(parts: Services, tracked: Tracked, moments: Moments) -> ConventionRow:
    """The convention as it was known, with what it then waited for under the rules then known."""
    convention = tracked.record
    if not isinstance(convention, Convention):
        raise TypeError(type(convention))
    programme = await known_programme(parts, convention.programme_id, moments.seen_from)
    return conventions.row_at(tracked, programme, parts.commands.world, moments.seen_from)
