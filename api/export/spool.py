"""A file that lasts as long as an export does: without a name, and unreadable without this process.

Personal data in clear exist in memory only: what is set aside on disk is encrypted under a key that is never
written. The file has no name from the start (mode 600), so that nothing is left of it, however this ends.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

CHUNK: Final = 1 << 18
"""Bytes kept in memory before they are written, and read back at once."""


class Spool:
    """Written once from its beginning, then read as often as needed. To ``zipfile`` it is a pipe: it has no
    ``tell``.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by ``close``
        self._cipher = Cipher(AES(os.urandom(32)), CTR(os.urandom(16)))
        self._encryptor = self._cipher.encryptor()
        self._digest = sha256()
        self._pending = bytearray()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._pending += data
        self.size += len(data)
        if len(self._pending) >= CHUNK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        self._digest.update(self._pending)
        sealed = memoryview(self._encryptor.update(bytes(self._pending)))
        self._pending.clear()
        while sealed:
            sealed = sealed[self._file.write(sealed) :]

    @property
    def sha256(self) -> str:
        """Of everything written, hexadecimal."""
        self.flush()
        return self._digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Everything written, piece by piece."""
        self.flush()
        self._file.seek(0)
        decryptor = self._cipher.decryptor()
        while sealed := self._file.read(CHUNK):
            yield decryptor.update(sealed)

    def close(self) -> None:
        """Nothing is left of it. Doing it twice changes nothing."""
        self._file.close()
