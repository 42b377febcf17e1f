"""The whole stack in the foreground: PostgreSQL, Temporal, projector, API, worker, under one supervisor."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from ops import backup, database, maintenance, running, seed
from ops.mendable import MENDABLE
from ops.private import read_or_make
from ops.reach import DATABASE
from ops.running import Addresses
from ops.settings import Settings
from ops.stack.errors import StackError
from ops.stack.listening import Probe, listen
from ops.stack.postgres import Postgres
from ops.stack.service import Service
from ops.stack.supervisor import Supervisor
from ops.stack.temporal import Temporal


class Stack:
    """The services of one home and how they find each other. Embedded servers only where none is given.

    ``begins`` (demonstration only): when domain time starts, on an empty ledger.
    """

    def __init__(
        self, settings: Settings, say: Callable[[str], None], *, begins: datetime | None = None
    ) -> None:
        self.settings = settings
        self._say = say
        self._begins = begins
        self._prepared = False
        home = settings.home.absolute()
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(f"Le dossier « {home} » ne peut pas servir : {error.strerror}.") from error
        self._listener = listen(settings.host, settings.port)
        self._port: int = self._listener.getsockname()[1]
        self._api_answers = Probe(settings.host, self._port, "/readyz")
        self.postgres = Postgres(home / "postgres") if settings.embedded_postgres else None
        self.temporal = Temporal(home / "temporal") if settings.embedded_temporal else None

    def addresses(self) -> Addresses:
        settings, owner = self.settings, self.settings.dsn_owner
        app, projector = settings.dsn_app, settings.dsn_projector
        if self.postgres:
            owner = self.postgres.dsn(DATABASE)
            app = database.as_role(owner, database.APP, self._password("app"))
            projector = database.as_role(owner, database.PROJECTOR, self._password("projector"))
        return Addresses(
            dsn_owner=owner,
            dsn_app=app,
            dsn_projector=projector,
            temporal_address=self.temporal.address if self.temporal else settings.temporal_address,
            temporal_ui=self.temporal.ui_address if self.temporal else "",
            api=f"http://{settings.host}:{self._port}",
            supervisor=os.getpid(),
        )

    def services(self) -> list[Service]:
        """In the order of their start. The API lives without Temporal; the worker does not."""
        servers = [server.service() for server in (self.postgres, self.temporal) if server]
        base = ("postgres",) if self.postgres else ()
        clock = ("temporal",) if self.temporal else ()
        return [
            *servers,
            self._child("projector", after=base, prepare=self.prepare),
            self._child("api", after=("projector",), ready=self._api_answers, lends=self._listener.fileno()),
            self._child("worker", after=("projector", *clock)),
        ]

    def run(self, on_ready: Callable[[Addresses], None]) -> int:
        """Until Ctrl-C. Answers the exit status; leaves no process behind."""

        def ready() -> None:
            where = self.addresses()
            where.write(self.settings.stack_file)
            on_ready(where)

        try:
            return Supervisor(self.services(), self._say, self.settings.logs.absolute()).run(ready)
        finally:
            self._listener.close()
            running.forget(self.settings)

    def prepare(self) -> str | None:
        """Migrations, reference data and demonstration tokens, before the first of our own processes."""
        if self._prepared:
            return None
        try:
            loaded = asyncio.run(self._prepare())
        except MENDABLE as error:
            raise StackError(str(error)) from error
        self._prepared = True
        return loaded

    async def _prepare(self) -> str | None:
        where = self.addresses()
        if self.postgres:
            await database.create_database(self.postgres.dsn(), DATABASE)
        await database.migrate(
            where.dsn_owner,
            app_password=database.password_of(where.dsn_app),
            projector_password=database.password_of(where.dsn_projector),
        )
        where.write(self.settings.stack_file)
        if self.settings.production:
            await database.freeze_clock(where.dsn_owner)
        elif self._begins:
            await database.begin_at(where.dsn_owner, self._begins)
        connected = self._connected(where)
        await backup.refuse_unfinished(connected.dsn_app)
        told = [await maintenance.ready_to_serve(connected), await seed.load(connected)]
        return "\n".join(filter(None, told)) or None

    def _connected(self, where: Addresses) -> Settings:
        return self.settings.model_copy(
            update={
                "dsn_owner": where.dsn_owner,
                "dsn_app": where.dsn_app,
                "dsn_projector": where.dsn_projector,
                "temporal_address": where.temporal_address,
            }
        )

    def _child(
        self,
        name: str,
        *,
        after: tuple[str, ...],
        prepare: Callable[[], str | None] = lambda: None,
        ready: Callable[[], bool] = lambda: True,
        lends: int | None = None,
    ) -> Service:
        command = [sys.executable, "-m", "ops.cli", "serve", name]
        return Service(
            name=name,
            command=lambda: command if lends is None else [*command, f"--fd={lends}"],
            env=self._environment,
            prepare=prepare,
            ready=ready,
            lends=lends,
            after=after,
        )

    def _environment(self) -> Mapping[str, str]:
        """What a child needs: addresses by its environment, never by its arguments."""
        where, house = self.addresses(), Path(__file__).parents[1]
        return {
            **os.environ,
            "PYTHONPATH": str(house),
            "PYTHONUNBUFFERED": "1",
            "MENTORAT_HOME": str(self.settings.home.absolute()),
            "MENTORAT_DSN_APP": where.dsn_app,
            "MENTORAT_DSN_PROJECTOR": where.dsn_projector,
            "MENTORAT_TEMPORAL_ADDRESS": where.temporal_address,
        }

    def _password(self, role: str) -> str:
        return read_or_make(self.settings.home.absolute() / "secrets" / role)
