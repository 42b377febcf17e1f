"""The imports: which file, of what, how far it is and what came of it, without a word of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg import AsyncConnection
from pydantic import TypeAdapter

from domain.imports.model import Import
from domain.imports.parts import KEPT, KIND_LABELS
from domain.kernel import Due
from projections import paging
from projections.awaited import Awaited, next_of
from projections.batch import Batch, Connection, Projection, Table, as_array, put
from projections.facts import plain
from projections.paging import Page, one
from projections.tracking import Tracked, scopes_of, told_of

DDL: Final = """
CREATE TABLE {schema}.imports (
    id          text        COLLATE "C" PRIMARY KEY,
    kind        text        NOT NULL,
    status      text        NOT NULL,
    association text        COLLATE "C",
    created_at  timestamptz NOT NULL,
    shown       jsonb       NOT NULL,
    scopes      text[]      NOT NULL
);
CREATE INDEX ON {schema}.imports (created_at, id);
CREATE INDEX ON {schema}.imports (association);
"""
_INDEXES: Final = "CREATE INDEX ON {schema}.imports USING gin (scopes)"

_TABLE: Final = Table("imports", "id, kind, status, association, created_at, shown, scopes", key="id")
_COLUMNS: Final = "SELECT id, created_at, shown FROM read.imports"


@dataclass(frozen=True)
class ImportRow:
    """An import as it reads. ``size`` in bytes; ``done`` lines of ``total`` were looked at. Once it has
    ended: how many ``lines`` there were, how many ``fresh`` (recorded, unless it was a ``dry_run`` or is
    faulty), how many ``known`` already, how many ``faults``; ``kept_until``: the last day of its file and its
    report.
    """

    id: str
    kind: str
    kind_label: str
    association_id: str | None
    training_id: str | None
    academies: list[str]
    dry_run: bool
    size: int
    media_type: str
    status: str
    status_label: str
    since: datetime
    since_recorded: datetime
    done: int
    total: int
    lines: int | None
    fresh: int | None
    known: int | None
    faults: int | None
    submitted_on: str
    ended_on: str | None
    kept_until: str | None
    next: list[Awaited]
    version: int
    created_at: datetime
    updated_at: datetime
    position: int


_SHOWN: Final = TypeAdapter(ImportRow)


@dataclass(frozen=True)
class ImportFilters:
    """``association``: the id of a record."""

    kind: str | None = None
    status: str | None = None
    association: str | None = None


def row_of(tracked: Tracked, dues: Sequence[Due], today: date) -> ImportRow:
    """The row of a tracked import, with what it waits for. Pure."""
    record = tracked.record
    if not isinstance(record, Import):
        raise TypeError(type(record))
    result, ended = record.result, record.ended_on
    return ImportRow(
        **told_of(tracked),
        kind=record.kind.value,
        kind_label=KIND_LABELS[record.kind],
        association_id=record.association_id,
        training_id=record.training_id,
        academies=list(record.academies),
        dry_run=record.dry_run,
        size=record.file.size,
        media_type=record.file.media_type,
        done=record.done,
        total=record.total,
        lines=result.lines if result else None,
        fresh=result.fresh if result else None,
        known=result.known if result else None,
        faults=result.faults if result else None,
        submitted_on=record.submitted_on.isoformat(),
        ended_on=plain(ended),
        kept_until=(ended + KEPT).isoformat() if ended and not record.is_erased else None,
        next=next_of(dues, today),
    )


async def get(connection: AsyncConnection[Any], record_id: str) -> ImportRow | None:
    """The import, ``None`` when there is none within the session's scopes."""
    return await one(connection, _COLUMNS, record_id, _read)


async def page(
    connection: AsyncConnection[Any], filters: ImportFilters, after: str | None = None, limit: int = 50
) -> Page[ImportRow]:
    """Imports, the last submitted first. Raises ``BadCursor``."""
    conditions: list[paging.Condition] = [
        ("kind = %s", filters.kind),
        ("status = %s", filters.status),
        ("association = %s", filters.association),
    ]
    return await paging.page(connection, _COLUMNS, conditions, _read, after, limit)


async def write(connection: Connection, batch: Batch) -> None:
    """The last state of every import concerned."""
    await put(connection, batch, _TABLE, (_values(t, one, batch) for t, one in batch.of(Import)))


def _values(tracked: Tracked, record: Import, batch: Batch) -> tuple[Any, ...]:
    row = row_of(tracked, batch.dues[record.id], batch.today)
    return (
        row.id,
        row.kind,
        row.status,
        row.association_id,
        row.created_at,
        _SHOWN.dump_json(row).decode(),
        as_array(scopes_of(record)),
    )


def _read(row: dict[str, Any]) -> ImportRow:
    return _SHOWN.validate_python(row["shown"])


PROJECTION: Final = Projection("imports", DDL, write, _INDEXES)
