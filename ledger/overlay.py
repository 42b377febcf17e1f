"""A store that keeps what is added to itself: commands are tried on the real records, then written at once.

Many commands become one transaction: all of them, or none. Ten thousand of them look things up by record and
by event, and ask the store beneath nothing that was already brought (``bring``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from domain.kernel import Claim
from ledger.events import NewEvent, StoredEvent, placed
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, Loaded, Recorder, VersionConflict

AT_ONCE: Final = 1_000
"""Records, or keys of claims, asked for in one statement."""


@dataclass
class OverlayRecorder:
    """``Recorder`` over another one, only read until ``commit``. Time stands still from the first look: what
    is recorded is stamped by the store beneath. Claims that stored records hold are seen by ``commit``, not
    before; one that is given up within the trial is free again.
    """

    beneath: Recorder
    added: list[StoredEvent] = field(default_factory=list)
    _new: list[NewEvent] = field(default_factory=list)
    _rests_on: dict[str, int] = field(default_factory=dict)
    _gains: dict[tuple[str, Claim], None] = field(default_factory=dict)
    _drops: list[tuple[str, Claim]] = field(default_factory=list)
    _holders: dict[str, str] = field(default_factory=dict)
    _records: dict[str, list[StoredEvent]] = field(default_factory=lambda: defaultdict(list))
    _events: dict[UUID, StoredEvent] = field(default_factory=dict)
    _touched: set[str] = field(default_factory=set)
    _brought: set[str] = field(default_factory=set)
    _sure: bool = False
    _now: datetime | None = None
    _head: int | None = None

    async def bring(self, record_ids: Iterable[str], *, fresh: bool = False) -> set[str]:
        """Loads these records, so that nobody asks for them again; answers those that there are.

        ``fresh``: no command of this trial was ever carried out, so that none of its events is looked for
        beneath. Were it wrong, ``commit`` would refuse.
        """
        self._sure = self._sure or fresh
        wanted = iter(dict.fromkeys(i for i in record_ids if i not in self._brought))
        while some := list(islice(wanted, AT_ONCE)):
            self._keep_loaded(some, await self.beneath.load(some))
        return {i for i in self._brought if self._records.get(i)}

    async def commit(self) -> list[StoredEvent]:
        """Adds everything to the store beneath, in one transaction.

        Raises ``VersionConflict``, ``AlreadyRecorded`` or ``ClaimTaken``; nothing is then written.
        """
        if not self._new:
            return []
        return await self.beneath.append(Append(self._new, self._rests_on, list(self._gains), self._drops))

    async def load(self, record_ids: Sequence[str], event_ids: Sequence[UUID] = ()) -> Loaded:
        missing = [i for i in record_ids if i not in self._brought]
        unsure = [] if self._sure else [i for i in event_ids if i not in self._events]
        repeated = [self._events[i] for i in event_ids if i in self._events]
        if missing or unsure or self._now is None:
            loaded = await self.beneath.load(missing, unsure)
            self._keep_loaded(missing, loaded)
            repeated += loaded.repeated
        events = [one for i in dict.fromkeys(record_ids) for one in self._records.get(i, ())]
        return Loaded(sorted(events, key=_place), sorted(repeated, key=_place), await self.now())

    async def append(self, batch: Append) -> list[StoredEvent]:
        loaded = await self.load(list(batch.rests_on), [new.event_id for new in batch.events])
        if loaded.repeated:
            raise AlreadyRecorded
        for record_id, version in batch.rests_on.items():
            if self._version(record_id) != version:
                raise VersionConflict(record_id)
        self._settle(batch)
        for record_id, version in batch.rests_on.items():
            if record_id not in self._touched:
                self._rests_on.setdefault(record_id, version)
        first = await self.head() + 1
        stored = [placed(new, place, loaded.now) for place, new in enumerate(batch.events, first)]
        for one in stored:
            self.added.append(one)
            self._records[one.record_id].append(one)
            self._events[one.event_id] = one
            self._touched.add(one.record_id)
        self._new += batch.events
        return stored

    async def after(self, position: int, limit: int) -> list[StoredEvent]:
        found = [*await self.beneath.after(position, limit), *self.added]
        return [e for e in found if e.position > position][:limit]

    async def head(self) -> int:
        if self._head is None:
            self._head = await self.beneath.head()
        return self._head + len(self.added)

    async def holders(self, keys: Collection[str]) -> dict[str, str]:
        given_up = {claim.key for _, claim in self._drops}
        found = await self.beneath.holders([key for key in keys if key not in given_up])
        return found | {key: self._holders[key] for key in keys if key in self._holders}

    async def saying(self, digests: Collection[str]) -> dict[str, set[str]]:
        """Beneath: what is tried here is by its own lines."""
        return await self.beneath.saying(digests)

    async def now(self) -> datetime:
        if self._now is None:
            self._now = await self.beneath.now()
        return self._now

    def _keep_loaded(self, record_ids: Sequence[str], loaded: Loaded) -> None:
        self._now = self._now or loaded.now
        self._brought.update(record_ids)
        for one in loaded.events:
            self._records[one.record_id].append(one)

    def _version(self, record_id: str) -> int:
        events = self._records.get(record_id)
        return events[-1].version if events else 0

    def _settle(self, batch: Append) -> None:
        """What is gained and given up within the trial never reaches the store."""
        leaving = {claim.key for drop, claim in batch.drops if self._holders.get(claim.key) == drop}
        gained: dict[str, str] = {}
        for record_id, claim in batch.gains:
            held = None if claim.key in leaving else self._holders.get(claim.key)
            holder = gained.setdefault(claim.key, held or record_id)
            if holder != record_id:
                raise ClaimTaken(claim.key, holder)
        for drop in batch.drops:
            if drop in self._gains:
                del self._gains[drop]
                self._holders.pop(drop[1].key, None)
            else:
                self._drops.append(drop)
        for gain in batch.gains:
            self._gains[gain] = None
            self._holders[gain[1].key] = gain[0]


def _place(stored: StoredEvent) -> int:
    return stored.position
