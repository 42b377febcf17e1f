"""What the figures of the onboarding are counted from: dates and codes of each mentor and each association.

Nothing here is about a person that somebody could name, and no route gives a row out: they are counted, then
told as ``domain.figures`` allows. The national level, which sees no mentor, may thus count them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from domain.association.model import Association
from domain.association.parts import Status as OperatorStatus
from domain.calendar import paris_day, school_year
from domain.figures import STEPS
from domain.kernel import ERASED, Root
from domain.mentor.model import Mentor
from domain.mentor.parts import Status
from domain.sectors import division_of
from projections.batch import Batch, Connection, Projection, Table, as_array, put
from projections.tracking import Tracked, scopes_of

DDL: Final = """
CREATE TABLE {schema}.onboarding_figures (
    id          text        COLLATE "C" PRIMARY KEY,
    kind        text        NOT NULL,
    association text        COLLATE "C" NOT NULL,
    academies   text[]      NOT NULL,
    name        text,
    school_year text,
    division    text,
    families    text[],
    statuses    text[]      NOT NULL,
    since       date[]      NOT NULL,
    reached_on  date[],
    merged      boolean     NOT NULL,
    certified   date[],
    valid_until date[],
    minutes     integer[],
    opened      date[],
    admitted    date[],
    created_at  timestamptz NOT NULL,
    scopes      text[]      NOT NULL
);
COMMENT ON TABLE {schema}.onboarding_figures IS
    'A mentor or an association, without anything of a person: only counts are given out.';
COMMENT ON COLUMN {schema}.onboarding_figures.since IS
    'From what day (Paris) each of the statuses was true: the last one then true counts.';
COMMENT ON COLUMN {schema}.onboarding_figures.merged IS
    'Another record of the same person counts, on any day: that they are one is known now.';
COMMENT ON COLUMN {schema}.onboarding_figures.reached_on IS
    'The first day on which each step, or a higher one, was reached; absent for a step not reached.';
"""
_INDEXES: Final = """
CREATE INDEX ON {schema}.onboarding_figures USING gin (scopes);
CREATE INDEX ON {schema}.onboarding_figures (association, school_year)"""

_TABLE: Final = Table(
    "onboarding_figures",
    "id, kind, association, academies, name, school_year, division, families, statuses, since, reached_on, "
    "merged, certified, valid_until, minutes, opened, admitted, created_at, scopes",
    key="id",
)
_READERS: Final = frozenset({"role:national", "role:system"})
_RUNG: Final = {step.value: rung for rung, step in enumerate(STEPS)} | {
    Status.SUSPENDED.value: len(STEPS) - 1
}


async def write(connection: Connection, batch: Batch) -> None:
    """What every mentor and every association concerned counts for."""
    await put(connection, batch, _TABLE, _rows(batch))


def _rows(batch: Batch) -> Iterator[tuple[Any, ...]]:
    for tracked, mentor in batch.of(Mentor):
        yield _of_mentor(tracked, mentor)
    for tracked, association in batch.of(Association):
        yield _of_association(tracked, association)


def _of_mentor(tracked: Tracked, mentor: Mentor) -> tuple[Any, ...]:
    statuses, since = _timeline(tracked)
    certificates = mentor.certificates.values()
    return (
        mentor.id,
        "mentor",
        mentor.association_id,
        as_array(sorted(mentor.academies)),
        None,
        school_year(mentor.applied_on),
        division_of(mentor.profile.naf),
        as_array(mentor.profile.families),
        as_array(statuses),
        _days(since),
        _days(_reached_on(statuses, since)),
        mentor.merged_into is not None,
        _days(one.certified_on for one in certificates),
        _days(one.valid_until for one in certificates),
        as_array(str(one.minutes) for one in certificates),
        None,
        None,
        tracked.created_at,
        as_array(_scopes(mentor)),
    )


def _of_association(tracked: Tracked, association: Association) -> tuple[Any, ...]:
    statuses, since = _timeline(tracked)
    admissions = list(_admissions(statuses, since))
    return (
        association.id,
        "association",
        association.id,
        as_array(sorted(association.academies)),
        association.identity.name,
        *(None,) * 3,
        as_array(statuses),
        _days(since),
        None,
        False,
        *(None,) * 3,
        _days(opened for opened, _ in admissions),
        _days(admitted for _, admitted in admissions),
        tracked.created_at,
        as_array(_scopes(association)),
    )


def _timeline(tracked: Tracked) -> tuple[list[str], list[date]]:
    """Statuses and their days; an erasure takes nothing back from what was counted."""
    stood = [one for one in tracked.timeline if one.status != ERASED]
    return [str(one.status) for one in stood], [paris_day(one.effective_at) for one in stood]


def _reached_on(statuses: Sequence[str], since: Sequence[date]) -> Iterator[date]:
    """The first day of each step or of a higher one, as far as they went."""
    rungs = [(_RUNG.get(status, 0), day) for status, day in zip(statuses, since, strict=True)]
    for step in range(len(STEPS)):
        days = [day for rung, day in rungs if rung >= step]
        if days:
            yield min(days)


def _admissions(statuses: Sequence[str], since: Sequence[date]) -> Iterator[tuple[date, date]]:
    """When each admission that came to its end was opened, and when it did."""
    stood = list(zip(statuses, since, strict=True))
    for (before, opened), (after, admitted) in pairwise(stood):
        if before == OperatorStatus.IN_ADMISSION and after == OperatorStatus.ADMITTED:
            yield opened, max(opened, admitted)


def _days(days: Iterable[date]) -> str:
    return as_array(day.isoformat() for day in days)


def _scopes(record: Root) -> list[str]:
    """Those who may see the record, the national level too; neither a lycée nor whoever holds a link."""
    kept = {s for s in scopes_of(record) if not s.startswith(("link:", "lycee:", "role:dpo"))}
    return sorted(kept | _READERS)


PROJECTION: Final = Projection("onboarding_figures", DDL, write, _INDEXES)
