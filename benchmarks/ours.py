"""How the measures reach our own ledger: the only file that knows its classes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import AsyncConnection

from domain.convention.model import Convention
from domain.convention.parts import Capacity
from domain.kernel import event_id
from ledger import codec
from ledger.events import NewEvent
from ledger.recorder import Append
from ops import database
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
    """One command of one event, from the domain's event to its commit: encoded, encrypted, sealed."""
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
        event_id=event_id(f"{record_id}:{version}", 0),
        record_id=record_id,
        version=version,
        topic=codec.topic_of(type(happened)),
        state=codec.encode(happened),
        metadata=_METADATA,
        effective=None,
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


async def columns(connection: AsyncConnection[Any]) -> list[str]:
    """The columns of a stored event, in order."""
    cursor = await connection.execute("SELECT * FROM ledger.events LIMIT 0")
    return [column.name for column in cursor.description or ()]
