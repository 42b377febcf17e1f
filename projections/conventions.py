"""The convention register: where each one stands, what it waits for, and its dates, kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Final

from psycopg import AsyncConnection
from pydantic import TypeAdapter

from domain.calendar import paris_day
from domain.convention.due import expected_reports, report_label, waits
from domain.convention.model import Convention
from domain.convention.parts import RUNNING, PartyKind, Report
from domain.kernel import Due
from domain.ports import World
from domain.programme.model import Programme
from projections import paging
from projections.awaited import Awaited, next_of
from projections.batch import Batch, Connection, Projection, Table, as_array, as_json, put
from projections.facts import plain, word
from projections.paging import Condition, Page, containing, one
from projections.persons import Personal
from projections.today import FUNCTION, TYPED
from projections.tracking import Tracked, academies_of, needed, rules_followed, scopes_of, told_of

DDL: Final = """
CREATE TABLE {schema}.conventions (
    id             text        COLLATE "C" PRIMARY KEY,
    status         text        NOT NULL,
    programme_id   text        COLLATE "C" NOT NULL,
    academies      text[]      NOT NULL,
    associations   text[]      NOT NULL,
    schemes        text[]      NOT NULL,
    in_force_from  text,
    ends_on        date,
    stops_on       date,
    report_overdue boolean     NOT NULL,
    since          timestamptz NOT NULL,
    awaited        boolean     NOT NULL,
    created_at     timestamptz NOT NULL,
    shown          jsonb       NOT NULL,
    persons        jsonb       NOT NULL,
    scopes         text[]      NOT NULL
);
CREATE INDEX ON {schema}.conventions (created_at DESC, id DESC);
CREATE INDEX ON {schema}.conventions (programme_id);
CREATE INDEX ON {schema}.conventions (ends_on);
CREATE INDEX ON {schema}.conventions USING gin (associations);
COMMENT ON COLUMN {schema}.conventions.stops_on IS 'Its last day: its term, or the end of a notice before.';
COMMENT ON COLUMN {schema}.conventions.shown IS 'The row itself, but for its persons.';
"""
_INDEXES: Final = "CREATE INDEX ON {schema}.conventions USING gin (scopes)"

_TABLE: Final = Table(
    "conventions",
    "id, status, programme_id, academies, associations, schemes, in_force_from, ends_on, stops_on, "
    "report_overdue, since, awaited, created_at, shown, persons, scopes",
    key="id",
)

_COLUMNS: Final = "SELECT id, created_at, shown, persons FROM read.conventions"

EVIDENCE_LABELS: Final = {
    "announced": "annoncée, signature non attestée",
    "signed": "signature attestée",
    "history": "historique repris sur pièce",
}


@dataclass(frozen=True)
class ConventionRow:
    """A convention as it reads. Its three dates are text, ``2025-12-05`` or ``2025-12``.

    ``persons``: party key → name of its signatory; party key + ``.delegation`` → the decision by which that
    person signs. These, ``announced_in`` and ``evidence_source`` are sealed words until they are opened.
    ``rules_version``: the version of the rules that it follows today.
    ``since``: when the present status became true, ``since_recorded`` when it was written (UTC).
    ``text_hash`` is the text to sign; ``unsigned`` holds the keys of the parties still to sign it.
    ``shared``: several operators are, or were, parties to it; each is then told its own acts.
    """

    TYPED: ClassVar[tuple[str, ...]] = TYPED

    id: str
    title: str
    status: str
    status_label: str
    since: datetime
    since_recorded: datetime
    version: int
    academie: str
    academies: list[str]
    associations: list[str]
    parties: list[dict[str, Any]]
    shared: bool
    programme_id: str
    rules_version: int
    schemes: list[str]
    kinds: list[str]
    number: str | None
    school_years: list[str]
    clauses: dict[str, Any]
    coverage: dict[str, Any]
    announced_for: str | None
    announced_in: Personal | None
    signed_on: str | None
    in_force_from: str | None
    ends_on: str | None
    evidence: str | None
    evidence_label: str | None
    evidence_source: Personal | None
    text_hash: str
    unsigned: list[str]
    amendment: dict[str, Any] | None
    reports: list[dict[str, Any]]
    report_overdue: bool
    renews: str | None
    renewed_by: str | None
    notice_until: str | None
    end_cause: str | None
    ended_on: str | None
    next: list[Awaited]
    created_at: datetime
    updated_at: datetime
    position: int
    persons: dict[str, Personal] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """Whose words it holds."""
        return self.id


_SHOWN: Final = TypeAdapter(ConventionRow)


@dataclass(frozen=True)
class ConventionFilters:
    """``association``: an association's id; ``ends_before``: its term comes before that day;
    ``expiring_before``: it binds nobody any more on that day, by its term or a notice, and has not ended yet.
    ``stuck_since``: in the same status since before that instant, and somebody is waited for.
    """

    status: str | None = None
    academie: str | None = None
    association: str | None = None
    scheme: str | None = None
    ends_before: date | None = None
    report_overdue: bool | None = None
    programme: str | None = None
    expiring_before: date | None = None
    stuck_since: datetime | None = None


def row_at(tracked: Tracked, programme: Programme | None, world: World, now: datetime) -> ConventionRow:
    """The row of a convention folded by the caller (``known_at``), as it reads at ``now``."""
    followed = needed(programme)
    return row_of(tracked, waits(_convention(tracked), followed, world, now), followed, paris_day(now))


def row_of(tracked: Tracked, dues: Sequence[Due], programme: Programme, today: date) -> ConventionRow:
    """The row of a tracked convention, with what it waits for. Pure."""
    c = _convention(tracked)
    evidence, source = _evidence(c)
    return ConventionRow(
        **told_of(tracked),
        title=c.title,
        academie=c.academie,
        academies=academies_of(c),
        associations=operators_of(c),
        parties=[_party(c, key) for key in c.parties],
        shared=is_shared(c),
        programme_id=c.programme_id,
        rules_version=rules_followed(c, programme, today),
        schemes=list(c.clauses.schemes),
        kinds=plain(c.clauses.kinds),
        number=c.clauses.number,
        school_years=list(c.clauses.school_years),
        clauses=plain(c.clauses),
        coverage=plain(c.coverage),
        announced_for=plain(c.announced_for),
        announced_in=_word(c.announced_in),
        signed_on=plain(c.signed_on),
        in_force_from=plain(c.in_force_from),
        ends_on=plain(c.clauses.ends_on),
        evidence=evidence,
        evidence_label=EVIDENCE_LABELS[evidence] if evidence else None,
        evidence_source=source,
        text_hash=c.text or c.text_now,
        unsigned=[party.key for party in c.unsigned],
        amendment=_amendment(c),
        reports=_reports(c, programme, today),
        report_overdue=any(report.overdue for report in c.reports.values()),
        renews=c.renews,
        renewed_by=c.renewed_by,
        notice_until=plain(c.notice_until),
        end_cause=plain(c.end_cause),
        ended_on=plain(c.ended_on),
        next=next_of(dues, today),
        persons=_persons(c),
    )


async def get(connection: AsyncConnection[Any], record_id: str) -> ConventionRow | None:
    """The convention, ``None`` when there is none within the session's scopes."""
    return await one(connection, _COLUMNS, record_id, _read)


async def page(
    connection: AsyncConnection[Any], filters: ConventionFilters, after: str | None = None, limit: int = 50
) -> Page[ConventionRow]:
    """Conventions, the latest drafted first. Raises ``BadCursor``."""
    expiring = filters.expiring_before
    conditions: list[Condition] = [
        ("status = %s", filters.status),
        ("academies @> %s", containing(filters.academie)),
        ("associations @> %s", containing(filters.association)),
        ("schemes @> %s", containing(filters.scheme)),
        ("ends_on < %s", filters.ends_before),
        ("report_overdue = %s", filters.report_overdue),
        ("programme_id = %s", filters.programme),
        ("(stops_on < %s AND status = ANY(%s))", (expiring, sorted(RUNNING)) if expiring else None),
        ("(since < %s AND awaited)", filters.stuck_since),
    ]
    return await paging.page(connection, _COLUMNS, conditions, _read, after, limit)


async def write(connection: Connection, batch: Batch) -> None:
    """The last state of every convention concerned."""
    await put(connection, batch, _TABLE, (_values(t, c, batch) for t, c in batch.of(Convention)))


def _values(tracked: Tracked, convention: Convention, batch: Batch) -> tuple[Any, ...]:
    programme = batch.programmes[convention.programme_id]
    row = row_of(tracked, batch.dues[convention.id], programme, batch.today)
    ends = convention.clauses.ends_on
    return (
        row.id,
        row.status,
        row.programme_id,
        as_array(row.academies),
        as_array(row.associations),
        as_array(row.schemes),
        row.in_force_from,
        ends,
        min((day for day in (ends, convention.notice_until) if day), default=None),
        row.report_overdue,
        row.since,
        batch.somebody_awaited(convention),
        row.created_at,
        _SHOWN.dump_json(row, exclude={"persons"}).decode(),
        as_json(row.persons),
        as_array(scopes_of(convention)),
    )


def _convention(tracked: Tracked) -> Convention:
    if not isinstance(tracked.record, Convention):
        raise TypeError(type(tracked.record))
    return tracked.record


def operators_of(convention: Convention) -> list[str]:
    """The associations that are parties to it."""
    operators = (p for p in convention.parties.values() if p.kind is PartyKind.OPERATOR)
    return [party.key.removeprefix("association:") for party in operators]


def is_shared(convention: Convention) -> bool:
    """Whether several operators may have acted on it: those that have left did too."""
    return sum(party.kind is PartyKind.OPERATOR for party in convention.every_party.values()) > 1


def _party(convention: Convention, key: str) -> dict[str, Any]:
    """A party, and the office (never the name) of whoever signs for it."""
    signatory, signature = convention.signatories.get(key), convention.signatures.get(key)
    return {
        **plain(convention.parties[key]),
        "signatory": plain(signatory),
        "signed_on": plain(signature.on) if signature else None,
        "medium": plain(signature.medium) if signature else None,
        "vote": plain(convention.votes.get(key)),
    }


def _persons(convention: Convention) -> dict[str, Personal]:
    """Who signs for each party, and by which delegation: sealed words."""
    found: dict[str, Personal] = {}
    for key, signatory in convention.signatories.items():
        found[key] = word(signatory.name)
        if signatory.delegation is not None:
            found[f"{key}.delegation"] = word(signatory.delegation)
    return found


def _word(typed: Any) -> str | None:
    return None if typed is None else word(typed)


def _evidence(convention: Convention) -> tuple[str | None, str | None]:
    """What proves the signature, and the sealed word of where it is to be found."""
    if convention.evidence:
        return "history", _word(convention.evidence)
    if convention.signed_on:
        return "signed", None
    return ("announced", _word(convention.announced_in)) if convention.announced_for else (None, None)


def _amendment(convention: Convention) -> dict[str, Any] | None:
    amendment = convention.amendment
    if amendment is None:
        return None
    signed = dict(amendment.signatures)
    return {
        "number": amendment.number,
        "text_hash": amendment.text_hash,
        "clauses": plain(amendment.clauses),
        "signed": [{"party": key, **plain(signature)} for key, signature in signed.items()],
        "unsigned": [key for key in convention.parties if key not in signed],
    }


def _reports(convention: Convention, programme: Programme, today: date) -> list[dict[str, Any]]:
    rules = programme.followed(convention.rules_version, convention.academie, today).rules
    expected = dict(expected_reports(convention, rules))
    unexpected = [key for key in convention.reports if key not in expected]
    return [
        {
            "report": key,
            "label": report_label(key),
            "by": plain(expected.get(key)),
            **plain(convention.reports.get(key, Report())),
        }
        for key in [*expected, *unexpected]
    ]


def _read(row: dict[str, Any]) -> ConventionRow:
    return _SHOWN.validate_python({**row["shown"], "persons": row["persons"]})


PROJECTION: Final = Projection("conventions", DDL + FUNCTION, write, _INDEXES)
