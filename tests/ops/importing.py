"""Files to import, and a house in memory to import them into."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from openpyxl import Workbook

from domain.kernel import Actor, Root
from domain.mentor.model import Mentor
from ledger import vault
from ops.imports import direct
from ops.imports.apart import Here
from ops.imports.bench import Kind
from ops.imports.mentors import Mentors
from ops.imports.report import Report
from tests.support import COORDINATOR, FACE, House, fold_at

HEADER = "Nom;Prénom;Courriel;Date de naissance;Statut"
LINES = (
    "Diallo;Awa;awa@exemple.test;02/03/1985;salariée",
    "Martin;Léa;lea@exemple.test;1/9/1990;retraitée",
    "Ndiaye;Sokhna;;1979-12-31;indépendante",
)


@dataclass
class Desk:
    """The association FACE, which imports."""

    house: House = field(default_factory=House)

    async def open(self) -> Desk:
        await self.house.open()
        return self

    async def run(
        self,
        body: str | bytes,
        kind: Kind | None = None,
        actor: Actor = COORDINATOR,
        *,
        dry_run: bool = False,
    ) -> Report:
        raw = body if isinstance(body, bytes) else body.encode()
        return await direct.run(
            kind or Mentors(FACE), raw, self.house.executor, actor, dry_run=dry_run, reading=Here()
        )

    @property
    def events(self) -> list[Any]:
        return list(cast(Any, self.house.recorder).events)

    async def records(self, kind: str) -> list[Root]:
        ids = dict.fromkeys(one.record_id for one in self.events if one.record_id.startswith(f"{kind}-"))
        found = [await fold_at(self.house.recorder, record_id) for record_id in ids]
        return [record for record in found if record is not None]

    async def mentors(self) -> list[Mentor]:
        return [one for one in await self.records("mentor") if isinstance(one, Mentor)]

    async def person(self, mentor: Mentor) -> dict[str, Any]:
        """Who it is, in clear."""
        sealed = {name: getattr(mentor.person, name) for name in mentor.person.__dataclass_fields__}
        return {name: await self.clear(one) for name, one in sealed.items()}

    async def clear(self, sealed: Any) -> Any:
        """A personal value of a record, as it was told."""
        return None if sealed is None else (await vault.opened(self.house.keyring, [sealed]))[sealed]


def csv(*lines: str, header: str = HEADER, end: str = "\n") -> str:
    return "".join(line + end for line in (header, *lines))


def workbook(rows: Iterable[Sequence[Any]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))  # type: ignore[union-attr]
    return saved(book)


def saved(book: Workbook) -> bytes:
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def places(report: Report) -> set[tuple[int, str]]:
    return {(fault.line, fault.column) for fault in report.faults}
