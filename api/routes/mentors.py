"""Mentors: who came, through whom, where each one stands; who they are, and the links given to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api import examples
from api.dependencies import After, Limit, Parts, Reading
from api.examples_mentors import MENTOR
from api.fields import AcademieCode, Body, Day, Reason, shown
from api.links import GIVING, TAKING_BACK, IssuedLink, LinkId, issue
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
from api.mentor_bodies import (
    ASSOCIATION,
    PROPOSED,
    Acknowledged,
    CandidacyBody,
    PersonBody,
    PersonCorrectionBody,
    ProfileBody,
    ProposalBody,
)
from api.openapi import problem_responses
from api.operators import with_operators
from api.persons import Shown
from api.requests import Accepted, Act, Create, Edit, Nothing, command
from api.routing import Route
from api.travel import AS_KNOWN, Standing, Travel, standing, travelled
from domain.calendar import paris_day
from domain.mentor import candidacies, commands, identity
from domain.mentor.model import Mentor
from domain.mentor.parts import Origin, Status
from projections import mentors
from projections.mentors import MentorFilters, MentorRow

router = APIRouter(prefix="/v1/mentors", tags=["mentors : registre"], route_class=Route)

MentorId = Annotated[
    str, Path(pattern=r"^mentor-[0-9A-Za-z-]{1,80}$", description="L'identifiant du dossier de mentor·e.")
]


class DuplicateBody(Body):
    """Un autre dossier de la même personne dans la même association : il sera clos."""

    duplicate_id: Annotated[str, Field(strict=True, pattern=r"^mentor-[0-9A-Za-z-]{1,80}$")] = Field(
        description="L'identifiant du dossier à rattacher."
    )
    reason: Reason | None = Field(
        None, description="Demandé quand les noms ou les dates de naissance des deux dossiers diffèrent."
    )

    model_config = shown({"duplicate_id": "mentor-5d8e0a64-7c6d-5f0f-8e0a-64f7a3a4f1b9"})


class MentorLinkBody(Body):
    """Un lien à usage unique, pour une seule opération."""

    action: Literal["file"] = Field("file", description="Signer la charte (file).")
    expires_on: Day = Field(description="Son dernier jour, à 30 jours au plus.")

    model_config = shown({"action": "file", "expires_on": "2025-12-19"})


@router.get(
    "",
    summary="Les mentor·es de votre périmètre, les dernières candidatures d'abord",
    responses=problem_responses(("cursor_malformed", *READING), examples.listed(MENTOR)),
    operation_id="mentors_list",
)
async def list_mentors(
    request: Request,
    response: Response,
    parts: Parts,
    shown: Shown,
    reading: Reading,
    status: Annotated[Status | None, Query(description="L'état.")] = None,
    association: Annotated[str | None, Query(pattern=ASSOCIATION, description="L'association.")] = None,
    academie: Annotated[AcademieCode | None, Query(description="Une académie de l'association.")] = None,
    programme: OfProgramme = None,
    sector: OfSector = None,
    family: OfFamily = None,
    channel: Annotated[Origin | None, Query(description="Par qui la personne est venue.")] = None,
    expiring_before: Annotated[
        Day | None, Query(description="Dont la vérification ou la formation ne compte plus ce jour-là.")
    ] = None,
    stuck_days: StuckDays = None,
    after: After = None,
    limit: Limit = 50,
) -> Listing[MentorRow]:
    filters = MentorFilters(
        status=status,
        association=association,
        academie=academie,
        programme=programme,
        sector=sector,
        family=family,
        channel=channel,
        expiring_before=expiring_before,
        stuck_since=await stuck_since(parts, stuck_days),
    )
    async with reading.session() as connection:
        page = await mentors.page(connection, filters, after, limit)
    now = await parts.commands.now()
    page = replace(page, items=await with_operators(reading.parts, page.items, now))
    return listing(await shown.page(page, Mentor), request, response)


@router.get(
    "/{id}",
    summary="Un·e mentor·e, aujourd'hui ou à une date : son état, ce qui manque et ce qui l'attend",
    responses=problem_responses(
        ("not_found", *AS_KNOWN, *READING), examples.either(MENTOR, examples.STANDING)
    ),
    operation_id="mentors_read",
)
async def read_mentor(
    id: MentorId, response: Response, shown: Shown, moments: Travel, reading: Reading
) -> MentorRow | Standing:
    async with reading.session() as connection:
        row = present(await mentors.get(connection, id), id)
        then = await standing(connection, id, moments)
    if moments is None:
        (row,) = await with_operators(reading.parts, [row], await reading.parts.commands.now())
        return tagged(await shown.row(row, Mentor), response)
    told = await travelled(reading, shown, Mentor, id, moments, then, mentors.row_at)
    if isinstance(told, Standing):
        return told
    return (await with_operators(reading.parts, [told], moments.seen_from))[0]


history_route(router, "mentors", Mentor, "L'histoire d'un·e mentor·e, refus compris", mentors.get)

_WHO: Final = ("name_unreadable", "email_unreadable", "phone_unreadable", "birth_date_unlikely", "under_age")
_WHAT: Final = (
    "identifier_unreadable",
    "family_unknown",
    "commune_unreadable",
    "language_unreadable",
    "capacity_unlikely",
    "unknown_record",
    "company_own",
    "company_closed",
)


@command(
    router,
    "POST",
    "",
    candidacies.Apply,
    "Enregistrer une candidature",
    *_WHO,
    *_WHAT,
    "uai_missing",
    "operator_suspended",
    "operator_closed",
    "no_rules_in_force",
    "in_the_future",
    "already_applied",
    "mentor_known",
    creates=True,
)
async def apply(body: CandidacyBody, act: Create) -> Accepted:
    created = act.new_id("mentor")
    asked = candidacies.Apply(
        record_id=created,
        association_id=body.association_id,
        programme_id=body.programme_id,
        person=body.person.person(),
        profile=body.profile.profile(),
        channel=body.channel,
        uai=body.uai,
        on=body.on,
    )
    return await act.create(asked, created, "/v1/mentors")


@command(
    router,
    "POST",
    "/proposals",
    candidacies.Propose,
    "Proposer une personne à une association, par un lycée",
    *_WHO,
    *_WHAT,
    "candidacies_closed",
    "lycee_elsewhere",
    "proposals_full",
    "outside_your_scope",
    "no_rules_in_force",
    "already_applied",
    answers=Acknowledged,
)
async def propose(body: ProposalBody, act: Create, parts: Parts) -> Acknowledged:
    asked = candidacies.Propose(
        record_id=act.new_id("mentor"),
        association_id=body.association_id,
        uai=body.uai,
        person=body.person.person(),
        profile=body.profile.profile(),
    )
    await act.unseen(asked)
    return Acknowledged(received_on=paris_day(await parts.commands.now()), message=PROPOSED)


@command(
    router,
    "PUT",
    "/{id}/person",
    identity.ChangePerson,
    "Remplacer l'identité et les coordonnées",
    *_WHO,
    "wrong_status",
    "identity_settled",
    "contact_missing",
    "mentor_known",
    edits=True,
)
async def change_person(id: MentorId, body: PersonBody, act: Edit) -> Accepted:
    return await act(identity.ChangePerson(record_id=id, person=body.person()))


@command(
    router,
    "POST",
    "/{id}/corrections",
    identity.CorrectPerson,
    "Corriger l'identité : la pièce est à voir de nouveau",
    *_WHO,
    "wrong_status",
    "nothing_to_correct",
    "another_person",
    "reason_missing",
    "contact_missing",
    "mentor_known",
    edits=True,
)
async def correct_person(id: MentorId, body: PersonCorrectionBody, act: Edit) -> Accepted:
    return await act(identity.CorrectPerson(record_id=id, person=body.person.person()), body.reason)


@command(
    router,
    "PUT",
    "/{id}/profile",
    commands.ChangeProfile,
    "Remplacer le profil",
    *_WHAT,
    "wrong_status",
    edits=True,
)
async def change_profile(id: MentorId, body: ProfileBody, act: Edit) -> Accepted:
    return await act(commands.ChangeProfile(record_id=id, profile=body.profile()))


@command(
    router,
    "POST",
    "/{id}/duplicates",
    identity.Merge,
    "Rattacher un autre dossier de la même personne",
    "wrong_status",
    "no_such_duplicate",
    "duplicate_suspended",
    "duplicate_further",
    "duplicate_unlike",
    "too_many_duplicates",
    "mentor_known",
)
async def merge(id: MentorId, body: DuplicateBody, act: Act) -> Accepted:
    return await act(identity.Merge(record_id=id, duplicate_id=body.duplicate_id), body.reason or "")


@command(
    router,
    "POST",
    "/{id}/links",
    commands.IssueLink,
    "Donner un lien à usage unique",
    *GIVING,
)
async def issue_link(id: MentorId, body: MentorLinkBody, act: Act, parts: Parts) -> IssuedLink:
    def asked(link: str, digest: str) -> commands.IssueLink:
        return commands.IssueLink(record_id=id, link=link, digest=digest, **dict(body))

    return await issue(act, parts, id, asked)


@command(router, "DELETE", "/{id}/links/{link}", commands.RevokeLink, "Retirer un lien", *TAKING_BACK)
async def revoke_link(id: MentorId, link: LinkId, act: Act, body: Nothing | None = None) -> Accepted:
    return await act(commands.RevokeLink(record_id=id, link=link))
