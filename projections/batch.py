"""What the projector hands to every read model, and what it asks of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from itertools import chain
from typing import Any, Final, LiteralString, NamedTuple, TypeVar

from psycopg import AsyncConnection, sql
from psycopg.pq import PipelineStatus
from psycopg.rows import TupleRow
from pydantic_core import to_json

from domain.authorization import UNCOUNTED, UNCOUNTING
from domain.awaiting import awaited
from domain.calendar import start_of
from domain.folding import Timeline
from domain.kernel import Due, Root
from domain.ports import Happened
from domain.programme.model import Programme
from projections.tracking import Tracked

LIVE: Final = "read"
NEXT: Final = "read_next"
_FAMILIAR: Final = 32
"""Values up to which an array is likely to come again, as the readers of a row do."""

R = TypeVar("R", bound=Root)
Connection = AsyncConnection[TupleRow]

_NONE: Final[Mapping[str, Any]] = {}


class Change(NamedTuple):
    """One event and what it did. ``record_id`` is the record under which it is shown: a refusal is shown
    under the record it concerns. ``facts`` are the event's own, ``reserved`` those that not every reader of
    the record is told, ``persons`` the sealed words of what is personal; ``dated``: the dated facts after it,
    ``corrected``: those it corrected; ``timeline``: the statuses of the record by what is known with it, when
    it changes any of them; ``rules_version``: the version of its programme's rules that the record then
    followed.
    """

    happened: Happened
    record_id: str
    facts: Mapping[str, Any]
    persons: Mapping[str, str]
    reserved: Mapping[str, Any] = _NONE
    status: str | None = None
    dated: Mapping[str, Any] = _NONE
    corrected: Mapping[str, Any] | None = None
    timeline: Timeline | None = None
    rules_version: int | None = None


@dataclass(frozen=True)
class Batch:
    """Events in order, and the last state of every record to write again, with all that it waits for.

    ``readers``: record → who may read its history; ``rescoped``: the records whose readers have changed;
    ``bare``: nothing protects the tables yet.
    """

    schema: str
    today: date
    changes: Sequence[Change]
    records: Mapping[str, Tracked]
    dues: Mapping[str, Sequence[Due]]
    programmes: Mapping[str, Programme]
    readers: Mapping[str, list[str]] = field(default_factory=dict)
    rescoped: Sequence[str] = ()
    bare: bool = False

    def somebody_awaited(self, record: Root) -> bool:
        """Whether a record waits for somebody on that day."""
        return bool(awaited(record, self.dues.get(record.id, ()), start_of(self.today)))

    def of(self, kind: type[R]) -> list[tuple[Tracked, R]]:
        """The records of one kind."""
        return [(t, t.record) for t in self.records.values() if isinstance(t.record, kind)]


@dataclass(frozen=True)
class Projection:
    """A read model: the SQL of its table, its handler, the SQL of the indexes that only readers use (made
    last by a rebuild). ``{schema}`` stands for the schema's name.
    """

    name: str
    ddl: LiteralString
    write: Callable[[Connection, Batch], Awaitable[None]]
    indexes: LiteralString = "SELECT"


@cache
def within(schema: str, statement: LiteralString, table: str = "") -> bytes:
    """The statement, for the tables of that schema, or for one of them (``{table}``)."""
    names = {"schema": sql.Identifier(schema), "table": sql.Identifier(table or schema)}
    return sql.SQL(statement).format(**names).as_bytes(None)


@dataclass(frozen=True)
class Table:
    """Where a read model writes: the columns, in the order in which a row gives them. A row takes the place
    of the one that has the same ``key`` (a column); without a key every row is new.
    """

    name: LiteralString
    columns: LiteralString
    key: LiteralString = ""


async def put(connection: Connection, batch: Batch, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Writes rows; what is JSON or an array comes as its text (``as_json``, ``as_array``).

    In a pipeline, where few rows are awaited by somebody, each is sent without waiting for an answer. Else
    they are copied, a tenth of the work: into the table while it is bare, later through one aside, for no
    ``COPY`` is let in where row level security binds the owner too.
    """
    given = iter(rows)
    first = next(given, None)
    if first is None:
        return
    statements = _statements(batch.schema, table)
    if connection.pgconn.pipeline_status == PipelineStatus.ON:
        for row in chain([first], given):
            await connection.execute(statements.add, row)
        return
    straight = batch.bare and not table.key
    if not straight:
        await connection.execute(statements.begin)
    copy_in = statements.fill if straight else statements.fill_aside
    async with connection.cursor() as cursor, cursor.copy(copy_in) as copy:
        for row in chain([first], given):
            await copy.write_row(row)
    if not straight:
        await connection.execute(statements.add_all)


async def rescope(connection: Connection, batch: Batch, statement: LiteralString) -> None:
    """Runs a statement that takes the records whose readers have changed, the readers of each, the topics of
    which one scope is not told, and that scope."""
    if batch.rescoped:
        readers = as_array(as_array(batch.readers[i]) for i in batch.rescoped)
        await connection.execute(
            within(batch.schema, statement),
            (as_array(batch.rescoped), readers, as_array(sorted(UNCOUNTED)), UNCOUNTING),
        )


def as_json(value: Any) -> str:
    """The text of a ``jsonb``."""
    return to_json(value).decode()


def as_array(values: Iterable[str]) -> str:
    """The text of a ``text[]``."""
    given = tuple(values)
    return _array(given) if len(given) <= _FAMILIAR else _array.__wrapped__(given)


@lru_cache(maxsize=1_024)
def _array(values: tuple[str, ...]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


@dataclass(frozen=True)
class _Statements:
    """``add``: one row of parameters; ``fill``: many; ``begin``, ``fill_aside``, ``add_all``: many through a
    table aside.
    """

    add: bytes
    fill: bytes
    begin: bytes
    fill_aside: bytes
    add_all: bytes


_BEGIN: Final = """
CREATE TEMPORARY TABLE IF NOT EXISTS {aside} ON COMMIT DELETE ROWS AS
SELECT {columns} FROM {table} WITH NO DATA"""


@cache
def _statements(schema: str, table: Table) -> _Statements:
    def written(statement: LiteralString) -> bytes:
        return sql.SQL(statement).format(**parts).as_bytes(None)

    names = table.columns.split(", ")
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name != table.key)
    parts = {
        "table": sql.Identifier(schema, table.name),
        "aside": sql.Identifier("pg_temp", table.name),
        "columns": sql.SQL(table.columns),
        "row": sql.SQL(", ".join(["%s"] * len(names))),
        "conflict": sql.SQL(f"ON CONFLICT ({table.key}) DO UPDATE SET {changes}" if table.key else ""),
    }
    return _Statements(
        add=written("INSERT INTO {table} ({columns}) VALUES ({row}) {conflict}"),
        fill=written("COPY {table} ({columns}) FROM STDIN"),
        begin=written(_BEGIN),
        fill_aside=written("COPY {aside} FROM STDIN"),
        add_all=written("INSERT INTO {table} ({columns}) TABLE {aside} {conflict}; TRUNCATE {aside}"),
    )
