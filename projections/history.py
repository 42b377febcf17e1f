"""History: who did what, when it was true, when it was written, why; refusals included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from domain.calendar import PartialDate
from domain.labels import label_of
from domain.ports import Happened
from projections.batch import Batch, Change, Connection, Projection, within, write_many
from projections.paging import Page, page_of, select

DDL: Final = """
CREATE TABLE {schema}.history (
    position       bigint      PRIMARY KEY,
    event_id       uuid        NOT NULL,
    record_id      text        COLLATE "C" NOT NULL,
    version        integer,
    topic          text        COLLATE "C" NOT NULL,
    facts          jsonb       NOT NULL,
    persons        jsonb       NOT NULL,
    actor          text        NOT NULL,
    role           text        NOT NULL,
    command        text        NOT NULL,
    reason         text        NOT NULL,
    effective_at   timestamptz NOT NULL,
    precision      text        NOT NULL CHECK (precision IN ('instant', 'day', 'month')),
    recorded_at    timestamptz NOT NULL,
    causation      text        NOT NULL,
    correlation    text        NOT NULL,
    rests_on       jsonb       NOT NULL,
    status         text,
    supersedes     integer,
    dated          jsonb       NOT NULL,
    corrected      jsonb,
    scopes         text[]      NOT NULL
);
CREATE INDEX ON {schema}.history (record_id, position);
COMMENT ON COLUMN {schema}.history.version IS 'Absent for a refusal: it does not change the record.';
"""

_INSERT: Final = """
INSERT INTO {schema}.history (position, event_id, record_id, version, topic, facts, persons, actor, role,
    command, reason, effective_at, precision, recorded_at, causation, correlation, rests_on, status,
    supersedes, dated, corrected, scopes)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""

_COLUMNS: Final = """
SELECT position, event_id, record_id, version, topic, facts, persons, actor, role, command, reason,
    effective_at, precision AS effective_precision, recorded_at, causation, correlation, rests_on, status,
    supersedes
FROM read.history"""

_RESCOPE: Final = """
UPDATE {schema}.history SET scopes = %s WHERE record_id = %s AND scopes IS DISTINCT FROM %s"""


@dataclass(frozen=True)
class HistoryRow:
    """One event of a record, or one refusal (``version`` and ``status`` are then ``None``).

    ``persons`` holds what is personal in the event, by the path of its field; the caller drops it for
    roles that see no persons. ``effective_precision`` is ``instant``, ``day`` or ``month``.
    """

    position: int
    event_id: UUID
    record_id: str
    version: int | None
    topic: str
    label: str
    facts: dict[str, Any]
    persons: dict[str, Any]
    actor: str
    role: str
    command: str
    reason: str
    effective_at: datetime
    effective_precision: str
    recorded_at: datetime
    causation: str
    correlation: str
    rests_on: dict[str, int]
    status: str | None
    supersedes: int | None

    @property
    def refused(self) -> bool:
        return self.version is None


@dataclass(frozen=True)
class StandingRow:
    """The status a record had on a day by what was known then, and the dates known with it.

    Dates are text: ``2025-12-05``, or ``2025-12`` when the day is not known.
    """

    status: str
    effective_at: datetime
    recorded_at: datetime
    version: int
    announced_for: str | None = None
    signed_on: str | None = None
    in_force_from: str | None = None
    ends_on: str | None = None
    entitlements: tuple[dict[str, Any], ...] = ()


async def page(
    connection: AsyncConnection[Any], record_id: str, after_position: int = 0, limit: int = 100
) -> Page[HistoryRow]:
    """The events of a record behind a position, oldest first. ``next`` is the position to go on from."""
    rows = await select(
        connection,
        _COLUMNS,
        [("record_id = %s", record_id), ("position > %s", after_position)],
        "ORDER BY position",
        limit + 1,
    )
    return page_of(rows, limit, _row, lambda row: str(row["position"]))


async def standing(
    connection: AsyncConnection[Any], record_id: str, as_of: datetime, known_at: datetime
) -> StandingRow | None:
    """What ``domain.folding.standing_at`` answers, with the dated facts that go with it.

    A correction known at ``known_at`` counts from the event it supersedes, whenever it was written.
    """
    known = [("record_id = %s", record_id), ("recorded_at <= %s", known_at)]
    found = await select(
        connection,
        "SELECT version, status, effective_at, recorded_at, dated FROM read.history",
        [*known, ("effective_at <= %s", as_of), ("version > %s", 0)],
        "ORDER BY version DESC",
        1,
    )
    if not found:
        return None
    row = found[0]
    corrections = await select(
        connection,
        "SELECT corrected FROM read.history",
        [*known, ("supersedes <= %s", row["version"]), ("version > %s", row["version"])],
        "ORDER BY version",
    )
    dated = dict(row.pop("dated"))
    for correction in corrections:
        dated |= correction["corrected"]
    return StandingRow(**row, **{name: _frozen(value) for name, value in dated.items()})


async def write(connection: Connection, batch: Batch) -> None:
    """One row an event; and the rows of records whose readers have changed."""
    for record_id in batch.rescoped:
        scopes = batch.readers[record_id]
        await connection.execute(within(batch.schema, _RESCOPE), (scopes, record_id, scopes))
    await write_many(connection, batch, _INSERT, [_values(change, batch) for change in batch.changes])


def _values(change: Change, batch: Batch) -> tuple[Any, ...]:
    happened = change.happened
    told = happened.facts
    return (
        happened.position,
        happened.event_id,
        change.record_id,
        happened.version if change.record_id == happened.record_id else None,
        happened.topic,
        Jsonb(change.facts),
        Jsonb(change.persons),
        told["actor"],
        told["role"],
        told["command"],
        told.get("reason", ""),
        happened.effective_at,
        _precision(happened),
        happened.recorded_at,
        told.get("causation", ""),
        told.get("correlation", ""),
        Jsonb(told.get("rests_on", {})),
        change.status,
        getattr(happened.event, "supersedes", None),
        Jsonb(change.dated),
        None if change.corrected is None else Jsonb(change.corrected),
        batch.readers[change.record_id],
    )


def _precision(happened: Happened) -> str:
    """How exactly the effect is known: an event without a day of its own was true when recorded."""
    on: PartialDate | date | None = getattr(happened.event, "on", None)
    if on is None:
        return "instant"
    return on.precision if isinstance(on, PartialDate) else "day"


def _row(row: dict[str, Any]) -> HistoryRow:
    return HistoryRow(**row, label=label_of(row["topic"]))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


PROJECTION: Final = Projection("history", DDL, write)
