"""The feed: what happened, in order, for those who follow it from outside (CloudEvents)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from projections.batch import Batch, Connection, Projection, within, write_many
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
CREATE INDEX ON {schema}.feed USING gin (scopes);
COMMENT ON COLUMN {schema}.feed.subject IS 'The record it happened to; for a refusal, the one it concerns.';
"""

_INSERT: Final = """
INSERT INTO {schema}.feed (position, id, type, subject, time, data, scopes)
VALUES (%s, %s, %s, %s, %s, %s, %s)"""

_RESCOPE: Final = """
UPDATE {schema}.feed SET scopes = %s WHERE subject = %s AND scopes IS DISTINCT FROM %s"""


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
    """One row an event; and the rows of records whose readers have changed."""
    for record_id in batch.rescoped:
        scopes = batch.readers[record_id]
        await connection.execute(within(batch.schema, _RESCOPE), (scopes, record_id, scopes))
    rows = [
        (
            change.happened.position,
            change.happened.event_id,
            change.happened.topic,
            change.record_id,
            change.happened.recorded_at,
            Jsonb(change.facts),
            batch.readers[change.record_id],
        )
        for change in batch.changes
    ]
    await write_many(connection, batch, _INSERT, rows)


PROJECTION: Final = Projection("feed", DDL, write)
