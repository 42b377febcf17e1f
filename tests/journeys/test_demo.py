"""The demonstration plays a year to its end, on a stack of its own."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.journeys.stack import MENTORAT, ROOT, environment


@pytest.mark.timeout(240)
def test_a_year_is_told_in_under_three_minutes_and_leaves_nothing(tmp_path: Path) -> None:
    started = time.monotonic()
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    done = subprocess.run(
        [*MENTORAT, "demo", "--speed", "1000"],
        env=environment(tmp_path / "elsewhere", 8000) | {"TMPDIR": str(scratch), "COLUMNS": "140"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-2000:]
    assert time.monotonic() - started < 180
    for told in (
        "24/11/2025",
        "elle tombe, il faut la redonner",
        "Refusé",
        "le préavis est écoulé",
        "compte rendu en retard (bilan:2026)",
        "la convention est renouvelée",
        "la convention est échue",
        "Le registre, un an après",
        "Télémaque au 6 décembre 2025 : partiellement signée",
        "Télémaque, toute son histoire",
    ):
        assert told in done.stdout, told
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "elsewhere").exists()
