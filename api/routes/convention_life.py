"""A convention in force: amendments, reports, renewal, notice, termination, corrections."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, Field, StringConstraints

from api.fields import Body, Day, Line, Partial, PartyKey, Reason, Report, Sha256, read_date_name, shown
from api.requests import Accepted, Act, ConventionId, Edit, command
from api.routes.convention_signing import SignatureBody
from api.routes.convention_text import MotivatedBody
from api.routing import Route
from api.texts import CLAUSES, ClausesBody
from domain.convention import commands as conventions
from domain.convention.parts import EndCause

router = APIRouter(prefix="/v1/conventions", tags=["conventions : vie"], route_class=Route)

DateName = Annotated[
    str,
    StringConstraints(strict=True, max_length=120),
    AfterValidator(read_date_name),
    Field(
        description="announced_for, signed_on, in_force_from, ends_on ou signature:<partie>.",
        examples=["signature:academie:10"],
    ),
]


class ReportBody(Body):
    """Un compte rendu reçu."""

    report: Report
    on: Partial = Field(description="Le jour de la réception.")
    document_sha256: Sha256 | None = Field(None, description="L'empreinte SHA-256 du document.")

    model_config = shown({"report": "bilan:2026", "on": "2026-06-24"})


class RenewalBody(Body):
    """La convention qui prend la suite : mêmes parties, même territoire, ses propres clauses."""

    title: Line = Field(description="Son intitulé.")
    clauses: ClausesBody = ClausesBody()

    model_config = shown(
        {
            "title": "Mentorat en lycée professionnel : FACE et l'académie de Lyon, renouvellement",
            "clauses": CLAUSES | {"starts_on": "2026-12-05", "ends_on": "2029-12-04"},
        }
    )


class NoticeBody(Body):
    """Une dénonciation. Sans ``until``, la convention finit quand le préavis a couru."""

    party: PartyKey
    on: Day = Field(description="Le jour où le préavis est donné.")
    until: Day | None = Field(None, description="Le dernier jour, s'il dépasse le préavis.")
    reason: Reason

    model_config = shown(
        {
            "party": "association:association-6f5c1f0e-2a57-5d0b-9a54-0f6a8a3f7d11",
            "on": "2026-03-02",
            "reason": "L'association se retire du territoire.",
        }
    )


class WithdrawnNoticeBody(Body):
    """Un préavis repris par la partie qui l'a donné."""

    party: PartyKey
    reason: Reason

    model_config = shown({"party": "academie:10", "reason": "Un accord a été trouvé."})


class TerminationBody(Body):
    """Une résiliation, au besoin immédiate."""

    cause: Literal["fault", "public_interest"] = Field(
        description="La faute (fault) ou l'intérêt général (public_interest)."
    )
    effective: Day = Field(description="Le jour de l'effet, passé ou à venir.")
    reason: Reason

    model_config = shown(
        {
            "cause": "fault",
            "effective": "2026-04-15",
            "reason": "Obligations non tenues, malgré rappel.",
        }
    )


class CorrectionBody(Body):
    """La correction d'une date mal enregistrée : ce n'est pas un changement de fait."""

    supersedes: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = Field(
        description="La version de l'événement qui était faux (voir l'historique)."
    )
    date_name: DateName
    value: Partial = Field(description="La date exacte.")
    reason: Reason

    model_config = shown(
        {
            "supersedes": 6,
            "date_name": "signature:academie:10",
            "value": "2025-12-04",
            "reason": "Erreur de saisie : la page de signature porte le 4 décembre.",
        }
    )


@command(
    router,
    "POST",
    "/{id}/amendments",
    conventions.ProposeAmendment,
    "Proposer un avenant",
    "wrong_status",
    "text_incomplete",
    "period_reversed",
    "amendment_open",
)
async def propose_amendment(id: ConventionId, body: ClausesBody, act: Act) -> Accepted:
    return await act(conventions.ProposeAmendment(record_id=id, clauses=body.clauses()))


@command(
    router,
    "POST",
    "/{id}/amendments/current/signatures",
    conventions.SignAmendment,
    "Signer l'avenant",
    "wrong_status",
    "paper_needed",
    "vote_missing",
    "vote_not_executory",
    "not_a_party",
    "not_your_party",
    "no_amendment",
    "text_changed",
    "in_the_future",
    "electronic_today",
    "before_proposal",
    "already_signed",
    "signatory_missing",
    "delegation_expired",
    "already_held",
)
async def sign_amendment(id: ConventionId, body: SignatureBody, act: Act) -> Accepted:
    return await act(conventions.SignAmendment(record_id=id, **dict(body)))


@command(
    router,
    "DELETE",
    "/{id}/amendments/current",
    conventions.WithdrawAmendment,
    "Retirer l'avenant",
    "wrong_status",
    "reason_missing",
    "no_amendment",
)
async def withdraw_amendment(id: ConventionId, body: MotivatedBody, act: Act) -> Accepted:
    return await act(conventions.WithdrawAmendment(record_id=id), body.reason)


@command(
    router,
    "POST",
    "/{id}/reports",
    conventions.ReceiveReport,
    "Recevoir un compte rendu",
    "wrong_status",
    "in_the_future",
    "report_not_expected",
    "already_received",
)
async def receive_report(id: ConventionId, body: ReportBody, act: Act) -> Accepted:
    return await act(conventions.ReceiveReport(record_id=id, **dict(body)))


@command(
    router,
    "POST",
    "/{id}/renewal",
    conventions.Renew,
    "Renouveler",
    "not_found",
    "version_changed",
    "wrong_status",
    "already_renewed",
    "already_held",
    "no_rules_in_force",
    "period_reversed",
    "not_your_academie",
    creates=True,
)
async def renew(id: ConventionId, body: RenewalBody, act: Act) -> Accepted:
    created = act.new_id("convention")
    asked = conventions.Renew(
        record_id=id, successor_id=created, title=body.title, clauses=body.clauses.clauses()
    )
    return await act.create(asked, created, "/v1/conventions")


@command(
    router,
    "POST",
    "/{id}/notice",
    conventions.Denounce,
    "Dénoncer, avec préavis",
    "wrong_status",
    "not_a_party",
    "not_your_party",
    "reason_missing",
    "in_the_future",
    "period_reversed",
    "notice_backdated",
    "notice_given",
    "notice_too_short",
)
async def denounce(id: ConventionId, body: NoticeBody, act: Act) -> Accepted:
    asked = conventions.Denounce(record_id=id, party=body.party, on=body.on, until=body.until)
    return await act(asked, body.reason)


@command(
    router,
    "DELETE",
    "/{id}/notice",
    conventions.WithdrawNotice,
    "Reprendre son préavis",
    "not_a_party",
    "not_your_party",
    "reason_missing",
    "no_notice",
    "not_your_notice",
)
async def withdraw_notice(id: ConventionId, body: WithdrawnNoticeBody, act: Act) -> Accepted:
    return await act(conventions.WithdrawNotice(record_id=id, party=body.party), body.reason)


@command(
    router,
    "POST",
    "/{id}/termination",
    conventions.Terminate,
    "Résilier",
    "wrong_status",
    "reason_missing",
    "cause_missing",
    "period_reversed",
)
async def terminate(id: ConventionId, body: TerminationBody, act: Act) -> Accepted:
    asked = conventions.Terminate(record_id=id, cause=EndCause(body.cause), effective=body.effective)
    return await act(asked, body.reason)


@command(
    router,
    "POST",
    "/{id}/corrections",
    conventions.Correct,
    "Corriger une date",
    "reason_missing",
    "no_such_event",
    "date_not_recorded",
    "not_its_event",
    "in_the_future",
    "period_reversed",
    "before_signature",
    "electronic_today",
    "ended_already",
    edits=True,
)
async def correct(id: ConventionId, body: CorrectionBody, act: Edit) -> Accepted:
    asked = conventions.Correct(
        record_id=id, supersedes=body.supersedes, date_name=body.date_name, value=body.value
    )
    return await act(asked, body.reason)
