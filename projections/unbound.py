"""The conventions that bind operators: what an operator waits for rests on them, which are other records."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Final, LiteralString

from psycopg.rows import scalar_row

from domain.association.entitlements import must_be_bound, unbound
from domain.association.model import Association
from domain.association.parts import STANDING
from domain.convention.model import Convention
from domain.convention.parts import BEFORE_FORCE, RUNNING
from domain.kernel import Due
from domain.programme.model import Programme
from domain.programme.rules import Rules
from domain.registry import ruling
from projections.batch import Connection, within
from projections.conventions import operators_of
from projections.tracking import Tracked

_BINDING: Final = """
SELECT id FROM {schema}.conventions WHERE associations && %s AND status = ANY(%s) ORDER BY id"""
_STANDING: Final = """
SELECT id FROM {schema}.associations WHERE id = ANY(%s) AND status = ANY(%s) ORDER BY id"""

Load = Callable[[Iterable[str]], Awaitable[Mapping[str, Tracked]]]
"""Brings records where they are at hand, and hands them over."""


async def unbound_among(
    connection: Connection,
    schema: str,
    records: Iterable[Tracked],
    programmes: Mapping[str, Programme],
    day: date,
    load: Load,
) -> dict[str, list[Due]]:
    """What the operators among these records wait for on a day, by the conventions already written."""
    ruled = _ruled(records, programmes, day)
    asked = {one.id: (one, rules) for one, rules in ruled if must_be_bound(one, rules)}
    if not asked:
        return {}
    ids = await _ids(connection, schema, _BINDING, asked, RUNNING)
    known = await load(ids)
    bound = [one for i in ids if isinstance(one := known[i].record, Convention)]
    return {i: unbound(one, bound, rules, day) for i, (one, rules) in asked.items()}


async def operators_bound(connection: Connection, schema: str, records: Iterable[Tracked]) -> list[str]:
    """The operators that may wait for something else since these records changed, conventions among them."""
    conventions = (one.record for one in records if isinstance(one.record, Convention))
    found = {i for one in conventions if one.status not in BEFORE_FORCE for i in operators_of(one)}
    return await _ids(connection, schema, _STANDING, found, STANDING) if found else []


def _ruled(
    records: Iterable[Tracked], programmes: Mapping[str, Programme], day: date
) -> Iterable[tuple[Association, Rules]]:
    for one in records:
        if isinstance(one.record, Association) and one.record.programme_id:
            yield one.record, ruling(one.record, programmes[one.record.programme_id], day).rules


async def _ids(
    connection: Connection,
    schema: str,
    statement: LiteralString,
    ids: Collection[str],
    statuses: Collection[str],
) -> list[str]:
    async with connection.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(within(schema, statement), (sorted(ids), sorted(statuses)))
        return await cursor.fetchall()
