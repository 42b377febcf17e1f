"""How the read models are read: within the reader's scopes, and no sooner than what it has just written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final, LiteralString, Self, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.errors import UndefinedFunction
from psycopg.rows import args_row, dict_row
from psycopg_pool import AsyncConnectionPool

CHANNEL: Final = "read"
RETRY: Final = 0.5
"""Seconds before listening again after the connection was lost."""

_SCOPED: Final = """
SELECT set_config('transaction_read_only', 'on', true), set_config('app.scopes', %s, true)"""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Behind(Exception):
    """The read models had not come to ``position`` in time, only to ``reached``."""

    def __init__(self, position: int, reached: int) -> None:
        super().__init__(f"read models at {reached}, not yet at {position}")
        self.position = position
        self.reached = reached


class Reader:
    """Read models for one process. ``async with`` it, so that whoever waits is woken and not polling."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._reached = 0
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stops listening. Waiting again starts it again."""
        listener, self._listener = self._listener, None
        while listener and not listener.done():
            # Python 3.11 may lose a cancellation that meets the end of a wait: asked until it is heard.
            listener.cancel()
            await asyncio.wait({listener}, timeout=0.2)

    @asynccontextmanager
    async def session(self, scopes: Iterable[str]) -> AsyncIterator[AsyncConnection[dict[str, Any]]]:
        """One read-only transaction that sees the rows of these scopes, and no other.

        Each statement sees what is committed when it begins: a rebuilt schema takes over in between.
        Raises ``ValueError`` for a scope with a line break: it would count as two.
        """
        held = _lines(scopes)
        async with self._pool.connection() as connection:
            former = connection.row_factory
            connection.row_factory = dict_row
            try:
                async with connection.transaction():
                    await connection.execute(_SCOPED, (held,))
                    yield connection
            finally:
                connection.row_factory = former

    async def one(
        self, shape: Callable[..., T], query: LiteralString, scopes: Iterable[str], *values: Any
    ) -> T | None:
        """The row of a function of the read models that is given the reader's scopes and holds itself to
        them: one round trip, where a session takes four. Raises ``ValueError`` as ``session`` does, and
        ``Behind`` while there is no such function.
        """
        held = _lines(scopes)
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=args_row(shape)) as cursor,
        ):
            try:
                await cursor.execute(query, (held, *values))
            except UndefinedFunction as absent:
                # Until the projector has rebuilt read models of a former shape.
                raise Behind(1, 0) from absent
            row: T | None = await cursor.fetchone()
        return row

    async def position(self) -> int:
        """The position up to which everything can be read."""
        async with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute("SELECT position FROM read.position")
            row = await cursor.fetchone()
        if row is None:
            raise LookupError("read.position has lost its row")
        return int(row["position"])

    async def wait_for(self, position: int, timeout: float = 5.0) -> None:  # noqa: ASYNC109
        """Returns once everything up to ``position`` can be read; ``Behind`` after ``timeout`` seconds."""
        if self._reached >= position:
            return
        woken = asyncio.get_running_loop().create_future()
        self._waiting[woken] = position
        try:
            self._start()
            async with asyncio.timeout(timeout):
                await woken
        except TimeoutError as late:
            self._advance(await self.position())
            if self._reached < position:
                raise Behind(position, self._reached) from late
        finally:
            del self._waiting[woken]

    def _start(self) -> None:
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen(), name="reader")

    def _advance(self, reached: int) -> None:
        self._reached = max(self._reached, reached)
        for woken, position in self._waiting.items():
            if position <= self._reached and not woken.done():
                woken.set_result(None)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except OperationalError as lost:
                log.warning("lost the connection that hears of new rows: %s", type(lost).__name__)
                await asyncio.sleep(RETRY)

    async def _hear(self) -> None:
        connection = await own_connection(self._pool)
        async with connection:
            await connection.execute(f'LISTEN "{CHANNEL}"')
            # Read after listening: what is written from now on is announced.
            self._advance(await self.position())
            async for notice in connection.notifies():
                self._advance(int(notice.payload))


def _lines(scopes: Iterable[str]) -> str:
    held = sorted(scopes)
    if any(not scope or "\n" in scope for scope in held):
        raise ValueError("a scope is one line")
    return "\n".join(held)


async def own_connection(pool: AsyncConnectionPool[Any]) -> AsyncConnection[Any]:
    """A connection beside the pool, to the same database, for as long as one wants: the pool stays whole."""
    if not isinstance(pool.conninfo, str):
        raise TypeError(type(pool.conninfo))
    return await AsyncConnection.connect(pool.conninfo, autocommit=True)
