"""The reading of files, in a process apart: see ``child``, which is given the file and no more.

What takes too much memory or time is killed, and its file is at fault; the worker goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from tempfile import gettempdir
from typing import Any, Final, Protocol

from ops.imports import child, crossing
from ops.imports.annotate import annotated
from ops.imports.faults import Fault, UnreadableFile, unreadable
from ops.imports.report import Report
from ops.imports.tables import Columns, Table, read_table
from ops.stack.children import bare_env, tethered

log = logging.getLogger("mentorat")

_KILLERS: Final = (signal.SIGKILL, signal.SIGXCPU, signal.SIGALRM, signal.SIGXFSZ)
_EXCEEDED: Final = frozenset({child.TOO_MUCH, *(-number for number in _KILLERS)})


class ReadingFailed(Exception):
    """The process that read it ended otherwise than it should: a bug, or a machine that is shutting down."""


class Exceeded(Exception):
    """A file took more memory or time than any honest one."""


class Reading(Protocol):
    """How files are read, and annotated."""

    async def table(self, body: bytes, columns: Columns) -> Table:
        """Raises ``UnreadableFile``."""

    async def annotated(self, body: bytes, report: Report, *, written: bool) -> bytes | None:
        """See ``ops.imports.annotate``."""


class Here:
    """In this process: for files of our own."""

    async def table(self, body: bytes, columns: Columns) -> Table:
        return read_table(body, columns)

    async def annotated(self, body: bytes, report: Report, *, written: bool) -> bytes | None:
        return annotated(body, report, written=written)


@dataclass(frozen=True)
class Apart:
    """In a process apart, killed after ``wall`` seconds. Raises ``ReadingFailed``, as well."""

    program: tuple[str, ...] = ("-I", "-m", "ops.imports.child")
    wall: float = child.WALL

    async def table(self, body: bytes, columns: Columns) -> Table:
        question = {"columns": {name: asdict(column) for name, column in columns.items()}}
        try:
            told, _ = await self._asked(child.READ, question, body)
        except Exceeded:
            problem = "La lecture du fichier demandait trop de mémoire ou de temps : elle a été arrêtée."
            remedy = "Ne gardez que la feuille à importer, sans mise en forme, ou découpez-la."
            raise unreadable(0, "", problem, remedy) from None
        if "unreadable" in told:
            raise UnreadableFile(Fault(**told["unreadable"]))
        return crossing.table_heard(told["table"], columns)

    async def annotated(self, body: bytes, report: Report, *, written: bool) -> bytes | None:
        question = {"report": crossing.report_told(report), "written": written}
        try:
            told, back = await self._asked(child.ANNOTATE, question, body)
        except Exceeded:
            log.warning("a file cannot be annotated: it takes too much memory or time")
            return None
        return back if told["annotated"] else None

    async def _asked(
        self, work: str, question: Mapping[str, Any], body: bytes
    ) -> tuple[Mapping[str, Any], bytes]:
        """What the process answers. It is killed with us, and by us once we no longer wait for it."""
        process = await asyncio.create_subprocess_exec(
            *tethered([sys.executable, *self.program, work]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # what it complains of may quote the file
            env={**bare_env(), "TMPDIR": gettempdir()},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self.wall):
                answer, _ = await process.communicate(json.dumps(question).encode() + b"\n" + body)
        except TimeoutError:
            raise Exceeded from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if process.returncode in _EXCEEDED:
            raise Exceeded
        if process.returncode:
            raise ReadingFailed(f"status {process.returncode}")
        told, _, back = answer.partition(b"\n")
        return json.loads(told), back
