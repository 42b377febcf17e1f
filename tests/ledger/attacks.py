"""What a database superuser can do to the store: triggers off, constraints dropped, any statement.

Each attack says which positions it touched; ``Seal`` says how well its author covered the traces.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection, sql

from ledger import merkle
from ledger.events import NewEvent, StoredEvent, placed
from ledger.leaf import leaf_bytes, leaf_hash
from ledger.transaction import COLUMNS, stored_of

Connection = AsyncConnection[Any]

EDITED: Final = (
    "event_id",
    "record_id",
    "version",
    "topic",
    "state",
    "metadata",
    "effective_at",
    "recorded_at",
    "commitment",
    "text_commitment",
)
_NEVER_EMPTY: Final = EDITED[:8]


class Seal(StrEnum):
    """What the attacker computes again afterwards."""

    NOTHING = "nothing"
    LEAVES = "leaves"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class Done:
    """An attack that was carried out. ``touched``: the positions where the history first differs (one of
    them must be found); ``beyond``: what it left behind the last checkpoint is wrong by itself.
    """

    what: str
    touched: tuple[int, ...]
    beyond: bool = False


@dataclass
class Attacker:
    """``signed``: the size of the last checkpoint. What comes after it, nobody vouches for."""

    connection: Connection
    rng: random.Random
    rows: list[StoredEvent]
    signed: int
    seal: Seal = Seal.NOTHING
    _forgeries: int = 0

    async def prepare(self) -> None:
        """In the transaction that will be rolled back."""
        await self.connection.execute("SET LOCAL session_replication_role = replica")

    async def edit(self) -> Done:
        column = self.rng.choice((*EDITED, "position"))
        victim = self._victim()
        if column == "position":
            target = self.rng.choice((0, -7, len(self.rows) + 1, len(self.rows) + 9))
            await self._set(victim.position, position=target)
            return Done(f"moved to {target}", (1 if self._sealed and target < 1 else victim.position,))
        value = self._other(victim, column)
        await self._set(victim.position, **{column: value})
        return Done(f"{column} becomes {value!r}", (victim.position,))

    async def delete(self) -> Done:
        victim = self._victim()
        await self._run("DELETE FROM ledger.events WHERE position = %s", victim.position)
        return Done("deleted", (victim.position,))

    async def insert(self) -> Done:
        place = self._victim().position
        if self._sealed:
            await self._run("UPDATE ledger.events SET position = position + 1 WHERE position >= %s", place)
        await self._add(self._forged(place))
        return Done("inserted", (place,))

    async def append(self) -> Done:
        """Beside the recorder. Its seal being right, nothing tells it from the recorder's: not sealed."""
        place = len(self.rows) + 1
        await self._add(self._forged(place))
        return Done("appended", (place,))

    async def swap(self) -> Done:
        one, other = self._two()
        await self._set(one.position, position=0)
        await self._set(other.position, position=one.position)
        await self._set(0, position=other.position)
        return Done("swapped places", (one.position, other.position))

    async def exchange(self) -> Done:
        one, other = self._two()
        names = [*EDITED, "leaf"] if self.rng.random() < 0.5 else ["state", "metadata"]
        for position, taken in ((one.position, other), (other.position, one)):
            await self._set(position, **{name: getattr(taken, name) for name in names})
        return Done(f"exchanged {', '.join(names)}", (one.position, other.position))

    async def truncate(self) -> Done:
        size = self.rng.randrange(0, self.signed if self._sealed else len(self.rows))
        await self._run("DELETE FROM ledger.events WHERE position > %s", size)
        return Done("truncated", (size + 1,))

    async def replay(self) -> Done:
        """An old event once more, at the end: it gives itself away whatever the seal."""
        old, place = self.rng.choice(self.rows), len(self.rows) + 1
        await self._add(old._replace(position=place))
        return Done(f"event {old.position} once more", (place,), beyond=True)

    async def revert(self) -> Done:
        """An old state in the place of a newer one of the same record."""
        while True:
            victim = self._victim()
            older = [one for one in self.rows[: victim.position - 1] if one.record_id == victim.record_id]
            if older:
                break
        old = self.rng.choice(older)
        names = ("state", "metadata", "commitment", "text_commitment", "leaf")
        await self._set(victim.position, **{name: getattr(old, name) for name in names})
        return Done(f"reverted to the state of {old.position}", (victim.position,))

    async def roll_back(self) -> Done:
        """The whole database as it was: consistent in itself."""
        size = self.rng.randrange(0, self.signed)
        await self._run("DELETE FROM ledger.events WHERE position > %s", size)
        self.seal = Seal.EVERYTHING
        return Done("rolled back", (size + 1,))

    async def roll_back_and_go_on(self) -> Done:
        """The same, then another history is written until nothing seems to be missing."""
        size = self.rng.randrange(0, self.signed)
        await self._run("DELETE FROM ledger.events WHERE position > %s", size)
        await self._add(*map(self._forged, range(size + 1, len(self.rows) + 1)))
        self.seal = Seal.EVERYTHING
        return Done("rolled back, then grown", (size + 1,))

    async def leaf(self) -> Done:
        victim = self._victim()
        await self._set(victim.position, leaf=self.rng.choice((None, b"", self.rng.randbytes(32))))
        return Done("leaf edited", (victim.position,))

    async def tree(self) -> Done:
        size, edge = merkle.append(0, [], [one.leaf for one in self.rows])[:2]
        which = self.rng.randrange(7)
        if which > 4:
            column = ("size", "edge")[which - 5]
            await self._run(f"UPDATE ledger.tree SET {column} = NULL")
        elif which == 0:
            await self._run("UPDATE ledger.tree SET size = size + %s", self.rng.choice((-3, -1, 1, 9)))
        elif which == 1:
            await self._run("DELETE FROM ledger.tree")
        elif which == 2:
            await self._run("INSERT INTO ledger.tree VALUES (false, %s, %s)", size, merkle.packed(edge))
        else:
            place = self.rng.randrange(len(edge) + 1)
            edge[place : place + which - 3] = [self.rng.randbytes(32)]
            await self._run("UPDATE ledger.tree SET edge = %s", merkle.packed(edge))
        return Done(f"tree edited ({which})", tuple(range(1, size + 10)))

    async def nodes(self) -> Done:
        which = self.rng.choice(("UPDATE", "DELETE", "INSERT"))
        level, index = 8, self.rng.randrange(len(self.rows) >> 8)
        where = (level, index)
        if which == "INSERT":
            level, index = self.rng.choice(((8, 1 + (len(self.rows) >> 8)), (3, 1), (16, 0), (8, -4), where))
            values = (level, index, self.rng.randbytes(32))
            await self._run("INSERT INTO ledger.nodes VALUES (%s, %s, %s)", *values)
        elif which == "DELETE":
            await self._run("DELETE FROM ledger.nodes WHERE level = %s AND index = %s", *where)
        else:
            changed = self.rng.choice((None, self.rng.randbytes(32)))
            await self._run(
                "UPDATE ledger.nodes SET hash = %s WHERE level = %s AND index = %s", changed, *where
            )
        return Done(f"nodes: {which}", ((max(index, 0) << level) + 1,))

    async def cover(self) -> None:
        """Numbers the events again, and seals them as the recorder would have."""
        if self.seal is Seal.NOTHING:
            return
        found = await self.connection.execute(f"SELECT ctid, {COLUMNS} FROM ledger.events ORDER BY position")
        changed, leaves = [], []
        for place, (row, *values) in enumerate(await found.fetchall(), 1):
            stored = stored_of(tuple(values))
            leaf = _leaf(place, stored)
            leaves.append(leaf)
            if (place, leaf) != (stored.position, stored.leaf):
                changed.append((row, place, leaf))
        if changed:
            await self.connection.execute(
                "UPDATE ledger.events e SET position = c.position, leaf = c.leaf"
                " FROM unnest(%s::tid[], %s::bigint[], %s::bytea[]) AS c(row, position, leaf)"
                " WHERE e.ctid = c.row",
                [list(column) for column in zip(*changed, strict=True)],
            )
        if self.seal is Seal.EVERYTHING:
            await self._plant(leaves)

    async def _plant(self, leaves: list[bytes]) -> None:
        size, edge, completed = merkle.append(0, [], leaves)
        await self._run("UPDATE ledger.tree SET size = %s, edge = %s", size, merkle.packed(edge))
        await self._run("DELETE FROM ledger.nodes")
        for node in completed:
            await self._run("INSERT INTO ledger.nodes VALUES (%s, %s, %s)", *node)

    @property
    def _sealed(self) -> bool:
        return self.seal is not Seal.NOTHING

    def _victim(self) -> StoredEvent:
        """Anywhere; whoever covers the traces only where somebody vouches for what was there."""
        return self.rows[self.rng.randrange(self.signed if self._sealed else len(self.rows))]

    def _two(self) -> tuple[StoredEvent, StoredEvent]:
        one, other = self._victim(), self._victim()
        return (one, other) if one.position < other.position else self._two()

    def _forged(self, place: int) -> StoredEvent:
        """What the recorder could have written, in a record of its own."""
        self._forgeries += 1
        before = self.rows[min(place, len(self.rows)) - 1]
        new = NewEvent(
            self._id(), f"forged-{place}-{self._forgeries}", 1, "thing.Happened@1", "{}", "{}", None
        )
        return placed(new, place, before.recorded_at)

    def _id(self) -> UUID:
        return UUID(bytes=self.rng.randbytes(16))

    def _other(self, victim: StoredEvent, column: str) -> Any:
        """Another value, which the column's type allows."""
        value = getattr(victim, column)
        if not self._sealed and column in _NEVER_EMPTY and self.rng.random() < 0.1:
            return None
        if column == "event_id":
            others = [one.event_id for one in self.rows if one != victim]
            return self.rng.choice((self._id(), self.rng.choice(others)))
        if column == "version":
            return value + self.rng.choice((-1, 1, 1_000))
        if column.endswith("_at"):
            if not self._sealed and self.rng.random() < 0.1:
                return self.rng.choice(("infinity", "-infinity"))
            return value + timedelta(microseconds=self.rng.choice((-1, 1, 3_600_000_000)))
        if column.endswith("commitment"):
            return None if value and self.rng.random() < 0.5 else self.rng.randbytes(32)
        place = self.rng.randrange(len(value) + 1)
        return value[:place] + self.rng.choice("eé \n\t0") + value[place:]

    async def _set(self, where: int, **values: Any) -> None:
        pairs = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values)
        statement = sql.SQL("UPDATE ledger.events SET {} WHERE position = %s").format(pairs)
        await self.connection.execute(statement, (*values.values(), where))

    async def _add(self, *rows: StoredEvent) -> None:
        marks = ", ".join(["%s"] * len(StoredEvent._fields))
        statement = f"INSERT INTO ledger.events ({COLUMNS}) VALUES ({marks})"
        await self.connection.cursor().executemany(statement.encode(), rows)

    async def _run(self, statement: str, *values: Any) -> None:
        await self.connection.execute(statement.encode(), values)


def _leaf(place: int, stored: StoredEvent) -> bytes:
    """As the event reads, however impossible."""
    return leaf_hash(
        leaf_bytes(
            place,
            *stored[1:5],
            stored.effective_at,
            stored.recorded_at,
            stored.metadata,
            stored.state,
            stored.commitment,
            stored.text_commitment,
        )
    )
