"""The association register: who each operator is, its entitlements, and the conventions that bind it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from pydantic import TypeAdapter

from domain.association.model import ENTITLEMENT_LABELS, Association
from domain.convention.model import Convention
from domain.convention.parts import BEFORE_FORCE, RUNNING
from projections.batch import Batch, Connection, Projection, Table, as_array, put, within
from projections.conventions import operators_of
from projections.facts import plain
from projections.paging import Page, cursor_of, key_of, page_of, select
from projections.tracking import Tracked, academies_of, scopes_of

DDL: Final = """
CREATE TABLE {schema}.associations (
    id           text        COLLATE "C" PRIMARY KEY,
    status       text        NOT NULL,
    academies    text[]      NOT NULL,
    names        text        NOT NULL,
    created_at   timestamptz NOT NULL,
    shown        jsonb       NOT NULL,
    conventionnee jsonb      NOT NULL DEFAULT '[]',
    scopes       text[]      NOT NULL
);
CREATE INDEX ON {schema}.associations (created_at, id);
COMMENT ON COLUMN {schema}.associations.names IS 'Name and aliases without case nor accents, to search in.';
COMMENT ON COLUMN {schema}.associations.conventionnee IS 'Its conventions in force, scheme by scheme.';
"""
_INDEXES: Final = "CREATE INDEX ON {schema}.associations USING gin (scopes)"

_TABLE: Final = Table("associations", "id, status, academies, names, created_at, shown, scopes", key="id")

_BIND: Final = """
UPDATE {schema}.associations SET conventionnee = bound.list
FROM (
    SELECT a.id, coalesce(jsonb_agg(
        jsonb_build_object('id', c.id, 'scheme', s.scheme, 'from', c.in_force_from, 'to', c.stops_on)
        ORDER BY s.scheme, c.id) FILTER (WHERE c.id IS NOT NULL), '[]') AS list
    FROM {schema}.associations a
    LEFT JOIN {schema}.conventions c ON c.associations @> ARRAY[a.id]::text[] AND c.status = ANY(%s)
    LEFT JOIN LATERAL unnest(c.schemes) AS s (scheme) ON true
    WHERE a.id = ANY(%s)
    GROUP BY a.id
) AS bound
WHERE associations.id = bound.id AND conventionnee <> bound.list"""


@dataclass(frozen=True)
class AssociationRow:
    """An operator. ``conventionnee``: its conventions in force, each ``id``, ``scheme``, ``from``, ``to``."""

    id: str
    name: str
    aliases: list[str]
    legal_form: str
    rna: str | None
    siren: str | None
    parent_body: str | None
    seat: str | None
    mailbox: str | None
    academies: list[str]
    status: str
    entitlements: list[dict[str, Any]]
    scopes: list[str]
    since: datetime
    since_recorded: datetime
    version: int
    created_at: datetime
    updated_at: datetime
    position: int
    conventionnee: list[dict[str, Any]] = field(default_factory=list)


_SHOWN: Final = TypeAdapter(AssociationRow)


@dataclass(frozen=True)
class AssociationFilters:
    """``name``: a part of the name or of an alias, whatever its case and accents."""

    name: str | None = None
    academie: str | None = None
    status: str | None = None


def row_of(tracked: Tracked, conventionnee: Iterable[dict[str, Any]] = ()) -> AssociationRow:
    """The row of a tracked association. Pure; its conventions are not its own state: they are given."""
    association = tracked.record
    if not isinstance(association, Association):
        raise TypeError(type(association))
    return AssociationRow(
        id=association.id,
        **plain(association.identity),
        academies=academies_of(association),
        status=association.status,
        entitlements=[
            {**plain(held), "label": ENTITLEMENT_LABELS[held.kind]}
            for held in association.entitlements.values()
        ],
        scopes=scopes_of(association),
        since=tracked.since,
        since_recorded=tracked.since_recorded,
        version=association.version,
        created_at=tracked.created_at,
        updated_at=tracked.updated_at,
        position=tracked.position,
        conventionnee=list(conventionnee),
    )


async def get(connection: AsyncConnection[Any], record_id: str) -> AssociationRow | None:
    """The association, ``None`` when there is none within the session's scopes."""
    rows = await select(
        connection, "SELECT shown, conventionnee FROM read.associations", [("id = %s", record_id)], limit=1
    )
    return _read(rows[0]) if rows else None


async def page(
    connection: AsyncConnection[Any], filters: AssociationFilters, after: str | None = None, limit: int = 50
) -> Page[AssociationRow]:
    """Associations in the order of their registration, which no event changes. Raises ``BadCursor``."""
    key = key_of(after, datetime.fromisoformat, str) if after else None
    rows = await select(
        connection,
        "SELECT id, created_at, shown, conventionnee FROM read.associations",
        [
            ("strpos(names, %s) > 0", searchable(filters.name) if filters.name else None),
            ("academies @> %s", [filters.academie] if filters.academie else None),
            ("status = %s", filters.status),
            ("(created_at, id) > (%s, %s)", key),
        ],
        "ORDER BY created_at, id",
        limit + 1,
    )
    return page_of(rows, limit, _read, lambda row: cursor_of(row["created_at"].isoformat(), row["id"]))


def searchable(name: str) -> str:
    """The name without case, accents nor needless blanks."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())


async def write(connection: Connection, batch: Batch) -> None:
    """The associations that changed, then the conventions of those whose conventions changed."""
    rows = []
    bound: set[str] = set()
    for tracked, association in batch.of(Association):
        row = row_of(tracked)
        shown = _SHOWN.dump_json(row, exclude={"conventionnee"}).decode()
        names = "\n".join(searchable(name) for name in (row.name, *row.aliases))
        academies, scopes = as_array(row.academies), as_array(scopes_of(association))
        rows.append((row.id, row.status, academies, names, row.created_at, shown, scopes))
        bound.add(row.id)
    await put(connection, batch, _TABLE, rows)
    for _, convention in batch.of(Convention):
        if convention.status not in BEFORE_FORCE:
            bound |= set(operators_of(convention))
    if bound:
        await connection.execute(within(batch.schema, _BIND), (sorted(RUNNING), sorted(bound)))


def _read(row: dict[str, Any]) -> AssociationRow:
    return _SHOWN.validate_python({**row["shown"], "conventionnee": row["conventionnee"]})


PROJECTION: Final = Projection("associations", DDL, write, _INDEXES)
