"""A whole stack, started as a person would start it, and looked at from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[2]
MENTORAT = [sys.executable, "-m", "ops.cli"]
PATIENCE = 60.0


@dataclass
class Stack:
    """A running `mentorat up` over ``home``."""

    home: Path
    process: subprocess.Popen[str]
    log: Path

    @property
    def api(self) -> str:
        """Where it says that it listens."""
        found: str = json.loads((self.home / "stack.json").read_text())["api"]
        return found

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def told(self) -> str:
        """What it printed and the last lines of each part's log: why it does not answer."""
        ends = []
        for log in sorted((self.home / "logs").glob("*.log")):
            ends += [f"--- {log.name}", *log.read_text(errors="replace").splitlines()[-40:]]
        return "\n".join([self.said, *ends])

    @property
    def tokens(self) -> dict[str, str]:
        tokens: dict[str, str] = json.loads((self.home / "demo-tokens.json").read_text())
        return tokens

    def get(self, path: str, role: str = "academie", **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        answer = httpx.get(f"{self.api}{path}", params=query, headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another `mentorat` command, in another terminal, which knows the home and nothing else."""
        return subprocess.run(
            [*MENTORAT, *arguments],
            env=environment(self.home),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def play(self, script: str) -> str:
        """What a guide says to type, as it is printed there, on this stack; answers what came back on either
        stream."""
        here = script.replace("http://127.0.0.1:8000", self.api).replace("var/", f"{self.home}/")
        here = here.replace(".venv/bin/python", sys.executable).replace(
            ".venv/bin/mentorat", " ".join(MENTORAT)
        )
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", here],
            env=environment(self.home),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout + done.stderr

    def children(self) -> dict[str, psutil.Process]:
        """The process of each part, by its name."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                words = child.cmdline()
            except (psutil.ZombieProcess, psutil.NoSuchProcess):
                continue
            for name in ("api", "worker", "projector"):
                if words[3:5] == ["serve", name]:
                    found[name] = child
            if any("start-dev" in word for word in words):
                found["temporal"] = child
            if any(word.endswith("postgres/data") for word in words):
                found["postgres"] = child
        return found

    def everything(self) -> list[psutil.Process]:
        """The supervisor and all its descendants."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]


def environment(home: Path, port: int = 0) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MENTORAT_")}
    return kept | {
        "MENTORAT_HOME": str(home),
        "MENTORAT_PORT": str(port),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


@contextmanager
def running(home: Path) -> Iterator[Stack]:
    """Starts a stack, waits until it is ready, and stops it by Ctrl-C at the end."""
    log = home.parent / f"{home.name}.out"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*MENTORAT, "up"], env=environment(home), cwd=ROOT, stdout=output, stderr=output, text=True
        )
    stack = Stack(home, process, log)
    try:
        try:
            eventually(lambda: "mentorat est prêt" in stack.said or process.poll() is not None)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{stack.told()}") from late
        assert process.poll() is None, stack.told()
        yield stack
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=PATIENCE)


def eventually(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Waits until it holds; fails with what was asked when it does not in time."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"not in {patience} s: {holds}"
        time.sleep(0.05)
