"""Files that people hand in: one a content, sealed under the key of the record that they belong to.

No event holds one: events tell its SHA-256, its size and its type. Whoever destroys the record's key has
made them unreadable; the files themselves go with it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag

from ledger import vault
from ledger.keyring import KeyDestroyed, Keyring

_RECORD: Final = re.compile(r"[a-z]+-[0-9A-Za-z-]{1,80}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


Named = tuple[str, str]
"""A file, by its record and the SHA-256 (hex) of what was handed in."""


class DocumentDamaged(Exception):
    """The file is not the one that was kept: altered on disk, or of another house."""


class Documents:
    """A folder a record, a file a content. Every process that takes or shows files shares ``folder``."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self._folder = folder
        self._keyring = keyring

    async def keep(self, record_id: str, body: bytes) -> str:
        """Durable before it answers the SHA-256 (hex) of what was handed in. Twice the same is once.

        Raises ``LookupError`` once the record was erased.
        """
        digest = sha256(body).hexdigest()
        path = self._path(record_id, digest)
        try:
            keys = await self._keyring.ensure([record_id])
            await asyncio.to_thread(_keep, path, keys[record_id], digest, body)
        except (KeyDestroyed, FileNotFoundError) as erased:
            # Without its folder, from one step to the next: an erasure has just taken it away.
            raise LookupError(record_id) from erased
        return digest

    async def read(self, record_id: str, digest: str) -> bytes:
        """What was handed in. Raises ``LookupError`` when it is not here, or its record was erased, and
        ``DocumentDamaged``."""
        path = self._path(record_id, digest)
        keys = await self._keyring.keys([record_id])
        if record_id not in keys or not path.exists():
            raise LookupError(digest)
        sealed = await asyncio.to_thread(path.read_bytes)
        try:
            body = vault.open_document(keys[record_id], digest, sealed)
        except InvalidTag as altered:
            raise DocumentDamaged(digest) from altered
        return body

    async def records(self) -> set[str]:
        """The records that have files here."""
        return await asyncio.to_thread(_folders, self._folder)

    async def idle(self, seconds: float) -> list[Named]:
        """The files that nobody has handed in for so long, whether an event names them or not."""
        return await asyncio.to_thread(_idle, self._folder, time.time() - seconds)

    async def drop(self, named: Named, seconds: float) -> bool:
        """Removes one file, unless it was handed in (again) meanwhile; answers whether it did.

        To be asked only of a file that was ``idle`` before one looked whether an event names it: whoever
        hands it in makes it young before any event names it.
        """
        path = self._path(*named)
        return await asyncio.to_thread(_drop, path, time.time() - seconds)

    async def forget(self, record_id: str) -> None:
        """Removes every file of the record. Doing it twice changes nothing."""
        path = self._path(record_id, "0" * 64).parent
        await asyncio.to_thread(shutil.rmtree, path, ignore_errors=not path.exists())

    def _path(self, record_id: str, digest: str) -> Path:
        """Raises ``ValueError`` for what could lead elsewhere."""
        if not is_named(record_id, digest):
            raise ValueError("neither a record nor a digest")
        return self._folder / record_id / digest


def listed(folder: Path) -> Iterator[tuple[Named, Path]]:
    """Every file kept, in the order of records and digests; one may be gone when it is looked at."""
    for record in sorted(folder.iterdir()) if folder.exists() else ():
        if not _RECORD.fullmatch(record.name):
            continue
        for file in sorted(record.iterdir()) if record.exists() else ():
            if _DIGEST.fullmatch(file.name):
                yield (record.name, file.name), file


def put_back(folder: Path, named: Named, sealed: Iterable[bytes]) -> None:
    """A file as it was kept, sealed already. Raises ``ValueError`` for a name that could lead elsewhere."""
    record_id, digest = named
    if not is_named(record_id, digest):
        raise ValueError("neither a record nor a digest")
    path = folder / record_id / digest
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(path.parent):
        _write(path, sealed)


def is_named(record_id: str, digest: str) -> bool:
    """Whether these are the id of a record and a SHA-256, and nothing that leads elsewhere."""
    return bool(_RECORD.fullmatch(record_id) and _DIGEST.fullmatch(digest))


def _folders(folder: Path) -> set[str]:
    return {found.name for found in folder.iterdir()} if folder.exists() else set()


def _idle(folder: Path, before: float) -> list[Named]:
    return [named for named, path in listed(folder) if _older(path, before)]


def _older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime < before
    except FileNotFoundError:
        return False


def _keep(path: Path, key: bytes, digest: str, body: bytes) -> None:
    """A file that is there already becomes young: see ``Documents.drop``."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(path.parent):
        if path.exists():
            os.utime(path)
        else:
            _write(path, [vault.seal_document(key, digest, body)])


def _drop(path: Path, before: float) -> bool:
    try:
        with _alone(path.parent):
            if not _older(path, before):
                return False
            path.unlink()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time in the folder of a record, among all processes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, sealed: Iterable[bytes]) -> None:
    """In one step, on disk before it returns: nobody finds half a file."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for part in sealed:
            file.write(part)
        file.flush()
        os.fsync(file)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
