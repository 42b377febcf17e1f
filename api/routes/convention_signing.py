"""Signing a convention: votes, signatures, and what was signed before this register existed."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from pydantic import Field

from api.fields import Body, Day, Partial, PartyKey, Sha256, Text, shown
from api.requests import Accepted, Act, ConventionId, command
from api.routing import Route
from domain.convention import commands as conventions
from domain.convention.parts import Medium

router = APIRouter(prefix="/v1/conventions", tags=["conventions : signature"], route_class=Route)

SIGNATURE: Final[dict[str, Any]] = {
    "party": "academie:10",
    "on": "2025-12-05",
    "medium": "paper",
    "text_hash": "9f2feb0f1ef425b292f2f94bc8482494df48e5b2b8b8b5f3f0a9f5d0e1b2c3d4",
}


class VoteBody(Body):
    """Le vote du conseil d'administration d'un EPLE (R421-20), exécutoire 15 jours après (R421-54)."""

    party: PartyKey
    voted_on: Day = Field(description="Le jour du vote.")
    transmitted_on: Day = Field(description="Le jour de sa transmission.")

    model_config = shown(
        {"party": "lycee:0690010L", "voted_on": "2025-11-13", "transmitted_on": "2025-11-17"}
    )


class SignatureBody(Body):
    """La signature d'une partie, sur le texte dont l'empreinte est donnée."""

    party: PartyKey
    on: Partial = Field(description="Le jour de la signature ; sur papier seulement, il peut être passé.")
    medium: Medium = Field(description="Papier (paper) ou électronique (electronic).")
    text_hash: Sha256 = Field(description="L'empreinte du texte présenté : text_hash de la convention.")

    model_config = shown(SIGNATURE)


class HistoryBody(Body):
    """Une convention signée avant l'existence de ce registre, sur pièce."""

    signed_on: Partial = Field(description="Le jour de la signature, ou le mois s'il n'est pas connu.")
    in_force_from: Partial = Field(description="L'entrée en vigueur, au jour ou au mois.")
    ends_on: Day = Field(description="Le dernier jour.")
    evidence: Text = Field(description="La pièce qui l'atteste.")

    model_config = shown(
        {
            "signed_on": "2025-01-30",
            "in_force_from": "2025-01-30",
            "ends_on": "2028-01-29",
            "evidence": "Convention signée, archives du rectorat, cote 2025-014.",
        }
    )


@command(
    router,
    "POST",
    "/{id}/votes",
    conventions.RecordVote,
    "Enregistrer le vote d'un EPLE",
    "wrong_status",
    "not_a_party",
    "not_your_party",
    "no_vote_needed",
    "in_the_future",
    "vote_after_transmission",
    "before_proposal",
)
async def record_vote(id: ConventionId, body: VoteBody, act: Act) -> Accepted:
    return await act(conventions.RecordVote(record_id=id, **dict(body)))


@command(
    router,
    "POST",
    "/{id}/signatures",
    conventions.Sign,
    "Signer",
    "wrong_status",
    "text_incomplete",
    "paper_needed",
    "not_a_party",
    "not_your_party",
    "text_changed",
    "in_the_future",
    "electronic_today",
    "already_signed",
    "signatory_missing",
    "delegation_expired",
    "vote_missing",
    "vote_not_executory",
)
async def sign(id: ConventionId, body: SignatureBody, act: Act) -> Accepted:
    return await act(conventions.Sign(record_id=id, **dict(body)))


@command(
    router,
    "POST",
    "/{id}/prior-signature",
    conventions.RecordHistory,
    "Reprendre une convention déjà signée",
    "wrong_status",
    "in_the_future",
    "evidence_missing",
    "period_reversed",
    "before_signature",
)
async def record_history(id: ConventionId, body: HistoryBody, act: Act) -> Accepted:
    return await act(conventions.RecordHistory(record_id=id, **dict(body)))
