"""Tables as people open them: a CSV file and a sheet of a workbook, cell by cell the same.

A spreadsheet takes a text that begins with = + - @ or a tab for a formula, and runs it. Such a text gets an
apostrophe before it, and so does one that begins with an apostrophe: taking the first apostrophe away, where
there is one, always gives back what was recorded.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, Final
from xml.sax.saxutils import escape

from api.export.spool import Spool
from domain.calendar import PARIS
from projections.persons import ForgottenValue, UnreadableValue, WithheldValue

FORGOTTEN: Final = "[effacé]"
UNREADABLE: Final = "[illisible]"
WITHHELD: Final = "[non communiqué]"
MOST_SIGNS: Final = 32_767
"""Of a cell of a workbook: what is longer is whole in the CSV file only."""
MOST_ROWS: Final = 1_048_576
"""Of a sheet, its header included."""

_RUN: Final = tuple("=+-@\t\r\n'\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
                    "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BOM: Final = "\ufeff"
_SHEET: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews>'
    '<sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    "</sheetView></sheetViews><sheetData>"
)
_SHEET_ENDS: Final = "</sheetData></worksheet>"

Cell = str | int
"""As it is written: a text without danger, or a number."""


def cell(value: Any) -> Cell:
    """A value of a read model as a cell: days read 2025-12-05, instants 2025-12-05T10:00:00+01:00 (Paris)."""
    match value:
        case None:
            return ""
        case bool():
            return "oui" if value else "non"
        case int():
            return value
        case ForgottenValue():
            return FORGOTTEN
        case UnreadableValue():
            return UNREADABLE
        case WithheldValue():
            return WITHHELD
        case datetime():
            return value.astimezone(PARIS).isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case Enum():
            return guarded(str(value.value))
        case list() | tuple():
            return guarded(", ".join(str(one) for one in value))
        case _:
            return guarded(str(value))


def guarded(text: str) -> str:
    """The text as no spreadsheet runs it."""
    return f"'{text}" if text.startswith(_RUN) else text


def unguarded(text: str) -> str:
    """What was recorded, from what ``guarded`` gave."""
    return text.removeprefix("'")


class Table:
    """One kind of rows, on its way into a CSV file (``;``, UTF-8 with a mark) and a sheet."""

    def __init__(self, name: str, title: str, header: Sequence[str]) -> None:
        self.name = name
        self.title = title
        self.rows = 0
        self.csv = Spool()
        self.sheet = Spool()
        self.csv.write(_BOM.encode())
        self.sheet.write(_SHEET.encode())
        self._width = len(header)
        self._line(header)

    def add(self, values: Iterable[Any]) -> None:
        """One row. Raises ``ValueError`` unless it has a value for each column."""
        cells = [cell(value) for value in values]
        if len(cells) != self._width:
            raise ValueError(f"{self.name} has {self._width} columns, not {len(cells)}")
        self._line(cells)
        self.rows += 1

    def finish(self) -> None:
        self.sheet.write(_SHEET_ENDS.encode())

    def close(self) -> None:
        self.csv.close()
        self.sheet.close()

    def _line(self, cells: Sequence[Cell]) -> None:
        line = io.StringIO(newline="")
        csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(cells)
        self.csv.write(line.getvalue().encode())
        if self.rows < MOST_ROWS - 2:
            self.sheet.write(_row(cells).encode())
        elif self.rows == MOST_ROWS - 2:
            self.sheet.write(_row([f"La suite est dans {self.name}.csv."]).encode())


def _row(cells: Sequence[Cell]) -> str:
    return f"<row>{''.join(map(_xml, cells))}</row>"


def _xml(value: Cell) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)
    if len(text) > MOST_SIGNS:
        text = text[: MOST_SIGNS - 1] + "…"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>' if text else "<c/>"
