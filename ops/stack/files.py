"""Files a server depends on: locked while it lives, watched while it serves."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ops.stack.errors import StackError


@contextlib.contextmanager
def held(lock: Path, refusal: str, patience: float) -> Iterator[None]:
    """Hold `lock`, which a live server holds too: `refusal` is raised after `patience` seconds in
    vain.

    The patience is for a server still dying: the back ends of a killed PostgreSQL hold the lock
    until they notice.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StackError(refusal) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def watch_file(path: Path) -> Callable[[], str | None]:
    """A check that answers a French sentence once the file (or folder) under a server is no longer
    its own.

    A deleted file goes on living under the server that opened it, and dies with it: somebody has to
    notice.
    """
    first = identity(path)

    def check() -> str | None:
        try:
            now = identity(path)
        except OSError as error:
            return f"{path} n'est plus accessible ({error.strerror})"
        if now is None:
            return f"{path} a disparu"
        if now != first:
            return f"{path} a été remplacé par un autre fichier"
        if not os.access(path, os.W_OK):
            return f"{path} n'est plus accessible en écriture"
        return None

    return check


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of the same name; None when there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
