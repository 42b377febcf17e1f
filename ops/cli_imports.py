"""`mentorat import`: files as people have them, recorded as a whole or not at all, in this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from ops.settings import Settings
from ops.terminal import err, fail, out, run

if TYPE_CHECKING:
    from domain.kernel import Actor
    from domain.territory import Territory
    from ops.compose import House
    from ops.imports.bench import Kind
    from ops.imports.report import Report

    _Target = Callable[[House], Awaitable[tuple[Kind, Actor]]]

_HELP = "CSV (; , ou tabulation ; UTF-8 ou cp1252) ou XLSX."
_File = Annotated[Path, typer.Argument(help=f"Le fichier : {_HELP}")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Vérifie sans rien enregistrer.")]
_Annotated = Annotated[
    Path | None, typer.Option("--annotated", help="Où écrire le même fichier, annoté ligne par ligne.")
]

imports_app = typer.Typer(help="Reprend des données existantes.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(imports_app, name="import")


@dataclass(frozen=True)
class _Asked:
    """What a command of the terminal wants done with a file."""

    file: Path
    dry_run: bool
    annotated: Path | None


@imports_app.command("conventions")
def import_conventions(file: _File, dry_run: _DryRun = False, annotated: _Annotated = None) -> None:
    """Importe des conventions annoncées. Rien n'est enregistré si une seule ligne est fautive."""

    from ops.imports.conventions import Conventions

    _import(_Asked(file, dry_run, annotated), _for_every_academie(Conventions()))


@imports_app.command("mentors")
def import_mentors(
    file: _File,
    association: Annotated[str, typer.Option(help="Le nom de l'association, ou son identifiant.")],
    dry_run: _DryRun = False,
    annotated: _Annotated = None,
) -> None:
    """Importe les mentors d'une association. Qui est déjà connu n'est pas modifié."""

    async def target(parts: House) -> tuple[Kind, Actor]:
        from ops.imports.mentors import Mentors

        association_id = await _association(parts, association)
        return Mentors(association_id), _operator(association_id)

    _import(_Asked(file, dry_run, annotated), target)


@imports_app.command("associations")
def import_associations(file: _File, dry_run: _DryRun = False, annotated: _Annotated = None) -> None:
    """Importe des associations. Qui est déjà connu n'est pas modifié."""

    from ops.imports.associations import Associations

    _import(_Asked(file, dry_run, annotated), _for_every_academie(Associations()))


@imports_app.command("attendance")
def import_attendance(
    file: _File,
    training: Annotated[str, typer.Option(help="L'identifiant de la formation.")],
    dry_run: _DryRun = False,
    annotated: _Annotated = None,
) -> None:
    """Importe les présences à une formation. Ce qui est déjà noté ne l'est pas deux fois."""

    async def target(parts: House) -> tuple[Kind, Actor]:
        from domain.folding import fold
        from domain.training.model import Training
        from ops.imports.attendance import Attendance

        course = fold(await parts.feed.of([training]))
        if not isinstance(course, Training):
            fail(f"Aucune formation ne porte l'identifiant « {training} ».")
        return Attendance(course.association_id, course.id), _operator(course.association_id)

    _import(_Asked(file, dry_run, annotated), target)


def _for_every_academie(kind: Kind) -> _Target:
    """Into the registers of all of them."""

    async def target(parts: House) -> tuple[Kind, Actor]:
        return kind, _academies(parts.world.territory)

    return target


def _import(asked: _Asked, target: _Target) -> None:
    """Reads, tells the faults, writes the annotated file; status 1 when the file is faulty, 2 when there is
    none to read."""
    report = run(lambda settings: _work(settings, asked, target))
    for fault in report.faults:
        err.print(str(fault), markup=False)
    if report.left_aside:
        err.print(f"Colonnes laissées de côté : {', '.join(report.left_aside)}.", markup=False)
    if report.found:
        count = report.found.count
        err.print(f"{count} anomalie(s) : rien n'a été enregistré.", style="red", markup=False)
        raise typer.Exit(1)
    verb = (
        "vérifiée(s), rien n'est enregistré" if asked.dry_run else f"lue(s), {report.recorded} enregistrée(s)"
    )
    known = f", {report.known} déjà connue(s)" if report.known else ""
    out.print(f"{report.lines} ligne(s) {verb}{known}.")


async def _work(settings: Settings, asked: _Asked, target: _Target) -> Report:
    from ops.compose import house
    from ops.imports import direct
    from ops.imports.apart import Apart
    from ops.imports.faults import Fault

    body = direct.read_file(asked.file)
    if isinstance(body, Fault):
        fail(f"« {asked.file} » : {body.said}")
    async with house(settings, "import") as parts:
        kind, actor = await target(parts)
        with Progress(console=err, transient=True) as bar:
            task = bar.add_task("Import", total=None)
            report = await direct.run(
                kind,
                body,
                parts.executor,
                actor,
                dry_run=asked.dry_run,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        if asked.annotated:
            back = await Apart().annotated(body, report, written=report.written)
            if back is not None:
                asked.annotated.write_bytes(back)
    return report


def _academies(territory: Territory) -> Actor:
    """Whoever works at the terminal of an installation acts there for every académie."""
    from domain.kernel import Actor

    codes = [academie.code for academie in territory.academies]
    regions = {academie.region_academique for academie in territory.academies}
    scopes = {f"academie:{code}" for code in codes} | {f"region:{name}" for name in regions}
    return Actor("import", "academie", frozenset(scopes | {"public"}))


def _operator(association_id: str) -> Actor:
    from domain.kernel import Actor

    return Actor("import", "association", frozenset({"public", f"association:{association_id}"}))


async def _association(parts: House, told: str) -> str:
    """By its id, or by its whole name; those whose name merely contains it are proposed."""
    from ops.naming import bearers
    from projections import associations
    from projections.association_filters import AssociationFilters

    ids = [told] if told.startswith("association-") else await bearers(parts, told)
    async with parts.reader.session({"role:national"}) as connection:
        exact = [one for record_id in ids if (one := await associations.get(connection, record_id))]
        near = exact or (await associations.page(connection, AssociationFilters(name=told), None, 200)).items
    if len(exact) != 1:
        said = "Plusieurs associations s'appellent" if exact else "Aucune association ne s'appelle"
        known = "".join(f"\n- {one.name} ({one.id})" for one in near)
        fail(f"{said} « {told} » : donnez son identifiant (association-…).{known}")
    return exact[0].id
