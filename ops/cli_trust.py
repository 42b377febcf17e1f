"""`mentorat`: the commands about trust: the seal, the keys, erasures, backups. Each translates, no more."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from domain.erasure import GROUND_LABELS, Ground
from ops.settings import Settings
from ops.terminal import err, fail, out, run

if TYPE_CHECKING:
    from ops.audit import Inspection

audit_app = typer.Typer(
    help="Sceau du registre : preuves, points de contrôle, vérification.", no_args_is_help=True
)
keys_app = typer.Typer(help="Clés de l'installation.", no_args_is_help=True)

_FILE = typer.Option("--output", "-o", help="Fichier à écrire.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(audit_app, name="audit")
    app.add_typer(keys_app, name="keys")
    app.command()(erase)
    app.command()(backup)
    app.command()(restore)


# The seal ----------------------------------------------------------------------------------------


@audit_app.command("key")
def audit_key() -> None:
    """Montre la clé publique des points de contrôle (aussi dans audit.pub), et la crée au besoin."""
    from ops import keys

    out.print(keys.signer(Settings()).vkey, markup=False)


@audit_app.command("checkpoint")
def audit_checkpoint() -> None:
    """Signe l'état présent du registre, le garde hors de PostgreSQL et le pousse (réglages)."""
    from ledger.checkpoint import DoesNotExtend
    from ops import audit
    from ops.compose import house

    async def work(settings: Settings) -> Any:
        async with house(settings, "audit") as parts:
            return await audit.publish(settings, parts.pool)

    try:
        checkpoint, problems = run(work)
    except DoesNotExtend as refused:
        fail(f"Rien n'est signé. {refused.sentence} `mentorat audit check` dit où.")
    out.print(checkpoint.note, end="", markup=False)
    for problem in problems:
        err.print(f"Non poussé : {problem}", markup=False)


@audit_app.command("epoch")
def audit_epoch(
    reason: Annotated[str, typer.Option(help="Pourquoi, en une ligne, sans nommer personne.")],
) -> None:
    """Déclare une nouvelle époque : le registre a été restauré et reprend d'ici."""
    from ledger.checkpoint import DoesNotExtend
    from ops import audit
    from ops.compose import house

    async def work(settings: Settings) -> Any:
        async with house(settings, "audit") as parts:
            return await audit.open_epoch(settings, parts.pool, reason)

    try:
        out.print(run(work).note, end="", markup=False)
    except (DoesNotExtend, ValueError) as refused:
        fail(f"L'époque n'est pas ouverte : {refused}")


@audit_app.command("export")
def audit_export(
    record: Annotated[str, typer.Option(help="L'identifiant du dossier.")],
    output: Annotated[Path, _FILE],
    sealed: Annotated[
        bool,
        typer.Option("--sealed", help="Sans les clés, même si l'on peut lire."),
    ] = False,
    role: Annotated[str, typer.Option(help="Jeton de démonstration, à défaut de MENTORAT_TOKEN.")] = "dpo",
) -> None:
    """Écrit la preuve d'un dossier : ses événements tels qu'ils sont, leur place dans le registre signé."""
    from domain.kernel import DomainError
    from ledger.checkpoint import DoesNotExtend
    from ops import audit, who
    from ops.compose import house
    from ops.private import write_private

    async def work(settings: Settings) -> dict[str, Any]:
        async with house(settings, "audit") as parts:
            actor = await who.actor_of(settings, parts.pool, role)
            return await audit.evidence_of(parts, actor, record, sealed=sealed)

    try:
        evidence = run(work)
    except LookupError:
        fail(f"Aucun dossier « {record} » dans votre périmètre.")
    except who.NobodyKnown as nobody:
        fail(str(nobody))
    except DomainError as refused:
        fail(f"{refused.sentence} Il faut {', '.join(refused.missing)}.")
    except DoesNotExtend as refused:
        fail(f"Aucune preuve n'est écrite. {refused.sentence} `mentorat audit check` dit où.")
    write_private(output, json.dumps(evidence, ensure_ascii=False, indent=1) + "\n")
    out.print(f"{len(evidence['events'])} événement(s) écrits dans {output}.", markup=False)


@audit_app.command("verify")
def audit_verify(
    file: Annotated[Path, typer.Argument(help="Le fichier de preuve.")],
    key: Annotated[str, typer.Option(help="La clé publique, ou le fichier qui la contient (audit.pub).")],
) -> None:
    """Vérifie une preuve hors ligne. Le vérificateur (ledger/verify.py) se suffit à lui-même."""
    from ledger import verify

    raise typer.Exit(verify.main([str(file), "--key", key]))


@audit_app.command("check")
def audit_check(
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option(
            help="Dossier de points de contrôle que d'autres ont gardés, à comparer aussi.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Relit tout le registre : chaque événement, l'arbre, chaque point de contrôle publié."""
    from ops import audit
    from ops.compose import house

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("Vérification", total=None)

        async def work(settings: Settings) -> Any:
            async with house(settings, "audit") as parts:
                bar.update(task, total=await parts.recorder.head())
                return await audit.check(
                    parts, lambda done: bar.update(task, completed=done), checkpoints or ()
                )

        found = run(work)
    for finding in found.findings:
        err.print(str(finding), markup=False)
    if found.findings:
        fail(f"{len(found.findings)} anomalie(s) dans un registre de {found.size} événements.")
    out.print(f"{found.size} événements relus : le registre est intact.")
    out.print(_vouched(found))


def _vouched(found: Inspection) -> str:
    """What the events were held against: without a checkpoint, only against each other."""
    if not found.compared:
        return (
            "Aucun point de contrôle à comparer : un registre récrit en entier se lirait de même. "
            "`mentorat audit checkpoint` en publie un."
        )
    rest = found.size - found.vouched
    after = f" ; les {rest} suivants n'en ont pas encore" if rest > 0 else ""
    return f"{found.compared} point(s) de contrôle comparé(s), qui en couvrent {found.vouched}{after}."


# Keys and erasures -------------------------------------------------------------------------------


@keys_app.command("rotate")
def keys_rotate() -> None:
    """Change la clé maîtresse : chaque clé du trousseau est enveloppée de nouveau, rien n'est rechiffré."""
    from ops import keys

    settings = Settings()
    count = asyncio.run(keys.rotate(settings))
    then = "retirez l'ancienne du réglage." if settings.master_key else "l'ancienne est retirée."
    out.print(f"{count} clé(s) enveloppées par la nouvelle clé maîtresse ; {then}")


def erase(
    record: Annotated[str, typer.Argument(help="Le dossier de la personne.")],
    ground: Annotated[
        Ground,
        typer.Option(
            "--ground",
            "--reason",
            help="Le fondement : "
            + " ; ".join(f"{g.value} = {GROUND_LABELS[g]}" for g in Ground if not g.is_term),
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Ne pas demander confirmation.")] = False,
) -> None:
    """Efface les données personnelles d'un dossier et des dossiers rattachés, pour toujours, et les clôt."""
    from domain.kernel import DomainError
    from ops import maintenance
    from ops.who import NobodyKnown

    if not yes:
        typer.confirm(f"Effacer pour toujours les données personnelles de {record} ?", abort=True)
    try:
        also = run(lambda settings: maintenance.erase(settings, record, ground))
    except DomainError as refused:
        fail(refused.sentence)
    except NobodyKnown as nobody:
        fail(str(nobody))
    out.print("Effacé : la clé est détruite, le dossier est clos.")
    if also:
        out.print(f"De la même personne, semble-t-il, et encore lisible(s) : {', '.join(also)}.")


# Backups -----------------------------------------------------------------------------------------


def backup(file: Annotated[Path, typer.Argument(help="Le fichier à créer.")]) -> None:
    """Sauvegarde le registre (sans aucune clé) dans un fichier, pendant qu'il sert."""
    from ops.archive import BackupRefused
    from ops.backup import backup as save
    from ops.reach import OutOfReach

    try:
        summary = asyncio.run(save(Settings(), file))
    except (BackupRefused, OutOfReach) as refused:
        fail(str(refused))
    out.print(f"{summary.head} événements sauvegardés dans {file}.", markup=False)


def restore(
    file: Annotated[Path, typer.Argument(help="La sauvegarde.")],
    reason: Annotated[
        str, typer.Option(help="Pourquoi, en une ligne, sans nommer personne.")
    ] = "restauration",
) -> None:
    """Restaure une sauvegarde dans un registre vide : les effacements sont rejoués avant de servir."""
    from ledger.checkpoint import DoesNotExtend
    from ops import maintenance
    from ops.archive import BackupRefused
    from ops.reach import OutOfReach

    try:
        summary = asyncio.run(maintenance.restore(Settings(), file, reason))
    except (BackupRefused, OutOfReach, DoesNotExtend) as refused:
        fail(str(refused))
    out.print(f"{summary.head} événements restaurés.")
    if summary.shorter_by:
        out.print(f"{summary.shorter_by} événements publiés manquent : une nouvelle époque est déclarée.")
    out.print("Un jeton révoqué depuis la sauvegarde vaut de nouveau : voyez `mentorat token list`.")
