"""What may be asked of a convention: a frozen command and its handler, in the order of its life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from domain.association.model import Association
from domain.calendar import PartialDate
from domain.commands import Command, decided_by, handles
from domain.convention import amending, correcting, ending, guards, preparing, reporting, signing
from domain.convention.model import Convention
from domain.convention.parts import (
    BEFORE_FORCE,
    Clauses,
    Coverage,
    EndCause,
    Medium,
    Party,
    PartyKind,
    Signatory,
    Status,
)
from domain.kernel import FREE_TEXT, Act, Conflict
from domain.ports import Records
from domain.programme.model import Programme
from domain.reminding import due_now


def _check_parties(parties: tuple[Party, ...], records: Records) -> None:
    for party in parties:
        if party.kind is PartyKind.OPERATOR:
            records.read(Association, party.key.removeprefix("association:")).must_be_open()


@dataclass(frozen=True, kw_only=True)
class DraftConvention(Command):
    """Opens the file of a convention under the rules in force today in the académie."""

    name: ClassVar[str] = "convention.draft"
    title: str
    programme_id: str
    academie: str
    parties: tuple[Party, ...] = ()
    clauses: Clauses = Clauses()
    coverage: Coverage = Coverage()


@handles(DraftConvention)
def draft(command: DraftConvention, act: Act, records: Records) -> None:
    _draft(command, act, records, renews=None)


def _draft(command: DraftConvention, act: Act, records: Records, renews: str | None) -> Convention:
    if records.find(Convention, command.record_id):
        raise Conflict("already_drafted", f"La convention {command.record_id} existe déjà.")
    guards.own_academie(act.actor, command.academie)
    _check_parties(command.parties, records)
    guards.period(command.clauses)
    programme = records.read(Programme, command.programme_id)
    convention = Convention(
        id=command.record_id,
        title=command.title,
        programme_id=command.programme_id,
        rules_version=programme.current(command.academie, act.today).number,
        academie=command.academie,
        parties=command.parties,
        clauses=command.clauses,
        coverage=command.coverage,
        renews=renews,
    )
    records.add(convention)
    return convention


@decided_by(Convention, preparing.announce)
@dataclass(frozen=True, kw_only=True)
class Announce(Command):
    """Notes an announced signing day, and where it was announced."""

    name: ClassVar[str] = "convention.announce"
    announced_for: PartialDate
    source: Annotated[str, FREE_TEXT]


@dataclass(frozen=True, kw_only=True)
class AddParty(Command):
    """Adds a party to the text, or replaces it."""

    name: ClassVar[str] = "convention.add_party"
    party: Party


@handles(AddParty)
def add_party(command: AddParty, act: Act, records: Records) -> None:
    convention = records.get(Convention, command.record_id)
    _check_parties((command.party,), records)
    preparing.add_party(convention, act, party=command.party)


@decided_by(Convention, preparing.remove_party)
@dataclass(frozen=True, kw_only=True)
class RemoveParty(Command):
    name: ClassVar[str] = "convention.remove_party"
    party: str


@decided_by(Convention, preparing.name_signatory)
@dataclass(frozen=True, kw_only=True)
class NameSignatory(Command):
    """Says who signs for a party."""

    name: ClassVar[str] = "convention.name_signatory"
    party: str
    signatory: Signatory


@decided_by(Convention, preparing.set_clauses)
@dataclass(frozen=True, kw_only=True)
class SetClauses(Command):
    name: ClassVar[str] = "convention.set_clauses"
    clauses: Clauses


@decided_by(Convention, preparing.set_coverage)
@dataclass(frozen=True, kw_only=True)
class SetCoverage(Command):
    name: ClassVar[str] = "convention.set_territory"
    coverage: Coverage


@decided_by(Convention, preparing.submit)
@dataclass(frozen=True, kw_only=True)
class Submit(Command):
    name: ClassVar[str] = "convention.submit"


@decided_by(Convention, preparing.send_back)
@dataclass(frozen=True, kw_only=True)
class Return(Command):
    """The reviewer sends it back; the reason is that of the act."""

    name: ClassVar[str] = "convention.return"


@decided_by(Convention, preparing.send_for_signature)
@dataclass(frozen=True, kw_only=True)
class SendForSignature(Command):
    name: ClassVar[str] = "convention.send_for_signature"


@decided_by(Convention, signing.record_vote)
@dataclass(frozen=True, kw_only=True)
class RecordVote(Command):
    """The vote of an EPLE's conseil d'administration, and its transmission."""

    name: ClassVar[str] = "convention.record_vote"
    party: str
    voted_on: date
    transmitted_on: date


@decided_by(Convention, signing.sign)
@dataclass(frozen=True, kw_only=True)
class Sign(Command):
    """A party signs the text whose hash is given."""

    name: ClassVar[str] = "convention.sign"
    party: str
    on: PartialDate
    medium: Medium
    text_hash: str


@decided_by(Convention, signing.record_history)
@dataclass(frozen=True, kw_only=True)
class RecordHistory(Command):
    """A convention signed before this register existed."""

    name: ClassVar[str] = "convention.record_history"
    signed_on: PartialDate
    in_force_from: PartialDate
    ends_on: date
    evidence: Annotated[str, FREE_TEXT]


@decided_by(Convention, amending.propose)
@dataclass(frozen=True, kw_only=True)
class ProposeAmendment(Command):
    name: ClassVar[str] = "convention.propose_amendment"
    clauses: Clauses


@decided_by(Convention, amending.sign)
@dataclass(frozen=True, kw_only=True)
class SignAmendment(Command):
    name: ClassVar[str] = "convention.sign_amendment"
    party: str
    on: PartialDate
    medium: Medium
    text_hash: str


@decided_by(Convention, amending.withdraw)
@dataclass(frozen=True, kw_only=True)
class WithdrawAmendment(Command):
    name: ClassVar[str] = "convention.withdraw_amendment"


@decided_by(Convention, reporting.receive)
@dataclass(frozen=True, kw_only=True)
class ReceiveReport(Command):
    """``report`` is ``bilan:2026`` or ``financial:2026``."""

    name: ClassVar[str] = "convention.receive_report"
    report: str
    on: PartialDate
    document_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Renew(Command):
    """Drafts the convention that carries this one on: same parties and territory, its own clauses."""

    name: ClassVar[str] = "convention.renew"
    successor_id: str
    title: str
    clauses: Clauses


@handles(Renew)
def renew(command: Renew, act: Act, records: Records) -> None:
    old = records.get(Convention, command.record_id)
    former = records.read(Convention, old.renewed_by) if old.renewed_by else None
    abandoned = former is not None and former.status_reached == Status.ABANDONED
    ending.link_renewal(old, act, successor=command.successor_id, former_abandoned=abandoned)
    drafted = DraftConvention(
        record_id=command.successor_id,
        title=command.title,
        programme_id=old.programme_id,
        academie=old.academie,
        parties=tuple(old.parties.values()),
        clauses=command.clauses,
        coverage=old.coverage,
    )
    _draft(drafted, act, records, renews=old.id)


@decided_by(Convention, ending.denounce)
@dataclass(frozen=True, kw_only=True)
class Denounce(Command):
    """Gives notice. Without ``until``, the convention ends when the notice of its clauses has run."""

    name: ClassVar[str] = "convention.denounce"
    party: str
    on: date
    until: date | None = None


@decided_by(Convention, ending.withdraw_notice)
@dataclass(frozen=True, kw_only=True)
class WithdrawNotice(Command):
    name: ClassVar[str] = "convention.withdraw_notice"
    party: str


@decided_by(Convention, ending.terminate)
@dataclass(frozen=True, kw_only=True)
class Terminate(Command):
    """Résiliation, possibly at once."""

    name: ClassVar[str] = "convention.terminate"
    cause: EndCause
    effective: date


@decided_by(Convention, ending.abandon)
@dataclass(frozen=True, kw_only=True)
class Abandon(Command):
    name: ClassVar[str] = "convention.abandon"


@decided_by(Convention, correcting.correct)
@dataclass(frozen=True, kw_only=True)
class Correct(Command):
    """Corrects a date recorded wrongly by the event of version ``supersedes``."""

    name: ClassVar[str] = "convention.correct"
    supersedes: int
    date_name: str
    value: PartialDate


# Carried out by the process, when their day has come. Doing them again changes nothing. -------


@decided_by(Convention, signing.enter_into_force)
@dataclass(frozen=True, kw_only=True)
class EnterIntoForce(Command):
    name: ClassVar[str] = "convention.enter_into_force"


@dataclass(frozen=True, kw_only=True)
class MarkReportOverdue(Command):
    name: ClassVar[str] = "convention.mark_report_overdue"
    key: str


@handles(MarkReportOverdue)
def mark_report_overdue(command: MarkReportOverdue, act: Act, records: Records) -> None:
    convention = records.get(Convention, command.record_id)
    deadline = due_now(convention, command.key, act, records)
    if deadline and deadline.by:
        report = command.key.removeprefix("overdue:")
        reporting.mark_overdue(convention, act, report=report, due_on=deadline.by)


@dataclass(frozen=True, kw_only=True)
class End(Command):
    """Term or end of notice. Renewed when its successor is signed by then, else expired."""

    name: ClassVar[str] = "convention.end"


@handles(End)
def end(command: End, act: Act, records: Records) -> None:
    convention = records.get(Convention, command.record_id)
    successor = convention.renewed_by
    signed = False
    if successor:
        status = records.read(Convention, successor).status_reached
        signed = status == Status.SIGNED or status not in {*BEFORE_FORCE, Status.ABANDONED}
    ending.end(convention, act, successor_signed=signed)
