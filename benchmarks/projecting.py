"""Read models: how fast they follow from nothing, and how soon a command can be read."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from statistics import median
from typing import Final

import psycopg

from benchmarks import conventions, library, ours, web
from benchmarks.figures import Figure, Result, number, ratio, spread
from benchmarks.load import LOOPBACK
from benchmarks.rounds import Step
from benchmarks.stage import Stage, api, projector, together
from ops.compose import house
from ops.settings import Settings

ROUNDS: Final = 5


async def catch_up(stage: Stage) -> list[Result]:
    """All our read models, from the first event, live or rebuilt beside; the library's one view."""
    settings = await stage.database("catchup")
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(house(settings, "bench"))
        pool = await stack.enter_async_context(ours.views_pool(settings))
        await conventions.opened(parts)
        await conventions.lived(parts, stage.sized(20_000, 36) // conventions.EVENTS)
        events = await parts.recorder.head()
        views = ours.Views(parts, pool)
        histories = await _histories(settings, stage.sized(2_000, 36))
        count = await asyncio.to_thread(library.fill, settings.dsn_owner, histories)

        async def theirs(_: int) -> float:
            library.forget_position(settings.dsn_owner)
            return await asyncio.to_thread(library.catch_up_rate, settings.dsn_owner, count)

        async def followed(_: int) -> float:
            await views.clear()
            started = time.perf_counter()
            await views.projector().catch_up()
            return events / (time.perf_counter() - started)

        async def rebuilt(_: int) -> float:
            started = time.perf_counter()
            await views.projector().rebuild()
            return events / (time.perf_counter() - started)

        steps = {"library": theirs, "catch-up": followed, "rebuild": rebuilt}
        found = await stage.rounds(steps, ROUNDS)
    return [
        Figure(
            name,
            ratio(found[name], found["library"]),
            f"{number(median(found[name]))} contre {number(median(found['library']))} événements/s ; "
            f"{number(events)} événements des deux façons chez nous, {number(count)} pour la bibliothèque",
            limit="un seul processus projette : ses événements par seconde sont ceux d'un cœur",
        )
        for name in ("catch-up", "rebuild")
    ]


async def visible(stage: Stage) -> list[Result]:
    """From a command sent over HTTP to its reading with ``min_position``; API and projector apart."""
    settings = await stage.database("visible")
    async with house(settings, "bench") as parts:
        await conventions.opened(parts)
        client = await web.client_of(parts)
    count = stage.sized(40, 3)
    async with together(api(settings), projector(settings)):
        await _followed(settings)
        answered: list[float] = []
        with library.running(settings.dsn_owner) as runner:

            async def theirs(turn: int) -> float:
                facts = "x" * 600
                times = [await asyncio.to_thread(library.visible_after, runner, facts) for _ in range(count)]
                return median(times) * 1000

            async def ours_(turn: int) -> float:
                both, alone = await asyncio.to_thread(_read_back, settings.port, client, count)
                answered.append(alone)
                return both

            steps: dict[str, Step] = {"library": theirs, "ours": ours_}
            found = await stage.rounds(steps, ROUNDS)
    value = spread(found["ours"])
    before, after = median(answered), value.middle - median(answered)
    said = (
        f"{number(value.middle)} ms contre {number(median(found['library']))} ms, de l'envoi à la lecture : "
        f"{number(before)} ms jusqu'à la réponse de la commande, {number(after)} ms de là à la lecture"
    )
    limit = (
        f"deux requêtes l'une après l'autre, chacune par trois processus (API, PostgreSQL, projecteur) sur "
        f"{os.cpu_count()} cœurs ; la commande seule en prend {number(before)} ms"
    )
    return [Figure("visible", value, said, limit=limit)]


def _read_back(port: int, client: web.Client, count: int) -> tuple[float, float]:
    """Milliseconds, medians: a creation and then its reading, one after the other on one connection; and the
    creation alone.
    """
    connection = http.client.HTTPConnection(LOOPBACK, port)
    times, creations = [], []
    for _ in range(count):
        started = time.perf_counter()
        headers = {**client.headers(), "content-type": "application/json"}
        created = _asked(connection, "POST", "/v1/conventions", client.body, headers)
        creations.append(time.perf_counter() - started)
        address = f"/v1/conventions/{created['id']}?min_position={created['position']}"
        read = _asked(connection, "GET", address, b"", client.headers())
        times.append(time.perf_counter() - started)
        if read["id"] != created["id"]:
            raise LookupError(created["id"])
    connection.close()
    return median(times) * 1000, median(creations) * 1000


def _asked(
    connection: http.client.HTTPConnection, method: str, address: str, body: bytes, headers: dict[str, str]
) -> dict[str, str]:
    connection.request(method, address, body, headers)
    response = connection.getresponse()
    answer: dict[str, str] = json.loads(response.read())
    if response.status not in {200, 201}:
        raise LookupError(answer)
    return answer


async def _followed(settings: Settings) -> None:
    """Waits until the projector has come to the end: what is measured is one command, not its backlog."""
    async with await psycopg.AsyncConnection.connect(settings.dsn_owner, autocommit=True) as connection:
        while True:
            cursor = await connection.execute(
                "SELECT position >= (SELECT max(position) FROM ledger.events) FROM read.position"
            )
            row = await cursor.fetchone()
            if row and row[0]:
                return
            await asyncio.sleep(0.05)


async def _histories(settings: Settings, events: int) -> list[Sequence[str]]:
    """The same records for the library: of each event its bytes, up to so many events."""
    histories: dict[str, list[str]] = {}
    async with await psycopg.AsyncConnection.connect(settings.dsn_owner) as connection:
        cursor = await connection.execute(
            "SELECT record_id, state, metadata FROM ledger.events WHERE record_id LIKE 'convention-%%'"
            " ORDER BY record_id, version LIMIT %s",
            (events,),
        )
        async for record_id, state, metadata in cursor:
            histories.setdefault(record_id, []).append(library.facts_of(state, metadata))
    return list(histories.values())
