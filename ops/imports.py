"""Imports conventions from a table: every line is checked, then tried, and all are recorded, or none.

A line is known by its content: a second import of the same file records nothing.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from domain.association.commands import RegisterAssociation
from domain.association.model import Identity
from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention.commands import Announce, DraftConvention, NameSignatory
from domain.convention.parts import Coverage, Party, PartyKind, Signatory
from domain.identifiers import InvalidValue, parse_uai
from domain.kernel import Actor, Conflict, DomainError, new_id
from domain.ports import Commands, Request
from domain.programme.commands import programme_id
from domain.territory import Territory, fold
from ledger.executor import Executor
from ledger.keyring import MemoryKeyring
from ledger.overlay import OverlayRecorder
from ledger.recorder import AlreadyRecorded, ClaimTaken, VersionConflict
from ops.tables import Fault, Row, UnreadableFile, read_table

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "association": ("opérateur", "nom de l'association"),
    "academie": ("académie",),
    "region_academique": ("région académique",),
    "signatory": ("signataire",),
    "signatory_title": ("titre", "qualité du signataire", "fonction"),
    "announced_for": ("annoncée pour", "date annoncée", "date de signature annoncée", "date"),
    "scope": ("périmètre", "objet"),
    "source": ("origine",),
    "uai": ("uais", "lycées", "code uai", "codes uai"),
}
REQUIRED: Final = {"association", "announced_for", "source"}
LONGEST_CELL: Final = 200
PROGRAMME: Final = programme_id("1j1m")


Progress = Callable[[int, int], None]


def _silently(done: int, total: int) -> None:
    """Nobody is watching."""


@dataclass
class Report:
    """What an import found. Faulty: nothing was recorded."""

    lines: int = 0
    recorded: int = 0
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A checked line: its commands, in order."""

    row: Row
    commands: list[Command]


def association_id(name: str) -> str:
    """The id an import gives to an association: the same for the same name, whatever its case and accents."""
    return new_id("association", f"name:{fold(name).replace(' ', '')}")


async def conventions(
    path: Path,
    executor: Executor,
    actor: Actor,
    *,
    dry_run: bool = False,
    progress: Progress = _silently,
) -> Report:
    """Reads, checks, tries every line on the real records without writing, then records them all at once."""
    try:
        rows = read_table(path, COLUMNS, REQUIRED)
    except UnreadableFile as unreadable:
        return Report(faults=[unreadable.fault])
    report = Report(lines=len(rows))
    lines = _check(rows, executor.world.territory, report)
    if report.faults:
        return report
    trial = OverlayRecorder(executor.recorder)
    recorded = await _carry_out(
        lines, executor.over(trial, MemoryKeyring() if dry_run else None), actor, report, progress
    )
    if not report.faults and not dry_run:
        await _write(trial, report)
        report.recorded = 0 if report.faults else recorded
    return report


async def _write(trial: OverlayRecorder, report: Report) -> None:
    """All that was tried, in one transaction: a crash, or somebody who was faster, leaves nothing behind."""
    try:
        await trial.commit()
    except ClaimTaken as taken:
        remedy = "Corrigez la ligne qui le porte."
        report.faults.append(Fault(0, "", taken.key, "Un autre dossier porte déjà ce numéro.", remedy))
    except (VersionConflict, AlreadyRecorded):
        remedy = "Relancez l'import : rien ne sera doublé."
        report.faults.append(Fault(0, "", "", "Le registre a changé pendant l'import.", remedy))


async def _carry_out(
    lines: list[Line],
    commands: Commands,
    actor: Actor,
    report: Report,
    progress: Progress,
) -> int:
    """Carries the lines out in order; answers how many recorded something new."""
    recorded = 0
    for done, line in enumerate(lines, start=1):
        digest = _digest(sorted(line.row.cells.items()))
        fresh = False
        for number, command in enumerate(line.commands):
            shared = isinstance(command, RegisterAssociation)
            key = _digest(command) if shared else f"{digest}:{number}"
            request = Request(command, actor, f"import:{key}", correlation=f"import:{digest}")
            try:
                outcome = await commands.execute(request)
            except Conflict as known:
                if not shared:
                    report.faults.append(Fault(line.row.line, "", "", known.sentence, ""))
                    break
            except DomainError as error:
                remedy = "Il manque : " + ", ".join(error.missing) + "." if error.missing else ""
                report.faults.append(Fault(line.row.line, "", "", error.sentence, remedy))
                break
            else:
                fresh = fresh or not (outcome.repeated or shared)
        recorded += fresh
        progress(done, len(lines))
    return recorded


def _digest(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:32]


def _check(rows: list[Row], territory: Territory, report: Report) -> list[Line]:
    lines, seen = [], dict[tuple[str, ...], int]()
    for row in rows:
        identity = (fold(row["association"]), fold(row["academie"]), row["announced_for"])
        if first := seen.get(identity):
            report.faults.append(
                Fault(
                    row.line,
                    "association",
                    row["association"],
                    f"Cette ligne répète la ligne {first}.",
                    "Supprimez l'une des deux.",
                )
            )
            continue
        seen[identity] = row.line
        before = len(report.faults)
        commands = _commands(row, territory, report)
        if len(report.faults) == before:
            lines.append(Line(row, commands))
    return lines


def _commands(row: Row, territory: Territory, report: Report) -> list[Command]:
    def fault(column: str, problem: str, remedy: str) -> None:
        report.faults.append(Fault(row.line, column, row[column], problem, remedy))

    for column in sorted(REQUIRED):
        if not row[column]:
            fault(column, "La cellule est vide.", "Remplissez-la.")
    for column, text in row.cells.items():
        if len(text) > LONGEST_CELL and column != "uai":
            fault(column, f"La cellule dépasse {LONGEST_CELL} caractères.", "Abrégez-la.")
        if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
            fault(column, "La cellule contient un caractère de contrôle.", "Retirez-le.")
    authority, codes = _authority(row, territory, fault)
    announced = None
    try:
        announced = PartialDate.parse(row["announced_for"]) if row["announced_for"] else None
    except InvalidValue as invalid:
        fault("announced_for", invalid.problem, invalid.remedy)
    uais = []
    for text in row["uai"].replace(",", " ").split():
        try:
            uais.append(parse_uai(text))
        except InvalidValue as invalid:
            report.faults.append(Fault(row.line, "uai", text, invalid.problem, invalid.remedy))
    if authority is None or announced is None or not row["association"]:
        return []
    return _in_order(row, authority, codes, announced, tuple(uais))


def _in_order(
    row: Row, authority: Party, codes: tuple[str, ...], announced: PartialDate, uais: tuple[str, ...]
) -> list[Command]:
    operator = association_id(row["association"])
    name = row["association"]
    record_id = new_id("convention", f"import:{operator}:{authority.key}:{announced.isoformat()}")
    commands: list[Command] = [
        RegisterAssociation(record_id=operator, identity=Identity(name), academies=codes),
        DraftConvention(
            record_id=record_id,
            title=f"{authority.name} – {name} : {row['scope'] or 'mentorat en lycée professionnel'}",
            programme_id=PROGRAMME,
            academie=authority.key.removeprefix("academie:") if authority.kind == "academie" else "",
            parties=(authority, Party(f"association:{operator}", PartyKind.OPERATOR, name)),
            coverage=Coverage(codes, uais, 1 if uais else 0),
        ),
        Announce(record_id=record_id, announced_for=announced, source=row["source"]),
    ]
    if row["signatory"]:
        signatory = Signatory(row["signatory"], row["signatory_title"])
        commands.append(NameSignatory(record_id=record_id, party=authority.key, signatory=signatory))
    return commands


def _authority(
    row: Row, territory: Territory, fault: Callable[[str, str, str], None]
) -> tuple[Party | None, tuple[str, ...]]:
    """The académie that signs, or the région académique named in its own column or as the signatory."""
    if row["academie"]:
        try:
            academie = territory.academie_named(row["academie"])
        except InvalidValue as invalid:
            fault("academie", invalid.problem, invalid.remedy)
            return None, ()
        party = Party(f"academie:{academie.code}", PartyKind.ACADEMIE, academie.label)
        return party, (academie.code,)
    column = "region_academique" if row["region_academique"] else "signatory_title"
    try:
        codes = territory.region_academies(row[column])
    except InvalidValue as invalid:
        fault(
            "academie" if not row[column] else column,
            "Ni l'académie ni la région académique n'est reconnue." if not row[column] else invalid.problem,
            "Donnez le nom de l'académie (colonne academie) ou celui de la région académique.",
        )
        return None, ()
    region = territory.academie(codes[0]).region_academique
    return Party(f"region:{region}", PartyKind.REGION_ACADEMIQUE, f"région académique {region}"), codes
