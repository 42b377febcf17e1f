"""Files as they come out of other tools and other hands: what is unusual is read, what is broken is told."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.association.commands import OpenAdmission
from domain.calendar import paris_day
from domain.links import Channel
from domain.programme.commands import OpenProgramme, programme_id
from domain.programme.rules import Rules, TrainingRules
from ops.imports.annotate import annotated
from ops.imports.faults import UnreadableFile
from ops.imports.mentors import COLUMNS
from ops.imports.report import Report
from ops.imports.tables import STATE, Column, read_table
from tests.ops.importing import HEADER, LINES, Desk, csv, places, workbook
from tests.support import FACE, NATIONAL

ONE = {"name": Column("Association", required=True)}


@pytest.fixture
async def desk() -> Desk:
    return await Desk().open()


def broken(line: str) -> bytes:
    """In UTF-8, but for one sign that another tool wrote in cp1252."""
    return csv(*LINES, line).encode().replace(b"#", b"\xe9")


def test_one_stray_byte_does_not_make_another_encoding_of_a_whole_file() -> None:
    table = read_table(broken("Lef#vre;Jean;jean@exemple.test;;salarié"), COLUMNS)
    assert [row["given_name"] for row in table.rows] == ["Awa", "Léa", "Sokhna", "Jean"]
    (fault,) = table.faults.named
    assert (fault.line, fault.column, fault.value) == (5, "Nom", "Lef\N{REPLACEMENT CHARACTER}vre")
    assert "illisible" in fault.problem


def test_a_file_sent_back_keeps_the_bytes_that_could_not_be_read() -> None:
    body = broken("Lef#vre;Jean;jean@exemple.test;;salarié")
    back = annotated(body, Report.of(read_table(body, COLUMNS)), written=False)
    assert back
    assert b"Lef\xe9vre;Jean" in back
    assert "Léa".encode() in back


def test_a_sign_that_another_tool_had_lost_already_is_told_too() -> None:
    table = read_table(csv("Lef\N{REPLACEMENT CHARACTER}vre;Jean;j@exemple.test;;salarié").encode(), COLUMNS)
    assert [(fault.line, fault.column) for fault in table.faults.named] == [(2, "Nom")]


def test_a_whole_file_in_cp1252_is_read_as_such() -> None:
    table = read_table(csv(*LINES).encode("cp1252"), COLUMNS)
    assert not table.faults
    assert table.rows[1]["given_name"] == "Léa"


@pytest.mark.parametrize(
    "above",
    ["Mentors 2025-2026, année en cours\n", "Mentors;;;;\n\n;;;;\n", "sep=;\n", "sep=;\r\nMentors, liste\n"],
)
def test_what_stands_above_the_titles_is_passed_over_and_sent_back(above: str) -> None:
    body = (above + csv(*LINES)).encode()
    table = read_table(body, COLUMNS)
    header = above.count("\n") + 1
    assert (table.header, [row.line for row in table.rows]) == (header, [header + n for n in (1, 2, 3)])
    back = annotated(body, Report.of(table), written=False)
    assert back
    assert back.decode().startswith(f"{above}{HEADER};{STATE}")
    assert read_table(back, COLUMNS).rows == table.rows


def test_so_it_is_in_a_workbook() -> None:
    rows = [["Mentors de l'année"], [], *(line.split(";") for line in (HEADER, *LINES))]
    table = read_table(workbook(rows), COLUMNS)
    assert (table.header, table.rows[0].line, table.rows[0]["email"]) == (3, 4, "awa@exemple.test")


def test_a_title_that_is_missing_is_looked_for_where_the_others_are() -> None:
    with pytest.raises(UnreadableFile) as refused:
        read_table(b"Liste\nPr\xc3\xa9nom;Courriel\na;b\n", COLUMNS)
    assert (refused.value.fault.line, refused.value.fault.column) == (2, "Nom")


@pytest.mark.parametrize("body", [b"Association\nFACE\nJob IRL\n", b"sep=,\nAssociation\nFACE\nJob IRL\n"])
def test_a_file_of_one_column_is_a_table(body: bytes) -> None:
    table = read_table(body, ONE)
    assert [row["name"] for row in table.rows] == ["FACE", "Job IRL"]
    back = annotated(body, Report.of(table), written=False)
    assert back
    assert [row["name"] for row in read_table(back, ONE).rows] == ["FACE", "Job IRL"]


async def test_every_fault_of_a_line_is_told_at_once_in_the_order_of_the_file(desk: Desk) -> None:
    header = "Nom;Prénom;Courriel;Date de naissance;Statut;Code ROME;Capacité;Téléphone"
    report = await desk.run(
        csv(
            "Petit;Jean;pas une adresse;01/01/2024;salarié;K21;2000;12",
            "Diallo;Awa;awa@exemple.test;01/01/2050;salariée;;;",
            "Ali;Zoé;zoe@exemple.test;bientôt;inconnu;;;",
            "DIALLO;AWA;awa@exemple.test;;salariée;;;",
            header=header,
        )
    )
    assert places(report) == {
        *((2, column) for column in ("Courriel", "Code ROME", "Capacité", "Téléphone")),
        (3, "Date de naissance"),
        (4, "Date de naissance"),
        (4, "Statut"),
    }
    lines = [fault.line for fault in report.faults]
    assert lines == sorted(lines)
    assert len(lines) == len(places(report))


async def test_a_record_that_exists_on_paper_keeps_the_day_of_its_candidacy(desk: Desk) -> None:
    header = "Nom;Prénom;Courriel;Statut;Candidature"
    today = paris_day(await desk.house.executor.now())
    late = (today + timedelta(days=9)).strftime("%d/%m/%Y")
    told = await desk.run(csv(f"Diallo;Awa;awa@exemple.test;salariée;{late}", header=header))
    assert [(one.column, one.value) for one in told.faults] == [("Candidature", late)]
    await desk.run(
        csv(
            "Diallo;Awa;awa@exemple.test;salariée;03/09/2024",
            "Petit;Bilal;bilal@exemple.test;salarié;",
            header=header,
        )
    )
    assert {one.applied_on for one in await desk.mentors()} == {date(2024, 9, 3), today}


async def test_mentors_follow_the_programme_under_which_their_association_is_admitted(desk: Desk) -> None:
    ptech = programme_id("ptech")
    rules = Rules(training=TrainingRules(minutes=600))
    await desk.house.do(
        OpenProgramme(record_id=ptech, scheme="ptech", rules=rules, on=date(2025, 9, 1)), NATIONAL
    )
    await desk.run(csv(LINES[0]))
    opening = OpenAdmission(
        record_id=FACE, programme_id=ptech, on=desk.house.clock.today, channel=Channel.PAPER
    )
    await desk.house.do(opening)
    report = await desk.run(csv(*LINES))
    assert (report.recorded, report.known, report.faults) == (2, 1, [])
    assert [one.programme_id for one in await desk.mentors()] == [programme_id("1j1m"), ptech, ptech]


@pytest.mark.parametrize(
    ("title", "column"),
    [
        ("Date naissance", "birth_date"),
        ("Date_naissance", "birth_date"),
        ("Date de naiss.", "birth_date"),
        ("Adresse e-mail", "email"),
        ("N° de téléphone", "phone"),
        ("Tel portable", "phone"),
        ("Nom de l'entreprise", "company"),
        ("Nom entreprise", "company"),
        ("SIRET entreprise", "siret"),
        ("Familles métiers", "families"),
        ("Situation pro", "status"),
        ("Nb élèves", "mentees"),
    ],
)
def test_a_title_is_read_as_people_write_it(title: str, column: str) -> None:
    table = read_table(csv("a;b;c", header=f"Nom;Prénom;{title}").encode(), COLUMNS)
    assert (table.left_aside, table.rows[0][column]) == ([], "c")


def test_every_title_that_the_page_promises_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "imports.md").read_text("utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith("| mentors |")]
    plain = re.sub(r" \((?:sinon|codes)[^)]*\)", "", ",".join(line.split("|")[2:4]))
    titles = [one.strip() for one in re.split(r", (?:et )?|,| \*\*ou\*\* ", plain) if one.strip()]
    table = read_table(csv("x", header=";".join(titles)).encode(), COLUMNS)
    assert len(titles) > 15
    assert table.left_aside == []


@pytest.mark.parametrize("body", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", b"%PDF-1.7\n1 0 obj"])
def test_a_file_of_another_kind_is_told_how_to_be_saved(body: bytes) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read_table(body, COLUMNS)
    assert "XLSX" in refused.value.fault.remedy
    assert ".xls" in refused.value.fault.problem


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("indépendante;Atelier;", "Entreprise"),
        ("indépendante;;73282932000074", "SIRET"),
        ("indépendante;Jeanne Auto EI;73282932000074", "Entreprise"),
        (";Ets JEANNE AUTO;73282932000074", "Statut"),
    ],
)
async def test_the_firm_of_somebody_self_employed_is_a_fault_whether_said_or_seen_by_its_name(
    desk: Desk, cells: str, column: str
) -> None:
    header = "Nom;Prénom;Courriel;Statut;Entreprise;SIRET"
    report = await desk.run(csv(f"Auto;Jeanne;jeanne@exemple.test;{cells}", header=header))
    (fault,) = report.faults
    assert (report.recorded, fault.column) == (0, column)
    assert "entreprise vide" in fault.remedy
    assert await desk.records("company") == []


async def test_whoever_is_said_to_be_employed_by_a_firm_of_their_name_is(desk: Desk) -> None:
    line = "Auto;Jeanne;jeanne@exemple.test;salariée;Auto Frères;73282932000074"
    report = await desk.run(csv(line, header="Nom;Prénom;Courriel;Statut;Entreprise;SIRET"))
    assert (report.recorded, report.faults) == (1, [])
    assert len(await desk.records("company")) == 1
