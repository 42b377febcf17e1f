"""Prepares the database: its roles, its schemas, and the pools through which each part may act.

`mentorat_app` reads and adds events, commands' claims and tokens; `mentorat_projector` writes the read
models. Neither owns the ledger. Only the owner's DSN, used here and nowhere else, may change a schema.
"""

from __future__ import annotations

import hashlib
import select
import time
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from ledger.transaction import LOCK_TIMEOUT
from projections import schema as read_models

Connection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]

APP: Final = "mentorat_app"
PROJECTOR: Final = "mentorat_projector"
ROOMS: Final = ("ledger", "api", "workflows")
_RECORDING: Final = """
SELECT current_setting('transaction_read_only') = 'off',
    (SELECT coalesce(max(position), 0) FROM ledger.events)
    IS NOT DISTINCT FROM (SELECT size FROM ledger.tree)"""
NOT_WHOLE: Final = "l'arbre de scellement ne finit pas où finissent les événements : rien ne s'enregistre"
NOT_WRITABLE: Final = "la base de données ne s'écrit pas (lecture seule) : rien ne s'enregistre"
_HOUSE: Final = Path(__file__).parents[1]
_MIGRATION_LOCK: Final = 7_305_000
_SILENCE: Final = {
    "tcp_keepalives_idle": "10s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30s",
}
"""After half a minute of silence the server ends a session, and its locks with it."""
TRUSTED: Final = 1.0
"""Seconds during which a pooled connection is taken to be alive."""
_HEARD: Final[WeakKeyDictionary[Connection, float]] = WeakKeyDictionary()


class MigrationChanged(Exception):
    """A migration that has already been applied reads differently now: a French sentence."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Cette base a été préparée par une autre version (« {name} » a changé), et rien n'y est touché. "
            "Rouvrez-la avec la version qui l'a faite, ou partez d'un autre dossier (MENTORAT_HOME) "
            "ou d'une autre base."
        )
        self.name = name


async def not_recording(connection: Connection) -> str | None:
    """Why nothing can be recorded, in French, ``None`` when all is well: one of the two sentences above."""
    writable, whole = await (await connection.execute(_RECORDING)).fetchone() or (True, False)
    return (None if whole else NOT_WHOLE) if writable else NOT_WRITABLE


async def create_database(admin_dsn: str, name: str) -> None:
    """Creates an empty database, unless it exists."""
    async with await _connect(admin_dsn) as connection:
        found = await connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
        if await found.fetchone() is None:
            await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


async def migrate(owner_dsn: str, *, app_password: str, projector_password: str) -> list[str]:
    """Brings roles and schemas up to date; answers the names of the migrations applied now.

    Raises ``MigrationChanged`` when a file was edited after it was applied.
    """
    async with await _connect(owner_dsn) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        await _ensure_role(connection, APP, app_password)
        await _ensure_role(connection, PROJECTOR, projector_password)
        await _bound_waiting(connection)
        await _grant_creation(connection)
        applied = await _apply_files(connection)
    async with await _connect(as_role(owner_dsn, PROJECTOR, projector_password)) as connection:
        found = await connection.execute("SELECT to_regnamespace('read') IS NOT NULL")
        row = await found.fetchone()
        if row and not row[0]:
            await read_models.create(connection, "read")
            applied.append("read models")
    return applied


async def begin_at(owner_dsn: str, begins: datetime) -> None:
    """Sets domain time on a ledger that is still empty; afterwards it only moves forward."""
    async with await _connect(owner_dsn) as connection:
        await connection.execute(
            "UPDATE ledger.clock SET shift = %s - clock_timestamp()"
            " WHERE NOT EXISTS (SELECT FROM ledger.events)",
            (begins,),
        )


async def freeze_clock(owner_dsn: str) -> None:
    """In production domain time is the server's, whatever anybody's settings say later.

    Raises psycopg's ``CheckViolation`` on a database whose clock was moved: it is no production database.
    """
    async with await _connect(owner_dsn) as connection:
        await connection.execute("UPDATE ledger.clock SET frozen = true WHERE NOT frozen")


def pool(dsn: str, *, most: int = 8, name: str = "") -> Pool:
    """A pool in autocommit mode: who wants a transaction opens one."""
    return AsyncConnectionPool(
        dsn,
        min_size=1,
        max_size=most,
        open=False,
        name=name or None,
        timeout=10.0,
        kwargs={"autocommit": True, "application_name": f"mentorat {name}".strip()},
        check=_alive,
    )


async def _alive(connection: Connection) -> None:
    """Asks the server, unless it answered on this connection a moment ago: under load, asking each time would
    be one round trip in three. Raises psycopg's ``OperationalError``."""
    now = time.monotonic()
    if now - _HEARD.get(connection, float("-inf")) > TRUSTED or _has_news(connection):
        await AsyncConnectionPool.check_connection(connection)
    _HEARD[connection] = now


def _has_news(connection: Connection) -> bool:
    """Whether something came that nobody asked for: most often that the server is gone."""
    news = select.poll()
    news.register(connection.fileno(), select.POLLIN)
    return bool(news.poll(0))


def as_role(dsn: str, role: str, password: str) -> str:
    """The same server and database, as another role."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{host}"))


def password_of(dsn: str) -> str:
    """The password in a DSN written as a URL, empty when it has none."""
    return unquote(urlsplit(dsn).password or "")


async def _connect(dsn: str) -> Connection:
    return await psycopg.AsyncConnection.connect(dsn, autocommit=True)


async def _ensure_role(connection: Connection, role: str, password: str) -> None:
    found = await connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,))
    verb = "CREATE" if await found.fetchone() is None else "ALTER"
    named = sql.SQL(" ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
    await connection.execute(sql.SQL(verb) + named)


async def _bound_waiting(connection: Connection) -> None:
    """Whatever holds a lock that a command needs, its caller is told to come back, not kept waiting. And a
    process whose machine is gone holds none: the server would believe in it for two hours.
    """
    statement = sql.SQL("ALTER ROLE {} SET {} = {}")
    for role, bounds in {APP: {"lock_timeout": LOCK_TIMEOUT} | _SILENCE, PROJECTOR: _SILENCE}.items():
        for name, value in bounds.items():
            words = sql.Identifier(role), sql.Identifier(name), sql.Literal(value)
            await connection.execute(statement.format(*words))


async def _grant_creation(connection: Connection) -> None:
    found = await connection.execute("SELECT current_database()")
    row = await found.fetchone()
    name = row[0] if row else ""
    await connection.execute(
        sql.SQL("GRANT CREATE, TEMPORARY ON DATABASE {} TO {}").format(
            sql.Identifier(name), sql.Identifier(PROJECTOR)
        )
    )


async def _apply_files(connection: Connection) -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS public.migrations"
        " (name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    found = await connection.execute("SELECT name, digest FROM public.migrations")
    done: dict[str, str] = dict(await found.fetchall())
    applied = []
    for room in ROOMS:
        for path in sorted((_HOUSE / room / "schema").glob("*.sql")):
            name, text = f"{room}/{path.name}", path.read_text()
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in done:
                if done[name] != digest:
                    raise MigrationChanged(name)
                continue
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute("INSERT INTO public.migrations VALUES (%s, %s)", (name, digest))
            applied.append(name)
    return applied
