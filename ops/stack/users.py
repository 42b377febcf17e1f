"""PostgreSQL refuses to run as root: the account it runs under, and the way to its files."""

import logging
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ops.stack.errors import StackError

log = logging.getLogger(__name__)

ACCOUNT = "mentorat"
_FALLBACKS = ("postgres", "nobody")


@dataclass(frozen=True)
class User:
    name: str
    uid: int
    gid: int


def _find(name: str) -> User | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return User(name, entry.pw_uid, entry.pw_gid) if entry.pw_uid != 0 else None


def owner_of(path: Path) -> User:
    """The account a file belongs to; it may have lost its name."""
    found = path.stat()
    try:
        name = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        name = str(found.st_uid)
    return User(name, found.st_uid, found.st_gid)


def system_user() -> User | None:
    """The account servers drop to when we are root, created on first need; None for an ordinary
    user.
    """
    if os.geteuid() != 0:
        return None
    return _find(ACCOUNT) or _create() or _fallback()


def _create() -> User | None:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        return None
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    done = subprocess.run(
        [useradd, *options, ACCOUNT],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        log.warning("useradd %s failed: %s", ACCOUNT, done.stderr.strip())
    else:
        log.info("created the system account %s", ACCOUNT)
    return _find(ACCOUNT)


def _fallback() -> User:
    for name in _FALLBACKS:
        user = _find(name)
        if user is not None:
            log.info("no account %s could be made, using %s", ACCOUNT, name)
            return user
    raise StackError(
        "PostgreSQL refuse de fonctionner sous le compte root, et le compte système « mentorat » "
        "n'a pas pu être créé. Créez-le (useradd --system mentorat) ou lancez la commande sous un "
        "compte ordinaire."
    )


def open_way(path: Path, user: User) -> list[Path]:
    """Let `user` walk down to `path`: add `o+x`, and nothing else, to each parent folder that needs
    it.

    Returns the folders changed, which are also logged. `o+x` lets others pass through a folder
    without listing it.
    """
    changed = []
    for folder in reversed(path.resolve().parents):
        found = folder.stat()
        if found.st_uid == user.uid:
            passes = bool(found.st_mode & stat.S_IXUSR)
        elif found.st_gid == user.gid:
            passes = bool(found.st_mode & stat.S_IXGRP)
        else:
            passes = bool(found.st_mode & stat.S_IXOTH)
        if passes:
            continue
        try:
            folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)
        except OSError as error:
            raise StackError(
                f"Le compte « {user.name} » ne peut pas traverser le dossier {folder}, et ses "
                f"droits ne peuvent pas être modifiés ({error.strerror})."
            ) from error
        log.warning("added o+x to %s so that %s can reach %s", folder, user.name, path)
        changed.append(folder)
    return changed
