"""Carries out the imports that came through the API: what an activity of the worker calls.

It may be killed anywhere: what the lines record and the event that says so are one transaction. Before it,
nothing is recorded but the progress; after it, nothing is left to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from domain.folding import fold
from domain.imports.commands import Advance, Conclude
from domain.imports.model import Import
from domain.imports.parts import ImportKind, Result, Status
from domain.kernel import SYSTEM, Actor, Busy, NotFound
from domain.ports import Documents, Feed, Request
from ledger.executor import Executor
from ops.imports.apart import Apart, Reading
from ops.imports.associations import Associations
from ops.imports.attendance import Attendance
from ops.imports.bench import Kind
from ops.imports.engine import CONFLICTS, Attempt, Engine, Progress
from ops.imports.faults import Fault
from ops.imports.mentors import Mentors
from ops.imports.report import Report

TRIES: Final = 3
"""How often an import that somebody overtook is tried again, before its process waits."""
EVERY: Final = 2.0
"""Seconds between two signs of progress, at least."""


class Overtaken(Exception):
    """What the import rests on has changed each time: nothing was recorded."""


class RunImport:
    """``domain.ports.Importer``. ``clock``: monotonic, in seconds."""

    def __init__(
        self,
        executor: Executor,
        feed: Feed,
        documents: Documents,
        reading: Reading | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._executor = executor
        self._feed = feed
        self._documents = documents
        self._reading = reading or Apart()
        self._clock = clock

    async def run(self, import_id: str) -> None:
        """Raises ``Overtaken``, and whatever the database or a bug raises: it is then tried again."""
        for _ in range(TRIES):
            waiting = await self._waiting(import_id)
            if waiting is None:
                return
            try:
                await self._carry_out(*waiting)
            except CONFLICTS:
                continue
            return
        raise Overtaken

    async def give_up(self, import_id: str) -> None:
        """Nothing of the cause is told: it may quote the file, and the dead letters are no user's to read."""
        waiting = await self._waiting(import_id)
        if waiting is None:
            return
        remedy = "Envoyez-le à nouveau ; s'il échoue encore, donnez l'identifiant de l'import à l'exploitant."
        problem = "L'import a échoué plusieurs fois, et rien n'est enregistré."
        report = Report.unreadable(Fault(0, "", "", problem, remedy))
        await self._executor.execute(await self._ending(waiting[0], report, None))

    async def _waiting(self, import_id: str) -> tuple[Import, Actor] | None:
        """The import and whose it is, unless it has ended."""
        happened = await self._feed.of([import_id])
        record = fold(happened)
        if not isinstance(record, Import) or record.status != Status.RECEIVED:
            return None
        who = happened[0].facts
        return record, Actor(who["actor"], who["role"], record.owners | {"public"})

    async def _carry_out(self, record: Import, actor: Actor) -> None:
        try:
            body = await self._documents.read(record.id, record.file.sha256)
        except LookupError:
            absent = Fault(0, "", "", "Le fichier n'est plus là.", "Envoyez-le à nouveau.")
            await self._executor.execute(await self._ending(record, Report.unreadable(absent), None))
            return
        engine = Engine(
            self._executor, actor, record.id, self._reading, record.dry_run, self._progress(record)
        )
        attempt = await self._attempt(engine, record, body)
        written = not (attempt.report.found or record.dry_run)
        back = await self._reading.annotated(body, attempt.report, written=written)
        ending = await self._ending(record, attempt.report, back)
        if written:
            await attempt.commands.execute(ending)
            await attempt.commit()
        else:
            await self._executor.execute(ending)

    async def _attempt(self, engine: Engine, record: Import, body: bytes) -> Attempt:
        try:
            return await engine.attempt(_kind(record), body)
        except NotFound as absent:
            fault = Fault(0, "", "", absent.sentence, "Vérifiez l'identifiant.")
            return Attempt.failed(Report.unreadable(fault), self._executor)

    async def _ending(self, record: Import, report: Report, back: bytes | None) -> Request:
        """The command that ends it, once what it tells of is kept."""
        report_sha256 = await self._documents.keep(record.id, report.as_json())
        annotated_sha256 = await self._documents.keep(record.id, back) if back is not None else None
        result = Result(
            report.lines, report.fresh, report.known, report.found.count, report_sha256, annotated_sha256
        )
        return Request(Conclude(record_id=record.id, result=result), SYSTEM, f"{record.id}:{report_sha256}")

    def _progress(self, record: Import) -> Progress:
        """Tells how far it is, now and then. The last word is the end's."""
        told = float("-inf")

        async def advanced(done: int, total: int) -> None:
            nonlocal told
            if self._clock() - told < EVERY or done == total:
                return
            told = self._clock()
            command = Advance(record_id=record.id, done=done, total=total)
            try:
                await self._executor.execute(
                    Request(command, SYSTEM, f"{record.id}:advance:{record.version}:{done}")
                )
            except Busy:
                return

        return advanced


def _kind(record: Import) -> Kind:
    if record.kind is ImportKind.ASSOCIATIONS or record.association_id is None:
        return Associations()
    if record.kind is ImportKind.ATTENDANCE and record.training_id:
        return Attendance(record.association_id, record.training_id)
    return Mentors(record.association_id)
