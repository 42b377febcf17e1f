"""A store that keeps what is added to itself: commands are tried on the real records, then written at once.

Many commands become one transaction: all of them, or none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.kernel import Claim
from ledger.events import NewEvent, StoredEvent, placed
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, Loaded, Recorder, VersionConflict


@dataclass
class OverlayRecorder:
    """``Recorder`` over another one, only read until ``commit``. Claims that stored records hold are seen
    then, not before."""

    beneath: Recorder
    added: list[StoredEvent] = field(default_factory=list)
    _new: list[NewEvent] = field(default_factory=list)
    _rests_on: dict[str, int] = field(default_factory=dict)
    _gains: list[tuple[str, Claim]] = field(default_factory=list)
    _drops: list[tuple[str, Claim]] = field(default_factory=list)
    _claims: dict[str, str] = field(default_factory=dict)

    async def commit(self) -> list[StoredEvent]:
        """Adds everything to the store beneath, in one transaction.

        Raises ``VersionConflict``, ``AlreadyRecorded`` or ``ClaimTaken``; nothing is then written.
        """
        if not self._new:
            return []
        return await self.beneath.append(Append(self._new, self._rests_on, self._gains, self._drops))

    async def load(self, record_ids: Sequence[str], event_ids: Sequence[UUID] = ()) -> Loaded:
        loaded = await self.beneath.load(record_ids, event_ids)
        return Loaded(
            loaded.events + [e for e in self.added if e.record_id in record_ids],
            loaded.repeated + [e for e in self.added if e.event_id in event_ids],
            loaded.now,
        )

    async def append(self, batch: Append) -> list[StoredEvent]:
        loaded = await self.load(list(batch.rests_on), [new.event_id for new in batch.events])
        if loaded.repeated:
            raise AlreadyRecorded
        versions = {e.record_id: e.version for e in loaded.events}
        for record_id, version in batch.rests_on.items():
            if versions.get(record_id, 0) != version:
                raise VersionConflict(record_id)
        for record_id, claim in batch.gains:
            if (holder := self._claims.setdefault(claim.key, record_id)) != record_id:
                raise ClaimTaken(claim.key, holder)
        self._keep(batch)
        head = await self.head()
        stored = [placed(new, head + i, loaded.now) for i, new in enumerate(batch.events, start=1)]
        self.added += stored
        return stored

    def _keep(self, batch: Append) -> None:
        added = {e.record_id for e in self.added}
        untouched = {i: v for i, v in batch.rests_on.items() if i not in added}
        self._rests_on = {**untouched, **self._rests_on}
        self._new += batch.events
        # What is gained and given up within the trial never reaches the store.
        for drop in batch.drops:
            if drop in self._gains:
                self._gains.remove(drop)
            else:
                self._drops.append(drop)
        self._gains += batch.gains

    async def after(self, position: int, limit: int) -> list[StoredEvent]:
        found = [*await self.beneath.after(position, limit), *self.added]
        return [e for e in found if e.position > position][:limit]

    async def head(self) -> int:
        return await self.beneath.head() + len(self.added)

    async def holders(self, keys: Collection[str]) -> dict[str, str]:
        tried = {key: holder for key in keys if (holder := self._claims.get(key))}
        return await self.beneath.holders(keys) | tried

    async def now(self) -> datetime:
        return await self.beneath.now()
