"""RFC 6962 Merkle trees, pure: appending, and which hashes a proof is made of. Reads and writes nothing.

A tree is kept as its *edge*: the roots of the perfect subtrees that its size is the sum of, the largest
(leftmost) first. So that a proof about any past size reads little, the roots of complete subtrees of 2⁸,
2¹⁶, 2²⁴… leaves are kept too: a hash is *stored* at ``(level, index)``, level 0 being the leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

Range = tuple[int, int]
"""A subtree by its leaves: ``start`` ≤ index < ``end``."""
Place = tuple[int, int]
"""``(level, index)`` of a stored hash."""
Completed = tuple[int, int, bytes]
"""``(level, index, hash)`` of a subtree that has just become complete."""

EMPTY_ROOT: Final = sha256(b"").digest()
STRIDE: Final = 8
"""Levels between two that are stored."""
_BYTES: Final = 32


class MissingHash(Exception):
    """A stored hash that a proof needs is not there: the store was damaged, or the size is not reached."""

    def __init__(self, level: int, index: int) -> None:
        super().__init__(f"level {level}, index {index}")
        self.level = level
        self.index = index


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 §2.1: the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def append(
    size: int, edge: Sequence[bytes], leaves: Sequence[bytes]
) -> tuple[int, list[bytes], list[Completed]]:
    """The tree once the leaf hashes are added: its size, its edge, and the stored subtrees now complete.

    Works level by level, a pass of hashing for each: one hash a leaf, whatever the size of the tree.
    """
    _check(size, edge)
    left, kept, new = list(edge), [], list(leaves)
    completed: list[Completed] = []
    level = 0
    while new:
        first = size >> level
        if level and level % STRIDE == 0:
            completed += [(level, first + i, node) for i, node in enumerate(new)]
        if first & 1:
            new.insert(0, left.pop())
        if len(new) & 1:
            kept.append(new.pop())
        nodes = iter(new)
        new = [sha256(b"\x01" + one + other).digest() for one, other in zip(nodes, nodes, strict=True)]
        level += 1
    return size + len(leaves), left + kept[::-1], completed


def root(size: int, edge: Sequence[bytes]) -> bytes:
    """The root of the tree with this edge."""
    _check(size, edge)
    if not edge:
        return EMPTY_ROOT
    *lefts, node = edge
    for left in reversed(lefts):
        node = node_hash(left, node)
    return node


def packed(edge: Iterable[bytes]) -> bytes:
    """The edge as one value, for ``ledger.tree``."""
    return b"".join(edge)


def unpacked(edge: bytes) -> list[bytes]:
    """The reverse of ``packed``."""
    return [edge[i : i + _BYTES] for i in range(0, len(edge), _BYTES)]


def inclusion_path(index: int, size: int) -> list[Range]:
    """RFC 6962 §2.1.1: the subtrees whose roots prove that leaf ``index`` (from 0) is in the tree."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} of {size}")
    path: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int) -> list[Range]:
    """RFC 6962 §2.1.2: the subtrees whose roots prove that the tree of ``old`` leaves begins that of ``new``.

    None when the two are the same, or when the old one is empty.
    """
    if not 0 <= old <= new:
        raise ValueError(f"from {old} to {new}")
    path: list[Range] = []
    start, end = 0, new
    while old and end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    if start:
        path.append((start, end))
    return path[::-1]


def needed(ranges: Iterable[Range]) -> dict[int, list[Range]]:
    """The stored hashes that the roots of these subtrees are computed from: by level, ranges of indices."""
    spans: dict[int, list[Range]] = {}
    for one in ranges:
        for level, index, count in _spans(one):
            spans.setdefault(level, []).append((index, index + count))
    return {level: _joined(sorted(several)) for level, several in sorted(spans.items())}


def range_hash(span: Range, stored: Mapping[Place, bytes]) -> bytes:
    """The root of the subtree, from what ``needed`` named. Raises ``MissingHash``."""
    edge = [_perfect(*one, stored) for one in _spans(span)]
    return root(span[1] - span[0], edge)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], of: bytes) -> bool:
    """RFC 9162 §2.1.3.2: whether the proof leads from the leaf hash at ``index`` to the root ``of``."""
    if not 0 <= index < size:
        return False
    place, last, node = index, size - 1, leaf
    for sibling in proof:
        if not last:
            return False
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return not last and node == of


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """RFC 9162 §2.1.4.2: whether the tree of ``new`` leaves begins with that of ``old``.

    The empty tree begins every other, without proof.
    """
    if old == new:
        return old >= 0 and not proof and old_root == new_root and (old > 0 or old_root == EMPTY_ROOT)
    if old == 0:
        return new > 0 and not proof and old_root == EMPTY_ROOT
    if not 0 < old < new:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if len(path) < 2:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if not last:
            return False
        if place & 1 or place == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        place, last = place >> 1, last >> 1
    return not last and before == old_root and after == new_root


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def _spans(span: Range) -> Iterator[tuple[int, int, int]]:
    """The perfect subtrees of a subtree, each as stored hashes: level, first index, how many."""
    start, end = span
    while start < end:
        height = (end - start).bit_length() - 1
        level = height - height % STRIDE
        yield level, start >> level, 1 << height - level
        start += 1 << height


def _joined(ranges: Iterable[Range]) -> list[Range]:
    """The same indices in as few ranges as can be."""
    joined: list[Range] = []
    for start, end in ranges:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _perfect(level: int, index: int, count: int, stored: Mapping[Place, bytes]) -> bytes:
    try:
        hashes = [stored[level, i] for i in range(index, index + count)]
    except KeyError as missing:
        raise MissingHash(*missing.args[0]) from missing
    while len(hashes) > 1:
        nodes = iter(hashes)
        hashes = [sha256(b"\x01" + one + other).digest() for one, other in zip(nodes, nodes, strict=True)]
    return hashes[0]


def _check(size: int, edge: Sequence[bytes]) -> None:
    if size < 0 or len(edge) != size.bit_count():
        raise ValueError(f"an edge of {len(edge)} for {size} leaves")
