"""What the domain asks of the world: records, the clock, the calendar and the map of the schools."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from domain.kernel import Actor, Claim, Root, Sealed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from domain.calendar import SchoolCalendar
    from domain.commands import Command
    from domain.territory import Territory

R = TypeVar("R", bound=Root)


class Records(Protocol):
    """The records a command reads and writes, as one transaction will see them."""

    def get(self, kind: type[R], record_id: str) -> R:
        """The record as it stands. ``NotFound`` when it is absent or not this actor's business."""

    def read(self, kind: type[R], record_id: str) -> R:
        """Another record that the decision rests on; it must exist. Its version is checked at the append."""

    def find(self, kind: type[R], record_id: str) -> R | None:
        """The same, ``None`` when there is none."""

    def holder(self, kind: type[R], claims: Collection[Claim]) -> R | None:
        """The record that holds one of these claims, ``None`` when nobody does. It takes as many steps
        either way: the time of the answer does not say which."""

    def conventions(self, association_id: str) -> Collection[str]:
        """The ids of those by which an operator may be bound (``Conventions``): each is to be read."""

    def add(self, record: Root) -> None:
        """A record created by this command."""

    def digest(self, *words: str) -> str:
        """The same for the same words, and telling nothing of them without a key that only the house has:
        by it the same person is recognised twice and never read (HMAC-SHA-256, hex)."""

    @property
    def world(self) -> World:
        """The calendar and the territory."""


class Conventions(Protocol):
    """Which conventions a decision that names none goes and reads."""

    async def __call__(self, association_id: str) -> Collection[str]:
        """The ids of those by which an operator may be bound, whoever asks: none that binds it is missing but
        one drafted a moment ago, and some bind it not yet, or no longer."""


class Calendars(Protocol):
    """The school calendars: one for each académie."""

    def for_academie(self, code: str) -> SchoolCalendar:
        """The school calendar of an académie, by its two-digit code (empty: weekends and public holidays)."""


class World(Protocol):
    """Reference data under which decisions are taken."""

    @property
    def calendars(self) -> Calendars: ...

    @property
    def territory(self) -> Territory: ...


@dataclass(frozen=True)
class Request:
    """A command with whoever asks for it. ``command_id`` is the actor and its key, or a domain fact.

    ``expected_version``: carried out on that version of the record only (``If-Match``).
    """

    command: Command
    actor: Actor
    command_id: str
    reason: str = ""
    expected_version: int | None = None
    correlation: str = ""
    causation: str = ""


@dataclass(frozen=True)
class Outcome:
    """Where the record stands after the command; ``position`` is that of its last event."""

    record_id: str
    version: int
    position: int
    repeated: bool = False


@dataclass(frozen=True)
class Happened:
    """A recorded event with its circumstances: what projections and the relay read.

    ``facts``: actor, role, command, reason, what the decision rested on. ``effective_at`` says when the
    fact became true, ``recorded_at`` when it was written (both UTC).
    """

    position: int
    event_id: UUID
    record_id: str
    version: int
    topic: str
    event: Root.Event
    facts: dict[str, Any]
    effective_at: datetime
    recorded_at: datetime


class Commands(Protocol):
    """The one way in."""

    async def execute(self, request: Request) -> Outcome:
        """Carries a command out once. Raises the kernel's errors."""

    async def now(self) -> datetime:
        """Domain time, UTC."""

    @property
    def world(self) -> World:
        """The calendar and the territory."""


class Digesting(Protocol):
    """The keyed digests of the house."""

    def of_words(self, *words: str) -> str:
        """See ``Records.digest``."""


class Finding(Commands, Protocol):
    """The same, for whoever looks for what is stored as a digest."""

    @property
    def digests(self) -> Digesting:
        """By which it is found."""


class Feed(Protocol):
    """What has happened, in one order without gaps."""

    async def after(self, position: int, limit: int) -> Sequence[Happened]:
        """The events behind ``position``."""

    async def of(self, record_ids: Sequence[str]) -> Sequence[Happened]:
        """Every event of these records, in order."""

    async def holders(self, keys: Collection[str]) -> Mapping[str, str]:
        """The record that now holds each of these claims; a key that nobody holds is left out."""

    async def head(self) -> int:
        """The position of the last event, 0 in an empty ledger."""


class Persons(Protocol):
    """The only way to what is personal, and it leaves a trace."""

    async def opened(self, values: Collection[Sealed], reader: Actor, purpose: str) -> Mapping[Sealed, Any]:
        """Each value in clear, or ``Unread``. Who has read whose data, and for what, is durably written
        before this answers; nothing is, when nothing was read.

        Raises ``Busy`` when too many readings wait to be written.
        """

    def gathering(self, reader: Actor, purpose: str) -> AbstractAsyncContextManager[Gathering]:
        """The same for what is handed out at once after many openings: one entry of the log a subject,
        durably written when the block ends well. Nothing may be handed out before. Raises ``Busy`` then.
        """


class Gathering(Protocol):
    """What is opened, a part after another, to be handed out at once."""

    async def opened(self, values: Collection[Sealed]) -> Mapping[Sealed, Any]:
        """Each value in clear, or ``Unread``."""

    def shows(self, subject: str) -> None:
        """Data of a record are handed out otherwise than by ``opened``: its files."""


@dataclass(frozen=True)
class Reading:
    """One entry of the reading log: ``reader`` (an actor's id) was shown data of ``subject`` at ``at``, the
    server's time in UTC. ``number`` tells it from every other one.
    """

    number: int
    at: datetime
    reader: str
    role: str
    subject: str
    purpose: str


class Readings(Protocol):
    """The reading log: kept apart from the events, for 12 months."""

    async def note(self, reader: Actor, subjects: Iterable[str], purpose: str) -> None:
        """One entry a subject (a record's id), durable once this answers: for what is handed out otherwise
        than by ``Persons``. Raises ``Busy``."""

    async def page(
        self,
        *,
        limit: int,
        before: int | None = None,
        reader: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
    ) -> Sequence[Reading]:
        """The last entries first, those of a smaller number than ``before``; ``since`` is UTC."""


class Documents(Protocol):
    """Files that people hand in, each kept under the record that it belongs to; events tell its hash only."""

    async def keep(self, record_id: str, body: bytes) -> str:
        """Answers the SHA-256 (hex) of what was handed in once it is durable. Twice the same is once. Raises
        ``LookupError`` once its record was erased."""

    async def read(self, record_id: str, sha256: str) -> bytes:
        """What was handed in. Raises ``LookupError`` when it is not here, or its record was erased."""


class Importer(Protocol):
    """Carries out the imports that were submitted."""

    async def run(self, import_id: str) -> None:
        """Brings an import to its end, whatever that is. Doing it twice, or again after a death, doubles
        nothing: what its lines record is recorded with its end, in one transaction."""

    async def give_up(self, import_id: str) -> None:
        """Ends as faulty an import that ``run`` cannot bring to its end. Twice is once."""


class Erasures(Protocol):
    """What goes with an erasure: its record alone forgets nobody."""

    async def check(self, record_id: str) -> None:
        """Asked before it is recorded: raises whatever would keep the key from being destroyed."""

    async def apply(self, record_id: str) -> Sequence[str]:
        """Destroys what opens the record's personal data: nobody reads them once this answers. Doing it
        twice changes nothing. Answers the ids of the other records that seem to be of the same person."""
