"""No count that is hidden can be worked out from those that are told, by whoever knows the rule itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain import figures
from domain.families import FAMILIES
from domain.figures import CERTIFIED, EVERYBODY, HOURS, STATES, STEPS, VALID, Cell, Group, Told
from domain.mentor.parts import Status
from domain.sectors import DIVISIONS, SECTIONS, UNTOLD, division_of, section_of

POSSIBLE = [
    (0, "candidate"),
    (0, "lapsed"),
    *[(furthest, step) for furthest in range(1, 5) for step in STEPS[1 : furthest + 1]],
    (5, "cleared"),
    (5, "suspended"),
    *[(furthest, "left") for furthest in range(6)],
    *[(furthest, "refused") for furthest in range(5)],
]
"""The highest step that somebody may have reached, and where they may then be."""

NAF = ["62", "10", "86", "47", UNTOLD]


@st.composite
def groups(draw: st.DrawFn) -> Group:
    places = draw(st.lists(st.sampled_from(sorted(POSSIBLE)), min_size=1, max_size=8, unique=True))
    progress = {place: draw(st.integers(1, 24)) for place in places}
    everybody = sum(progress.values())
    cuts = sorted(draw(st.lists(st.integers(0, everybody), min_size=4, max_size=4)))
    sizes = [after - before for before, after in zip([0, *cuts], [*cuts, everybody], strict=True)]
    certified = draw(st.integers(0, everybody))
    return Group(
        "association-face",
        "2025-2026",
        progress=progress,
        divisions={code: size for code, size in zip(NAF, sizes, strict=True) if size},
        families={"mer": draw(st.integers(0, everybody))},
        certified=certified,
        valid=draw(st.integers(0, certified)),
        certificates=certified,
        minutes=240 * certified,
    )


@given(groups())
@settings(max_examples=300, deadline=None)
def test_outside_nothing_is_told_but_multiples_of_five_that_are_not_above_the_count(group: Group) -> None:
    counts = group.counts()
    shown = figures.told(group)
    for cell, count in counts.items():
        told = shown[cell]
        assert told is None or (told % 5 == 0 and 5 <= told <= count < told + 5), cell
        assert told is not None or count < 5 or shown[EVERYBODY] is None, cell


@given(groups())
@settings(max_examples=300, deadline=None)
def test_a_part_is_never_told_with_more_than_its_whole(group: Group) -> None:
    shown = figures.told(group)
    reached = [shown[Cell("reached", step)] or 0 for step in STEPS]
    assert reached == sorted(reached, reverse=True)
    assert (shown[VALID] or 0) <= (shown[CERTIFIED] or 0)


@given(groups())
@settings(max_examples=300, deadline=None)
@example(Group("a", "y", progress={(0, "candidate"): 4, (5, "cleared"): 20}, divisions={"62": 24}))
def test_solving_the_equations_between_the_counts_leaves_every_hidden_one_open(group: Group) -> None:
    shown = figures.told(group)
    for cell, (low, high) in _solved(shown).items():
        assert shown[cell] is not None or low < high, cell


def test_a_group_where_the_equations_would_tell_a_count_is_hidden_whole() -> None:
    """Forty came, and ten hidden counts of four at most share them: each of the ten would be four."""
    steps = [(rung, step) for rung, step in enumerate(STEPS)]
    places = [*steps, (5, "suspended"), (0, "left"), (0, "lapsed"), (0, "refused")]
    pinned = Group("a", "y", progress=dict.fromkeys(places, 4), divisions={"62": 40})
    shown = {cell: figures.rounded(n) for cell, n in pinned.counts().items()}
    assert shown[EVERYBODY] == 40
    assert _solved(shown)[Cell("now", "left")] == (4, 4)

    beside = Group("a", "y", progress=dict.fromkeys(places, 4) | {places[0]: 3}, divisions={"62": 39})

    assert set(figures.told(pinned).values()) == {None}
    assert figures.told(beside)[EVERYBODY] == 35


def test_somebody_in_a_state_that_their_steps_do_not_lead_to_hides_the_group() -> None:
    group = Group("a", "y", progress={(0, "cleared"): 30}, divisions={"62": 30})
    assert set(figures.told(group).values()) == {None}


# An adversary that solves -----------------------------------------------------------------------------

Bounds = dict[Any, tuple[int, int]]


def _solved(shown: Told) -> Mapping[Cell, tuple[int, int]]:
    """Between what each count lies, by every equation in turn until none tells more."""
    cells = [cell for cell in shown if cell.kind in {"reached", "now", "section"}]
    known: Bounds = {cell: figures.bounds(shown[cell]) for cell in cells}
    known |= dict.fromkeys(POSSIBLE, (0, 10_000))
    equations = list(_equations())
    while sum(_tightened(known, *equation) for equation in equations):
        pass
    return {cell: known[cell] for cell in cells}


def _equations() -> Iterator[tuple[list[Any], list[Any]]]:
    """What adds up to the same: two lists of counts, of those who reached and stand somewhere, and of all."""
    reached = [Cell("reached", step) for step in STEPS]
    yield [reached[0]], [Cell("section", code) for code in (*SECTIONS, UNTOLD)]
    yield [reached[0]], [Cell("now", state) for state in STATES]
    for rung, cell in enumerate(reached):
        yield [cell], [*reached[rung + 1 : rung + 2], *(p for p in POSSIBLE if p[0] == rung)]
    for state in STATES:
        yield [Cell("now", state)], [place for place in POSSIBLE if place[1] == state]


def _tightened(known: Bounds, left: list[Any], right: list[Any]) -> bool:
    """Whether one equation tells more of anything in it."""
    before = [known[one] for one in (*left, *right)]
    for these, those in ((left, right), (right, left)):
        low, high = (sum(known[one][side] for one in those) for side in (0, 1))
        for one in these:
            others = [other for other in these if other is not one]
            least = low - sum(known[other][1] for other in others)
            most = high - sum(known[other][0] for other in others)
            known[one] = max(known[one][0], least), min(known[one][1], most)
    return before != [known[one] for one in (*left, *right)]


# A world small enough for each of its states to be gone through ---------------------------------------


def test_of_all_the_worlds_in_which_the_same_is_told_two_differ_in_each_hidden_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two steps, three states, two sectors, a threshold of two, up to six mentors: every world, put together
    by what is told in it."""
    _small(monkeypatch)
    found: dict[Any, dict[Cell, set[int]]] = defaultdict(lambda: defaultdict(set))
    within = set()
    hidden_whole = 0
    for group in _worlds(6):
        counts = group.counts()
        shown = figures.told(group)
        key = tuple(sorted(shown.items()))
        for cell, count in counts.items():
            found[key][cell].add(count)
        if counts[EVERYBODY] <= 4:
            within.add(key)
        hidden_whole += shown[EVERYBODY] is None and counts[EVERYBODY] >= 2
    assert hidden_whole, "no world was pinned: the network was not looked at"
    assert len(within) > 10
    for key in within:
        for cell, told in key:
            if told is None and cell.kind != "trained":
                assert len(found[key][cell]) > 1, (cell, key)


def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [Cell("reached", "candidate"), Cell("reached", "cleared")]
    cells += [Cell("now", state) for state in ("candidate", "cleared", "left")]
    cells += [Cell("section", code) for code in ("J", UNTOLD)]
    cells += [CERTIFIED, VALID]
    possible = {Status.CANDIDATE: [0], Status.CLEARED: [1], Status.LEFT: [0, 1]}
    for name, value in {
        "LEAST": 2,
        "STEPS": (Status.CANDIDATE, Status.CLEARED),
        "SECTIONS": {"J": ""},
        "_POSSIBLE": possible,
        "_CELLS": cells,
        "_HIDDEN": dict.fromkeys([*cells, figures.CERTIFICATES, HOURS]),
    }.items():
        monkeypatch.setattr(figures, name, value)


def _worlds(most: int) -> Iterator[Group]:
    places = [(0, "candidate"), (0, "left"), (1, "left"), (1, "cleared")]
    for sizes in product(range(most + 1), repeat=4):
        everybody = sum(sizes)
        for coded in range(everybody + 1) if everybody <= most else ():
            progress = {place: n for place, n in zip(places, sizes, strict=True) if n}
            yield Group("a", "y", progress=progress, divisions={"62": coded, UNTOLD: everybody - coded})


# Totals, and what the operator is told ------------------------------------------------------------------


def test_five_are_told_and_four_are_not() -> None:
    assert [figures.rounded(n) for n in (0, 4, 5, 9, 10, 14)] == [None, None, 5, 5, 10, 10]


def test_a_total_is_the_sum_of_what_is_told_and_hidden_when_nothing_is() -> None:
    some, none = {EVERYBODY: 10, VALID: None}, {EVERYBODY: None, VALID: None}
    total = figures.added([some, none, some])
    assert (total[EVERYBODY], total[VALID]) == (20, None)
    assert set(figures.added([]).values()) == {None}


def test_the_operator_is_told_everything_and_a_zero_is_a_zero() -> None:
    group = Group(
        "a",
        "y",
        progress={(0, "candidate"): 1, (5, "cleared"): 2},
        divisions={"62": 2, UNTOLD: 1},
        families={"mer": 1},
        certified=2,
        valid=1,
        certificates=3,
        minutes=690,
    )
    shown = figures.exact(group)
    assert [shown[Cell("reached", step)] for step in STEPS] == [3, 2, 2, 2, 2, 2]
    assert (shown[Cell("now", "cleared")], shown[Cell("now", "left")]) == (2, 0)
    assert (shown[Cell("section", "J")], shown[Cell("division", "62")], shown[Cell("section", "A")]) == (
        2,
        2,
        0,
    )
    assert (shown[CERTIFIED], shown[VALID], shown[figures.CERTIFICATES], shown[HOURS]) == (2, 1, 3, 12)
    assert shown[Cell("family", "mer")] == 1


def test_hours_outside_are_those_that_five_by_five_are_told() -> None:
    group = Group(
        "a",
        "y",
        {(5, "cleared"): 43},
        {"62": 43},
        certified=43,
        certificates=50,
        minutes=43 * 250,
        told_minutes=40 * 250,
    )
    shown = figures.told(group)
    assert shown[CERTIFIED] == 40
    assert shown[HOURS] == 167
    assert shown[figures.CERTIFICATES] is None


# Sectors ----------------------------------------------------------------------------------------------


def test_every_division_has_its_section_and_its_label() -> None:
    assert (len(SECTIONS), len(DIVISIONS)) == (21, 88)
    assert {section_of(code) for code in DIVISIONS} == set(SECTIONS)
    assert all(label == label.strip() and label for label in (*SECTIONS.values(), *DIVISIONS.values()))
    assert all(code.isdecimal() and len(code) == 2 for code in DIVISIONS)


@pytest.mark.parametrize(
    ("naf", "division", "section"),
    [("62.01Z", "62", "J"), ("10", "10", "C"), ("40.00Z", UNTOLD, UNTOLD), (None, UNTOLD, UNTOLD)],
)
def test_a_naf_code_tells_its_sector(naf: str | None, division: str, section: str) -> None:
    assert (division_of(naf), section_of(naf)) == (division, section)


def test_families_are_counted_beside_each_other() -> None:
    assert {cell.code for cell in Group("a", "y").counts() if cell.kind == "family"} == set(FAMILIES)
