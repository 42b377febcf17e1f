"""A deployment without Docker: the settings, secrets and volumes of each container, on embedded servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from ops import database
from ops.settings import Settings
from ops.stack.cluster import binary
from ops.stack.ports import LOOPBACK
from ops.stack.postgres import Postgres

HOUSE: Final = Path(__file__).parents[2]
IMAGE: Final = HOUSE / "ops" / "image"
FILE: Final[dict[str, Any]] = yaml.safe_load((HOUSE / "docker-compose.yml").read_text())
SERVICES: Final[dict[str, dict[str, Any]]] = FILE["services"]
MENTORAT: Final = Path(sys.executable).parent / "mentorat"


def make_secrets(folder: Path) -> None:
    subprocess.run(["sh", IMAGE / "make-secrets", folder], check=True)


def initialise(server: Postgres, script: str, secrets: Path) -> None:
    """What the image of PostgreSQL does with an empty volume."""
    environment = {
        "PATH": f"{binary('psql').parent}:{os.environ['PATH']}",
        "PGHOST": LOOPBACK,
        "PGPORT": str(server.port),
        "PGPASSWORD": database.password_of(server.dsn()),
        "SECRETS": str(secrets),
    }
    subprocess.run(["sh", IMAGE / script], env=environment, check=True)


class Server(Postgres):
    """The embedded PostgreSQL with the options of a service of the file."""

    def __init__(self, home: Path, service: str) -> None:
        super().__init__(home, durable=False)
        self._options = SERVICES[service]["command"][1:]

    def command(self) -> list[str]:
        return [*super().command(), *self._options]


@dataclass(frozen=True)
class Deployment:
    """A folder in which make-secrets has been run, the volumes beside it, and the two servers."""

    folder: Path
    postgres: Server
    keyring: Server

    @property
    def master_key(self) -> Path:
        return self.folder / "secrets" / "mentorat_master_key"

    def volume(self, name: str) -> Path:
        return self.folder / "volumes" / name

    def home(self, service: str) -> Path:
        """The container's own folder, its volumes at their places in it."""
        root = self.folder / "containers" / service
        mounts = [volume.split(":") for volume in SERVICES[service].get("volumes", [])]
        for name, target in sorted(mounts, key=lambda mount: mount[1]):
            place = root / target.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            self.volume(name).mkdir(parents=True, exist_ok=True)
            if not place.is_symlink():
                place.symlink_to(os.path.relpath(self.volume(name), place.parent.resolve()))
        return root / str(FILE["x-environment"]["MENTORAT_HOME"]).lstrip("/")

    def variables(self, service: str) -> dict[str, str]:
        """What the container is told, by its environment and by its secrets."""
        found = {name: value for name, value in SERVICES[service]["environment"].items() if value is not None}
        for name in SERVICES[service]["secrets"]:
            found[name.upper()] = self._here((self.folder / "secrets" / name).read_text())
        return found | {"MENTORAT_HOME": str(self.home(service))}

    def settings(self, service: str) -> Settings:
        told = self.variables(service).items()
        return Settings.model_validate(
            {name.removeprefix("MENTORAT_").lower(): value for name, value in told}
        )

    def run(self, service: str, *words: str) -> str:
        """A command of the terminal in a container of this service; answers what it prints."""
        environment = {"PATH": os.environ["PATH"], **self.variables(service)}
        done = subprocess.run(
            [MENTORAT, *words], env=environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def copied(self, folder: Path) -> Deployment:
        shutil.copytree(self.folder, folder, symlinks=True)
        return replace(self, folder=folder)

    def _here(self, secret: str) -> str:
        servers = {"@postgres:5432/": self.postgres, "@keyring:5432/": self.keyring}
        for there, server in servers.items():
            secret = secret.replace(there, f"@{LOOPBACK}:{server.port}/")
        return secret
