"""Reading a record as of a date, or as it was known at an instant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, TypeAlias, TypeVar

from fastapi import Depends, Query, Request
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.dependencies import Reading, Services, moment, services_of
from api.persons import Shown
from api.problems import Refusal
from domain.authorization import may_see
from domain.calendar import paris_day
from domain.kernel import Root
from domain.ports import World
from domain.programme.model import Programme
from domain.registry import programme_of_record
from projections import history
from projections.history import StandingRow
from projections.tracking import Tracked, rules_followed, track

Row = TypeVar("Row")
RowAt: TypeAlias = Callable[[Tracked, Programme | None, World, datetime], Row]

AS_KNOWN = ("not_yet_known",)
"""What reading at another moment may answer besides."""

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
    version: int | None = Field(
        description="La version du dossier qui a établi cet état, si elle peut se dire."
    )
    rules_version: int | None = Field(
        None, description="La version des règles du programme que le dossier suivait à cette date."
    )
    announced_for: str | None = None
    signed_on: str | None = None
    in_force_from: str | None = None
    ends_on: str | None = None
    entitlements: list[dict[str, Any]] = []


@dataclass(frozen=True)
class Moments:
    """Where in time to read: as of a date, or as it was known. ``now`` is domain time, UTC."""

    as_of: datetime | None
    known_at: datetime | None
    now: datetime

    @property
    def seen_from(self) -> datetime:
        """Nobody knows more than what is known now."""
        return min(self.known_at or self.now, self.now)


async def _moments(
    request: Request,
    as_of: Annotated[str | None, Query(max_length=40, description=_AS_OF, examples=_EXAMPLES)] = None,
    known_at: Annotated[str | None, Query(max_length=40, description=_KNOWN_AT, examples=_EXAMPLES)] = None,
) -> Moments | None:
    if as_of is None and known_at is None:
        return None
    parts = await services_of(request)
    return Moments(moment("as_of", as_of), moment("known_at", known_at), await parts.commands.now())


Travel = Annotated[Moments | None, Depends(_moments)]
"""``None`` for the present."""


async def standing(
    connection: AsyncConnection[dict[str, Any]], record_id: str, moments: Moments | None
) -> StandingRow | None:
    """The status at the date asked for, if one was."""
    if moments is None or moments.as_of is None:
        return None
    return await history.standing(connection, record_id, moments.as_of, moments.seen_from)


async def travelled(
    reading: Reading,
    shown: Shown,
    kind: type[Root],
    record_id: str,
    moments: Moments,
    then: StandingRow | None,
    row_at: RowAt[Row],
) -> Row | Standing:
    """A record that the caller can read today, at another moment. ``then`` is what ``standing`` answered,
    ``row_at`` tells a record as it was known, with what it then waited for under the rules then known.

    Raises ``Refusal`` when it was not yet recorded, or was not yet this caller's to read.
    """
    parts = reading.parts
    tracked = await known_to(reading, record_id, moments.seen_from, hidden=moments.known_at is not None)
    programme = await programme_known(parts, tracked.record, moments.seen_from)
    if moments.as_of is None:
        row = row_at(tracked, programme, parts.commands.world, moments.seen_from)
        return await shown.row(row, kind) if kind.about_persons else row
    if then is None:
        raise Refusal("not_yet_known")
    told = asdict(shown.uncounted(then, kind))
    day = paris_day(moments.as_of)
    return Standing(
        id=record_id,
        as_of=moments.as_of,
        known_at=moments.seen_from,
        status_label=kind.status_labels.get(then.status, then.status),
        since=told.pop("effective_at"),
        since_recorded=told.pop("recorded_at"),
        rules_version=rules_followed(tracked.record, programme, day) if programme else None,
        **told,
    )


async def known_to(reading: Reading, record_id: str, until: datetime, *, hidden: bool = True) -> Tracked:
    """The record as it was known at ``until`` (UTC), to somebody who may read it today.

    Raises ``Refusal`` when it was not yet recorded or, unless told otherwise, was not yet theirs to read.
    """
    tracked = await known(reading.parts, record_id, until)
    if tracked is None or (hidden and not may_see(reading.caller.actor, tracked.record.scopes())):
        raise Refusal("not_yet_known")
    return tracked


async def known(parts: Services, record_id: str, until: datetime) -> Tracked | None:
    """The exact fold of what was recorded by ``until`` (UTC)."""
    events = await parts.feed.of([record_id])
    return track(one for one in events if one.recorded_at <= until)


async def programme_known(parts: Services, record: Root, until: datetime) -> Programme | None:
    """The programme that a record follows, with the rules known at ``until`` (UTC); ``None`` when it follows
    none."""
    programme_id = programme_of_record(record)
    if not programme_id:
        return None
    tracked = await known(parts, programme_id, until)
    if tracked is None or not isinstance(tracked.record, Programme):
        raise LookupError(programme_id)
    return tracked.record
