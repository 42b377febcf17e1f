"""What an operator is and lacks, in titles that rest on other records too: asked whenever it, or a mentor of
its own, is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Final

from api.dependencies import MOST_ITEMS, Services
from domain.association.entitlements import CONVENTIONED_LABEL, blocks_of, missing_entitlements, unbound_due
from domain.association.model import Association
from domain.association.parts import BLOCK_LABELS as BLOCKS
from domain.association.parts import CONVENTIONED, FOLLOWED, STANDING, STATUS_LABELS, Block, Status
from domain.calendar import paris_day
from domain.convention.model import Convention
from domain.kernel import Root
from domain.mentor.clearance import Lack
from domain.mentor.operator import blocking, clearing, operator_lacks
from domain.mentor.parts import BLOCK_LABELS, OPEN
from domain.programme.model import Programme
from domain.programme.rules import Rules
from domain.registry import ruling
from projections import conventions
from projections.associations import AssociationRow
from projections.awaited import next_of
from projections.conventions import ConventionFilters
from projections.mentors import MentorRow
from projections.tracking import track

ASSESSMENT: Final = frozenset({"remind_assessment", "escalate_assessment"})


async def with_operators(parts: Services, rows: Sequence[MentorRow], until: datetime) -> list[MentorRow]:
    """The same rows with what is known of each one's operator at ``until`` (UTC). It is no part of the read
    models: of a mentor it would be stale as soon as something happened to the operator."""
    ids = {row.association for row in rows} | {row.programme_id for row in rows}
    records = await _records(parts, ids, until)
    found: dict[tuple[str, str, int, tuple[str, ...]], tuple[Lack, ...]] = {}
    told = []
    for row in rows:
        key = (row.association, row.programme_id, row.rules_version, tuple(row.academies))
        if key not in found:
            found[key] = await _lacks(parts, row, records, until)
        told.append(_with(row, records.get(row.association), found[key]))
    return told


async def with_titles(
    parts: Services, rows: Sequence[AssociationRow], until: datetime
) -> list[AssociationRow]:
    """Associations with the titles that they lack at ``until`` (UTC) by the rules that they follow: these
    block them, or their admission would be refused for them. Conventions count, which are other records."""
    ids = {one for row in rows for one in (row.id, row.programme_id) if one}
    records = await _records(parts, ids, until)
    return [await _titled(parts, row, records, until) for row in rows]


async def _titled(
    parts: Services, row: AssociationRow, records: dict[str, Root], until: datetime
) -> AssociationRow:
    association, programme = records.get(row.id), records.get(row.programme_id or "")
    if not isinstance(association, Association) or not isinstance(programme, Programme):
        return row
    if association.status not in FOLLOWED:
        return row
    day = paris_day(until)
    rules = ruling(association, programme, day).rules
    bound = await _bound_by(parts, association, rules, until)
    missing = missing_entitlements(association, bound, rules, programme.scheme, association.academies, day)
    blocks = [
        {
            "block": str(block),
            "label": BLOCKS[block],
            "missing": list(missing) if block is Block.ENTITLEMENT_LAPSED else [],
        }
        for block in blocks_of(association, missing, day)
    ]
    waited = [
        replace(one, missing=[*one.missing, *missing]) if one.kind in ASSESSMENT else one for one in row.next
    ]
    unbound = [one for one in missing if one.startswith(CONVENTIONED_LABEL)]
    if unbound and association.status in STANDING:
        waited += next_of([unbound_due(association, tuple(unbound))], day)
    return replace(row, blocks=blocks, next=waited)


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


async def _lacks(
    parts: Services, row: MentorRow, records: dict[str, Root], until: datetime
) -> tuple[Lack, ...]:
    association, programme = records.get(row.association), records[row.programme_id]
    if not isinstance(programme, Programme):
        raise TypeError(type(programme))
    rules, day = programme.versions[row.rules_version - 1].rules, paris_day(until)
    known = association if isinstance(association, Association) else None
    bound = await _bound_by(parts, known, rules, until) if known else []
    return operator_lacks(known, bound, rules, programme.scheme, row.academies, day)


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
