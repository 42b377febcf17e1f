"""The feed: what happened, in order, for those who follow it from outside (CloudEvents)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from projections.batch import Batch, Connection, Projection, rescope, within
from projections.paging import Page, page_of, select

DDL: Final = """
CREATE TABLE {schema}.feed (
    position  bigint      PRIMARY KEY,
    id        uuid        NOT NULL,
    type      text        COLLATE "C" NOT NULL,
    subject   text        COLLATE "C" NOT NULL,
    time      timestamptz NOT NULL,
    data      jsonb       NOT NULL,
    scopes    text[]      NOT NULL
);
CREATE INDEX ON {schema}.feed (subject);
COMMENT ON COLUMN {schema}.feed.subject IS 'The record it happened to; for a refusal, the one it concerns.';
"""
_INDEXES: Final = "CREATE INDEX ON {schema}.feed USING gin (scopes)"

_TELL: Final = """
INSERT INTO {schema}.feed (position, id, type, subject, time, data, scopes)
SELECT position, event_id, topic, record_id, recorded_at, facts, scopes
FROM {schema}.history WHERE position BETWEEN %s AND %s"""

_RESCOPE: Final = """
UPDATE {schema}.feed SET scopes = CASE WHEN type = ANY(uncounted.topics)
    THEN array_remove(held.scopes::text[], uncounted.scope) ELSE held.scopes::text[] END
FROM unnest(%s::text[], %s::text[]) AS held (record_id, scopes),
    (SELECT %s::text[] AS topics, %s::text AS scope) AS uncounted
WHERE feed.subject = held.record_id"""


@dataclass(frozen=True)
class FeedRow:
    """An event as a stranger may know it: ``data`` is its own facts, without anything personal."""

    position: int
    id: UUID
    type: str
    subject: str
    time: datetime
    data: dict[str, Any]


async def page(
    connection: AsyncConnection[Any],
    after_position: int = 0,
    limit: int = 100,
    types: Sequence[str] | None = None,
) -> Page[FeedRow]:
    """The events behind a position, in order. ``next`` is the position to go on from, if there is more."""
    rows = await select(
        connection,
        "SELECT position, id, type, subject, time, data FROM read.feed",
        [("position > %s", after_position), ("type = ANY(%s)", list(types) if types else None)],
        "ORDER BY position",
        limit + 1,
    )
    return page_of(rows, limit, lambda row: FeedRow(**row), lambda row: str(row["position"]))


async def write(connection: Connection, batch: Batch) -> None:
    """One row an event, what a stranger may know of its history; and those whose readers have changed."""
    await rescope(connection, batch, _RESCOPE)
    if batch.changes:
        first, last = batch.changes[0].happened.position, batch.changes[-1].happened.position
        await connection.execute(within(batch.schema, _TELL), (first, last))


PROJECTION: Final = Projection("feed", DDL, write, _INDEXES)
