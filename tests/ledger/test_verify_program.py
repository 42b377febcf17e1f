"""The verifier as a program: read alone, on any terminal, by its exit code."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger import verify
from tests.ledger.evidence import (
    KEY,
    Key,
    evidence_of,
    ledger,
)

VERIFIER = Path(verify.__file__)
EVIDENCE = evidence_of(ledger())
CONTENT = json.dumps(EVIDENCE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "evidence.json"
    path.write_text(CONTENT)
    return path


def test_the_file_works_alone(file: Path) -> None:
    """Copied elsewhere, in an interpreter that finds nothing of the project."""
    alone = shutil.copy(VERIFIER, file.parent / "verify.py")
    run = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", alone, file, "--key", KEY.vkey],
        capture_output=True,
        text=True,
        cwd=file.parent,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == f"{verify.verify(EVIDENCE, KEY.vkey)}\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_cannot_write_a_letter_changes_no_verdict(file: Path, encoding: str) -> None:
    run = subprocess.run(
        [sys.executable, VERIFIER, file, "--key", KEY.vkey],
        capture_output=True,
        env={"PYTHONIOENCODING": encoding},
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert b"VALIDE" in run.stdout


def test_a_reader_who_leaves_changes_no_verdict(file: Path) -> None:
    command = [sys.executable, str(VERIFIER), str(file), "--key", KEY.vkey]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout
    assert run.stderr
    run.stdout.close()
    assert (run.wait(timeout=30), run.stderr.read()) == (0, b"")
    run.stderr.close()


def test_its_exit_codes(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pub = file.with_name("audit.pub")
    pub.write_text(f"{KEY.vkey}\n")
    assert verify.main([str(file), "--key", str(pub)]) == 0
    assert verify.main([str(file), "--key", Key("another.test").vkey]) == 1
    assert verify.main([str(file), "--key", "nothing"]) == 2
    assert verify.main([str(file.with_name("absent")), "--key", KEY.vkey]) == 2
    assert verify.main([str(file.parent), "--key", KEY.vkey]) == 2
    file.write_text(CONTENT.replace("volunteer", "Volunteer", 1))
    assert verify.main([str(file), "--key", KEY.vkey]) == 1
    assert "NON VALIDE : événement à la position 2 : il n'est pas dans le registre" in capsys.readouterr().out
    file.write_text(CONTENT[1:])
    assert verify.main([str(file), "--key", KEY.vkey]) == 2
    assert "ILLISIBLE" in capsys.readouterr().out
