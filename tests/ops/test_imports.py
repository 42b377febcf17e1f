"""Conventions come in from the files people have; a faulty file leaves nothing behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from domain.convention.model import Convention
from domain.kernel import Actor
from ledger.events import StoredEvent
from ledger.recorder import Append
from ops.imports import direct
from ops.imports.report import Report
from ops.reference import FOLDER
from tests.support import FACE, NATIONAL, House, fold_at

PRESS_RELEASE = FOLDER / "conventions_aura_2025.csv"
HEADER = "association;académie;annoncée pour;source;UAI\n"
ACADEMIE = Actor(
    "importer",
    "academie",
    frozenset({"public", "academie:06", "academie:08", "academie:10", "region:Auvergne-Rhône-Alpes"}),
)


@dataclass
class Importing:
    """An import over the in-memory store."""

    house: House

    async def run(self, path: Path, *, dry_run: bool = False) -> Report:
        return await direct.import_conventions(path, self.house.executor, ACADEMIE, dry_run=dry_run)

    @property
    def events(self) -> int:
        return len(cast(Any, self.house.recorder).events)


@pytest.fixture
async def importing() -> Importing:
    house = House()
    await house.open()
    return Importing(house)


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "conventions.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


async def test_the_press_release_gives_six_conventions_announced_and_nothing_more(
    importing: Importing,
) -> None:
    report = await importing.run(PRESS_RELEASE)
    assert (report.lines, report.recorded, report.faults) == (6, 6, [])
    stored = cast(Any, importing.house.recorder).events
    records = [await fold_at(importing.house.recorder, e.record_id) for e in stored if "Drafted" in e.topic]
    conventions = [r for r in records if isinstance(r, Convention)]
    assert {c.status for c in conventions} == {"draft"}
    announced = sorted(c.announced_for.isoformat() for c in conventions if c.announced_for)
    assert announced == ["2025-01", "2025-12-01", "2025-12-02", "2025-12-04", "2025-12-05", "2025-12-05"]
    assert all(c.signed_on is None and c.in_force_from is None for c in conventions)


async def test_importing_the_same_file_again_records_nothing(importing: Importing) -> None:
    await importing.run(PRESS_RELEASE)
    before = importing.events
    report = await importing.run(PRESS_RELEASE)
    assert (report.recorded, report.faults) == (0, [])
    assert importing.events == before


async def test_an_operator_registered_by_hand_is_not_made_a_second_time(
    importing: Importing, tmp_path: Path
) -> None:
    line = "Face;Lyon;04/12/2025;communiqué;\n"
    for recorded in (1, 0):
        report = await importing.run(_file(tmp_path, HEADER + line))
        assert (report.recorded, report.faults) == (recorded, [])
    stored = cast(Any, importing.house.recorder).events
    assert {e.record_id for e in stored if e.topic == "association.Registered@1"} == {FACE}


async def test_a_dry_run_writes_nothing(importing: Importing) -> None:
    before = importing.events
    report = await importing.run(PRESS_RELEASE, dry_run=True)
    assert (report.lines, report.recorded, report.faults) == (6, 0, [])
    assert importing.events == before


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
async def test_files_as_people_have_them_are_read(
    importing: Importing, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    text = (HEADER + "Télémaque;Clermont-Ferrand;04/12/2025;communiqué;\n").replace(";", delimiter)
    report = await importing.run(_file(tmp_path, text.encode(encoding)))
    assert report.faults == []
    assert report.recorded == 1


GOOD = "FACE;Lyon;2025-12-05;communiqué;\n"
BAD_FILES: dict[str, tuple[str | bytes, int, str, str]] = {
    "wrong delimiter": (HEADER.replace(";", "|") + GOOD.replace(";", "|"), 1, "", "séparateur"),
    "missing column": ("association;académie;source\nFACE;Lyon;x\n", 1, "Annoncée pour", "manque"),
    "bad UAI": (HEADER + GOOD + "JobIRL;Lyon;2025-12-05;x;0690010A\n", 3, "UAI", "contrôle"),
    "impossible date": (HEADER + GOOD + "JobIRL;Lyon;31/02/2026;x;\n", 3, "annoncée pour", "n'existe pas"),
    "unreadable date": (HEADER + GOOD + "JobIRL;Lyon;bientôt;x;\n", 3, "annoncée pour", "date"),
    "unknown académie": (HEADER + GOOD + "JobIRL;Lyonne;2025-12-05;x;\n", 3, "académie", "Lyonne"),
    "no académie": (HEADER + GOOD + "JobIRL;;2025-12-05;x;\n", 3, "académie", "académie"),
    "empty cell": (HEADER + GOOD + ";Lyon;2025-12-05;x;\n", 3, "association", "vide"),
    "duplicate line": (HEADER + GOOD + GOOD, 3, "association", "ligne 2"),
    "too many cells": (HEADER + "FACE;Lyon;2025-12-05;x;;;;surplus\n", 2, "", "cellules"),
    "binary": (b"a;b\x00\x00", 1, "", "texte"),
    "a year nobody lived": (HEADER + "FACE;Lyon;0001-01-01;x;\n", 2, "annoncée pour", "plausible"),
    "control character": (HEADER + "FA\x1b[31mCE;Lyon;2025-12-05;x;\n", 2, "association", "contrôle"),
    "endless name": (HEADER + f"{'A' * 5000};Lyon;2025-12-05;x;\n", 2, "association", "200 caractères"),
    "undecodable": (HEADER.encode() + b"FACE;Lyon;2025\x81;x;\n", 2, "annoncée pour", "illisible"),
    "unclosed quote": (HEADER + 'FACE;"Lyon;2025-12-05;x;\n', 2, "", "guillemets"),
    "empty": ("", 1, "", "séparateur"),
}


@pytest.mark.parametrize("name", BAD_FILES)
async def test_a_faulty_file_leaves_nothing_and_names_each_fault(
    importing: Importing, tmp_path: Path, name: str
) -> None:
    text, line, column, word = BAD_FILES[name]
    before = importing.events
    report = await importing.run(_file(tmp_path, text))
    assert importing.events == before, "something was recorded"
    assert report.recorded == 0
    found = [fault for fault in report.faults if fault.line == line and fault.column == column]
    assert found, report.faults
    assert word in str(found[0])
    assert found[0].remedy, "a fault says what to do"


async def test_every_fault_of_a_file_is_named_at_once(importing: Importing, tmp_path: Path) -> None:
    text = HEADER + "FACE;Lyonne;31/02/2026;x;0690010A\n" + ";Lyon;2025-12-05;;\n"
    report = await importing.run(_file(tmp_path, text))
    places = {(fault.line, fault.column) for fault in report.faults}
    assert places == {
        (2, "académie"),
        (2, "annoncée pour"),
        (2, "UAI"),
        (3, "association"),
        (3, "source"),
    }


async def test_what_only_the_records_can_refuse_is_found_before_anything_is_written(tmp_path: Path) -> None:
    importing = Importing(House())
    report = await importing.run(_file(tmp_path, HEADER + GOOD))
    assert importing.events == 0
    assert [fault.line for fault in report.faults] == [2]
    assert "programme-1j1m" in str(report.faults[0])


async def test_without_a_role_nothing_is_imported(importing: Importing, tmp_path: Path) -> None:
    before = importing.events
    path = _file(tmp_path, HEADER + GOOD)
    report = await direct.import_conventions(path, importing.house.executor, NATIONAL)
    assert report.faults
    assert importing.events == before


async def test_somebody_faster_leaves_nothing_half_imported(importing: Importing, tmp_path: Path) -> None:
    recorder = importing.house.recorder
    path = _file(tmp_path, HEADER + GOOD + "JobIRL;Lyon;2025-12-05;communiqué;\n")
    append = recorder.append

    async def overtaken(batch: Append) -> list[StoredEvent]:
        recorder.append = append  # type: ignore[method-assign]
        await importing.run(_file(tmp_path, HEADER + GOOD))
        return await append(batch)

    recorder.append = overtaken  # type: ignore[method-assign]
    report = await importing.run(path)
    assert report.recorded == 0
    assert "a changé" in str(report.faults[0])
    assert {e.topic for e in cast(Any, recorder).events if "JobIRL" in e.state} == set()
    again = await importing.run(_file(tmp_path, HEADER + GOOD + "JobIRL;Lyon;2025-12-05;communiqué;\n"))
    assert (again.recorded, again.faults) == (1, [])


async def test_a_whole_import_is_one_transaction(importing: Importing) -> None:
    recorder, batches = importing.house.recorder, []
    append = recorder.append

    async def counted(batch: Append) -> list[StoredEvent]:
        batches.append(len(batch.events))
        return await append(batch)

    recorder.append = counted  # type: ignore[method-assign]
    await importing.run(PRESS_RELEASE)
    assert len(batches) == 1
    assert batches[0] > 6
