"""What size costs: a proof among ten million, the full check, commands and readings in a large store."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Final
from uuid import uuid4

from psycopg import AsyncConnection

from benchmarks import bulk, conventions, load, ours, web
from benchmarks.figures import Figure, Result, number, ratio, spread
from benchmarks.rounds import Spent, Step, told
from benchmarks.stage import Stage, api, together
from domain.ports import Request
from ops.compose import House, house
from ops.settings import Settings

MODEL: Final = "convention-modele"
SMALL: Final = 10_000
LARGE: Final = 5_000_000
LEAVES: Final = 10_000_000
CHECKED: Final = 300_000
PROOFS: Final = 200
"""Proofs of one round, one after the other."""
CALLERS: Final = 64
SECONDS: Final = 2.0
"""A round of commands, or of readings, lasts no longer."""
_SCATTERED: Final = "lectures et écritures dispersées dans de plus grandes tables"
_SHOWN: Final = """
INSERT INTO read.conventions ({columns})
SELECT {values} FROM read.conventions m, generate_series(0, %s - 1) AS copy
WHERE m.id = %s ON CONFLICT DO NOTHING"""


async def proof(stage: Stage) -> list[Result]:
    """Proofs of events taken at random, each checked against the root once."""
    settings = await _modelled(stage, "proof")
    size = stage.sized(LEAVES, 3_000)
    await bulk.multiply(settings.dsn_owner, MODEL, size, slim=True)
    async with await AsyncConnection.connect(settings.dsn_app, autocommit=True) as connection:
        cursor = await connection.execute("SELECT size FROM ledger.tree")
        size = (await cursor.fetchone() or [0])[0]
        sizes: list[float] = []

        async def prove(turn: int) -> float:
            chosen = random.Random(turn).choices(range(1, size + 1), k=stage.sized(PROOFS, 5))
            times = []
            for position in chosen:
                started = time.perf_counter()
                found = await ours.prove(connection, position, size)
                times.append(time.perf_counter() - started)
                sizes.append(_bytes(found))
            await ours.check_proof(connection, position, found)
            return median(times) * 1000

        found = await stage.rounds({"proof": prove})
    said = f"{number(size)} feuilles, événements pris au hasard, une connexion, l'un après l'autre"
    return [
        Figure("proof-time", spread(found["proof"]), said, limit="la lecture des feuilles et leur hachage"),
        Figure("proof-size", spread([one / 1000 for one in sizes]), "en JSON, comme une preuve l'écrit"),
    ]


async def check(stage: Stage) -> list[Result]:
    """Everything recomputed and held against a signed checkpoint; the same rows, only read."""
    settings = await _modelled(stage, "check")
    await bulk.multiply(settings.dsn_owner, MODEL, stage.sized(CHECKED, 3_000))
    await ours.publish(settings)
    spent = Spent({"vérification": os.getpid(), "PostgreSQL": stage.postgres.pid})
    async with await AsyncConnection.connect(settings.dsn_owner, autocommit=True) as connection:
        cursor = await connection.execute("SELECT count(*) FROM ledger.events")
        events = (await cursor.fetchone() or [0])[0]

        async def copied(_: int) -> float:
            started, size = time.perf_counter(), 0
            query = "COPY ledger.events TO STDOUT (FORMAT binary)"
            async with connection.cursor() as reading, reading.copy(query) as copy:
                async for block in copy:
                    size += len(block)
            return time.perf_counter() - started

        async def checked(_: int) -> float:
            started = time.perf_counter()
            with spent.over() as work:
                await ours.check_everything(connection, settings)
                work.count = events
            return time.perf_counter() - started

        found = await stage.rounds({"copy": copied, "check": checked}, 5)
    said = (
        f"{number(events / median(found['check']))} événements/s contre "
        f"{number(events / median(found['copy']))}, sur {number(events)} événements"
    )
    return [Figure("check", ratio(found["check"], found["copy"]), said, told(spent), spent.limit)]


async def growth(stage: Stage) -> list[Result]:
    """The same commands and the same readings, on two stores that differ by their size alone."""
    async with AsyncExitStack() as stack:
        small = await stack.enter_async_context(_grown(stage, "small", stage.sized(SMALL, 1_000)))
        large = await stack.enter_async_context(_grown(stage, "large", stage.sized(LARGE, 3_000)))
        await stack.enter_async_context(together(api(small.settings), api(large.settings)))
        steps: dict[str, Step] = {
            "small append": small.commands,
            "large append": large.commands,
            "small status": small.readings,
            "large status": large.readings,
        }
        found = await stage.rounds(steps, 11)
        ended = [await store.parts.recorder.head() for store in (small, large)]
    results: list[Result] = []
    for kind, unit in (("append", "commandes/s"), ("status", "lectures/s")):
        slow, quick = found[f"large {kind}"], found[f"small {kind}"]
        said = (
            f"{number(median(slow))} contre {number(median(quick))} {unit}, {CALLERS} à la fois ; "
            f"{number(large.events)} à {number(ended[1])} événements contre {number(small.events)} à "
            f"{number(ended[0])}, conventions prises au hasard parmi {number(large.copies)} et "
            f"{number(small.copies)} (sans champ personnel)"
        )
        results.append(Figure(f"growth-{kind}", ratio(quick, slow), said, limit=_SCATTERED))
    return results


@dataclass
class _Store:
    """A ledger of some size with its API."""

    stage: Stage
    settings: Settings
    parts: House
    client: web.Client
    copies: int
    events: int

    async def commands(self, turn: int) -> float:
        """Commands a second: a convention taken at random is loaded, a new one is drafted and sealed. Few of
        them: the small store must stay small.
        """
        chosen = random.Random(turn)
        count = self.stage.sized(10 * CALLERS, CALLERS)
        waiting = deque(bulk.record_of(chosen.randrange(self.copies)) for _ in range(count))
        started = time.perf_counter()
        await asyncio.gather(*(self._call(waiting) for _ in range(CALLERS)))
        return count / (time.perf_counter() - started)

    async def _call(self, waiting: deque[str]) -> None:
        while waiting:
            await self.parts.feed.of([waiting.popleft()])
            command = conventions.draft(f"convention-{uuid4()}")
            await self.parts.executor.execute(Request(command, conventions.LYON, command.record_id))

    async def readings(self, turn: int) -> float:
        """Readings a second over HTTP, each of a convention taken at random."""
        chosen = random.Random(turn)
        ids = [bulk.record_of(chosen.randrange(self.copies)) for _ in range(self.stage.sized(6_000, 128))]
        requests = [load.request("GET", f"/v1/conventions/{i}", self.client.headers()) for i in ids]
        return (await load.offered(self.settings.port, requests, seconds=SECONDS)).rate


@asynccontextmanager
async def _grown(stage: Stage, name: str, events: int) -> AsyncIterator[_Store]:
    settings = await _modelled(stage, name)
    copies = await bulk.multiply(settings.dsn_owner, MODEL, events)
    async with await AsyncConnection.connect(settings.dsn_owner, autocommit=True) as connection:
        await _show(connection, copies)
    async with house(settings, name) as parts:
        events = await parts.recorder.head()
        yield _Store(stage, settings, parts, await web.client_of(parts), copies, events)


async def _modelled(stage: Stage, name: str) -> Settings:
    """A ledger with one convention lived through, and its read models."""
    settings = await stage.database(name)
    async with house(settings, name) as parts, ours.views_pool(settings) as pool:
        await conventions.opened(parts)
        await conventions.live(parts, MODEL)
        await ours.Views(parts, pool).projector().catch_up()
    return settings


async def _show(connection: AsyncConnection[Any], copies: int) -> None:
    """The register's row of each copy, under the copy's id, without the names: there is no key to them."""
    cursor = await connection.execute("SELECT * FROM read.conventions LIMIT 0")
    names = [column.name for column in cursor.description or ()]
    new_id = "'convention-' || md5('record ' || copy)::uuid"
    nobody = "'announced_in', null, 'evidence_source', null"
    values = {
        "id": new_id,
        "shown": f"m.shown || jsonb_build_object('id', {new_id}, {nobody})",
        "persons": "'{}'::jsonb",
    }
    query = _SHOWN.format(columns=", ".join(names), values=", ".join(values.get(n, f"m.{n}") for n in names))
    await connection.execute(query.encode(), (copies, MODEL))
    await connection.execute("VACUUM (ANALYZE) read.conventions")
    await connection.execute("CHECKPOINT")


def _bytes(proof: Sequence[bytes]) -> int:
    return len(json.dumps([one.hex() for one in proof]))
