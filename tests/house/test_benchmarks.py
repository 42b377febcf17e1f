"""The measures run, in small, and the page of results tells of every one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.__main__ import MEASURES, measured
from benchmarks.figures import ROWS, Figure, Reach, Unmeasured, ratio
from benchmarks.report import RESULTS, rendered
from benchmarks.stage import HOUSE, Stage
from ops.stack.postgres import Postgres

BENCH = """
import asyncio
from benchmarks import __main__ as bench, stage

async def endless(on):
    async with stage.process(on.folder, "-m", "http.server", "0", given={}):
        print("serving", flush=True)
        await asyncio.sleep(60)

bench.MEASURES["endless"] = endless
bench.main(["endless", "--quick"])
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Not the other tests' server: a migration gives the roles of the whole server its own passwords."""
    with (
        tempfile.TemporaryDirectory(prefix="mentorat-pg-") as home,
        Postgres(Path(home), durable=False) as own,
    ):
        yield own


@pytest.mark.parametrize("name", MEASURES)
async def test_each_measure_runs_and_gives_positive_numbers(
    name: str, server: Postgres, tmp_path: Path
) -> None:
    found = await measured(Stage(tmp_path, server, quick=True), name)
    assert {result.name for result in found} == {row.name for row in ROWS if row.measure == name}
    for result in found:
        assert isinstance(result, Figure), result
        assert 0 < result.value.low <= result.value.middle <= result.value.high
        assert result.said


@pytest.mark.skipif(sys.platform != "linux", reason="ties children to us by prctl")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_a_bench_that_is_interrupted_leaves_no_process_behind(number: signal.Signals) -> None:
    with tempfile.TemporaryDirectory(prefix="mentorat-bench-test-") as folder:
        given = {**os.environ, "TMPDIR": folder}
        with subprocess.Popen(
            [sys.executable, "-c", BENCH], env=given, cwd=HOUSE, stdout=subprocess.PIPE
        ) as bench:
            assert bench.stdout
            assert bench.stdout.readline() == b"serving\n"
            started = psutil.Process(bench.pid).children(recursive=True)
            assert any("http.server" in one.cmdline() for one in started)
            assert any(one.name() == "postgres" for one in started)
            bench.send_signal(number)
        _, left = psutil.wait_procs(started, timeout=20)
        assert left == []
        assert number is signal.SIGKILL or list(Path(folder).iterdir()) == []


def test_the_page_of_results_has_every_row() -> None:
    page = RESULTS.read_text("utf-8")
    for row in ROWS:
        assert f"| {row.what} | {row.baseline} |" in page, row.name
        assert row.reach is None or f"| {row.reach} |" in page


def test_what_was_not_measured_or_not_reached_is_said_plainly() -> None:
    slow = Figure("append-64", ratio([10.0], [10.0]), "10 contre 10", limit="le disque")
    page = rendered(["une machine"], [slow, Unmeasured("check", "rien à lire")])
    (told,) = (line for line in page.splitlines() if line.startswith("| ajout chiffré"))
    assert told.endswith("| 1 × (1 – 1) | ≥ 1,5 × | **non** |")
    assert "Seuil non atteint : le disque." in page
    assert "non mesuré : rien à lire." in page
    assert "| oui |" not in page


def test_a_ratio_is_that_of_the_medians_with_the_extremes_of_the_rounds() -> None:
    found = ratio([10.0, 20.0, 60.0], [10.0, 10.0, 20.0])
    assert (found.middle, found.low, found.high) == (2.0, 1.0, 3.0)
    assert Reach(2.0, at_least=True).met(found.middle)
    assert not Reach(1.9, at_least=False).met(found.middle)
