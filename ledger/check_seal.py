"""The second half of an inspection: the tree that the events make, against what was signed and what is kept.

Where an event and its stored leaf disagree, two trees grow on: with the leaf of the event as it reads, and
with the stored one. The next checkpoint tells which of them was signed, so that one altered event does not
make everything behind it suspect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ledger import merkle
from ledger.checkpoint import Checkpoint, Opening, Point
from ledger.findings import Findings, Kind


def standing(checkpoints: Iterable[Checkpoint], openings: Sequence[Opening]) -> list[Checkpoint]:
    """Those that the store must still extend, oldest first. What an epoch had published beyond the point
    where a later one resumes was given up, and said to be.
    """
    kept = [one for one in checkpoints if _stands(one.point, openings)]
    return sorted(kept, key=lambda one: (one.epoch, one.size))


def marks(checkpoints: Iterable[Checkpoint], openings: Sequence[Opening]) -> list[Point]:
    """Every state that the store must have passed through, smallest first."""
    points = {one.point for one in checkpoints} | {one.resumes for one in openings}
    kept = [one for one in points if one.size and _stands(one, openings)]
    return sorted(kept, key=lambda one: (one.size, one.epoch))


def _stands(point: Point, openings: Iterable[Opening]) -> bool:
    return all(one.resumes.size >= point.size for one in openings if one.resumes.epoch > point.epoch)


@dataclass
class _Tree:
    size: int = 0
    edge: list[bytes] = field(default_factory=list)

    def copy(self) -> _Tree:
        return _Tree(self.size, list(self.edge))

    def grow(self, leaves: Sequence[bytes]) -> list[merkle.Completed]:
        self.size, self.edge, completed = merkle.append(self.size, self.edge, leaves)
        return completed

    @property
    def root(self) -> bytes:
        return merkle.root(self.size, self.edge)


class SealWalk:
    """``nodes``: the content of ``ledger.nodes``."""

    def __init__(
        self, signed: Sequence[Point], nodes: Mapping[merkle.Place, bytes], findings: Findings
    ) -> None:
        self._signed = list(signed)
        self._nodes = dict(nodes)
        self._findings = findings
        self._trees = [_Tree()]
        self._proven = 0
        self._next = 0
        self._lost: int | None = None

    def grow(self, leaves: Sequence[bytes], stored: Mapping[int, bytes]) -> None:
        """The next leaves. ``stored``: by position, what is stored in the place of some of them."""
        done = 0
        while self._trees and done < len(leaves):
            size = self._trees[0].size
            room = len(leaves) - done
            if self._next < len(self._signed):
                room = min(room, self._signed[self._next].size - size)
            self._extend(leaves[done : done + room], stored)
            self._compare()
            done += room

    def lose(self, position: int) -> None:
        """From this position on no tree can be computed: what was there before is not there."""
        self._trees = []
        self._lost = self._lost or position

    def end(self, head: int, kept: Sequence[tuple[int, bytes]]) -> None:
        """After the last event. ``kept``: the content of ``ledger.tree``."""
        last = self._signed[-1].size if self._signed else 0
        if self._lost and self._lost <= min(last, head):
            self._findings.add(Kind.UNPROVEN, self._lost, min(last, head))
        if last > head:
            self._findings.add(Kind.MISSING, head + 1, last, f"{last} événements ont été signés")
        if len(kept) != 1 or None in kept[0]:
            self._findings.add(
                Kind.TREE, 1, max(head, 1), "ledger.tree n'a pas une ligne entière et une seule"
            )
            return
        ((size, edge),) = kept
        if size != head:
            wrong = sorted((size, head))
            self._findings.add(Kind.TREE, wrong[0] + 1, wrong[1], f"il est fait de {size} feuilles")
        elif self._trees:
            self._compare_edge(edge)
        if self._trees:
            for level, index in sorted(self._nodes):
                self._tree_differs(level, index)

    def _extend(self, leaves: Sequence[bytes], stored: Mapping[int, bytes]) -> None:
        first = self._trees[0].size + 1
        kept = (
            [stored.get(position, leaf) for position, leaf in enumerate(leaves, first)] if stored else leaves
        )
        if kept != leaves and len(self._trees) == 1:
            self._trees.append(self._trees[0].copy())
        grown = [tree.grow(each) for tree, each in zip(self._trees, (leaves, kept), strict=False)]
        for alike in zip(*grown, strict=True):
            level, index, _ = alike[0]
            if self._nodes.pop((level, index), None) not in {node for _, _, node in alike}:
                self._tree_differs(level, index)

    def _compare(self) -> None:
        """Holds the trees against what was signed at their size, and keeps those that agree."""
        size = self._trees[0].size
        signed = set()
        while self._next < len(self._signed) and self._signed[self._next].size == size:
            signed.add(self._signed[self._next].root)
            self._next += 1
        if not signed or self._lost:
            return
        if len(signed) > 1:
            self._findings.add(Kind.UNDECLARED, 1, size, "deux registres différents ont été signés")
        agreeing = [tree for tree in self._trees if tree.root in signed]
        if agreeing:
            self._trees, self._proven = agreeing, size
        else:
            self._findings.add(Kind.REWRITTEN, self._proven + 1, size)
            self._lost = size + 1

    def _compare_edge(self, edge: bytes) -> None:
        kept = merkle.unpacked(edge)
        start = 0
        spans = [1 << bit for bit in range(self._trees[0].size.bit_length() - 1, -1, -1)]
        spans = [span for span in spans if span & self._trees[0].size]
        for number, span in enumerate(spans):
            if kept[number : number + 1] not in [tree.edge[number : number + 1] for tree in self._trees]:
                self._findings.add(Kind.TREE, start + 1, start + span, "son bord")
            start += span
        if len(kept) > len(spans):
            self._findings.add(Kind.TREE, 1, start, "son bord est trop long")

    def _tree_differs(self, level: int, index: int) -> None:
        """``level`` and ``index`` may be what somebody has made up."""
        span = 1 << max(0, min(level, 62))
        first = max(0, index) * span
        self._findings.add(Kind.TREE, first + 1, first + span, f"niveau {level}, rang {index}")
