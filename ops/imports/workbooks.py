"""XLSX: the first sheet of a workbook, its values as the cells give them.

A workbook is a zip archive of XML, and anybody may have made it: what it would unpack to is counted before
anything is unpacked, nothing in it may define entities, and its macros are not wanted.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import chain
from typing import Any, Final
from xml.etree.ElementTree import ParseError, iterparse

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from ops.imports.faults import UnreadableFile, unreadable
from ops.imports.tables import MOST_COLUMNS, Cell, RawRow

MOST_UNPACKED: Final = 96 * 1024 * 1024
"""Bytes, of all the parts of a workbook together."""
MOST_PARTS: Final = 500
MOST_CELLS: Final = 800_000
_LAST_ROW: Final = 1_048_576
"""Of a sheet. A row may claim any number, and the library makes up all those before it."""
_SPREADS: Final = {"mergeCell", "hyperlink"}
"""What the library spreads over each cell of its range when a workbook is opened whole."""
_DECLARATIONS: Final = (b"<!DOCTYPE", b"<!ENTITY")
_CELL: Final = re.compile(rb"<(?:\w+:)?c[ >/]")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[ >/]")
_ENCODED: Final = re.compile(rb"<\?xml[^>]*encoding=[\"'](?!utf-8|us-ascii|iso-8859-1)", re.IGNORECASE)
BROKEN: Final = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
"""What the zip and workbook libraries raise for a file that is not what it says it is."""
_SAVE: Final = "Enregistrez la feuille au format .xlsx depuis votre tableur, sans mot de passe ni macro."


def read(body: bytes) -> Iterator[RawRow]:
    """The lines that say something, one at least. Raises ``UnreadableFile``."""
    rows = _read(body, formulas=examine(body))
    first = next(rows, None)
    if first is None:
        raise unreadable(1, "", "La première feuille du classeur est vide.", "Mettez-y les données.")
    return chain([first], rows)


def _read(body: bytes, *, formulas: bool) -> Iterator[RawRow]:
    """As they are read: whoever has enough of them stops there."""
    try:
        yield from _rows(body, formulas=formulas)
    except BROKEN as broken:
        raise unreadable(0, "", "Le classeur est illisible.", _SAVE) from broken


def examine(body: bytes) -> bool:
    """Whether it has formulas. Raises ``UnreadableFile`` for a workbook that would unpack to too much, or
    holds what it should not."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            _weigh(archive.infolist())
            parts = (archive.read(part) for part in archive.infolist())
            looks = [_look_into(xml) for xml in parts if _is_xml(xml)]
    except UnreadableFile:
        raise
    except BROKEN as broken:
        raise unreadable(0, "", "Le classeur est illisible.", _SAVE) from broken
    if sum(cells for cells, _ in looks) > MOST_CELLS:
        raise unreadable(0, "", f"Le classeur a plus de {MOST_CELLS} cellules.", "Découpez-le.")
    return any(formulas for _, formulas in looks)


def _weigh(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        problem = "Le classeur déplié serait trop volumineux."
        raise unreadable(0, "", problem, "Ne gardez que la feuille à importer, sans image.")
    if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
        raise unreadable(0, "", "Le classeur contient des macros.", _SAVE)
    if any(part.flag_bits & 1 for part in parts):
        raise unreadable(0, "", "Le classeur est chiffré.", _SAVE)


def _is_xml(part: bytes) -> bool:
    """By what it begins with: a sheet may be called anything."""
    return part[:100].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<")


def _look_into(xml: bytes) -> tuple[int, bool]:
    """How many cells a part has, and whether any is a formula. It has no declaration of entities, nor an
    encoding that could hide one."""
    in_two_bytes = xml[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in xml[:64]
    if in_two_bytes or any(word in xml for word in _DECLARATIONS):
        raise unreadable(0, "", "Le classeur contient des déclarations interdites.", _SAVE)
    if _ENCODED.match(xml[:200]):
        raise unreadable(0, "", "Le classeur est dans un encodage inattendu.", _SAVE)
    return len(_CELL.findall(xml)) + _spread(xml), bool(_FORMULA.search(xml))


def _spread(xml: bytes) -> int:
    """How many cells its ranges would be spread over. Raises ``ParseError``, ``ValueError``."""
    if not any(word.encode() in xml for word in _SPREADS):
        return 0
    count = 0
    for _, element in iterparse(io.BytesIO(xml)):  # noqa: S314 - it declares no entity, see _look_into
        reference = element.get("ref") if element.tag.rpartition("}")[2] in _SPREADS else None
        if reference and ":" in reference:
            left, top, right, bottom = range_boundaries(reference)
            count += ((right or MOST_COLUMNS) - (left or 1) + 1) * ((bottom or _LAST_ROW) - (top or 1) + 1)
        element.clear()
    return count


def _rows(body: bytes, *, formulas: bool) -> Iterator[RawRow]:
    """Every row that says something, its formulas by the values that the sheet keeps of them."""
    with _sheet(body, values=True) as values, _sheet(body, values=not formulas) as written:
        # Without formulas both say the same: it is read once.
        both = (
            zip(values.rows, written.rows, strict=True) if formulas else ((row, row) for row in values.rows)
        )
        for number, (found, told) in enumerate(both, start=1):
            if number > _LAST_ROW:
                raise unreadable(0, "", "Une ligne du classeur a un numéro impossible.", _SAVE)
            width = max(_width(found), _width(told) if formulas else 0)
            if not width:
                continue
            cells = [
                _cell(value, formula) for value, formula in zip(found[:width], told[:width], strict=True)
            ]
            if any(cell.text or cell.error for cell in cells):
                yield RawRow(number, cells)


def _width(row: Sequence[Any]) -> int:
    """Up to the last cell that holds something: the others are as many as a line may have."""
    width = 0 if row.count(None) == len(row) else len(row)
    while width and row[width - 1] is None:
        width -= 1
    return width


class _sheet:  # noqa: N801 - used as a statement
    """The first sheet, read line by line, the file closed at the end."""

    def __init__(self, body: bytes, *, values: bool) -> None:
        self._book = load_workbook(io.BytesIO(body), read_only=True, data_only=values, keep_links=False)

    def __enter__(self) -> Any:
        sheet = self._book.worksheets[0]
        # What a file says of its own size may be wrong: lines beyond would be left out without a word.
        sheet.reset_dimensions()
        self.rows = sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()


def _cell(value: Any, written: Any) -> Cell:
    if value is None:
        is_formula = isinstance(written, str) and written.startswith("=")
        return Cell("", error=is_formula)
    if isinstance(value, bool):
        return Cell("oui" if value else "non")
    if isinstance(value, int):
        return Cell(str(value), number=True)
    if isinstance(value, float):
        return Cell(str(int(value)) if value.is_integer() else repr(value), number=True)
    if isinstance(value, datetime):
        return Cell(f"{value:%d/%m/%Y}" if value.time() == time() else f"{value:%d/%m/%Y %H:%M}")
    if isinstance(value, date):
        return Cell(f"{value:%d/%m/%Y}")
    text = str(value).strip()
    return Cell(text, error=bool(re.fullmatch(r"#(REF|N/A|NAME\?|VALUE|DIV/0|NULL|NUM)!?", text)))
