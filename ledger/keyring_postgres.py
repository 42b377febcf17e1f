"""The keyring of an installation on servers: a PostgreSQL database of its own, best on a server of its own.

What its journal (WAL), standbys and backups mean for erasure: PostgreSQL writes the wrapped keys there too,
and keeps them after their rows have gone, for as long as segments and backups are kept. The table itself is
rewritten at once (``VACUUM FULL``: everybody else waits meanwhile; a dump under way would make it keep the
dead rows until the next time). What remains elsewhere is ciphertext under the master key, which is never in
this database: a rotation of the master key (``keyring_wrapped.rotate``), after which the older generation is
thrown away, closes that gap. Run one as often as the promise demands, for instance each month.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from ledger.keyring import KeyringLost
from ledger.keyring_wrapped import Rows, WrappedKeyring
from ledger.master import Master, MasterOutdated, generation_of

Connection = AsyncConnection[TupleRow]

_SCHEMA_LOCK: Final = 7_305_101
_MOST_CONNECTIONS: Final = 3  # one each for what is joined: reading, adding, destroying

_TABLES: Final[tuple[LiteralString, ...]] = (
    "CREATE SCHEMA IF NOT EXISTS keyring",
    'CREATE TABLE IF NOT EXISTS keyring.keys (subject text COLLATE "C" PRIMARY KEY, wrapped bytea)',
    "COMMENT ON COLUMN keyring.keys.wrapped IS 'NULL: destroyed, for ever.'",
    """CREATE TABLE IF NOT EXISTS keyring.rotation (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), least bigint NOT NULL)""",
    "INSERT INTO keyring.rotation (least) VALUES (0) ON CONFLICT DO NOTHING",
)
_DURABLE: Final = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
_FIND: Final = "SELECT subject, wrapped FROM keyring.keys WHERE subject = ANY(%s)"
_LEAST: Final = "SELECT least FROM keyring.rotation FOR SHARE"
_ADD: Final = """
INSERT INTO keyring.keys (subject, wrapped) SELECT * FROM unnest(%s::text[], %s::bytea[])
WHERE (SELECT least FROM keyring.rotation) <= %s
ON CONFLICT DO NOTHING"""
_REFUSE_BELOW: Final = "UPDATE keyring.rotation SET least = %s WHERE least <= %s RETURNING least"
_BURY: Final = """
INSERT INTO keyring.keys (subject, wrapped) SELECT unnest(%s::text[]), NULL
ON CONFLICT (subject) DO UPDATE SET wrapped = NULL WHERE keys.wrapped IS NOT NULL"""
_SAMPLES: Final = """
SELECT DISTINCT ON (substring(wrapped FOR 4)) subject, wrapped FROM keyring.keys
WHERE wrapped IS NOT NULL ORDER BY substring(wrapped FOR 4), subject"""
_PAGE: Final = """
SELECT subject, wrapped FROM keyring.keys WHERE subject > %s AND wrapped IS NOT NULL
ORDER BY subject LIMIT %s"""
_REPLACE: Final = """
UPDATE keyring.keys k SET wrapped = u.new
FROM unnest(%s::text[], %s::bytea[], %s::bytea[]) AS u (subject, old, new)
WHERE k.subject = u.subject AND k.wrapped = u.old"""


async def prepare(dsn: str) -> None:
    """Creates the schema ``keyring``, unless it is there: before a ledger seals anything, and never again.
    The role of ``dsn`` owns it, and uses it later."""
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
        for statement in _TABLES:
            await connection.execute(statement)


class PostgresKeyring(WrappedKeyring):
    """``Keyring`` in the schema ``keyring``, which ``prepare`` has made. Connects at its first use.

    Raises ``KeyringLost`` when the schema is not there.
    """

    def __init__(self, dsn: str, master: Master) -> None:
        super().__init__(master)
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=_MOST_CONNECTIONS,
            open=False,
            name="keyring",
            timeout=10.0,
            kwargs={"autocommit": True, "application_name": "mentorat keyring"},
            configure=_make_durable,
            check=AsyncConnectionPool.check_connection,
        )

    async def destroyed(self) -> frozenset[str]:
        rows = await self._all("SELECT subject FROM keyring.keys WHERE wrapped IS NULL")
        return frozenset(subject for (subject,) in rows)

    async def samples(self) -> Sequence[tuple[str, bytes]]:
        return await self._all(_SAMPLES)

    async def refuse_below(self, generation: int) -> None:
        if not await self._all(_REFUSE_BELOW, (generation, generation)):
            raise MasterOutdated(generation)

    async def page(self, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        return await self._all(_PAGE, (after, limit))

    async def replace(self, changes: Sequence[tuple[str, bytes, bytes]]) -> None:
        async with await self._connection() as connection:
            await connection.execute(_REPLACE, [list(column) for column in zip(*changes, strict=True)])

    async def scrub(self) -> None:
        async with await self._connection() as connection:
            await connection.execute("VACUUM (FULL) keyring.keys")

    async def close(self) -> None:
        await self._pool.close()

    def __repr__(self) -> str:
        return "PostgresKeyring()"

    async def _find(self, subjects: Sequence[str]) -> Rows:
        return dict(await self._all(_FIND, (list(subjects),)))

    async def _add(self, rows: Sequence[tuple[str, bytes]]) -> Rows:
        """Each statement sees what was committed before it: the last one, also what another has added first.

        In the order of subjects, so that two processes never wait for each other in a circle.
        """
        generation = min(generation_of(wrapped) for _, wrapped in rows)
        subjects, wrapped = (list(column) for column in zip(*sorted(rows), strict=True))
        async with await self._connection() as connection:
            async with connection.pipeline(), connection.transaction():
                allowed = await connection.execute(_LEAST)
                await connection.execute(_ADD, (subjects, wrapped, generation))
                found = await connection.execute(_FIND, (subjects,))
            ((least,),) = await allowed.fetchall()
            if generation < least:
                raise MasterOutdated(generation)
            return dict(await found.fetchall())

    async def _bury(self, subjects: Sequence[str]) -> None:
        async with await self._connection() as connection:
            await connection.execute(_BURY, (sorted(set(subjects)),))
        await self.scrub()

    async def _all(self, statement: LiteralString, values: Sequence[object] = ()) -> list[Any]:
        async with await self._connection() as connection:
            try:
                rows: list[Any] = await (await connection.execute(statement, values)).fetchall()
            except psycopg.errors.UndefinedTable as empty:
                raise KeyringLost(
                    "La base du trousseau (MENTORAT_DSN_KEYRING) est vide : remettez-y le trousseau. Rien "
                    "n'est créé à sa place."
                ) from empty
            return rows

    async def _connection(self) -> AbstractAsyncContextManager[Connection]:
        if self._pool.closed:
            await self._pool.open()
        return self._pool.connection()


async def _make_durable(connection: Connection) -> None:
    await connection.execute(_DURABLE)
