"""The keyring of an embedded installation: a SQLite file of its own, shared by its processes.

A destroyed key is overwritten where it stands, by as many zeros, and SQLite overwrites what it frees
(``secure_delete``). The journal is then carried into the file and cut to nothing. What the disk itself may
keep of blocks it has freed, and any copy of the file made earlier, is closed by a rotation of the master key
(``keyring_wrapped.rotate``).

A command's loop and this thread share one interpreter: each statement costs a hand-over of its lock. Hence
one statement for a whole batch, and one row for its answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from ledger.keyring import KeyringLost
from ledger.keyring_wrapped import Rows, WrappedKeyring
from ledger.master import Master, MasterOutdated, generation_of

PATIENCE: Final = 10.0
"""Seconds to wait for another process that writes."""

_MOST_ROWS: Final = 1000
_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",  # VACUUM would write its copy of the keys to a file in /tmp
)
_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS keys (
        number    INTEGER PRIMARY KEY,
        subject   TEXT    NOT NULL UNIQUE,
        wrapped   BLOB    NOT NULL,
        destroyed INTEGER NOT NULL DEFAULT 0 CHECK (destroyed IN (0, 1))
    ) STRICT""",
    "CREATE INDEX IF NOT EXISTS tombstones ON keys (subject) WHERE destroyed",
    """CREATE TABLE IF NOT EXISTS rotation (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        least    INTEGER NOT NULL
    ) STRICT""",
    "INSERT OR IGNORE INTO rotation VALUES (1, 0)",
)
_FIND: Final = """
SELECT json_group_array(json_array(subject, CASE WHEN destroyed THEN NULL ELSE hex(wrapped) END))
FROM keys WHERE subject IN (SELECT value FROM json_each(?))"""
_ADD: Final = """
INSERT OR IGNORE INTO keys (subject, wrapped)
SELECT * FROM (VALUES {}) WHERE (SELECT least FROM rotation) <= ?"""
_TOMBSTONE: Final = "INSERT OR IGNORE INTO keys (subject, wrapped, destroyed) VALUES (?, x'', 1)"
_OVERWRITE: Final = "UPDATE keys SET wrapped = zeroblob(length(wrapped)), destroyed = 1 WHERE subject = ?"
_SAMPLES: Final = "SELECT min(subject), wrapped FROM keys WHERE NOT destroyed GROUP BY substr(wrapped, 1, 4)"
_PAGE: Final = (
    "SELECT subject, wrapped FROM keys WHERE subject > ? AND NOT destroyed ORDER BY subject LIMIT ?"
)
_REPLACE: Final = "UPDATE keys SET wrapped = ? WHERE subject = ? AND wrapped = ? AND NOT destroyed"

T = TypeVar("T")


def prepare(path: Path) -> None:
    """Makes the file, unless it is there: before a ledger seals anything, and never again."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(_connected(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("COMMIT")


class SqliteKeyring(WrappedKeyring):
    """``Keyring`` in a file that ``prepare`` has made, opened at its first use, in one thread of its own.

    Raises ``KeyringLost`` when the file is not there, is empty, or was taken away or replaced while it was
    open: what is written there would be lost. Raises ``sqlite3.OperationalError`` when another process has
    kept the file busy for ``PATIENCE`` seconds.
    """

    def __init__(self, path: Path, master: Master) -> None:
        super().__init__(master)
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keyring")
        self._database: sqlite3.Connection | None = None
        self._file = (0, 0)

    async def destroyed(self) -> frozenset[str]:
        rows = await self._run(lambda: self._all("SELECT subject FROM keys WHERE destroyed"))
        return frozenset(subject for (subject,) in rows)

    async def samples(self) -> Sequence[tuple[str, bytes]]:
        return await self._run(lambda: self._all(_SAMPLES))

    async def refuse_below(self, generation: int) -> None:
        await self._run(lambda: self._refuse_below(generation))

    async def page(self, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        return await self._run(lambda: self._all(_PAGE, (after, limit)))

    async def replace(self, changes: Sequence[tuple[str, bytes, bytes]]) -> None:
        await self._run(lambda: self._replace(changes))

    async def scrub(self) -> None:
        await self._run(self._scrub)

    async def close(self) -> None:
        await self._run(self._close)
        self._thread.shutdown()

    def __repr__(self) -> str:
        return f"SqliteKeyring({str(self._path)!r})"

    async def _find(self, subjects: Sequence[str]) -> Rows:
        return await self._run(lambda: self._find_now(subjects))

    async def _add(self, rows: Sequence[tuple[str, bytes]]) -> Rows:
        return await self._run(lambda: self._add_now(rows))

    async def _bury(self, subjects: Sequence[str]) -> None:
        await self._run(lambda: self._bury_now(subjects))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # In the thread --------------------------------------------------------------------------------

    def _find_now(self, subjects: Sequence[str]) -> Rows:
        ((found,),) = self._all(_FIND, (json.dumps(subjects),))
        return {subject: None if row is None else bytes.fromhex(row) for subject, row in json.loads(found)}

    def _add_now(self, rows: Sequence[tuple[str, bytes]]) -> Rows:
        generation = min(generation_of(wrapped) for _, wrapped in rows)
        added = 0
        with self._transaction() as connection:
            for first in range(0, len(rows), _MOST_ROWS):
                some = rows[first : first + _MOST_ROWS]
                places = ",".join(["(?, ?)"] * len(some))
                values = [value for row in some for value in row]
                added += connection.execute(_ADD.format(places), (*values, generation)).rowcount
            if added == len(rows):
                return dict(rows)
            found = self._find_now([subject for subject, _ in rows])
            if any(subject not in found for subject, _ in rows):
                raise MasterOutdated(generation)
            return found

    def _bury_now(self, subjects: Sequence[str]) -> None:
        with self._transaction() as connection:
            for subject in subjects:
                connection.execute(_TOMBSTONE, (subject,))
                connection.execute(_OVERWRITE, (subject,))
        self._empty_journal()

    def _refuse_below(self, generation: int) -> None:
        with self._transaction() as connection:
            demanded = "UPDATE rotation SET least = :it WHERE least <= :it"
            if not connection.execute(demanded, {"it": generation}).rowcount:
                raise MasterOutdated(generation)

    def _replace(self, changes: Sequence[tuple[str, bytes, bytes]]) -> None:
        with self._transaction() as connection:
            connection.executemany(_REPLACE, [(new, subject, old) for subject, old, new in changes])

    def _scrub(self) -> None:
        self._connection().execute("VACUUM")
        self._empty_journal()

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _all(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        return self._connection().execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Waits for its turn to write; what it commits is on the disk when it ends."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _identity(self._path) != self._file:
                raise KeyringLost(
                    f"Le trousseau {self._path} a été remplacé ou retiré : redémarrez mentorat."
                )
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _empty_journal(self) -> None:
        """Carries the journal into the file and cuts it, which has to wait for readers and writers."""
        connection = self._connection()
        until = time.monotonic() + PATIENCE
        while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > until:
                raise sqlite3.OperationalError("the journal of the keyring could not be emptied")

    def _connection(self) -> sqlite3.Connection:
        if self._database is None:
            self._database, self._file = _open(self._path), _identity(self._path)
        if _identity(self._path) != self._file:
            raise KeyringLost(f"Le trousseau {self._path} a été remplacé ou retiré : redémarrez mentorat.")
        return self._database


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise KeyringLost(f"Le trousseau {path} manque : remettez-le en place. Rien n'est créé à sa place.")
    connection = _connected(path)
    made = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'rotation'").fetchone()
    if made == (0,):
        connection.close()
        raise KeyringLost(f"Le trousseau {path} est vide : remettez le bon en place.")
    return connection


def _connected(path: Path) -> sqlite3.Connection:
    """To a file that is there: SQLite makes none."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            for setting in _SETTINGS:
                connection.execute(setting)
        except (
            sqlite3.OperationalError
        ) as busy:  # SQLite does not wait by itself to change the journal's mode
            if busy.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                connection.close()
                raise
            time.sleep(0.01)
        else:
            return connection


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_dev, found.st_ino)
