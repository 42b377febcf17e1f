"""What routes ask for: the parts of the house, a place to read from, a page's bounds, a moment in time."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from psycopg import AsyncConnection

from api.problems import Fault, Refusal, clean
from api.security import Caller
from domain.calendar import FIRST_YEAR, LAST_YEAR, PARIS, start_of
from domain.ports import Commands, Erasures, Feed, Persons, Readings
from projections.reading import Reader

PATIENCE: Final = 5.0
"""Seconds that a reader waits for what was written to be readable."""

MOST_ITEMS: Final = 200
_LAST_POSITION: Final = 2**53 - 1
_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Services:
    """The parts that the composition root gives to the application."""

    commands: Commands
    feed: Feed
    reader: Reader
    persons: Persons
    readings: Readings
    erasures: Erasures
    probes: Mapping[str, Callable[[], Awaitable[str | None]]]
    stream_seconds: float


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Parts = Annotated[Services, Depends(_services)]

MinPosition = Annotated[
    int | None,
    Query(
        ge=0,
        le=_LAST_POSITION,
        description="Attendre que la lecture ait atteint cette position (celle qu'une écriture a répondue).",
        examples=[1042],
    ),
]


async def _reading(
    parts: Parts, caller: Caller, min_position: MinPosition = None
) -> AbstractAsyncContextManager[AsyncConnection[dict[str, Any]]]:
    if min_position and await parts.reader.position() < min_position:
        if await parts.feed.head() < min_position:
            raise Refusal("position_unknown")
        await parts.reader.wait_for(min_position, PATIENCE)
    return parts.reader.session(caller.actor.scopes)


Reading = Annotated[AbstractAsyncContextManager[AsyncConnection[dict[str, Any]]], Depends(_reading)]
"""A read transaction to enter: it sees what the caller may see, at least as fresh as ``min_position``. It
holds a connection: nothing else is waited for inside.
"""

Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Le nombre d'éléments par page.")]
After = Annotated[
    str | None,
    Query(min_length=1, max_length=1_000, description="Le curseur `next` de la page précédente."),
]
Position = Annotated[
    int, Query(ge=0, le=_LAST_POSITION, description="Ne répondre que ce qui vient après cette position.")
]


def position_after(after: str | None) -> int:
    """The position that a cursor of events holds. Raises ``Refusal`` for any other text."""
    if after is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,15}", after, re.ASCII):
        raise Refusal("cursor_malformed")
    return int(after)


def moment(name: str, text: str | None) -> datetime | None:
    """A day or an instant of the query, as an instant. A day alone means its last moment in Paris: « le 10
    décembre » includes what happened that day.
    """
    if text is None:
        return None
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return start_of(_plausible(date.fromisoformat(text)) + timedelta(days=1)) - _MOMENT
        # In a query, the plus of « +01:00 » arrives as a space.
        instant = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        _plausible(instant.date())
        return instant if instant.tzinfo else instant.replace(tzinfo=PARIS)
    except ValueError:
        fault = Fault(
            where=f"query.{name}",
            problem="Un jour ou un instant est attendu.",
            remedy="Écrivez 2025-12-10 ou 2025-12-10T08:00:00Z.",
            value=clean(text[:60]),
        )
        raise Refusal("invalid", f"{name} : {fault.problem} {fault.remedy}", errors=[fault]) from None


def _plausible(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(day)
    return day


async def known_query(request: Request) -> None:
    """Refuses a query parameter that the operation does not have: a misspelt filter would filter nothing."""
    known = set(_query_names(request.scope["route"].dependant))
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


def _query_names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _query_names(inner)
