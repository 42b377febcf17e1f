"""The port between the executor and a store of events, and its in-memory twin."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from domain.kernel import Claim
from ledger.events import NewEvent, StoredEvent, placed


class VersionConflict(Exception):
    """A record that the decision rests on has changed since it was read."""


class AlreadyRecorded(Exception):
    """An event of this command is in the store: the command was carried out before."""


class ClaimTaken(Exception):
    """Another record, ``holder``, holds the key. ``key`` says which."""

    def __init__(self, key: str, holder: str) -> None:
        super().__init__(key)
        self.key = key
        self.holder = holder


class Overloaded(Exception):
    """Too many commands wait for their turn to be recorded, or the turn did not come: nothing was written."""


@dataclass(frozen=True)
class Append:
    """One command's worth: its events, the versions they rest on, the claims gained and given up."""

    events: Sequence[NewEvent]
    rests_on: Mapping[str, int]
    gains: Sequence[tuple[str, Claim]] = ()
    drops: Sequence[tuple[str, Claim]] = ()


@dataclass(frozen=True)
class Loaded:
    """What a decision starts from. ``repeated``: events of the same command, found in the store."""

    events: list[StoredEvent]
    repeated: list[StoredEvent]
    now: datetime


class Recorder(Protocol):
    async def load(self, record_ids: Sequence[str], event_ids: Sequence[UUID] = ()) -> Loaded:
        """The events of these records in order, those of the given ids, and domain time: one round trip."""

    async def append(self, batch: Append) -> list[StoredEvent]:
        """Adds the events at the head, all or none.

        Raises ``VersionConflict``, ``AlreadyRecorded``, ``ClaimTaken`` or ``Overloaded``; nothing is then
        written.
        """

    async def after(self, position: int, limit: int) -> list[StoredEvent]:
        """The events behind ``position``, in order."""

    async def head(self) -> int:
        """The position of the last event, 0 when there is none."""

    async def now(self) -> datetime:
        """Domain time, UTC."""

    async def holders(self, keys: Collection[str]) -> dict[str, str]:
        """The record that now holds each of these claims; a key that nobody holds is left out."""

    async def saying(self, digests: Collection[str]) -> dict[str, set[str]]:
        """The records that were ever recognised by each of these keyed digests, erased or not: those one of
        whose events says it, in its field ``digests``."""


RECOGNISING: Final = ("email_digest", "name_digest", "siret_digest")
"""The digests that find somebody. Many people have the same names, or the same birth date."""


@dataclass
class MemoryRecorder:
    """The same contract without a database. ``clock`` gives domain time."""

    clock: Callable[[], datetime]
    events: list[StoredEvent] = field(default_factory=list)
    _records: dict[str, list[StoredEvent]] = field(default_factory=lambda: defaultdict(list))
    _ids: dict[UUID, StoredEvent] = field(default_factory=dict)
    _claims: dict[str, list[tuple[Claim, str]]] = field(default_factory=lambda: defaultdict(list))

    async def load(self, record_ids: Sequence[str], event_ids: Sequence[UUID] = ()) -> Loaded:
        found = [e for record_id in set(record_ids) for e in self._records.get(record_id, ())]
        repeated = [self._ids[i] for i in set(event_ids) if i in self._ids]
        return Loaded(sorted(found, key=_place), sorted(repeated, key=_place), await self.now())

    async def append(self, batch: Append) -> list[StoredEvent]:
        if any(new.event_id in self._ids for new in batch.events):
            raise AlreadyRecorded
        for record_id, version in batch.rests_on.items():
            if len(self._records.get(record_id, ())) != version:
                raise VersionConflict(record_id)
        self._check_claims(batch)
        now = await self.now()
        stored = [placed(new, len(self.events) + i, now) for i, new in enumerate(batch.events, start=1)]
        for one in stored:
            self.events.append(one)
            self._records[one.record_id].append(one)
            self._ids[one.event_id] = one
        for record_id, claim in batch.drops:
            self._claims[claim.key].remove((claim, record_id))
        for record_id, claim in batch.gains:
            self._claims[claim.key].append((claim, record_id))
        return stored

    async def after(self, position: int, limit: int) -> list[StoredEvent]:
        return self.events[position : position + limit]

    async def head(self) -> int:
        return len(self.events)

    async def now(self) -> datetime:
        last = self.events[-1].recorded_at if self.events else None
        now = self.clock()
        return max(now, last) if last else now

    async def holders(self, keys: Collection[str]) -> dict[str, str]:
        now, found = await self.now(), {}
        for key in keys:
            for claim, record_id in self._claims.get(key, ()):
                if (claim.start is None or claim.start <= now) and (claim.end is None or now < claim.end):
                    found[key] = record_id
        return found

    async def saying(self, digests: Collection[str]) -> dict[str, set[str]]:
        found = defaultdict[str, set[str]](set)
        for one in self.events:
            for name, said in (json.loads(one.state).get("digests") or {}).items():
                if said in digests and name in RECOGNISING:
                    found[said].add(one.record_id)
        return dict(found)

    def _check_claims(self, batch: Append) -> None:
        dropped = {(record_id, claim) for record_id, claim in batch.drops}
        held: dict[str, list[tuple[Claim, str]]] = {}
        for record_id, claim in batch.gains:
            now = self._claims[claim.key]
            others = held.setdefault(claim.key, [(c, by) for c, by in now if (by, c) not in dropped])
            if holder := next((by for other, by in others if _overlap(other, claim)), None):
                raise ClaimTaken(claim.key, holder)
            others.append((claim, record_id))


def _place(stored: StoredEvent) -> int:
    return stored.position


def _overlap(a: Claim, b: Claim) -> bool:
    starts_before = a.start is None or b.end is None or a.start < b.end
    return starts_before and (b.start is None or a.end is None or b.start < a.end)
