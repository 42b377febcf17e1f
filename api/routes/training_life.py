"""Who is in a course: enrolment and the waiting list, attendance, certificates."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from api.dependencies import Parts
from api.fields import Body, Day, Flag, ModuleCode, Reason, shown
from api.requests import Accepted, Act, Nothing, TrainingId, command
from api.routing import Route
from domain.training import commands
from domain.training.model import Training
from domain.training.parts import PLACE_LABELS, Place
from projections.tracking import track

router = APIRouter(prefix="/v1/trainings", tags=["formations : inscriptions"], route_class=Route)

_MENTOR: Final = r"^mentor-[0-9A-Za-z-]{1,80}$"

MentorOfPath = Annotated[str, Path(pattern=_MENTOR, description="L'identifiant du dossier de mentor·e.")]
MentorOfBody = Annotated[str, Field(strict=True, pattern=_MENTOR, examples=["mentor-1"])]


class EnrolmentBody(Body):
    """Une inscription."""

    mentor_id: MentorOfBody = Field(description="Un dossier de mentor·e de la même association.")

    model_config = shown({"mentor_id": "mentor-0c4ad1f8-6d9a-5a1d-8a43-2d2f4d1c8e57"})


class AttendanceBody(Body):
    """Une présence, ou une absence."""

    present: Flag = Field(description="Vrai pour une présence.")
    minutes: Annotated[int, Field(strict=True, ge=0, le=14_400)] | None = Field(
        None, description="Les minutes suivies, si ce n'est pas toute la formation."
    )
    modules: Annotated[list[ModuleCode], Field(max_length=40)] | None = Field(
        None, description="Les modules suivis en entier, s'il manque des minutes ; sinon, tous."
    )
    reason: Reason | None = Field(None, description="Le motif, pour corriger une formation déjà close.")

    model_config = shown({"present": True, "minutes": 180, "modules": ["posture", "safeguarding"]})


class CertificateBody(Body):
    """Une attestation délivrée."""

    on: Day = Field(description="Le jour de la délivrance.")

    model_config = shown({"on": "2026-01-14"})


class RevocationBody(Body):
    """Une attestation délivrée à tort."""

    reason: Reason

    model_config = shown({"reason": "Présence notée par erreur : la personne était absente."})


class Enrolled(Accepted):
    """L'inscription est enregistrée, et voici ce qu'elle donne."""

    state: Literal[Place.ENROLLED, Place.WAITING] = Field(description="Une place, ou la liste d'attente.")
    state_label: str
    place_in_queue: int | None = Field(
        description="Le rang sur la liste d'attente, à partir de 1 ; absent quand il y avait une place."
    )

    model_config = shown(
        {
            "id": "training-8d0f6a3b-51c7-5b0e-9f42-7c1e2a9d4b60",
            "version": 14,
            "position": 1042,
            "state": "waiting",
            "state_label": "sur liste d'attente",
            "place_in_queue": 2,
        }
    )


@command(
    router,
    "POST",
    "/{id}/enrolments",
    commands.Enrol,
    "Inscrire, ou mettre sur liste d'attente",
    "wrong_status",
    "no_such_mentor",
    "mentor_closed",
    "already_enrolled",
    "course_full",
)
async def enrol(id: TrainingId, body: EnrolmentBody, act: Act, parts: Parts) -> Enrolled:
    """Told by the record at the version that the enrolment gave it: a repeated demand is told the same."""
    accepted = await act(commands.Enrol(record_id=id, mentor_id=body.mentor_id))
    tracked = track(one for one in await parts.feed.of([id]) if one.version <= accepted.version)
    if tracked is None or not isinstance(tracked.record, Training):
        raise LookupError(id)
    training = tracked.record
    state = training.enrolments[body.mentor_id].place
    queue = training.waiting.index(body.mentor_id) + 1 if state is Place.WAITING else None
    return Enrolled(**dict(accepted), state=state, state_label=PLACE_LABELS[state], place_in_queue=queue)


@command(
    router,
    "DELETE",
    "/{id}/enrolments/{mentor_id}",
    commands.Withdraw,
    "Désinscrire : la première personne en attente prend la place",
    "wrong_status",
    "not_enrolled",
    "attendance_recorded",
    "course_begun",
)
async def withdraw(
    id: TrainingId, mentor_id: MentorOfPath, act: Act, body: Nothing | None = None
) -> Accepted:
    return await act(commands.Withdraw(record_id=id, mentor_id=mentor_id))


@command(
    router,
    "PUT",
    "/{id}/enrolments/{mentor_id}/attendance",
    commands.Attend,
    "Noter une présence ou une absence",
    "wrong_status",
    "not_begun",
    "not_enrolled",
    "still_waiting",
    "already_certified",
    "minutes_unlikely",
    "modules_untold",
    "modules_unlikely",
    "reason_missing",
)
async def attend(id: TrainingId, mentor_id: MentorOfPath, body: AttendanceBody, act: Act) -> Accepted:
    asked = commands.Attend(
        record_id=id,
        mentor_id=mentor_id,
        present=body.present,
        minutes=body.minutes,
        modules=None if body.modules is None else tuple(body.modules),
    )
    return await act(asked, body.reason or "")


@command(
    router,
    "PUT",
    "/{id}/enrolments/{mentor_id}/certificate",
    commands.Certify,
    "Délivrer une attestation",
    "wrong_status",
    "not_enrolled",
    "already_certified",
    "not_attended",
    "module_missed",
    "no_module_followed",
    "too_early",
    "in_the_future",
    "mentor_closed",
    "unknown_record",
)
async def certify(id: TrainingId, mentor_id: MentorOfPath, body: CertificateBody, act: Act) -> Accepted:
    return await act(commands.Certify(record_id=id, mentor_id=mentor_id, on=body.on))


@command(
    router,
    "POST",
    "/{id}/enrolments/{mentor_id}/certificate/revocation",
    commands.RevokeCertificate,
    "Retirer une attestation délivrée à tort",
    "wrong_status",
    "not_enrolled",
    "not_certified",
    "reason_missing",
    "unknown_record",
)
async def revoke(id: TrainingId, mentor_id: MentorOfPath, body: RevocationBody, act: Act) -> Accepted:
    return await act(commands.RevokeCertificate(record_id=id, mentor_id=mentor_id), body.reason)
