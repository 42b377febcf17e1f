"""Associations: the operators that conventions bind, whom to call there, and their entitlements."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, StringConstraints

from api import examples
from api.dependencies import After, Limit, Parts, Reading
from api.fields import AcademieCode, Body, Day, Line, Mailbox, Rna, Scheme, Siren, shown
from api.listing import (
    READING,
    Listing,
    OfFamily,
    OfProgramme,
    OfSector,
    StuckDays,
    history_route,
    listing,
    present,
    stuck_since,
    tagged,
)
from api.openapi import problem_responses
from api.operators import with_titles
from api.persons import Shown
from api.requests import Accepted, Act, AssociationId, Create, Edit, Nothing, command
from api.routing import Route
from api.travel import AS_KNOWN, Standing, Travel, standing, travelled
from domain.association import commands
from domain.association.model import Association, Entitlement, EntitlementKind, Identity
from domain.association.parts import Contact, ContactRole
from projections import associations
from projections.association_filters import AssociationFilters
from projections.associations import AssociationRow

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


class AcademieBody(Body):
    """Une académie de plus."""

    academie: AcademieCode = Field(description="L'académie où elle intervient désormais.")

    model_config = shown({"academie": "06"})


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


class ContactBody(Body):
    """Qui joindre chez l'opérateur."""

    name: Line = Field(description="Son nom.")
    mailbox: Mailbox | None = Field(None, description="Son adresse électronique.")
    phone: (
        Annotated[str, StringConstraints(strict=True, pattern=r"^\+?[0-9](?:[ .-]?[0-9]){5,19}$")] | None
    ) = Field(None, description="Son téléphone.", examples=["06 12 34 56 78"])

    model_config = shown(
        {"name": "Camille Exemple", "mailbox": "camille@jobirl.example", "phone": "06 12 34 56 78"}
    )

    def contact(self) -> Contact:
        return Contact(self.name, self.mailbox, self.phone)


Contacted = Annotated[
    ContactRole,
    Path(
        description="La coordination (coordinator), la protection des mineurs (safeguarding_lead) ou la "
        "présidence (president)."
    ),
]


@router.get(
    "",
    summary="Les associations de votre périmètre",
    responses=problem_responses(("cursor_malformed", *READING), examples.listed(examples.ASSOCIATION)),
    operation_id="associations_list",
)
async def list_associations(
    request: Request,
    response: Response,
    parts: Parts,
    shown: Shown,
    reading: Reading,
    name: Annotated[str | None, Query(min_length=1, max_length=100, description="Une partie du nom.")] = None,
    academie: Annotated[AcademieCode | None, Query(description="Qui travaille dans cette académie.")] = None,
    status: Annotated[str | None, Query(pattern=r"^[a-z_]{1,30}$", description="L'état.")] = None,
    entitlement: Annotated[
        Literal["laureate", "approved", "conventioned"] | None,
        Query(description="Qui est aujourd'hui lauréate, agréée ou conventionnée."),
    ] = None,
    insurance_before: Annotated[
        Day | None, Query(description="Dont l'assurance acceptée prend fin avant ce jour.")
    ] = None,
    expiring_before: Annotated[
        Day | None, Query(description="Dont l'assurance ou un titre ne compte plus ce jour-là.")
    ] = None,
    stuck_days: StuckDays = None,
    programme: OfProgramme = None,
    sector: OfSector = None,
    family: OfFamily = None,
    after: After = None,
    limit: Limit = 50,
) -> Listing[AssociationRow]:
    filters = AssociationFilters(
        name,
        academie,
        status,
        entitlement,
        insurance_before,
        expiring_before,
        await stuck_since(parts, stuck_days),
        programme,
        sector,
        family,
    )
    async with reading.session() as connection:
        page = await associations.page(connection, filters, after, limit)
    now = await parts.commands.now()
    page = replace(page, items=await with_titles(reading.parts, page.items, now))
    return listing(await shown.page(page, Association), request, response)


@router.get(
    "/{id}",
    summary="Une association, aujourd'hui ou à une date",
    responses=problem_responses(
        ("not_found", *AS_KNOWN, *READING),
        examples.either(examples.ASSOCIATION, examples.STANDING),
    ),
    operation_id="associations_read",
)
async def read_association(
    id: AssociationId,
    response: Response,
    shown: Shown,
    moments: Travel,
    reading: Reading,
) -> AssociationRow | Standing:
    async with reading.session() as connection:
        row = present(await associations.get(connection, id), id)
        then = await standing(connection, id, moments)
    if moments is None:
        (row,) = await with_titles(reading.parts, [row], await reading.parts.commands.now())
        return tagged(await shown.row(row, Association), response)
    told = await travelled(reading, shown, Association, id, moments, then, associations.row_at)
    if isinstance(told, Standing):
        return told
    return (await with_titles(reading.parts, [told], moments.seen_from))[0]


history_route(
    router,
    "associations",
    Association,
    "L'histoire d'une association, refus compris",
    associations.get,
)


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
    "/{id}/academies",
    commands.Extend,
    "Étendre à une académie de plus",
    "already_in_academie",
    "already_held",
)
async def extend(id: AssociationId, body: AcademieBody, act: Act) -> Accepted:
    """Cette académie la voit désormais, et ce qui s'ouvre ensuite chez elle ; la vôtre la lui désigne. Une
    association sortie, non retenue ou classée sans suite le reste : l'autre peut ouvrir une admission."""
    return await act(commands.Extend(record_id=id, academie=body.academie))


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


@command(
    router,
    "PUT",
    "/{id}/contacts/{role}",
    commands.NameContact,
    "Désigner qui joindre",
)
async def name_contact(id: AssociationId, role: Contacted, body: ContactBody, act: Act) -> Accepted:
    return await act(commands.NameContact(record_id=id, role=role, contact=body.contact()))


@command(
    router,
    "DELETE",
    "/{id}/contacts/{role}",
    commands.RemoveContact,
    "Ne plus désigner personne",
    "no_such_contact",
)
async def remove_contact(
    id: AssociationId, role: Contacted, act: Act, body: Nothing | None = None
) -> Accepted:
    return await act(commands.RemoveContact(record_id=id, role=role))
