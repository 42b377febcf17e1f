"""What may be asked of an import: submitted by a person; then the process says how far it is, and the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.association.model import Association
from domain.commands import Command, decided_by, handles
from domain.imports import guards
from domain.imports.model import Import, checked
from domain.imports.parts import File, ImportKind, Result
from domain.kernel import Act, Conflict, Refused
from domain.mentor.operator import takes_candidacies
from domain.ports import Records
from domain.training.model import Training


@dataclass(frozen=True, kw_only=True)
class Submit(Command):
    """A file to import. ``dry_run``: to check only. ``association_id`` and ``training_id``: by its kind."""

    name: ClassVar[str] = "import.submit"
    takes_reason: ClassVar[bool] = False
    kind: ImportKind
    association_id: str | None
    training_id: str | None
    file: File
    dry_run: bool


@handles(Submit)
def submit(command: Submit, act: Act, records: Records) -> None:
    if records.find(Import, command.record_id):
        raise Conflict("already_submitted", f"L'import {command.record_id} existe déjà.")
    guards.submitter(act.actor, command.kind, command.association_id)
    checked(command.kind, command.association_id, command.training_id, command.file)
    if command.association_id:
        association = records.read(Association, command.association_id)
        association.must_be_open()
        if command.kind is ImportKind.MENTORS:
            takes_candidacies(association)
    if command.training_id:
        _own_training(command.training_id, command.association_id, records)
    by_academie = command.kind is ImportKind.ASSOCIATIONS
    records.add(
        Import(
            id=command.record_id,
            kind=command.kind,
            association_id=command.association_id,
            training_id=command.training_id,
            academies=guards.academies_of(act.actor) if by_academie else (),
            file=command.file,
            dry_run=command.dry_run,
            day=act.today,
        )
    )


def _own_training(training_id: str, association_id: str | None, records: Records) -> None:
    """A course of the same operator; another's might as well not exist."""
    training = records.find(Training, training_id)
    if training is None or training.association_id != association_id:
        raise Refused(
            "no_such_training",
            "Aucune formation de cette association sous cet identifiant.",
            ("l'identifiant d'une formation de la même association (training)",),
        )


# Carried out by the process. Doing them again changes nothing. ------------------------------------


@decided_by(Import, Import.advance)
@dataclass(frozen=True, kw_only=True)
class Advance(Command):
    """How far it is."""

    name: ClassVar[str] = "import.advance"
    done: int
    total: int


@decided_by(Import, Import.conclude)
@dataclass(frozen=True, kw_only=True)
class Conclude(Command):
    """What came of it. Recorded in the same append as everything that its lines record."""

    name: ClassVar[str] = "import.conclude"
    result: Result
