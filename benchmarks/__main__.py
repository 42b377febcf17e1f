"""``make bench``: measures, tells, and writes ``benchmarks/RESULTS.md``. Names of measures run only those.

A partial run, or a quick one, is told on the terminal and not written.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import appends, importing, machine, onboarding, projecting, report, scale, web
from benchmarks.figures import Result
from benchmarks.stage import Stage
from ops.stack.postgres import Postgres

MEASURES: Final[dict[str, Callable[[Stage], Awaitable[list[Result]]]]] = {
    "append": appends.measure,
    "commands": web.commands,
    "status": web.status,
    "catch-up": projecting.catch_up,
    "visible": projecting.visible,
    "proof": scale.proof,
    "check": scale.check,
    "growth": scale.growth,
    "onboarding": onboarding.onboarding,
    "import": importing.importing,
}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Mesure, et écrit RESULTS.md.")
    parser.add_argument("measures", nargs="*", metavar="mesure", help=f"parmi : {', '.join(MEASURES)}")
    parser.add_argument(
        "--quick", action="store_true", help="tout essayer en petit : les chiffres ne valent rien"
    )
    asked = parser.parse_args(arguments)
    unknown = set(asked.measures) - set(MEASURES)
    if unknown:
        parser.error(f"mesure inconnue : {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is stopped
    whole = not asked.measures and not asked.quick
    with tempfile.TemporaryDirectory(prefix="mentorat-bench-") as folder:
        run(
            Path(folder),
            asked.measures or list(MEASURES),
            quick=asked.quick,
            page=report.RESULTS if whole else None,
        )


def run(folder: Path, names: Sequence[str], *, quick: bool, page: Path | None) -> None:
    """Measure by measure on one server. ``page`` is written anew after each: an interrupted run keeps what it
    has, and says what it has not."""
    results: list[Result] = []
    with Postgres(folder / "postgres") as postgres:
        described = machine.described(folder, postgres.dsn())
        stage = Stage(folder, postgres, quick)
        for name in names:
            started = time.monotonic()
            found = uvloop.run(measured(stage, name))
            for result in found:
                print(report.line(result), flush=True)
            print(f"  ({name} : {time.monotonic() - started:.0f} s)", flush=True)
            results += found
            if page:
                page.write_text(report.rendered(described, results))


async def measured(stage: Stage, name: str) -> list[Result]:
    """The rows that one measure fills."""
    try:
        return await MEASURES[name](stage)
    finally:
        await stage.clean()


if __name__ == "__main__":
    main(sys.argv[1:])
