"""The figures of the onboarding, counted as of a day and told as the reader may be told them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from domain.figures import EVERYBODY, LEAST, STEPS, Cell, Group, Told, added, exact, told

_COUNTED: Final = """
WITH chosen AS (
    SELECT * FROM read.onboarding_figures
    WHERE (%(association)s::text IS NULL OR association = %(association)s)
      AND (%(academie)s::text IS NULL OR academies @> ARRAY[%(academie)s::text])
      AND (kind = 'association' OR %(school_year)s::text IS NULL OR school_year = %(school_year)s)
), standing AS (
    SELECT c.*, (SELECT s.status FROM unnest(c.statuses, c.since) WITH ORDINALITY AS s (status, day, place)
                 WHERE s.day <= %(day)s ORDER BY s.place DESC LIMIT 1) AS state
    FROM chosen c WHERE NOT merged
), counted AS (
    SELECT s.*, (SELECT count(*) - 1 FROM unnest(s.reached_on) AS r (day) WHERE r.day <= %(day)s) AS furthest,
           t.certificates, t.trained, t.valid
    FROM standing s, LATERAL (
        SELECT count(*) AS certificates, sum(c.minutes) AS trained, bool_or(c.valid_until >= %(day)s) AS valid
        FROM unnest(s.certified, s.valid_until, s.minutes) AS c (day, valid_until, minutes)
        WHERE c.day <= %(day)s) t
    WHERE s.kind = 'mentor' AND s.state IS NOT NULL
), held AS (
    SELECT id, association, school_year, c.day, c.minutes,
           row_number() OVER (PARTITION BY id ORDER BY c.day, c.place) AS turn
    FROM counted, unnest(certified, counted.minutes) WITH ORDINALITY AS c (day, minutes, place)
    WHERE c.day <= %(day)s
), turns AS (
    SELECT association, school_year, minutes,
           count(*) OVER (PARTITION BY association, school_year, turn) AS n,
           row_number() OVER (PARTITION BY association, school_year, turn ORDER BY day, id) AS place
    FROM held
)
SELECT association, school_year, 'progress' AS what, furthest::text AS code, state AS other, count(*) AS n
FROM counted GROUP BY association, school_year, furthest, state
UNION ALL
SELECT association, school_year, 'division', division, NULL, count(*)
FROM counted GROUP BY association, school_year, division
UNION ALL
SELECT association, school_year, 'family', family, NULL, count(*)
FROM counted, unnest(families) AS f (family) GROUP BY association, school_year, family
UNION ALL
SELECT association, school_year, t.what, NULL, NULL, t.n FROM (
    SELECT association, school_year, count(*) FILTER (WHERE certificates > 0) AS certified,
           count(*) FILTER (WHERE valid) AS valid, sum(certificates) AS certificates, sum(trained) AS minutes
    FROM counted GROUP BY association, school_year) g,
    LATERAL (VALUES ('certified', g.certified), ('valid', g.valid), ('certificates', g.certificates::bigint),
                    ('minutes', g.minutes::bigint)) AS t (what, n)
UNION ALL
SELECT association, school_year, 'told_minutes', NULL, NULL, sum(minutes)
FROM turns WHERE place <= n - n %% %(least)s GROUP BY association, school_year
UNION ALL
SELECT association, array_to_string(academies, ' '), 'association', name, state, 0
FROM standing WHERE kind = 'association'
"""

# Step 0: the admission of the association; from 1 on: from one step to the next; one more: the whole path.
# Of each group as many as are told of count, the first who came so far: one more, untold, moves nothing.
_MEDIANS: Final = """
WITH wanted AS (
    SELECT * FROM unnest(%(keys)s::text[], %(associations)s::text[], %(years)s::text[], %(steps)s::int[],
                         %(told)s::int[]) AS w (key, association, school_year, step, told)
), spans AS (
    SELECT w.key, w.step, CASE w.step WHEN %(whole)s THEN r.reached_on[%(whole)s] - r.reached_on[1]
                                      ELSE r.reached_on[w.step + 1] - r.reached_on[w.step] END AS days,
           w.told, row_number() OVER (PARTITION BY w.key, w.association, w.school_year, w.step
                                      ORDER BY r.reached_on[least(w.step + 1, %(whole)s)], r.id) AS place
    FROM wanted w JOIN read.onboarding_figures r USING (association, school_year)
    WHERE w.step > 0 AND r.kind = 'mentor' AND r.reached_on[least(w.step + 1, %(whole)s)] <= %(day)s
      AND NOT r.merged
    UNION ALL
    SELECT w.key, 0, a.admitted - a.opened, 1, 1
    FROM wanted w JOIN read.onboarding_figures r USING (association),
         unnest(r.opened, r.admitted) AS a (opened, admitted)
    WHERE w.step = 0 AND r.kind = 'association' AND a.admitted <= %(day)s
)
SELECT key, step, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS days
FROM spans WHERE place <= told GROUP BY key, step
"""

WHOLE: Final = ""
"""The key of everything that was asked for."""


class Operator(NamedTuple):
    """An association; ``state``: on the day asked for, ``None`` before it was registered."""

    id: str
    name: str
    academies: tuple[str, ...]
    state: str | None


@dataclass(frozen=True)
class Figures:
    """Counts as they may be told, and median numbers of days: ``days[0]`` of an association's admission,
    ``days[n]`` from a step to the next, the last one from candidate to cleared; ``None`` when hidden, or when
    there is nothing to count. ``operators``: associations by their state.
    """

    counts: Told
    days: Sequence[float | None]
    operators: Mapping[str, int]


@dataclass(frozen=True)
class Onboarding:
    """``parts`` by key: an association's id, an académie's code or a school year; ``names`` of associations.
    ``exact``: all of it belongs to whoever asks."""

    whole: Figures
    parts: Mapping[str, Figures]
    names: Mapping[str, str]
    exact: bool


@dataclass(frozen=True)
class OnboardingFilters:
    """``school_year``: of the candidacy."""

    association: str | None = None
    academie: str | None = None
    school_year: str | None = None


async def onboarding(
    connection: AsyncConnection[Any],
    filters: OnboardingFilters,
    day: date,
    group_by: str | None,
    own: Collection[str],
) -> Onboarding:
    """The figures as of a day in Paris, by what is known now. ``group_by``: ``association``, ``academie`` or
    ``school_year``; ``own``: the associations whose exact counts are the reader's own.
    """
    asked = {**vars(filters), "day": day, "least": LEAST}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_COUNTED, asked)
        counted = _Counted.of(await cursor.fetchall(), own)
        keys = list(_keys(counted, filters, group_by))
        await cursor.execute(_MEDIANS, _wanted(counted, keys) | {"day": day, "whole": len(STEPS)})
        rows = await cursor.fetchall()
    days = {(row["key"], row["step"]): row["days"] for row in rows}
    precise = bool(own) and all(one in own for one in counted.operators)
    figures = {key.name: _figures(counted, key, days, precise) for key in keys}
    names = {one.id: one.name for one in counted.operators.values()}
    return Onboarding(figures.pop(WHOLE), figures, names, precise)


@dataclass
class _Counted:
    groups: dict[tuple[str, str], Told] = field(default_factory=dict)
    operators: dict[str, Operator] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], own: Collection[str]) -> _Counted:
        found = cls()
        drafts: dict[tuple[str, str], dict[str, Any]] = {}
        for row in rows:
            association, year, what = row["association"], row["school_year"], row["what"]
            if what == "association":
                operator = Operator(association, row["code"], tuple(year.split()), row["other"])
                found.operators[association] = operator
                continue
            draft = drafts.setdefault((association, year), {"progress": {}, "divisions": {}, "families": {}})
            if what == "progress":
                draft["progress"][int(row["code"]), row["other"]] = row["n"]
            elif what in _NAMED:
                draft[_NAMED[what]][row["code"]] = row["n"]
            else:
                draft[what] = int(row["n"] or 0)
        for (association, year), draft in drafts.items():
            tell = exact if association in own else told
            found.groups[association, year] = tell(Group(association, year, **draft))
        return found


_NOBODY: Final = exact(Group("", ""))
"""Zeros: to itself, an operator without a mentor has none; nothing is hidden."""

_NAMED: Final = {"division": "divisions", "family": "families"}


class _Key(NamedTuple):
    """What figures are told of: ``associations`` and ``school_year``, any of them when ``None``."""

    name: str
    associations: frozenset[str] | None = None
    school_year: str | None = None

    def has(self, association: str, school_year: str) -> bool:
        return (self.associations is None or association in self.associations) and (
            self.school_year is None or school_year == self.school_year
        )


def _keys(counted: _Counted, filters: OnboardingFilters, group_by: str | None) -> Iterator[_Key]:
    """In the order of names and codes. A school year is there only if somebody is told of in it: that a
    hidden count is there would say that it is not zero.
    """
    yield _Key(WHOLE)
    operators = counted.operators.values()
    if group_by == "association":
        for one in sorted(operators, key=lambda operator: (operator.name.casefold(), operator.id)):
            yield _Key(one.id, frozenset({one.id}))
    elif group_by == "academie":
        codes = {code for one in operators for code in one.academies}
        for code in sorted(codes & {filters.academie} if filters.academie else codes):
            yield _Key(code, frozenset(one.id for one in operators if code in one.academies))
    elif group_by == "school_year":
        for label in sorted({year for (_, year), group in counted.groups.items() if group[EVERYBODY]}):
            yield _Key(label, school_year=label)


def _wanted(counted: _Counted, keys: Collection[_Key]) -> dict[str, list[Any]]:
    """Of whom each median is taken: of the groups of which the number is told, and of so many in each."""
    rows = [
        (key.name, association, year, rung, told)
        for key in keys
        for (association, year), group in counted.groups.items()
        if key.has(association, year)
        for rung, step in enumerate((*STEPS[1:], STEPS[-1]), start=1)
        if (told := group[Cell("reached", step)])
    ]
    rows += [(key.name, one, "", 0, 1) for key in keys for one in counted.operators if key.has(one, "")]
    names = ("keys", "associations", "years", "steps", "told")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _figures(counted: _Counted, key: _Key, days: Mapping[tuple[str, int], float], precise: bool) -> Figures:
    states: dict[str, int] = {}
    for one in counted.operators.values():
        if one.state and key.has(one.id, ""):
            states[one.state] = states.get(one.state, 0) + 1
    medians = [days.get((key.name, step)) for step in range(len(STEPS) + 1)]
    if not precise:
        # A half day would tell that they are an even number.
        medians = [medians[0], *(None if one is None else float(int(one + 0.5)) for one in medians[1:])]
    groups = [group for place, group in counted.groups.items() if key.has(*place)]
    return Figures(added([_NOBODY, *groups] if precise else groups), medians, states)
