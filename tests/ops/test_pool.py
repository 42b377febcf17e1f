"""Connections that were used a moment ago are trusted, unless the server has hung up since; and the server
does not believe for long in those that say nothing."""

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


@pytest.mark.parametrize("role", ["app", "projector"])
async def test_a_process_whose_machine_is_gone_keeps_its_locks_for_half_a_minute(
    database: Database, role: str
) -> None:
    """The append lock is a session's, and so is the lead of the projector and of the relay."""
    settings = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
    async with getattr(database, role).connection() as connection:
        idle, interval, count, unanswered = [
            int((await (await connection.execute(f"SHOW {name}")).fetchone())[0]) for name in settings
        ]
    assert 0 < idle + interval * count <= 30
    assert 0 < unanswered <= 30_000
