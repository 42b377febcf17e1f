"""The records that a command reads, folded from what one SELECT brought."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from domain.authorization import authorize
from domain.kernel import Claim, NotFound, PreconditionFailed, Refused, Root
from domain.ports import Request, World
from ledger.events import StoredEvent, fold

R = TypeVar("R", bound=Root)


class MissingRecord(Exception):
    """The decision asks for a record that was not loaded: it is loaded, and the decision taken again."""

    def __init__(self, record_id: str) -> None:
        super().__init__(record_id)
        self.record_id = record_id


class MissingHolders(Exception):
    """The decision asks who holds these claims, which was not looked up: likewise."""

    def __init__(self, keys: frozenset[str]) -> None:
        super().__init__(sorted(keys))
        self.keys = keys


class MissingConventions(Exception):
    """The decision asks which conventions may bind an operator, which was not looked up: likewise."""

    def __init__(self, association_id: str) -> None:
        super().__init__(association_id)
        self.association_id = association_id


class LoadedRecords:
    """``Records`` over what one SELECT brought; any other record is asked for by ``MissingRecord``."""

    def __init__(
        self,
        request: Request,
        world: World,
        stored: Sequence[StoredEvent],
        known: frozenset[str],
        holders: Mapping[str, str | None],
        bound: Mapping[str, Collection[str]],
        digest: Callable[..., str],
    ) -> None:
        self.digest = digest
        self._request = request
        self._world = world
        self._known = known
        self._holders = holders
        self._bound = bound
        self._stored: dict[str, list[StoredEvent]] = {record_id: [] for record_id in known}
        for one in stored:
            self._stored[one.record_id].append(one)
        self.used: dict[str, Root | None] = {}
        self.before: dict[str, tuple[int, frozenset[Claim]]] = {}

    @property
    def asked_who_holds(self) -> bool:
        """The decision rests on who holds a claim, and is taken again when somebody else was faster."""
        return bool(self._holders)

    @property
    def world(self) -> World:
        return self._world

    def get(self, kind: type[R], record_id: str) -> R:
        record = self.find(kind, record_id)
        if record is None:
            raise NotFound("not_found", f"Aucun dossier {record_id} dans votre périmètre.")
        if record_id == self._request.command.record_id:
            authorize(self._request.actor, self._request.command.name, record)
            self._check_precondition(record)
        return record

    def read(self, kind: type[R], record_id: str) -> R:
        record = self.find(kind, record_id)
        if record is None:
            raise Refused("unknown_record", f"Le dossier {record_id} n'existe pas.", (record_id,))
        return record

    def find(self, kind: type[R], record_id: str) -> R | None:
        if record_id not in self._known:
            raise MissingRecord(record_id)
        if record_id not in self.used:
            record = fold(self._stored[record_id])
            self.used[record_id] = record
            self.before[record_id] = (record.version, record.claims()) if record else (0, frozenset())
        found = self.used[record_id]
        if found is not None and not isinstance(found, kind):
            raise NotFound("not_found", f"Aucun dossier {record_id} dans votre périmètre.")
        return found

    def holder(self, kind: type[R], claims: Collection[Claim]) -> R | None:
        keys = frozenset(claim.key for claim in claims)
        if keys - self._holders.keys():
            raise MissingHolders(keys)
        held = sorted({record_id for key in keys if (record_id := self._holders[key])})
        return self.find(kind, held[0]) if held else None

    def conventions(self, association_id: str) -> Collection[str]:
        if association_id not in self._bound:
            raise MissingConventions(association_id)
        return self._bound[association_id]

    def add(self, record: Root) -> None:
        if record.id == self._request.command.record_id:
            authorize(self._request.actor, self._request.command.name, record)
        self.used[record.id] = record
        self.before[record.id] = (0, frozenset())

    def sealed(self) -> frozenset[str]:
        """Those of the records of which something is sealed already."""
        return frozenset(
            record_id
            for record_id, events in self._stored.items()
            if any(one.commitment or one.text_commitment for one in events)
        )

    def _check_precondition(self, record: Root) -> None:
        expected = self._request.expected_version
        if expected is not None and record.version != expected:
            raise PreconditionFailed(
                "version_changed",
                f"Le dossier est à la version {record.version}, "
                f"non {expected} : il a changé depuis votre lecture.",
                ("une nouvelle lecture du dossier",),
            )
