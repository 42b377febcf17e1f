"""The association register: who each operator is, its admission, its entitlements, what blocks it today, and
the conventions that bind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from psycopg import AsyncConnection
from pydantic import TypeAdapter

from domain.association.model import Association
from domain.association.parts import (
    BLOCK_LABELS,
    CONTACT_LABELS,
    DOCUMENT_STATE_LABELS,
    ENTITLEMENT_LABELS,
    SUSPENSION_LABELS,
    Contact,
    ContactRole,
    Document,
)
from domain.calendar import paris_day
from domain.convention.model import Convention
from domain.convention.parts import BEFORE_FORCE, RUNNING
from domain.kernel import Due
from domain.ports import World
from domain.programme.model import Programme
from domain.programme.rules import DOCUMENTS
from domain.registry import waits
from projections import paging
from projections.association_filters import AssociationFilters
from projections.awaited import Awaited, next_of
from projections.batch import Batch, Connection, Projection, Table, as_array, as_json, put, within
from projections.conventions import operators_of
from projections.facts import plain, word
from projections.paging import Page, one, searchable
from projections.persons import Personal
from projections.tracking import Tracked, academies_of, links_of, needed, rules_followed, scopes_of, told_of

DDL: Final = """
CREATE TABLE {schema}.associations (
    id           text        COLLATE "C" PRIMARY KEY,
    status       text        NOT NULL,
    academies    text[]      NOT NULL,
    names        text        NOT NULL,
    insured_until date,
    expires_on   date,
    since        timestamptz NOT NULL,
    awaited      boolean     NOT NULL,
    created_at   timestamptz NOT NULL,
    shown        jsonb       NOT NULL,
    blocked      jsonb       NOT NULL,
    persons      jsonb       NOT NULL,
    conventionnee jsonb      NOT NULL DEFAULT '[]',
    scopes       text[]      NOT NULL
);
CREATE INDEX ON {schema}.associations (created_at, id);
COMMENT ON COLUMN {schema}.associations.names IS 'Name and aliases without case nor accents, to search in.';
COMMENT ON COLUMN {schema}.associations.conventionnee IS 'Its conventions in force, scheme by scheme.';
COMMENT ON COLUMN {schema}.associations.blocked IS 'What blocks it, from each day on which that may change.';
COMMENT ON COLUMN {schema}.associations.awaited IS 'Whether somebody is waited for today.';
COMMENT ON COLUMN {schema}.associations.expires_on IS
    'The last day of what runs out first, its insurance or a title; absent once its record is closed.';
"""
_INDEXES: Final = "CREATE INDEX ON {schema}.associations USING gin (scopes)"

_TABLE: Final = Table(
    "associations",
    "id, status, academies, names, insured_until, expires_on, since, awaited, created_at, shown, blocked, "
    "persons, scopes",
    key="id",
)

_BIND: Final = """
UPDATE {schema}.associations SET conventionnee = bound.list
FROM (
    SELECT a.id, coalesce(jsonb_agg(
        jsonb_build_object('id', c.id, 'scheme', s.scheme, 'from', c.in_force_from, 'to', c.stops_on)
        ORDER BY s.scheme, c.id) FILTER (WHERE c.id IS NOT NULL), '[]') AS list
    FROM {schema}.associations a
    LEFT JOIN {schema}.conventions c ON c.associations @> ARRAY[a.id]::text[] AND c.status = ANY(%s)
    LEFT JOIN LATERAL unnest(c.schemes) AS s (scheme) ON true
    WHERE a.id = ANY(%s)
    GROUP BY a.id
) AS bound
WHERE associations.id = bound.id AND conventionnee <> bound.list"""

# Titles, insurance and what they block end without any event: they are read on the day it is.
_SELECT: Final = """
SELECT id, created_at, shown, conventionnee, persons, (
    SELECT b->'blocks' FROM jsonb_array_elements(blocked) AS b, read.position AS p
    WHERE (b->>'from')::date <= p.day ORDER BY (b->>'from')::date DESC LIMIT 1
) AS blocks
FROM read.associations"""

_BESIDE: Final = {"conventionnee", "blocks", "persons"}
"""What a row has of columns of their own."""
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class AssociationRow:
    """An operator. ``conventionnee``: its conventions in force, each ``id``, ``scheme``, ``from``, ``to``.

    ``documents``: what was asked in the admission of number ``admission_round``, each with its last version
    received; ``missing_documents`` are those that the operator still has to give. ``handed_on``: since when
    all that was asked is given; ``complete_on``: accepted. ``rules_version``: the version of the
    programme's rules that it follows today. ``blocks``: why no new binôme may be proposed today.
    ``suspensions``: each cause, the académie that lifts it and its first day; ``None`` for whoever may not be
    told. ``links``, ``scopes``, and ``version``, ``updated_at``, ``position``, which move with each
    candidacy: ``None`` for whoever could count them. ``persons``: « role.name », « role.mailbox » and
    « role.phone » of the contacts, sealed words until they are opened.
    """

    TYPED: ClassVar[tuple[str, ...]] = ()
    RESERVED: ClassVar[tuple[str, ...]] = (
        "suspensions",
        "links",
        "scopes",
        "version",
        "updated_at",
        "position",
    )

    id: str
    name: str
    aliases: list[str]
    legal_form: str
    rna: str | None
    siren: str | None
    parent_body: str | None
    seat: str | None
    mailbox: str | None
    academies: list[str]
    status: str
    status_label: str
    suspensions: list[dict[str, Any]] | None
    programme_id: str | None
    rules_version: int | None
    admission_round: int
    opened_on: str | None
    handed_on: str | None
    complete_on: str | None
    documents: list[dict[str, Any]]
    missing_documents: list[str]
    insured_until: str | None
    entitlements: list[dict[str, Any]]
    contacts: list[dict[str, Any]]
    links: list[dict[str, Any]] | None
    next: list[Awaited]
    scopes: list[str] | None
    since: datetime
    since_recorded: datetime
    version: int | None
    created_at: datetime
    updated_at: datetime | None
    position: int | None
    conventionnee: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    persons: dict[str, Personal] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """Whose words it holds."""
        return self.id


_SHOWN: Final = TypeAdapter(AssociationRow)


def row_of(
    tracked: Tracked,
    programme: Programme | None,
    day: date,
    conventionnee: Iterable[dict[str, Any]] = (),
    dues: Iterable[Due] = (),
) -> AssociationRow:
    """The row of a tracked association, as it reads on a day in Paris, with what it waits for. Pure; its
    conventions are not its own state: they are given. ``programme``: that of its admission, ``None`` before
    there is one.
    """
    association = tracked.record
    if not isinstance(association, Association):
        raise TypeError(type(association))
    return AssociationRow(
        **told_of(tracked),
        **plain(association.identity),
        academies=academies_of(association),
        suspensions=[
            {
                "cause": plain(one.cause),
                "label": SUSPENSION_LABELS[one.cause],
                "academie": one.academie,
                "on": plain(on),
            }
            for one, on in association.suspensions.items()
        ],
        programme_id=association.programme_id or None,
        rules_version=rules_followed(association, programme, day) if programme else None,
        admission_round=association.round,
        opened_on=plain(association.opened_on),
        handed_on=plain(association.handed_on),
        complete_on=plain(association.complete_on),
        documents=[_document(name, one) for name, one in association.documents.items()],
        missing_documents=list(association.missing_documents),
        insured_until=plain(association.insured_until),
        entitlements=[
            {**plain(held), "label": ENTITLEMENT_LABELS[held.kind]}
            for held in association.entitlements.values()
        ],
        contacts=[{"role": plain(role), "label": CONTACT_LABELS[role]} for role in association.contacts],
        links=links_of(association),
        next=next_of(dues, day),
        scopes=scopes_of(association),
        conventionnee=list(conventionnee),
        blocks=_blocks(association, day),
        persons=_persons(association.contacts),
    )


def row_at(tracked: Tracked, programme: Programme | None, world: World, now: datetime) -> AssociationRow:
    """The row of an association folded by the caller (``known_at``), as it reads at ``now``."""
    dues = waits(tracked.record, lambda _: needed(programme), world, now)
    return row_of(tracked, programme, paris_day(now), dues=dues)


async def get(connection: AsyncConnection[Any], record_id: str) -> AssociationRow | None:
    """The association, ``None`` when there is none within the session's scopes."""
    return await one(connection, _SELECT, record_id, _read)


async def page(
    connection: AsyncConnection[Any], filters: AssociationFilters, after: str | None = None, limit: int = 50
) -> Page[AssociationRow]:
    """Associations in the order of their registration. Raises ``BadCursor``."""
    return await paging.page(connection, _SELECT, filters.conditions, _read, after, limit, oldest_first=True)


async def write(connection: Connection, batch: Batch) -> None:
    """The associations that changed, then the conventions of those whose conventions changed."""
    associations = batch.of(Association)
    await put(connection, batch, _TABLE, (_values(t, a, batch) for t, a in associations))
    bound = {association.id for _, association in associations}
    for _, convention in batch.of(Convention):
        if convention.status not in BEFORE_FORCE:
            bound |= set(operators_of(convention))
    if bound:
        await connection.execute(within(batch.schema, _BIND), (sorted(RUNNING), sorted(bound)))


def _values(tracked: Tracked, association: Association, batch: Batch) -> tuple[Any, ...]:
    dues = batch.dues[association.id]
    row = row_of(tracked, batch.programmes.get(association.programme_id), batch.today, (), dues)
    return (
        row.id,
        row.status,
        as_array(row.academies),
        "\n".join(searchable(name) for name in (row.name, *row.aliases)),
        association.insured_until,
        None if association.status in association.final else association.covered_until,
        row.since,
        batch.somebody_awaited(association),
        row.created_at,
        _SHOWN.dump_json(row, exclude=_BESIDE).decode(),
        as_json(_blocked(association)),
        as_json(row.persons),
        as_array(row.scopes or ()),
    )


def _document(name: str, document: Document) -> dict[str, Any]:
    """A document asked, and the last of its versions that was not refused."""
    last = document.pending or document.accepted
    return {
        "document": name,
        "label": DOCUMENTS[name],
        "state": plain(document.state),
        "state_label": DOCUMENT_STATE_LABELS[document.state],
        "sha256": last.sha256 if last else None,
        "size": last.size if last else None,
        "media_type": last.media_type if last else None,
        "received_on": plain(last.on) if last else None,
        "channel": plain(last.channel) if last else None,
        "valid_until": plain(last.valid_until) if last else None,
    }


def _blocked(association: Association) -> list[dict[str, Any]]:
    """What blocks it from each day on which that may change without any event."""
    until = association.insured_until
    days = {date.min, *((until + _ONE_DAY,) if until else ())}
    for held in association.entitlements.values():
        days |= {held.starts, held.ends + _ONE_DAY}
    return [{"from": day.isoformat(), "blocks": _blocks(association, day)} for day in sorted(days)]


def _blocks(association: Association, day: date) -> list[dict[str, Any]]:
    return [
        {"block": plain(one), "label": BLOCK_LABELS[one], "missing": []} for one in association.blocks(day)
    ]


def _persons(contacts: dict[ContactRole, Contact]) -> dict[str, Personal]:
    """Whom to call: sealed words."""
    return {
        f"{role}.{name}": word(value)
        for role, contact in contacts.items()
        for name in ("name", "mailbox", "phone")
        if (value := getattr(contact, name)) is not None
    }


def _read(row: dict[str, Any]) -> AssociationRow:
    return _SHOWN.validate_python({**row["shown"], **{name: row[name] for name in _BESIDE}})


PROJECTION: Final = Projection("associations", DDL, write, _INDEXES)
