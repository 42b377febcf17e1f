"""Imports done in this process, from beginning to end: from a terminal, or at a first start."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from domain.imports.parts import MOST_BYTES
from domain.kernel import Actor, NotFound
from ledger.executor import Executor
from ops.imports.apart import Apart, Here, Reading
from ops.imports.bench import Kind
from ops.imports.conventions import Conventions
from ops.imports.engine import CONFLICTS, Engine, overtaken
from ops.imports.faults import Fault
from ops.imports.report import Report


async def run(
    kind: Kind,
    body: bytes,
    executor: Executor,
    actor: Actor,
    *,
    dry_run: bool = False,
    reading: Reading | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """The whole of it. ``reading``: apart, unless the file is our own."""

    async def advanced(done: int, total: int) -> None:
        if progress:
            progress(done, total)

    told = executor.digests.of_words("import", sha256(body).hexdigest())[:32]
    key = f"{(await executor.now()).isoformat()}:{told}"
    engine = Engine(executor, actor, key, reading or Apart(), dry_run, advanced)
    try:
        attempt = await engine.attempt(kind, body)
    except NotFound as absent:
        return Report.unreadable(Fault(0, "", "", absent.sentence, "Vérifiez l'identifiant."))
    report = attempt.report
    if report.found or dry_run:
        return report
    try:
        await attempt.commit()
    except CONFLICTS as conflict:
        report.found.add(overtaken(conflict))
    else:
        report.written = True
    return report


async def import_conventions(
    path: Path, executor: Executor, actor: Actor, *, dry_run: bool = False
) -> Report:
    """The conventions of a file of ours."""
    body = read_file(path)
    if isinstance(body, Fault):
        return Report.unreadable(body)
    return await run(Conventions(), body, executor, actor, dry_run=dry_run, reading=Here())


def read_file(path: Path) -> bytes | Fault:
    """What is in it, or why it cannot be read."""
    if not path.is_file():
        return Fault(0, "", str(path), "Le fichier n'existe pas.", "Vérifiez son chemin.")
    if path.stat().st_size > MOST_BYTES:
        size = f"Le fichier dépasse {MOST_BYTES // 1024 // 1024} Mio."
        return Fault(0, "", "", size, "Découpez-le.")
    return path.read_bytes()
