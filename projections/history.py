"""History: who did what, when it was true, when it was written, why; refusals included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from psycopg import AsyncConnection
from pydantic import TypeAdapter

from domain.authorization import UNCOUNTED, UNCOUNTING
from domain.calendar import PartialDate, paris_day
from domain.folding import Standing, Timeline, at
from domain.labels import label_of
from domain.ports import Happened
from projections.batch import Batch, Change, Connection, Projection, Table, as_array, as_json, put, rescope
from projections.facts import word
from projections.paging import Condition, Page, page_of, select
from projections.persons import Personal, WithheldValue

DDL: Final = """
CREATE TABLE {schema}.history (
    position       bigint      PRIMARY KEY,
    event_id       uuid        NOT NULL,
    record_id      text        COLLATE "C" NOT NULL,
    version        integer,
    topic          text        COLLATE "C" NOT NULL,
    facts          jsonb       NOT NULL,
    persons        jsonb       NOT NULL,
    reserved       jsonb       NOT NULL,
    actor          text        NOT NULL,
    role           text        NOT NULL,
    command        text        NOT NULL,
    reason         text        NOT NULL,
    effective_at   timestamptz NOT NULL,
    precision      text        NOT NULL CHECK (precision IN ('instant', 'day', 'month')),
    recorded_at    timestamptz NOT NULL,
    causation      text        NOT NULL,
    correlation    text        NOT NULL,
    rests_on       jsonb       NOT NULL,
    status         text,
    supersedes     integer,
    backdated      boolean     NOT NULL,
    rules_version  integer,
    timeline       jsonb,
    dated          jsonb       NOT NULL,
    corrected      jsonb,
    scopes         text[]      NOT NULL
);
CREATE INDEX ON {schema}.history (record_id, position);
CREATE INDEX ON {schema}.history (record_id, supersedes) WHERE supersedes IS NOT NULL;
COMMENT ON COLUMN {schema}.history.timeline IS
    'The statuses of the record by what is known with this event; absent when it changes none of them.';
COMMENT ON COLUMN {schema}.history.version IS 'Absent for a refusal: it does not change the record.';
"""

_TABLE: Final = Table(
    "history",
    "position, event_id, record_id, version, topic, facts, persons, reserved, actor, role, command, reason, "
    "effective_at, precision, recorded_at, causation, correlation, rests_on, status, supersedes, "
    "backdated, rules_version, timeline, dated, corrected, scopes",
)

_COLUMNS: Final = """
SELECT position, event_id, record_id, version, topic, facts, persons, reserved, actor, role, command, reason,
    effective_at, precision AS effective_precision, recorded_at, causation, correlation, status,
    supersedes, backdated, rules_version, (
        SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(rests_on)
        WHERE EXISTS (SELECT FROM read.history seen WHERE seen.record_id = key)
    ) AS rests_on, ARRAY(
        SELECT c.version FROM read.history c
        WHERE c.record_id = history.record_id AND c.supersedes = history.version ORDER BY c.version
    ) AS corrected_by
FROM read.history"""

_OF_STATUS: Final = frozenset({"signed_on", "in_force_from"})
"""Dates given once by what makes a status: a correction of one dates that status again."""

_RESCOPE: Final = """
UPDATE {schema}.history SET scopes = CASE WHEN topic = ANY(uncounted.topics)
    THEN array_remove(held.scopes::text[], uncounted.scope) ELSE held.scopes::text[] END
FROM unnest(%s::text[], %s::text[]) AS held (record_id, scopes),
    (SELECT %s::text[] AS topics, %s::text AS scope) AS uncounted
WHERE history.record_id = held.record_id"""


_TIMELINE: Final[TypeAdapter[Timeline]] = TypeAdapter(Timeline)


@dataclass(frozen=True)
class HistoryRow:
    """One event of a record, or one refusal (``version`` and ``status`` are then ``None``).

    ``reserved`` holds the facts that not every reader of the record is told, and is ``None`` for the others;
    so is ``version``, where it would count what is reserved. ``rests_on``: on which versions of others the
    decision rested, of those that its reader may see; ``None`` of an act that is another operator's.
    ``actor`` is withheld from whoever shares the record with another operator that acted (``api.sharing``).
    ``persons`` holds what is personal in the event, by the path of its field; these and ``reason`` (empty
    when none was given) are sealed words until they are opened.
    ``effective_precision`` is ``instant``, ``day`` or ``month``. ``backdated``: the day of the fact, the last
    it can be, came before the day on which it was written. ``rules_version``: the version of the programme's
    rules that the record then followed, ``None`` for a record that follows none, and for a refusal.
    ``supersedes`` is the version of the event that this one corrects, ``corrected_by`` the versions of those
    that correct it.
    """

    TYPED: ClassVar[tuple[str, ...]] = ("reason",)
    RESERVED: ClassVar[tuple[str, ...]] = ("reserved",)
    COUNTED: ClassVar[tuple[str, ...]] = ("version",)

    position: int
    event_id: UUID
    record_id: str
    version: int | None
    topic: str
    label: str
    facts: dict[str, Any]
    persons: dict[str, Personal]
    reserved: dict[str, Any] | None
    actor: str | WithheldValue
    role: str
    command: str
    reason: Personal
    effective_at: datetime
    effective_precision: str
    recorded_at: datetime
    causation: str
    correlation: str
    rests_on: dict[str, int] | None
    status: str | None
    supersedes: int | None
    backdated: bool
    rules_version: int | None
    corrected_by: list[int]

    @property
    def refused(self) -> bool:
        return self.version is None

    @property
    def subject(self) -> str:
        """Whose words it holds."""
        return self.record_id


@dataclass(frozen=True)
class StandingRow:
    """The status a record had on a day by what was known then, and the dates known with it.

    ``effective_at``, ``recorded_at`` and ``version`` are those of ``domain.folding.Standing``.

    Dates are text: ``2025-12-05``, or ``2025-12`` when the day is not known.
    """

    COUNTED: ClassVar[tuple[str, ...]] = ("version",)

    status: str
    effective_at: datetime
    recorded_at: datetime
    version: int | None
    announced_for: str | None = None
    signed_on: str | None = None
    in_force_from: str | None = None
    ends_on: str | None = None
    entitlements: tuple[dict[str, Any], ...] = ()


async def page(
    connection: AsyncConnection[Any], record_id: str, after_position: int = 0, limit: int = 100
) -> Page[HistoryRow]:
    """The events of a record behind a position, oldest first. ``next`` is the position to go on from."""
    rows = await select(
        connection,
        _COLUMNS,
        [("record_id = %s", record_id), ("position > %s", after_position)],
        "ORDER BY position",
        limit + 1,
    )
    return page_of(rows, limit, _row, lambda row: str(row["position"]))


async def refusals(
    connection: AsyncConnection[Any], record_id: str, until: datetime, limit: int
) -> Sequence[HistoryRow]:
    """The last commands refused on a record by ``until`` (UTC), oldest first."""
    rows = await select(
        connection,
        _COLUMNS,
        [("record_id = %s", record_id), ("version IS NULL AND recorded_at <= %s", until)],
        "ORDER BY position DESC",
        limit,
    )
    return [_row(row) for row in reversed(rows)]


async def standing(
    connection: AsyncConnection[Any], record_id: str, as_of: datetime, known_at: datetime
) -> StandingRow | None:
    """What ``domain.folding.standing_at`` answers, with the dated facts that go with it."""
    known: list[Condition] = [("record_id = %s", record_id), ("recorded_at <= %s", known_at)]
    timelines = await select(
        connection,
        "SELECT timeline FROM read.history",
        [*known, ("version > %s", 0), ("timeline IS NOT NULL", ())],
        "ORDER BY version DESC",
        1,
    )
    timeline = _timeline(timelines[0]["timeline"]) if timelines else ()
    found = at(timeline, as_of)
    if found is None:
        return None
    to_come = [one.version for one in timeline if one.effective_at > as_of]
    then: list[Condition] = [
        ("version >= %s", found.version),
        ("(effective_at <= %s OR version = %s)", (as_of, found.version)),
        ("version <> ALL(%s)", (to_come,)),
    ]
    dated = await _dated(connection, known, then)
    return StandingRow(found.status, found.effective_at, found.recorded_at, found.version, **dated)


async def _dated(
    connection: AsyncConnection[Any], known: Sequence[Condition], then: Sequence[Condition]
) -> dict[str, Any]:
    """The dates after the last event then true: from the one that gave the status, none that gave a later
    one. A correction counts from the event it supersedes, whenever it was written; of a date that dates the
    status, from wherever that date was known.
    """
    rows = await select(
        connection,
        "SELECT version, dated FROM read.history",
        [*known, *then],
        "ORDER BY version DESC",
        1,
    )
    row = rows[0]
    corrections = await select(
        connection,
        "SELECT supersedes, corrected FROM read.history",
        [*known, ("supersedes IS NOT NULL", ()), ("version > %s", row["version"])],
        "ORDER BY version",
    )
    dated = dict(row["dated"])
    for correction in corrections:
        reaches = correction["supersedes"] <= row["version"]
        dated |= {
            name: value
            for name, value in correction["corrected"].items()
            if reaches or (name in _OF_STATUS and dated.get(name))
        }
    return {name: _frozen(value) for name, value in dated.items()}


async def write(connection: Connection, batch: Batch) -> None:
    """One row an event; and the rows of records whose readers have changed."""
    await rescope(connection, batch, _RESCOPE)
    await put(connection, batch, _TABLE, (_values(change, batch) for change in batch.changes))


def _values(change: Change, batch: Batch) -> tuple[Any, ...]:
    happened = change.happened
    told = happened.facts
    return (
        happened.position,
        str(happened.event_id),
        change.record_id,
        happened.version if change.record_id == happened.record_id else None,
        happened.topic,
        as_json(change.facts),
        as_json(change.persons) if change.persons else "{}",
        as_json(change.reserved) if change.reserved else "{}",
        told["actor"],
        told["role"],
        told["command"],
        word(told["reason"], "reason") if told.get("reason") else "",
        happened.effective_at.isoformat(),
        _precision(happened),
        happened.recorded_at.isoformat(),
        told.get("causation", ""),
        told.get("correlation", ""),
        as_json(told["rests_on"]) if told.get("rests_on") else "{}",
        change.status,
        getattr(happened.event, "supersedes", None),
        _backdated(happened),
        change.rules_version,
        None if change.timeline is None else _TIMELINE.dump_json(change.timeline).decode(),
        as_json(change.dated),
        None if change.corrected is None else as_json(change.corrected),
        as_array(_readers(change, batch)),
    )


def _readers(change: Change, batch: Batch) -> list[str]:
    """Those of the record, but whoever could count mentors by the event."""
    readers = batch.readers[change.record_id]
    if change.happened.topic not in UNCOUNTED:
        return readers
    return [scope for scope in readers if scope != UNCOUNTING]


def _timeline(written: list[dict[str, Any]]) -> Timeline:
    return tuple(
        Standing(
            one["status"],
            datetime.fromisoformat(one["effective_at"]),
            datetime.fromisoformat(one["recorded_at"]),
            one["version"],
            datetime.fromisoformat(one["own"]),
        )
        for one in written
    )


def _precision(happened: Happened) -> str:
    """How exactly the effect is known: an event without a day of its own was true when recorded."""
    on: PartialDate | date | None = getattr(happened.event, "on", None)
    if on is None:
        return "instant"
    return on.precision if isinstance(on, PartialDate) else "day"


def _backdated(happened: Happened) -> bool:
    """Whether the fact is surely of an earlier day than its writing: a month counts by its last day."""
    on: PartialDate | date | None = getattr(happened.event, "on", None)
    if on is None:
        return False
    return (on.last if isinstance(on, PartialDate) else on) < paris_day(happened.recorded_at)


def _row(row: dict[str, Any]) -> HistoryRow:
    return HistoryRow(**row, label=label_of(row["topic"]))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


PROJECTION: Final = Projection("history", DDL, write)
