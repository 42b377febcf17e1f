"""Everything an operator has recorded, in one ZIP: as known at one position, whoever writes meanwhile.

Records are taken a few at a time and set aside on disk, encrypted; what is computed is computed in a thread,
so that the house goes on answering.
"""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.export.documents import Received, received_of
from api.export.gathering import Sources, Tables, Taken, existing
from api.export.lens import Lens
from api.export.notice import FORMAT, VERSION, notice
from api.export.spool import Spool
from api.export.workbook import copy, member, workbook
from domain.association.model import Association
from domain.authorization import EXPORTING, authorize
from domain.calendar import PARIS
from domain.kernel import Actor, NotFound
from domain.ports import Gathering
from projections import holdings

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class Export:
    """A ZIP that is ready to leave, once, and the position up to which it tells. To be closed."""

    spool: Spool
    association: str
    position: int
    made_at: datetime

    @property
    def name(self) -> str:
        """What to call the file: nobody's name is in it."""
        return f"{self.association}-{self.made_at.astimezone(PARIS):%Y-%m-%d}.zip"


async def exported(sources: Sources, reader: Actor, association_id: str, purpose: str) -> Export:
    """The records of an association for a reader; the reading log is written once this answers.

    Raises ``NotFound``, ``Forbidden``, ``Busy``, and ``Behind`` while what was just written cannot be read.
    """
    record = await existing(sources, association_id)
    if not isinstance(record, Association):
        raise NotFound("not_found", f"Aucun dossier {association_id} dans votre périmètre.")
    authorize(reader, EXPORTING, record)
    await sources.reader.wait_for(await sources.feed.head())
    async with sources.reader.session(reader.scopes) as connection:
        held = await holdings.of(connection, association_id)
    made_at = await sources.now()
    async with AsyncExitStack() as unless_done:
        spool = Spool()
        unless_done.callback(spool.close)
        async with sources.persons.gathering(reader, purpose) as gathering:
            await _write(spool, sources, Lens(reader, association_id), held, made_at, gathering)
        unless_done.pop_all()
    return Export(spool, association_id, held.position, made_at)


async def _write(
    spool: Spool,
    sources: Sources,
    lens: Lens,
    held: holdings.Holdings,
    made_at: datetime,
    gathering: Gathering,
) -> None:
    tables = Tables()
    try:
        taken = Taken(sources, lens, held.position, made_at, gathering, tables)
        own = await taken.take([lens.association])
        for record_ids in (held.mentors, held.trainings, held.conventions, held.imports):
            await taken.take(record_ids)
        await taken.take(sorted(taken.companies))
        with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as archive:
            packing = _Packing(archive, made_at.astimezone(PARIS))
            await packing.documents(received_of(own), taken)
            await asyncio.to_thread(packing.rest, taken, held.position)
        spool.flush()
    finally:
        tables.close()


class _Packing:
    """Puts the parts into the archive, each with its SHA-256 for the manifest."""

    def __init__(self, archive: zipfile.ZipFile, at: datetime) -> None:
        self._archive = archive
        self._at = at
        self._files: dict[str, dict[str, Any]] = {}

    async def documents(self, received: Iterable[Received], taken: Taken) -> None:
        """The files handed in, as they were; one that is no longer there is told so."""
        for one in received:
            body = await taken.file(one)
            path = one.path if body is not None else ""
            taken.tables.add("pieces", one.cells(path))
            if body is not None and path not in self._files:
                info = member(path, self._at)
                info.compress_type = zipfile.ZIP_STORED
                await asyncio.to_thread(self._archive.writestr, info, body)
                self._files[path] = {"sha256": one.sha256, "size": len(body)}

    def rest(self, taken: Taken, position: int) -> None:
        """Tables, workbook, events, notice; the manifest is last."""
        tables = taken.tables.finished()
        for table in tables:
            self._spooled(f"{table.name}.csv", table.csv)
        book = workbook(tables, self._at)
        try:
            self._spooled("registre.xlsx", book)
        finally:
            book.close()
        self._spooled("evenements.jsonl", taken.tables.events)
        readme = Spool()
        readme.write(notice(taken.tables, position, self._at).encode())
        self._spooled("LISEZMOI.txt", readme)
        readme.close()
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "association": taken.lens.association,
            "position": position,
            "made_at": self._at.isoformat(timespec="seconds"),
            "rows": {table.name: table.rows for table in tables} | {"evenements": taken.tables.told},
            "files": self._files,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
        self._archive.writestr(member(MANIFEST, self._at), text)

    def _spooled(self, name: str, spool: Spool) -> None:
        copy(self._archive, member(name, self._at), spool)
        self._files[name] = {"sha256": spool.sha256, "size": spool.size}
