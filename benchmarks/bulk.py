"""Big sealed ledgers, made in minutes: real events, copied under new ids by SQL, with real leaves and tree.

Everything that ``ledger/leaf.py`` and the design of the tree say holds of the result; a sample of leaves is
checked against that file. Keys are not made: the personal fields of the copies read as forgotten.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from benchmarks import ours
from ledger.leaf import leaf_bytes, leaf_hash

LEAF: Final = 32
"""Bytes."""
_AT_ONCE: Final = 100_000
_PRESENT: Final = 64
"""Leaves recomputed by ``ledger/leaf.py`` after the copying."""

_FIELD: Final = "octet_length({0}) || ':' || {0} || chr(10)"
_MICROSECONDS: Final = "(extract(epoch FROM {0}) * 1000000)::bigint::text"
_FIELDS: Final = (
    "position::text",
    "replace(event_id::text, '-', '')",
    "record_id",
    "version::text",
    "topic",
    _MICROSECONDS.format("effective_at"),
    _MICROSECONDS.format("recorded_at"),
    "metadata",
    "state",
    "coalesce(encode(commitment, 'hex'), '')",
    "coalesce(encode(text_commitment, 'hex'), '')",
)
_ENCODED: Final = " || ".join(["'mentorat-event-v1' || chr(10)", *(_FIELD.format(f) for f in _FIELDS)])
_LEAF: Final = f"sha256('\\x00'::bytea || convert_to({_ENCODED}, 'UTF8'))"

# The series comes first in the join and the model is hashed: rows are written in the order of positions.
_COPIES: Final = f"""
INSERT INTO ledger.events
SELECT position, event_id, record_id, version, topic, state, metadata, effective_at, recorded_at,
       commitment, text_commitment, {_LEAF}
FROM (
    SELECT %(head)s + place AS position,
           md5('event ' || place)::uuid AS event_id,
           'convention-' || md5('record ' || (place - 1) / m.length)::uuid AS record_id,
           m.version, m.topic, m.state, m.metadata,
           least(m.effective_at, %(begins)s::timestamptz) AS effective_at,
           %(begins)s::timestamptz + place * interval '1 microsecond' AS recorded_at,
           m.commitment, m.text_commitment
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS place
    JOIN bulk.model m ON m.number = (place - 1) %% m.length + 1
) AS copies"""
_MODEL: Final = """
CREATE SCHEMA IF NOT EXISTS bulk;
CREATE TABLE bulk.model AS
    SELECT *, row_number() OVER (ORDER BY version) AS number, count(*) OVER () AS length
    FROM ledger.events WHERE record_id = '{model}'"""


async def multiply(dsn: str, model: str, events: int, *, slim: bool = False) -> int:
    """Copies the record ``model`` until the ledger holds at least ``events``, and seals all anew; answers how
    many copies. As the owner. ``slim``: short events, and no index but that of positions.

    Indexes are put aside meanwhile, as one does for any large load.
    """
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        return await _multiply(connection, dsn, model, events, slim=slim)


async def _multiply(
    connection: AsyncConnection[Any], dsn: str, model: str, events: int, *, slim: bool
) -> int:
    await connection.execute(_MODEL.format(model=model).encode())
    if slim:
        await connection.execute("UPDATE bulk.model SET state = '{}', metadata = '{}'")
    length = await _one(connection, "SELECT count(*) FROM bulk.model")
    head = await _one(connection, "SELECT max(position) FROM ledger.events")
    places = max(0, -(-(events - head) // length)) * length
    begins = await _one(connection, "SELECT max(recorded_at) FROM ledger.events")
    aside = await _put_indexes_aside(connection)
    values = {"head": head, "begins": begins}
    middle = places // 2
    async with await AsyncConnection.connect(dsn, autocommit=True) as second:
        await asyncio.gather(
            connection.execute(_COPIES, {**values, "first": 1, "last": middle}),
            second.execute(_COPIES, {**values, "first": middle + 1, "last": places}),
        )
    for statement in aside:
        if not slim or "PRIMARY KEY" in statement:
            await connection.execute(statement.encode())
    await seal(connection)
    await check_leaves(connection)
    await connection.execute("VACUUM (ANALYZE) ledger.events")
    await connection.execute("CHECKPOINT")
    return int(places // length)


async def seal(connection: AsyncConnection[Any]) -> None:
    """Writes the tree of the leaves that are there: the edge, and the complete subtrees kept as nodes."""
    size, edge, nodes = 0, list[bytes](), list[tuple[int, int, bytes]]()
    async for leaves in _leaves(connection):
        size, edge, complete = ours.extend_tree(size, edge, leaves)
        nodes += complete
    await connection.execute("ALTER TABLE ledger.nodes DISABLE TRIGGER append_only")
    await connection.execute("TRUNCATE ledger.nodes")
    await connection.execute("ALTER TABLE ledger.nodes ENABLE TRIGGER append_only")
    async with (
        connection.cursor() as cursor,
        cursor.copy("COPY ledger.nodes (level, index, hash) FROM STDIN") as copy,
    ):
        for node in nodes:
            await copy.write_row(node)
    await connection.execute("UPDATE ledger.tree SET size = %s, edge = %s", (size, b"".join(edge)))


async def check_leaves(connection: AsyncConnection[Any]) -> None:
    """Raises ``ValueError`` unless the leaves are what ``ledger/leaf.py`` makes of their rows."""
    cursor = await connection.execute(
        "SELECT position, event_id, record_id, version, topic, effective_at, recorded_at, metadata, state,"
        " commitment, text_commitment, leaf FROM ledger.events ORDER BY position DESC LIMIT %s",
        (_PRESENT,),
    )
    for *values, leaf in await cursor.fetchall():
        if leaf_hash(leaf_bytes(*values)) != leaf:
            raise ValueError(values[0])


async def _leaves(connection: AsyncConnection[Any]) -> AsyncIterator[list[bytes]]:
    """All leaves in order, many at once."""
    query = (
        "SELECT string_agg(leaf, '' ORDER BY position) FROM ledger.events WHERE position BETWEEN %s AND %s"
    )
    head = await _one(connection, "SELECT max(position) FROM ledger.events")
    for first in range(1, head + 1, _AT_ONCE):
        cursor = await connection.execute(query, (first, first + _AT_ONCE - 1), binary=True)
        row = await cursor.fetchone()
        leaves: bytes = row[0] if row else b""
        yield [leaves[start : start + LEAF] for start in range(0, len(leaves), LEAF)]


async def _put_indexes_aside(connection: AsyncConnection[Any]) -> list[str]:
    """Drops what slows a load down, keys included; answers the statements that bring them back."""
    cursor = await connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'ledger.events'::regclass AND contype IN ('p', 'u')"
    )
    back = []
    for name, definition in await cursor.fetchall():
        await connection.execute(f'ALTER TABLE ledger.events DROP CONSTRAINT "{name}"'.encode())
        back.append(f'ALTER TABLE ledger.events ADD CONSTRAINT "{name}" {definition}')
    return back


async def _one(connection: AsyncConnection[Any], query: str) -> Any:
    cursor = await connection.execute(query.encode())
    row = await cursor.fetchone()
    if row is None:
        raise LookupError(query)
    return row[0]


def record_of(copy: int) -> str:
    """The id of a copied record (from 0), as the SQL above makes it."""
    return f"convention-{UUID(hashlib.md5(f'record {copy}'.encode(), usedforsecurity=False).hexdigest())}"
