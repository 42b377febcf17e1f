"""What of the database is saved: found in the catalogue, whatever the migrations have made there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, Final, LiteralString

import psycopg
from psycopg import sql

from ledger import merkle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ops.database import Connection

SCHEMAS: Final = ("ledger", "api", "process", "privacy")
SINGLE_ROW: Final = "only_row"
"""The column that says of a table: one row, made by its migration, which a restore replaces."""

# What pg_dump sets: the same text whatever the server's settings; an error, never fewer rows, under a policy.
_SESSION: Final = """
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL timezone = 'UTC';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 3;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL row_security = off;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0"""
_TABLES: Final = """
SELECT n.nspname || '.' || c.relname,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             ORDER BY a.attnum),
       ARRAY(SELECT tn.nspname || '.' || t.relname FROM pg_constraint k
             JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
             WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%s) AND c.relkind = 'r'
ORDER BY 1"""
_SEQUENCES: Final = """
SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences
WHERE schemaname = ANY(%s) AND last_value IS NOT NULL"""
_STANDING: Final = """
SELECT now(), (SELECT coalesce(max(position), 0) FROM ledger.events), size, edge FROM ledger.tree"""


@dataclass(frozen=True)
class Table:
    """A table by ``schema.name``, the columns that are written to it, the tables it refers to."""

    name: str
    columns: tuple[str, ...]
    refers_to: tuple[str, ...]

    @property
    def single_row(self) -> bool:
        return SINGLE_ROW in self.columns

    def sql(self, text: LiteralString) -> sql.Composed:
        """A statement with ``{table}`` and ``{columns}`` in the place of names."""
        columns = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        return sql.SQL(text).format(table=quoted(self.name), columns=columns)


@dataclass(frozen=True)
class Standing:
    """Where the ledger stands. ``root`` is hexadecimal, empty when the tree's edge is damaged."""

    at: datetime
    head: int
    tree_size: int
    root: str


@asynccontextmanager
async def owner(dsn: str) -> AsyncIterator[Connection]:
    """The owner's connection, in autocommit mode."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        yield connection


@asynccontextmanager
async def transaction(connection: Connection, mode: LiteralString = "READ COMMITTED") -> AsyncIterator[None]:
    """One transaction in which values are written and read the same way on every server."""
    async with connection.transaction():
        await connection.execute(sql.SQL("SET TRANSACTION ISOLATION LEVEL " + mode))
        await connection.execute(_SESSION)
        yield


async def tables(connection: Connection) -> dict[str, Table]:
    """By name, each behind those it refers to."""
    rows = await query(connection, _TABLES, list(SCHEMAS))
    found = {name: Table(name, tuple(columns), tuple(refers)) for name, columns, refers in rows}
    order = TopologicalSorter({table.name: table.refers_to for table in found.values()}).static_order()
    return {name: found[name] for name in order if name in found}


async def sequences(connection: Connection) -> dict[str, int]:
    """The last number given by each that has given any."""
    return dict(await query(connection, _SEQUENCES, list(SCHEMAS)))


async def set_sequences(connection: Connection, values: Mapping[str, int]) -> None:
    for name, value in values.items():
        await query(connection, "SELECT setval(%s::regclass, %s)", quoted(name).as_string(connection), value)


async def migrations(connection: Connection) -> dict[str, str]:
    """The digests of the migrations applied, by name."""
    return dict(await query(connection, "SELECT name, digest FROM public.migrations ORDER BY name"))


async def standing(connection: Connection) -> Standing:
    ((at, head, size, edge),) = await query(connection, _STANDING)
    try:
        root = merkle.root(size, merkle.unpacked(edge)).hex()
    except ValueError:
        root = ""
    return Standing(at, head, size, root)


async def query(connection: Connection, text: LiteralString, *values: object) -> Sequence[tuple[Any, ...]]:
    cursor = await connection.execute(text, values)
    return await cursor.fetchall()


def quoted(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split(".", 1))


def differing(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    """The names that do not mean the same in both."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
