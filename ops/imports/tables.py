"""A table as people have it, CSV or XLSX: its rows by canonical column names, in the file's own numbering."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

from domain.imports.parts import CSV, MOST_BYTES, MOST_LINES, XLSX
from domain.territory import fold
from ops.imports.faults import Fault, Faults, unreadable

LONGEST_CELL: Final = 200
MOST_COLUMNS: Final = 100
MOST_ABOVE: Final = 9
"""Lines that may stand above the titles."""
LOST: Final = "\N{REPLACEMENT CHARACTER}"
"""In the place of a sign that could not be read."""
STATE: Final = "mentorat : état"
REMARK: Final = "mentorat : remarque"
"""The columns that a file sent back has in addition."""


@dataclass(frozen=True)
class Column:
    """What a column means: the title that we would give it, the others that mean the same whatever their case
    and accents, whether a file must have it, and how many characters fit in."""

    title: str
    synonyms: tuple[str, ...] = ()
    required: bool = False
    longest: int = LONGEST_CELL


Columns = Mapping[str, Column]
_SMALL: Final = frozenset(["d", "de", "des", "du", "en", "l", "la", "le", "les"])


def alike(title: str) -> str:
    """What titles of one meaning have in common: no case, accent, sign or small word."""
    return " ".join(word for word in fold(title).split() if word not in _SMALL)


@dataclass(frozen=True)
class Cell:
    """What a cell says, stripped. ``number``: it was one, not a text (XLSX); ``error``: it is a formula's."""

    text: str
    number: bool = False
    error: bool = False


@dataclass(frozen=True)
class RawRow:
    """A line of the file as it stands: its number, all its cells."""

    line: int
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Row:
    """A line by canonical column names."""

    line: int
    cells: Mapping[str, str]
    numbers: frozenset[str] = frozenset()

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass
class Table:
    """The rows, how the file titles its columns, and those that mean nothing here. ``header``: the line
    of the titles; ``width``: how many columns say something; ``delimiter``: between the cells of a
    text; ``faults``: what is wrong in it so far."""

    columns: Columns
    rows: list[Row]
    titles: Mapping[str, str]
    left_aside: list[str]
    media_type: str
    header: int = 1
    width: int = 0
    delimiter: str = ""
    faults: Faults = field(default_factory=Faults)

    def fault(self, row: Row, column: str, problem: str, remedy: str, value: str | None = None) -> None:
        """Something is wrong with a cell of that row; ``column`` by its canonical name, empty for none. Of a
        cell the first fault alone is told: the others follow from it."""
        said = self.title(column) if column else ""
        if column and self.faults.at(row.line, said):
            return
        found = (row[column] if value is None else value)[:LONGEST_CELL]
        self.faults.add(Fault(row.line, said, found, problem, remedy))

    def title(self, column: str) -> str:
        """As the file writes it, or as we would."""
        return self.titles.get(column) or self.columns[column].title


def media_type_of(body: bytes) -> str:
    """By the first bytes: an XLSX file is a zip archive."""
    return XLSX if body.startswith(b"PK\x03\x04") else CSV


def read_table(body: bytes, columns: Columns) -> Table:
    """The rows of the file.

    Raises ``UnreadableFile``: too large, binary, no recognisable delimiter, a column missing or twice there.
    Columns that mean nothing here are left aside.
    """
    from ops.imports import delimited, workbooks

    if len(body) > MOST_BYTES:
        raise unreadable(0, "", f"Le fichier dépasse {MOST_BYTES // 1024 // 1024} Mio.", "Découpez-le.")
    media_type, delimiter = media_type_of(body), ""
    meant = _meanings(columns)
    if media_type == XLSX:
        lines = workbooks.read(body)
    else:
        file = delimited.opened(body, meant)
        lines, delimiter = file.rows(), file.delimiter
    header, rows = _header(lines, columns, meant)
    if len(header.cells) > MOST_COLUMNS:
        problem = f"Le fichier a plus de {MOST_COLUMNS} colonnes."
        raise unreadable(header.line, "", problem, "Retirez-en.")
    names = _names(header, columns, meant)
    titles = {name: cell.text for name, cell in zip(names, header.cells, strict=True) if name}
    own = {fold(STATE), fold(REMARK)}
    left = [
        cell.text
        for name, cell in zip(names, header.cells, strict=True)
        if name is None and cell.text and fold(cell.text) not in own
    ]
    table = Table(columns, [], titles, left, media_type, header.line, len(header.cells), delimiter)
    for raw in rows:
        if len(table.rows) == MOST_LINES:
            raise unreadable(0, "", f"Le fichier a plus de {MOST_LINES} lignes.", "Découpez-le.")
        _take(table, raw, names)
    return table


def _take(table: Table, raw: RawRow, names: Sequence[str | None]) -> None:
    """Adds a line, and says what no column would take."""
    cells = {name: cell for name, cell in zip(names, raw.cells, strict=False) if name}
    numbers = frozenset(name for name, cell in cells.items() if cell.number)
    row = Row(raw.line, {name: cell.text for name, cell in cells.items()}, numbers)
    table.rows.append(row)
    said = (number for number, one in enumerate(raw.cells, start=1) if one.text or one.error)
    table.width = max(table.width, *said, 0)
    surplus = [cell.text for cell in raw.cells[len(names) :] if cell.text]
    if surplus and table.media_type == CSV:
        problem = f"La ligne a {len(raw.cells)} cellules pour {len(names)} colonnes."
        remedy = "Mettez entre guillemets les valeurs qui contiennent le séparateur."
        table.fault(row, "", problem, remedy, surplus[0])
    for name, cell in cells.items():
        if cell.error:
            table.fault(row, name, "La formule n'a pas de valeur.", "Remplacez-la par sa valeur.")
        elif len(cell.text) > table.columns[name].longest:
            most = table.columns[name].longest
            table.fault(row, name, f"La cellule dépasse {most} caractères.", "Abrégez-la.")
        elif LOST in cell.text:
            remedy = "Retapez la cellule, et enregistrez le fichier en UTF-8."
            table.fault(row, name, "La cellule contient un caractère illisible.", remedy)
        elif any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in cell.text):
            shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in cell.text)
            table.fault(row, name, "La cellule contient un caractère de contrôle.", "Retirez-le.", shown)
        elif table.columns[name].required and not cell.text:
            table.fault(row, name, "La cellule est vide.", "Remplissez-la.")
    for name, column in table.columns.items():
        if column.required and name not in cells:
            table.fault(row, name, "La cellule est vide.", "Remplissez-la.")


def _meanings(columns: Columns) -> dict[str, str]:
    """Which column a title means."""
    return {
        alike(word): name
        for name, column in columns.items()
        for word in (name.replace("_", " "), column.title, *column.synonyms)
    }


def _header(
    lines: Iterator[RawRow], columns: Columns, meant: Mapping[str, str]
) -> tuple[RawRow, Iterator[RawRow]]:
    """The line of the titles, and the lines below: a title of the whole, or what a spreadsheet notes for
    itself, may stand above. The first line that has every column that must be there, else the most of them.
    """
    first = list(islice(lines, MOST_ABOVE + 1))
    required = {name for name, column in columns.items() if column.required}
    found = [{meant[word] for cell in row.cells if (word := alike(cell.text)) in meant} for row in first]
    whole = (number for number, names in enumerate(found) if required <= names)
    place = next(whole, max(range(len(first)), key=lambda number: len(found[number])))
    return first[place], chain(first[place + 1 :], lines)


def _names(header: RawRow, columns: Columns, meant: Mapping[str, str]) -> list[str | None]:
    """The canonical name of each column of the file, ``None`` for one that means nothing here."""
    names = [meant.get(alike(cell.text)) for cell in header.cells]
    for name, cell in zip(names, header.cells, strict=True):
        if name and names.count(name) > 1:
            problem = "Plusieurs colonnes disent la même chose."
            raise unreadable(header.line, "", problem, "N'en gardez qu'une.", cell.text)
    for name, column in columns.items():
        if column.required and name not in names:
            words = " ou ".join(f"« {word} »" for word in (column.title, *column.synonyms))
            remedy = f"Ajoutez une colonne intitulée {words}."
            raise unreadable(header.line, "", "Cette colonne manque.", remedy, column.title)
    return names
