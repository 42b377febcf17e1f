"""Reads a table as people have it: ``;`` ``,`` or tab, UTF-8 with or without BOM, or cp1252.

Every fault names its line (the file's own numbering), its column, the value found and the remedy.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.territory import fold

MOST_BYTES: Final = 20_000_000
_DELIMITERS: Final = ";,\t"


@dataclass(frozen=True)
class Fault:
    """What is wrong in one cell, and what to do about it."""

    line: int
    column: str
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"ligne {self.line}" + (f", colonne « {self.column} »" if self.column else "")
        found = f" (lu : « {self.value} »)" if self.value else ""
        return f"{where}{found} : {self.problem} {self.remedy}"


class UnreadableFile(Exception):
    """The file as a whole cannot be read; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True)
class Row:
    """One line of the file. ``cells`` are stripped, by canonical column name."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read_table(path: Path, columns: Mapping[str, tuple[str, ...]], required: set[str]) -> list[Row]:
    """The rows of the file. ``columns``: canonical name → the headers that mean it (accents do not matter).

    Raises ``UnreadableFile``: absent, too large, binary, no recognisable delimiter, a column missing twice
    over or a required one absent. Columns that mean nothing here are left aside.
    """
    text = _text(path)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader)
        names = _names(header, columns, required)
        rows = []
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_row(reader.line_num, header, names, cells))
    except csv.Error as error:
        raise UnreadableFile(
            Fault(
                reader.line_num, "", "", "La ligne est mal formée.", "Vérifiez les guillemets de cette ligne."
            )
        ) from error
    return rows


def _row(line: int, header: list[str], names: list[str | None], cells: list[str]) -> Row:
    if len(cells) > len(header):
        raise UnreadableFile(
            Fault(
                line,
                "",
                cells[len(header)],
                f"La ligne a {len(cells)} cellules pour {len(header)} colonnes.",
                "Mettez entre guillemets les valeurs qui contiennent le séparateur.",
            )
        )
    named = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
    return Row(line, named)


def _text(path: Path) -> str:
    if not path.is_file():
        raise UnreadableFile(Fault(0, "", str(path), "Le fichier n'existe pas.", "Vérifiez son chemin."))
    if path.stat().st_size > MOST_BYTES:
        raise UnreadableFile(Fault(0, "", "", "Le fichier dépasse 20 Mo.", "Découpez-le."))
    raw = path.read_bytes()
    if b"\0" in raw:
        raise UnreadableFile(
            Fault(1, "", "", "Ce n'est pas un fichier texte.", "Enregistrez la feuille au format CSV UTF-8.")
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _cp1252(raw)


def _cp1252(raw: bytes) -> str:
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UnreadableFile(
            Fault(line, "", "", "L'encodage n'est ni UTF-8 ni cp1252.", "Enregistrez le fichier en UTF-8.")
        ) from error


def _delimiter(text: str) -> str:
    header = text.partition("\n")[0]
    best = max(_DELIMITERS, key=header.count)
    if not header.count(best):
        raise UnreadableFile(
            Fault(
                1,
                "",
                header.strip()[:80],
                "Le séparateur des colonnes n'est pas reconnu.",
                "Séparez les colonnes par un point-virgule, une virgule ou une tabulation.",
            )
        )
    return best


def _names(header: list[str], columns: Mapping[str, tuple[str, ...]], required: set[str]) -> list[str | None]:
    meant = {fold(word): name for name, words in columns.items() for word in (name, *words)}
    names = [meant.get(fold(title)) for title in header]
    for name in names:
        if name and names.count(name) > 1:
            raise UnreadableFile(Fault(1, name, "", "Cette colonne figure deux fois.", "N'en gardez qu'une."))
    for name in sorted(required - set(names)):
        words = " ou ".join(f"« {word} »" for word in (name, *columns[name]))
        raise UnreadableFile(
            Fault(1, name, "", "Cette colonne manque.", f"Ajoutez une colonne intitulée {words}.")
        )
    return names
