"""Imports a file: every line is checked, then tried on the real records, and all are recorded, or none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from domain.commands import Command
from domain.kernel import Actor, Conflict, DomainError
from domain.ports import Commands, Request
from ledger.executor import Executor
from ledger.keyring import Keyring, MemoryKeyring
from ledger.overlay import OverlayRecorder
from ledger.recorder import AlreadyRecorded, ClaimTaken, VersionConflict
from ops.imports.apart import Reading
from ops.imports.bench import Bench, Kind, Line, command_id
from ops.imports.faults import Fault, UnreadableFile
from ops.imports.report import Report
from ops.imports.tables import Table

_UNTOLD = ("mentor:", "siret:", "name:")
"""Claims whose keys say nothing to anybody."""

Progress = Callable[[int, int], Awaitable[None]]

CONFLICTS = (ClaimTaken, VersionConflict, AlreadyRecorded)
"""What ``Attempt.commit`` raises when somebody was faster: the whole is tried again."""


async def silently(done: int, total: int) -> None:
    """Nobody is watching."""


@dataclass(frozen=True)
class Attempt:
    """A file that was tried, and what it would record. ``commands``: an executor on the trial, by which more
    may be recorded in the same transaction."""

    report: Report
    trial: OverlayRecorder
    commands: Executor

    @classmethod
    def failed(cls, report: Report, executor: Executor) -> Attempt:
        """Nothing could be tried."""
        trial = OverlayRecorder(executor.recorder)
        return cls(report, trial, executor.over(trial))

    async def commit(self) -> None:
        """All that was tried, in one transaction: a crash, or somebody who was faster, leaves nothing behind.

        Raises one of ``CONFLICTS``.
        """
        await self.trial.commit()


@dataclass(frozen=True)
class Engine:
    """Over the real records. ``key`` tells the import from every other one; what it records is the
    ``actor``'s, who may do by a file what it may do otherwise."""

    executor: Executor
    actor: Actor
    key: str
    reading: Reading
    dry_run: bool = False
    progress: Progress = silently

    async def attempt(self, kind: Kind, body: bytes) -> Attempt:
        """Reads, checks, and tries every line without writing. Raises ``NotFound`` when the whole is none of
        the actor's business."""
        trial = OverlayRecorder(self.executor.recorder)
        try:
            table = await self.reading.table(body, kind.columns)
        except UnreadableFile as unreadable:
            return Attempt.failed(Report.unreadable(unreadable.fault), self.executor)
        world, digest = self.executor.world, self.executor.digests.of_words
        bench = Bench(self.actor, trial, world, digest, self.key, await trial.now())
        await self.progress(0, len(table.rows))
        lines = await kind.lines(table, bench)
        report = Report.of(table)
        commands = self.executor.over(trial, await self._keyring(table, lines))
        await self._try(table, lines, commands, report)
        return Attempt(report, trial, commands)

    async def _keyring(self, table: Table, lines: Iterable[Line]) -> Keyring:
        """Keys for all whom the file makes known, durable in one go; none for what will never be written."""
        if table.faults or self.dry_run:
            return _Unwritten()
        created = [record_id for line in lines for record_id in line.creates]
        keys = await self.executor.keyring.ensure(created) if created else {}
        return _AtHand(self.executor.keyring, keys)

    async def _try(self, table: Table, lines: list[Line], commands: Commands, report: Report) -> None:
        for done, line in enumerate(lines, start=1):
            fresh = False
            if not line.known:
                fresh = await self._carry_out(table, line, commands, report)
            if not report.found.at(line.row.line):
                report.fresh += fresh
                report.known += not fresh
                if not fresh:
                    report.known_lines.add(line.row.line)
                if line.remark:
                    report.remarks[line.row.line] = line.remark
            await asyncio.sleep(0)
            await self.progress(done, len(table.rows))

    async def _carry_out(self, table: Table, line: Line, commands: Commands, report: Report) -> bool:
        """Whether the line records something; what refuses it is a fault."""
        fresh = False
        key = line.key or f"{self.key}:{line.row.line}"
        for number, command in enumerate(line.commands):
            shared = number in line.shared
            told = self._shared_id(command) if shared else command_id(key, number)
            request = Request(command, self.actor, told, correlation=f"import:{self.key}"[:64])
            try:
                outcome = await commands.execute(request)
            except Conflict as known:
                if not shared:
                    _refused(table, line, known)
                    return False
            except DomainError as error:
                _refused(table, line, error)
                return False
            else:
                fresh = fresh or not (outcome.repeated or shared)
        return fresh

    def _shared_id(self, command: Command) -> str:
        """Of a command that is the same whichever line carries it out."""
        return f"import:{self.executor.digests.of_words('shared', repr(command))[:32]}"


def _refused(table: Table, line: Line, error: DomainError) -> None:
    if cell := line.blames.get(error.code):
        table.fault(line.row, cell, error.sentence, "Corrigez la cellule.")
        return
    remedy = "Il manque : " + ", ".join(error.missing) + "." if error.missing else "Corrigez la ligne."
    table.fault(line.row, "", error.sentence, remedy, "")


def overtaken(conflict: Exception) -> Fault:
    """What somebody is told whose file was overtaken."""
    remedy = "Relancez l'import : rien ne sera doublé."
    if isinstance(conflict, ClaimTaken) and not conflict.key.startswith(_UNTOLD):
        said = f"Un autre dossier porte déjà ce numéro : {conflict.key}."
        return Fault(0, "", "", said, "Corrigez la ligne qui le porte.")
    return Fault(0, "", "", "Le registre a changé pendant l'import.", remedy)


class _Unwritten(MemoryKeyring):
    """For what will never be written: no key is missing from it."""

    async def buried(self, subjects: Iterable[str]) -> frozenset[str]:
        return frozenset(subjects)


class _AtHand:
    """``Keyring`` over another one, with the keys of records that this import makes: nobody else knows of
    them, so that nobody can have destroyed one meanwhile."""

    def __init__(self, beneath: Keyring, held: Mapping[str, bytes]) -> None:
        self._beneath = beneath
        self._held = held

    async def keys(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        return await self._with(subjects, self._beneath.keys)

    async def ensure(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        return await self._with(subjects, self._beneath.ensure)

    async def destroy(self, subject: str) -> None:
        await self._beneath.destroy(subject)

    async def destroyed(self) -> frozenset[str]:
        return await self._beneath.destroyed()

    async def buried(self, subjects: Iterable[str]) -> frozenset[str]:
        return await self._beneath.buried(subjects)

    async def close(self) -> None:
        """The one beneath is not ours to close."""

    async def _with(
        self, subjects: Iterable[str], ask: Callable[[Iterable[str]], Awaitable[Mapping[str, bytes]]]
    ) -> Mapping[str, bytes]:
        wanted = list(subjects)
        found = {subject: self._held[subject] for subject in wanted if subject in self._held}
        missing = [subject for subject in wanted if subject not in found]
        return {**found, **await ask(missing)} if missing else found
