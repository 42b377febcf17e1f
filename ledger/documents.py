"""Files that people hand in: one a content, sealed under the key of the record that they belong to.

No event holds one: events tell its SHA-256, its size and its type. Whoever destroys the record's key has
made them unreadable; the files themselves go with it.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag

from ledger import vault
from ledger.keyring import Keyring

_RECORD: Final = re.compile(r"[a-z]+-[0-9A-Za-z-]{1,80}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class DocumentDamaged(Exception):
    """The file is not the one that was kept: altered on disk, or of another house."""


class Documents:
    """A folder a record, a file a content. Every process that takes or shows files shares ``folder``."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self._folder = folder
        self._keyring = keyring

    async def keep(self, record_id: str, body: bytes) -> str:
        """Durable before it answers the SHA-256 (hex) of what was handed in. Twice the same is once.

        Raises ``KeyDestroyed`` for an erased record.
        """
        digest = sha256(body).hexdigest()
        path = self._path(record_id, digest)
        keys = await self._keyring.ensure([record_id])
        if not path.exists():
            await asyncio.to_thread(_write, path, vault.seal_document(keys[record_id], digest, body))
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

    async def forget(self, record_id: str) -> None:
        """Removes every file of the record. Doing it twice changes nothing."""
        path = self._path(record_id, "0" * 64).parent
        await asyncio.to_thread(shutil.rmtree, path, ignore_errors=not path.exists())

    def _path(self, record_id: str, digest: str) -> Path:
        """Raises ``ValueError`` for what could lead elsewhere."""
        if not _RECORD.fullmatch(record_id) or not _DIGEST.fullmatch(digest):
            raise ValueError("neither a record nor a digest")
        return self._folder / record_id / digest


def _folders(folder: Path) -> set[str]:
    return {found.name for found in folder.iterdir()} if folder.exists() else set()


def _write(path: Path, sealed: bytes) -> None:
    """In one step, on disk before it returns: nobody finds half a file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
