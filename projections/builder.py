"""Turns events into rows, batch by batch, in one schema: the live one or the one being rebuilt."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, datetime
from itertools import islice
from typing import Final

from domain.calendar import paris_day, start_of
from domain.kernel import Due, Root
from domain.ports import Feed, Happened, World
from domain.programme.model import Programme
from domain.refusal import Refusal
from domain.registry import programme_of_record, waits
from projections import deadlines
from projections.batch import LIVE, Batch, Change, Connection, within
from projections.facts import reserved, split
from projections.reading import CHANNEL
from projections.schema import PROJECTIONS
from projections.tracking import Tracked, dated_facts, follow, rules_followed, scopes_of
from projections.unbound import operators_bound, unbound_among

BATCH: Final = 5_000
"""Events read and written at once: the more there are, the fewer times a record is written."""
CHUNK: Final = 500
"""Records folded from their first event at once, or looked at again at once."""
FEW: Final = 20
"""Events up to which a batch is one pipeline: two round trips, whatever it writes."""
CACHE: Final = 5_000
"""Folded records kept in memory: 10 to 40 KB each."""
WRITE_LOCK: Final = 7_305_022
"""Key of the advisory lock under which the live schema is written, or replaced."""

_HOLD: Final = "SELECT pg_advisory_xact_lock(%s), set_config('synchronous_commit', 'off', true)"
_PLACE: Final = "SELECT position, day FROM {schema}.position"
_MOVE: Final = "UPDATE {schema}.position SET position = %s, day = %s, updated_at = clock_timestamp()"

Now = Callable[[], Awaitable[datetime]]


class Builder:
    """Where one schema stands, and the folded records that the next events concern.

    The cached records are those of ``position``, whatever has been recorded since. A day's deadlines are
    worked out at midnight in Paris, so that rows are a function of the events and of the day alone.
    ``bare``: the schema is being filled, nobody reads it and it has no protection yet (``schema.begin``).
    """

    def __init__(self, feed: Feed, world: World, now: Now, schema: str, *, bare: bool = False) -> None:
        self.schema = schema
        self.bare = bare
        self.position: int | None = None
        self._day = date.min
        self._feed = feed
        self._world = world
        self._now = now
        self._records: OrderedDict[str, Tracked] = OrderedDict()
        self._ahead: tuple[int, asyncio.Task[Sequence[Happened]]] | None = None

    def forget(self) -> None:
        """Starts again from what is written: after a failure, or when the schema was replaced."""
        self.position = None
        self._records.clear()
        if self._ahead:
            self._ahead[1].cancel()
            self._ahead = None

    async def step(self, connection: Connection) -> bool:
        """Writes one batch of events, or turns the day; rows and position in one transaction.

        Answers whether there may be more to do. Whatever an event or the database raises goes up.
        """
        if self.position is None:
            self.position, self._day = await self._place(connection)
        now, events = await asyncio.gather(self._now(), self._next(self.position))
        today = max(paris_day(now), self._day)
        if not events and today == self._day:
            return False
        try:
            few = len(events) <= FEW and today == self._day and not any(map(_reaches_others, events))
            async with connection.pipeline() if few else nullcontext(), connection.transaction():
                await self._write(connection, events, today)
        except BaseException:
            self.forget()
            raise
        return True

    async def _next(self, position: int) -> Sequence[Happened]:
        """The events behind ``position``. More come behind a full batch: read while that one is written."""
        (behind, ahead), self._ahead = self._ahead or (None, None), None
        events = await (ahead if ahead and behind == position else self._after(position))
        if len(events) == BATCH:
            last = events[-1].position
            self._ahead = last, asyncio.create_task(self._after(last))
        return events

    async def _after(self, position: int) -> Sequence[Happened]:
        return await self._feed.after(position, BATCH)

    async def _write(self, connection: Connection, events: Sequence[Happened], today: date) -> None:
        if self.schema == LIVE:
            await connection.execute(_HOLD, (WRITE_LOCK,))
        if await self._place(connection) != (self.position, self._day):
            self.forget()
            return
        if today > self._day:
            last, self._day = self._day, today
            await self._refresh(connection, await deadlines.stale(connection, self.schema, last, today))
        if events:
            await self._record(connection, events)
        await connection.execute(within(self.schema, _MOVE), (self.position, self._day))
        if self.schema == LIVE:
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(self.position)))

    async def _place(self, connection: Connection) -> tuple[int, date]:
        async with connection.cursor() as cursor:
            await cursor.execute(within(self.schema, _PLACE))
            row = await cursor.fetchone()
        if row is None:
            raise LookupError(f"{self.schema}.position has lost its row")
        return row[0], row[1]

    async def _record(self, connection: Connection, events: Sequence[Happened]) -> None:
        """The rows of these events and of the records they leave."""
        shown = {_shown_under(e) for e in events}
        await self._load(shown - {e.record_id for e in events if e.version == 1})
        await self._load(self._programmes_of(events))
        former = {i: scopes_of(self._records[i].record) for i in shown & self._records.keys()}
        changes = [self._follow(happened) for happened in events]
        self.position = events[-1].position
        known = {i: self._records[i] for i in shown & self._records.keys()}
        scopes = {i: scopes_of(tracked.record) for i, tracked in known.items()}
        readers = {i: _readers(scopes.get(i, ())) for i in shown}
        rescoped = [i for i, held in scopes.items() if former.get(i) != held]
        written = {e.record_id for e in events} & known.keys()
        await self._project(connection, {i: known[i] for i in written}, changes, readers, rescoped)
        for programme_id in {e.record_id for e in events if _reaches_others(e)}:
            followers = await deadlines.programme_records(connection, programme_id, self.schema)
            await self._refresh(connection, [i for i in followers if i not in written])
        changed = [known[i] for i in written]
        await self._refresh(connection, await operators_bound(connection, self.schema, changed))
        self._trim()

    async def _refresh(self, connection: Connection, record_ids: Iterable[str]) -> None:
        """Writes again records that no event has changed: their rules or the day have."""
        remaining = iter(record_ids)
        while chunk := list(islice(remaining, CHUNK)):
            await self._load(chunk)
            await self._project(connection, {i: self._records[i] for i in chunk})
            self._trim()

    async def _project(
        self,
        connection: Connection,
        records: Mapping[str, Tracked],
        changes: Sequence[Change] = (),
        readers: Mapping[str, list[str]] | None = None,
        rescoped: Sequence[str] = (),
    ) -> None:
        programmes = await self._programmes(records.values())
        unbound = await unbound_among(
            connection, self.schema, records.values(), programmes, self._day, self._loaded
        )
        dues = {i: self._dues(t, programmes, unbound.get(i, ())) for i, t in records.items()}
        batch = Batch(
            self.schema, self._day, changes, records, dues, programmes, readers or {}, rescoped, self.bare
        )
        for projection in PROJECTIONS:
            await projection.write(connection, batch)

    async def _programmes(self, tracked: Iterable[Tracked]) -> dict[str, Programme]:
        ids = {i for t in tracked if (i := programme_of_record(t.record))}
        await self._load(ids)
        return {i: _programme(self._records[i]) for i in ids}

    def _dues(
        self, tracked: Tracked, programmes: Mapping[str, Programme], others: Sequence[Due]
    ) -> list[Due]:
        """Its own, and those that rest on ``others``' records."""
        own = waits(tracked.record, programmes.__getitem__, self._world, start_of(self._day))
        return sorted([*own, *others], key=lambda due: (due.at, due.key)) if others else own

    async def _loaded(self, record_ids: Iterable[str]) -> Mapping[str, Tracked]:
        await self._load(record_ids)
        return self._records

    async def _load(self, record_ids: Iterable[str]) -> None:
        """Brings records into the cache as they were at ``position``."""
        wanted = set(record_ids)
        for record_id in wanted & self._records.keys():
            self._records.move_to_end(record_id)
        missing = iter(sorted(wanted - self._records.keys()))
        while self.position is not None and (chunk := list(islice(missing, CHUNK))):
            for happened in await self._feed.of(chunk):
                if happened.position <= self.position:
                    self._remember(follow(happened, self._records.get(happened.record_id)))

    def _programmes_of(self, events: Sequence[Happened]) -> set[str]:
        """The programmes whose rules these events fall under, but those that are opened among them."""
        known = [self._records[e.record_id].record for e in events if e.record_id in self._records]
        drafted = [getattr(e.event, "programme_id", None) for e in events]
        wanted = {i for i in [*map(programme_of_record, known), *drafted] if i}
        return wanted - {e.record_id for e in events if e.version == 1}

    def _follow(self, happened: Happened) -> Change:
        """Folds one event more; a refusal changes no record."""
        facts, persons = split(happened.event)
        shown_under = _shown_under(happened)
        if shown_under != happened.record_id:
            return Change(happened, shown_under, facts, persons)
        known = self._records.get(happened.record_id)
        corrects = known is not None and hasattr(happened.event, "supersedes")
        former = dated_facts(known.record) if known and corrects else None
        tracked = follow(happened, known)
        self._remember(tracked)
        dated = dated_facts(tracked.record)
        return Change(
            happened,
            shown_under,
            facts,
            persons,
            reserved(happened.event),
            status=tracked.record.status,
            dated=dated,
            corrected=None if former is None else {k: v for k, v in dated.items() if v != former.get(k)},
            timeline=tracked.timeline if known is None or tracked.timeline != known.timeline else None,
            rules_version=self._rules_followed(tracked.record, happened),
        )

    def _rules_followed(self, record: Root, happened: Happened) -> int | None:
        """Under which rules a record stood on the day on which an event of its was written."""
        programme_id = programme_of_record(record)
        if not programme_id:
            return None
        programme = _programme(self._records[programme_id])
        return rules_followed(record, programme, paris_day(happened.recorded_at))

    def _remember(self, tracked: Tracked) -> None:
        self._records[tracked.record.id] = tracked
        self._records.move_to_end(tracked.record.id)

    def _trim(self) -> None:
        while len(self._records) > CACHE:
            self._records.popitem(last=False)


def _shown_under(happened: Happened) -> str:
    """The record in whose history an event is shown."""
    if isinstance(happened.event, Refusal.Created):
        record_id: str = happened.event.record_id  # type: ignore[attr-defined]
        return record_id
    return happened.record_id


def _reaches_others(happened: Happened) -> bool:
    """Whether an event changes what other records wait for: rules meant for open ones."""
    return getattr(happened.event, "to_open", False)


def _readers(scopes: Iterable[str]) -> list[str]:
    """Who may read the history of a record: its readers, the inspection, the system."""
    return sorted({*scopes, "role:auditor", "role:system"})


def _programme(tracked: Tracked) -> Programme:
    if not isinstance(tracked.record, Programme):
        raise TypeError(type(tracked.record))
    return tracked.record
