"""Lists answer ``{"items": […], "next": …}``, and say the same in ``Link``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api import examples
from api.dependencies import After, Limit, Reading, Services, position_after
from api.fields import PROGRAMME_ID
from api.openapi import problem_responses
from api.persons import LOGGED, Shown
from api.requests import AnyRecordId
from api.sharing import veiled
from api.validation import not_found
from domain.kernel import NotFound, Root
from projections import history
from projections.history import HistoryRow
from projections.paging import Page

READING: Final = ("position_unknown", "not_yet_readable", *LOGGED)
"""What reading rows that show persons may answer besides."""

T = TypeVar("T")
Row = TypeVar("Row", bound=Any)


class Listing(BaseModel, Generic[T]):
    """Une page. ``next`` est le curseur de la suivante (à passer à ``after``), absent de la dernière."""

    items: list[T]
    next: str | None = Field(None, description="Le curseur de la page suivante.")


def listing(page: Page[Row], request: Request, response: Response) -> Listing[Row]:
    """The page as it is answered."""
    if page.next:
        query = urlencode({**request.query_params, "after": page.next})
        response.headers["Link"] = f'<{quote(request.url.path)}?{query}>; rel="next"'
    return Listing(items=list(page.items), next=page.next)


def present(row: Row | None, record_id: str) -> Row:
    """The row. Raises ``NotFound`` when there is none, in the sentence of every record that is not there."""
    if row is None:
        raise NotFound("not_found", not_found(record_id))
    return row


def tagged(row: Row, response: Response) -> Row:
    """The row, its version, where it is told, being the ETag to send back in ``If-Match``."""
    if row.version is not None:
        response.headers["ETag"] = etag(row)
    return row


def etag(row: Row) -> str:
    return f'"{row.version}"'


StuckDays = Annotated[
    int | None,
    Query(
        ge=0,
        le=3_650,
        description="Bloqués : dans le même état depuis plus de tant de jours, et quelqu'un est attendu. Ce "
        "qui peut durer (en vigueur, validé·e, référencée) n'y est que si une alerte court.",
    ),
]


OfProgramme = Annotated[
    str | None, Query(pattern=PROGRAMME_ID, description="Qui suit les règles de ce programme.")
]
OfSector = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9]{2}(\.[0-9]{2}[A-Z])?$",
        description="Le secteur, par le début d'un code NAF : 62, ou 62.01Z. D'une association, d'une "
        "formation : celui d'un·e de ses mentor·es au dossier ouvert et que vous pouvez lire.",
    ),
]
OfFamily = Annotated[
    str | None,
    Query(
        pattern=r"^[a-z_]{1,40}$",
        description="Une famille de métiers, comme sector ; les deux : une même personne a l'un et l'autre.",
    ),
]


async def stuck_since(parts: Services, days: int | None) -> datetime | None:
    """The instant before which a record that is stuck for more than so many days took its status."""
    return None if days is None else await parts.commands.now() - timedelta(days=days)


Find = Callable[[AsyncConnection[Any], str], Awaitable[Any]]
"""Reads the row of a record within a session's scopes, ``None`` when there is none."""


def history_route(router: APIRouter, records: str, kind: type[Root], summary: str, find: Find) -> None:
    """Adds ``GET /{id}/history``: who did what to a record, and why, refusals included. ``records`` is what
    its other operations are named after; ``find`` reads the record itself.
    """

    @router.get(
        "/{id}/history",
        summary=summary,
        responses=problem_responses(
            ("not_found", "cursor_malformed", *READING), examples.listed(examples.HISTORY)
        ),
        operation_id=f"{records}_history",
    )
    async def read_history(
        id: AnyRecordId,
        request: Request,
        response: Response,
        shown: Shown,
        reading: Reading,
        after: After = None,
        limit: Limit = 100,
    ) -> Listing[HistoryRow]:
        position = position_after(after)
        async with reading.session() as connection:
            record = present(await find(connection, id), id)
            page = await history.page(connection, id, position, limit)
        told = veiled(page.items, record, kind, reading.caller.actor)
        return listing(await shown.page(Page(told, page.next), kind), request, response)
