"""Files as people have them are read, and files that mean harm are refused before they are unpacked."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from domain.imports.parts import MOST_BYTES, MOST_LINES
from ops.imports import tables, workbooks
from ops.imports.faults import MOST_NAMED, UnreadableFile
from ops.imports.mentors import COLUMNS
from ops.imports.tables import Column, Table, read_table
from tests.ops.importing import HEADER, LINES, csv, saved, workbook

WORDS = {"name": Column("Nom", ("patronyme",), required=True), "day": Column("Jour")}


def refused(body: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read_table(body, COLUMNS)
    assert caught.value.fault.remedy, "a fault says what to do"
    return str(caught.value.fault)


def seen(table: Table) -> list[tuple[int, dict[str, str]]]:
    return [(row.line, dict(row.cells)) for row in table.rows]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_three_delimiters_and_three_encodings_say_the_same(delimiter: str, encoding: str, end: str) -> None:
    text = csv(*LINES, end=end).replace(";", delimiter)
    table = read_table(text.encode(encoding), COLUMNS)
    assert seen(table) == seen(read_table(csv(*LINES).encode(), COLUMNS))
    assert table.rows[1]["given_name"] == "Léa"


def test_a_workbook_says_the_same_as_the_text() -> None:
    rows = [line.split(";") for line in (HEADER, *LINES)]
    assert seen(read_table(workbook(rows), COLUMNS)) == seen(read_table(csv(*LINES).encode(), COLUMNS))


@pytest.mark.parametrize(
    ("name", "word"), [(name, word) for name, c in COLUMNS.items() for word in (c.title, *c.synonyms)]
)
def test_every_title_is_known_whatever_its_case_and_accents(name: str, word: str) -> None:
    needed = {"family_name": "Nom", "given_name": "Prénom"}
    needed.pop(name, None)
    for written in (word, word.upper(), word.lower().replace("é", "e").replace("-", " ")):
        table = read_table(";".join([written, *needed.values(), "Autre"]).encode() + b"\nx;y;z\n", COLUMNS)
        assert table.titles[name] == written
        assert table.left_aside == ["Autre"]


def test_no_title_means_two_things() -> None:
    from domain.territory import fold
    from ops.imports import associations, attendance, conventions, mentors

    for columns in (m.COLUMNS for m in (associations, attendance, conventions, mentors)):
        words = [fold(w) for c in columns.values() for w in {fold(w) for w in (c.title, *c.synonyms)}]
        assert len(words) == len(set(words)), sorted(w for w in words if words.count(w) > 1)


def test_lines_are_numbered_as_the_file_numbers_them_also_after_a_cell_of_several_lines() -> None:
    body = b'Nom;Jour\nA;1\n"B\nsuite";2\n\nC;3\n'
    assert [row.line for row in read_table(body, WORDS).rows] == [2, 3, 6]


def test_a_sheet_is_numbered_as_the_spreadsheet_shows_it() -> None:
    table = read_table(workbook([[], ["Nom", "Jour"], ["A"], [], ["B"]]), WORDS)
    assert table.header == 2
    assert [row.line for row in table.rows] == [3, 5]


def test_dates_and_numbers_of_a_workbook_are_read_as_they_are_meant() -> None:
    rows: list[list[Any]] = [
        ["Nom", "Jour"],
        ["a", date(2025, 9, 1)],
        ["b", datetime(2025, 9, 1)],
        ["c", 612345678.0],
    ]
    rows += [["d", 2.5], ["e", True], ["f", 73282932000074], ["g", datetime(2025, 9, 1, 8, 30)]]
    table = read_table(workbook(rows), WORDS)
    texts = ["01/09/2025", "01/09/2025", "612345678", "2.5", "oui", "73282932000074", "01/09/2025 08:30"]
    assert [row["day"] for row in table.rows] == texts
    assert [row["name"] for row in table.rows if "day" in row.numbers] == ["c", "d", "f"]


def test_a_formula_without_its_value_is_a_fault_and_names_its_cell() -> None:
    table = read_table(workbook([["Nom", "Jour"], ["A", "=1+1"]]), WORDS)
    assert [(f.line, f.column) for f in table.faults.named] == [(2, "Jour")]
    assert "formule" in table.faults.named[0].problem


def test_an_error_of_a_formula_is_a_fault() -> None:
    table = read_table(workbook([["Nom", "Jour"], ["A", "#REF!"]]), WORDS)
    assert [(f.line, f.value) for f in table.faults.named] == [(2, "#REF!")]


@pytest.mark.parametrize(
    ("line", "column", "word"),
    [
        (";x", "patronyme", "vide"),
        ("A" * 201 + ";x", "patronyme", "200 caractères"),
        ("A\x1b[31m;x", "patronyme", "contrôle"),
        ('"A\nB";x', "patronyme", "contrôle"),
        ("A;x;;surplus", "", "cellules"),
    ],
)
def test_what_no_cell_may_hold_is_a_fault_by_the_title_of_the_file(line: str, column: str, word: str) -> None:
    table = read_table(f"patronyme;Jour\n{line}\nB;y\n".encode(), WORDS)
    (fault,) = table.faults.named
    assert (fault.line, fault.column) == (2, column)
    assert word in str(fault)
    assert fault.value.isprintable()


def test_faults_beyond_a_number_are_counted() -> None:
    table = read_table(b"Nom;Jour\n" + b";x\n" * (MOST_NAMED + 7), WORDS)
    assert (len(table.faults.named), table.faults.count) == (MOST_NAMED, MOST_NAMED + 7)


def test_a_column_that_is_missing_or_there_twice_is_told_by_its_title() -> None:
    assert "« Nom »" in refused("Prénom;Courriel\na;b\n".encode())
    assert "Plusieurs colonnes" in refused("Nom;Prénom;Courriel;E-mail\n".encode())


def test_more_columns_than_one_import_takes_are_refused() -> None:
    assert "100 colonnes" in refused(("Nom;Prénom" + ";x" * 100).encode())


def test_more_lines_or_bytes_than_one_import_takes_are_refused() -> None:
    assert str(MOST_LINES) in refused("Nom;Prénom\n".encode() + b"a;b\n" * (MOST_LINES + 1))
    assert "20 Mio" in refused(b"a" * (MOST_BYTES + 1))
    assert str(MOST_LINES) in refused("Nom;Prénom".encode() + b"\n" * 10_000_000)


def zipped(**parts: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return body.getvalue()


def tampered(part: str, change: bytes) -> bytes:
    """A workbook with one part replaced."""
    source, body = io.BytesIO(workbook([["Nom", "Prénom"], ["a", "b"]])), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(body, "w") as new:
        for name in old.namelist():
            new.writestr(name, change if name == part else old.read(name))
    return body.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]><worksheet>&c;</worksheet>'


def test_an_archive_that_would_unpack_to_too_much_is_refused_before_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unpacked(*_: object) -> bytes:
        raise AssertionError("it was unpacked")

    bomb = zipped(xl__big_dot_xml=b"0" * (workbooks.MOST_UNPACKED + 1))
    assert len(bomb) < 200_000
    monkeypatch.setattr(zipfile.ZipFile, "read", unpacked)
    assert "volumineux" in refused(bomb)


def test_a_workbook_with_entities_macros_or_a_password_is_refused() -> None:
    assert "interdites" in refused(tampered(SHEET, LAUGHS))
    assert "interdites" in refused(tampered(SHEET, LAUGHS.decode().encode("utf-16")))
    assert "interdites" in refused(tampered(SHEET, LAUGHS.decode().encode("utf-16-le")))
    utf_7 = b'<?xml version="1.0" encoding="utf-7"?><worksheet/>'
    assert "encodage" in refused(tampered(SHEET, utf_7))
    assert "macros" in refused(zipped(xl__vbaProject_dot_bin=b"x"))
    assert "mot de passe" in refused(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"
    )  # what an encrypted workbook, or .xls, is


def test_a_workbook_that_is_not_one_is_refused() -> None:
    assert "illisible" in refused(b"PK\x03\x04\0\0")
    assert "illisible" in refused(zipped(note_dot_txt=b"x"))
    assert "illisible" in refused(tampered(SHEET, b"<worksheet><sheetData>"))
    assert "vide" in refused(saved(Workbook()))


def test_a_workbook_of_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_CELLS", 5)
    assert "cellules" in refused(workbook([["Nom", "Prénom"]] * 3))


def test_a_cell_far_away_does_not_make_every_line_wide() -> None:
    book = Workbook()
    book.active.append(["Nom", "Prénom"])  # type: ignore[union-attr]
    book.active.append(["a", "b"])  # type: ignore[union-attr]
    book.active["XFD3"] = "x"  # type: ignore[index]
    table = read_table(saved(book), COLUMNS)
    assert [row.line for row in table.rows] == [2]


def sheet_with(words: bytes, part: str = SHEET, *, renamed: str = "") -> bytes:
    """A workbook of one line, its sheet with something more at its end, and under another name if asked."""
    source, body = io.BytesIO(workbook([["Nom", "Prénom"], ["a", "b"]])), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(body, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                content = content.replace(b"</sheetData>", words, 1)
            if renamed:
                content = content.replace(b"sheet1.xml", renamed.encode())
            new.writestr(name.replace("sheet1.xml", renamed) if renamed else name, content)
    return body.getvalue()


@pytest.mark.parametrize("number", [b"1048577", b"99999999999", b"1e11"])
def test_a_row_that_claims_an_impossible_number_is_not_waited_for(number: bytes) -> None:
    far = b'<row r="' + number + b'"><c t="n"><v>1</v></c></row></sheetData>'
    assert "numéro impossible" in refused(sheet_with(far))


@pytest.mark.parametrize(
    "words",
    [
        b'</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        b"</sheetData><mergeCells><mergeCell ref='&#65;1:XFD1048576'/></mergeCells>",
        b'</sheetData><mergeCells><mergeCell ref="A:XFD"/></mergeCells>',
        b'</sheetData><hyperlinks><hyperlink ref="A1:XFD1048576" location="x"/></hyperlinks>',
    ],
)
def test_what_would_be_spread_over_a_whole_sheet_is_counted_in_cells(words: bytes) -> None:
    assert "cellules" in refused(sheet_with(words))


def test_lines_beyond_the_size_that_a_sheet_claims_are_read_too() -> None:
    more = b'<row r="3"><c r="A3" t="inlineStr"><is><t>c</t></is></c></row></sheetData>'
    assert [row.line for row in read_table(sheet_with(more), COLUMNS).rows] == [2, 3]


def test_a_few_merged_cells_are_read() -> None:
    words = b'</sheetData><mergeCells count="1"><mergeCell ref="A3:B3"/></mergeCells>'
    assert len(read_table(sheet_with(words), COLUMNS).rows) == 1


def test_a_sheet_is_looked_into_whatever_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    body = sheet_with(b"</sheetData>", renamed="sheet1.dat")
    assert len(read_table(body, COLUMNS).rows) == 1
    monkeypatch.setattr(workbooks, "MOST_CELLS", 3)
    assert "cellules" in refused(body)


def test_nothing_is_held_of_a_file_beyond_the_lines_that_one_import_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = []
    seen_by = tables._take

    def counted(*asked: Any) -> None:
        read.append(1)
        seen_by(*asked)

    monkeypatch.setattr(tables, "_take", counted)
    assert str(MOST_LINES) in refused("Nom;Prénom\n".encode() + b"a;b\n" * (MOST_LINES + 5_000))
    assert len(read) == MOST_LINES
