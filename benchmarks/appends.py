"""Appends: ours encrypted and sealed, against one plain row a transaction; and the library's recorder."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from statistics import median
from typing import Final
from uuid import uuid4

from benchmarks import library, ours
from benchmarks.figures import Figure, Result, number, ratio
from benchmarks.raw import Raw
from benchmarks.rounds import Spent, told
from benchmarks.stage import Stage
from ops.compose import House, house

CALLERS: Final = 64
CONNECTIONS: Final = 8
SECONDS: Final = 1.5
"""A round lasts no longer."""
STREAM: Final = 8
"""Events of one record: the first one needs a new key."""


async def measure(stage: Stage) -> list[Result]:
    settings = await stage.database("appends")
    raw = await Raw.connected(settings.dsn_owner, CONNECTIONS)
    try:
        async with house(settings, "bench") as parts:
            await rate(parts, stage.sized(1_000, 160), CALLERS)
            await raw.sample()
            return [
                *await _against_raw(stage, parts, raw, "append-64", CALLERS, CONNECTIONS),
                *await _against_raw(stage, parts, raw, "append-1", 1, 1),
                await _library(stage, raw, settings.dsn_owner),
            ]
    finally:
        await raw.close()


async def rate(parts: House, most: int, callers: int) -> tuple[int, float]:
    """How many commands in how many seconds, by so many callers, each waiting for its answer."""
    streams = deque(f"convention-{uuid4()}" for _ in range(most // STREAM))
    started = time.perf_counter()
    done = await asyncio.gather(*(_call(parts, streams, started + SECONDS) for _ in range(callers)))
    return sum(done), time.perf_counter() - started


async def _call(parts: House, streams: deque[str], deadline: float) -> int:
    done = 0
    while streams:
        record_id = streams.popleft()
        for version in range(1, STREAM + 1):
            if time.perf_counter() > deadline:
                return done
            await ours.append(parts, record_id, version)
            done += 1
    return done


async def _against_raw(
    stage: Stage, parts: House, raw: Raw, name: str, callers: int, connections: int
) -> list[Result]:
    """Against the quickest way of psycopg, and against its ordinary one, in the same series."""
    most = stage.sized(12_000, 320)
    spent, plain = _spent(stage), _spent(stage)

    async def baseline(_: int) -> float:
        rows = raw.rows(most)
        with plain.over() as work:
            work.count, work.seconds = await raw.rate(rows, connections, SECONDS)
        return work.count / work.seconds

    async def ordinary(_: int) -> float:
        done, seconds = await raw.rate(raw.rows(most), connections, SECONDS, explicit=True)
        return done / seconds

    async def ours_(_: int) -> float:
        with spent.over() as work:
            work.count, work.seconds = await rate(parts, most, callers)
        return work.count / work.seconds

    found = await stage.rounds({"raw": baseline, "ours": ours_, "explicit": ordinary})
    ours_rates, explicit = found["ours"], found["explicit"]
    value = ratio(ours_rates, found["raw"])
    return [
        Figure(name, value, _said(ours_rates, found["raw"]), told(spent, plain), spent.limit),
        Figure(f"{name}-explicit", ratio(ours_rates, explicit), _said(ours_rates, explicit)),
    ]


async def _library(stage: Stage, raw: Raw, dsn: str) -> Result:
    count = stage.sized(1_000, 100)
    with library.recorder(dsn) as recorder:

        async def theirs(_: int) -> float:
            rows = [raw.named(row) for row in raw.rows(count)]
            bodies = [
                (row["topic"], library.facts_of(row["state"], row["metadata"]).encode()) for row in rows
            ]
            return await asyncio.to_thread(library.append_rate, recorder, bodies)

        async def baseline(_: int) -> float:
            done, seconds = await raw.rate(raw.rows(count), CONNECTIONS, SECONDS)
            return done / seconds

        found = await stage.rounds({"raw": baseline, "library": theirs})
    return Figure(
        "append-library", ratio(found["library"], found["raw"]), _said(found["library"], found["raw"])
    )


def _said(measured: list[float], baseline: list[float]) -> str:
    return f"{number(median(measured))} contre {number(median(baseline))} événements/s"


def _spent(stage: Stage) -> Spent:
    return Spent({"ce processus": os.getpid(), "PostgreSQL": stage.postgres.pid})
