"""Events: what has happened, in order, as CloudEvents; by pages, or as a stream that can be resumed."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from psycopg import OperationalError
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from api import examples
from api.dependencies import Limit, Parts, Position, Reading, Services
from api.listing import Listing, listing
from api.openapi import problem_responses
from api.routing import Route
from api.security import Bearer, Caller
from projections import feed
from projections.feed import FeedRow
from projections.paging import Page
from projections.reading import Behind

router = APIRouter(prefix="/v1/events", tags=["événements"], route_class=Route)

HEARTBEAT: Final = 15.0
"""Seconds between two signs of life of a stream on which nothing happens."""

_BATCH: Final = 200
_STREAM: Final = "text/event-stream"


class CloudEvent(BaseModel):
    """Un événement au format CloudEvents 1.0, sans donnée personnelle."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: Literal["/v1/events"] = "/v1/events"
    type: str = Field(description="La nature et sa version : convention.Signed@1.")
    subject: str = Field(description="Le dossier concerné.")
    time: datetime = Field(description="Quand il a été enregistré.")
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: str = Field(description="La position, à passer à after pour reprendre.")
    data: dict[str, Any]


def _told(row: FeedRow) -> CloudEvent:
    return CloudEvent(
        id=row.id,
        type=row.type,
        subject=row.subject,
        time=row.time,
        sequence=str(row.position),
        data=row.data,
    )


@router.get(
    "",
    summary="Ce qui s'est passé, dans l'ordre : une page, ou un flux (Accept: text/event-stream)",
    responses=problem_responses(("header_malformed", "position_unknown", "not_yet_readable"))
    | {
        200: {
            "content": {
                "application/json": {"example": {"items": [examples.EVENT], "next": None}},
                _STREAM: {
                    "schema": {"type": "string"},
                    "example": 'id: 12\nevent: convention.Signed@1\ndata: {"specversion": "1.0"}\n\n',
                },
            }
        }
    },
    operation_id="events_list",
    response_model=Listing[CloudEvent],
)
async def list_events(
    request: Request,
    response: Response,
    caller: Caller,
    parts: Parts,
    reading: Reading,
    after: Position = 0,
    limit: Limit = 100,
    last_event_id: Annotated[
        str | None,
        Header(pattern=r"^[0-9]{1,15}$", description="La dernière position reçue, pour reprendre un flux."),
    ] = None,
) -> Any:
    if _STREAM in request.headers.get("accept", ""):
        since = int(last_event_id) if last_event_id else after
        return StreamingResponse(_stream(parts, caller, since), media_type=_STREAM)
    async with reading.session() as connection:
        page = await feed.page(connection, after, limit)
    return listing(Page([_told(row) for row in page.items], page.next), request, response)


async def _stream(parts: Services, caller: Bearer, after: int) -> AsyncIterator[str]:
    """What happens, as it happens, for a bounded time; ends when the token is revoked or the database lost:
    the client comes back with the last position it received."""
    ends = time.monotonic() + parts.stream_seconds
    yield "retry: 2000\n\n"
    try:
        while True:
            seen = await parts.reader.position()
            async for row in _behind(parts, caller, after):
                after = row.position
                yield _message(row)
            left = ends - time.monotonic()
            if left <= 0 or not await caller.still_valid():
                return
            if not await _woken(parts, seen + 1, min(HEARTBEAT, left)):
                yield ": rien de neuf\n\n"
    except OperationalError:
        return


async def _behind(parts: Services, caller: Bearer, after: int) -> AsyncIterator[FeedRow]:
    """Everything that can be read behind a position, a session a batch."""
    while True:
        async with parts.reader.session(caller.actor.scopes) as connection:
            page = await feed.page(connection, after, _BATCH)
        for row in page.items:
            yield row
        if page.next is None:
            return
        after = page.items[-1].position


async def _woken(parts: Services, position: int, seconds: float) -> bool:
    try:
        await parts.reader.wait_for(position, seconds)
    except Behind:
        return False
    return True


def _message(row: FeedRow) -> str:
    data = json.dumps(_told(row).model_dump(mode="json"), ensure_ascii=False)
    return f"id: {row.position}\nevent: {row.type}\ndata: {data}\n\n"
