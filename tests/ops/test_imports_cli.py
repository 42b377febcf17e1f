"""`mentorat import` in a terminal: what it prints, what it writes, and the status it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import cli_imports, compose
from ops.cli import app
from ops.settings import Settings
from tests.ops.importing import LINES, Desk, csv
from tests.support import FACE, TestWorld


class Terminal:
    """The command line over a house in memory: a stack is another test's business."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = asyncio.run(Desk().open())

    def __call__(self, text: str, *words: str) -> Any:
        file = self.folder / "fichier.csv"
        file.write_text(text, encoding="utf-8")
        return CliRunner().invoke(app, ["import", words[0], str(file), *words[1:]])

    def parts(self) -> Any:
        house = self.desk.house
        return SimpleNamespace(executor=house.executor, world=TestWorld())


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal(tmp_path)

    @asynccontextmanager
    async def house(settings: Settings, name: str) -> AsyncIterator[Any]:
        yield terminal.parts()

    async def found(parts: Any, told: str) -> str:
        return told

    monkeypatch.setattr(compose, "house", house)
    monkeypatch.setattr(cli_imports, "run", lambda work: asyncio.run(work(Settings())))
    monkeypatch.setattr(cli_imports, "_association", found)
    return terminal


async def _count(desk: Desk) -> int:
    return len(await desk.mentors())


def test_what_was_recorded_and_what_was_known_is_told(terminal: Terminal) -> None:
    first = terminal(csv(LINES[0]), "mentors", "--association", FACE)
    assert (first.exit_code, first.stdout.strip()) == (0, "1 ligne(s) lue(s), 1 enregistrée(s).")
    again = terminal(csv(*LINES), "mentors", "--association", FACE)
    assert again.stdout.strip() == "3 ligne(s) lue(s), 2 enregistrée(s), 1 déjà connue(s)."
    assert asyncio.run(_count(terminal.desk)) == 3


def test_a_faulty_file_ends_with_status_1_its_faults_told_and_the_file_annotated(terminal: Terminal) -> None:
    out = terminal.folder / "annote.csv"
    text = csv(LINES[0], "Petit;Jean;;bientôt;salarié;note", header=f"{csv().strip()};Notes")
    answer = terminal(text, "mentors", "--association", FACE, "--annotated", str(out))
    assert answer.exit_code == 1
    assert "ligne 3, colonne « Date de naissance » (lu : « bientôt »)" in answer.stderr
    assert "Colonnes laissées de côté : Notes." in answer.stderr
    assert "rien n'a été enregistré" in answer.stderr
    assert "à corriger" in out.read_text(encoding="utf-8")
    assert asyncio.run(_count(terminal.desk)) == 0


def test_a_dry_run_says_that_nothing_was_recorded(terminal: Terminal) -> None:
    answer = terminal(csv(*LINES), "mentors", "--association", FACE, "--dry-run")
    assert "rien n'est enregistré" in answer.stdout
    assert asyncio.run(_count(terminal.desk)) == 0


def test_associations_and_conventions_are_imported_for_every_academie(terminal: Terminal) -> None:
    answer = terminal("Association;Académie\nTélémaque;Nantes\n", "associations")
    assert (answer.exit_code, "1 enregistrée" in answer.stdout) == (0, True), answer.output
    header = "association;académie;annoncée pour;source\n"
    answer = terminal(header + "Télémaque;Nantes;04/12/2025;communiqué\n", "conventions")
    assert (answer.exit_code, "1 enregistrée" in answer.stdout) == (0, True), answer.output


def test_a_file_that_is_not_there_ends_with_status_2(terminal: Terminal) -> None:
    answer = CliRunner().invoke(app, ["import", "associations", str(terminal.folder / "absent.csv")])
    assert answer.exit_code == 2
    assert "n'existe pas" in answer.stderr
