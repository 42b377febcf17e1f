"""What an operator holds: the ids of its records, all of one position; and what was refused about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from projections.paging import select

# One statement, hence one instant: rows and position are written in one transaction.
_HELD: Final = """
SELECT position,
    ARRAY(SELECT id FROM read.mentors WHERE association = %(id)s ORDER BY created_at, id) AS mentors,
    ARRAY(SELECT id FROM read.trainings WHERE association = %(id)s ORDER BY starts_at, id) AS trainings,
    ARRAY(SELECT id FROM read.conventions WHERE associations @> ARRAY[%(id)s]::text[]
          ORDER BY created_at, id) AS conventions,
    ARRAY(SELECT id FROM read.imports WHERE association = %(id)s ORDER BY created_at, id) AS imports
FROM read.position"""


@dataclass(frozen=True)
class Holdings:
    """The records of an association, its imports among them, and the conventions that it is a party to, as of
    ``position``."""

    position: int
    mentors: Sequence[str]
    trainings: Sequence[str]
    conventions: Sequence[str]
    imports: Sequence[str]


async def of(connection: AsyncConnection[Any], association_id: str) -> Holdings:
    """Within the session's scopes."""
    cursor = await connection.execute(_HELD, {"id": association_id})
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("read.position has lost its row")
    return Holdings(**row)


@dataclass(frozen=True)
class RefusalRow:
    """One refusal, told under the record that it concerns; ``reason`` is a sealed word, or empty."""

    position: int
    event_id: UUID
    record_id: str
    topic: str
    facts: dict[str, Any]
    actor: str
    role: str
    command: str
    reason: str
    effective_at: datetime
    recorded_at: datetime


async def refusals(
    connection: AsyncConnection[Any], record_ids: Sequence[str], position: int
) -> list[RefusalRow]:
    """What was refused about these records up to ``position``, in order, within the session's scopes."""
    rows = await select(
        connection,
        "SELECT position, event_id, record_id, topic, facts, actor, role, command, reason, effective_at, "
        "recorded_at FROM read.history",
        [("record_id = ANY(%s)", list(record_ids)), ("version IS NULL", ()), ("position <= %s", position)],
        "ORDER BY position",
    )
    return [RefusalRow(**row) for row in rows]
