"""The database of a house, whether the house runs or is at rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ops import database, running
from ops.private import read_or_make
from ops.settings import Settings
from ops.stack.postgres import Postgres

DATABASE: Final = "mentorat"
"""The name of the database on the embedded server."""


class OutOfReach(Exception):
    """No database can be reached as asked: a French sentence for the operator."""


@asynccontextmanager
async def database_of(settings: Settings, *, at_rest: bool = False) -> AsyncIterator[Settings]:
    """The settings with the three DSNs filled in; the embedded server is started when nobody runs it.

    ``at_rest``: nobody may be serving this home; its server, made if need be, is then ours alone. Raises
    ``OutOfReach``, or ``StackError`` when the embedded server cannot be started.
    """
    if not settings.embedded_postgres:
        if not (settings.dsn_owner and settings.dsn_projector):
            raise OutOfReach(
                "Avec un PostgreSQL externe, donnez aussi MENTORAT_DSN_OWNER et MENTORAT_DSN_PROJECTOR."
            )
        yield settings
        return
    if found := running.addresses(settings):
        if at_rest:
            raise OutOfReach(
                f"Une pile tourne sur « {settings.home} » : arrêtez-la d'abord (Ctrl-C dans son terminal)."
            )
        yield _filled(settings, found.dsn_owner, found.dsn_app, found.dsn_projector)
        return
    home = settings.home.absolute()
    server = Postgres(home / "postgres")
    if not at_rest and not server.data.exists():
        raise OutOfReach(f"Il n'y a pas encore de base dans « {settings.home} » : donnez MENTORAT_HOME.")
    with server:
        await database.create_database(server.dsn(), DATABASE)
        owner = server.dsn(DATABASE)
        yield _filled(
            settings,
            owner,
            database.as_role(owner, database.APP, read_or_make(home / "secrets" / "app")),
            database.as_role(owner, database.PROJECTOR, read_or_make(home / "secrets" / "projector")),
        )


def _filled(settings: Settings, owner: str, app: str, projector: str) -> Settings:
    dsns = {"dsn_owner": owner, "dsn_app": app, "dsn_projector": projector}
    return settings.model_copy(update=dsns)
