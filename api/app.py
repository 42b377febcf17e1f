"""The HTTP application: its routes, what surrounds them, and how every refusal is told."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api import openapi, problems
from api.dependencies import Services
from api.edge import WITHOUT_MESSAGES, Edge, allowed_methods, dress, log_bug
from api.metrics import Metrics
from api.pages import link_page
from api.problems import Refusal
from api.requests import correlation_of
from api.routes import (
    access,
    association_admission,
    association_documents,
    associations,
    candidacies,
    companies,
    convention_life,
    convention_signing,
    convention_text,
    conventions,
    deadlines,
    docs,
    events,
    explanations,
    export,
    figures,
    imports,
    links,
    mentor_life,
    mentors,
    operations,
    privacy,
    programmes,
    training_life,
    trainings,
)
from api.routing import mount
from api.security import Authentication
from api.sign_in import SignIn
from api.tokens import TokenStore
from api.validation import refusal_of
from domain.kernel import DomainError
from domain.ports import Documents, Erasures, Feed, Finding, Persons, Readings
from projections.paging import BadCursor
from projections.reading import Behind, Reader

_RESOURCES: Final = (
    programmes,
    associations,
    association_admission,
    association_documents,
    companies,
    mentors,
    mentor_life,
    links,
    candidacies,
    conventions,
    convention_text,
    convention_signing,
    convention_life,
    trainings,
    training_life,
    imports,
    deadlines,
    events,
    explanations,
    export,
    privacy,
    access,
    figures,
)


def create_app(
    *,
    commands: Finding,
    feed: Feed,
    reader: Reader,
    persons: Persons,
    readings: Readings,
    documents: Documents,
    erasures: Erasures,
    tokens: TokenStore,
    probes: Mapping[str, Callable[[], Awaitable[str | None]]],
    version: str,
    out_of_order: Mapping[type[Exception], str] | None = None,
    lifespan: Any = None,
    stream_seconds: float = 300.0,
) -> FastAPI:
    """The application over parts that the composition root has opened.

    A probe answers what is wrong, in French, or ``None``. ``out_of_order``: what is raised when a part is to
    be mended and no request is wrong, and what is wrong then, in French. ``stream_seconds``: how long a
    stream of events lasts before its client is asked to come back.
    """
    app = FastAPI(
        title="mentorat",
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    metrics = Metrics()
    app.state.services = Services(
        commands, feed, reader, persons, readings, documents, erasures, probes, stream_seconds
    )
    app.state.metrics = metrics
    for module in (*_RESOURCES, operations, docs, link_page):
        mount(app, module.router)
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)
    for error, wrong in (out_of_order or {}).items():
        app.add_exception_handler(error, partial(_unavailable, wrong=wrong))
    app.add_middleware(Authentication, tokens=tokens, sign_in=SignIn(feed, commands))
    app.add_middleware(Edge, house=app, territory=commands.world.territory, metrics=metrics)
    logging.getLogger("uvicorn.error").addFilter(WITHOUT_MESSAGES)
    openapi.describe(app)
    return app


async def _refusal(request: Request, error: Any) -> Response:
    return problems.of_refusal(error)


async def _domain(request: Request, error: Any) -> Response:
    return problems.of_domain(error)


async def _invalid(request: Request, error: Any) -> Response:
    found = refusal_of(error.errors())
    return problems.of_domain(found) if isinstance(found, DomainError) else problems.of_refusal(found)


async def _http(request: Request, error: Any) -> Response:
    """What the framework itself refuses."""
    if error.status_code == 405:
        allowed = ", ".join(sorted(allowed_methods(request.app, request.scope)))
        return problems.of_refusal(Refusal("method_not_allowed", headers={"Allow": allowed}))
    codes = {400: "body_malformed", 404: "no_such_address", 413: "body_too_large"}
    return problems.of_refusal(Refusal(codes[error.status_code]))


async def _bad_cursor(request: Request, error: Any) -> Response:
    return problems.of_refusal(Refusal("cursor_malformed"))


async def _behind(request: Request, error: Any) -> Response:
    return problems.of_refusal(Refusal("not_yet_readable", headers=problems.RETRY_AFTER))


async def _unavailable(request: Request, error: Any, wrong: str = "") -> Response:
    log_bug(error, request)
    return problems.unavailable(wrong)


async def _bug(request: Request, error: Any) -> Response:
    log_bug(error, request)
    response = problems.of_refusal(Refusal("bug"))
    dress(response.raw_headers, request.scope["path"], correlation_of(request.scope))
    return response


_HANDLERS: Final[dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]]] = {
    Refusal: _refusal,
    DomainError: _domain,
    RequestValidationError: _invalid,
    HTTPException: _http,
    BadCursor: _bad_cursor,
    Behind: _behind,
    psycopg.OperationalError: _unavailable,
    Exception: _bug,
}
