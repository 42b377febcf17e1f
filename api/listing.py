"""Lists answer ``{"items": […], "next": …}``, and say the same in ``Link``."""

from __future__ import annotations

from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from pydantic import BaseModel, Field

from api.validation import not_found
from domain.kernel import NotFound
from projections.paging import Page

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
    """The row, its version being the ETag to send back in ``If-Match``."""
    response.headers["ETag"] = etag(row)
    return row


def etag(row: Row) -> str:
    return f'"{row.version}"'
