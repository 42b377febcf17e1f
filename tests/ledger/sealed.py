"""A sealed store with a past, published at several sizes, for tests that harm it or take evidence of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import AsyncConnection

from ledger import proofs
from ledger.checkpoint import Checkpoint, CheckpointBook, new_signer
from ledger.events import NewEvent
from ledger.postgres import PostgresRecorder
from ledger.recorder import Append

AT: Final = datetime(2026, 1, 5, 10, tzinfo=UTC)


@dataclass
class Publisher:
    """Signs what the store holds, as `mentorat audit checkpoint` does."""

    folder: Path

    def __post_init__(self) -> None:
        self.signer = new_signer(Ed25519PrivateKey.generate())
        self.book = CheckpointBook(self.folder, [self.signer.verifier])

    async def publish(self, connection: AsyncConnection[Any]) -> Checkpoint:
        size = await _size(connection)
        root = await proofs.root_at(connection, size)
        prove = partial(proofs.consistency, connection)
        return await self.book.publish(self.signer, size, root, AT, prove)

    async def open_epoch(self, connection: AsyncConnection[Any]) -> None:
        size = await _size(connection)
        root = await proofs.root_at(connection, size)
        prove = partial(proofs.consistency, connection)
        await self.book.open_epoch(self.signer, size, root, AT, "sauvegarde restaurée", prove)


async def fill(recorder: PostgresRecorder, count: int, rng: random.Random, records: int = 30) -> None:
    """So many events more, one a command, each different from every other."""
    head = await recorder.head()
    versions: dict[str, int] = {}
    for one in await recorder.after(0, head):
        versions[one.record_id] = one.version
    appends = []
    for _ in range(count):
        record_id = f"thing-{rng.randrange(records)}"
        versions[record_id] = versions.get(record_id, 0) + 1
        appends.append(
            Append([new(record_id, versions[record_id], rng)], {record_id: versions[record_id] - 1})
        )
    for i in range(0, count, 500):
        await asyncio.gather(*map(recorder.append, appends[i : i + 500]))


def new(record_id: str, version: int, rng: random.Random) -> NewEvent:
    return NewEvent(
        uuid4(),
        record_id,
        version,
        rng.choice(("thing.Happened@1", "thing.Signed@1")),
        f'{{"é": "{rng.randbytes(4).hex()}"}}',
        f'{{"actor": "{rng.randbytes(4).hex()}"}}',
        None,
        rng.choice((None, rng.randbytes(32))),
        rng.choice((None, rng.randbytes(32))),
    )


async def grow(
    recorder: PostgresRecorder,
    connection: AsyncConnection[Any],
    publisher: Publisher,
    sizes: Sequence[int],
    rng: random.Random,
) -> None:
    """Grows to each size in turn and publishes it."""
    for size in sizes:
        await fill(recorder, size - await recorder.head(), rng)
        await publisher.publish(connection)


async def _size(connection: AsyncConnection[Any]) -> int:
    found = await connection.execute("SELECT size FROM ledger.tree")
    row = await found.fetchone()
    assert row
    return int(row[0])
