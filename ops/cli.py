"""`mentorat`: everything that is done from a terminal. Each command translates; the work is elsewhere."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from datetime import datetime
from enum import StrEnum
from importlib.metadata import version as installed
from typing import Annotated, Any

import psycopg
import typer
from pydantic import ValidationError
from rich.progress import Progress
from rich.table import Table

from domain.calendar import PARIS
from ops import cli_export, cli_imports, cli_read, cli_trust
from ops.mendable import MENDABLE
from ops.running import NotRunning, connected
from ops.settings import Settings
from ops.terminal import err, fail, out, run

app = typer.Typer(
    help="Cycle de vie du mentorat en lycée professionnel.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
tokens_app = typer.Typer(help="Jetons d'accès à l'API.", no_args_is_help=True)
clock_app = typer.Typer(help="Horloge du domaine (développement seulement).", no_args_is_help=True)
app.add_typer(tokens_app, name="token")
app.add_typer(clock_app, name="clock")
cli_export.add_to(app)
cli_imports.add_to(app)
cli_read.add_to(app)
cli_trust.add_to(app)


def main() -> None:
    """Runs the command and leaves at once if it spoke to Temporal: its client may crash while the interpreter
    winds down, after all was done."""
    try:
        _told()
    except SystemExit as done:
        if "temporalio" in sys.modules and not isinstance(done.code, str):
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(done.code or 0)
        raise


def _told() -> None:
    """What a person can mend ends in a French sentence and status 2, a bug in its traceback. Usage errors
    (an unknown command, a missing argument) are the command-line library's, in English.
    """
    try:
        app()
    except (NotRunning, *MENDABLE) as error:
        fail(str(error))
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False):
            name = "MENTORAT_" + "_".join(str(part) for part in fault["loc"]).upper()
            field = Settings.model_fields.get(str(fault["loc"][0]))
            meaning = field.description if field else ""
            secret = any(word in name for word in ("PASSWORD", "DSN", "KEY"))
            value = "" if secret else f" « {fault['input']} »"
            if fault["type"] == "value_error":
                value = f" ({fault['msg'].removeprefix('Value error, ')})"
            err.print(
                f"Réglage {name} : valeur refusée{value}. {meaning} Voir docs/reglages.md.", markup=False
            )
        sys.exit(2)
    except psycopg.OperationalError as error:
        fail(f"La base de données ne répond pas ({type(error).__name__}). `mentorat doctor` dit quoi faire.")


@app.command()
def up(begin: Annotated[datetime | None, typer.Option(hidden=True)] = None) -> None:
    """Démarre toute la pile au premier plan (Ctrl-C pour l'arrêter)."""
    from ops.running import Addresses
    from ops.up import Stack

    settings = Settings()

    def ready(where: Addresses) -> None:
        out.print("\n[bold]mentorat est prêt.[/bold]")
        out.print(f"  API et documentation   {where.api}/docs")
        out.print(f"  État de santé          {where.api}/readyz")
        if where.temporal_ui:
            out.print(f"  Temporal (interface)   {where.temporal_ui}")
        if settings.tokens_file.exists():
            out.print(f"  Jetons de démonstration {settings.tokens_file}")
        out.print("  Ctrl-C pour arrêter.\n")

    stack = Stack(
        settings,
        lambda sentence: out.print(sentence, markup=False),
        begins=begin and begin.replace(tzinfo=PARIS),
    )
    raise typer.Exit(stack.run(ready))


@app.command()
def demo(
    speed: Annotated[float, typer.Option(min=0.1, help="Vitesse du récit (1 : normale).")] = 1.0,
) -> None:
    """Joue un an de la vie des six conventions, sur une pile jetable."""
    from ops.demo import play

    raise typer.Exit(play(speed, out))


@app.command()
def migrate() -> None:
    """Prépare la base : rôles, schémas, données de référence (avec des serveurs externes)."""
    from ops import database, maintenance, seed

    settings = connected(Settings())

    async def work() -> str | None:
        applied = await database.migrate(
            settings.dsn_owner,
            app_password=database.password_of(settings.dsn_app),
            projector_password=database.password_of(settings.dsn_projector),
        )
        for name in applied:
            out.print(f"appliqué : {name}")
        if settings.production:
            await database.freeze_clock(settings.dsn_owner)
        if warning := await maintenance.ready_to_serve(settings):
            err.print(warning, style="red", markup=False)
        return await seed.load(settings)

    out.print(asyncio.run(work()) or "Rien à charger.")


class Part(StrEnum):
    """The processes that the supervisor, or a container, runs one by one."""

    API = "api"
    WORKER = "worker"
    PROJECTOR = "projector"


@app.command(hidden=True)
def serve(
    part: Part,
    fd: Annotated[int | None, typer.Option(help="Descripteur d'une prise qui écoute déjà (api).")] = None,
) -> None:
    """Un processus de la pile : api, worker ou projector."""
    from ops import serving

    serving.serve(part, Settings(), fd)


@tokens_app.command("create")
def token_create(
    role: Annotated[
        str, typer.Argument(help="national, academie, association, lycee, auditor, dpo, operator")
    ],
    label: Annotated[str, typer.Option(help="À qui ou à quoi il sert.")],
    academie: Annotated[list[str] | None, typer.Option(help="Code d'académie (répétable).")] = None,
    region: Annotated[str | None, typer.Option(help="Nom de la région académique.")] = None,
    association: Annotated[str | None, typer.Option(help="Identifiant de l'association.")] = None,
    lycee: Annotated[str | None, typer.Option(help="Code UAI du lycée.")] = None,
) -> None:
    """Crée un jeton ; il n'est montré qu'une fois."""
    from api.tokens import TokenStore
    from domain.identifiers import InvalidValue, parse_uai
    from ops.compose import house
    from ops.tokens import scopes_of

    async def work(settings: Settings) -> str:
        async with house(settings, "token") as parts:
            scopes = scopes_of(
                role,
                parts.world.territory,
                academies=tuple(academie or ()),
                region=region,
                association=association,
                lycee=parse_uai(lycee) if lycee else None,
            )
            _, token = await TokenStore(parts.pool).create(role, label, scopes)
            return token

    try:
        out.print(run(work), markup=False)
    except (InvalidValue, ValueError) as error:
        fail(str(error))


@tokens_app.command("list")
def token_list() -> None:
    """Montre les jetons (jamais leur secret)."""
    from api.tokens import TokenStore
    from ops.compose import house

    async def work(settings: Settings) -> list[Any]:
        async with house(settings, "token") as parts:
            return list(await TokenStore(parts.pool).list())

    table = Table()
    for title in ("Identifiant", "Rôle"):
        table.add_column(title, no_wrap=True)
    for title in ("Libellé", "Périmètre", "Créé le", "Révoqué le"):
        table.add_column(title, overflow="fold")
    for token in run(work):
        revoked = f"{token.revoked_at:%d/%m/%Y}" if token.revoked_at else ""
        scopes = " ".join(sorted(token.scopes - {"public"}))
        table.add_row(token.id, token.role, token.label, scopes, f"{token.created_at:%d/%m/%Y}", revoked)
    out.print(table)


@tokens_app.command("revoke")
def token_revoke(token_id: str) -> None:
    """Révoque un jeton par son identifiant."""
    from api.tokens import TokenStore
    from ops.compose import house

    async def work(settings: Settings) -> bool:
        async with house(settings, "token") as parts:
            return await TokenStore(parts.pool).revoke(token_id)

    if not run(work):
        fail(
            f"Aucun jeton en cours ne porte l'identifiant « {token_id} » : `mentorat token list` les montre."
        )
    out.print("Jeton révoqué.")


@app.command()
def rebuild(
    claims: Annotated[
        bool,
        typer.Option("--claims", help="Les réservations (ledger.claims), non les vues : l'écriture attend."),
    ] = False,
) -> None:
    """Reconstruit les vues à côté de celles qui servent, puis bascule."""
    from ops import maintenance

    if claims:
        try:
            found = run(maintenance.rebuild_claims)
        except maintenance.HeldTwice as refused:
            fail(str(refused))
        out.print(f"Réservations refaites d'après les événements : {found} dossier(s) corrigé(s).")
        return

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("Reconstruction", total=None)
        count = run(
            lambda settings: maintenance.rebuild(
                settings, lambda done, total: bar.update(task, completed=done, total=total)
            )
        )
    out.print(f"Vues reconstruites depuis {count} événements.")


@app.command()
def processes(
    replay: Annotated[int | None, typer.Option(help="Réveille le dossier de ce numéro.")] = None,
    discard: Annotated[int | None, typer.Option(help="Classe ce numéro sans suite.")] = None,
) -> None:
    """Montre ce qui est ouvert, dû, ou mis de côté."""
    from ops import maintenance

    number = replay if replay is not None else discard
    if number is None:
        run(lambda settings: maintenance.show_processes(settings, out))
        return
    again = replay is not None
    if not run(lambda settings: maintenance.settle_letter(settings, number, replay=again)):
        fail(f"Rien n'est mis de côté sous le numéro {number} : `mentorat processes` montre ce qui l'est.")
    out.print("Dossier réveillé." if again else "Classé sans suite.")


@clock_app.command("advance")
def clock_advance(
    delay: Annotated[str, typer.Argument(help="Par exemple 8d, 36h ou 90m.")],
) -> None:
    """Avance l'horloge du domaine ; ce qui devient dû est réveillé."""
    from ops import maintenance

    try:
        moved = run(lambda settings: maintenance.advance(settings, delay))
    except maintenance.ClockRefused as refused:
        fail(str(refused))
    else:
        out.print(f"Il est maintenant le {moved:%d/%m/%Y à %H:%M} (heure de Paris) dans le domaine.")


@app.command()
def doctor() -> None:
    """Vérifie chaque partie et dit quoi faire ; le code de sortie compte les anomalies."""
    from ops.doctor import examine

    raise typer.Exit(min(asyncio.run(examine(Settings(), out)), 100))


@app.command()
def version() -> None:
    """La version installée."""
    out.print(installed("mentorat"))


if __name__ == "__main__":
    main()
