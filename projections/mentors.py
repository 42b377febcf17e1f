"""The mentors: where each one stands, since when, what is missing, and what counts until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Final

from psycopg import AsyncConnection
from pydantic import TypeAdapter

from domain.calendar import paris_day
from domain.families import FAMILIES
from domain.kernel import Due
from domain.mentor.clearance import blocks, check_until, trained_until, training_missing
from domain.mentor.due import waits
from domain.mentor.model import Mentor
from domain.mentor.parts import (
    BLOCK_LABELS,
    CHECK_LABELS,
    LEAVING_LABELS,
    ORIGIN_LABELS,
)
from domain.ports import World
from domain.programme.model import Programme
from domain.programme.rules import MODULES, Rules
from domain.registry import ruling
from projections import paging
from projections.awaited import Awaited, next_of
from projections.batch import Batch, Connection, Projection, Table, as_array, as_json, put
from projections.facts import plain, split, word
from projections.paging import Condition, Page, containing, one
from projections.persons import Personal
from projections.tracking import Tracked, links_of, needed, scopes_of, told_of

DDL: Final = """
CREATE TABLE {schema}.mentors (
    id            text        COLLATE "C" PRIMARY KEY,
    status        text        NOT NULL,
    association   text        COLLATE "C" NOT NULL,
    programme_id  text        COLLATE "C" NOT NULL,
    academies     text[]      NOT NULL,
    sector        text,
    families      text[]      NOT NULL,
    rome          text,
    channel       text        NOT NULL,
    applied_on    date        NOT NULL,
    since         timestamptz NOT NULL,
    check_until   date,
    trained_until date,
    certified_until date[]    NOT NULL,
    awaited       boolean     NOT NULL,
    created_at    timestamptz NOT NULL,
    shown         jsonb       NOT NULL,
    persons       jsonb       NOT NULL,
    scopes        text[]      NOT NULL
);
CREATE INDEX ON {schema}.mentors (created_at DESC, id DESC);
CREATE INDEX ON {schema}.mentors (programme_id);
CREATE INDEX ON {schema}.mentors (check_until);
CREATE INDEX ON {schema}.mentors (trained_until);
COMMENT ON COLUMN {schema}.mentors.sector IS 'NAF code, 62.01Z.';
COMMENT ON COLUMN {schema}.mentors.check_until IS
    'Last day on which the background check counts; absent once the record is closed, as trained_until is.';
COMMENT ON COLUMN {schema}.mentors.awaited IS 'Whether somebody is waited for today.';
"""
_INDEXES: Final = """
CREATE INDEX ON {schema}.mentors USING gin (scopes);
CREATE INDEX ON {schema}.mentors (association, created_at DESC, id DESC)"""

_TABLE: Final = Table(
    "mentors",
    "id, status, association, programme_id, academies, sector, families, rome, channel, applied_on, since, "
    "check_until, trained_until, certified_until, awaited, created_at, shown, persons, scopes",
    key="id",
)

_COLUMNS: Final = "SELECT id, created_at, shown, persons FROM read.mentors"

Labelled = dict[str, Any]
"""A code with its French label, and the dates that go with it."""


@dataclass(frozen=True)
class MentorRow:
    """A mentor as they read; dates are text, ``2025-12-05``.

    ``persons``: who they are (``given_name``, ``family_name``, ``email``, ``phone``, ``birth_date``), where
    they work (``company_id``), and what was typed of them (``availability``, ``interview_report``): sealed
    words until they are opened, which happens for the association and the data-protection officer only.
    ``since``: when the present status became true, ``since_recorded`` when it was written (UTC).
    ``blocks``: why no new binôme may begin today. ``check_until`` and ``trained_until``: the last day on
    which the background check, and the training required, count; ``None`` without any, or once closed.
    ``operator``: the status of its association and what that one lacks today, which is told where a mentor is
    read and stored nowhere.
    """

    TYPED: ClassVar[tuple[str, ...]] = ()

    id: str
    status: str
    status_label: str
    since: datetime
    since_recorded: datetime
    version: int
    association: str
    academies: list[str]
    uai: str | None
    programme_id: str
    rules_version: int
    channel: str
    channel_label: str
    applied_on: str
    profile: dict[str, Any]
    capacity: dict[str, int]
    file_missing: list[str]
    identity_seen_on: str | None
    charter: dict[str, str] | None
    interview: dict[str, Any] | None
    checks_asked: list[Labelled]
    check: Labelled | None
    check_until: str | None
    certificates: list[Labelled]
    training_missing: list[str]
    trained_until: str | None
    cleared_on: str | None
    suspensions: list[Labelled]
    blocks: list[Labelled]
    leaving: Labelled | None
    closed_on: str | None
    merged_into: str | None
    links: list[dict[str, str]]
    next: list[Awaited]
    created_at: datetime
    updated_at: datetime
    position: int
    operator: Labelled | None = None
    persons: dict[str, Personal] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """Whose words it holds."""
        return self.id


_SHOWN: Final = TypeAdapter(MentorRow)


@dataclass(frozen=True)
class MentorFilters:
    """``sector``: the beginning of a NAF code. ``expiring_before``: whose check or training counts no more on
    that day. ``stuck_since``: in the same status since before that instant, and somebody is waited for.
    """

    status: str | None = None
    association: str | None = None
    academie: str | None = None
    sector: str | None = None
    family: str | None = None
    channel: str | None = None
    expiring_before: date | None = None
    stuck_since: datetime | None = None
    programme: str | None = None


def row_of(tracked: Tracked, dues: Sequence[Due], rules: Rules, rules_version: int, today: date) -> MentorRow:
    """The row of a tracked mentor, with what it waits for, under the rules that it follows today. Pure."""
    m = _mentor(tracked)
    until, trained = _terms(m, rules, today)
    mentees, classes = m.profile.capacity(rules)
    return MentorRow(
        **told_of(tracked),
        association=m.association_id,
        academies=sorted(m.academies),
        uai=m.uai,
        programme_id=m.programme_id,
        rules_version=rules_version,
        channel=plain(m.channel),
        channel_label=ORIGIN_LABELS[m.channel],
        applied_on=plain(m.applied_on),
        profile=_profile(m),
        capacity={"mentees": mentees, "classes": classes},
        file_missing=list(m.file_missing),
        identity_seen_on=plain(m.identity_seen_on),
        charter=_charter(m),
        interview=plain(m.interview),
        checks_asked=_asked(m),
        check=_check(m),
        check_until=plain(until),
        certificates=_certificates(m, today),
        training_missing=list(training_missing(m.certificates.values(), rules, today)) if m.is_open else [],
        trained_until=plain(trained),
        cleared_on=plain(m.cleared_on),
        suspensions=[
            {"cause": plain(one.cause), "label": one.label, "on": plain(on)}
            for one, on in m.suspensions.items()
        ],
        blocks=_blocks(m, rules, today),
        leaving={"cause": plain(m.leaving), "label": LEAVING_LABELS[m.leaving]} if m.leaving else None,
        closed_on=plain(m.closed_on),
        merged_into=m.merged_into,
        links=links_of(m),
        next=next_of(dues, today),
        persons=_persons(m),
    )


def row_at(tracked: Tracked, programme: Programme | None, world: World, now: datetime) -> MentorRow:
    """The row of a mentor folded by the caller (``known_at``), as it reads at ``now``."""
    mentor, today, rules_of = _mentor(tracked), paris_day(now), needed(programme)
    followed = ruling(mentor, rules_of, today)
    return row_of(tracked, waits(mentor, rules_of, world, now), followed.rules, followed.number, today)


async def get(connection: AsyncConnection[Any], record_id: str) -> MentorRow | None:
    """The mentor, ``None`` when there is none within the session's scopes."""
    return await one(connection, _COLUMNS, record_id, _read)


async def page(
    connection: AsyncConnection[Any], filters: MentorFilters, after: str | None = None, limit: int = 50
) -> Page[MentorRow]:
    """Mentors, the latest candidacy first. Raises ``BadCursor``."""
    expiring = filters.expiring_before
    conditions: list[Condition] = [
        ("status = %s", filters.status),
        ("association = %s", filters.association),
        ("academies @> %s", containing(filters.academie)),
        ("starts_with(sector, %s)", filters.sector),
        ("families @> %s", containing(filters.family)),
        ("channel = %s", filters.channel),
        ("(check_until < %s OR trained_until < %s)", (expiring, expiring) if expiring else None),
        ("(since < %s AND awaited)", filters.stuck_since),
        ("programme_id = %s", filters.programme),
    ]
    return await paging.page(connection, _COLUMNS, conditions, _read, after, limit)


async def write(connection: Connection, batch: Batch) -> None:
    """The last state of every mentor concerned."""
    await put(connection, batch, _TABLE, (_values(t, m, batch) for t, m in batch.of(Mentor)))


def _values(tracked: Tracked, mentor: Mentor, batch: Batch) -> tuple[Any, ...]:
    programme = batch.programmes[mentor.programme_id]
    followed = ruling(mentor, programme, batch.today)
    row = row_of(tracked, batch.dues[mentor.id], followed.rules, followed.number, batch.today)
    profile = mentor.profile
    return (
        row.id,
        row.status,
        row.association,
        row.programme_id,
        as_array(row.academies),
        profile.naf,
        as_array(profile.families),
        profile.rome,
        row.channel,
        mentor.applied_on,
        row.since,
        *_terms(mentor, followed.rules, batch.today),
        as_array(one.valid_until.isoformat() for one in mentor.certificates.values()),
        batch.somebody_awaited(mentor),
        row.created_at,
        _SHOWN.dump_json(row, exclude={"persons"}).decode(),
        as_json(row.persons),
        as_array(scopes_of(mentor)),
    )


def _mentor(tracked: Tracked) -> Mentor:
    if not isinstance(tracked.record, Mentor):
        raise TypeError(type(tracked.record))
    return tracked.record


def _terms(mentor: Mentor, rules: Rules, today: date) -> tuple[date | None, date | None]:
    """Until when the background check and the training count: nobody looks after a closed record's."""
    if not mentor.is_open:
        return None, None
    return check_until(mentor, rules), trained_until(mentor, rules, today)


def _persons(mentor: Mentor) -> dict[str, Personal]:
    """Who the mentor is, where they work, and what was typed of them: sealed words."""
    found: dict[str, Personal] = {**split(mentor.person)[1], **split(mentor.profile)[1]}
    if mentor.interview is not None:
        found["interview_report"] = word(mentor.interview.report)
    return found


def _profile(mentor: Mentor) -> dict[str, Any]:
    profile = mentor.profile
    return {**plain(profile), "families": [_told(family, FAMILIES) for family in profile.families]}


def _charter(mentor: Mentor) -> dict[str, str] | None:
    if mentor.charter_signed_on is None:
        return None
    return {"signed_on": plain(mentor.charter_signed_on), "version": mentor.charter_version or ""}


def _asked(mentor: Mentor) -> list[Labelled]:
    return [
        {"kind": plain(kind), "label": CHECK_LABELS[kind], **plain(asked)}
        for kind, asked in mentor.asked.items()
    ]


def _check(mentor: Mentor) -> Labelled | None:
    """That a document was presented, and when: nothing else is known of it."""
    if mentor.check is None:
        return None
    return {**plain(mentor.check), "label": CHECK_LABELS[mentor.check.kind], "presented": True}


def _certificates(mentor: Mentor, today: date) -> list[Labelled]:
    return [
        {
            **plain(one),
            "modules": [_told(module, MODULES) for module in one.modules],
            "expired": one.valid_until < today,
        }
        for one in mentor.certificates.values()
    ]


def _blocks(mentor: Mentor, rules: Rules, today: date) -> list[Labelled]:
    if not mentor.is_open:
        return []
    return [_told(code, BLOCK_LABELS) for code in blocks(mentor, rules, today)]


def _told(code: str, labels: Mapping[str, str]) -> Labelled:
    return {"code": code, "label": labels.get(code, code)}


def _read(row: dict[str, Any]) -> MentorRow:
    return _SHOWN.validate_python({**row["shown"], "persons": row["persons"]})


PROJECTION: Final = Projection("mentors", DDL, write, _INDEXES)
