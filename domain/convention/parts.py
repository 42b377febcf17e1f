"""The values a convention is made of, and the words for them on screen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from domain.calendar import PartialDate
from domain.kernel import ERASED, PERSONAL


class Status(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    TO_SIGN = "to_sign"
    PARTIALLY_SIGNED = "partially_signed"
    SIGNED = "signed"
    IN_FORCE = "in_force"
    ENDING = "ending"
    RENEWED = "renewed"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    ABANDONED = "abandoned"
    ERASED = ERASED


STATUS_LABELS: Final = {
    Status.DRAFT: "en préparation",
    Status.IN_REVIEW: "en relecture",
    Status.TO_SIGN: "à signer",
    Status.PARTIALLY_SIGNED: "partiellement signée",
    Status.SIGNED: "signée",
    Status.IN_FORCE: "en vigueur",
    Status.ENDING: "en fin de vie",
    Status.RENEWED: "renouvelée",
    Status.EXPIRED: "échue",
    Status.TERMINATED: "résiliée ou dénoncée",
    Status.ABANDONED: "abandonnée",
    Status.ERASED: "effacée",
}
BEFORE_FORCE: Final = frozenset(
    {Status.DRAFT, Status.IN_REVIEW, Status.TO_SIGN, Status.PARTIALLY_SIGNED, Status.SIGNED}
)
BEING_SIGNED: Final = frozenset({Status.TO_SIGN, Status.PARTIALLY_SIGNED})
RUNNING: Final = frozenset({Status.IN_FORCE, Status.ENDING})
ENDED: Final = frozenset({Status.RENEWED, Status.EXPIRED, Status.TERMINATED})


class PartyKind(StrEnum):
    OPERATOR = "operator"
    ACADEMIE = "academie"
    REGION_ACADEMIQUE = "region_academique"
    STATE = "state"
    LYCEE = "lycee"


AUTHORITIES: Final = frozenset({PartyKind.ACADEMIE, PartyKind.REGION_ACADEMIQUE, PartyKind.STATE})


class Kind(StrEnum):
    """Fiche 4 names three kinds of mentoring."""

    METIER = "metier"
    PARCOURS = "parcours"
    PROXIMITE = "proximite"


class Medium(StrEnum):
    PAPER = "paper"
    ELECTRONIC = "electronic"


class Capacity(StrEnum):
    """In whose right somebody signs."""

    HEAD = "head"
    DELEGATION = "delegation"


class EndCause(StrEnum):
    TERM = "term"
    NOTICE = "notice"
    FAULT = "fault"
    PUBLIC_INTEREST = "public_interest"


@dataclass(frozen=True)
class Party:
    """One side of the convention. ``key`` is the scope of whoever answers for it: ``association:…``,
    ``academie:08``, ``region:…``, ``lycee:0380001A`` or ``state``. ``public`` marks an EPLE, whose
    conseil d'administration votes. ``mailbox`` is the body's own address, not a person's.
    """

    key: str
    kind: PartyKind
    name: str
    public: bool = False
    mailbox: str | None = None


@dataclass(frozen=True)
class Signatory:
    """Who signs for a party: by office, or by delegation under a dated decision, which names people."""

    name: Annotated[str, PERSONAL]
    title: str
    capacity: Capacity = Capacity.HEAD
    delegation: Annotated[str, PERSONAL] | None = None
    delegation_until: date | None = None


@dataclass(frozen=True)
class Vote:
    """The vote of an EPLE's conseil d'administration (R421-20) and when it binds (R421-54)."""

    voted_on: date
    transmitted_on: date
    executory_on: date


@dataclass(frozen=True)
class Signature:
    """When a party signed, and on what."""

    on: PartialDate
    medium: Medium


@dataclass(frozen=True)
class Funding:
    """Amounts in euro cents."""

    funder: str
    rate_per_pupil: int
    ceiling: int
    instalments: int = 1


@dataclass(frozen=True)
class Clauses:
    """What the text says. ``notice_months`` and the two reports default to the programme's rules."""

    starts_on: date | None = None
    ends_on: date | None = None
    number: str | None = None
    schemes: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    school_years: tuple[str, ...] = ()
    mentees: int | None = None
    lycees: int | None = None
    steering_committee: str | None = None
    funding: Funding | None = None
    bilan: bool = True
    financial_report: bool = True
    notice_months: int | None = None
    document_sha256: str | None = None


@dataclass(frozen=True)
class Coverage:
    """Where it applies: académies (two-digit codes) and, if it says so, a versioned annex of lycées."""

    academies: tuple[str, ...] = ()
    uais: tuple[str, ...] = ()
    annex_version: int = 0


@dataclass(frozen=True)
class Amendment:
    """An avenant: the clauses as they would read, since when, and who has signed them so far."""

    number: int
    clauses: Clauses
    text_hash: str
    proposed_on: date
    signatures: tuple[tuple[str, Signature], ...] = ()


@dataclass(frozen=True)
class Report:
    """What has become of a report that the convention owes."""

    received_on: PartialDate | None = None
    overdue: bool = False


def text_hash(parties: tuple[Party, ...], clauses: Clauses, coverage: Coverage) -> str:
    """SHA-256 (hex) of the text that all sign: parties, clauses (with the document's hash), coverage."""
    # A mailbox is where reminders go, not a part of the text.
    text = {
        "parties": [{"key": p.key, "kind": p.kind, "name": p.name, "public": p.public} for p in parties],
        "clauses": asdict(clauses),
        "coverage": asdict(coverage),
    }
    canonical = json.dumps(text, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
