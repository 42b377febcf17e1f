"""What is answered when a request is not carried out: RFC 9457, in French, with a stable code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from api.catalogue import CATALOGUE, GUARDS
from domain import kernel
from domain.kernel import DomainError

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = {"Retry-After": "2"}
"""Seconds."""

_STATUSES: Final[tuple[tuple[type[DomainError], int], ...]] = (
    (kernel.NotFound, 404),
    (kernel.PreconditionFailed, 412),
    (kernel.Conflict, 409),
    (kernel.Forbidden, 403),
    (kernel.KeyReused, 422),
    (kernel.Refused, 409),
    (kernel.Busy, 503),
)
"""A rule that says no is 409: the request is well formed, it is the record that does not allow it."""


class Fault(BaseModel):
    """Ce qui ne va pas dans la demande, et comment y remédier."""

    where: str = Field(description="Le champ : body.clauses.ends_on, query.limit…")
    problem: str = Field(description="Ce qui ne va pas.")
    remedy: str = Field("", description="Ce qui est attendu.")
    value: str | None = Field(
        None, description="La valeur reçue, tronquée ; jamais pour une donnée personnelle."
    )


class Problem(BaseModel):
    """Une demande refusée (RFC 9457)."""

    type: str = Field(description="L'adresse de l'explication du code.")
    title: str = Field(description="Le code, en français.")
    status: int = Field(description="Le statut HTTP.")
    detail: str = Field(description="Ce qui s'est passé cette fois.")
    code: str = Field(description="Le code, stable, à l'usage des programmes.")
    guard: str | None = Field(None, description="La règle du domaine qui a dit non.")
    missing: list[str] | None = Field(None, description="Ce qui manque pour que la demande passe.")
    errors: list[Fault] | None = Field(None, description="Les champs à corriger.")


class Refusal(Exception):
    """A request that the API itself does not carry out, by the code of its catalogue."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        missing: Iterable[str] = (),
        errors: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail or CATALOGUE[code].explanation
        self.missing = tuple(missing)
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def status_of(error: DomainError) -> int:
    """The HTTP status of a domain error, by the nearest of its classes."""
    return next(status for kind, status in _STATUSES if isinstance(error, kind))


def of_refusal(refusal: Refusal) -> JSONResponse:
    found = CATALOGUE[refusal.code]
    return _response(
        Problem(
            type=address(refusal.code),
            title=found.title,
            status=found.status,
            detail=refusal.detail,
            code=refusal.code,
            missing=list(refusal.missing) or None,
            errors=list(refusal.errors) or None,
        ),
        refusal.headers,
    )


def of_domain(error: DomainError) -> JSONResponse:
    """The problem that a domain error is answered with; its guard when a rule said no."""
    refused = isinstance(error, kernel.Refused) and not isinstance(error, kernel.KeyReused)
    return _response(
        Problem(
            type=address(error.code),
            title=title_of(error.code),
            status=status_of(error),
            detail=error.sentence,
            code=error.code,
            guard=error.code if refused else None,
            missing=list(error.missing) or None,
        ),
        RETRY_AFTER if isinstance(error, kernel.Busy) else None,
    )


def unavailable(why: str = "") -> JSONResponse:
    """A part is to be mended, as this says; the database does not answer, where nothing is said."""
    return of_refusal(Refusal("unavailable", why and f"{why[0].upper()}{why[1:]}.", headers=RETRY_AFTER))


def example(code: str) -> dict[str, Any]:
    """What this problem looks like, for the documentation."""
    found = CATALOGUE[code]
    problem = Problem(
        type=address(code),
        title=found.title,
        status=found.status,
        detail=found.explanation,
        code=code,
        guard=code if code in GUARDS else None,
    )
    return problem.model_dump(exclude_none=True)


def address(code: str) -> str:
    """Where the code is explained: the ``type`` of the problem."""
    return f"/v1/problems/{code}"


def title_of(code: str) -> str:
    return CATALOGUE[code].title


def clean(text: str) -> str:
    """The same text without what cannot be written as UTF-8 or shown: lone surrogates, control characters."""
    valid = text.encode("utf-8", "replace").decode()
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in valid)


def _response(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )
