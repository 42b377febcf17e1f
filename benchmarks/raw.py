"""The baseline of an append: psycopg alone, one row a transaction, a table of the same columns and keys."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.rows import TupleRow

from benchmarks import ours, tables

_SAMPLES: Final = 200


class Raw:
    """Connections in autocommit mode: one prepared statement is one transaction, in one round trip."""

    def __init__(self, cursors: Sequence[AsyncCursor[TupleRow]], names: Sequence[str]) -> None:
        self._cursors = cursors
        self._names = names
        self._samples: list[TupleRow] = []
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        values = sql.SQL(", ").join(sql.Placeholder() * len(names))
        statement = sql.SQL("INSERT INTO raw.events ({}) VALUES ({})").format(columns, values)
        self._insert = statement.as_bytes(None)

    @classmethod
    async def connected(cls, dsn: str, connections: int) -> Raw:
        opened = [await AsyncConnection.connect(dsn, autocommit=True) for _ in range(connections)]
        await opened[0].execute(tables.EVENTS)
        names = [name for name in await ours.columns(opened[0]) if name != "position"]
        return cls([connection.cursor() for connection in opened], names)

    async def close(self) -> None:
        for cursor in self._cursors:
            await cursor.connection.close()

    async def sample(self) -> None:
        """Takes the bytes that ours has stored, to store the same."""
        columns = sql.SQL(", ").join(map(sql.Identifier, self._names))
        query = sql.SQL("SELECT {} FROM ledger.events ORDER BY position DESC LIMIT %s").format(columns)
        await self._cursors[0].execute(query, (_SAMPLES,))
        self._samples = await self._cursors[0].fetchall()

    def rows(self, count: int) -> deque[tuple[Any, ...]]:
        """The same bytes under new ids."""
        made = []
        for number in range(count):
            row = dict(zip(self._names, self._samples[number % len(self._samples)], strict=True))
            made.append(tuple((row | {"event_id": uuid4(), "record_id": f"convention-{uuid4()}"}).values()))
        return deque(made)

    def named(self, row: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(self._names, row, strict=True))

    async def rate(
        self, rows: deque[tuple[Any, ...]], connections: int, seconds: float, *, explicit: bool = False
    ) -> tuple[int, float]:
        """How many rows in how many seconds; no longer than ``seconds``. ``explicit``: each in a transaction
        that is begun and committed, as psycopg does when nobody asks for autocommit: three round trips.
        """
        before, started = len(rows), time.perf_counter()
        drain = self._drain_explicit if explicit else self._drain
        cursors = self._cursors[:connections]
        await asyncio.gather(*(drain(cursor, rows, started + seconds) for cursor in cursors))
        return before - len(rows), time.perf_counter() - started

    async def _drain(
        self, cursor: AsyncCursor[TupleRow], rows: deque[tuple[Any, ...]], deadline: float
    ) -> None:
        while rows and time.perf_counter() < deadline:
            await cursor.execute(self._insert, rows.popleft(), prepare=True)

    async def _drain_explicit(
        self, cursor: AsyncCursor[TupleRow], rows: deque[tuple[Any, ...]], deadline: float
    ) -> None:
        while rows and time.perf_counter() < deadline:
            row = rows.popleft()
            async with cursor.connection.transaction():
                await cursor.execute(self._insert, row, prepare=True)
