"""Where everything is measured: one durable embedded PostgreSQL, its databases, the house's processes."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from benchmarks import ours
from benchmarks.rounds import Step, interleaved
from ops import database
from ops.settings import Settings
from ops.stack.children import tethered
from ops.stack.ports import answers, free_port
from ops.stack.postgres import Postgres

HOUSE: Final = Path(__file__).parents[1]
_PASSWORD: Final = "only for measuring"
_PATIENCE: Final = 30.0


class Refused(Exception):
    """A process of the measure did not start, or ended."""


@dataclass(frozen=True)
class Stage:
    """``quick``: as small as can be, to see that everything runs; the figures then mean nothing."""

    folder: Path
    postgres: Postgres
    quick: bool
    made: list[str] = field(default_factory=list)

    def sized(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    async def rounds(self, steps: Mapping[str, Step], full: int = 7) -> dict[str, list[float]]:
        """The baseline and ours alternately, ``full`` times each; just once to see that it runs."""
        return await interleaved(self.sized(full, 1), steps, warm=not self.quick)

    async def database(self, name: str) -> Settings:
        """A new database with the house's schemas, and the settings to work on it."""
        await database.create_database(self.postgres.dsn(), name)
        self.made.append(name)
        owner = self.postgres.dsn(name)
        await database.migrate(owner, app_password=_PASSWORD, projector_password=_PASSWORD)
        home = self.folder / name
        home.mkdir(exist_ok=True)
        settings = Settings(
            home=home,
            port=free_port(),
            dsn_owner=owner,
            dsn_app=database.as_role(owner, database.APP, _PASSWORD),
            dsn_projector=database.as_role(owner, database.PROJECTOR, _PASSWORD),
            pool_size=8,
        )
        await ours.prepare(settings)
        return settings

    async def clean(self) -> None:
        """Drops the databases of a measure: what it left must not disturb the next."""
        async with await psycopg.AsyncConnection.connect(self.postgres.dsn(), autocommit=True) as connection:
            while self.made:
                drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.made.pop()))
                await connection.execute(drop)


def environment(settings: Settings) -> dict[str, str]:
    """What a process of the house is given, as ``mentorat up`` does."""
    return {
        "MENTORAT_HOME": str(settings.home.absolute()),
        "MENTORAT_PORT": str(settings.port),
        "MENTORAT_POOL_SIZE": str(settings.pool_size),
        "MENTORAT_DSN_OWNER": settings.dsn_owner,
        "MENTORAT_DSN_APP": settings.dsn_app,
        "MENTORAT_DSN_PROJECTOR": settings.dsn_projector,
        "MENTORAT_TEMPORAL_ADDRESS": settings.temporal_address,
        "MENTORAT_HORIZON_DAYS": str(settings.horizon_days),
    }


@asynccontextmanager
async def process(
    folder: Path, *arguments: str, given: Mapping[str, str], port: int | None = None
) -> AsyncIterator[int]:
    """A Python process, from its first answer on ``port`` to our leaving, by any way; answers its pid."""
    log = folder / f"{arguments[-1]}.log"
    with log.open("ab") as output:
        child = await asyncio.create_subprocess_exec(
            *tethered([sys.executable, *arguments]),
            stdout=output,
            stderr=output,
            cwd=HOUSE,
            env={**os.environ, "PYTHONPATH": str(HOUSE), **given},
        )
    try:
        if port:
            await _answering(child, port, log)
        yield child.pid
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


def api(settings: Settings) -> AbstractAsyncContextManager[int]:
    """Our API, as ``mentorat serve api`` runs it."""
    return process(
        settings.home, "-m", "ops.cli", "serve", "api", given=environment(settings), port=settings.port
    )


def projector(settings: Settings) -> AbstractAsyncContextManager[int]:
    """Our projector, as ``mentorat serve projector`` runs it."""
    return process(settings.home, "-m", "ops.cli", "serve", "projector", given=environment(settings))


def worker(settings: Settings) -> AbstractAsyncContextManager[int]:
    """Our worker, as ``mentorat serve worker`` runs it."""
    return process(settings.home, "-m", "ops.cli", "serve", "worker", given=environment(settings))


@asynccontextmanager
async def together(*started: AbstractAsyncContextManager[int]) -> AsyncIterator[list[int]]:
    """Several processes at once; answers their pids."""
    async with AsyncExitStack() as stack:
        yield list(await asyncio.gather(*map(stack.enter_async_context, started)))


async def _answering(child: asyncio.subprocess.Process, port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not answers(port, timeout=0.2):
        if child.returncode is not None or time.monotonic() > deadline:
            raise Refused(await asyncio.to_thread(log.read_text))
        await asyncio.sleep(0.05)
