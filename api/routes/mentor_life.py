"""A mentor's path: the file, the interview, the background check, the clearance; suspension and leaving."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from api.charter import CURRENT
from api.fields import Body, Code, Day, Flag, Line, LongText, Reason, shown
from api.problems import Refusal
from api.requests import Accepted, Act, ByLink, command
from api.routes.mentors import MentorId
from api.routing import Route
from domain.links import Channel
from domain.mentor import commands
from domain.mentor.parts import CheckKind, MentorLeaving

router = APIRouter(prefix="/v1/mentors", tags=["mentors : parcours"], route_class=Route)

_CHANNEL: Final = "Comment on l'a su : paper, phone, meeting (entretien) ou online."
_CHECK: Final = "Le bulletin n° 3 (b3) ou l'attestation d'honorabilité (honorabilite)."
_BY_LINK: Final = ("online_today", "link_elsewhere", "link_spent", "link_revoked", "link_expired")

ConventionIds = Annotated[
    list[Annotated[str, StringConstraints(strict=True, pattern=r"^convention-[0-9A-Za-z-]{1,80}$")]],
    Field(max_length=50),
]


class IdentityBody(Body):
    """Une pièce d'identité vue. Ni copie, ni numéro."""

    on: Day = Field(description="Le jour où elle a été vue.")
    channel: Channel = Field(description=_CHANNEL)

    model_config = shown({"on": "2025-12-05", "channel": "meeting"})


class CharterBody(Body):
    """La charte signée. Par un lien : en ligne (online) et le jour même."""

    on: Day = Field(description="Le jour de la signature.")
    version: Code = Field(
        description="La version de la charte ; par un lien, celle dont GET /v1/link donne le texte.",
        examples=["2025.1"],
    )
    channel: Channel = Field(description=_CHANNEL)

    model_config = shown({"on": "2025-12-05", "version": "2025.1", "channel": "paper"})


class InterviewBody(Body):
    """Un entretien. Son compte rendu n'est lu que par l'association, et par le DPO."""

    on: Day = Field(description="Le jour de l'entretien.")
    favourable: Flag = Field(description="Si l'avis est favorable.")
    report: LongText = Field(description="Le compte rendu.")

    model_config = shown(
        {"on": "2025-12-08", "favourable": True, "report": "Motivation claire, disponible le mercredi."}
    )


class CheckRequestBody(Body):
    """Le document demandé. ``mission`` et ``departement`` ne valent que pour une attestation."""

    kind: CheckKind = Field(description=_CHECK)
    mission: Line | None = Field(None, description="La mission, parmi celles du périmètre légal.")
    departement: Code | None = Field(None, description="Le département de la mission.")

    model_config = shown({"kind": "b3"})


class CheckBody(Body):
    """Un document présenté, ou non. Rien de ce qu'il dit ne s'écrit, et aucun motif n'est pris."""

    kind: CheckKind = Field(description=_CHECK)
    presented: Flag = Field(description="S'il a été présenté.")
    on: Day = Field(description="Le jour où il l'a été, ou aurait dû l'être.")
    issued_on: Day | None = Field(None, description="La date du document présenté.")

    model_config = shown({"kind": "b3", "presented": True, "on": "2025-12-12", "issued_on": "2025-11-28"})


class ClearanceBody(Body):
    """La validation. Tout ce qui manque est dit d'un coup."""

    on: Day = Field(description="Le jour de la validation, passé ou présent.")
    conventions: ConventionIds = Field(
        [],
        description="Les conventions qui lient l'association, si les règles la veulent conventionnée ; sans "
        "en nommer, toutes celles qui sont en vigueur.",
    )

    model_config = shown({"on": "2026-01-12", "conventions": []})


class MentorSuspensionBody(Body):
    """Une suspension décidée par une personne, ou sa levée."""

    on: Day = Field(description="Le jour de la décision, passé ou présent.")
    reason: Reason

    model_config = shown({"on": "2026-02-02", "reason": "Absences répétées, sans nouvelles."})


class MentorDepartureBody(Body):
    """Un départ, quelle que soit l'étape."""

    on: Day = Field(description="Le jour du départ, passé ou présent.")
    cause: MentorLeaving = Field(
        description="La fin de l'engagement (end), un déménagement (moved), une demande (request) ou autre "
        "(other) ; merged est réservé au rattachement."
    )

    model_config = shown({"on": "2026-06-30", "cause": "end"})


class CandidacyRefusalBody(Body):
    """Un refus avant la validation. Il se motive, sauf une fois une vérification demandée : le motif
    laisserait deviner ce qu'elle dit."""

    reason: Reason | None = Field(None, description="Le motif ; aucun après la demande d'une vérification.")

    model_config = shown({"reason": "Disponibilités incompatibles avec le calendrier des lycées."})


@command(
    router,
    "POST",
    "/{id}/identity",
    commands.SeeIdentity,
    "Noter la pièce d'identité vue",
    "wrong_status",
    "in_the_future",
    "too_early",
)
async def see_identity(id: MentorId, body: IdentityBody, act: Act) -> Accepted:
    return await act(commands.SeeIdentity(record_id=id, **dict(body)))


@command(
    router,
    "POST",
    "/{id}/charter",
    commands.SignCharter,
    "Noter la charte signée",
    "wrong_status",
    "in_the_future",
    "too_early",
    "version_unreadable",
    "charter_superseded",
    *_BY_LINK,
)
async def sign_charter(id: MentorId, body: CharterBody, act: Act) -> ByLink:
    if act.caller.held and body.version != CURRENT.version:
        raise Refusal("charter_superseded")
    return await act.by_link(commands.SignCharter(record_id=id, **dict(body)))


@command(
    router,
    "POST",
    "/{id}/interviews",
    commands.HoldInterview,
    "Noter un entretien",
    "wrong_status",
    "file_incomplete",
    "in_the_future",
    "too_early",
    "report_missing",
    "text_too_long",
)
async def hold_interview(id: MentorId, body: InterviewBody, act: Act) -> Accepted:
    return await act(commands.HoldInterview(record_id=id, **dict(body)))


@command(
    router,
    "POST",
    "/{id}/check/request",
    commands.AskCheck,
    "Demander une vérification des antécédents",
    "wrong_status",
    "interview_missing",
    "honorabilite_outside_perimeter",
)
async def ask_check(id: MentorId, body: CheckRequestBody, act: Act) -> Accepted:
    return await act(commands.AskCheck(record_id=id, **dict(body)))


@command(
    router,
    "POST",
    "/{id}/check",
    commands.PresentCheck,
    "Noter qu'un document a été présenté, ou ne l'a pas été",
    "wrong_status",
    "interview_missing",
    "check_not_asked",
    "honorabilite_outside_perimeter",
    "in_the_future",
    "too_early",
    "issue_date",
    "issued_later",
    "check_too_old",
)
async def present_check(id: MentorId, body: CheckBody, act: Act) -> Accepted:
    return await act(commands.PresentCheck(record_id=id, **dict(body)))


@command(
    router,
    "POST",
    "/{id}/clearance",
    commands.Clear,
    "Valider",
    "wrong_status",
    "unknown_record",
    "in_the_future",
    "too_early",
    "file_incomplete",
    "interview_missing",
    "check_missing",
    "training_missing",
    "operator_not_admitted",
    "operator_suspended",
    "operator_uninsured",
    "entitlement_missing",
)
async def clear(id: MentorId, body: ClearanceBody, act: Act) -> Accepted:
    return await act(commands.Clear(record_id=id, on=body.on, conventions=tuple(body.conventions)))


@command(
    router,
    "PUT",
    "/{id}/suspension",
    commands.Suspend,
    "Suspendre",
    "wrong_status",
    "reason_missing",
    "in_the_future",
    "too_early",
    "already_suspended",
)
async def suspend(id: MentorId, body: MentorSuspensionBody, act: Act) -> Accepted:
    return await act(commands.Suspend(record_id=id, on=body.on), body.reason)


@command(
    router,
    "DELETE",
    "/{id}/suspension",
    commands.LiftSuspension,
    "Lever la suspension que l'on a décidée soi-même, comme association ou comme académie",
    "wrong_status",
    "not_suspended",
    "suspended_by_other",
    "reason_missing",
    "in_the_future",
    "too_early",
)
async def lift_suspension(id: MentorId, body: MentorSuspensionBody, act: Act) -> Accepted:
    return await act(commands.LiftSuspension(record_id=id, on=body.on), body.reason)


@command(
    router,
    "POST",
    "/{id}/departure",
    commands.Leave,
    "Noter un départ",
    "wrong_status",
    "suspended_by_other",
    "cause_reserved",
    "in_the_future",
    "too_early",
)
async def leave(id: MentorId, body: MentorDepartureBody, act: Act) -> Accepted:
    return await act(commands.Leave(record_id=id, on=body.on, cause=body.cause))


@command(
    router,
    "POST",
    "/{id}/refusal",
    commands.RefuseCandidacy,
    "Refuser une candidature",
    "wrong_status",
    "reason_missing",
    "reason_not_taken",
)
async def refuse(id: MentorId, body: CandidacyRefusalBody, act: Act) -> Accepted:
    return await act(commands.RefuseCandidacy(record_id=id), body.reason or "")
