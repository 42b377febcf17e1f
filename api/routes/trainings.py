"""Trainings: courses for mentors, planned, opened, closed or cancelled, and how they read."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api import examples
from api.dependencies import After, Limit, Parts, Reading
from api.fields import AcademieCode, Body, Day, Flag, Instant, Line, ModuleCode, ProgrammeId, Reason, shown
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
from api.persons import Shown
from api.requests import Accepted, Act, Create, Edit, Nothing, TrainingId, command
from api.routing import Route
from api.travel import AS_KNOWN, Standing, Travel, standing, travelled
from domain.training import commands
from domain.training.model import Training
from domain.training.parts import Course, Module, Status
from projections import trainings
from projections.trainings import TrainingFilters, TrainingRow

router = APIRouter(prefix="/v1/trainings", tags=["formations"], route_class=Route)

_MENTOR: Final = r"^mentor-[0-9A-Za-z-]{1,80}$"
_ASSOCIATION: Final = r"^association-[0-9A-Za-z-]{1,80}$"
_TOLD: Final = (
    "title_missing",
    "modules_missing",
    "module_unreadable",
    "module_unknown",
    "minutes_unlikely",
    "places_unlikely",
    "not_utc",
    "period_reversed",
    "course_too_short",
    "place_missing",
    "text_too_long",
)
"""What may be wrong with a course."""
_COURSE: Final[dict[str, Any]] = {
    "title": "Être mentor·e en lycée professionnel",
    "modules": [
        {"code": "posture", "minutes": 120},
        {"code": "safeguarding", "minutes": 60},
        {"code": "prise_de_parole", "minutes": 60, "required": False},
    ],
    "places": 12,
    "starts_at": "2026-01-12T09:00:00+01:00",
    "ends_at": "2026-01-12T13:00:00+01:00",
    "place": "Maison des associations, salle 2",
}


class ModuleBody(Body):
    """Une partie de la formation."""

    code: ModuleCode = Field(
        description="Un code des règles du programme ; ou de votre association, pour un module facultatif."
    )
    minutes: Annotated[int, Field(strict=True, ge=0, le=14_400)] = Field(description="Sa durée, en minutes.")
    required: Flag = Field(True, description="Faux pour un module facultatif.")

    def module(self) -> Module:
        return Module(self.code, self.minutes, self.required)


class CourseBody(Body):
    """Ce qui est enseigné, à combien, quand, où, et par qui."""

    title: Line = Field(description="L'intitulé. Aucun nom de personne.")
    modules: Annotated[list[ModuleBody], Field(max_length=40)] = Field(description="Ses modules.")
    places: Annotated[int, Field(strict=True, ge=0, le=10_000)] = Field(description="Combien de places.")
    starts_at: Instant = Field(description="Son début, avec le décalage horaire.")
    ends_at: Instant = Field(description="Sa fin.")
    place: Line | None = Field(None, description="Le lieu ; absent, un lien le remplace.")
    link: Line | None = Field(None, description="Le lien pour la suivre à distance.")
    trainer: Line | None = Field(None, description="Qui forme : donnée personnelle.")

    model_config = shown(_COURSE)

    def course(self) -> Course:
        values = {name: getattr(self, name) for name in CourseBody.model_fields}
        return Course(**values | {"modules": tuple(module.module() for module in self.modules)})


class TrainingBody(CourseBody):
    """Une formation à programmer."""

    association_id: Annotated[str, Field(strict=True, pattern=_ASSOCIATION)] = Field(
        description="L'association qui forme ses mentors : la vôtre."
    )
    programme_id: ProgrammeId

    model_config = shown(
        _COURSE
        | {
            "association_id": "association-6f5c1f0e-2a57-5d0b-9a54-0f6a8a3f7d11",
            "programme_id": "programme-1j1m",
        }
    )


class CancellationBody(Body):
    """Une formation qui n'aura pas lieu."""

    reason: Reason

    model_config = shown({"reason": "Salle indisponible ; une autre date sera proposée."})


@router.get(
    "",
    summary="Les formations de votre périmètre",
    responses=problem_responses(("cursor_malformed", *READING), examples.listed(examples.TRAINING)),
    operation_id="trainings_list",
)
async def list_trainings(
    request: Request,
    response: Response,
    parts: Parts,
    shown: Shown,
    reading: Reading,
    status: Annotated[Status | None, Query(description="L'état.")] = None,
    association: Annotated[str | None, Query(pattern=_ASSOCIATION, description="L'association.")] = None,
    academie: Annotated[AcademieCode | None, Query(description="Une académie de l'association.")] = None,
    starts_after: Annotated[Day | None, Query(description="Qui commence ce jour-là ou plus tard.")] = None,
    starts_before: Annotated[Day | None, Query(description="Qui commence avant ce jour.")] = None,
    mentor: Annotated[str | None, Query(pattern=_MENTOR, description="Qui y est inscrit·e.")] = None,
    expiring_before: Annotated[
        Day | None, Query(description="Dont une attestation ne compte plus ce jour-là.")
    ] = None,
    stuck_days: StuckDays = None,
    programme: OfProgramme = None,
    sector: OfSector = None,
    family: OfFamily = None,
    after: After = None,
    limit: Limit = 50,
) -> Listing[TrainingRow]:
    filters = TrainingFilters(
        status,
        association,
        academie,
        starts_after,
        starts_before,
        mentor,
        expiring_before,
        await stuck_since(parts, stuck_days),
        programme,
        sector,
        family,
    )
    async with reading.session() as connection:
        page = await trainings.page(connection, filters, after, limit)
    return listing(await shown.page(page, Training), request, response)


@router.get(
    "/{id}",
    summary="Une formation, aujourd'hui ou à une date : places, attente, présences, attestations",
    responses=problem_responses(
        ("not_found", *AS_KNOWN, *READING), examples.either(examples.TRAINING, examples.STANDING)
    ),
    operation_id="trainings_read",
)
async def read_training(
    id: TrainingId, response: Response, shown: Shown, moments: Travel, reading: Reading
) -> TrainingRow | Standing:
    async with reading.session() as connection:
        row = present(await trainings.get(connection, id), id)
        then = await standing(connection, id, moments)
    if moments is None:
        return tagged(await shown.row(row, Training), response)
    return await travelled(reading, shown, Training, id, moments, then, trainings.row_at)


history_route(router, "trainings", Training, "L'histoire d'une formation, refus compris", trainings.get)


@command(
    router,
    "POST",
    "",
    commands.Plan,
    "Programmer une formation",
    "already_planned",
    "unknown_record",
    "no_rules_in_force",
    "operator_closed",
    *_TOLD,
    creates=True,
)
async def plan(body: TrainingBody, act: Create) -> Accepted:
    created = act.new_id("training")
    asked = commands.Plan(
        record_id=created,
        association_id=body.association_id,
        programme_id=body.programme_id,
        course=body.course(),
    )
    return await act.create(asked, created, "/v1/trainings")


@command(
    router,
    "PUT",
    "/{id}/course",
    commands.ChangeCourse,
    "Changer la formation",
    "wrong_status",
    "attendance_recorded",
    "places_taken",
    *_TOLD,
    edits=True,
)
async def change(id: TrainingId, body: CourseBody, act: Edit) -> Accepted:
    return await act(commands.ChangeCourse(record_id=id, course=body.course()))


@command(
    router,
    "POST",
    "/{id}/opening",
    commands.OpenCourse,
    "Ouvrir les inscriptions",
    "wrong_status",
    "operator_closed",
)
async def open_enrolment(id: TrainingId, act: Act, body: Nothing | None = None) -> Accepted:
    return await act(commands.OpenCourse(record_id=id))


@command(
    router,
    "POST",
    "/{id}/cancellation",
    commands.CancelCourse,
    "Annuler",
    "wrong_status",
    "attendance_recorded",
    "reason_missing",
)
async def cancel(id: TrainingId, body: CancellationBody, act: Act) -> Accepted:
    return await act(commands.CancelCourse(record_id=id), body.reason)


@command(
    router,
    "POST",
    "/{id}/closure",
    commands.CloseCourse,
    "Clore",
    "wrong_status",
    "attendance_missing",
)
async def close(id: TrainingId, act: Act, body: Nothing | None = None) -> Accepted:
    return await act(commands.CloseCourse(record_id=id))
