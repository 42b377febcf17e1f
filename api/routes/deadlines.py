"""Deadlines: what is awaited, by when, from whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import examples
from api.dependencies import After, Limit, Parts, Reading
from api.fields import AcademieCode, Day, PartyKey
from api.listing import Listing, listing
from api.openapi import problem_responses
from api.operators import with_lacks
from api.routing import Route
from projections import deadlines
from projections.deadlines import DeadlineFilters, DeadlineRow

router = APIRouter(prefix="/v1/deadlines", tags=["échéances"], route_class=Route)


@router.get(
    "",
    summary="Ce qui est attendu dans votre périmètre, le plus proche d'abord",
    responses=problem_responses(
        ("cursor_malformed", "position_unknown", "not_yet_readable"), examples.listed(examples.DEADLINE)
    ),
    operation_id="deadlines_list",
)
async def list_deadlines(
    request: Request,
    response: Response,
    parts: Parts,
    reading: Reading,
    before: Annotated[Day | None, Query(description="Attendu avant ce jour.")] = None,
    late: Annotated[bool, Query(description="Seulement ce qui est en retard.")] = False,
    awaits: Annotated[PartyKey | None, Query(description="Qui est attendu.")] = None,
    academie: Annotated[AcademieCode | None, Query(description="Une académie concernée.")] = None,
    kind: Annotated[
        str | None, Query(pattern=r"^[a-z_]{1,40}$", description="La nature : remind_signature, end…")
    ] = None,
    record: Annotated[
        str | None, Query(pattern=r"^[a-z]+-[0-9A-Za-z-]{1,80}$", description="Un dossier.")
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> Listing[DeadlineRow]:
    filters = DeadlineFilters(
        before=before,
        late=await parts.commands.now() if late else None,
        awaits=awaits,
        academie=academie,
        kind=kind,
        record_id=record,
    )
    async with reading.session() as connection:
        page = await deadlines.page(connection, filters, after, limit)
    now = await parts.commands.now()
    page = replace(page, items=await with_lacks(parts, page.items, now))
    return listing(page, request, response)
