"""What the lines of a file become, and what they are tried on."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Final, Protocol, TypeVar

from domain.calendar import paris_day
from domain.commands import Command
from domain.identifiers import InvalidValue
from domain.kernel import Actor, event_id
from domain.ports import World
from ledger.overlay import AT_ONCE, OverlayRecorder
from ops.imports.tables import Columns, Row, Table

BREATH: Final = 100
"""Lines checked before others have their turn: some milliseconds."""

T = TypeVar("T")


@dataclass
class Line:
    """A line without fault: its commands in order; none when what it tells ``known`` already. ``shared``:
    commands that another line, or another file, may have carried out first. ``creates``: the records about
    persons that it makes. ``key``: tells it from every other line of every file, when its content does.
    ``blames``: the cell that a refusal is about, by its code."""

    row: Row
    commands: list[Command] = field(default_factory=list)
    known: bool = False
    remark: str = ""
    shared: frozenset[int] = frozenset()
    creates: tuple[str, ...] = ()
    key: str = ""
    blames: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """``digest``: keyed, see ``domain.ports.Records``. ``key`` tells this import from every other one;
    ``now`` is its beginning, UTC."""

    actor: Actor
    trial: OverlayRecorder
    world: World
    digest: Callable[..., str]
    key: str
    now: datetime

    @property
    def today(self) -> date:
        """In Paris."""
        return paris_day(self.now)

    async def holders(self, keys: Iterable[str]) -> dict[str, str]:
        """The records that hold these claims."""
        found, wanted = dict[str, str](), iter(dict.fromkeys(keys))
        while some := list(islice(wanted, AT_ONCE)):
            found |= await self.trial.holders(some)
        return found

    async def carried_out(self, command_ids: Iterable[str]) -> set[str]:
        """Those of these commands that have recorded something, in whatever import."""
        ids = {event_id(one, 0): one for one in command_ids}
        found, wanted = set[str](), iter(ids)
        while some := list(islice(wanted, AT_ONCE)):
            found |= {ids[one.event_id] for one in (await self.trial.load([], some)).repeated}
        return found

    async def saying(self, digests: Iterable[str]) -> dict[str, set[str]]:
        """The records that were ever recognised by each of these."""
        return await self.trial.saying(frozenset(digests))


class Kind(Protocol):
    """What a file may tell of: its columns, and what its lines become."""

    @property
    def columns(self) -> Columns: ...

    async def lines(self, table: Table, bench: Bench) -> list[Line]:
        """The lines without fault, in order. What is wrong with the others is said to the table."""


def command_id(key: str, number: int) -> str:
    """Of the command that has this place in a line, by the line's key."""
    return f"import:{key}:{number}"


def digest_of(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:32]


async def breathe(number: int) -> None:
    """Now and then lets others of this process have their turn."""
    if number % BREATH == 0:
        await asyncio.sleep(0)


def cell(table: Table, row: Row, column: str, read: Callable[[str], T]) -> T | None:
    """What an optional cell says; ``None`` when it is empty, or was found at fault."""
    if not row[column]:
        return None
    try:
        return read(row[column])
    except InvalidValue as invalid:
        table.fault(row, column, invalid.problem, invalid.remedy, invalid.value)
    return None
