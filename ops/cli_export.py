"""`mentorat export`: an operator leaves with all its records."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.settings import Settings
from ops.terminal import fail, out, run

if TYPE_CHECKING:
    from api.export.archive import Export
    from ops.compose import House


def add_to(app: typer.Typer) -> None:
    app.command()(export)


def export(
    association: Annotated[str, typer.Option(help="Le nom de l'association, ou son identifiant.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Le fichier ZIP à créer.")],
    role: Annotated[
        str, typer.Option(help="Jeton de démonstration, à défaut de MENTORAT_TOKEN.")
    ] = "association",
) -> None:
    """Écrit tous les dossiers d'une association, en clair, dans un ZIP ; la remise est journalisée."""
    from domain.kernel import DomainError
    from ops.compose import house
    from ops.who import NobodyKnown
    from projections.reading import Behind

    async def work(settings: Settings) -> Export:
        async with house(settings, "export") as parts:
            return await _exported(parts, association, role)

    if output.exists():
        fail(f"« {output} » existe déjà : un export n'en remplace pas un autre.")
    try:
        found = run(work)
    except DomainError as refused:
        fail(refused.sentence)
    except NobodyKnown as nobody:
        fail(str(nobody))
    except Behind:
        fail("Les vues ne sont pas à jour : réessayez, ou voyez `mentorat doctor`.")
    try:
        _write(found, output)
    except OSError as error:
        fail(f"Impossible d'écrire « {output} » : {error.strerror}.")
    finally:
        found.spool.close()
    out.print(f"Écrit dans {output}, tel que connu à la position {found.position}.", markup=False)


async def _exported(parts: House, association: str, role: str) -> Export:
    """Raises what ``exported`` does, and ``NobodyKnown``."""
    from api.export.archive import exported
    from api.export.gathering import Sources
    from ledger.readings import OpenedPersons, ReadingLog
    from ops import database, who

    reader = await who.actor_of(parts.settings, parts.pool, role)
    async with database.pool(parts.settings.dsn_app, most=1, name="readings") as pool:
        persons = OpenedPersons(parts.keyring, ReadingLog(pool))
        sources = Sources(parts.feed, parts.reader, persons, parts.documents, parts.executor.now)
        found = await _named(parts, reader.scopes, association)
        return await exported(sources, reader, found, "export (mentorat export)")


async def _named(parts: House, scopes: frozenset[str], association: str) -> str:
    """The id of the one association of that name or alias within the scopes. Raises ``NotFound``."""
    from domain.association.parts import plain
    from domain.kernel import NotFound
    from ops.naming import bearers
    from projections import associations
    from projections.association_filters import AssociationFilters

    if association.startswith("association-"):
        return association
    ids = await bearers(parts, association)
    async with parts.reader.session(scopes) as connection:
        found = [record_id for record_id in ids if await associations.get(connection, record_id)]
        near = await associations.page(connection, AssociationFilters(name=association), limit=200)
    wanted = plain(association)
    found += [one.id for one in near.items if one.id not in found and wanted in map(plain, one.aliases)]
    if len(found) != 1:
        raise NotFound(
            "not_found",
            f"{len(found) or 'Aucune'} association(s) de ce nom dans votre périmètre : donnez l'identifiant.",
        )
    return found[0]


def _write(export: Export, output: Path) -> None:
    """Mode 600, whole or not there at all."""
    fresh = output.with_name(f".{output.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in export.spool.chunks():
                file.write(chunk)
            file.flush()
            os.fsync(file)
        fresh.rename(output)
    finally:
        fresh.unlink(missing_ok=True)
