"""The three processes of the house: API, worker (with relay and sweeper), projector.

Each imports what it needs and no more: they start together, on few cores.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from psycopg.errors import ReadOnlySqlTransaction

from ledger.keyring import KeyringLost
from ledger.master import MasterKeyInvalid, WrongMasterKey
from ledger.transaction import TreeBroken
from ops import backup, database
from ops.compose import House, house, ledger, world
from ops.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger("mentorat")

WITHOUT_KEYS: Final = (KeyringLost, MasterKeyInvalid, WrongMasterKey, sqlite3.OperationalError)
"""What says that keys cannot be had, or made, for now."""
_NO_KEYS: Final = "le trousseau ou la clé maîtresse ne peut être lu : remettez-les en place, puis redémarrez"
PATIENCE: Final = 15.0
"""Seconds that the read models may take to show what was recorded: more is a breakdown, not a burst."""


def serve(part: str, settings: Settings, fd: int | None = None) -> None:
    """Runs one process until SIGTERM or SIGINT. An error ends it loudly: the supervisor starts it again.
    ``fd``: a listening socket lent by it, on which the API serves instead of opening its own.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    runners: dict[str, Callable[[Settings], Awaitable[None]]] = {
        "api": partial(_serve_api, fd=fd),
        "worker": _serve_worker,
        "projector": _serve_projector,
    }
    uvloop_run(_served(runners[part], settings))
    logging.shutdown()
    # A Temporal client may crash while the interpreter winds down: everything is flushed, leave now.
    os._exit(0)


async def _served(runner: Callable[[Settings], Awaitable[None]], settings: Settings) -> None:
    await backup.refuse_unfinished(settings.dsn_app)
    await runner(settings)


def uvloop_run(work: Awaitable[None]) -> None:
    import uvloop

    uvloop.run(work)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def _stop_signal() -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    yield stop


async def _serve_projector(settings: Settings) -> None:
    from ledger.feed import LedgerFeed
    from projections.projector import Projector

    async with (
        _stop_signal() as stop,
        ledger(settings, "projector") as recorder,
        database.pool(settings.dsn_projector, most=4, name="projector") as pool,
    ):
        log.info("projector ready")
        await Projector(LedgerFeed(recorder), pool, world(), recorder.now).run(stop)


async def _serve_api(settings: Settings, fd: int | None) -> None:
    import uvicorn

    async with (
        house(settings, "api") as parts,
        database.pool(settings.dsn_app, most=2, name="readings") as readings,
    ):
        config = uvicorn.Config(
            api_of(parts, readings),
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=5,
        )
        lent = None if fd is None else [socket.socket(fileno=fd)]
        await uvicorn.Server(config).serve(lent)


def api_of(parts: House, readings: database.Pool) -> FastAPI:
    """The application over one house. The reading log has a pool of its own: whoever waits for it may hold a
    connection of the other one.
    """
    from api.app import create_app
    from api.tokens import TokenStore
    from ledger.readings import OpenedPersons, ReadingLog

    log = ReadingLog(readings)
    return create_app(
        commands=parts.executor,
        feed=parts.feed,
        reader=parts.reader,
        persons=OpenedPersons(parts.keyring, log),
        readings=log,
        documents=parts.documents,
        erasures=parts.erasures,
        tokens=TokenStore(parts.pool),
        probes={"registre": Ledger(parts), "trousseau": Keys(parts), "vues": Views(parts)},
        out_of_order={
            TreeBroken: database.NOT_WHOLE,
            ReadOnlySqlTransaction: database.NOT_WRITABLE,
            **dict.fromkeys(WITHOUT_KEYS, _NO_KEYS),
        },
        version=version("mentorat"),
    )


@dataclass
class Ledger:
    """Whether the ledger answers, is written to, and its tree ends where its events do: nothing is recorded
    otherwise."""

    parts: House

    async def __call__(self) -> str | None:
        async with self.parts.pool.connection() as connection:
            return await database.not_recording(connection)


@dataclass
class Keys:
    """Whether the keyring answers."""

    parts: House

    async def __call__(self) -> str | None:
        try:
            await self.parts.keyring.buried(["readyz"])
        except WITHOUT_KEYS:
            return _NO_KEYS
        return None


@dataclass
class Views:
    """Whether the read models are fit to be read: caught up once, then never stuck behind for long."""

    parts: House
    caught_up: bool = False
    wanted: int = 0
    since: float = 0.0

    async def __call__(self) -> str | None:
        head, reached = await self.parts.recorder.head(), await self.parts.reader.position()
        if reached >= self.wanted:
            # What was recorded by the last look has become visible: the watch begins anew.
            self.wanted, self.since = head, time.monotonic()
        self.caught_up = self.caught_up or reached >= head
        late = time.monotonic() - self.since > PATIENCE
        return f"{head - reached} événements de retard" if late or not self.caught_up else None


async def _serve_worker(settings: Settings) -> None:
    from ops import housekeeping
    from ops.working import worker_parts
    from workflows import worker

    async with _stop_signal() as stop, house(settings, "worker") as parts:
        log.info("worker ready, horizon %s", timedelta(days=settings.horizon_days))
        async with housekeeping.kept(parts):
            await worker.run(worker_parts(parts), stop)
