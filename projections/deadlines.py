"""Deadlines: what is awaited, by when, from whom; and what the sweeper looks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

from domain.association.model import Association
from domain.calendar import paris_day, start_of
from domain.kernel import Due, Root, kind_of
from domain.training.model import Training
from projections.awaited import Awaited
from projections.batch import Batch, Connection, Projection, Table, as_array, put, within
from projections.paging import Page, cursor_of, key_of, page_of, select
from projections.tracking import Tracked, academies_of, scopes_of

DDL: Final = """
CREATE TABLE {schema}.deadlines (
    record_id    text        COLLATE "C" NOT NULL,
    key          text        COLLATE "C" NOT NULL,
    record_kind  text        NOT NULL,
    title        text        NOT NULL,
    kind         text        NOT NULL,
    what         text        NOT NULL,
    at           timestamptz NOT NULL,
    by           date,
    awaits       text[]      NOT NULL,
    missing      text[]      NOT NULL,
    automatic    boolean     NOT NULL,
    estimated    boolean     NOT NULL,
    academies    text[]      NOT NULL,
    scopes       text[]      NOT NULL,
    PRIMARY KEY (record_id, key)
);
CREATE INDEX ON {schema}.deadlines (at, record_id, key);
CREATE INDEX ON {schema}.deadlines (by);
COMMENT ON COLUMN {schema}.deadlines.by IS 'Last day for whoever is awaited; at: when the process acts.';
"""
_INDEXES: Final = "CREATE INDEX ON {schema}.deadlines USING gin (scopes)"

_CLEAR: Final = "DELETE FROM {schema}.deadlines WHERE record_id = ANY(%s)"
_TABLE: Final = Table(
    "deadlines",
    "record_id, key, record_kind, title, kind, what, at, by, awaits, missing, automatic, estimated, "
    "academies, scopes",
)

_COLUMNS: Final = """
SELECT record_id, record_kind, title, key, kind, what, at, by, awaits, missing, automatic, estimated,
       academies, coalesce(by < (SELECT day FROM read.position), false) AS late
FROM read.deadlines"""

# Every kind of records that follows the rules of a programme is here.
_OF_PROGRAMMES: Final = """
SELECT f.id FROM (
    SELECT id, programme_id FROM {schema}.conventions
    UNION ALL SELECT id, programme_id FROM {schema}.mentors
    UNION ALL SELECT id, programme_id FROM {schema}.trainings
    UNION ALL SELECT id, (shown->>'programme_id') COLLATE "C" FROM {schema}.associations
) AS f WHERE f.programme_id = ANY(%s) ORDER BY f.id"""

# Rules meant for open records begin on their own day, without any event.
_BEGUN: Final = """
SELECT DISTINCT p.id FROM {schema}.programmes p, jsonb_array_elements(p.shown->'versions') AS v
WHERE (v->>'to_open')::boolean AND (v->>'on')::date > %(last)s AND (v->>'on')::date <= %(today)s"""

# A step whose day has come (that of a draft is each day anew); one that the process has still to take, which
# the next may have overtaken; lateness, from the day after a term. What was proved ends with its last day,
# whoever is awaited for it; so does what bound an operator.
_STALE: Final = """
SELECT record_id FROM {schema}.deadlines
WHERE at >= %(before)s AND at <= %(midnight)s OR automatic AND at <= %(midnight)s
   OR by >= %(last)s AND by < %(today)s
UNION
SELECT id FROM {schema}.mentors
WHERE check_until >= %(last)s AND check_until < %(today)s
   OR EXISTS (SELECT FROM unnest(certified_until) AS c (day) WHERE day >= %(last)s AND day < %(today)s)
UNION
SELECT id FROM {schema}.associations WHERE insured_until >= %(last)s AND insured_until < %(today)s
UNION
SELECT id FROM {schema}.associations AS a
WHERE EXISTS (
    SELECT FROM {schema}.conventions AS c
    WHERE c.associations @> ARRAY[a.id]::text[] AND c.stops_on >= %(last)s AND c.stops_on < %(today)s)"""


@dataclass(frozen=True)
class DeadlineRow(Awaited):
    """The same, with the record that waits for it."""

    record_id: str
    record_kind: str
    title: str
    academies: list[str]


@dataclass(frozen=True)
class DeadlineFilters:
    """``before``: due before that day (its last day, else the day of ``at``). ``late``: its last day has
    passed at that instant. ``awaits``: the key of whoever is awaited.
    """

    before: date | None = None
    late: datetime | None = None
    awaits: str | None = None
    academie: str | None = None
    kind: str | None = None
    record_id: str | None = None


async def page(
    connection: AsyncConnection[Any], filters: DeadlineFilters, after: str | None = None, limit: int = 50
) -> Page[DeadlineRow]:
    """Deadlines in the order of ``at``. Raises ``BadCursor``."""
    key = key_of(after, datetime.fromisoformat, str, str) if after else None
    before = (filters.before, start_of(filters.before)) if filters.before else None
    rows = await select(
        connection,
        _COLUMNS,
        [
            ("(by < %s OR (by IS NULL AND at < %s))", before),
            ("by < %s", paris_day(filters.late) if filters.late else None),
            ("awaits @> %s", [filters.awaits] if filters.awaits else None),
            ("academies @> %s", [filters.academie] if filters.academie else None),
            ("kind = %s", filters.kind),
            ("record_id = %s", filters.record_id),
            ("(at, record_id, key) > (%s, %s, %s)", key),
        ],
        "ORDER BY at, record_id, key",
        limit + 1,
    )
    return page_of(rows, limit, lambda row: DeadlineRow(**row), _cursor)


async def due_before(connection: AsyncConnection[Any], instant: datetime) -> list[tuple[str, datetime]]:
    """The records whose process has something to do by ``instant``, with the soonest, soonest first."""
    rows = await select(
        connection,
        "SELECT record_id, min(at) AS at FROM read.deadlines",
        [("automatic AND at <= %s", instant)],
        "GROUP BY record_id ORDER BY 2, 1",
    )
    return [(row["record_id"], row["at"]) for row in rows]


async def programme_records(
    connection: AsyncConnection[Any], programme_id: str, schema: str = "read"
) -> list[str]:
    """The records that follow a programme's rules and may still wait for something."""
    return await _ids(connection, within(schema, _OF_PROGRAMMES), ([programme_id],))


async def stale(connection: Connection, schema: str, last: date, today: date) -> list[str]:
    """The records to look at again because the day has changed, from ``last`` to ``today``."""
    days = {"before": start_of(last), "midnight": start_of(today), "last": last, "today": today}
    found = set(await _ids(connection, within(schema, _STALE), days))
    if begun := await _ids(connection, within(schema, _BEGUN), days):
        found.update(await _ids(connection, within(schema, _OF_PROGRAMMES), (begun,)))
    return sorted(found)


async def _ids(connection: AsyncConnection[Any], statement: bytes, values: Any) -> list[str]:
    async with connection.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()


async def write(connection: Connection, batch: Batch) -> None:
    """All that each record concerned waits for, in place of what it waited for."""
    await connection.execute(within(batch.schema, _CLEAR), (as_array(batch.dues),))
    rows = (row for i, dues in batch.dues.items() for row in _rows(batch.records[i], dues))
    await put(connection, batch, _TABLE, rows)


def _rows(tracked: Tracked, dues: Sequence[Due]) -> Iterator[tuple[Any, ...]]:
    if not dues:
        return
    record = tracked.record
    kind, title = kind_of(record.id), _title(record)
    academies, scopes = as_array(academies_of(record)), as_array(scopes_of(record))
    for due in dues:
        yield (
            record.id,
            due.key,
            kind,
            title,
            due.kind,
            due.what,
            due.at.isoformat(),
            due.by,
            as_array(due.awaits),
            as_array(due.missing),
            due.automatic,
            due.estimated,
            academies,
            scopes,
        )


def _title(record: Root) -> str:
    """What it is called, where that names nobody; else its id."""
    if isinstance(record, Association):
        return record.identity.name
    if isinstance(record, Training):
        return record.course.title
    title: str = getattr(record, "title", record.id)
    return title


def _cursor(row: dict[str, Any]) -> str:
    return cursor_of(row["at"].isoformat(), row["record_id"], row["key"])


PROJECTION: Final = Projection("deadlines", DDL, write, _INDEXES)
