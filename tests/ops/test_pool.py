"""Connections that were used a moment ago are trusted, unless the server has hung up since."""

from __future__ import annotations

import psycopg
import pytest

from tests.conftest import Database

pytestmark = pytest.mark.stack
_END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE usename = 'mentorat_app' AND datname = %s"""


async def test_whoever_asks_right_after_the_server_hung_up_is_answered(database: Database) -> None:
    pool = database.app
    async with pool.connection() as used:
        await used.execute("SELECT 1")
        name = used.info.dbname
    async with await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
        ended = await (await owner.execute(_END, (name,))).fetchall()
        assert set(ended) == {(True,)}
        async with pool.connection() as connection:
            assert connection is not used
            assert await (await connection.execute("SELECT 1")).fetchone() == (1,)
