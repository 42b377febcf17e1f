"""How the measures reach our own ledger: the only file that knows its classes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import AsyncConnection

from domain.convention.model import Convention
from domain.convention.parts import Capacity
from domain.kernel import event_id
from ledger import codec, merkle, proofs
from ledger.check import check
from ledger.events import NewEvent
from ledger.recorder import Append
from ledger.vault import EventVault
from ops import audit, database, keys
from ops.compose import House
from ops.settings import Settings
from projections import schema
from projections.projector import Projector

_METADATA: Final = json.dumps(
    {
        "actor": "5f2b8f0e6f5e4f7e",
        "command": "convention.name_signatory",
        "command_id": "5f2b8f0e6f5e4f7e:5f2b8f0e-6f5e-4f7e-9a39-0c6f3f9d8a10",
        "correlation": "4bf92f3577b34da6a3ce929d0e0e4736",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "role": "academie",
    },
    sort_keys=True,
)


async def append(parts: House, record_id: str, version: int) -> None:
    """One command of one event, from the domain's event to its commit: its record's key (a new one at its
    first event), encoded, encrypted, sealed.
    """
    new_id = event_id(f"{record_id}:{version}", 0)
    keys = await parts.keyring.ensure([record_id])
    vault = EventVault(new_id, record_id, (record_id,), keys)
    happened = Convention.SignatoryNamed(  # type: ignore[attr-defined]
        originator_id=record_id,
        originator_version=version,
        timestamp=datetime(2025, 1, 1, tzinfo=UTC),
        party="academie:10",
        name="Camille Exemple-Dupont",
        title="rectrice de l'académie de Lyon",
        capacity=Capacity.HEAD,
        delegation=None,
        delegation_until=None,
    )
    new = NewEvent(
        event_id=new_id,
        record_id=record_id,
        version=version,
        topic=codec.topic_of(type(happened)),
        state=codec.encode(happened, vault),
        metadata=_METADATA,
        effective=None,
        commitment=vault.commitment,
    )
    await parts.recorder.append(Append([new], {record_id: version - 1}))


class Views:
    """All the read models, by our projector, from nothing."""

    def __init__(self, parts: House, pool: database.Pool) -> None:
        self._parts = parts
        self._pool = pool

    def projector(self) -> Projector:
        return Projector(self._parts.feed, self._pool, self._parts.world, self._parts.recorder.now)

    async def clear(self) -> None:
        """Empty read models, as on the day of installation."""
        async with self._pool.connection() as connection:
            await connection.execute("DROP SCHEMA read CASCADE")
            await schema.create(connection, "read")


def views_pool(settings: Settings) -> database.Pool:
    return database.pool(settings.dsn_projector, most=4, name="projector")


async def prepare(settings: Settings) -> None:
    """What an installation needs besides its database: its keys."""
    await keys.prepare(settings)


async def prove(connection: AsyncConnection[Any], position: int, size: int) -> list[bytes]:
    """The proof that an event is in the tree of so many."""
    return await proofs.inclusion(connection, position, size)


async def check_proof(connection: AsyncConnection[Any], position: int, proof: list[bytes]) -> None:
    """Raises ``ValueError`` unless the proof leads from the stored leaf to the root of the stored tree."""
    cursor = await connection.execute("SELECT leaf FROM ledger.events WHERE position = %s", (position,))
    row = await cursor.fetchone()
    size, root = await audit.standing(connection)
    if row is None or not merkle.verify_inclusion(row[0], position - 1, size, proof, root):
        raise ValueError(position)


async def publish(settings: Settings) -> None:
    """A signed checkpoint of the present state, which the full check holds the store against."""
    async with database.pool(settings.dsn_owner, name="publish") as pool:
        await audit.publish(settings, pool)


async def check_everything(connection: AsyncConnection[Any], settings: Settings) -> None:
    """The full check. Raises ``ValueError`` when it finds anything wrong: the store is sound."""
    book = keys.book(settings)
    found = await check(connection, book.all(), book.openings())
    if found:
        raise ValueError(found[:3])


def extend_tree(
    size: int, edge: list[bytes], leaves: list[bytes]
) -> tuple[int, list[bytes], list[tuple[int, int, bytes]]]:
    """The tree with more leaves: its size, its edge, and the nodes to keep."""
    return merkle.append(size, edge, leaves)


async def columns(connection: AsyncConnection[Any]) -> list[str]:
    """The columns of a stored event, in order."""
    cursor = await connection.execute("SELECT * FROM ledger.events LIMIT 0")
    return [column.name for column in cursor.description or ()]
