"""CSV as people have it: ``;`` ``,`` or tab, UTF-8 with or without BOM, or cp1252."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from domain.imports.parts import MOST_LINES
from ops.imports.faults import unreadable
from ops.imports.tables import MOST_COLUMNS, Cell, RawRow

_DELIMITERS: Final = ";,\t"
_BOM: Final = b"\xef\xbb\xbf"
_MOST_BREAKS: Final = 10 * MOST_LINES
"""Ends of lines in a file: a cell may hold some, and blank lines are no lines."""


@dataclass(frozen=True)
class Record:
    """One record of the file: the number of its first line, its cells, and its text as it stands."""

    line: int
    cells: list[str]
    text: str


@dataclass(frozen=True)
class Delimited:
    """The file, decoded. ``encoding`` writes it back as it was."""

    text: str
    encoding: str
    delimiter: str

    def records(self) -> Iterator[Record]:
        """Blank lines too, without cells. Raises ``UnreadableFile`` for a quote that is never closed."""
        lines = list(io.StringIO(self.text, newline=""))
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        before = 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem, remedy = "La ligne est mal formée.", "Vérifiez les guillemets de cette ligne."
                raise unreadable(before + 1, "", problem, remedy) from error
            yield Record(before + 1, cells, "".join(lines[before : reader.line_num]))
            before = reader.line_num


def read(body: bytes) -> tuple[RawRow, Iterator[RawRow]]:
    """The header, and the rows that say something. Raises ``UnreadableFile``."""
    records = opened(body).records()
    first = next(records)
    if len(first.cells) > MOST_COLUMNS:
        raise unreadable(1, "", f"Le fichier a plus de {MOST_COLUMNS} colonnes.", "Retirez-en.")
    rows = (_row(one) for one in records if any(cell.strip() for cell in one.cells))
    return _row(first), rows


def opened(body: bytes) -> Delimited:
    """The file with its encoding and its delimiter found out. Raises ``UnreadableFile``."""
    if b"\0" in body:
        problem = "Ce n'est pas un fichier texte."
        raise unreadable(1, "", problem, "Enregistrez la feuille au format XLSX ou CSV UTF-8.")
    if max(body.count(b"\n"), body.count(b"\r")) > _MOST_BREAKS:
        raise unreadable(0, "", f"Le fichier a plus de {MOST_LINES} lignes.", "Découpez-le.")
    try:
        encoding = "utf-8-sig" if body.startswith(_BOM) else "utf-8"
        text = body.decode(encoding)
    except UnicodeDecodeError:
        encoding, text = "cp1252", _cp1252(body)
    return Delimited(text, encoding, _delimiter(text))


def _row(record: Record) -> RawRow:
    return RawRow(record.line, [Cell(cell.strip()) for cell in record.cells])


def _cp1252(body: bytes) -> str:
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        problem = "L'encodage n'est ni UTF-8 ni cp1252."
        raise unreadable(line, "", problem, "Enregistrez le fichier en UTF-8.") from error


def _delimiter(text: str) -> str:
    header = text.partition("\n")[0]
    best = max(_DELIMITERS, key=header.count)
    if not header.count(best):
        problem = "Le séparateur des colonnes n'est pas reconnu."
        remedy = "Séparez les colonnes par un point-virgule, une virgule ou une tabulation."
        raise unreadable(1, header.strip()[:80], problem, remedy)
    return best
