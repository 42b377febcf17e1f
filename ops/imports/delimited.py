"""CSV as people have it: ``;`` ``,`` or tab, UTF-8 with or without BOM, or cp1252."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from domain.imports.parts import MOST_LINES
from ops.imports.faults import unreadable
from ops.imports.tables import LOST, MOST_ABOVE, Cell, RawRow, alike

_DELIMITERS: Final = ";,\t"
_SAID: Final = re.compile(r'"?sep=([;,\t|])"?')
"""A first line by which Excel is told the delimiter."""
_LONGEST: Final = 20_000
"""Signs of a line by which the delimiter is found out."""
_STRAY: Final = "surrogateescape"
_LOST: Final = re.compile("[\\udc80-\\udcff]")
"""The bytes that are not UTF-8, as they are decoded."""
_OTHERS: Final = (b"\xd0\xcf\x11\xe0", b"%PDF", b"{\\rtf")
"""How files begin that a spreadsheet saves too: .xls, PDF, RTF."""
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

    def rows(self) -> Iterator[RawRow]:
        """The lines that say something, one at least. Raises ``UnreadableFile``."""
        return (_row(one) for one in self.records() if any(cell.strip() for cell in one.cells))

    def encoded(self, text: str) -> bytes:
        """As the file was, its stray bytes too."""
        return text.encode(self.encoding, "replace" if self.encoding == "cp1252" else _STRAY)

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


def opened(body: bytes, meant: Collection[str] = (), delimiter: str = "") -> Delimited:
    """The file with its encoding and its delimiter found out: ``meant`` are the titles that mean something.
    Raises ``UnreadableFile``."""
    if body.startswith(_OTHERS):
        problem = "Un .xls, un classeur à mot de passe ou un PDF ne se lit pas."
        raise unreadable(0, "", problem, "Enregistrez la feuille au format XLSX ou CSV UTF-8.")
    if b"\0" in body:
        problem = "Ce n'est pas un fichier texte."
        raise unreadable(1, "", problem, "Enregistrez la feuille au format XLSX ou CSV UTF-8.")
    if max(body.count(b"\n"), body.count(b"\r")) > _MOST_BREAKS:
        raise unreadable(0, "", f"Le fichier a plus de {MOST_LINES} lignes.", "Découpez-le.")
    encoding = "utf-8-sig" if body.startswith(_BOM) else "utf-8"
    text = body.decode(encoding, _STRAY)
    if not body.startswith(_BOM) and _is_of_another(text):
        encoding, text = "cp1252", _cp1252(body)
    return Delimited(text, encoding, delimiter or _delimiter(text, meant))


def _is_of_another(text: str) -> bool:
    """Whether less of it is UTF-8 than is not: a stray byte or two are faults of their lines."""
    stray = sum("\udc80" <= sign <= "\udcff" for sign in text)
    return stray > sum(sign >= "\x80" for sign in text) - stray


def _row(record: Record) -> RawRow:
    return RawRow(record.line, [Cell(_LOST.sub(LOST, cell.strip())) for cell in record.cells])


def _cp1252(body: bytes) -> str:
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        problem = "L'encodage n'est ni UTF-8 ni cp1252."
        raise unreadable(line, "", problem, "Enregistrez le fichier en UTF-8.") from error


def _delimiter(text: str, meant: Collection[str]) -> str:
    """The one that makes most titles of a line, among the first; a file may have one column only."""
    lines = [line[:_LONGEST] for line in islice(io.StringIO(text), MOST_ABOVE + 1)]
    if said := _SAID.fullmatch(lines[0].strip()) if lines else None:
        return said[1]
    titles, count, best = max(
        (sum(alike(cell) in meant for cell in line.split(one)), line.count(one), one)
        for line in lines or [""]
        for one in _DELIMITERS
    )
    if not titles and not count:
        problem = "Le séparateur des colonnes n'est pas reconnu."
        remedy = "Séparez les colonnes par un point-virgule, une virgule ou une tabulation."
        raise unreadable(1, text.partition("\n")[0].strip()[:80], problem, remedy)
    return best
