"""The demonstration's machinery: a throwaway stack, its API, and a clock moved from deadline to deadline."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from ops.running import Addresses

PATIENCE: Final = 60.0
"""Seconds: what takes longer than that on a quiet stack is broken, and said to be."""


class Stalled(Exception):
    """The stack did not come to rest in time."""


@dataclass
class Theatre:
    """A running stack seen from outside: its API by role, its clock, what it has recorded."""

    where: Addresses
    tokens: dict[str, str]
    client: httpx.Client
    owner: psycopg.Connection[Any]
    keys: int = 0
    told: int = field(default=0)

    def get(self, path: str, role: str = "academie", **query: Any) -> Any:
        """Reads after everything written so far has become visible."""
        answer = self.client.get(path, params=query, headers=self._as(role))
        answer.raise_for_status()
        return answer.json()

    def send(self, method: str, path: str, body: dict[str, Any] | None = None, role: str = "academie") -> Any:
        """Issues a command, on the version just read, and waits until it shows."""
        answer = self.try_to(method, path, body, role)
        if answer.is_error:
            raise RuntimeError(f"{method} {path} : {answer.status_code} {answer.text}")
        self.settle()
        return answer.json()

    def try_to(
        self, method: str, path: str, body: dict[str, Any] | None = None, role: str = "academie"
    ) -> httpx.Response:
        """The same, for a command that is expected to be refused."""
        self.keys += 1
        headers = self._as(role) | {"Idempotency-Key": f"demo-{self.keys}"}
        parts = path.split("/")
        if len(parts) > 4:
            headers["If-Match"] = self._version("/".join(parts[:4]), role)
        return self.client.request(method, path, json=body or {}, headers=headers)

    def jump(self, instant: datetime) -> None:
        """Moves the domain's clock to an instant to come, and waits until everything due then is done."""
        self.owner.execute(
            "UPDATE ledger.clock SET shift = shift + greatest(%s - (clock_timestamp() + shift), '0')",
            (instant,),
        )
        self.owner.execute("NOTIFY sweep")
        self.settle()

    def next_due(self) -> datetime | None:
        """The next instant at which something falls due by itself."""
        row = self.owner.execute(
            "SELECT min(at) FROM read.deadlines WHERE automatic AND at > "
            "(SELECT clock_timestamp() + shift FROM ledger.clock)"
        ).fetchone()
        return row[0] if row else None

    def settle(self) -> None:
        """Waits until the read models have caught up and nothing due is left undone."""
        deadline = time.monotonic() + PATIENCE
        while not self._quiet():
            if time.monotonic() > deadline:
                raise Stalled("La pile ne s'est pas stabilisée : voyez ses journaux.")
            time.sleep(0.02)

    def happened(self) -> list[dict[str, Any]]:
        """What was recorded since the last call, in order."""
        rows = self.owner.execute(
            "SELECT position, record_id, topic, state, metadata FROM ledger.events"
            " WHERE position > %s ORDER BY position",
            (self.told,),
        ).fetchall()
        self.told = rows[-1][0] if rows else self.told
        return [
            {"record": record, "topic": topic, **json.loads(state), "metadata": json.loads(metadata)}
            for _, record, topic, state, metadata in rows
        ]

    def _quiet(self) -> bool:
        row = self.owner.execute(
            "SELECT (SELECT coalesce(max(position), 0) FROM ledger.events)"
            " = (SELECT position FROM read.position)"
            " AND NOT EXISTS (SELECT FROM read.deadlines WHERE automatic AND at <="
            " (SELECT clock_timestamp() + shift FROM ledger.clock))"
        ).fetchone()
        return bool(row and row[0])

    def _version(self, path: str, role: str) -> str:
        answer = self.client.get(path, headers=self._as(role))
        answer.raise_for_status()
        return answer.headers["ETag"]

    def _as(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}


@contextlib.contextmanager
def stage(home: Path, begins: datetime) -> Iterator[Theatre]:
    """A stack of its own over ``home``, on free ports, whose domain clock starts at ``begins``."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MENTORAT_")}
    environment |= {
        "MENTORAT_HOME": str(home),
        "MENTORAT_PORT": "0",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    log = home / "demo.log"
    with log.open("wb") as output:
        stack = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "ops.cli", "up", "--begin", f"{begins:%Y-%m-%dT%H:%M:%S}"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        where = _wait_for(home, stack, log)
        tokens = json.loads((home / "demo-tokens.json").read_text())
        with (
            httpx.Client(base_url=where.api, timeout=30) as client,
            psycopg.connect(where.dsn_owner, autocommit=True) as owner,
        ):
            yield Theatre(where, tokens, client, owner)
    finally:
        stack.send_signal(signal.SIGTERM)
        stack.wait(timeout=60)


def _wait_for(home: Path, stack: subprocess.Popen[bytes], log: Path) -> Addresses:
    deadline = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < deadline and stack.poll() is None:
        path = home / "stack.json"
        if path.exists():
            where = Addresses(**json.loads(path.read_text()))
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{where.api}/readyz", timeout=1).status_code == 200:
                    return where
        time.sleep(0.1)
    raise Stalled(f"La pile de démonstration n'a pas démarré : {log.read_text(errors='replace')[-2000:]}")


def day(text: str) -> datetime:
    """Nine in the morning in Paris, on that day."""
    from domain.calendar import PARIS

    return datetime.fromisoformat(f"{text}T09:00:00").replace(tzinfo=PARIS)
