"""The values a course is made of, and the words for them on screen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

from domain.calendar import paris_day
from domain.kernel import ERASED, FREE_TEXT, PERSONAL


class Status(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    HELD = "held"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    ERASED = ERASED


STATUS_LABELS: Final = {
    Status.PLANNED: "programmée",
    Status.OPEN: "ouverte aux inscriptions",
    Status.HELD: "tenue",
    Status.CLOSED: "close",
    Status.CANCELLED: "annulée",
    Status.ERASED: "effacée",
}
AHEAD: Final = frozenset({Status.PLANNED, Status.OPEN})


class Place(StrEnum):
    """What has become of an enrolment."""

    ENROLLED = "enrolled"
    WAITING = "waiting"
    ATTENDED = "attended"
    ABSENT = "absent"
    CERTIFIED = "certified"
    EXPIRED = "expired"


PLACE_LABELS: Final = {
    Place.ENROLLED: "inscrit·e",
    Place.WAITING: "sur liste d'attente",
    Place.ATTENDED: "présent·e",
    Place.ABSENT: "absent·e",
    Place.CERTIFIED: "attestation délivrée",
    Place.EXPIRED: "attestation expirée",
}


@dataclass(frozen=True)
class Module:
    """A part of the course, by its code: known to the rules, or an optional one of the operator's own.
    ``required``: without it nobody is certified."""

    code: str
    minutes: int
    required: bool = True


@dataclass(frozen=True)
class Course:
    """What is taught, to how many, when (UTC), where or by which link, and by whom."""

    title: str
    modules: tuple[Module, ...]
    places: int
    starts_at: datetime
    ends_at: datetime
    place: Annotated[str, FREE_TEXT] | None = None
    link: Annotated[str, FREE_TEXT] | None = None
    trainer: Annotated[str, PERSONAL] | None = None

    @property
    def minutes(self) -> int:
        return sum(module.minutes for module in self.modules)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(module.code for module in self.modules)

    def missed(self, followed: Collection[str]) -> tuple[str, ...]:
        """The required modules that are not among those followed."""
        return tuple(one.code for one in self.modules if one.required and one.code not in followed)

    @property
    def first_day(self) -> date:
        """In Paris."""
        return paris_day(self.starts_at)

    @property
    def last_day(self) -> date:
        """In Paris."""
        return paris_day(self.ends_at)


@dataclass(frozen=True)
class Promotion:
    """Who was given a place from the waiting list, by ids, and on what day."""

    mentors: tuple[str, ...]
    on: date


@dataclass(frozen=True)
class Enrolment:
    """A mentor's place, by id: it says nothing of who that is. ``minutes``: how long they were there;
    ``modules``: those that they followed whole."""

    place: Place
    minutes: int = 0
    modules: tuple[str, ...] = ()
    valid_until: date | None = None
    certified_on: date | None = None

    def on(self, day: date) -> Place:
        """Its place on that day: a certificate expires after its last day."""
        over = self.valid_until is not None and self.valid_until < day
        return Place.EXPIRED if over else self.place
