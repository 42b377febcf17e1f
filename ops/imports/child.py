"""Reads or annotates one file, in a process of its own: a file is anybody's, and so are the libraries that
read it.

Run as a program (see ``apart``). It is given the question and the file on its standard input, and nothing
else: no setting, no key, no connection. It cannot take more memory or time than the limits below, and it
ends with whoever started it.
"""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from ops.imports import crossing
from ops.imports.faults import UnreadableFile
from ops.imports.tables import Column, read_table

MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of address space."""
CPU: Final = 120
"""Seconds of work. The largest file takes some thirty."""
WALL: Final = 300
"""Seconds, however busy the machine is."""
WRITTEN: Final = 256 * 1024 * 1024
"""Bytes of one file: a workbook is put together in temporary ones."""
TOO_MUCH: Final = 77
"""The exit status of a file that wants more memory than there is."""
READ: Final = "read"
ANNOTATE: Final = "annotate"


def main(work: str) -> int:
    _limit()
    question, _, body = sys.stdin.buffer.read().partition(b"\n")
    try:
        told, back = {READ: _read, ANNOTATE: _annotate}[work](json.loads(question), body)
        answer = json.dumps(told).encode() + b"\n" + back
    except MemoryError:
        return TOO_MUCH
    sys.stdout.buffer.write(answer)
    return 0


def _limit() -> None:
    """macOS bounds the time, not the address space."""
    signal.alarm(WALL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    with contextlib.suppress(*([ValueError] if sys.platform == "darwin" else [])):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _read(question: Mapping[str, Any], body: bytes) -> tuple[Mapping[str, Any], bytes]:
    columns = {name: Column(**told) for name, told in question["columns"].items()}
    try:
        table = read_table(body, columns)
    except UnreadableFile as unreadable:
        return {"unreadable": asdict(unreadable.fault)}, b""
    return {"table": crossing.table_told(table)}, b""


def _annotate(question: Mapping[str, Any], body: bytes) -> tuple[Mapping[str, Any], bytes]:
    from ops.imports.annotate import annotated

    back = annotated(body, crossing.report_heard(question["report"]), written=question["written"])
    return {"annotated": back is not None}, back or b""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
