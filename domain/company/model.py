"""The company: who it is, where, and what ties it to the mentoring: mentors lent, visits, internships.

That of somebody self-employed may bear their name, and its SIRET leads to it in the public register: both are
personal, and found by keyed digests. Once erased nothing tells which company it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from domain.authorization import PUBLIC
from domain.erasure import Ground
from domain.guards import impossible, not_in_the_future
from domain.identifiers import InvalidIdentifier, parse_naf, parse_siret
from domain.kernel import ERASED, INTERNAL, PERSONAL, Act, Claim, Refused, Root, event


class Status(StrEnum):
    ACTIVE = "active"
    CLOSED = "closed"
    ERASED = ERASED


STATUS_LABELS: Final = {Status.ACTIVE: "active", Status.CLOSED: "fermée", Status.ERASED: "effacée"}


class TieKind(StrEnum):
    """What lasts between a company and the lycées, counted without anybody's name."""

    MENTOR = "mentor"
    VISIT = "visit"
    INTERNSHIP = "internship"
    PFMP = "pfmp"


TIE_LABELS: Final = {
    TieKind.MENTOR: "mentors mis à disposition",
    TieKind.VISIT: "visites",
    TieKind.INTERNSHIP: "stages proposés",
    TieKind.PFMP: "périodes de formation en milieu professionnel proposées",
}


@dataclass(frozen=True)
class Firm:
    """Who the company is. ``sites``: names of communes; ``clee``: its comité local
    école-entreprise; ``campus``: its Campus des métiers et des qualifications.
    """

    name: Annotated[str, PERSONAL]
    siret: Annotated[str, PERSONAL] | None = None
    naf: str | None = None
    sites: tuple[str, ...] = ()
    clee: str | None = None
    campus: str | None = None


@dataclass(frozen=True)
class FirmDigests:
    """By what it is found without being read: see ``domain.company.known``."""

    siret_digest: Annotated[str | None, INTERNAL] = None
    name_digest: Annotated[str | None, INTERNAL] = None


@dataclass(frozen=True)
class Tie:
    """So many mentors, visits or internships, on a day."""

    kind: TieKind
    count: int
    on: date


class Company(Root):
    """Shared: every association, académie and lycée reads it and keeps it up to date."""

    TOPIC = "company@1"
    cited = False
    acts_told_to = frozenset({"auditor", "dpo"})
    status_labels = STATUS_LABELS
    resting = frozenset({Status.ACTIVE})
    final = frozenset({Status.CLOSED, ERASED})

    @event("Created", topic="company.Registered@1")
    def __init__(self, id: str, firm: Firm, digests: FirmDigests) -> None:
        self.firm = firm
        self.digests = digests
        self.ties: tuple[Tie, ...] = ()
        self.status: str = Status.ACTIVE
        self.closed_on: date | None = None

    def scopes(self) -> frozenset[str]:
        return frozenset({PUBLIC})

    def claims(self) -> frozenset[Claim]:
        """A SIRET belongs to one company; a closed one gives it back."""
        held = self.digests.siret_digest if self.status == Status.ACTIVE else None
        return frozenset({Claim(f"siret:{held}")} if held else ())

    def change(self, act: Act, *, firm: Firm, digests: FirmDigests) -> None:
        """Replaces what it is as a whole. Raises ``Refused`` once closed, or as ``checked`` does."""
        self._must_be_active("la changer")
        self._changed(firm=checked(firm), digests=digests)

    def close(self, act: Act, *, on: date) -> None:
        """It has ceased to exist, or to take part, since ``on``: for all, so an académie says it."""
        self._must_be_active("la fermer à nouveau")
        not_in_the_future(act, on)
        self._closed_down(on=on)

    def record_tie(self, act: Act, *, kind: TieKind, count: int, on: date) -> None:
        """Notes so many of what lasts. Raises ``Refused`` for nothing at all, or a day to come."""
        self._must_be_active("noter un lien")
        if count < 1:
            raise Refused("nothing_counted", "Un lien se compte à partir de un.", ("count d'au moins 1",))
        not_in_the_future(act, on)
        self._tie_recorded(kind=kind, count=count, on=on)

    def _must_be_active(self, doing: str) -> None:
        if self.status != Status.ACTIVE:
            raise Refused(
                "wrong_status",
                f"L'entreprise est fermée : {impossible(doing)}.",
                ("une entreprise active",),
            )

    @event("Changed", topic="company.Changed@1")
    def _changed(self, firm: Firm, digests: FirmDigests) -> None:
        self.firm = firm
        self.digests = digests

    @event("ClosedDown", topic="company.ClosedDown@1")
    def _closed_down(self, on: date) -> None:
        self.status = Status.CLOSED
        self.closed_on = on

    @event("TieRecorded", topic="company.TieRecorded@1")
    def _tie_recorded(self, kind: TieKind, count: int, on: date) -> None:
        self.ties = (*self.ties, Tie(kind, count, on))

    @event("SubjectErased", topic="company.SubjectErased@1")
    def _subject_erased(self, ground: Ground) -> None:
        self._closed()


def checked(firm: Firm) -> Firm:
    """The same. Raises ``Refused`` without a name, or for a number not written as it should be."""
    if not firm.name.strip():
        raise Refused("name_missing", "Une entreprise a un nom.", ("firm.name",))
    try:
        canonical = (
            firm.siret is None or parse_siret(firm.siret) == firm.siret,
            firm.naf is None or parse_naf(firm.naf) == firm.naf,
        )
    except InvalidIdentifier as invalid:
        raise Refused(
            "identifier_unreadable", "Le SIRET ou le code NAF n'en est pas un.", (invalid.remedy,)
        ) from invalid
    if not all(canonical):
        raise Refused(
            "identifier_unreadable",
            "Le SIRET ou le code NAF n'est pas sous sa forme canonique.",
            ("quatorze chiffres à la suite, un code comme 62.01Z",),
        )
    return firm
