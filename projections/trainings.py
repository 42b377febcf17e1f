"""The courses: what is taught and when, who has a place, who waits for one, who was there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Final

from psycopg import AsyncConnection
from pydantic import TypeAdapter

from domain.calendar import paris_day, start_of
from domain.kernel import Due
from domain.ports import World
from domain.programme.model import Programme
from domain.programme.rules import MODULES
from domain.training.due import waits
from domain.training.model import Training
from domain.training.parts import PLACE_LABELS, Course, Enrolment, Place
from projections import paging
from projections.awaited import Awaited, next_of
from projections.batch import Batch, Connection, Projection, Table, as_array, as_json, put
from projections.bringing import bringing
from projections.facts import plain, word
from projections.paging import Condition, Page, containing, one
from projections.persons import Personal
from projections.tracking import Tracked, needed, rules_followed, scopes_of, told_of

DDL: Final = """
CREATE TABLE {schema}.trainings (
    id           text        COLLATE "C" PRIMARY KEY,
    association  text        COLLATE "C" NOT NULL,
    programme_id text        COLLATE "C" NOT NULL,
    status       text        NOT NULL,
    academies    text[]      NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    places       integer     NOT NULL,
    taken        integer     NOT NULL,
    waiting      integer     NOT NULL,
    mentors      text[]      NOT NULL,
    since        timestamptz NOT NULL,
    awaited      boolean     NOT NULL,
    expires_on   date,
    created_at   timestamptz NOT NULL,
    shown        jsonb       NOT NULL,
    persons      jsonb       NOT NULL,
    scopes       text[]      NOT NULL
);
CREATE INDEX ON {schema}.trainings (created_at DESC, id DESC);
CREATE INDEX ON {schema}.trainings (starts_at);
CREATE INDEX ON {schema}.trainings (programme_id);
CREATE INDEX ON {schema}.trainings (association);
CREATE INDEX ON {schema}.trainings USING gin (mentors);
COMMENT ON COLUMN {schema}.trainings.mentors IS 'Who is enrolled or waits, by the ids of their records.';
COMMENT ON COLUMN {schema}.trainings.awaited IS 'Whether somebody is waited for today.';
COMMENT ON COLUMN {schema}.trainings.expires_on IS 'The last day of the first certificate to run out.';
"""
_INDEXES: Final = "CREATE INDEX ON {schema}.trainings USING gin (scopes)"

_TABLE: Final = Table(
    "trainings",
    "id, association, programme_id, status, academies, starts_at, ends_at, places, taken, waiting, mentors, "
    "since, awaited, expires_on, created_at, shown, persons, scopes",
    key="id",
)
_COLUMNS: Final = """
SELECT id, created_at, shown, persons, (SELECT day FROM read.position) AS day FROM read.trainings"""


@dataclass(frozen=True)
class TrainingRow:
    """A course as it reads. ``starts_at`` and ``ends_at``: UTC; ``minutes``: of all its modules together.

    ``enrolments``, in their order, which is that of the waiting list too: the mentor's id, where it stands
    on the day it is read (a certificate expires without any event), the minutes attended, the modules
    followed whole, and the last day of the certificate. ``place``, ``link`` and those of ``persons``
    (``trainer``) are sealed words until they are opened. ``rules_version``: the version of the
    programme's rules that it follows today.
    """

    TYPED: ClassVar[tuple[str, ...]] = ("place", "link")

    id: str
    title: str
    status: str
    status_label: str
    since: datetime
    since_recorded: datetime
    version: int
    association_id: str
    programme_id: str
    rules_version: int
    academies: list[str]
    starts_at: datetime
    ends_at: datetime
    place: Personal | None
    link: Personal | None
    modules: list[dict[str, Any]]
    minutes: int
    places: int
    taken: int
    waiting: int
    enrolments: list[dict[str, Any]]
    closed_on: str | None
    next: list[Awaited]
    created_at: datetime
    updated_at: datetime
    position: int
    persons: dict[str, Personal] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """Whose words it holds."""
        return self.id


_SHOWN: Final = TypeAdapter(TrainingRow)


@dataclass(frozen=True)
class TrainingFilters:
    """``association`` and ``mentor``: the ids of records. ``starts_after``: on that day in Paris or later;
    ``starts_before``: on a day before that one. ``expiring_before``: a certificate that it gave counts no
    more on that day. ``stuck_since``: in the same status since before that instant, and somebody is waited
    for. ``sector`` and ``family``: of whoever is enrolled, see ``bringing``.
    """

    status: str | None = None
    association: str | None = None
    academie: str | None = None
    starts_after: date | None = None
    starts_before: date | None = None
    mentor: str | None = None
    expiring_before: date | None = None
    stuck_since: datetime | None = None
    programme: str | None = None
    sector: str | None = None
    family: str | None = None


def row_of(tracked: Tracked, dues: Sequence[Due], programme: Programme, today: date) -> TrainingRow:
    """The row of a tracked course, with what it waits for. Pure."""
    training = _training(tracked)
    course = training.course
    return TrainingRow(
        **told_of(tracked),
        title=course.title,
        association_id=training.association_id,
        programme_id=training.programme_id,
        rules_version=rules_followed(training, programme, today),
        academies=sorted(training.academies),
        starts_at=course.starts_at,
        ends_at=course.ends_at,
        place=_word(course.place),
        link=_word(course.link),
        modules=_modules(course),
        minutes=course.minutes,
        places=course.places,
        taken=training.taken,
        waiting=len(training.waiting),
        enrolments=[_enrolment(i, one, today) for i, one in training.enrolments.items()],
        closed_on=plain(training.closed_on),
        next=next_of(dues, today),
        persons={} if course.trainer is None else {"trainer": word(course.trainer)},
    )


def row_at(tracked: Tracked, programme: Programme | None, world: World, now: datetime) -> TrainingRow:
    """The row of a course folded by the caller (``known_at``), as it reads at ``now``."""
    followed = needed(programme)
    return row_of(tracked, waits(_training(tracked), followed, world, now), followed, paris_day(now))


async def get(connection: AsyncConnection[Any], record_id: str) -> TrainingRow | None:
    """The course, ``None`` when there is none within the session's scopes."""
    return await one(connection, _COLUMNS, record_id, _read)


async def page(
    connection: AsyncConnection[Any], filters: TrainingFilters, after: str | None = None, limit: int = 50
) -> Page[TrainingRow]:
    """Courses, the latest planned first: the day of a course may be changed while a reader walks through the
    pages. Raises ``BadCursor``.
    """
    conditions: list[Condition] = [
        ("status = %s", filters.status),
        ("association = %s", filters.association),
        ("academies @> %s", containing(filters.academie)),
        ("starts_at >= %s", start_of(filters.starts_after) if filters.starts_after else None),
        ("starts_at < %s", start_of(filters.starts_before) if filters.starts_before else None),
        ("mentors @> %s", containing(filters.mentor)),
        ("expires_on < %s", filters.expiring_before),
        ("(since < %s AND awaited)", filters.stuck_since),
        ("programme_id = %s", filters.programme),
        *bringing("m.id = ANY(trainings.mentors)", filters.sector, filters.family),
    ]
    return await paging.page(connection, _COLUMNS, conditions, _read, after, limit)


async def write(connection: Connection, batch: Batch) -> None:
    """The last state of every course concerned."""
    await put(connection, batch, _TABLE, (_values(t, one, batch) for t, one in batch.of(Training)))


def _values(tracked: Tracked, training: Training, batch: Batch) -> tuple[Any, ...]:
    programme = batch.programmes[training.programme_id]
    row = row_of(tracked, batch.dues[training.id], programme, batch.today)
    return (
        row.id,
        row.association_id,
        row.programme_id,
        row.status,
        as_array(row.academies),
        row.starts_at,
        row.ends_at,
        row.places,
        row.taken,
        row.waiting,
        as_array(training.enrolments),
        row.since,
        batch.somebody_awaited(training),
        min((one.valid_until for one in training.enrolments.values() if one.valid_until), default=None),
        row.created_at,
        _SHOWN.dump_json(row, exclude={"persons"}).decode(),
        as_json(row.persons),
        as_array(scopes_of(training)),
    )


def _training(tracked: Tracked) -> Training:
    if not isinstance(tracked.record, Training):
        raise TypeError(type(tracked.record))
    return tracked.record


def _modules(course: Course) -> list[dict[str, Any]]:
    return [{**plain(module), "label": MODULES.get(module.code, module.code)} for module in course.modules]


def _enrolment(mentor_id: str, enrolment: Enrolment, day: date) -> dict[str, Any]:
    state = enrolment.on(day)
    return {
        "mentor_id": mentor_id,
        "state": state.value,
        "label": PLACE_LABELS[state],
        "minutes": enrolment.minutes,
        "modules": list(enrolment.modules),
        "valid_until": plain(enrolment.valid_until),
    }


def _today(told: dict[str, Any], day: date) -> dict[str, Any]:
    """An enrolment as it was written, on the day it is read."""
    until = date.fromisoformat(told["valid_until"]) if told["valid_until"] else None
    noted = Enrolment(Place(told["state"]), told["minutes"], tuple(told["modules"]), until)
    return _enrolment(told["mentor_id"], noted, day)


def _word(typed: Any) -> str | None:
    return None if typed is None else word(typed)


def _read(row: dict[str, Any]) -> TrainingRow:
    shown = row["shown"]
    enrolments = [_today(one, row["day"]) for one in shown["enrolments"]]
    return _SHOWN.validate_python({**shown, "enrolments": enrolments, "persons": row["persons"]})


PROJECTION: Final = Projection("trainings", DDL, write, _INDEXES)
