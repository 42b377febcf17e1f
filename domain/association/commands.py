"""What may be asked about an association."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from domain.association.model import Association, Entitlement, Identity
from domain.commands import Command, decided_by, handles
from domain.kernel import Act, Conflict
from domain.ports import Records


@dataclass(frozen=True, kw_only=True)
class RegisterAssociation(Command):
    """Makes an operator known, with the académies it works in."""

    name: ClassVar[str] = "association.register"
    identity: Identity
    academies: tuple[str, ...]


@handles(RegisterAssociation)
def register(command: RegisterAssociation, act: Act, records: Records) -> None:
    if records.find(Association, command.record_id):
        raise Conflict("already_registered", f"L'association {command.record_id} existe déjà.")
    records.add(Association(id=command.record_id, identity=command.identity, academies=command.academies))


@decided_by(Association, Association.change_identity)
@dataclass(frozen=True, kw_only=True)
class ChangeIdentity(Command):
    """Replaces the identity as a whole."""

    name: ClassVar[str] = "association.change_identity"
    identity: Identity


@decided_by(Association, Association.grant_entitlement)
@dataclass(frozen=True, kw_only=True)
class GrantEntitlement(Command):
    """Records an award (lauréate) or an approval (agréée)."""

    name: ClassVar[str] = "association.grant_entitlement"
    entitlement: Entitlement


@decided_by(Association, Association.end_entitlement)
@dataclass(frozen=True, kw_only=True)
class EndEntitlement(Command):
    """Ends an entitlement before its term."""

    name: ClassVar[str] = "association.end_entitlement"
    reference: str
    on: date
