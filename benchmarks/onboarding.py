"""Ten thousand mentors in onboarding at once: what their processes weigh, and how soon they are all back
after Temporal has lost its database."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import Final

import psutil
from temporalio.client import Client

from benchmarks import candidates, ours
from benchmarks.figures import Figure, Result, number, spread
from benchmarks.stage import Refused, Stage, worker
from ops.compose import house
from ops.settings import Settings
from ops.stack.temporal import Temporal
from ops.working import DueDeadlines
from workflows.worker import connect

MENTORS: Final = 10_000
ROUNDS: Final = 3
"""Times that Temporal loses its database."""
WIDE: Final = 400
NARROW: Final = 7
"""Days: the usual horizon, and the one at national scale."""

_LOOK: Final = 0.5
"""Seconds between two looks at what waits, and at what it weighs."""
_STEADY: Final = 5.0
"""Seconds after which nothing more is expected to start."""
_PATIENCE: Final = 1_200.0
_WAITING: Final = "SELECT count(*) FROM timer_info_maps"
"""Temporal's own table: an open timer for each process that waits. Counting by its API says only which are
open, one by one whether they wait."""


async def onboarding(stage: Stage) -> list[Result]:
    """The first start; then Temporal is lost, again and again; then once more, with the narrow horizon."""
    settings = await stage.database("onboarding")
    count = stage.sized(MENTORS, 12)
    async with house(settings, "bench") as parts, ours.views_pool(settings) as pool:
        await candidates.applied(parts, settings, count)
        await ours.Views(parts, pool).projector().catch_up()
        due = DueDeadlines(parts.reader)
        now = await parts.executor.now()
        ahead, soon = [len(await due.due_before(now + timedelta(days=days))) for days in (WIDE, NARROW)]
    server = Temporal(settings.home / "temporal")
    async with _up(server):
        async with worker(_reached(settings, server, WIDE)) as pid:
            plant = _Plant(server, pid)
            await plant.until_waiting(ahead)
            rounds = [await plant.lost(ahead) for _ in range(stage.sized(ROUNDS, 1))]
        await _robbed(server)
        async with worker(_reached(settings, server, NARROW)) as pid:
            narrow = await _Plant(server, pid).until_waiting(soon)
            await asyncio.sleep(_STEADY)
            opened = await _opened(server)
    return [_weight(count, rounds), _time(count, rounds), _horizon(count, soon, opened, narrow)]


@dataclass
class _Round:
    """``seconds`` from the loss to the last process that waits again. Megabytes of resident memory at their
    highest, and processor time, by who took them."""

    seconds: float = 0.0
    worker: float = 0.0
    server: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)

    @property
    def weight(self) -> float:
        return self.worker + self.server

    def weighed(self, worker: float, server: float) -> None:
        if worker + server > self.weight:
            self.worker, self.server = worker, server


@dataclass
class _Plant:
    """A Temporal server and the worker's process."""

    server: Temporal
    worker: int

    async def lost(self, count: int) -> _Round:
        """Temporal loses its database: how long until so many processes wait again."""
        started = time.perf_counter()
        await _robbed(self.server)
        found = await self.until_waiting(count)
        found.seconds = time.perf_counter() - started
        return found

    async def until_waiting(self, count: int) -> _Round:
        """Weighs the two meanwhile. Raises ``Refused`` when it does not come to that."""
        found, started = _Round(), time.perf_counter()
        before = {"worker": _processor(self.worker), "Temporal": 0.0}
        while (waiting := _waiting(self.server)) < count:
            found.weighed(_megabytes(self.worker), _megabytes(self.server.pid))
            if time.perf_counter() - started > _PATIENCE:
                raise Refused(f"{waiting} / {count}")
            await asyncio.sleep(_LOOK)
        found.seconds = time.perf_counter() - started
        found.weighed(_megabytes(self.worker), _megabytes(self.server.pid))
        after = {"worker": _processor(self.worker), "Temporal": _processor(self.server.pid)}
        found.spent = {name: after[name] - before[name] for name in after}
        return found


@asynccontextmanager
async def _up(server: Temporal) -> AsyncIterator[None]:
    await asyncio.to_thread(server.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(server.__exit__)


async def _robbed(server: Temporal) -> None:
    """Stopped, its database deleted, started again: it remembers nothing."""
    await asyncio.to_thread(server.__exit__)
    server.database.unlink()
    await asyncio.to_thread(server.__enter__)


def _reached(settings: Settings, server: Temporal, days: int) -> Settings:
    return settings.model_copy(update={"temporal_address": server.address, "horizon_days": days})


def _waiting(server: Temporal) -> int:
    with closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True, timeout=30)) as connection:
        found: int = connection.execute(_WAITING).fetchone()[0]
    return found


async def _opened(server: Temporal) -> int:
    """How many runs are open, as Temporal says."""
    client: Client = await connect(server.address, "default")
    return (await client.count_workflows("ExecutionStatus = 'Running'")).count


def _megabytes(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 1e6


def _processor(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


# What is said -------------------------------------------------------------------------------


def _weight(count: int, rounds: list[_Round]) -> Figure:
    worker, server = (median(getattr(one, who) for one in rounds) for who in ("worker", "server"))
    said = (
        f"{number(count)} mentors, un processus ouvert chacun, horizon de {WIDE} jours ; au plus haut, "
        f"pendant la reconstruction : worker {number(worker)} Mo, serveur Temporal {number(server)} Mo"
    )
    limit = f"le worker pour {number(worker)} Mo, le serveur Temporal pour {number(server)} Mo"
    return Figure("onboarding-memory", spread([one.weight for one in rounds]), said, limit=limit)


def _time(count: int, rounds: list[_Round]) -> Figure:
    value = spread([one.seconds for one in rounds])
    said = f"{number(count / value.middle)} processus par seconde, de l'arrêt du serveur au dernier minuteur"
    each = {name: median(one.spent[name] / count * 1000 for one in rounds) for name in rounds[0].spent}
    busy = {name: median(one.spent[name] / one.seconds for one in rounds) for name in each}
    spent = ", ".join(f"{name} {number(each[name])} ms ({busy[name] * 100:.0f} %)" for name in each)
    limit = (
        f"le calcul, d'abord celui de « {max(busy, key=lambda name: busy[name])} », sur deux cœurs partagés"
    )
    told = f"calcul par processus (et part d'un cœur) : {spent}"
    return Figure("onboarding-rebuild", value, said, told, limit)


def _horizon(count: int, soon: int, opened: int, narrow: _Round) -> Figure:
    said = (
        f"{number(opened)} processus ouverts pour {number(soon)} mentors dont une échéance tombe dans les "
        f"{NARROW} jours, sur {number(count)} ; au plus haut : worker {number(narrow.worker)} Mo, serveur "
        f"{number(narrow.server)} Mo, {number(narrow.seconds)} s depuis un serveur vide"
    )
    return Figure("onboarding-horizon", spread([opened / soon]), said, limit="des processus sans échéance")
