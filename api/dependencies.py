"""What routes ask for: the parts of the house, a place to read from, a page's bounds, a moment in time."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from psycopg import AsyncConnection

from api.problems import Fault, Refusal, clean
from api.security import Bearer, bearer_of
from domain.calendar import FIRST_YEAR, LAST_YEAR, PARIS, start_of
from domain.ports import Documents, Erasures, Feed, Finding, Persons, Readings
from projections.reading import Behind, Reader

PATIENCE: Final = 5.0
"""Seconds that a reader waits for what was written to be readable."""

SOON: Final = 0.05
"""Seconds in which what was just written usually is readable."""

MOST_ITEMS: Final = 200
_LAST_POSITION: Final = 2**53 - 1
_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Services:
    """The parts that the composition root gives to the application."""

    commands: Finding
    feed: Feed
    reader: Reader
    persons: Persons
    readings: Readings
    documents: Documents
    erasures: Erasures
    probes: Mapping[str, Callable[[], Awaitable[str | None]]]
    stream_seconds: float


async def services_of(request: Request) -> Services:
    """The parts. A dependency that asks for them itself costs less than one that depends on them."""
    services: Services = request.app.state.services
    return services


Parts = Annotated[Services, Depends(services_of)]

MinPosition = Annotated[
    int | None,
    Query(
        ge=0,
        le=_LAST_POSITION,
        description="Attendre que la lecture ait atteint cette position (celle qu'une écriture a répondue).",
        examples=[1042],
    ),
]


@dataclass(frozen=True)
class _Reading:
    """What is read for a caller, at least as fresh as the ``min_position`` that it gave."""

    parts: Services
    caller: Bearer

    def session(self) -> AbstractAsyncContextManager[AsyncConnection[dict[str, Any]]]:
        """A read transaction to enter: it sees what the caller may see. It holds a connection: nothing else
        is waited for inside."""
        return self.parts.reader.session(self.caller.actor.scopes)


async def _reading(request: Request, min_position: MinPosition = None) -> _Reading:
    parts = await services_of(request)
    if min_position:
        await _readable(parts, min_position)
    return _Reading(parts, await bearer_of(request))


async def _readable(parts: Services, position: int) -> None:
    """Waits until everything up to ``position`` can be read: usually this process has heard of it, or is
    about to. Only when it does not come soon is the ledger asked whether there is such a position.
    """
    try:
        await parts.reader.wait_for(position, SOON)
    except Behind:
        if await parts.feed.head() < position:
            raise Refusal("position_unknown") from None
        await parts.reader.wait_for(position, PATIENCE)


Reading = Annotated[_Reading, Depends(_reading)]

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
