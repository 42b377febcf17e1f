"""Proofs about the sealed store, read from ``ledger.events`` and ``ledger.nodes``.

One query, one round trip: a few hundred hashes by their indices, however large the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from ledger.merkle import Place, Range, consistency_path, inclusion_path, needed, range_hash, unpacked

# Lists of indices, not bounds: no plan then reads a table whole. One row a level: the driver does little.
_LEAVES: Final = """
    SELECT 0, array_agg(position - 1), string_agg(leaf, '') FROM ledger.events WHERE position = ANY (ARRAY(
        SELECT generate_series(first + 1, past) FROM unnest(%s::bigint[], %s::bigint[]) AS one (first, past)))
"""
_NODES: Final = """
    SELECT level, array_agg(index), string_agg(hash, '') FROM ledger.nodes
    WHERE level = %s AND index = ANY (ARRAY(
        SELECT generate_series(first, past - 1) FROM unnest(%s::bigint[], %s::bigint[]) AS one (first, past)))
    GROUP BY level
"""


async def inclusion(connection: AsyncConnection, position: int, size: int) -> list[bytes]:
    """The proof that the event at ``position`` (from 1) is in the tree of the first ``size`` events.

    Raises ``ValueError`` when it is not, ``MissingHash`` when the store is damaged or shorter.
    """
    (proof,) = await inclusions(connection, [position], size)
    return proof


async def inclusions(connection: AsyncConnection, positions: Iterable[int], size: int) -> list[list[bytes]]:
    """The same for several events at once, in their order."""
    return await _proofs(connection, [inclusion_path(position - 1, size) for position in positions])


async def consistency(connection: AsyncConnection, old_size: int, new_size: int) -> list[bytes]:
    """The proof that the tree of ``old_size`` events begins that of ``new_size``.

    Raises ``ValueError`` when it cannot, ``MissingHash`` when the store is damaged or shorter.
    """
    (proof,) = await _proofs(connection, [consistency_path(old_size, new_size)])
    return proof


async def root_at(connection: AsyncConnection, size: int) -> bytes:
    """The root that the tree had when it held ``size`` events, computed again from what is stored now.

    Raises ``MissingHash`` when the store is damaged or shorter.
    """
    ((root,),) = await _proofs(connection, [[(0, size)]])
    return root


async def _proofs(connection: AsyncConnection, paths: Sequence[Sequence[Range]]) -> list[list[bytes]]:
    ranges = set(chain.from_iterable(paths))
    stored = await _stored(connection, needed(ranges))
    hashes = {one: range_hash(one, stored) for one in ranges}
    return [[hashes[one] for one in path] for path in paths]


async def _stored(connection: AsyncConnection, ranges: Mapping[int, Sequence[Range]]) -> dict[Place, bytes]:
    """What there is at these places."""
    if not ranges:
        return {}
    queries: list[str] = []
    values: list[object] = []
    for level, several in ranges.items():
        queries.append(_NODES if level else _LEAVES)
        bounds = [start for start, _ in several], [end for _, end in several]
        values += [level, *bounds] if level else bounds
    async with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        await cursor.execute(" UNION ALL ".join(queries), values)
        found = await cursor.fetchall()
    return {
        (level, index): node
        for level, indices, hashes in found
        if indices
        for index, node in zip(indices, unpacked(hashes), strict=True)
    }
