"""The values an association is made of, and the words for them on screen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

from domain.kernel import ERASED, PERSONAL
from domain.links import Channel
from domain.territory import fold


class Status(StrEnum):
    CANDIDATE = "candidate"
    IN_ADMISSION = "in_admission"
    ADMITTED = "admitted"
    SUSPENDED = "suspended"
    LEFT = "left"
    REFUSED = "refused"
    LAPSED = "lapsed"
    ERASED = ERASED


STATUS_LABELS: Final = {
    Status.CANDIDATE: "candidate",
    Status.IN_ADMISSION: "en cours d'admission",
    Status.ADMITTED: "référencée",
    Status.SUSPENDED: "suspendue",
    Status.LEFT: "sortie du dispositif",
    Status.REFUSED: "non retenue",
    Status.LAPSED: "classée sans suite",
    Status.ERASED: "effacée",
}
CLOSED: Final = frozenset({Status.LEFT, Status.REFUSED, Status.LAPSED})
OPENABLE: Final = CLOSED | {Status.CANDIDATE}
"""From these an admission may be opened, for the first time or again."""
STANDING: Final = frozenset({Status.ADMITTED, Status.SUSPENDED})
FOLLOWED: Final = STANDING | {Status.IN_ADMISSION}
"""While it is one of these, something may be asked of the operator."""
RECRUITING: Final = frozenset({Status.IN_ADMISSION, Status.ADMITTED})
"""While it is one of these, candidates come to it by its links."""
LIFTABLE: Final = CLOSED | {Status.IN_ADMISSION, Status.SUSPENDED}
"""A suspension outlives a departure: whoever decided it lifts it in each of these."""


class EntitlementKind(StrEnum):
    """« conventionnée », the third, is not stored here: it is having a convention in force."""

    LAUREATE = "laureate"
    APPROVED = "approved"


CONVENTIONED: Final = "conventioned"
"""The word of the rules for the third."""

ENTITLEMENT_LABELS: Final = {
    EntitlementKind.LAUREATE: "lauréate d'un appel à projets",
    EntitlementKind.APPROVED: "agréée",
}


class ContactRole(StrEnum):
    COORDINATOR = "coordinator"
    SAFEGUARDING_LEAD = "safeguarding_lead"
    PRESIDENT = "president"


CONTACT_LABELS: Final = {
    ContactRole.COORDINATOR: "coordination",
    ContactRole.SAFEGUARDING_LEAD: "référent·e protection des mineurs",
    ContactRole.PRESIDENT: "présidence",
}


class SuspensionCause(StrEnum):
    SAFEGUARDING = "safeguarding"
    FAULT = "fault"
    DOCUMENTS = "documents"
    REQUEST = "request"


class Suspension(NamedTuple):
    """What it is suspended for, and by which académie: that one alone lifts it. Two may have the same cause,
    each for itself."""

    academie: str
    cause: SuspensionCause


SUSPENSION_LABELS: Final = {
    SuspensionCause.SAFEGUARDING: "protection des mineurs",
    SuspensionCause.FAULT: "manquement",
    SuspensionCause.DOCUMENTS: "pièces manquantes",
    SuspensionCause.REQUEST: "à la demande de l'opérateur",
}


class Block(StrEnum):
    """Why no new binôme may be proposed; the running ones go on unless it is suspended."""

    SUSPENDED = "suspended"
    INSURANCE_LAPSED = "insurance_lapsed"
    ENTITLEMENT_LAPSED = "entitlement_lapsed"


BLOCK_LABELS: Final = {
    Block.SUSPENDED: "opérateur suspendu",
    Block.INSURANCE_LAPSED: "assurance échue",
    Block.ENTITLEMENT_LAPSED: "titre échu ou manquant",
}


class DocumentState(StrEnum):
    ASKED = "asked"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"


DOCUMENT_STATE_LABELS: Final = {
    DocumentState.ASKED: "demandée",
    DocumentState.RECEIVED: "reçue, à examiner",
    DocumentState.ACCEPTED: "acceptée",
    DocumentState.REFUSED: "refusée",
}

INSURANCE: Final = "insurance"
"""The one document that runs out: its version says until when."""
MEDIA_TYPES: Final = ("application/pdf", "image/jpeg", "image/png")
MOST_BYTES: Final = 10 * 1024 * 1024


@dataclass(frozen=True)
class Identity:
    """Who the operator is. ``mailbox`` is the organisation's own address, not a person's."""

    name: str
    aliases: tuple[str, ...] = ()
    legal_form: str = "association"
    rna: str | None = None
    siren: str | None = None
    parent_body: str | None = None
    seat: str | None = None
    mailbox: str | None = None

    def marks(self, academies: Iterable[str]) -> tuple[str, ...]:
        """What no other operator may have: its numbers anywhere, its name in the same académie."""
        numbers = {"rna": self.rna, "siren": self.siren}
        name = plain(self.name)
        return (
            *(f"{kind}:{number}" for kind, number in numbers.items() if number),
            *(f"name:{academie}:{name}" for academie in academies if name),
        )


def plain(name: str) -> str:
    """The same for the same name, whatever its case, accents, hyphens and spaces."""
    return fold(name).replace(" ", "")


@dataclass(frozen=True)
class Entitlement:
    """A right to operate, with its own period; it lapses alone after its last day. Without schemes it is for
    all of them, without académies for the whole country.
    """

    kind: EntitlementKind
    reference: str
    schemes: tuple[str, ...]
    starts: date
    ends: date
    academies: tuple[str, ...] = ()

    def covers(self, day: date) -> bool:
        return self.starts <= day <= self.ends

    def applies(self, scheme: str, academie: str) -> bool:
        return scheme in (self.schemes or (scheme,)) and academie in (self.academies or (academie,))


@dataclass(frozen=True)
class Contact:
    """Whom to call at the operator's."""

    name: Annotated[str, PERSONAL]
    mailbox: Annotated[str, PERSONAL] | None = None
    phone: Annotated[str, PERSONAL] | None = None


@dataclass(frozen=True)
class DocumentVersion:
    """One version of a document, by the hash of its content, which is stored elsewhere. ``size`` in bytes."""

    sha256: str
    size: int
    media_type: str
    on: date
    channel: Channel
    valid_until: date | None = None


@dataclass(frozen=True)
class Document:
    """What has become of a document asked: a newer version waits beside the last accepted one, which counts
    until that one is accepted in its turn. ``waiting_since``: the day on which it was handed in, from which
    the académie's term runs, whatever day its sender says that it arrived and however often it is sent again.
    """

    pending: DocumentVersion | None = None
    accepted: DocumentVersion | None = None
    refused: bool = False
    waiting_since: date | None = None

    @property
    def state(self) -> DocumentState:
        if self.pending:
            return DocumentState.RECEIVED
        if self.accepted:
            return DocumentState.ACCEPTED
        return DocumentState.REFUSED if self.refused else DocumentState.ASKED

    @property
    def is_missing(self) -> bool:
        """Whether the operator still has to give it."""
        return self.pending is None and self.accepted is None
