"""What the projector hands to every read model, and what it asks of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Final, LiteralString, TypeVar

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from domain.folding import Timeline
from domain.kernel import Due, Root
from domain.ports import Happened
from domain.programme.model import Programme
from projections.tracking import Tracked

LIVE: Final = "read"
NEXT: Final = "read_next"
FEW: Final = 20
"""Rows up to which they are sent one by one, without waiting for an answer."""

R = TypeVar("R", bound=Root)
Connection = AsyncConnection[TupleRow]


@dataclass(frozen=True)
class Change:
    """One event and what it did. ``record_id`` is the record under which it is shown: a refusal is shown
    under the record it concerns. ``facts`` are the event's own, ``persons`` the sealed words of what is
    personal; ``dated``: the dated facts after it, ``corrected``: those it corrected; ``timeline``: the
    statuses of the record by what is known with it, when it changes any of them; ``rules_version``: the
    version of its programme's rules that the record then followed.
    """

    happened: Happened
    record_id: str
    facts: Mapping[str, Any]
    persons: Mapping[str, str]
    status: str | None = None
    dated: Mapping[str, Any] = field(default_factory=dict)
    corrected: Mapping[str, Any] | None = None
    timeline: Timeline | None = None
    rules_version: int | None = None


@dataclass(frozen=True)
class Batch:
    """Events in order, and the last state of every record to write again, with all that it waits for.

    ``readers``: record → who may read its history; ``rescoped``: the records whose readers have changed.
    """

    schema: str
    today: date
    changes: Sequence[Change]
    records: Mapping[str, Tracked]
    dues: Mapping[str, Sequence[Due]]
    programmes: Mapping[str, Programme]
    readers: Mapping[str, list[str]] = field(default_factory=dict)
    rescoped: Sequence[str] = ()

    def of(self, kind: type[R]) -> list[tuple[Tracked, R]]:
        """The records of one kind."""
        return [(t, t.record) for t in self.records.values() if isinstance(t.record, kind)]


@dataclass(frozen=True)
class Projection:
    """A read model: the SQL of its table, its handler. ``{schema}`` stands for the schema's name."""

    name: str
    ddl: LiteralString
    write: Callable[[Connection, Batch], Awaitable[None]]


@cache
def within(schema: str, statement: LiteralString, table: str = "") -> bytes:
    """The statement, for the tables of that schema, or for one of them (``{table}``)."""
    names = {"schema": sql.Identifier(schema), "table": sql.Identifier(table or schema)}
    return sql.SQL(statement).format(**names).as_bytes(None)


async def write_many(
    connection: Connection, batch: Batch, statement: LiteralString, rows: Sequence[Sequence[Any]]
) -> None:
    """Runs the statement once a row, within the caller's pipeline."""
    if len(rows) > FEW:
        async with connection.cursor() as cursor:
            await cursor.executemany(within(batch.schema, statement), rows)
        return
    # executemany waits for the server each time: with few rows, that would be most of the delay.
    for row in rows:
        await connection.execute(within(batch.schema, statement), row)
