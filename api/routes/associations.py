"""Associations: the operators that conventions bind, and their entitlements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api import examples
from api.dependencies import MOST_ITEMS, After, Limit, Parts, Reading, position_after
from api.fields import AcademieCode, Body, Day, Line, Mailbox, Rna, Scheme, Siren, shown
from api.listing import Listing, listing, present, tagged
from api.openapi import problem_responses
from api.persons import LOGGED, Shown
from api.requests import Accepted, Act, AssociationId, Create, Edit, command
from api.routing import Route
from api.security import Caller
from api.travel import Standing, Travel, standing, travelled
from domain.association import commands
from domain.association.model import Entitlement, EntitlementKind, Identity
from projections import associations, deadlines, history
from projections.associations import AssociationFilters, AssociationRow
from projections.deadlines import DeadlineFilters, DeadlineRow
from projections.history import HistoryRow
from projections.tracking import Tracked

router = APIRouter(prefix="/v1/associations", tags=["associations"], route_class=Route)

_IDENTITY: Final[dict[str, Any]] = {
    "name": "JobIRL",
    "aliases": ["Job IRL"],
    "legal_form": "association",
    "siren": "732829320",
    "seat": "Paris",
    "mailbox": "contact@jobirl.example",
}
REFERENCE: Final = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$"


class IdentityBody(Body):
    """L'identité d'un opérateur. Aucune donnée de personne."""

    name: Line = Field(description="Son nom.")
    aliases: Annotated[list[Line], Field(max_length=20)] = Field([], description="Ses autres noms.")
    legal_form: Line = Field("association", description="Sa forme juridique.")
    rna: Rna | None = Field(
        None, description="Numéro RNA (aucun en Alsace-Moselle).", examples=["W691234567"]
    )
    siren: Siren | None = Field(None, description="Numéro SIREN.", examples=["732829320"])
    parent_body: Line | None = Field(None, description="L'organisme dont il dépend.")
    seat: Line | None = Field(None, description="Son siège.")
    mailbox: Mailbox | None = Field(None, description="L'adresse de l'organisme, non d'une personne.")

    model_config = shown(_IDENTITY)

    def identity(self) -> Identity:
        values = {name: getattr(self, name) for name in IdentityBody.model_fields}
        return Identity(**values | {"aliases": tuple(self.aliases)})


class AssociationBody(IdentityBody):
    """Un opérateur et les académies où il travaille."""

    academies: Annotated[list[AcademieCode], Field(min_length=1, max_length=30)] = Field(
        description="Les académies où il travaille, dont la vôtre."
    )

    model_config = shown(_IDENTITY | {"academies": ["10"]})


class EntitlementBody(Body):
    """Un titre : lauréate d'un appel à projets (laureate) ou agréée (approved)."""

    kind: EntitlementKind = Field(description="Lauréate (laureate) ou agréée (approved).")
    reference: Annotated[str, Field(strict=True, pattern=REFERENCE)] = Field(
        description="La référence de la décision.", examples=["AAP-2025-017"]
    )
    schemes: Annotated[list[Scheme], Field(max_length=3)] = Field([], description="Dispositifs couverts.")
    starts: Day = Field(description="Le premier jour.")
    ends: Day = Field(description="Le dernier jour.")
    academies: Annotated[list[AcademieCode], Field(max_length=30)] = Field(
        [], description="Son territoire ; vide : tout le pays."
    )

    model_config = shown(
        {
            "kind": "laureate",
            "reference": "AAP-2025-017",
            "schemes": ["1j1m"],
            "starts": "2025-09-01",
            "ends": "2028-08-31",
        }
    )

    def entitlement(self) -> Entitlement:
        values = dict(self) | {"schemes": tuple(self.schemes), "academies": tuple(self.academies)}
        return Entitlement(**values)


class EndBody(Body):
    """La fin anticipée d'un titre."""

    on: Day = Field(description="Son dernier jour.")

    model_config = shown({"on": "2026-02-28"})


@dataclass(frozen=True)
class AssociationDocument(AssociationRow):
    """Une association et ce qu'elle attend. ``conventionnee`` et ``next`` disent le présent seulement."""

    next: list[DeadlineRow] = field(default_factory=list)


@router.get(
    "",
    summary="Les associations de votre périmètre",
    responses=problem_responses(
        ("cursor_malformed", "position_unknown", "not_yet_readable"), examples.listed(examples.ASSOCIATION)
    ),
    operation_id="associations_list",
)
async def list_associations(
    request: Request,
    response: Response,
    reading: Reading,
    name: Annotated[str | None, Query(min_length=1, max_length=100, description="Une partie du nom.")] = None,
    academie: Annotated[AcademieCode | None, Query(description="Qui travaille dans cette académie.")] = None,
    status: Annotated[str | None, Query(pattern=r"^[a-z_]{1,30}$", description="L'état.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Listing[AssociationRow]:
    filters = AssociationFilters(name, academie, status)
    async with reading.session() as connection:
        page = await associations.page(connection, filters, after, limit)
    return listing(page, request, response)


@router.get(
    "/{id}",
    summary="Une association, aujourd'hui ou à une date",
    responses=problem_responses(
        ("not_found", "not_yet_known", "position_unknown", "not_yet_readable"),
        examples.either(examples.ASSOCIATION | {"next": []}, examples.STANDING),
    ),
    operation_id="associations_read",
)
async def read_association(
    id: AssociationId, response: Response, caller: Caller, parts: Parts, moments: Travel, reading: Reading
) -> AssociationDocument | Standing:
    async with reading.session() as connection:
        row = present(await associations.get(connection, id), id)
        awaited = await deadlines.page(connection, DeadlineFilters(record_id=id), None, MOST_ITEMS)
        then = await standing(connection, id, moments)
    if moments is None:
        return tagged(AssociationDocument(**vars(row), next=list(awaited.items)), response)

    async def render(tracked: Tracked) -> AssociationDocument:
        return AssociationDocument(**vars(associations.row_of(tracked)))

    return await travelled(parts, caller, id, moments, then, render)


@router.get(
    "/{id}/history",
    summary="L'histoire d'une association, refus compris",
    responses=problem_responses(
        ("not_found", "cursor_malformed", "position_unknown", "not_yet_readable", *LOGGED),
        examples.listed(examples.HISTORY),
    ),
    operation_id="associations_history",
)
async def read_history(
    id: AssociationId,
    request: Request,
    response: Response,
    shown: Shown,
    reading: Reading,
    after: After = None,
    limit: Limit = 100,
) -> Listing[HistoryRow]:
    position = position_after(after)
    async with reading.session() as connection:
        present(await associations.get(connection, id), id)
        page = await history.page(connection, id, position, limit)
    return listing(await shown.page(page), request, response)


@command(
    router,
    "POST",
    "",
    commands.RegisterAssociation,
    "Enregistrer une association",
    "already_registered",
    "already_held",
    creates=True,
)
async def register(body: AssociationBody, act: Create) -> Accepted:
    created = act.new_id("association")
    academies = tuple(dict.fromkeys(body.academies))
    asked = commands.RegisterAssociation(record_id=created, identity=body.identity(), academies=academies)
    return await act.create(asked, created, "/v1/associations")


@command(
    router,
    "PUT",
    "/{id}/identity",
    commands.ChangeIdentity,
    "Changer l'identité",
    "already_held",
    edits=True,
)
async def change_identity(id: AssociationId, body: IdentityBody, act: Edit) -> Accepted:
    return await act(commands.ChangeIdentity(record_id=id, identity=body.identity()))


@command(
    router,
    "POST",
    "/{id}/entitlements",
    commands.GrantEntitlement,
    "Enregistrer un titre",
    "period_reversed",
)
async def grant_entitlement(id: AssociationId, body: EntitlementBody, act: Act) -> Accepted:
    return await act(commands.GrantEntitlement(record_id=id, entitlement=body.entitlement()))


@command(
    router,
    "POST",
    "/{id}/entitlements/{reference}/end",
    commands.EndEntitlement,
    "Mettre fin à un titre",
    "no_such_entitlement",
    "in_the_future",
    "outside_its_period",
)
async def end_entitlement(
    id: AssociationId,
    reference: Annotated[str, Path(pattern=REFERENCE, description="La référence du titre.")],
    body: EndBody,
    act: Act,
) -> Accepted:
    return await act(commands.EndEntitlement(record_id=id, reference=reference, on=body.on))
