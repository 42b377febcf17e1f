"""An association's admission, and what interrupts it afterwards; the links by which it is invited."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from api.dependencies import Parts
from api.fields import Body, Code, Day, ProgrammeId, Reason, shown
from api.links import BY_LINK, GIVING, TAKING_BACK, IssuedLink, LinkId, issue
from api.requests import Accepted, Act, AssociationId, ByLink, Nothing, command
from api.routes.convention_text import MotivatedBody
from api.routing import Route
from domain.association import commands
from domain.association.parts import SuspensionCause
from domain.links import Channel

router = APIRouter(prefix="/v1/associations", tags=["associations : admission"], route_class=Route)

ConventionIds = Annotated[
    list[Annotated[str, StringConstraints(strict=True, pattern=r"^convention-[0-9A-Za-z-]{1,80}$")]],
    Field(max_length=50),
]


class OpeningBody(Body):
    """L'ouverture du dossier d'admission, sous les règles de l'académie qui l'ouvre, ou qui en a donné le
    lien : c'est elle qui l'instruit."""

    programme_id: ProgrammeId = Field(description="Le programme dont l'admission suit les règles.")
    on: Day = Field(description="Le jour de l'ouverture, passé ou présent.")
    channel: Channel = Field(
        description="Comment la demande est arrivée : paper, phone, meeting (entretien) ou online."
    )

    model_config = shown({"programme_id": "programme-1j1m", "on": "2025-12-05", "channel": "meeting"})


class AdmittingBody(Body):
    """Une décision de référencer. L'assurance et les titres s'apprécient au jour de la demande."""

    on: Day = Field(description="Le jour de la décision, passé ou présent.")
    conventions: ConventionIds = Field(
        [],
        description="Les conventions qui la lient, si les règles veulent qu'elle soit conventionnée ; sans "
        "en nommer, toutes celles qui sont en vigueur.",
    )

    model_config = shown({"on": "2026-01-12", "conventions": []})


class SuspensionBody(Body):
    """Une suspension, pour une cause : elle court jusqu'à ce que l'académie qui l'a décidée la lève. Il peut
    y en avoir plusieurs à la fois."""

    cause: SuspensionCause = Field(
        description="La protection des mineurs (safeguarding), un manquement (fault), des pièces qui "
        "manquent (documents) ou la demande de l'opérateur (request)."
    )
    on: Day = Field(description="Son premier jour, passé ou présent.")
    reason: Reason

    model_config = shown(
        {"cause": "documents", "on": "2026-03-02", "reason": "L'assurance n'a pas été renouvelée."}
    )


class LiftingBody(Body):
    """La levée d'une cause de suspension, par l'académie qui l'a décidée : l'association n'est rétablie que
    s'il n'en reste aucune."""

    cause: SuspensionCause = Field(description="La cause levée : l'une de celles qui courent (suspensions).")
    reason: Reason

    model_config = shown(
        {"cause": "documents", "reason": "La nouvelle attestation d'assurance est acceptée."}
    )


class DepartureBody(Body):
    """La sortie du dispositif, ou l'abandon d'une candidature."""

    on: Day = Field(description="Le jour de la sortie, passé ou présent.")
    reason: Reason

    model_config = shown({"on": "2026-07-03", "reason": "L'association cesse son activité de mentorat."})


class LinkBody(Body):
    """Un lien pour une seule opération, sans compte. Il sert une fois, sauf un formulaire public."""

    action: Code = Field(
        description="Ce que le lien permet : l'académie invite l'association à ouvrir son admission "
        "(admission) ; l'association invite une personne à déposer sa candidature (candidacy), ou ouvre un "
        "formulaire public (form), à montrer sur son site."
    )
    expires_on: Day = Field(
        description="Son dernier jour : à 30 jours au plus, à 365 jours pour un formulaire."
    )

    model_config = shown({"action": "admission", "expires_on": "2025-12-19"})


# The admission ------------------------------------------------------------------------------------


@command(
    router,
    "POST",
    "/{id}/admission",
    commands.OpenAdmission,
    "Ouvrir l'admission, une première fois ou de nouveau",
    "unknown_record",
    "no_rules_in_force",
    "wrong_status",
    "in_the_future",
    "before_last_change",
    *BY_LINK,
)
async def open_admission(id: AssociationId, body: OpeningBody, act: Act) -> ByLink:
    return await act.by_link(commands.OpenAdmission(record_id=id, **dict(body)))


@command(
    router,
    "POST",
    "/{id}/admission/approval",
    commands.Admit,
    "Référencer l'association",
    "unknown_record",
    "no_rules_in_force",
    "wrong_status",
    "in_the_future",
    "before_last_change",
    "still_suspended",
    "documents_missing",
    "insurance_lapsed",
    "entitlement_missing",
)
async def admit(id: AssociationId, body: AdmittingBody, act: Act) -> Accepted:
    return await act(commands.Admit(record_id=id, on=body.on, conventions=tuple(body.conventions)))


@command(
    router,
    "POST",
    "/{id}/admission/refusal",
    commands.RefuseAdmission,
    "Refuser l'admission",
    "wrong_status",
    "reason_missing",
)
async def refuse_admission(id: AssociationId, body: MotivatedBody, act: Act) -> Accepted:
    return await act(commands.RefuseAdmission(record_id=id), body.reason)


# Afterwards ---------------------------------------------------------------------------------------


@command(
    router,
    "PUT",
    "/{id}/suspension",
    commands.Suspend,
    "Suspendre, pour une cause",
    "wrong_status",
    "already_suspended",
    "reason_missing",
    "in_the_future",
    "before_last_change",
)
async def suspend(id: AssociationId, body: SuspensionBody, act: Act) -> Accepted:
    return await act(commands.Suspend(record_id=id, cause=body.cause, on=body.on), body.reason)


@command(
    router,
    "DELETE",
    "/{id}/suspension",
    commands.LiftSuspension,
    "Lever une cause de suspension",
    "wrong_status",
    "not_suspended",
    "suspended_by_other",
    "reason_missing",
)
async def lift_suspension(id: AssociationId, body: LiftingBody, act: Act) -> Accepted:
    return await act(commands.LiftSuspension(record_id=id, cause=body.cause), body.reason)


@command(
    router,
    "POST",
    "/{id}/departure",
    commands.Leave,
    "Sortir du dispositif, ou renoncer à l'admission",
    "wrong_status",
    "reason_missing",
    "in_the_future",
    "before_last_change",
)
async def leave(id: AssociationId, body: DepartureBody, act: Act) -> Accepted:
    return await act(commands.Leave(record_id=id, on=body.on), body.reason)


# Links --------------------------------------------------------------------------------------------


@command(
    router,
    "POST",
    "/{id}/links",
    commands.IssueLink,
    "Inviter l'association par un lien, ou ses candidat·es en son nom",
    *GIVING,
)
async def issue_link(id: AssociationId, body: LinkBody, act: Act, parts: Parts) -> IssuedLink:
    def asked(link: str, digest: str) -> commands.IssueLink:
        return commands.IssueLink(record_id=id, link=link, digest=digest, **dict(body))

    return await issue(act, parts, id, asked)


@command(router, "DELETE", "/{id}/links/{link}", commands.RevokeLink, "Retirer un lien", *TAKING_BACK)
async def revoke_link(id: AssociationId, link: LinkId, act: Act, body: Nothing | None = None) -> Accepted:
    return await act(commands.RevokeLink(record_id=id, link=link))
