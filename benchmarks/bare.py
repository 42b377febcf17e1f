"""The HTTP baseline: the least FastAPI can do, an INSERT and COMMIT, or a SELECT by primary key.

``python -m benchmarks.bare`` serves it like our API: same server, same loop, same pool of 8 connections. A
command stores the bytes that ours stores for the same request, and validates nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

import psycopg
import uvicorn
import uvloop
from fastapi import FastAPI, Request
from fastapi.responses import Response
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from ops.stack.ports import LOOPBACK

DSN: Final = "BENCH_DSN"
PORT: Final = "BENCH_PORT"
TOPICS: Final = "BENCH_TOPICS"
CONNECTIONS: Final = 8


class Sample:
    """The statement and the bytes of one kind of event, as ours has stored it."""

    def __init__(self, names: list[str], values: dict[str, Any]) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        places = sql.SQL(", ").join(sql.Placeholder() * len(names))
        statement = sql.SQL("INSERT INTO raw.events ({}) VALUES ({}) RETURNING position")
        self.statement = statement.format(columns, places).as_bytes(None)
        self._values = values

    def row(self) -> list[Any]:
        event_id = uuid4()
        return list((self._values | {"event_id": event_id, "record_id": f"convention-{event_id}"}).values())


def samples(dsn: str, topics: list[str]) -> list[Sample]:
    """One stored event of each topic."""
    found = []
    with psycopg.connect(dsn) as connection:
        for topic in topics:
            cursor = connection.execute(
                "SELECT * FROM ledger.events WHERE topic = %s ORDER BY position DESC LIMIT 1", (topic,)
            )
            row = cursor.fetchone()
            if row is None:
                raise LookupError(topic)
            names = [column.name for column in cursor.description or ()]
            values = dict(zip(names, row, strict=True))
            del values["position"]
            found.append(Sample(list(values), values))
    return found


def create_app(dsn: str, topics: list[str]) -> FastAPI:
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        dsn, min_size=CONNECTIONS, max_size=CONNECTIONS, open=False, kwargs={"autocommit": True}
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan, docs_url=None, openapi_url=None)

    def inserting(sample: Sample) -> Callable[[Request], Awaitable[dict[str, int]]]:
        async def insert(request: Request) -> dict[str, int]:
            await request.body()
            async with pool.connection() as connection:
                cursor = await connection.execute(sample.statement, sample.row(), prepare=True)
                row = await cursor.fetchone()
            return {"position": row[0]}

        return insert

    for number, sample in enumerate(samples(dsn, topics)):
        app.post(f"/{number}")(inserting(sample))

    @app.get("/conventions/{convention_id}")
    async def read(convention_id: str) -> Response:
        async with pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT shown FROM raw.conventions WHERE id = %s", (convention_id,), prepare=True
            )
            row = await cursor.fetchone()
        return Response(row[0], media_type="application/json")

    return app


async def _serve() -> None:
    app = create_app(os.environ[DSN], json.loads(os.environ[TOPICS]))
    config = uvicorn.Config(
        app,
        host=LOOPBACK,
        port=int(os.environ[PORT]),
        access_log=False,
        log_config=None,
        server_header=False,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(_serve())
