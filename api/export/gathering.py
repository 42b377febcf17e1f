"""Taking the records of an operator from the ledger, a few at a time: their rows, and their events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from api.export.cells import Table
from api.export.documents import Received, still_asked
from api.export.events import Told, refused, told
from api.export.lens import Lens
from api.export.rows import (
    TABLES,
    Line,
    association_lines,
    company_lines,
    convention_lines,
    import_lines,
    mentor_lines,
    training_lines,
)
from api.export.spool import Spool
from api.sharing import shared
from domain.association.model import Association
from domain.calendar import paris_day
from domain.company.model import Company
from domain.convention.model import Convention
from domain.imports.model import Import
from domain.kernel import Root, Sealed
from domain.mentor.model import Mentor
from domain.ports import Documents, Feed, Gathering, Happened, Persons
from domain.programme.model import Programme
from domain.training.model import Training
from projections import (
    associations,
    companies,
    conventions,
    holdings,
    imports,
    mentors,
    persons,
    trainings,
)
from projections.holdings import RefusalRow
from projections.mentors import MentorRow
from projections.reading import Reader
from projections.tracking import Tracked, track

AT_ONCE: Final = 20
"""Records in memory together: decoding their events takes some milliseconds, when nothing else runs."""

Row = TypeVar("Row", bound=Any)


@dataclass(frozen=True)
class Sources:
    """What an export reads. ``now`` answers domain time, UTC."""

    feed: Feed
    reader: Reader
    persons: Persons
    documents: Documents
    now: Callable[[], Awaitable[datetime]]


async def existing(sources: Sources, record_id: str) -> Root | None:
    """The record as it stands."""
    tracked = track(await sources.feed.of([record_id]))
    return tracked.record if tracked else None


class Tables:
    """What is set aside until it is packed. ``told``: how many events."""

    def __init__(self) -> None:
        self._tables = {name: Table(name, title, header) for name, (title, header) in TABLES.items()}
        self.events = Spool()
        self.told = 0

    def add(self, name: str, values: Sequence[Any]) -> None:
        self._tables[name].add(values)

    def tell(self, line: str) -> None:
        self.events.write(line.encode())
        self.told += 1

    def all(self) -> list[Table]:
        return list(self._tables.values())

    def finished(self) -> list[Table]:
        """Nothing is added any more."""
        for table in self.all():
            table.finish()
        return self.all()

    def close(self) -> None:
        for table in self.all():
            table.close()
        self.events.close()


@dataclass(frozen=True)
class _Part:
    """One record: its row, whose sealed words are open or withheld in the end, and its events."""

    record: Root
    row: Any
    told: Sequence[Told]

    @property
    def tells_persons(self) -> bool:
        """Of an import, nothing that is in the file."""
        return not isinstance(self.record, Import)


class Taken:
    """Takes records up to ``position``, as they read at ``now``. ``companies``: where the mentors work."""

    def __init__(
        self,
        sources: Sources,
        lens: Lens,
        position: int,
        now: datetime,
        gathering: Gathering,
        tables: Tables,
    ) -> None:
        self.lens = lens
        self.tables = tables
        self.companies: set[str] = set()
        self._sources = sources
        self._position = position
        self._today = paris_day(now)
        self._gathering = gathering
        self._programmes: dict[str, Programme] = {}

    async def take(self, record_ids: Sequence[str]) -> list[Happened]:
        """Sets the records aside, and answers the events of the last few of them."""
        happened: list[Happened] = []
        for start in range(0, len(record_ids), AT_ONCE):
            some = record_ids[start : start + AT_ONCE]
            happened = await self._events_of(some)
            refusals = await self._refusals_of(some)
            tracked = await asyncio.to_thread(_folded, happened)
            await self._know_programmes(tracked)
            parts = await asyncio.to_thread(self._parts, tracked, happened, refusals)
            clear = await self._gathering.opened({s for part in parts for s in self._sealed(part)})
            await asyncio.to_thread(self._set_aside, parts, clear)
        return happened

    async def file(self, received: Received) -> bytes | None:
        """A file handed in, ``None`` when it is no longer there."""
        try:
            body = await self._sources.documents.read(received.record_id, received.sha256)
        except LookupError:
            return None
        self._gathering.shows(received.record_id)
        return body

    async def _events_of(self, record_ids: Sequence[str]) -> list[Happened]:
        found = await self._sources.feed.of(record_ids)
        return [one for one in found if one.position <= self._position]

    async def _refusals_of(self, record_ids: Sequence[str]) -> list[RefusalRow]:
        async with self._sources.reader.session(self.lens.reader.scopes) as connection:
            return await holdings.refusals(connection, record_ids, self._position)

    async def _know_programmes(self, tracked: Mapping[str, Tracked]) -> None:
        named = {getattr(one.record, "programme_id", "") for one in tracked.values()} - {""}
        for programme_id in named - self._programmes.keys():
            known = track(await self._events_of([programme_id]))
            if known is None or not isinstance(known.record, Programme):
                raise LookupError(programme_id)
            self._programmes[programme_id] = known.record

    def _parts(
        self, tracked: Mapping[str, Tracked], happened: Sequence[Happened], refusals: Sequence[RefusalRow]
    ) -> list[_Part]:
        by_record: dict[str, list[Told]] = {record_id: [] for record_id in tracked}
        for one in happened:
            by_record[one.record_id].append(told(one, tracked[one.record_id].record, self.lens))
        for row in refusals:
            record = tracked[row.record_id].record
            if not shared(record):
                by_record[row.record_id].append(refused(row, record, self.lens))
        return [
            _Part(one.record, self._row(one), sorted(by_record[record_id], key=_place))
            for record_id, one in tracked.items()
        ]

    def _row(self, tracked: Tracked) -> Any:
        record, today = tracked.record, self._today
        programme = self._programmes.get(getattr(record, "programme_id", ""))
        match record:
            case Association():
                return associations.row_of(tracked, programme, today)
            case Company():
                return companies.row_of(tracked)
            case Import():
                return imports.row_of(tracked, (), today)
        if programme is None:
            raise LookupError(f"{record.id} follows no programme")
        match record:
            case Mentor():
                followed = programme.followed(record.rules_version, record.academie, today)
                return mentors.row_of(tracked, (), followed.rules, followed.number, today)
            case Training():
                return trainings.row_of(tracked, (), programme, today)
            case Convention():
                row = conventions.row_of(tracked, (), programme, today)
                return replace(row, persons={k: v for k, v in row.persons.items() if self.lens.owns(k)})
        raise TypeError(type(record))

    def _sealed(self, part: _Part) -> Iterator[Sealed]:
        for one in part.told:
            yield from one.sealed
        if part.tells_persons and self.lens.sees_persons_of(part.record):
            yield from persons.sealed_in([part.row]).values()

    def _set_aside(self, parts: Collection[_Part], clear: Mapping[Sealed, Any]) -> None:
        for part in parts:
            row = self._shown(part, clear)
            if isinstance(row, MentorRow) and isinstance(employer := row.persons.get("company_id"), str):
                self.companies.add(employer)
            for name, values in self._lines(part.record, row):
                self.tables.add(name, values)
            for one in part.told:
                self.tables.tell(one.line(clear))

    def _shown(self, part: _Part, clear: Mapping[Sealed, Any]) -> Any:
        if not part.tells_persons:
            return part.row
        if not self.lens.sees_persons_of(part.record):
            return persons.withheld(part.row)
        words = persons.sealed_in([part.row])
        return persons.opened(part.row, {word: clear[sealed] for word, sealed in words.items()})

    def _lines(self, record: Root, row: Any) -> Iterator[Line]:
        match record:
            case Association():
                yield from association_lines(row)
                yield from (("pieces", line) for line in still_asked(record))
            case Mentor():
                yield from mentor_lines(row)
            case Training():
                yield from training_lines(row)
            case Convention():
                yield from convention_lines(row, self.lens.party)
            case Company():
                yield from company_lines(row)
            case Import():
                yield from import_lines(row)


def _folded(happened: Sequence[Happened]) -> dict[str, Tracked]:
    """Each record by its id, in the order of its first event."""
    by_record: dict[str, list[Happened]] = {}
    for one in happened:
        by_record.setdefault(one.record_id, []).append(one)
    tracked = {record_id: track(events) for record_id, events in by_record.items()}
    return {record_id: one for record_id, one in tracked.items() if one is not None}


def _place(one: Told) -> int:
    position: int = one.about["position"]
    return position
