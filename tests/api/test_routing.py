"""Our way from a request to its operation is FastAPI's, only shorter: it answers the same."""

from __future__ import annotations

from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.routing import Route, mount


class Sent(BaseModel):
    name: str
    count: int = 1


class Told(BaseModel):
    said: list[Any]


async def _who(
    request: Request,
    response: Response,
    key: Annotated[str, Header(alias="X-Key", pattern="^[a-z]+$")],
    since: Annotated[int, Query(ge=0)] = 0,
) -> str:
    response.headers["X-Since"] = str(since)
    return f"{request.method} {key} {since}"


Who = Annotated[str, Depends(_who)]


async def _nested(who: Who) -> str:
    return who


Number = Annotated[int, Path(le=99)]


def _app(kind: type[APIRoute]) -> FastAPI:
    router = APIRouter(prefix="/things", route_class=kind)

    @router.get("/{number}")
    async def read(number: Number, who: Who, limit: Annotated[int, Query(le=5)] = 3) -> Told:
        return Told(said=[number, who, limit])

    @router.post("", status_code=201)
    async def write(body: Sent, response: Response) -> Told:
        response.headers["Location"] = "/things/1"
        return Told(said=[body.name, body.count])

    @router.put("/{number}")
    async def change(number: Number, body: Sent = Sent(name="nobody")) -> Told:  # noqa: B008
        return Told(said=[number, body.name])

    @router.delete("/{number}")
    async def remove(number: Number) -> Any:
        return Response(status_code=204, headers={"X-Gone": str(number)})

    app = FastAPI()
    mount(app, router)
    return app


KEY = {"X-Key": "abc"}


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/things/7", {"headers": KEY}),
        ("GET", "/things/7?limit=2&since=4", {"headers": KEY}),
        ("GET", "/things/7?limit=2&limit=9", {"headers": KEY}),
        ("GET", "/things/7?limit=", {"headers": KEY}),
        ("GET", "/things/700?limit=x&since=-1", {"headers": {"X-Key": "A"}}),
        ("GET", "/things/700", {}),
        ("GET", "/things/seven", {"headers": KEY}),
        ("GET", "/things/7/more", {"headers": KEY}),
        ("POST", "/things", {"json": {"name": "a", "count": 2}}),
        ("POST", "/things", {"json": {"name": 1, "count": "x"}}),
        ("POST", "/things", {"json": None}),
        ("POST", "/things", {}),
        ("POST", "/things", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        ("POST", "/things", {"content": b"\xff", "headers": {"Content-Type": "application/json"}}),
        ("PUT", "/things/3", {}),
        ("PUT", "/things/300", {"json": {}}),
        ("DELETE", "/things/3", {}),
        ("PATCH", "/things/3", {}),
    ],
)
async def test_every_request_is_answered_as_fastapi_would(
    method: str, path: str, sent: dict[str, Any]
) -> None:
    answers = []
    for kind in (APIRoute, Route):
        transport = httpx.ASGITransport(_app(kind))
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
            answers.append(await client.request(method, path, **sent))
    theirs, ours = answers
    assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)
    assert dict(ours.headers) == dict(theirs.headers)


def test_what_a_route_would_leave_out_is_refused_when_it_is_declared() -> None:
    router = APIRouter(route_class=Route)
    with pytest.raises(TypeError, match="more than a route can give"):

        @router.get("/")
        async def read(told: Annotated[str, Depends(_nested)]) -> Told:
            return Told(said=[told])
