"""The results as a page that says plainly what was reached and what was not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.figures import ROWS, Figure, Result, Row, Spread, Unmeasured, number
from benchmarks.notes import METHOD, note_on

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
_BY_NAME: Final = {row.name: row for row in ROWS}


def rendered(machine: Sequence[str], results: Sequence[Result]) -> str:
    """The whole page, every row of the table in it."""
    found = {result.name: result for result in results}
    told = [found.get(row.name) or Unmeasured(row.name, "pas dans cette série") for row in ROWS]
    lines = [
        "# Ce que mesure `make bench`",
        "",
        METHOD,
        "",
        "| mesure | référence, dans la même série | valeur (plus petite – plus grande) | seuil | atteint |",
        "|---|---|---|---|---|",
        *(_cells(row, result) for row, result in zip(ROWS, told, strict=True)),
        "",
        "## Détail et notes",
        "",
        *(f"- **{row.what}** : {_detail(row, result)}" for row, result in zip(ROWS, told, strict=True)),
        "",
        "## La machine",
        "",
        *(f"- {line}" for line in machine),
    ]
    return "\n".join(lines) + "\n"


def line(result: Result) -> str:
    """One result on the terminal."""
    row = _BY_NAME[result.name]
    if isinstance(result, Unmeasured):
        return f"{row.name:16} non mesuré : {result.why}"
    reached = _verdict(row, result)
    head = f"{row.name:16} {_value(row, result.value)}  seuil {row.reach or '–'}  {reached}"
    return "\n    ".join(part for part in (head, result.said, result.spent) if part)


def _cells(row: Row, result: Result) -> str:
    value = _value(row, result.value) if isinstance(result, Figure) else "non mesuré"
    return f"| {row.what} | {row.baseline} | {value} | {row.reach or '–'} | {_verdict(row, result)} |"


def _detail(row: Row, result: Result) -> str:
    if isinstance(result, Unmeasured):
        return f"non mesuré : {result.why}."
    said = [result.said, result.spent, note_on(row, result)]
    return ". ".join(part[0].upper() + part[1:] for part in said if part) + "."


def _verdict(row: Row, result: Result) -> str:
    if isinstance(result, Unmeasured):
        return "non mesuré"
    if row.reach is None:
        return "pour information"
    return "oui" if row.reach.met(result.value.middle) else "**non**"


def _value(row: Row, value: Spread) -> str:
    unit = row.reach.unit if row.reach else "×"
    return f"{number(value.middle)} {unit} ({number(value.low)} – {number(value.high)})"
