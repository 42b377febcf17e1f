"""Where keys are kept, and another process that has the same keyring open and does as it is told."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

from ledger import keyring_wrapped
from ledger.keyring import KeyDestroyed
from ledger.keyring_postgres import PostgresKeyring
from ledger.keyring_sqlite import SqliteKeyring
from ledger.keyring_wrapped import WrappedKeyring, rotate
from ledger.master import LocalMaster, Master

_ROOT = Path(__file__).parents[2]
MENTOR, MENTEE = "mentor-1", "mentee-1"


@dataclass
class Place:
    """Where keys are kept. Each opening has nothing in common with the others but the store itself."""

    kind: str
    where: str

    @property
    def store(self) -> type[WrappedKeyring]:
        return PostgresKeyring if self.kind == "postgres" else SqliteKeyring

    def open(self, master: Master) -> WrappedKeyring:
        if self.kind == "postgres":
            return PostgresKeyring(self.where, master)
        return SqliteKeyring(Path(self.where), master)

    async def on_disk(self) -> bytes:
        """Every byte that the store has written and still shows (for PostgreSQL: of the table itself)."""
        if self.kind == "sqlite":
            path = Path(self.where)
            return b"".join(p.read_bytes() for p in sorted(path.parent.glob(path.name + "*")))
        async with await psycopg.AsyncConnection.connect(self.where, autocommit=True) as connection:
            await connection.execute("CHECKPOINT")
            cursor = await connection.execute(
                "SELECT pg_read_binary_file(pg_relation_filepath('keyring.keys'))"
            )
            row = await cursor.fetchone()
        assert row is not None
        return bytes(row[0])


class Child:
    """The handle of the other process."""

    def __init__(self, place: Place, master: LocalMaster) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.ledger.keyring_child"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.tell({"kind": place.kind, "where": place.where, "master": master.text})
        assert self.answer() == "ready"

    def tell(self, words: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, do: str, *subjects: str, **more: object) -> Any:
        self.tell({"do": do, "subjects": subjects, **more})
        return self.answer()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)

    def leave(self) -> int:
        self.tell(None)
        self.process.communicate(timeout=30)
        return self.process.returncode


@contextmanager
def children(place: Place, master: LocalMaster, number: int = 1) -> Iterator[list[Child]]:
    born: list[Child] = []
    try:
        for _ in range(number):
            born.append(Child(place, master))
        yield born
    finally:
        for child in born:
            child.kill()


# In the other process ---------------------------------------------------------------------------------------


class _Stopping:
    """A keyring that renews so many pages of a rotation, then stands still until it is killed."""

    def __init__(self, keyring: WrappedKeyring, pages: int) -> None:
        self._keyring = keyring
        self._pages = pages

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keyring, name)

    async def replace(self, changes: Sequence[tuple[str, bytes, bytes]]) -> None:
        if self._pages == 0:
            _say("stopped")
            await asyncio.sleep(600)
        self._pages -= 1
        await self._keyring.replace(changes)


async def _obey(keyring: WrappedKeyring, order: dict[str, Any]) -> object:
    subjects = order["subjects"]
    match order["do"]:
        case "destroy":
            await keyring.destroy(*subjects)
            return None
        case "rotate":
            keyring_wrapped.PAGE = 10  # type: ignore[misc]
            stopping: Any = _Stopping(keyring, order["pages"])
            return await rotate(stopping, LocalMaster.parse(order["master"]))
        case "one by one":
            for subject in subjects:
                await keyring.ensure([subject])
    try:
        keys = await keyring.ensure(subjects)
    except KeyDestroyed:
        return "destroyed"
    return {subject: sha256(key).hexdigest() for subject, key in keys.items()}


async def _serve() -> None:
    how = _heard()
    keyring = Place(how["kind"], how["where"]).open(LocalMaster.parse(how["master"]))
    _say("ready")
    while order := _heard():
        _say(await _obey(keyring, order))
    await keyring.close()


def _say(words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _heard() -> Any:
    return json.loads(sys.stdin.readline())


if __name__ == "__main__":
    asyncio.run(_serve())
