"""Reading a record as of a date, or as it was known at an instant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.dependencies import Parts, Services, moment
from api.problems import Refusal
from api.security import Bearer
from domain.authorization import may_see
from domain.convention.parts import STATUS_LABELS
from projections import history
from projections.tracking import Tracked, track

Row = TypeVar("Row")

_AS_OF = "Un jour ou un instant : l'état du dossier à cette date, par ce que l'on sait."
_KNOWN_AT = "Un jour ou un instant : le dossier tel qu'il était enregistré alors."
_EXAMPLES = ["2025-12-10", "2025-12-10T08:00:00Z"]


class Standing(BaseModel):
    """L'état d'un dossier à une date. Une date de fait s'écrit 2025-12-05, ou 2025-12 sans jour connu."""

    id: str
    as_of: datetime = Field(description="La date demandée.")
    known_at: datetime = Field(description="Par ce que l'on savait à cet instant.")
    status: str
    status_label: str
    since: datetime = Field(description="Depuis quand cet état est vrai.")
    since_recorded: datetime = Field(description="Quand il a été écrit.")
    version: int = Field(description="La version du dossier qui a établi cet état.")
    announced_for: str | None = None
    signed_on: str | None = None
    in_force_from: str | None = None
    ends_on: str | None = None
    entitlements: list[dict[str, Any]] = []


@dataclass(frozen=True)
class Moments:
    """Where in time to read. ``now`` is domain time, UTC."""

    as_of: datetime | None
    known_at: datetime | None
    now: datetime

    @property
    def present(self) -> bool:
        return self.as_of is None and self.known_at is None

    @property
    def seen_from(self) -> datetime:
        """Nobody knows more than what is known now."""
        return min(self.known_at or self.now, self.now)


async def _moments(
    parts: Parts,
    as_of: Annotated[str | None, Query(max_length=40, description=_AS_OF, examples=_EXAMPLES)] = None,
    known_at: Annotated[str | None, Query(max_length=40, description=_KNOWN_AT, examples=_EXAMPLES)] = None,
) -> Moments:
    return Moments(moment("as_of", as_of), moment("known_at", known_at), await parts.commands.now())


Travel = Annotated[Moments, Depends(_moments)]


async def travelled(
    parts: Services,
    caller: Bearer,
    connection: AsyncConnection[dict[str, Any]],
    record_id: str,
    moments: Moments,
    render: Callable[[Tracked], Awaitable[Row]],
) -> Row | Standing:
    """A record that the caller can read today, at another moment. ``render`` tells it as it was known.

    Raises ``Refusal`` when it was not yet recorded, or was not yet this caller's to read.
    """
    if moments.known_at is not None:
        tracked = await known(parts, record_id, moments.seen_from)
        if tracked is None or not may_see(caller.actor, tracked.record.scopes()):
            raise Refusal("not_yet_known")
        if moments.as_of is None:
            return await render(tracked)
    as_of = moments.as_of or moments.now
    found = await history.standing(connection, record_id, as_of, moments.seen_from)
    if found is None:
        raise Refusal("not_yet_known")
    told = asdict(found)
    return Standing(
        id=record_id,
        as_of=as_of,
        known_at=moments.seen_from,
        status_label=_label(found.status),
        since=told.pop("effective_at"),
        since_recorded=told.pop("recorded_at"),
        **told,
    )


async def known(parts: Services, record_id: str, until: datetime) -> Tracked | None:
    """The exact fold of what was recorded by ``until`` (UTC)."""
    events = await parts.feed.of([record_id])
    return track(one for one in events if one.recorded_at <= until)


def _label(status: str) -> str:
    return next((label for known, label in STATUS_LABELS.items() if known == status), status)
