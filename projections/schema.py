"""The schemas of the read models: their tables, who may read which row, and where the projector stands."""

from __future__ import annotations

import hashlib
from typing import Final

from psycopg import sql

from projections import (
    associations,
    companies,
    conventions,
    deadlines,
    feed,
    history,
    imports,
    mentors,
    onboarding_figures,
    programmes,
    trainings,
)
from projections.batch import Connection, Projection, within

PROJECTIONS: Final[tuple[Projection, ...]] = (
    conventions.PROJECTION,
    associations.PROJECTION,
    programmes.PROJECTION,
    companies.PROJECTION,
    mentors.PROJECTION,
    trainings.PROJECTION,
    imports.PROJECTION,
    onboarding_figures.PROJECTION,
    deadlines.PROJECTION,
    history.PROJECTION,
    feed.PROJECTION,
)
"""In the order in which they are written: associations read the conventions, the feed reads the history."""

_BEGIN: Final = """
CREATE SCHEMA {schema};
CREATE TABLE {schema}.position (
    only_row   boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    position   bigint      NOT NULL DEFAULT 0,
    day        date        NOT NULL DEFAULT '0001-01-01',
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN {schema}.position.day IS 'The day in Paris for which the deadlines were worked out.';
INSERT INTO {schema}.position DEFAULT VALUES;
ALTER TABLE {schema}.position ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON {schema}.position FOR SELECT TO mentorat_app USING (true);
CREATE POLICY projector_writes ON {schema}.position TO mentorat_projector USING (true) WITH CHECK (true);
"""

# A setting that was set once and then reset reads as an empty text, not as NULL.
_PROTECT: Final = """
ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY scopes_read ON {schema}.{table} FOR SELECT TO mentorat_app
    USING (scopes && string_to_array(NULLIF(current_setting('app.scopes', true), ''), chr(10)));
CREATE POLICY projector_writes ON {schema}.{table} TO mentorat_projector USING (true) WITH CHECK (true);
"""

_GRANT: Final = """
GRANT USAGE ON SCHEMA {schema} TO mentorat_app;
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO mentorat_app;
"""


async def create(connection: Connection, schema: str) -> None:
    """Creates the schema with its empty tables, as the projector's role, which then owns them.

    Raises psycopg's ``DuplicateSchema`` when it exists.
    """
    async with connection.transaction():
        await begin(connection, schema)
        await finish(connection, schema)


async def begin(connection: Connection, schema: str) -> None:
    """The tables alone, which nobody else can reach: no other role may enter the schema."""
    async with connection.transaction():
        await connection.execute(within(schema, _BEGIN))
        for projection in PROJECTIONS:
            await connection.execute(within(schema, projection.ddl))


async def finish(connection: Connection, schema: str) -> None:
    """What readers need: indexes, who may read which row, and leave to enter."""
    async with connection.transaction():
        for projection in PROJECTIONS:
            await connection.execute(within(schema, projection.indexes))
            await connection.execute(within(schema, _PROTECT, table=projection.name))
        await connection.execute(within(schema, _GRANT))
        comment = sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(schema), sql.Literal(shape()))
        await connection.execute(comment)


def shape() -> str:
    """Tells these tables from those of another version of the code."""
    text = "".join([_BEGIN, _PROTECT, _GRANT, *(p.ddl + p.indexes for p in PROJECTIONS)])
    return "shape_" + hashlib.sha256(text.encode()).hexdigest()[:32]


async def outdated(connection: Connection, schema: str) -> bool:
    """Whether the tables were created by another version of the code: they are to be rebuilt."""
    found = await connection.execute(
        "SELECT obj_description(to_regnamespace(%s)::oid, 'pg_namespace')", (schema,)
    )
    row = await found.fetchone()
    return row is None or row[0] != shape()
