"""What may be asked about a company."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from domain.commands import Command, decided_by, handles
from domain.company.known import digests_of
from domain.company.model import Company, Firm, TieKind, checked
from domain.kernel import Act, Conflict
from domain.ports import Records


@dataclass(frozen=True, kw_only=True)
class RegisterCompany(Command):
    """Makes a company known, once by SIRET."""

    name: ClassVar[str] = "company.register"
    firm: Firm


@handles(RegisterCompany)
def register(command: RegisterCompany, act: Act, records: Records) -> None:
    if records.find(Company, command.record_id):
        raise Conflict("already_registered", f"L'entreprise {command.record_id} existe déjà.")
    firm = checked(command.firm)
    records.add(Company(id=command.record_id, firm=firm, digests=digests_of(firm, records.digest)))


@dataclass(frozen=True, kw_only=True)
class ChangeCompany(Command):
    """Replaces what it is as a whole."""

    name: ClassVar[str] = "company.change"
    firm: Firm


@handles(ChangeCompany)
def change(command: ChangeCompany, act: Act, records: Records) -> None:
    company = records.get(Company, command.record_id)
    company.change(act, firm=command.firm, digests=digests_of(command.firm, records.digest))


@decided_by(Company, Company.close)
@dataclass(frozen=True, kw_only=True)
class CloseCompany(Command):
    name: ClassVar[str] = "company.close"
    on: date


@decided_by(Company, Company.record_tie)
@dataclass(frozen=True, kw_only=True)
class RecordTie(Command):
    """So many mentors lent, visits, internships or PFMP offered."""

    name: ClassVar[str] = "company.record_tie"
    kind: TieKind
    count: int
    on: date
