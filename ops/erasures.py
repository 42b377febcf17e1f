"""Carrying erasures out: the key destroyed, and a journal that outlives the database and its backups.

The order makes it safe to be killed anywhere: first the event (by the command), then the journal, then the
key, then the files that it sealed. Whatever is missing is done again by ``reconcile``, before a house is
served and regularly after.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, NotFound
from domain.ports import Request
from ledger.documents import Documents
from ledger.executor import Executor
from ledger.keyring import Keyring
from ledger.recorder import RECOGNISING
from ledger.transaction import Pool

_LINE: Final = re.compile(r"(\S+) ([a-z_]+-\S+) ([a-z_]+)")
_ERASED: Final = """
SELECT record_id, state, metadata FROM ledger.events
WHERE topic COLLATE "C" LIKE '%.SubjectErased@_' ORDER BY position"""

_FILES: Final = """
SELECT DISTINCT ON (sent.record_id) sent.record_id, erased.state
FROM ledger.events erased
JOIN ledger.events applied ON applied.record_id = erased.record_id AND applied.version = 1
JOIN ledger.events sent ON sent.record_id LIKE 'import-%' AND sent.version = 1
    AND sent.position < erased.position
    AND sent.state::jsonb ->> 'association_id' = applied.state::jsonb ->> 'association_id'
WHERE erased.topic COLLATE "C" LIKE '%.SubjectErased@_' AND erased.record_id LIKE 'mentor-%'
    AND erased.state::jsonb ->> 'ground' <> 'retention'
    AND NOT EXISTS (
        SELECT FROM ledger.events gone
        WHERE gone.record_id = sent.record_id AND gone.topic COLLATE "C" LIKE '%.SubjectErased@_')
ORDER BY sent.record_id, erased.position"""


class JournalDamaged(Exception):
    """The journal of erasures holds something else: nobody can say what must stay forgotten."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(
            f"Le journal des effacements est abîmé (ligne {line} de {path}) : remettez-le d'après une copie. "
            "Rien n'est servi sans lui."
        )


@dataclass(frozen=True)
class Journal:
    """One line an erasure: when, whose record, on which ground. Ids only."""

    path: Path

    def read(self) -> dict[str, Ground]:
        """Every erasure by its record. A last line cut short was never answered for.

        Raises ``JournalDamaged``.
        """
        if not self.path.exists():
            return {}
        *lines, _cut = self.path.read_text(encoding="utf-8").split("\n")
        found = {}
        for number, line in enumerate(lines, start=1):
            parts = _LINE.fullmatch(line)
            if not parts or parts[3] not in set(Ground):
                raise JournalDamaged(self.path, number)
            found[parts[2]] = Ground(parts[3])
        return found

    def add(self, record_id: str, ground: Ground) -> None:
        """Durable before it returns. One process at a time; a line that a death cut short is taken away."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {record_id} {ground}\n".encode()
        self.path.touch(0o600)
        with self.path.open("r+b") as journal:
            fcntl.flock(journal, fcntl.LOCK_EX)
            whole = journal.read().rpartition(b"\n")
            journal.seek(len(whole[0] + whole[1]))
            journal.truncate()
            journal.write(line)
            journal.flush()
            os.fsync(journal)


@dataclass(frozen=True)
class _Recorded:
    """What an event says of an erasure: those of one command are of the same person."""

    ground: Ground
    command_id: str


@dataclass(frozen=True)
class Erasures:
    """What the API, the command line and the worker apply. Doing it twice changes nothing."""

    pool: Pool
    executor: Executor
    keyring: Keyring
    journal: Journal
    documents: Documents

    async def check(self, record_id: str) -> None:
        """Raises what the keyring raises while it is away: recorded then, an erasure would be told done, and
        every value read again as soon as the keyring is back, until ``reconcile``."""
        await self.keyring.buried([record_id])

    async def apply(self, record_id: str) -> list[str]:
        """Destroys the key of a record that was erased, and of those of the same person that were erased with
        it, and the files that its association had imported; nobody can read them any more once this returns.

        Answers the ids of the records, still readable, that were once recognised by the same e-mail address,
        or names and birth date: of the same person, most likely, which is for somebody to judge.

        Raises ``LookupError`` for a record that was not: a key is never destroyed without its event.
        """
        erased = await self._recorded()
        if record_id not in erased:
            raise LookupError(record_id)
        command_id = erased[record_id].command_id
        together = {i: one.ground for i, one in erased.items() if one.command_id == command_id}
        await asyncio.gather(*(self._forget(i, ground) for i, ground in together.items()))
        await self._forget_files()
        return await self._alike(together)

    async def reconcile(self) -> int:
        """Does what a death or a restored backup left undone; answers how many records that concerned.

        An erasure that only the journal knows was lost with a restored backup: its key is destroyed before
        anything else, then the event is recorded again.
        """
        recorded, journal = await self._recorded(), await asyncio.to_thread(self.journal.read)
        gone = await self.keyring.destroyed()
        filed = await self.documents.records()
        undone = {i for i in recorded if i not in gone or i not in journal or i in filed}
        lost = {i for i in journal if i not in recorded}
        unforgotten = undone | {i for i in lost if i not in gone or i in filed}
        # Together: each waits for what other processes still hold in memory.
        grounds = journal | {i: one.ground for i, one in recorded.items()}
        await asyncio.gather(*(self._forget(i, grounds[i]) for i in unforgotten))
        again = [record_id for record_id in lost if await self._record_again(record_id, journal[record_id])]
        return len(undone | set(again)) + await self._forget_files()

    async def _forget(self, record_id: str, ground: Ground) -> None:
        if record_id not in await asyncio.to_thread(self.journal.read):
            await asyncio.to_thread(self.journal.add, record_id, ground)
        await self.keyring.destroy(record_id)
        await self.documents.forget(record_id)

    async def _alike(self, record_ids: Collection[str]) -> list[str]:
        stored = (await self.executor.recorder.load(list(record_ids))).events
        told = [json.loads(one.state).get("digests") or {} for one in stored]
        digests = {one[name] for one in told for name in RECOGNISING if one.get(name)}
        found = await self.executor.recorder.saying(digests) if digests else {}
        return sorted(set().union(*found.values()) - await self.keyring.destroyed())

    async def _forget_files(self) -> int:
        """A file of mentors or of attendance cannot lose one line: once somebody of an association is erased,
        every import that it had handed in before is erased whole, on the same ground. Answers how many. Not
        once their term has come: a file has a term of its own, of days, and the next one would be erased with
        somebody every night.
        """
        async with self.pool.connection() as connection:
            cursor = await connection.execute(_FILES)
            found = [(i, Ground(json.loads(state)["ground"])) for i, state in await cursor.fetchall()]
        for import_id, ground in found:
            command = Erase(record_id=import_id, ground=ground)
            await self.executor.execute(Request(command, SYSTEM, f"{import_id}:erased-with-a-person"))
            await self._forget(import_id, ground)
        return len(found)

    async def _record_again(self, record_id: str, ground: Ground) -> bool:
        """``False`` when the restored ledger does not know the record, or its term has not come there."""
        command = Erase(record_id=record_id, ground=ground)
        try:
            await self.executor.execute(Request(command, SYSTEM, f"{record_id}:erased-again"))
        except NotFound:
            return False
        return record_id in await self._recorded()

    async def _recorded(self) -> dict[str, _Recorded]:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(_ERASED)
            return {
                record_id: _Recorded(Ground(json.loads(state)["ground"]), json.loads(metadata)["command_id"])
                for record_id, state, metadata in await cursor.fetchall()
            }
