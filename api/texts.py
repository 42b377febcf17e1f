"""The bodies that describe a convention's text: its parties, its clauses, its territory, its signatories."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from api.fields import (
    AcademieCode,
    Body,
    Cents,
    Code,
    Count,
    Day,
    Flag,
    Line,
    Mailbox,
    PartyKey,
    Scheme,
    SchoolYear,
    Sha256,
    Uai,
    kind_of_party,
    shown,
)
from domain.convention.parts import Capacity, Clauses, Coverage, Funding, Kind, Party, PartyKind, Signatory

CLAUSES: Final[dict[str, Any]] = {
    "starts_on": "2025-12-05",
    "ends_on": "2026-12-04",
    "schemes": ["1j1m"],
    "kinds": ["metier", "parcours"],
    "school_years": ["2025-2026"],
    "mentees": 120,
    "lycees": 6,
}
PARTIES: Final[list[dict[str, Any]]] = [
    {"key": "academie:10", "name": "académie de Lyon"},
    {
        "key": "association:association-6f5c1f0e-2a57-5d0b-9a54-0f6a8a3f7d11",
        "name": "FACE",
        "mailbox": "contact@face.example",
    },
]
COVERAGE: Final[dict[str, Any]] = {"academies": ["10"], "uais": ["0690010L"], "annex_version": 1}
SIGNATORY: Final[dict[str, Any]] = {
    "name": "Camille Exemple",
    "title": "rectrice de l'académie de Lyon",
    "capacity": "head",
}


class PartyDetails(Body):
    """Une partie, telle qu'elle figure au texte."""

    name: Line = Field(description="Le nom de l'organisme, tel qu'il figure au texte.")
    public: Flag | None = Field(
        None,
        description="Vrai pour un lycée public (EPLE), dont le conseil vote (R421-20) ; "
        "sans précision, un lycée est public.",
    )
    mailbox: Mailbox | None = Field(None, description="L'adresse de l'organisme, non d'une personne.")

    model_config = shown({"name": "académie de Lyon"})

    def party(self, key: str) -> Party:
        kind = kind_of_party(key)
        public = kind is PartyKind.LYCEE if self.public is None else self.public
        return Party(key, kind, self.name, public, self.mailbox)


class PartyBody(PartyDetails):
    """Une partie et sa clé."""

    key: PartyKey

    model_config = shown(*PARTIES)


class FundingBody(Body):
    """Le financement. Les montants sont en centimes d'euro."""

    funder: Line = Field(description="Qui finance.")
    rate_per_pupil: Cents = Field(description="Le montant par élève, en centimes.")
    ceiling: Cents = Field(description="Le plafond, en centimes.")
    instalments: Annotated[int, Field(strict=True, ge=1, le=24)] = Field(
        1, description="Le nombre de versements."
    )


class ClausesBody(Body):
    """Ce que dit le texte. Les clauses se remplacent toutes ensemble."""

    starts_on: Day | None = Field(None, description="La date d'effet.")
    ends_on: Day | None = Field(None, description="Le dernier jour.")
    number: Code | None = Field(None, description="Le numéro de la convention, unique dans l'académie.")
    schemes: list[Scheme] = Field([], max_length=3, description="Les dispositifs couverts.")
    kinds: list[Kind] = Field([], max_length=3, description="Les types de mentorat (fiche 4).")
    school_years: list[SchoolYear] = Field([], max_length=10, description="Les années scolaires couvertes.")
    mentees: Count | None = Field(None, description="Objectif : nombre d'élèves.")
    lycees: Count | None = Field(None, description="Objectif : nombre de lycées.")
    steering_committee: Line | None = Field(None, description="Le comité de pilotage.")
    funding: FundingBody | None = None
    bilan: Flag = Field(True, description="Un bilan pédagogique est dû chaque année scolaire.")
    financial_report: Flag = Field(True, description="Un compte rendu financier est dû chaque année civile.")
    notice_months: Annotated[int, Field(strict=True, ge=0, le=36)] | None = Field(
        None, description="Le préavis de dénonciation, en mois ; à défaut, celui du programme."
    )
    document_sha256: Sha256 | None = Field(None, description="L'empreinte SHA-256 du document signé.")

    model_config = shown(CLAUSES)

    def clauses(self) -> Clauses:
        funding = Funding(**self.funding.model_dump()) if self.funding else None
        lists: dict[str, Any] = {
            name: tuple(getattr(self, name)) for name in ("schemes", "kinds", "school_years")
        }
        rest = self.model_dump(exclude={"funding", *lists})
        return Clauses(funding=funding, **lists, **rest)


class CoverageBody(Body):
    """Où la convention s'applique : des académies et, s'il y en a une, une annexe de lycées."""

    academies: list[AcademieCode] = Field([], max_length=30, description="Codes à deux chiffres.")
    uais: list[Uai] = Field([], max_length=2_000, description="L'annexe : les codes UAI des lycées.")
    annex_version: Annotated[int, Field(strict=True, ge=0, le=10_000)] = Field(
        0, description="La version de l'annexe."
    )

    model_config = shown(COVERAGE)

    def coverage(self) -> Coverage:
        return Coverage(_once(self.academies), _once(self.uais), self.annex_version)


class SignatoryBody(Body):
    """Qui signe pour une partie. Le nom est une donnée personnelle : il n'est montré qu'aux ayants droit."""

    name: Line = Field(description="Le nom de la personne (donnée personnelle).")
    title: Line = Field(description="Sa qualité : « rectrice de l'académie de Lyon ».")
    capacity: Capacity = Field(Capacity.HEAD, description="De plein droit (head) ou par délégation.")
    delegation: Line | None = Field(None, description="La décision qui délègue.")
    delegation_until: Day | None = Field(None, description="Le dernier jour de la délégation.")

    model_config = shown(SIGNATORY)

    def signatory(self) -> Signatory:
        return Signatory(self.name, self.title, self.capacity, self.delegation, self.delegation_until)


class WithParties(Body):
    """Les parties d'un texte : chacune une fois."""

    parties: list[PartyBody] = Field([], max_length=50, description="Les parties ; chacune une seule fois.")

    @model_validator(mode="after")
    def each_once(self) -> WithParties:
        keys = [party.key for party in self.parties]
        if len(set(keys)) < len(keys):
            raise ValueError("Une même partie figure deux fois : gardez-la une seule fois.")
        return self

    def all_parties(self) -> tuple[Party, ...]:
        return tuple(party.party(party.key) for party in self.parties)


def _once(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
