"""What every record is made of: the aggregate root, its events, who acts, and the ways to be told no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import (
    BaseAggregate,
    CanInitAggregate,
    CanMutateAggregate,
    MetaDomainEvent,
    event,
)

from domain.calendar import PartialDate, paris_day, start_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from domain.erasure import Ground
    from domain.folding import Timeline
    from domain.ports import Happened

__all__ = [
    "ERASED",
    "FORGOTTEN",
    "FREE_TEXT",
    "INTERNAL",
    "PERSONAL",
    "RESERVED",
    "UNREADABLE",
    "Act",
    "Actor",
    "Busy",
    "Claim",
    "Conflict",
    "DomainError",
    "Due",
    "Forbidden",
    "NotFound",
    "Refused",
    "Root",
    "Sealed",
    "Unread",
    "event",
    "new_id",
]

PERSONAL: Final = "personal"
"""Marks an event's field as personal data of the record's subject: ``Annotated[str, PERSONAL]``. Stored as
ciphertext under that subject's key, never logged."""

FREE_TEXT: Final = "free text"
"""Marks a field that somebody typed: it may name anyone. Stored under a key that is gone as soon as any of
the subjects it may speak of is erased."""

INTERNAL: Final = "internal"
"""Marks a field that the house alone compares with another: a keyed digest, a secret's digest. Stored as it
is; no read model has it, for whoever read it could tell whether two records are of the same person."""

RESERVED: Final = "reserved"
"""Marks an event's field that not every reader of its record is told: see ``Root.reserved_to``. Stored as it
is; the history keeps it apart, and the feed does not have it."""

ERASED: Final = "erased"
"""The last status of a record whose personal data were erased: nothing is due, nothing more may be asked."""

_STAMPED_BY_THE_LEDGER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_IDS: Final = uuid5(NAMESPACE_URL, "urn:mentorat:records")
_WORD: Final = "sealed:"


@dataclass(frozen=True)
class Sealed:
    """A personal value as it is stored. Records and read models carry it unopened: they assign such values
    and never compute with them; only what shows a page to a person opens it.

    ``subjects``: whose keys open it, all of them; ``event_id``: the event that it is a part of; ``box``:
    base64 of the nonce and the ciphertext.
    """

    subjects: tuple[str, ...]
    event_id: UUID
    box: str

    @property
    def token(self) -> str:
        """The same as one word, for read models."""
        return f"{_WORD}{','.join(self.subjects)}:{self.event_id}:{self.box}"

    @classmethod
    def of(cls, token: str) -> Self:
        """Raises ``ValueError`` for anything else than what ``token`` gave."""
        mark, subjects, event, box = token.split(":", 3)
        if mark + ":" != _WORD:
            raise ValueError(mark)
        return cls(tuple(subjects.split(",")), UUID(event), box)


class Unread(Enum):
    """What a personal value reads as once its subject was erased, or while its key is missing."""

    FORGOTTEN = "forgotten"
    UNREADABLE = "unreadable"


FORGOTTEN: Final = Unread.FORGOTTEN
UNREADABLE: Final = Unread.UNREADABLE


def new_id(kind: str, seed: str) -> str:
    """The id of a record, the same for the same command: a repeated creation finds its first answer."""
    return f"{kind}-{uuid5(_IDS, seed)}"


def kind_of(record_id: str) -> str:
    """``convention`` for ``convention-…``."""
    return record_id.partition("-")[0]


class DomainError(Exception):
    """A command was not carried out, for a reason that can be told to whoever asked.

    ``code`` names the guard (stable, for programs), ``sentence`` says it in French, ``missing`` lists
    what would make it pass.
    """

    def __init__(self, code: str, sentence: str, missing: Iterable[str] = ()) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.missing = tuple(missing)


class NotFound(DomainError):
    """No such record, or none that this actor may know of."""


class Conflict(DomainError):
    """Somebody else was faster, or the thing already exists."""


class Refused(DomainError):
    """A rule said no."""


class KeyReused(Refused):
    """The same idempotency key came with another body."""


class Busy(DomainError):
    """Too much is being asked at once: nothing was done, and a later try may be."""


class PreconditionFailed(Conflict):
    """The record is no longer at the version that the caller read."""


class Forbidden(Refused):
    """The actor's role may not do this, though it may see the record."""


@dataclass(frozen=True)
class Actor:
    """Who acts. ``scopes`` are the keys this actor holds (``academie:08``, ``association:association-…``)."""

    id: str
    role: str
    scopes: frozenset[str] = frozenset()

    @property
    def is_person(self) -> bool:
        """Whether a human being answers for the act: timers and imports' machinery are ``system``."""
        return self.role != "system"

    def holds(self, scope: str) -> bool:
        return scope in self.scopes

    def academies(self, among: Iterable[str]) -> tuple[str, ...]:
        """Those of these académies that the actor speaks for, by code."""
        return tuple(code for code in sorted(among) if self.holds(f"academie:{code}"))


SYSTEM: Final = Actor("system", "system")


@dataclass(frozen=True)
class Act:
    """The circumstances of a decision: who, when (domain time, UTC), and why."""

    actor: Actor
    now: datetime
    reason: str = ""

    @property
    def today(self) -> date:
        """The day in Paris."""
        return paris_day(self.now)


@dataclass(frozen=True)
class Claim:
    """Something only one record may hold at a time: an identifier, a place, a room's hour.

    Without ``start`` and ``end`` (UTC) it is held for as long as the record says so.
    """

    key: str
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Due:
    """Something a record waits for. One list of these feeds ``next``, the deadlines and the process.

    ``kind`` names the step of the process that acts at ``at`` (empty: nothing but a person can act).
    ``key`` tells this deadline from every other one of the record, for ever: it is the idempotency key of
    the step. ``by`` is the last day for whoever is awaited (``None``: no term). ``estimated``: counted in
    days of school that no calendar tells yet; it may move once their holidays are known.
    """

    kind: str
    key: str
    at: datetime
    what: str
    awaits: tuple[str, ...] = ()
    by: date | None = None
    missing: tuple[str, ...] = ()
    automatic: bool = True
    estimated: bool = False


class Root(BaseAggregate[str]):
    """A record: public methods decide (and refuse), ``@event`` methods only assign.

    The creation event must be named ``Created`` for the library; its topic tells its domain name.
    A field of an event called ``on`` is the day on which the fact was true: see ``effective_at``.
    """

    status: str
    _status_kept: str
    about_persons: ClassVar[bool] = True
    """Whether somebody's data may be in it: its reasons are then gone with that person's key."""
    cited: ClassVar[bool] = True
    """Whether another record that rests on it says so, in clear: where somebody works is theirs to have
    forgotten."""
    persons_shown_to: ClassVar[frozenset[str]] = frozenset({"academie", "association", "lycee", "dpo"})
    """The roles that may be shown who is in it, if the record is theirs to see at all."""
    acts_told_to: ClassVar[frozenset[str]] = frozenset({"national", "academie", "auditor", "dpo"})
    """The roles that are told who acted, and why, on a record that several operators share; any other one
    only of itself."""
    reserved_to: ClassVar[frozenset[str]] = frozenset({"academie", "association", "auditor", "dpo"})
    """The roles that may be told what is ``RESERVED`` in it, if the record is theirs to see at all."""
    counted: ClassVar[bool] = False
    """Whether its version would count what is reserved: told to those roles alone, and noted nowhere else."""
    status_labels: ClassVar[Mapping[Any, str]] = {}
    """Its statuses in French."""
    resting: ClassVar[frozenset[str]] = frozenset()
    """The statuses in which it may stay: what is then due is awaited from its day on, and not before."""
    final: ClassVar[frozenset[str]] = frozenset({ERASED})
    """The statuses after which nobody is waited for any more."""

    class Event(CanMutateAggregate[str], metaclass=MetaDomainEvent):
        originator_id: str
        originator_version: int
        timestamp: datetime

        @staticmethod
        def create_timestamp() -> datetime:
            """The recording time is stamped under the append lock, never by the decision."""
            return _STAMPED_BY_THE_LEDGER

    class Created(Event, CanInitAggregate[str]):
        originator_topic: str

    def scopes(self) -> frozenset[str]:
        """The keys of which a reader must hold one."""
        raise NotImplementedError

    def keepers(self) -> frozenset[str]:
        """The keys of which whoever acts on the record must hold one: by default those of its readers."""
        return self.scopes()

    def claims(self) -> frozenset[Claim]:
        """What this record alone may hold in its present state. A function of the state: rebuildable."""
        return frozenset()

    def own_instant(self, happened: Happened) -> datetime:
        """When the event that has just given a status was true by itself (UTC)."""
        return happened.effective_at

    def since(self, timeline: Timeline, place: int) -> datetime:
        """Since when the status at that place of the timeline was true, by what the record says now (UTC): a
        status that rests on several facts holds from the latest of them. See ``domain.folding.extended``."""
        return timeline[place].effective_at

    # Erasing ---------------------------------------------------------------------------------

    @property
    def is_erased(self) -> bool:
        return self.status == ERASED

    @property
    def status_reached(self) -> str:
        """Its status or, once erased, the one it had then: what other records rest on is still true."""
        return self._status_kept if self.is_erased else self.status

    def must_be_open(self) -> None:
        """Raises ``Refused`` once its personal data were erased."""
        if self.is_erased:
            raise Refused("erased", "Les données personnelles de ce dossier ont été effacées : il est clos.")

    def erase(self, act: Act, *, ground: Ground) -> None:
        """Closes the record for good; its personal data are destroyed with their key by whoever stores it.

        Raises ``Refused`` for a record that holds nobody's data, one already erased (a person only: the
        system's commands are idempotent), the term of retention when a person asks, a reason in words.
        """
        if act.reason.strip():
            raise Refused(
                "reason_not_taken",
                "Un effacement se motive par son seul fondement : un texte libre pourrait nommer quelqu'un.",
                ("la même demande sans motif (reason)",),
            )
        if ground.is_term and act.actor.is_person:
            raise Refused(
                "ground_reserved",
                "Le terme de conservation est constaté par le système ; une personne efface sur l'un des "
                "fondements de l'article 17 du RGPD.",
                ("un autre fondement (ground)",),
            )
        if not self.is_erased:
            self._subject_erased(ground=ground)
        elif act.actor.is_person:
            raise Refused("already_erased", "Les données personnelles de ce dossier sont déjà effacées.")

    def kin(self) -> tuple[str, ...]:
        """The other records that it knows to be of the same person: erasing one erases them all."""
        return ()

    def _subject_erased(self, ground: Ground) -> None:
        """A kind that holds somebody's data has here its own event ``SubjectErased``, which calls
        ``_closed``: the library refuses one topic in two classes, so it cannot be inherited."""
        raise Refused(
            "nothing_personal", "Ce dossier ne contient les données de personne : il n'y a rien à effacer."
        )

    def _closed(self) -> None:
        self._status_kept, self.status = self.status, ERASED


def effective_at(happened: object, recorded_at: datetime) -> datetime:
    """When the fact of an event became true (UTC): its own day if it tells one, else its recording.

    A day known only to the month counts from the first of that month. Never after the recording.
    """
    on = getattr(happened, "on", None)
    if on is None:
        return recorded_at
    first = on.first if isinstance(on, PartialDate) else on
    return min(start_of(first), recorded_at)


def event_id(command_id: str, index: int) -> UUID:
    """The id of the ``index``-th event of a command: the same command can never record it twice."""
    return uuid5(_IDS, f"{command_id}#{index}")
