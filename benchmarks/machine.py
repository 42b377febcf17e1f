"""The machine on which the figures were taken: without it they mean nothing."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil
import psycopg

from benchmarks.figures import number

_LIBRARIES: Final = ("psycopg", "fastapi", "starlette", "uvicorn", "uvloop", "pydantic", "cryptography")
_SECONDS: Final = 1.0
_BLOCK: Final = 8192
"""Bytes: a page of PostgreSQL's journal."""


def described(folder: Path, dsn: str) -> list[str]:
    """Lines in French: processor, memory, disk, versions, and what else was going on."""
    load = ", ".join(f"{value:.2f}".replace(".", ",") for value in os.getloadavg())
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    memory = psutil.virtual_memory().total / 2**30
    return [
        f"processeur : {_processor()}, {os.cpu_count()} cœurs",
        f"mémoire : {memory:.0f} Gio ; système : {platform.system()} {platform.release()}",
        f"disque ({_file_system(folder)}) : {number(fsync_rate(folder))} `fdatasync`/s d'un bloc de 8 Kio",
        f"charge au départ (1, 5, 15 min) : {load}",
        f"Python {platform.python_version()}, PostgreSQL {_server(dsn)}, eventsourcing "
        f"{version('eventsourcing')}, {libraries}",
    ]


def fsync_rate(folder: Path) -> float:
    """How often in a second a block reaches the disk: what bounds one transaction a commit."""
    path = folder / "fsync"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        count, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < _SECONDS:
            os.pwrite(descriptor, b"\0" * _BLOCK, (count % 64) * _BLOCK)
            os.fdatasync(descriptor)
            count += 1
        return count / elapsed
    finally:
        os.close(descriptor)
        path.unlink()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    facts = dict(line.split("\t: ", 1) for line in info.read_text().splitlines() if "\t: " in line)
    name = facts.get("model name", platform.machine())
    clock = facts.get("cpu MHz")
    return f"{name} ({float(clock):.0f} MHz)" if clock else name


def _file_system(folder: Path) -> str:
    mounted = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    above = next((str(p) for p in (folder, *folder.parents) if str(p) in mounted), "/")
    return mounted.get(above, "?")


def _server(dsn: str) -> str:
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SHOW server_version").fetchone()
    return str(found[0]) if found else "?"
