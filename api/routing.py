"""How a request becomes the arguments of its operation, and what comes back its answer.

As FastAPI does it, for what our operations use of it: FastAPI finds out anew at each request what an
operation asks for, which took as long as carrying it out. Declaring, validating and the contract remain its.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.routing import APIRoute, APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Scope

from api.problems import Fault, Refusal, clean

_ABSENT: Final = object()
_UNREADABLE: Final = "There was an error parsing the body"

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
Errors: TypeAlias = list[Any]
"""As pydantic tells them."""


class Route(APIRoute):
    """An operation whose dependencies are async functions without dependencies of their own.

    It also refuses a query parameter that it does not have: a misspelt filter would filter nothing.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The address alone first: most routes are asked in vain."""
        if self.path_regex.match(scope["path"]) is None:
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Handler:
        operation = _Call.of(self.dependant)
        needs = [(str(needed.name), _need(needed)) for needed in self.dependant.dependencies]
        calls = [operation, *(call for _, call in needs)]
        known = frozenset(p.name for call in calls for p in call.parameters if p.where == "query")
        body, status, shape = self.body_field, self.status_code or 200, cast(Any, self.response_field)

        async def handler(request: Request) -> Response:
            given = await _json_of(request) if body else _ABSENT
            if request.scope["query_string"]:
                _known_query(request, known)
            aside, errors, arguments = _aside(), Errors(), dict[str, Any]()
            for name, call in needs:
                asked = call.arguments(request, aside, errors)
                if asked is not None:
                    arguments[name] = await call.function(**asked)
            arguments |= operation.arguments(request, aside, errors) or {}
            if body:
                arguments[body.name] = _validated(body, given, ("body",), errors)
            if errors:
                raise RequestValidationError(errors)
            answer = await operation.function(**arguments)
            if isinstance(answer, Response):
                return answer
            told, wrong = shape.validate(answer, {}, loc=("response",))
            if wrong:
                raise ResponseValidationError(wrong)
            response = Response(shape.serialize_json(told), status, media_type="application/json")
            response.raw_headers += aside.raw_headers
            return response

        return handler


def mount(app: FastAPI, router: APIRouter) -> None:
    """Adds the routes of a router as the application's own: FastAPI searches an included one twice."""
    app.router.routes.extend(router.routes)


@dataclass(frozen=True)
class _Parameter:
    """``where``: path, query or header; ``argument``: as the function calls it; ``field``: FastAPI's."""

    where: str
    name: str
    argument: str
    field: Any


@dataclass(frozen=True)
class _Call:
    """A function, and what it asks of the request."""

    function: Callable[..., Awaitable[Any]]
    parameters: Sequence[_Parameter]
    request: str | None
    response: str | None

    @classmethod
    def of(cls, dependant: Dependant) -> _Call:
        fields = [*dependant.path_params, *dependant.query_params, *dependant.header_params]
        parameters = [
            _Parameter(cast(Any, field.field_info).in_.value, field.alias, field.name, field)
            for field in fields
        ]
        function = cast(Callable[..., Awaitable[Any]], dependant.call)
        return cls(function, parameters, dependant.request_param_name, dependant.response_param_name)

    def arguments(self, request: Request, aside: Response, errors: Errors) -> dict[str, Any] | None:
        """``None`` when something is wrong, which is then among the errors."""
        found: dict[str, Any] = {}
        before = len(errors)
        for asked in self.parameters:
            source = _SOURCES[asked.where](request)
            value = source.get(asked.name, _ABSENT)
            found[asked.argument] = _validated(asked.field, value, (asked.where, asked.name), errors)
        if self.request:
            found[self.request] = request
        if self.response:
            found[self.response] = aside
        return found if len(errors) == before else None


_SOURCES: Final[dict[str, Callable[[Request], Any]]] = {
    "path": lambda request: request.path_params,
    "query": lambda request: request.query_params,
    "header": lambda request: request.headers,
}


def _need(dependant: Dependant) -> _Call:
    if dependant.dependencies or dependant.cookie_params or dependant.body_params:
        raise TypeError(f"{dependant.call} asks for more than a route can give")
    return _Call.of(dependant)


def _validated(field: Any, value: Any, where: tuple[str, ...], errors: Errors) -> Any:
    if value is _ABSENT:
        if field.field_info.is_required():
            errors.append({"type": "missing", "loc": where, "msg": "Field required", "input": None})
        return field.default
    valid, wrong = field.validate(value, {}, loc=where)
    errors += wrong
    return valid


def _aside() -> Response:
    """Where an operation writes the headers of its answer, before there is one."""
    aside = Response()
    aside.raw_headers.clear()
    return aside


async def _json_of(request: Request) -> Any:
    """The body, ``_ABSENT`` without any. Raises ``Refusal`` for one that is not announced as JSON."""
    try:
        text = await request.body()
    except ClientDisconnect as gone:
        raise HTTPException(400, _UNREADABLE) from gone
    if not text:
        return _ABSENT
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal("media_type")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        told = {"msg": "JSON decode error", "input": {}, "ctx": {"error": error.msg}}
        raise RequestValidationError(
            [{"type": "json_invalid", "loc": ("body", error.pos), **told}]
        ) from error
    except (ValueError, RecursionError) as unreadable:  # no Unicode, endless digits, endless depth
        raise HTTPException(400, _UNREADABLE) from unreadable


def _known_query(request: Request, known: frozenset[str]) -> None:
    unknown = [name for name in request.query_params if name not in known]
    broken = [n for n, v in request.query_params.multi_items() if not (n + v).isprintable()]
    if not unknown and not broken:
        return
    allowed = ", ".join(sorted(known)) or "aucun"
    faults = [
        Fault(
            where=f"query.{clean(name)[:60]}",
            problem="Ce paramètre n'existe pas ici." if name in unknown else "Caractère interdit.",
            remedy=f"Paramètres possibles : {allowed}.",
        )
        for name in dict.fromkeys([*unknown, *broken])
    ]
    raise Refusal("invalid", f"{faults[0].where} : {faults[0].problem} {faults[0].remedy}", errors=faults)
