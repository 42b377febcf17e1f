"""What may be told of small numbers of mentors to whoever is not their operator.

A group is the mentors of one association who came in one school year. Outside its association every count of
a group is rounded down to a multiple of 5, those under 5 are hidden, and a total is only ever the sum of what
is told of its groups: no filter tells more than the groups do. What is not a count, a median or hours, is
taken of as many as are told, the first who came so far: it moves when five more are told of, and not with
each. Within a group the counts are tied (states add
up to the candidacies, so do sectors): a group is told at all only if each count hidden in it might as well
be another one, by the very same figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from domain.families import FAMILIES
from domain.mentor.parts import LADDER, Status
from domain.sectors import SECTIONS, UNTOLD, section_of

LEAST: Final = 5
"""Nothing under it is told outside; what is told is a multiple of it."""

STEPS: Final = (*LADDER, Status.CLEARED)
STATES: Final = (*STEPS, Status.SUSPENDED, Status.LEFT, Status.LAPSED, Status.REFUSED)

_TOP: Final = len(STEPS) - 1
_POSSIBLE: Final = {
    **{step: range(rung, max(rung, _TOP - 1) + 1) if rung else range(1) for rung, step in enumerate(STEPS)},
    Status.SUSPENDED: range(_TOP, _TOP + 1),
    Status.LEFT: range(_TOP + 1),
    Status.LAPSED: range(1),
    Status.REFUSED: range(_TOP),
}
"""The highest steps that whoever is in a state may have reached: a second interview or a certificate that has
run out takes somebody one rung down."""


class Cell(NamedTuple):
    """A count: ``reached`` or ``now`` at a step, by ``section``, ``division``, ``family``, ``trained``."""

    kind: str
    code: str


Told = Mapping[Cell, int | None]
"""``None`` for a count that is hidden."""

CERTIFIED: Final = Cell("trained", "certified")
VALID: Final = Cell("trained", "valid")
CERTIFICATES: Final = Cell("trained", "certificates")
HOURS: Final = Cell("trained", "hours")
EVERYBODY: Final = Cell("reached", STEPS[0])


@dataclass(frozen=True)
class Group:
    """The mentors of an association who came in a school year, counted.

    ``progress``: by the highest step ever reached (its place in ``STEPS``) and the present state;
    ``divisions``: of the NAF, ``UNTOLD`` included; ``certified``, ``valid``: who holds a certificate, or one
    that counts; ``minutes`` of them, and ``told_minutes``: of the first, the second… certificate that each
    holds, those of the first of them, five by five.
    """

    association: str
    school_year: str
    progress: Mapping[tuple[int, str], int] = field(default_factory=dict)
    divisions: Mapping[str, int] = field(default_factory=dict)
    families: Mapping[str, int] = field(default_factory=dict)
    certified: int = 0
    valid: int = 0
    certificates: int = 0
    minutes: int = 0
    told_minutes: int = 0

    def counts(self) -> dict[Cell, int]:
        """Everything that is counted, zeros included."""
        found = dict.fromkeys(_CELLS, 0)
        for (furthest, state), n in self.progress.items():
            found[Cell("now", state)] += n
            for step in STEPS[: furthest + 1]:
                found[Cell("reached", step)] += n
        for division, n in self.divisions.items():
            found[Cell("section", section_of(division))] += n
        found |= {Cell("family", code): n for code, n in self.families.items()}
        return found | {CERTIFIED: self.certified, VALID: self.valid}


_CELLS: Final = (
    *(Cell("reached", step) for step in STEPS),
    *(Cell("now", state) for state in STATES),
    *(Cell("section", code) for code in (*SECTIONS, UNTOLD)),
    *(Cell("family", code) for code in FAMILIES),
    CERTIFIED,
    VALID,
)
_HIDDEN: Final[Told] = dict.fromkeys([*_CELLS, CERTIFICATES, HOURS])


def exact(group: Group) -> Told:
    """What the operator itself is told."""
    divisions = {Cell("division", code): n for code, n in group.divisions.items()}
    whole = {CERTIFICATES: group.certificates, HOURS: round(group.minutes / 60)}
    return group.counts() | divisions | whole


def told(group: Group) -> Told:
    """What anybody else is told: see the module."""
    shown = {cell: rounded(n) for cell, n in group.counts().items()}
    if shown[EVERYBODY] is None or not _each_may_vary(group, shown):
        return _HIDDEN
    hours = None if shown[CERTIFIED] is None else round(group.told_minutes / 60)
    return shown | {CERTIFICATES: None, HOURS: hours}


def added(groups: Iterable[Told]) -> dict[Cell, int | None]:
    """The sum of what is told of each: hidden when nothing is told of any."""
    total: dict[Cell, int | None] = dict(_HIDDEN)
    for group in groups:
        for cell, n in group.items():
            if n is not None:
                total[cell] = (total.get(cell) or 0) + n
    return total


def rounded(count: int) -> int | None:
    """The multiple of 5 at or below the count; ``None`` under 5."""
    return count // LEAST * LEAST or None


# Whether a hidden count could be worked out ---------------------------------------------------------
#
# The counts of a group are the flows of a network: from the sectors into « candidate », from step to step as
# far as each mentor went, and out through the states. What is told of a count bounds it. It can be worked out
# only if its flow cannot be changed by one, either way, around some circle of the network.


_Way = tuple[str, str]


class _Flow(NamedTuple):
    """``cell``: the count that it is, if any, which for all one knows lies between ``low`` and ``high``."""

    tail: str
    head: str
    amount: int
    cell: Cell | None = None
    low: int = 0
    high: int | None = None

    def ways(self) -> Iterator[_Way]:
        """From where to where one more, or one fewer the other way, may still flow."""
        if self.high is None or self.amount < self.high:
            yield self.tail, self.head
        if self.amount > self.low:
            yield self.head, self.tail


def bounds(shown: int | None) -> tuple[int, int]:
    """Between what a count lies, for whoever knows this rule."""
    low = shown or 0
    return low, low + LEAST - 1


def _each_may_vary(group: Group, shown: Told) -> bool:
    """Whether, for each hidden count, some other flow of the network has another amount there."""
    if any(state not in _POSSIBLE or rung not in _POSSIBLE[Status(state)] for rung, state in group.progress):
        return False
    flows = list(_flows(group, shown))
    ways = Counter(way for one in flows for way in one.ways())
    onward: dict[str, list[str]] = {}
    for tail, head in ways:
        onward.setdefault(tail, []).append(head)
    hidden = (one for one in flows if one.cell and shown[one.cell] is None)
    return all(_may_vary(list(one.ways()), ways, onward) for one in hidden)


def _flows(group: Group, shown: Told) -> Iterator[_Flow]:
    counts = group.counts()

    def counted(tail: str, head: str, cell: Cell) -> _Flow:
        return _Flow(tail, head, counts[cell], cell, *bounds(shown[cell]))

    for code in (*SECTIONS, UNTOLD):
        yield counted("outside", "sectors", Cell("section", code))
    for former, step in zip(("sectors", *STEPS), STEPS, strict=False):
        yield counted(former, step, Cell("reached", step))
    for state, rungs in _POSSIBLE.items():
        for rung in rungs:
            yield _Flow(STEPS[rung], f"now {state}", group.progress.get((rung, state), 0))
        yield counted(f"now {state}", "outside", Cell("now", state))


def _may_vary(own: list[_Way], ways: Counter[_Way], onward: Mapping[str, list[str]]) -> bool:
    """Whether a flow, given its own ways, can be changed by one: by a circle of other ways that closes it."""
    only = {way for way in own if ways[way] == 1}
    return any(_leads(head, tail, onward, only) for tail, head in own)


def _leads(start: str, goal: str, onward: Mapping[str, list[str]], closed: set[_Way]) -> bool:
    seen, ahead = {start}, [start]
    while ahead and goal not in seen:
        here = ahead.pop()
        found = [place for place in onward.get(here, ()) if place not in seen and (here, place) not in closed]
        seen.update(found)
        ahead += found
    return goal in seen
