"""Carries commands out: load every record named, decide, append; again when somebody was faster.

The version of every record *read* is checked under the append lock, so that no decision rests on a
fact that has changed meanwhile. A command is told from every other by its id; carrying it out twice
answers the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from domain import claims
from domain.authorization import may_see
from domain.commands import Command, handler_of
from domain.kernel import (
    FREE_TEXT,
    PERSONAL,
    Act,
    Busy,
    Claim,
    KeyReused,
    Refused,
    Root,
    effective_at,
    event_id,
    kind_of,
)
from domain.ports import Conventions, Outcome, Request, World
from domain.refusal import Refusal
from ledger import codec, personal
from ledger.digests import Digests
from ledger.events import ABOUT, REASON, NewEvent, StoredEvent, fold
from ledger.keyring import KeyDestroyed, Keyring, no_second_key
from ledger.personal import SEALED
from ledger.recorder import AlreadyRecorded, Append, ClaimTaken, Loaded, Overloaded, Recorder, VersionConflict
from ledger.records import LoadedRecords, MissingConventions, MissingHolders, MissingRecord
from ledger.turns import Turn, Turns, overtaken
from ledger.vault import EventVault

TRIES: Final = 3
"""How often a key that is gone is looked for again."""
MOST_EVENTS: Final = 16
"""A command records a handful of facts; its repeat is recognised by their ids."""

_UNNOTED: Final = frozenset(t.partition("@")[0] for t, k in codec.KINDS.items() if k.counted or not k.cited)


@dataclass(frozen=True)
class _Decided:
    """What a command makes of the records: events still in clear, claims, and the versions read. ``sealed``:
    the records of which something is sealed already."""

    events: Sequence[Root.Event]
    rests_on: Mapping[str, int]
    about: tuple[str, ...]
    sealed: frozenset[str]
    gains: Sequence[tuple[str, Claim]] = ()
    drops: Sequence[tuple[str, Claim]] = ()


class Executor:
    """The one way in. ``digests`` tell one body of a command from another; the keys of ``keyring`` seal what
    is personal; ``conventions``: which may bind an operator.
    """

    def __init__(
        self,
        recorder: Recorder,
        world: World,
        digests: Digests,
        keyring: Keyring,
        conventions: Conventions,
    ) -> None:
        self.recorder = recorder
        self.world = world
        self.keyring = keyring
        self.conventions = conventions
        self.digests = digests
        self._turns = Turns()

    def over(self, recorder: Recorder, keyring: Keyring | None = None) -> Executor:
        """The same executor on another store: to try commands without writing them."""
        return Executor(recorder, self.world, self.digests, keyring or self.keyring, self.conventions)

    async def now(self) -> datetime:
        return await self.recorder.now()

    async def execute(self, request: Request) -> Outcome:
        """Carries the command out, once.

        Raises ``NotFound``, ``Conflict`` (overtaken for too long, or somebody holds what must be unique),
        ``Busy``, ``PreconditionFailed``, ``KeyReused`` and ``Refused``; a person's refusal is recorded too.
        """
        known = {request.command.record_id, *_named(request.command)}
        turn = Turn(self._turns)
        try:
            await turn.behind(request.command.record_id)
            return await self._carried_out(request, known, turn)
        finally:
            turn.done()

    async def _carried_out(self, request: Request, known: set[str], turn: Turn) -> Outcome:
        first = event_id(request.command_id, 0)
        tries = 0
        while True:
            loaded = await self.recorder.load(sorted(known), [first])
            if loaded.repeated:
                return await self._repeat(request)
            try:
                records, decided = await self._decided(request, loaded, known)
                if not decided.events:
                    return await self._unchanged(request, records)
                batch = await self._sealed(request, decided, loaded.now)
                return _outcome(request, await self.recorder.append(batch))
            except AlreadyRecorded:
                continue
            except KeyDestroyed as destroyed:
                # Erased since it was read: read again, the record itself says so.
                tries += 1
                if tries >= TRIES:
                    raise _erased() from destroyed
            except ClaimTaken as taken:
                tries += 1
                if records.asked_who_holds and tries < TRIES:
                    continue
                held = fold((await self.recorder.load([taken.holder])).events)
                raise claims.taken(taken.key, taken.holder, request.actor, held) from taken
            except Overloaded as overloaded:
                raise Busy(
                    "busy", "Trop de demandes à la fois : rien n'est enregistré.", ("un nouvel essai",)
                ) from overloaded
            except VersionConflict as conflict:
                if request.expected_version is not None:
                    raise overtaken(own=conflict.args == (request.command.record_id,)) from conflict
                if not await turn.again(str(conflict.args[0])):
                    raise overtaken(own=False) from conflict

    async def _decided(
        self, request: Request, loaded: Loaded, known: set[str]
    ) -> tuple[LoadedRecords, _Decided]:
        """The decision, once every record that it asks for is there. Read at two moments or not, all their
        versions are checked when it is recorded.
        """
        stored, holders = list(loaded.events), dict[str, str | None]()
        bound = dict[str, Collection[str]]()
        while True:
            records = LoadedRecords(
                request, self.world, stored, frozenset(known), holders, bound, self.digests.of_words
            )
            try:
                return records, await self._decide_or_record_refusal(request, records, loaded.now)
            except MissingRecord as missing:
                stored += (await self.recorder.load([missing.record_id])).events
                known.add(missing.record_id)
            except MissingHolders as missing:
                held = await self.recorder.holders(missing.keys)
                holders |= {key: held.get(key) for key in missing.keys}
                fresh = set(held.values()) - known
                # Somebody known costs no step more than anybody.
                found = await self.recorder.load(sorted(fresh) or [request.command.record_id])
                stored += found.events if fresh else []
                known |= fresh
            except MissingConventions as missing:
                bound[missing.association_id] = ids = await self.conventions(missing.association_id)
                stored += (await self.recorder.load(sorted({*ids} - known))).events
                known.update(ids)

    async def _decide_or_record_refusal(
        self, request: Request, records: LoadedRecords, now: datetime
    ) -> _Decided:
        try:
            return self._decide(request, records, now)
        except Refused as refused:
            if request.actor.is_person:
                await self._record_refusal(request, records, refused)
            raise

    def _decide(self, request: Request, records: LoadedRecords, now: datetime) -> _Decided:
        act = Act(request.actor, now, request.reason)
        handler_of(request.command)(request.command, act, records)
        events: list[Root.Event] = []
        gains: list[tuple[str, Claim]] = []
        drops: list[tuple[str, Claim]] = []
        for record_id, record in records.used.items():
            if record is None:
                continue
            happened = record.collect_events()
            events += happened  # type: ignore[arg-type]
            if happened:
                held, holds = records.before[record_id][1], record.claims()
                gains += [(record_id, claim) for claim in holds - held]
                drops += [(record_id, claim) for claim in held - holds]
        if len(events) > MOST_EVENTS:
            raise ValueError(f"{request.command.name} records {len(events)} events")
        rests_on = {record_id: before[0] for record_id, before in records.before.items()}
        about = _about(request, records.used)
        return _Decided(events, rests_on, about, records.sealed(), gains, drops)

    async def _sealed(
        self, request: Request, decided: _Decided, now: datetime, seed: str | None = None
    ) -> Append:
        """The events as they are stored: under keys that are durable before anything rests on them."""
        kinds = [personal.marks(codec.plan_of(type(one))) for one in decided.events]
        subjects = {
            one.originator_id for one, found in zip(decided.events, kinds, strict=True) if PERSONAL in found
        }
        if request.reason or any(FREE_TEXT in found for found in kinds):
            subjects.update(decided.about)
        if _tells(request):
            subjects.add(request.command.record_id)
        await no_second_key(self.keyring, subjects & decided.sealed)
        keys = await self.keyring.ensure(subjects) if subjects else {}
        digest = self.digests.of_body(request, keys.get(request.command.record_id))
        events = [
            self._new_event(request, decided, one, event_id(seed or request.command_id, i), now, keys, digest)
            for i, one in enumerate(decided.events)
        ]
        return Append(events, decided.rests_on, decided.gains, decided.drops)

    def _new_event(
        self,
        request: Request,
        decided: _Decided,
        happened: Any,
        new_id: UUID,
        now: datetime,
        keys: Mapping[str, bytes],
        digest: str,
    ) -> NewEvent:
        vault = EventVault(new_id, happened.originator_id, decided.about, keys)
        state = codec.encode(happened, vault)
        metadata: dict[str, Any] = {
            "actor": request.actor.id,
            "role": request.actor.role,
            "command": request.command.name,
            "command_id": request.command_id,
            "digest": digest,
        }
        if request.correlation:
            metadata["correlation"] = request.correlation
        if request.causation:
            metadata["causation"] = request.causation
        if request.reason:
            metadata[REASON] = {SEALED: vault(FREE_TEXT, request.reason)}
        if vault.text_commitment:
            metadata[ABOUT] = decided.about
        unnoted = _UNNOTED | {kind_of(happened.originator_id)}
        if noted := {i: v for i, v in decided.rests_on.items() if v and kind_of(i) not in unnoted}:
            metadata["rests_on"] = noted
        effective = effective_at(happened, now)
        return NewEvent(
            event_id=new_id,
            record_id=happened.originator_id,
            version=happened.originator_version,
            topic=codec.topic_of(type(happened)),
            state=state,
            metadata=json.dumps(metadata, ensure_ascii=False, sort_keys=True),
            effective=None if effective == now else effective,
            commitment=vault.commitment,
            text_commitment=vault.text_commitment,
        )

    async def _repeat(self, request: Request) -> Outcome:
        """The answer of the first time. Once the subject is erased nothing tells one body from another."""
        own = request.command.record_id
        ids = [event_id(request.command_id, i) for i in range(MOST_EVENTS)]
        repeated = (await self.recorder.load([], ids)).repeated
        keys = await self.keyring.keys([own]) if _tells(request) else {}
        comparable = own in keys or not _tells(request)
        if comparable and repeated[0].facts["digest"] != self.digests.of_body(request, keys.get(own)):
            raise KeyReused(
                "key_reused",
                "Cette clé d'idempotence a déjà servi pour une autre demande.",
                ("une clé neuve (Idempotency-Key)",),
            )
        return _outcome(request, repeated, repeated=True)

    async def _unchanged(self, request: Request, records: LoadedRecords) -> Outcome:
        version = records.before[request.command.record_id][0]
        stored = (await self.recorder.load([request.command.record_id])).events
        return Outcome(request.command.record_id, version, stored[-1].position if stored else 0)

    async def _record_refusal(self, request: Request, records: LoadedRecords, refused: Refused) -> None:
        """Keeps who was refused what, by which guard, at which versions of the records read.

        The same command refused twice is kept once. What was said of somebody since erased is not kept, nor
        the words of whoever gives a reason where none is taken, or about a record that is not there: nobody
        could ever erase those. Nor is a record that whoever was refused may not see: they read the trail, and
        it might as well not exist.
        """
        version, _ = records.before.get(request.command.record_id, (0, None))
        if not version or not request.command.takes_reason or refused.code == "reason_not_taken":
            request = replace(request, reason="")
        seed = f"{request.command_id}#refused"
        refusal = Refusal.of(request.command, refused, seed)
        seen = {i: one for i, one in records.used.items() if one and _seen(request, one)}
        rests_on = {i: records.before[i][0] for i in seen} | {refusal.id: 0}
        events: Any = refusal.collect_events()
        decided = _Decided(events, rests_on, _about(request, seen), records.sealed())
        now = await self.recorder.now()
        try:
            batch = await self._sealed(request, decided, now, seed)
            await self.recorder.append(replace(batch, rests_on={refusal.id: 0}))
        except (AlreadyRecorded, VersionConflict, KeyDestroyed):
            return


def _tells(request: Request) -> bool:
    """Whether the body of the command speaks of somebody."""
    return bool(request.reason) or personal.plan_of(type(request.command)) is not None  # type: ignore[arg-type]


def _about(request: Request, used: Mapping[str, Root | None]) -> tuple[str, ...]:
    """Whom the words of a command may speak of: the record, and those about persons that it rests on."""
    found = {i for i, record in used.items() if record and record.about_persons and record.cited}
    return tuple(sorted(found | {request.command.record_id}))


def _seen(request: Request, record: Root) -> bool:
    return record.id == request.command.record_id or may_see(request.actor, record.scopes())


def _named(command: Command) -> list[str]:
    """The records that a command names by the fields that end in ``_id``."""
    named = [getattr(command, f.name) for f in fields(command) if f.name.endswith("_id")]
    return [record_id for record_id in named if record_id]


def _outcome(request: Request, stored: Sequence[StoredEvent], *, repeated: bool = False) -> Outcome:
    own = [e for e in stored if e.record_id == request.command.record_id]
    return Outcome(
        request.command.record_id,
        max((e.version for e in own), default=0),
        max(e.position for e in stored),
        repeated,
    )


def _erased() -> Refused:
    return Refused(
        "erased",
        "Ce texte parlerait d'un dossier dont les données personnelles ont été effacées.",
        ("la même demande sans motif (reason)",),
    )
