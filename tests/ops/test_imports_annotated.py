"""The same file back: nothing of it changed, two columns more, none of which a spreadsheet works out."""

from __future__ import annotations

import csv as tables
import io

import pytest
from openpyxl import Workbook, load_workbook

from ops.imports.annotate import annotated, as_text
from ops.imports.tables import REMARK, STATE
from tests.ops.importing import HEADER, LINES, Desk, csv, saved, workbook
from tests.ops.test_imports_tables import sheet_with


@pytest.fixture
async def desk() -> Desk:
    return await Desk().open()


async def back(desk: Desk, body: bytes, *, dry_run: bool = False) -> bytes:
    report = await desk.run(body, dry_run=dry_run)
    found = annotated(body, report, written=report.written)
    assert found is not None
    return found


BAD = 'Petit;"Jean\tPaul";;bientôt;"=cmd|\' /C calc\'!A0"'


@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_a_text_keeps_its_format_and_every_one_of_its_signs(
    desk: Desk, delimiter: str, encoding: str, end: str
) -> None:
    body = csv(*LINES, "", BAD, end=end).replace(";", delimiter).encode(encoding)
    text = (await back(desk, body)).decode(encoding)
    given = body.decode(encoding)
    assert (await back(desk, body)).startswith(body[:3])
    for now, before in zip(text.split(end), given.split(end), strict=True):
        assert now.startswith(before)
    rows = list(tables.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert rows[0][-2:] == [STATE, REMARK]
    assert [row[-2] for row in rows[1:4]] == ["correcte"] * 3
    assert rows[4] == []
    assert rows[5][-2] == "à corriger"
    assert "Date de naissance" in rows[5][-1]
    assert [row[:5] for row in rows] == [
        row[:5] for row in tables.reader(given.splitlines(), delimiter=delimiter)
    ]


async def test_each_line_says_what_became_of_it(desk: Desk) -> None:
    await desk.run(csv(LINES[0]))
    text = (await back(desk, csv(*LINES).encode())).decode()
    assert [line.split(";")[5] for line in text.splitlines()] == [
        STATE,
        "déjà connu·e",
        "enregistrée",
        "enregistrée",
    ]


async def test_a_line_shorter_than_the_others_has_its_remark_in_the_right_column(desk: Desk) -> None:
    text = (await back(desk, csv("Seul;Nom").encode())).decode()
    row = next(tables.reader([text.splitlines()[1]], delimiter=";"))
    assert (len(row), row[:5], row[5]) == (7, ["Seul", "Nom", "", "", ""], "à corriger")


async def test_a_file_that_was_annotated_and_mended_can_be_sent_again(desk: Desk) -> None:
    first = (await back(desk, csv(*LINES, "Petit;Jean;jean@exemple.test;bientôt;salarié").encode())).decode()
    mended = first.replace("bientôt", "01/01/1980").encode()
    again = (await back(desk, mended)).decode().splitlines()
    assert again[0] == f"{HEADER};{STATE};{REMARK}"
    assert [line.split(";")[5:] for line in again[1:]] == [["enregistrée", ""]] * 4


async def test_a_workbook_keeps_its_sheets_its_formulas_and_its_cells(desk: Desk) -> None:
    book = Workbook()
    for row in (
        [],
        HEADER.split(";"),
        *(line.split(";") for line in LINES),
        ["Petit", "Jean", "", "bientôt"],
    ):
        book.active.append(row)  # type: ignore[union-attr]
    book.active["G3"] = "=1+1"  # type: ignore[index]
    book.active["H4"] = "une note"  # type: ignore[index]
    book.create_sheet("Autre")["A1"] = "gardé"
    body = saved(book)
    found = load_workbook(io.BytesIO(await back(desk, body)))
    sheet = found.worksheets[0]
    assert found["Autre"]["A1"].value == "gardé"
    assert (sheet["G3"].value, sheet["A3"].value, sheet["B4"].value) == ("=1+1", "Diallo", "Léa")
    assert [sheet.cell(line, 9).value for line in range(2, 7)] == [STATE, *["correcte"] * 3, "à corriger"]
    assert "Date de naissance" in str(sheet.cell(6, 10).value)


async def test_a_workbook_sent_again_is_annotated_in_the_same_columns(desk: Desk) -> None:
    rows = [line.split(";") for line in (HEADER, *LINES)]
    first = await back(desk, workbook(rows), dry_run=True)
    second = load_workbook(io.BytesIO(await back(desk, first))).worksheets[0]
    titles = [second.cell(1, number).value for number in range(1, 10)]
    assert titles == [*HEADER.split(";"), STATE, REMARK, None, None]
    assert second.cell(2, 6).value == "enregistrée"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r="])
def test_what_is_added_is_never_a_formula(start: str) -> None:
    assert as_text(f"{start}1+1").lstrip(" ")[0] == "'" or as_text(f"{start}1+1").startswith(" ")
    assert as_text("\x00\x1b[31m") == "  [31m"


async def test_a_file_that_cannot_be_read_does_not_come_back(desk: Desk) -> None:
    report = await desk.run(b"\0")
    assert annotated(b"\0", report, written=False) is None


async def test_a_workbook_that_reads_but_is_broken_elsewhere_is_reported_without_being_sent_back(
    desk: Desk,
) -> None:
    namespace = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    link = b'<hyperlinks><hyperlink xmlns:r="' + namespace + b'" ref="A1" r:id="rId99"/></hyperlinks>'
    broken = sheet_with(b"</sheetData>" + link)
    report = await desk.run(broken, dry_run=True)
    assert report.lines == 1
    assert annotated(broken, report, written=False) is None
