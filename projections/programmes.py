"""The programmes, with every version of their rules and every target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from pydantic import TypeAdapter

from domain.programme.model import Programme
from projections.awaited import Awaited
from projections.batch import Batch, Connection, Projection, Table, as_array, put
from projections.facts import plain
from projections.paging import select
from projections.tracking import Tracked, scopes_of

DDL: Final = """
CREATE TABLE {schema}.programmes (
    id     text   COLLATE "C" PRIMARY KEY,
    shown  jsonb  NOT NULL,
    scopes text[] NOT NULL
);
"""

_TABLE: Final = Table("programmes", "id, shown, scopes", key="id")


@dataclass(frozen=True)
class ProgrammeRow:
    """``versions``: number, rules, ``on`` (from which day), academie (empty: national), ``to_open``.
    ``targets``: academie, school_year, mentees, lycees. ``next`` is empty: nobody is waited for.
    """

    id: str
    scheme: str
    label: str
    status: str
    versions: Sequence[dict[str, Any]]
    targets: Sequence[dict[str, Any]]
    next: Sequence[Awaited]
    version: int
    created_at: datetime
    updated_at: datetime
    position: int


_SHOWN: Final = TypeAdapter(ProgrammeRow)


def row_of(tracked: Tracked) -> ProgrammeRow:
    """The row of a tracked programme. Pure."""
    programme = tracked.record
    if not isinstance(programme, Programme):
        raise TypeError(type(programme))
    return ProgrammeRow(
        id=programme.id,
        scheme=programme.scheme,
        label=programme.label,
        status=programme.status,
        versions=plain(programme.versions),
        targets=[
            {"academie": academie, "school_year": year, "mentees": mentees, "lycees": lycees}
            for (academie, year), (mentees, lycees) in sorted(programme.targets.items())
        ],
        next=[],
        version=programme.version,
        created_at=tracked.created_at,
        updated_at=tracked.updated_at,
        position=tracked.position,
    )


async def get(connection: AsyncConnection[Any], record_id: str) -> ProgrammeRow | None:
    """The programme, ``None`` when there is none."""
    rows = await select(connection, "SELECT shown FROM read.programmes", [("id = %s", record_id)], limit=1)
    return _SHOWN.validate_python(rows[0]["shown"]) if rows else None


async def list(connection: AsyncConnection[Any]) -> Sequence[ProgrammeRow]:  # noqa: A001
    """Every programme, by its id: there are as many as schemes."""
    rows = await select(connection, "SELECT shown FROM read.programmes", [], "ORDER BY id")
    return [_SHOWN.validate_python(row["shown"]) for row in rows]


async def write(connection: Connection, batch: Batch) -> None:
    """The last state of every programme concerned."""
    rows = []
    for tracked, programme in batch.of(Programme):
        shown = _SHOWN.dump_json(row_of(tracked)).decode()
        rows.append((programme.id, shown, as_array(scopes_of(programme))))
    await put(connection, batch, _TABLE, rows)


PROJECTION: Final = Projection("programmes", DDL, write)
