"""What may be asked of a programme."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from domain.commands import Command, decided_by, handles
from domain.kernel import Act, Conflict, Refused
from domain.ports import Records
from domain.programme.model import SCHEMES, Programme
from domain.programme.rules import Rules


def programme_id(scheme: str) -> str:
    return f"programme-{scheme}"


@dataclass(frozen=True, kw_only=True)
class OpenProgramme(Command):
    """Opens a scheme with its first national rules."""

    name: ClassVar[str] = "programme.open"
    scheme: str
    rules: Rules
    on: date


@handles(OpenProgramme)
def open_programme(command: OpenProgramme, act: Act, records: Records) -> None:
    if records.find(Programme, command.record_id):
        raise Conflict("already_open", f"Le programme « {command.scheme} » existe déjà.")
    if command.scheme not in SCHEMES:
        raise Refused(
            "unknown_scheme",
            f"« {command.scheme} » n'est pas un dispositif connu.",
            (f"l'un de : {', '.join(SCHEMES)}",),
        )
    programme = Programme(id=command.record_id, scheme=command.scheme, label=SCHEMES[command.scheme])
    programme.adopt_rules(act, rules=command.rules, on=command.on)
    records.add(programme)


@decided_by(Programme, Programme.adopt_rules)
@dataclass(frozen=True, kw_only=True)
class AdoptRules(Command):
    """Adopts a version of the rules, national or for one académie."""

    name: ClassVar[str] = "programme.adopt_rules"
    rules: Rules
    on: date
    academie: str = ""
    to_open: bool = False


@decided_by(Programme, Programme.set_target)
@dataclass(frozen=True, kw_only=True)
class SetTarget(Command):
    """Sets an académie's trajectory for a school year: pupils mentored, lycées concerned."""

    name: ClassVar[str] = "programme.set_target"
    academie: str
    school_year: str
    mentees: int
    lycees: int
