"""The same file back, with two columns in addition: what became of each line, and what to mend in it.

Format, encoding, delimiter, columns and values are those that were sent. What is added is always a text: no
spreadsheet takes it for a formula.
"""

from __future__ import annotations

import csv
import io
import logging
from typing import Final

from openpyxl import load_workbook
from openpyxl.cell.cell import MergedCell

from domain.imports.parts import XLSX
from domain.territory import fold
from ops.imports import delimited
from ops.imports.report import Report
from ops.imports.tables import MOST_COLUMNS, REMARK, STATE, media_type_of
from ops.imports.workbooks import BROKEN

log = logging.getLogger("mentorat")

FAULTY: Final = "à corriger"
KNOWN: Final = "déjà connu·e"
RECORDED: Final = "enregistrée"
SOUND: Final = "correcte"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_OWN: Final = [fold(STATE), fold(REMARK)]


def annotated(body: bytes, report: Report, *, written: bool) -> bytes | None:
    """``written``: what is sound was recorded. ``None`` for a file whose lines could not be read at all, and
    for a workbook that reads, but of which something else is broken: its report is told without it."""
    if not report.numbers:
        return None
    remarks = {line: _remark(report, line, written=written) for line in report.numbers}
    if media_type_of(body) == XLSX:
        try:
            return _workbook(body, report, remarks)
        except BROKEN as broken:
            log.warning("a workbook cannot be annotated: %s", type(broken).__name__)
            return None
    return _delimited(body, report, remarks)


def as_text(text: str) -> str:
    """Printable, and nothing that a spreadsheet would work out."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def _remark(report: Report, line: int, *, written: bool) -> tuple[str, str]:
    if report.found.at(line):
        return FAULTY, as_text(report.found.of(line))
    sound = RECORDED if written else SOUND
    state = KNOWN if line in report.known_lines else sound
    return state, as_text(report.remarks.get(line, ""))


def _delimited(body: bytes, report: Report, remarks: dict[int, tuple[str, str]]) -> bytes:
    file = delimited.opened(body, delimiter=report.delimiter)
    records, texts = file.records(), list[str]()
    header = next(records)
    while header.line < report.header:
        texts.append(header.text)
        header = next(records)
    had = [fold(cell) for cell in header.cells[-2:]] == _OWN
    width = len(header.cells) - 2 if had else len(header.cells)
    texts.append(_with(file, header, width, had, (STATE, REMARK)))
    for record in records:
        if record.line in remarks:
            texts.append(_with(file, record, width, had, remarks[record.line]))
        else:
            texts.append(record.text)
    return file.encoded("".join(texts))


def _with(
    file: delimited.Delimited, record: delimited.Record, width: int, had: bool, told: tuple[str, str]
) -> str:
    """The record as it stands, then ours; those of an earlier annotation are taken away."""
    bare = record.text.rstrip("\r\n")
    end = record.text[len(bare) :]
    cells = record.cells
    if had and len(cells) > width:
        cells = cells[:width]
        bare = _written(file, cells)
    gap = file.delimiter * max(0, width - len(cells))
    return f"{bare}{gap}{file.delimiter}{_written(file, told)}{end}"


def _written(file: delimited.Delimited, cells: list[str] | tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=file.delimiter, lineterminator="").writerow(cells)
    return text.getvalue()


def _workbook(body: bytes, report: Report, remarks: dict[int, tuple[str, str]]) -> bytes:
    """The whole workbook, its other sheets and its formulas included."""
    book = load_workbook(io.BytesIO(body))
    sheet = book.worksheets[0]
    titles = [
        fold(str(sheet.cell(report.header, number).value or "")) for number in range(1, MOST_COLUMNS + 1)
    ]
    first = titles.index(_OWN[0]) + 1 if _OWN[0] in titles else report.width + 1
    for line, told in {report.header: (STATE, REMARK), **remarks}.items():
        for number, text in enumerate(told, start=first):
            cell = sheet.cell(line, number)
            if not isinstance(cell, MergedCell):
                cell.value = text
                cell.data_type = "s"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
