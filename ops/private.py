"""Files that their owner alone may read, on disk before they have their name: secrets, tokens, addresses."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from ops.stack.errors import StackError

SHORTEST: Final = 32
"""Characters of a secret, at least."""


def write_private(path: Path, text: str) -> None:
    """Writes a file of mode 600 in one step: nobody reads it half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_or_make(path: Path) -> str:
    """A secret of 256 bits, made at first use, the same ever after. Raises ``StackError`` for a file that was
    cut short."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return read(path)


def read(path: Path) -> str:
    """A secret that was made before. Raises ``StackError`` when it was not, or was cut short."""
    if not path.exists():
        raise StackError(f"Le secret « {path} » manque : remettez-le en place. Rien n'est créé à sa place.")
    found = path.read_text(encoding="utf-8")
    if len(found) < SHORTEST:
        raise StackError(f"Le secret « {path} » est vide ou tronqué : remettez-le d'après une copie.")
    return found
