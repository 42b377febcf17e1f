"""What an operator is and lacks, in titles that rest on other records too: asked whenever it, a mentor of its
own, or what either waits for, is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from api.dependencies import MOST_ITEMS, Services
from domain.association.assessing import ASSESSMENT
from domain.association.entitlements import blocks_of, missing_entitlements, unbound, unbound_key
from domain.association.model import Association
from domain.association.parts import BLOCK_LABELS as BLOCKS
from domain.association.parts import CONVENTIONED, FOLLOWED, STATUS_LABELS, Block, Status
from domain.calendar import paris_day
from domain.convention.model import Convention
from domain.kernel import Root
from domain.mentor.clearance import CLEARANCE, Lack
from domain.mentor.model import Mentor
from domain.mentor.operator import blocking, clearing, operator_lacks
from domain.mentor.parts import BLOCK_LABELS, OPEN
from domain.programme.model import Programme
from domain.programme.rules import Rules
from domain.registry import programme_of_record, ruling
from projections import conventions
from projections.associations import AssociationRow
from projections.awaited import next_of
from projections.conventions import ConventionFilters
from projections.deadlines import DeadlineRow
from projections.mentors import MentorRow
from projections.tracking import track


async def with_operators(parts: Services, rows: Sequence[MentorRow], until: datetime) -> list[MentorRow]:
    """The same rows with what is known of each one's operator at ``until`` (UTC). It is no part of the read
    models: of a mentor it would be stale as soon as something happened to the operator."""
    ids = {row.association for row in rows} | {row.programme_id for row in rows}
    records = await _records(parts, ids, until)
    places = [
        _Place(row.association, row.programme_id, row.rules_version, tuple(row.academies)) for row in rows
    ]
    lacks = {one: await _lacks(parts, one, records, until) for one in set(places)}
    return [
        _with(row, records.get(row.association), lacks[place])
        for row, place in zip(rows, places, strict=True)
    ]


async def with_titles(
    parts: Services, rows: Sequence[AssociationRow], until: datetime
) -> list[AssociationRow]:
    """Associations with the titles that they lack at ``until`` (UTC) by the rules that they follow: these
    block them, or their admission would be refused for them. Conventions count, which are other records."""
    ids = {one for row in rows for one in (row.id, row.programme_id) if one}
    records = await _records(parts, ids, until)
    return [await _titled(parts, row, records, until) for row in rows]


async def with_lacks(parts: Services, rows: Sequence[DeadlineRow], until: datetime) -> list[DeadlineRow]:
    """Deadlines with what the operator lacks at ``until`` (UTC), in the words of the records' own pages: a
    clearance waits for that too, and an assessment for what the admission would be refused for."""
    ids = {row.record_id for row in rows if row.kind == CLEARANCE or row.kind in ASSESSMENT}
    if not ids:
        return list(rows)
    waiting = await _records(parts, ids, until)
    mentors = [one for one in waiting.values() if isinstance(one, Mentor)]
    ids = {one.association_id for one in mentors}
    ids |= {programme for one in waiting.values() if (programme := programme_of_record(one))}
    records = waiting | await _records(parts, ids, until)
    places = {one.id: _place_of(one, records, paris_day(until)) for one in mentors}
    lacks = {one: await _lacks(parts, one, records, until) for one in set(places.values())}
    told = []
    for row in rows:
        missing = tuple(row.missing)
        if row.record_id in places:
            missing = clearing(row.kind, missing, lacks[places[row.record_id]])
        elif row.kind in ASSESSMENT and (titles := await _titles(parts, row.record_id, records, until)):
            missing += titles.missing
        told.append(replace(row, missing=list(missing)))
    return told


class _Titles(NamedTuple):
    """An operator, the titles that it lacks, and what says so: the rules that it follows, its conventions."""

    association: Association
    missing: tuple[str, ...]
    rules: Rules
    bound: list[Convention]


async def _titles(
    parts: Services, association_id: str, records: dict[str, Root], until: datetime
) -> _Titles | None:
    """``None`` of whoever is out of the scheme, or not in it yet."""
    association = records.get(association_id)
    if not isinstance(association, Association) or association.status not in FOLLOWED:
        return None
    programme = records.get(association.programme_id)
    if not isinstance(programme, Programme):
        return None
    day = paris_day(until)
    rules = ruling(association, programme, day).rules
    bound = await _bound_by(parts, association, rules, until)
    missing = missing_entitlements(association, bound, rules, programme.scheme, association.academies, day)
    return _Titles(association, missing, rules, bound)


async def _titled(
    parts: Services, row: AssociationRow, records: dict[str, Root], until: datetime
) -> AssociationRow:
    titles, day = await _titles(parts, row.id, records, until), paris_day(until)
    if titles is None:
        return row
    missing = list(titles.missing)
    blocks = [
        {
            "block": str(block),
            "label": BLOCKS[block],
            "missing": missing if block is Block.ENTITLEMENT_LAPSED else [],
        }
        for block in blocks_of(titles.association, missing, day)
    ]
    key = unbound_key(titles.association)
    waited = [
        replace(one, missing=[*one.missing, *missing]) if one.kind in ASSESSMENT else one
        for one in row.next
        if one.key != key
    ]
    waited += next_of(unbound(titles.association, titles.bound, titles.rules, day), day)
    return replace(row, blocks=blocks, next=sorted(waited, key=lambda one: (one.at, one.key)))


async def conventions_of(parts: Services, association_id: str) -> list[str]:
    """The ids of the conventions that bind an operator, whoever asks: what it lacks does not depend on who
    reads."""
    async with parts.reader.session(frozenset({f"association:{association_id}"})) as connection:
        filters = ConventionFilters(association=association_id)
        page = await conventions.page(connection, filters, None, MOST_ITEMS)
    return [row.id for row in page.items]


async def _bound_by(
    parts: Services, association: Association, rules: Rules, until: datetime
) -> list[Convention]:
    """The conventions that may make it conventionnée, where the rules ask for that."""
    if CONVENTIONED not in rules.required_entitlements:
        return []
    found = await _records(parts, await conventions_of(parts, association.id), until)
    return [one for one in found.values() if isinstance(one, Convention)]


async def _records(parts: Services, ids: Iterable[str], until: datetime | None = None) -> dict[str, Root]:
    """These records as they were known, or are, by one reading."""
    events = [one for one in await parts.feed.of(sorted(ids)) if until is None or one.recorded_at <= until]
    events.sort(key=lambda one: (one.record_id, one.version))
    tracked = {record_id: track(some) for record_id, some in groupby(events, lambda one: one.record_id)}
    return {record_id: one.record for record_id, one in tracked.items() if one}


class _Place(NamedTuple):
    """Where a mentor stands: mentors of one place wait for the same of their operator."""

    association: str
    programme_id: str
    rules_version: int
    academies: tuple[str, ...]


def _place_of(mentor: Mentor, records: dict[str, Root], day: date) -> _Place:
    followed = ruling(mentor, _programme(records, mentor.programme_id), day)
    academies = tuple(sorted(mentor.academies))
    return _Place(mentor.association_id, mentor.programme_id, followed.number, academies)


async def _lacks(
    parts: Services, place: _Place, records: dict[str, Root], until: datetime
) -> tuple[Lack, ...]:
    association, programme = records.get(place.association), _programme(records, place.programme_id)
    rules, day = programme.versions[place.rules_version - 1].rules, paris_day(until)
    known = association if isinstance(association, Association) else None
    bound = await _bound_by(parts, known, rules, until) if known else []
    return operator_lacks(known, bound, rules, programme.scheme, place.academies, day)


def _programme(records: dict[str, Root], programme_id: str) -> Programme:
    programme = records[programme_id]
    if not isinstance(programme, Programme):
        raise TypeError(type(programme))
    return programme


def _with(row: MentorRow, association: Root | None, lacks: tuple[Lack, ...]) -> MentorRow:
    if row.status not in OPEN or association is None:
        return row
    operator = {
        "status": str(association.status),
        "status_label": STATUS_LABELS[Status(association.status)],
        "blocks": [
            {"code": code, "label": BLOCK_LABELS[code], "missing": list(missing)}
            for code, _, missing in lacks
        ],
    }
    added = [{"code": code, "label": BLOCK_LABELS[code]} for code in blocking(row.status, lacks)]
    waited = [replace(one, missing=list(clearing(one.kind, one.missing, lacks))) for one in row.next]
    return replace(row, operator=operator, blocks=[*row.blocks, *added], next=waited)
