"""The companies: who they are, where, and what ties them to the mentoring, counted by school year."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from psycopg import AsyncConnection
from pydantic import TypeAdapter

from domain.calendar import school_year
from domain.company.model import TIE_LABELS, Company, FirmDigests
from domain.ports import World
from domain.programme.model import Programme
from projections import paging
from projections.awaited import Awaited
from projections.batch import Batch, Connection, Projection, Table, as_array, as_json, put
from projections.facts import plain, split
from projections.paging import Condition, Page, containing, one, searchable
from projections.persons import Personal
from projections.tracking import Tracked, scopes_of, told_of

DDL: Final = """
CREATE TABLE {schema}.companies (
    id       text   COLLATE "C" PRIMARY KEY,
    status   text   NOT NULL,
    name     text,
    siret    text,
    naf      text,
    communes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    shown    jsonb  NOT NULL,
    persons  jsonb  NOT NULL,
    scopes   text[] NOT NULL
);
CREATE INDEX ON {schema}.companies (created_at, id);
CREATE INDEX ON {schema}.companies (name);
CREATE INDEX ON {schema}.companies (siret);
CREATE INDEX ON {schema}.companies (naf);
CREATE INDEX ON {schema}.companies USING gin (communes);
COMMENT ON COLUMN {schema}.companies.name IS 'A keyed digest to search by, as siret is; absent once erased.';
COMMENT ON COLUMN {schema}.companies.communes IS 'Those of its sites, without case nor accents.';
"""

_TABLE: Final = Table(
    "companies", "id, status, name, siret, naf, communes, created_at, shown, persons, scopes", key="id"
)

_COLUMNS: Final = "SELECT id, created_at, shown, persons FROM read.companies"


@dataclass(frozen=True)
class CompanyRow:
    """A company as it reads. ``persons``: its ``name`` and ``siret``, which may be somebody's own: sealed
    words until they are opened. ``ties``: how many mentors, visits, internships and PFMP, by school year, the
    latest first. ``next`` is empty: nothing is ever due of a company.
    """

    TYPED: ClassVar[tuple[str, ...]] = ()

    id: str
    naf: str | None
    sites: list[str]
    clee: str | None
    campus: str | None
    status: str
    status_label: str
    since: datetime
    since_recorded: datetime
    closed_on: str | None
    ties: list[dict[str, Any]]
    next: list[Awaited]
    version: int
    created_at: datetime
    updated_at: datetime
    position: int
    persons: dict[str, Personal] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """Whose words it holds."""
        return self.id


_SHOWN: Final = TypeAdapter(CompanyRow)


@dataclass(frozen=True)
class CompanyFilters:
    """``name`` and ``siret``: keyed digests of them (``domain.company.known``). ``commune``: the name of a
    site's, whatever case and accents. ``sector``: the beginning of a NAF code.
    """

    name: str | None = None
    naf: str | None = None
    commune: str | None = None
    siret: str | None = None
    status: str | None = None
    sector: str | None = None


def row_of(tracked: Tracked) -> CompanyRow:
    """The row of a tracked company. Pure."""
    company = tracked.record
    if not isinstance(company, Company):
        raise TypeError(type(company))
    told, words = split(company.firm)
    return CompanyRow(
        **told_of(tracked),
        **told,
        closed_on=plain(company.closed_on),
        ties=_ties(company),
        next=[],
        persons={**words},
    )


def row_at(tracked: Tracked, programme: Programme | None, world: World, now: datetime) -> CompanyRow:
    """The same: a company follows no rules, and waits for nothing."""
    return row_of(tracked)


async def get(connection: AsyncConnection[Any], record_id: str) -> CompanyRow | None:
    """The company, ``None`` when there is none."""
    return await one(connection, _COLUMNS, record_id, _read)


async def page(
    connection: AsyncConnection[Any], filters: CompanyFilters, after: str | None = None, limit: int = 50
) -> Page[CompanyRow]:
    """Companies in the order in which they were made known: a name may change while a reader walks through
    the pages. Raises ``BadCursor``.
    """
    conditions: list[Condition] = [
        ("name = %s", filters.name),
        ("naf = %s", filters.naf),
        ("communes @> %s", containing(searchable(filters.commune)) if filters.commune else None),
        ("siret = %s", filters.siret),
        ("status = %s", filters.status),
        ("starts_with(naf, %s)", filters.sector),
    ]
    return await paging.page(connection, _COLUMNS, conditions, _read, after, limit, oldest_first=True)


async def write(connection: Connection, batch: Batch) -> None:
    """The last state of every company concerned."""
    await put(connection, batch, _TABLE, (_values(t, company) for t, company in batch.of(Company)))


def _values(tracked: Tracked, company: Company) -> tuple[Any, ...]:
    row = row_of(tracked)
    found_by = FirmDigests() if company.is_erased else company.digests
    return (
        row.id,
        row.status,
        found_by.name_digest,
        found_by.siret_digest,
        row.naf,
        as_array(searchable(site) for site in row.sites),
        row.created_at,
        _SHOWN.dump_json(row, exclude={"persons"}).decode(),
        as_json(row.persons),
        as_array(scopes_of(company)),
    )


def _ties(company: Company) -> list[dict[str, Any]]:
    counted = Counter[tuple[str, str]]()
    for tie in company.ties:
        counted[school_year(tie.on), tie.kind] += tie.count
    return [
        {"kind": kind, "label": TIE_LABELS[kind], "school_year": year, "count": counted[year, kind]}
        for year in sorted({year for year, _ in counted}, reverse=True)
        for kind in TIE_LABELS
        if counted[year, kind]
    ]


def _read(row: dict[str, Any]) -> CompanyRow:
    return _SHOWN.validate_python({**row["shown"], "persons": row["persons"]})


PROJECTION: Final = Projection("companies", DDL, write)
