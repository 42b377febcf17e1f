"""Never skip: writer processes that are killed, connections that are cut, and a reader who misses nothing.

The same run without the lock fails, in the two ways in which that shows: it is no formality.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from ledger.check import check
from ledger.events import StoredEvent
from ledger.postgres import PostgresRecorder
from tests.conftest import Database
from tests.ledger.conftest import take_the_lock_away
from tests.ledger.writing import APPLICATION, CALLERS, ids_of, lines

pytestmark = pytest.mark.stack
WRITERS: Final = 8
LATEST: Final = 0.8
"""Of the events, when the last process is killed: it has still something to do."""
ROOT: Final = Path(__file__).parents[2]
_CUT: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = %s ORDER BY random() LIMIT 2"""


@dataclass
class Run:
    """``each``: commands of each caller, ``CALLERS`` of them in each of the writer processes."""

    database: Database
    folder: Path
    each: int
    kills: int = 0
    variant: str = "lock"
    writers: int = WRITERS
    met: Counter[str] = field(default_factory=Counter)
    seen: list[tuple[int, UUID]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _running: dict[int, Process] = field(default_factory=dict)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> set[str]:
        """Runs everything to its end; answers what went wrong, in words."""
        done = asyncio.Event()
        reader = asyncio.create_task(self._follow(done))
        killer = asyncio.create_task(self._kill())
        try:
            async with asyncio.TaskGroup() as writers:
                for number in range(self.writers):
                    writers.create_task(self._supervise(number))
        finally:
            killer.cancel()
            with suppress(asyncio.CancelledError):
                await killer
            done.set()
            await reader
        return {problem async for problem in self._problems()}

    @property
    def expected(self) -> set[UUID]:
        every = range(self.writers), range(CALLERS), range(self.each)
        return {one for w in every[0] for c in every[1] for n in every[2] for one in ids_of(w, c, n)}

    async def _supervise(self, number: int) -> None:
        """Starts a writer, and again each time it was killed."""
        words = [str(number), str(self.each), str(self._log(number)), self.variant]
        environment = os.environ | {"WRITER_DSN": str(self.database.app.conninfo)}
        while True:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.ledger.writing", *words),
                cwd=ROOT,
                env=environment,
                stderr=asyncio.subprocess.PIPE,
            )
            self._running[number] = process
            try:
                _, told = await process.communicate()
            except asyncio.CancelledError:
                process.kill()
                await process.wait()
                raise
            del self._running[number]
            if process.returncode != -signal.SIGKILL:
                break
            self.met["killed"] += 1
        if process.returncode:
            self.failed.append(told.decode())

    async def _kill(self) -> None:
        """At moments spread over the run, a process and some connections."""
        rng, expected = random.Random(os.urandom(4)), len(self.expected)
        async with await AsyncConnection.connect(self.database.owner_dsn, autocommit=True) as owner:
            for time in range(1, self.kills + 1):
                while len(self.seen) < LATEST * expected * time / self.kills:
                    self._moved.clear()
                    await self._moved.wait()
                cursor = await owner.execute(_CUT, (APPLICATION,))
                self.met["cut"] += len(await cursor.fetchall())
                await self._kill_one(rng)

    async def _kill_one(self, rng: random.Random) -> None:
        """One that was still at work."""
        while self._running:
            process = self._running[rng.choice(sorted(self._running))]
            with suppress(ProcessLookupError):
                process.kill()
            if await process.wait() == -signal.SIGKILL:
                return

    async def _follow(self, done: asyncio.Event) -> None:
        """Reads on from the last position seen, as the projector and the relay do."""
        recorder, position = PostgresRecorder(self.database.projector), 0
        while True:
            last_look = done.is_set()
            found = await recorder.after(position, 1_000)
            self.seen += [(one.position, one.event_id) for one in found]
            position = found[-1].position if found else position
            self._moved.set()
            if last_look and not found:
                return
            await asyncio.sleep(0 if found else 0.002)

    async def _problems(self) -> Any:
        stored = await self._stored()
        places = {one.event_id: one.position for one in stored}
        acknowledged = dict(self._acknowledged())
        if self.failed:
            yield "a writer failed"
        if self.met["refused"]:
            yield "a command in nobody's way was refused"
        if [one.position for one in stored] != list(range(1, len(stored) + 1)):
            yield "positions have gaps"
        if len(places) < len(stored):
            yield "an event is there twice"
        if any(places.get(one) != position for one, position in acknowledged.items()):
            yield "an acknowledged event is not where it was said to be"
        if places.keys() != self.expected or acknowledged.keys() != self.expected:
            yield "events were lost or invented"
        if self.seen != [(one.position, one.event_id) for one in stored]:
            yield "the reader missed some, or saw them twice"
        async with await AsyncConnection.connect(self.database.owner_dsn, autocommit=True) as owner:
            if await check(owner, []):
                yield "the store is not sound"

    async def _stored(self) -> list[StoredEvent]:
        recorder = PostgresRecorder(self.database.app)
        stored: list[StoredEvent] = []
        while found := await recorder.after(stored[-1].position if stored else 0, 10_000):
            stored += found
        return stored

    def _acknowledged(self) -> Iterator[tuple[UUID, int]]:
        for number in range(self.writers):
            for word, *values in lines(self._log(number)):
                self.met[word] += 1
                if word == "ack":
                    caller, n, *positions = map(int, values)
                    yield from zip(ids_of(number, caller, n), positions, strict=True)

    def _log(self, number: int) -> Path:
        return self.folder / f"writer-{number}.log"


@pytest.mark.parametrize(("each", "kills"), [(40, 5), pytest.param(3_000, 40, marks=pytest.mark.stress)])
async def test_nothing_is_skipped_lost_or_doubled(
    database: Database, tmp_path: Path, each: int, kills: int
) -> None:
    run = Run(database, tmp_path, each, kills)
    problems = await run()
    print(f"{len(run.seen)} events; met: {dict(run.met)}")
    assert problems == set(), run.failed
    assert run.met["killed"] == kills
    assert run.met["cut"] >= kills
    assert {"conflict", "taken", "again"} <= set(run.met)
    assert len(run.seen) == len(run.expected) >= WRITERS * CALLERS * each


async def test_without_the_lock_commands_are_refused_for_nothing(database: Database, tmp_path: Path) -> None:
    """Two who read the same head want the same position: the key lets one through, and no gap."""
    await take_the_lock_away(database)
    run = Run(database, tmp_path, 60)
    assert "a command in nobody's way was refused" in await run()


async def test_with_a_sequence_and_no_lock_the_reader_misses_events(
    database: Database, tmp_path: Path
) -> None:
    """Numbers are taken in one order and committed in another."""
    async with await AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
        await owner.execute("CREATE SEQUENCE ledger.positions")
        await owner.execute("GRANT USAGE ON SEQUENCE ledger.positions TO mentorat_app")
    run = Run(database, tmp_path, 40, variant="sequence", writers=4)
    problems = await run()
    assert run.failed == []
    assert "the reader missed some, or saw them twice" in problems
    assert len(run.seen) < len(run.expected)
