"""An association's admission, and what interrupts it afterwards; the links by which it is invited."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints

from api.dependencies import Parts
from api.fields import Body, Code, Day, ProgrammeId, Reason, shown
from api.requests import Accepted, Act, AssociationId, Nothing, command
from api.routes.convention_text import MotivatedBody
from api.routing import Route
from api.travel import known
from domain.association import commands
from domain.association.model import Association
from domain.association.parts import SuspensionCause
from domain.links import Channel

router = APIRouter(prefix="/v1/associations", tags=["associations : admission"], route_class=Route)

_SECRET: Final = 32
"""Bytes: 256 bits."""

ConventionIds = Annotated[
    list[Annotated[str, StringConstraints(strict=True, pattern=r"^convention-[0-9A-Za-z-]{1,80}$")]],
    Field(max_length=50),
]


class OpeningBody(Body):
    """L'ouverture du dossier d'admission, sous les règles de la première académie de l'association."""

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
        [], description="Les conventions qui la lient, si les règles veulent qu'elle soit conventionnée."
    )

    model_config = shown({"on": "2026-01-12", "conventions": []})


class SuspensionBody(Body):
    """Une suspension : elle court jusqu'à ce qu'elle soit levée."""

    cause: SuspensionCause = Field(
        description="La protection des mineurs (safeguarding), un manquement (fault), des pièces qui "
        "manquent (documents) ou la demande de l'opérateur (request)."
    )
    on: Day = Field(description="Son premier jour, passé ou présent.")
    reason: Reason

    model_config = shown(
        {"cause": "documents", "on": "2026-03-02", "reason": "L'assurance n'a pas été renouvelée."}
    )


class DepartureBody(Body):
    """La sortie du dispositif, ou l'abandon d'une candidature."""

    on: Day = Field(description="Le jour de la sortie, passé ou présent.")
    reason: Reason

    model_config = shown({"on": "2026-07-03", "reason": "L'association cesse son activité de mentorat."})


class LinkBody(Body):
    """Un lien à usage unique pour une seule opération."""

    action: Code = Field(description="Ce que le lien permet : ouvrir l'admission (admission).")
    expires_on: Day = Field(description="Son dernier jour, à 30 jours au plus.")

    model_config = shown({"action": "admission", "expires_on": "2025-12-19"})


class IssuedLink(Accepted):
    """Le lien créé. ``secret`` n'est donné qu'ici, une fois : une demande répétée répond sans lui."""

    link: str = Field(description="L'identifiant du lien, pour le retirer ou le suivre.")
    secret: str | None = Field(description="Le secret à remettre à la personne ; il n'est pas conservé.")

    model_config = shown(
        {
            "id": "association-6f5c1f0e-2a57-5d0b-9a54-0f6a8a3f7d11",
            "version": 3,
            "position": 1043,
            "link": "link-0c4ad1f8-6d9a-5a1d-8a43-2d2f4d1c8e57",
            "secret": "p1p0ZzQ0U3VtbWVyLWxpbmstZXhhbXBsZS1vbmx5LW4",
        }
    )


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
    "online_today",
    "link_elsewhere",
    "link_spent",
    "link_revoked",
    "link_expired",
)
async def open_admission(id: AssociationId, body: OpeningBody, act: Act) -> Accepted:
    return await act(commands.OpenAdmission(record_id=id, **dict(body)))


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
    "documents_missing",
    "insurance_lapsed",
    "entitlement_missing",
)
async def admit(id: AssociationId, body: AdmittingBody, act: Act) -> Accepted:
    conventions = tuple(dict.fromkeys(body.conventions))
    return await act(commands.Admit(record_id=id, on=body.on, conventions=conventions))


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
    "Suspendre",
    "wrong_status",
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
    "Lever la suspension",
    "wrong_status",
    "reason_missing",
)
async def lift_suspension(id: AssociationId, body: MotivatedBody, act: Act) -> Accepted:
    return await act(commands.LiftSuspension(record_id=id), body.reason)


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
    "Inviter l'association par un lien",
    "wrong_status",
    "link_action_unknown",
    "link_term",
    "link_known",
    "too_many_links",
)
async def issue_link(id: AssociationId, body: LinkBody, act: Act, parts: Parts) -> IssuedLink:
    """The secret is made here and told once: the record knows its digest only. A repeated demand is the same
    one, hence the digest that it had."""
    link = act.new_id("link")
    tracked = await known(parts, id, await parts.commands.now())
    association = tracked.record if tracked else None
    issued = association.links.get(link) if isinstance(association, Association) else None
    secret = secrets.token_urlsafe(_SECRET)
    digest = issued.digest if issued else sha256(secret.encode()).hexdigest()
    accepted = await act(commands.IssueLink(record_id=id, link=link, digest=digest, **dict(body)))
    return IssuedLink(**dict(accepted), link=link, secret=None if issued else secret)


@command(
    router,
    "DELETE",
    "/{id}/links/{link}",
    commands.RevokeLink,
    "Retirer un lien",
    "link_elsewhere",
    "link_spent",
)
async def revoke_link(
    id: AssociationId,
    link: Annotated[str, Path(pattern=r"^link-[0-9A-Za-z-]{1,80}$", description="L'identifiant du lien.")],
    act: Act,
    body: Nothing | None = None,
) -> Accepted:
    return await act(commands.RevokeLink(record_id=id, link=link))
