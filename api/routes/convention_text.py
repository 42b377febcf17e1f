"""Preparing a convention's text: its parties, clauses, territory, signatories, and its review."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from pydantic import Field

from api.fields import AcademieCode, Body, Line, Partial, PartyKey, ProgrammeId, Reason, shown
from api.requests import Accepted, Act, ConventionId, Create, Edit, Nothing, command
from api.routing import Route
from api.texts import (
    CLAUSES,
    COVERAGE,
    PARTIES,
    ClausesBody,
    CoverageBody,
    PartyDetails,
    SignatoryBody,
    WithParties,
)
from domain.convention import commands as conventions

router = APIRouter(prefix="/v1/conventions", tags=["conventions : texte"], route_class=Route)

_EDITED: Final = ("wrong_status", "period_reversed", "already_held")
_DRAFT: Final[dict[str, Any]] = {
    "title": "Mentorat en lycée professionnel : FACE et l'académie de Lyon",
    "programme_id": "programme-1j1m",
    "academie": "10",
    "parties": PARTIES,
    "clauses": CLAUSES,
    "coverage": COVERAGE,
}


class DraftBody(WithParties):
    """Une convention à préparer. Seuls le titre et le programme sont nécessaires pour commencer."""

    title: Line = Field(description="Son intitulé.")
    programme_id: ProgrammeId
    academie: AcademieCode | None = Field(
        None, description="L'académie qui tient le dossier ; absente quand plusieurs le partagent."
    )
    clauses: ClausesBody = ClausesBody()
    coverage: CoverageBody = CoverageBody()

    model_config = shown(_DRAFT)


class AnnouncementBody(Body):
    """Le jour annoncé pour la signature. Un communiqué ne prouve rien de plus."""

    announced_for: Partial = Field(description="Le jour annoncé, ou le mois.")
    source: Line = Field(description="Où : le communiqué, l'article.")

    model_config = shown({"announced_for": "2025-12-05", "source": "communiqué de la région académique"})


class MotivatedBody(Body):
    """Une décision qui se motive."""

    reason: Reason

    model_config = shown({"reason": "L'annexe des lycées n'est pas à jour."})


@command(
    router,
    "POST",
    "",
    conventions.DraftConvention,
    "Ouvrir une convention",
    "not_your_academie",
    "unknown_record",
    "no_rules_in_force",
    "period_reversed",
    "already_held",
    "already_drafted",
    creates=True,
)
async def draft(body: DraftBody, act: Create) -> Accepted:
    created = act.new_id("convention")
    asked = conventions.DraftConvention(
        record_id=created,
        title=body.title,
        programme_id=body.programme_id,
        academie=body.academie or "",
        parties=body.all_parties(),
        clauses=body.clauses.clauses(),
        coverage=body.coverage.coverage(),
    )
    return await act.create(asked, created, "/v1/conventions")


@command(
    router, "PUT", "/{id}/clauses", conventions.SetClauses, "Remplacer les clauses", *_EDITED, edits=True
)
async def set_clauses(id: ConventionId, body: ClausesBody, act: Edit) -> Accepted:
    return await act(conventions.SetClauses(record_id=id, clauses=body.clauses()))


@command(
    router, "PUT", "/{id}/territory", conventions.SetCoverage, "Remplacer le territoire", *_EDITED, edits=True
)
async def set_territory(id: ConventionId, body: CoverageBody, act: Edit) -> Accepted:
    return await act(conventions.SetCoverage(record_id=id, coverage=body.coverage()))


@command(
    router,
    "PUT",
    "/{id}/parties/{party}",
    conventions.AddParty,
    "Ajouter ou remplacer une partie",
    *_EDITED,
    "unknown_record",
    edits=True,
)
async def add_party(id: ConventionId, party: PartyKey, body: PartyDetails, act: Edit) -> Accepted:
    return await act(conventions.AddParty(record_id=id, party=body.party(party)))


@command(
    router,
    "DELETE",
    "/{id}/parties/{party}",
    conventions.RemoveParty,
    "Retirer une partie",
    *_EDITED,
    "not_a_party",
    edits=True,
)
async def remove_party(id: ConventionId, party: PartyKey, act: Edit, body: Nothing | None = None) -> Accepted:
    return await act(conventions.RemoveParty(record_id=id, party=party))


@command(
    router,
    "PUT",
    "/{id}/parties/{party}/signatory",
    conventions.NameSignatory,
    "Désigner le signataire d'une partie",
    "wrong_status",
    "not_a_party",
    "not_your_party",
    "already_signed",
    "delegation_missing",
    edits=True,
)
async def name_signatory(id: ConventionId, party: PartyKey, body: SignatoryBody, act: Edit) -> Accepted:
    return await act(conventions.NameSignatory(record_id=id, party=party, signatory=body.signatory()))


@command(
    router,
    "POST",
    "/{id}/announcement",
    conventions.Announce,
    "Noter la date annoncée de signature",
    "wrong_status",
)
async def announce(id: ConventionId, body: AnnouncementBody, act: Act) -> Accepted:
    return await act(conventions.Announce(record_id=id, announced_for=body.announced_for, source=body.source))


@command(
    router,
    "POST",
    "/{id}/submission",
    conventions.Submit,
    "Soumettre à relecture",
    "wrong_status",
    "text_incomplete",
)
async def submit(id: ConventionId, act: Act, body: Nothing | None = None) -> Accepted:
    return await act(conventions.Submit(record_id=id))


@command(
    router,
    "POST",
    "/{id}/return",
    conventions.Return,
    "Renvoyer en préparation",
    "wrong_status",
    "reason_missing",
)
async def send_back(id: ConventionId, body: MotivatedBody, act: Act) -> Accepted:
    return await act(conventions.Return(record_id=id), body.reason)


@command(
    router,
    "POST",
    "/{id}/signature-round",
    conventions.SendForSignature,
    "Envoyer à la signature",
    "wrong_status",
    "text_incomplete",
)
async def send_for_signature(id: ConventionId, act: Act, body: Nothing | None = None) -> Accepted:
    return await act(conventions.SendForSignature(record_id=id))


@command(
    router,
    "POST",
    "/{id}/abandonment",
    conventions.Abandon,
    "Abandonner avant l'entrée en vigueur",
    "wrong_status",
    "person_needed",
    "reason_missing",
)
async def abandon(id: ConventionId, body: MotivatedBody, act: Act) -> Accepted:
    return await act(conventions.Abandon(record_id=id), body.reason)
