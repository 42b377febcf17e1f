"""Files are read in a process apart: it takes no more than its share, knows nothing, and ends with us."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops.imports.apart import Apart, Here, ReadingFailed
from ops.imports.faults import UnreadableFile
from ops.imports.mentors import COLUMNS
from ops.imports.report import Report
from tests.ops.importing import HEADER, LINES, csv, workbook
from tests.ops.stack.test_stack_supervisor import alive, eventually

ROWS = [line.split(";") for line in (HEADER, *LINES, "Petit;;trop;de;cellules")]
FILES = {
    "csv": csv(*LINES, "Petit;Jean;;;salarié;de trop", "Ali;\x01;a@exemple.test;;").encode("cp1252"),
    "xlsx": workbook(ROWS),
}
HOUSE = Path(__file__).parents[2]
LIMITED = "import sys, time\nfrom ops.imports import child\nchild._limit()\n"
HUNGRY = """
try:
    held = [bytes(64 * 1024 * 1024) for _ in range(40)]
except MemoryError:
    sys.exit(child.TOO_MUCH)
print('{"unreadable": 1}')
"""
ASLEEP = "time.sleep(60)"
BROKEN = "raise KeyError('Awa Diallo')"


def instead(text: str, *arguments: str, wall: float = 30) -> Apart:
    """Another program in the place of the one that reads, under the same limits."""
    return Apart(("-I", "-c", LIMITED + text, *arguments), wall)


@pytest.mark.parametrize("body", FILES.values(), ids=FILES)
async def test_a_file_reads_apart_as_it_reads_here(body: bytes) -> None:
    here, apart = await Here().table(body, COLUMNS), await Apart().table(body, COLUMNS)
    assert apart == here
    assert here.faults
    report = Report.of(apart)
    report.known_lines, report.remarks = {2}, {3: "une remarque"}
    back = await Apart().annotated(body, report, written=True)
    assert back
    assert (await Apart().table(back, COLUMNS)).rows == here.rows


async def test_what_cannot_be_read_is_told_as_it_is_here() -> None:
    for body in (b"\0", b"PK\x03\x04nothing"):
        told = []
        for reading in (Here(), Apart()):
            with pytest.raises(UnreadableFile) as unreadable:
                await reading.table(body, COLUMNS)
            told.append(unreadable.value.fault)
        assert told[0] == told[1]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not bound an address space")
async def test_a_file_that_wants_more_memory_than_its_share_is_at_fault() -> None:
    with pytest.raises(UnreadableFile, match="trop de mémoire ou de temps"):
        await instead(HUNGRY).table(FILES["csv"], COLUMNS)


async def test_a_file_that_takes_too_long_is_at_fault_and_is_not_annotated() -> None:
    slow = instead(ASLEEP, wall=1)
    begun = time.monotonic()
    with pytest.raises(UnreadableFile, match="trop de mémoire ou de temps"):
        await slow.table(FILES["csv"], COLUMNS)
    assert await slow.annotated(FILES["csv"], Report(), written=False) is None
    assert time.monotonic() - begun < 20


async def test_a_reader_that_breaks_says_so_by_its_status_alone() -> None:
    with pytest.raises(ReadingFailed) as failed:
        await instead(BROKEN).table(FILES["csv"], COLUMNS)
    assert str(failed.value) == "status 1"


async def test_it_is_given_no_setting_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORAT_MASTER_KEY", "secret")
    spy = "import os; sys.exit(9 if any(n.startswith('MENTORAT') for n in os.environ) else 8)"
    with pytest.raises(ReadingFailed, match="status 8"):
        await instead(spy).table(FILES["csv"], COLUMNS)


NOTING = "import os, pathlib; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"
WORKER = """
import asyncio, sys
from tests.ops.test_imports_apart import NOTING, instead
asyncio.run(instead(NOTING, sys.argv[1]).table(b"", {}))
"""


async def test_no_longer_waited_for_it_is_killed(tmp_path: Path) -> None:
    reading = asyncio.create_task(instead(NOTING, str(tmp_path / "pid")).table(FILES["csv"], COLUMNS))
    number = await asyncio.to_thread(told, tmp_path / "pid")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not alive(number)


@pytest.mark.skipif(sys.platform != "linux", reason="ties children to us by prctl")
def test_it_does_not_outlive_a_worker_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path / "pid")], cwd=HOUSE) as worker:
        number = told(tmp_path / "pid")
        worker.kill()
    assert eventually(lambda: not alive(number))


def told(file: Path) -> int:
    assert eventually(lambda: file.exists() and file.read_text(), timeout=60)
    return int(file.read_text())
