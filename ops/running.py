"""Where a running stack listens: written by `mentorat up`, read by every other command."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ops.private import write_private
from ops.settings import Settings


class NotRunning(Exception):
    """No stack is running over this home, and no external address was given."""


@dataclass(frozen=True)
class Addresses:
    """Loopback addresses and DSNs of the embedded servers: secrets, in a file of mode 600."""

    dsn_owner: str
    dsn_app: str
    dsn_projector: str
    temporal_address: str
    temporal_ui: str
    api: str
    supervisor: int

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self), indent=1))


def addresses(settings: Settings) -> Addresses | None:
    """The running stack's, if there is one over this home: a file left by a dead one does not count."""
    try:
        found = Addresses(**json.loads(settings.stack_file.read_text()))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found if _alive(found.supervisor) else None


def forget(settings: Settings) -> None:
    """Our own stack has stopped. The addresses of another's, over the same home, are left alone."""
    found = addresses(settings)
    if found is None or found.supervisor == os.getpid():
        settings.stack_file.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def connected(settings: Settings) -> Settings:
    """The settings with every address filled in. Raises ``NotRunning`` when there is nothing to talk to."""
    if not settings.embedded_postgres and not settings.embedded_temporal:
        return settings
    found = addresses(settings)
    if found is None:
        raise NotRunning(
            f"Aucune pile ne tourne sur « {settings.home} » : lancez `make run` dans un autre terminal, "
            "ou donnez MENTORAT_HOME."
        )
    filled = {
        "dsn_owner": settings.dsn_owner or found.dsn_owner,
        "dsn_app": settings.dsn_app or found.dsn_app,
        "dsn_projector": settings.dsn_projector or found.dsn_projector,
        "temporal_address": settings.temporal_address or found.temporal_address,
    }
    return settings.model_copy(update=filled)
