"""One writer process of several: ``python -m tests.ledger.writing NUMBER EACH LOG VARIANT``, its DSN in
``WRITER_DSN``. Killed at any moment and started again with the same words, it goes on where its log ends.

Every caller in it issues the commands 0, 1, 2…: most on records of its own, some on one that every process
shares, some claiming what all want, some sent twice, some of two events.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg

from domain.kernel import Claim
from ledger import transaction
from ledger.events import NewEvent, StoredEvent, placed
from ledger.postgres import PostgresRecorder
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, Overloaded, VersionConflict
from ops import database

CALLERS: Final = 8
ROUND: Final = 20
"""Commands after which a caller begins new records."""
SHARED, CLAIMING, TWICE, PAIR = (3, 13), 7, 11, 17
APPLICATION: Final = "mentorat writer"


class Log:
    """What was acknowledged, and what was met; each line survives the process that wrote it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def say(self, *words: object) -> None:
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())


def lines(path: Path) -> Iterator[list[str]]:
    if path.exists():
        yield from (line.split() for line in path.read_text().splitlines())


def ids_of(number: int, caller: int, n: int) -> list[UUID]:
    """The events of a command."""
    count = 2 if n % ROUND == PAIR else 1
    return [uuid5(NAMESPACE_OID, f"{number}:{caller}:{n}:{i}") for i in range(count)]


class Unlocked(PostgresRecorder):
    """Positions from a sequence and no lock, one transaction a command: what comes to mind first."""

    async def append(self, batch: Append) -> list[StoredEvent]:
        marks = ", ".join(["%s"] * len(StoredEvent._fields))
        insert = f"INSERT INTO ledger.events ({transaction.COLUMNS}) VALUES ({marks})".encode()
        stored = []
        try:
            async with self._pool.connection() as connection, connection.transaction():
                for new in batch.events:
                    cursor = await connection.execute("SELECT nextval('ledger.positions'), clock_timestamp()")
                    position, now = await cursor.fetchone() or (0, None)
                    stored.append(placed(new, position, now))
                    await connection.execute(insert, stored[-1])
        except psycopg.errors.UniqueViolation as error:
            known = error.diag.constraint_name == "events_event_id_key"
            raise (AlreadyRecorded if known else VersionConflict)() from error
        return stored


class Caller:
    """Issues its commands one after the other, and never gives one up."""

    def __init__(self, recorder: PostgresRecorder, log: Log, number: int, caller: int) -> None:
        self._recorder = recorder
        self._log = log
        self._number = number
        self._caller = caller

    async def work(self, first: int, end: int) -> None:
        for n in range(first, end):
            stored = await self._command(n)
            self._log.say("ack", self._caller, n, *(one.position for one in stored))

    async def _command(self, n: int) -> list[StoredEvent]:
        start, place = divmod(n, ROUND)
        own = f"own-{self._number}-{self._caller}-{start}"
        if place in SHARED:
            return await self._shared(f"shared-{self._caller}-{start}", n)
        if place == PAIR:
            return await self._insist(self._append(f"pair-{self._number}-{self._caller}-{n}", 1, n))
        before = sum(other < place for other in (*SHARED, PAIR))
        append = self._append(own, place - before + 1, n)
        if place == CLAIMING:
            return await self._claiming(append, n)
        if place == TWICE:
            answers = await asyncio.gather(self._insist(append), self._insist(append))
            return answers[0]
        return await self._insist(append)

    async def _shared(self, record_id: str, n: int) -> list[StoredEvent]:
        while True:
            try:
                loaded = await self._recorder.load([record_id], ids_of(self._number, self._caller, n))
            except psycopg.OperationalError:
                self._log.say("lost")
                continue
            if loaded.repeated:
                return loaded.repeated
            try:
                return await self._insist(self._append(record_id, len(loaded.events) + 1, n), own=False)
            except VersionConflict:
                self._log.say("conflict")

    async def _claiming(self, append: Append, n: int) -> list[StoredEvent]:
        (record_id,) = append.rests_on
        wanted = Append(append.events, append.rests_on, gains=[(record_id, Claim(f"place:{n}"))])
        try:
            return await self._insist(wanted)
        except ClaimTaken:
            self._log.say("taken")
            return await self._insist(append)

    async def _insist(self, append: Append, *, own: bool = True) -> list[StoredEvent]:
        """Until it is known to be recorded. Nobody else writes in records of its own."""
        while True:
            try:
                return await self._recorder.append(append)
            except AlreadyRecorded:
                self._log.say("again")
                found = await self._find([new.event_id for new in append.events])
                if len(found) == len(append.events):
                    return found
            except (Overloaded, psycopg.OperationalError):
                self._log.say("lost")
                await asyncio.sleep(0.02)
            except VersionConflict:
                if not own:
                    raise
                self._log.say("refused")

    async def _find(self, ids: list[UUID]) -> list[StoredEvent]:
        try:
            return (await self._recorder.load([], ids)).repeated
        except psycopg.OperationalError:
            return []

    def _append(self, record_id: str, version: int, n: int) -> Append:
        events = [
            NewEvent(one, record_id, version + i, "thing.Happened@1", f'{{"n": {n}}}', "{}", None)
            for i, one in enumerate(ids_of(self._number, self._caller, n))
        ]
        return Append(events, {record_id: version - 1})


async def main(number: int, each: int, path: Path, variant: str) -> None:
    done = dict.fromkeys(range(CALLERS), 0)
    for word, *values in lines(path):
        if word == "ack":
            done[int(values[0])] = int(values[1]) + 1
    pool = database.pool(os.environ["WRITER_DSN"], most=3, name=APPLICATION.partition(" ")[2])
    async with pool:
        recorder = (Unlocked if variant == "sequence" else PostgresRecorder)(pool)
        log = Log(path)
        async with asyncio.TaskGroup() as callers:
            for caller, first in done.items():
                callers.create_task(Caller(recorder, log, number, caller).work(first, each))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]))
