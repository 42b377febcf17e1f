"""What surrounds every request: security headers, HEAD and OPTIONS, body size, figures, access log."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.fields import TERRITORY
from api.metrics import Metrics
from api.problems import Refusal
from api.requests import correlation_of, header
from domain.territory import Territory

LARGEST_BODY: Final = 1024 * 1024
"""Bytes, unless the operation says otherwise."""
LARGEST: Final = "x-largest-body"
"""How the contract of an operation says that it takes more: a file (bytes)."""

access_log = logging.getLogger("api.access")
error_log = logging.getLogger("api.error")

DOCS_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_PRIVATE: Final = ((b"cache-control", b"no-store"), (b"vary", b"Authorization"))


class Edge:
    """The outermost layer: nothing leaves without its headers, nothing passes unseen."""

    def __init__(self, app: ASGIApp, house: FastAPI, territory: Territory, metrics: Metrics) -> None:
        self._app = app
        self._house = house
        self._territory = territory
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        TERRITORY.set(self._territory)
        asked, started, status = scope["method"], time.perf_counter(), 500
        request_id = correlation_of(scope) or uuid4().hex

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                dress(message["headers"], scope["path"], request_id)
            elif asked == "HEAD":
                message = {"type": "http.response.body", "body": b"", "more_body": message.get("more_body")}
            await send(message)

        if asked == "HEAD":
            scope = _as_get(scope)
        try:
            await self._answer(scope, _bounded(scope, receive), sending, asked)
        finally:
            self._note(scope, asked, status, time.perf_counter() - started, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, asked: str) -> None:
        if asked == "OPTIONS":
            allowed = ", ".join(sorted(allowed_methods(self._house, scope)))
            response = (
                Response(status_code=204, headers={"Allow": allowed})
                if allowed
                else problems.of_refusal(Refusal("no_such_address"))
            )
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _note(self, scope: Scope, method: str, status: int, seconds: float, request_id: str) -> None:
        """The route's template, never the address: an address may hold anything."""
        template = template_of(scope)
        self._metrics.seen(method, template, status, seconds)
        bearer = scope.get("state", {}).get("bearer")
        actor = bearer.actor.id if bearer else "-"
        access_log.info(
            "%s %s %d %.1fms actor=%s request=%s", method, template, status, seconds * 1000, actor, request_id
        )


def _as_get(scope: Scope) -> Scope:
    """A GET without its ``Accept``: HEAD never opens a stream. The server keeps its own scope."""
    headers = [header for header in scope["headers"] if header[0] != b"accept"]
    return {**scope, "method": "GET", "headers": headers}


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """The same body, refused beyond its largest size, whether it is announced or not.

    FastAPI has a limit of its own, which answers plain text.
    """
    announced = header(scope, b"content-length")
    size = 0

    async def receiving() -> Message:
        nonlocal size
        most = _largest(scope)
        if announced.isdecimal() and int(announced[:20]) > most:
            raise HTTPException(413)
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise HTTPException(413)
        return message

    return receiving


def _largest(scope: Scope) -> int:
    """By the operation, which is known once its body is read."""
    told = getattr(scope.get("route"), "openapi_extra", None) or {}
    return int(told.get(LARGEST, LARGEST_BODY))


def template_of(scope: Scope) -> str:
    """``/v1/conventions/{id}``; « - » when no route was reached."""
    return getattr(scope.get("route"), "path_format", None) or "-"


def allowed_methods(app: FastAPI, scope: Scope) -> set[str]:
    """The methods of an address, over all its routes; none when there is no such address."""
    found = set(_methods(app, scope["path"]))
    return found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set()) if found else set()


def _methods(app: FastAPI, path: str) -> Iterator[str]:
    for route in iter_route_contexts(app.routes):
        if route.methods and route.path_regex.match(path):
            yield from route.methods


def log_bug(bug: Exception, request: Request) -> None:
    """Where it broke, and never what it said: the message of an error may quote personal data."""
    frames = "".join(traceback.format_tb(bug.__traceback__))
    where = template_of(request.scope)
    error_log.error("%s on %s %s\n%s", type(bug).__qualname__, request.method, where, frames)


class _WithoutMessages(logging.Filter):
    """Keeps the server from logging a bug's message a second time, in full."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0]:
            record.msg, record.args = f"{record.msg} ({record.exc_info[0].__qualname__})", record.args
            record.exc_info = record.exc_text = None
        return True


WITHOUT_MESSAGES: Final = _WithoutMessages()


def dress(headers: list[tuple[bytes, bytes]], path: str, request_id: str) -> None:
    """Adds what every answer carries. A page may have a policy of its own; nobody else sets the others."""
    headers += _HEADERS
    if not any(name == _POLICY[0] for name, _ in headers):
        headers.append(_POLICY)
    headers.append((b"x-request-id", request_id.encode()))
    if path.startswith("/v1"):
        headers += _PRIVATE
