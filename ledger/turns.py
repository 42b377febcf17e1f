"""Who decides again, one after another, when many commands of one process want the same record at once.

A command that loses a version check takes its turn on that record; those that come later queue behind it. Of
64 at once each then decides twice or so, where a free race would have them decide 32 times on average.
Another process still races: against it a turn tries again until its patience ends, after a pause that two
processes do not share.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field
from typing import Final

from domain.kernel import Conflict, PreconditionFailed

PATIENCE: Final = 10.0
"""Seconds after which a command that others overtake gives up: fewer than a client waits."""
LONGEST_PAUSE: Final = 0.05
"""Seconds between two tries of one turn, at most."""


@dataclass
class _Queue:
    """``wanted``: how many hold or await the turn; nobody, and the queue is forgotten."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0


class Turns:
    """The queues of one process, by record. None exists while nobody is in another's way."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    def are_taken(self, record_id: str) -> bool:
        return record_id in self._queues

    async def take(self, record_id: str, until: float) -> bool:
        """Waits for the turn on this record, to be given back by ``give_back``. False when that took longer
        than until then (monotonic seconds)."""
        queue = self._queues.setdefault(record_id, _Queue())
        queue.wanted += 1
        if queue.wanted == 1:
            return await queue.lock.acquire()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(until - time.monotonic()):
                return await self._served(record_id, queue)
        return False

    async def _served(self, record_id: str, queue: _Queue) -> bool:
        """Whoever no longer waits, too late or called off, is no longer counted."""
        served = False
        try:
            served = await queue.lock.acquire()
        finally:
            if not served:
                self._forget(record_id, queue)
        return served

    def give_back(self, record_id: str) -> None:
        queue = self._queues[record_id]
        queue.lock.release()
        self._forget(record_id, queue)

    def _forget(self, record_id: str, queue: _Queue) -> None:
        queue.wanted -= 1
        if not queue.wanted:
            del self._queues[record_id]


class Turn:
    """What one command has waited for. It holds one turn at a time, so that no two wait for each other."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._until = time.monotonic() + PATIENCE
        self._on: str | None = None
        self._tries = 0

    async def behind(self, record_id: str) -> None:
        """Whoever comes to a record on which others were overtaken waits until they are done."""
        if self._turns.are_taken(record_id):
            await self._take(record_id)

    async def again(self, record_id: str) -> bool:
        """After a check lost on this record: whether to decide again, now."""
        if time.monotonic() >= self._until:
            return False
        if self._on != record_id:
            return await self._take(record_id)
        self._tries += 1
        await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.002 * 2**self._tries)))  # noqa: S311
        return True

    def done(self) -> None:
        if self._on is not None:
            self._turns.give_back(self._on)
            self._on = None

    async def _take(self, record_id: str) -> bool:
        self.done()
        if await self._turns.take(record_id, self._until):
            self._on = record_id
        return self._on is not None


def overtaken(*, own: bool) -> Conflict:
    """What a command is told that others overtook. ``own``: on the record that the caller had read."""
    if own:
        return PreconditionFailed(
            "version_changed",
            "Le dossier vient de changer : il n'est plus à la version que vous avez lue.",
            ("une nouvelle lecture du dossier",),
        )
    return Conflict(
        "changed_meanwhile",
        "Le dossier a changé pendant l'opération.",
        ("un nouvel essai après relecture",),
    )
