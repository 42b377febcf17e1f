"""What may be asked about an association: a frozen command and its handler, in the order of its life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from domain.association import extending, guards, suspending
from domain.association.due import expiry_key, lapse_key
from domain.association.entitlements import bound_by, missing_entitlements
from domain.association.model import Association
from domain.association.parts import (
    Contact,
    ContactRole,
    DocumentVersion,
    Entitlement,
    Identity,
    SuspensionCause,
)
from domain.commands import Command, decided_by, handles
from domain.kernel import Act, Conflict
from domain.links import Channel
from domain.ports import Records
from domain.programme.model import Programme
from domain.reminding import day_of, due_now


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


@decided_by(Association, extending.extend)
@dataclass(frozen=True, kw_only=True)
class Extend(Command):
    """It works in that académie too, by its code."""

    name: ClassVar[str] = "association.extend"
    academie: str


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


@decided_by(Association, Association.name_contact)
@dataclass(frozen=True, kw_only=True)
class NameContact(Command):
    """Says whom to call for coordination, the protection of minors, or the presidency."""

    name: ClassVar[str] = "association.name_contact"
    role: ContactRole
    contact: Contact


@decided_by(Association, Association.remove_contact)
@dataclass(frozen=True, kw_only=True)
class RemoveContact(Command):
    name: ClassVar[str] = "association.remove_contact"
    role: ContactRole


# Links --------------------------------------------------------------------------------------------


@decided_by(Association, Association.issue_link)
@dataclass(frozen=True, kw_only=True)
class IssueLink(Command):
    """Invites the operator by a link, or candidates in its name. ``digest``: SHA-256 (hex) of a secret that
    only the API has known."""

    name: ClassVar[str] = "association.issue_link"
    link: str
    action: str
    digest: str
    expires_on: date


@decided_by(Association, Association.revoke_link)
@dataclass(frozen=True, kw_only=True)
class RevokeLink(Command):
    name: ClassVar[str] = "association.revoke_link"
    link: str


# Admission ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class OpenAdmission(Command):
    """Opens the file under the rules in force today in the académie that opens it, or invited to."""

    name: ClassVar[str] = "association.open_admission"
    programme_id: str
    on: date
    channel: Channel


@handles(OpenAdmission)
def open_admission(command: OpenAdmission, act: Act, records: Records) -> None:
    association = records.get(Association, command.record_id)
    programme = records.read(Programme, command.programme_id)
    version = programme.current(association.assessed_in(act), act.today)
    association.open_admission(
        act,
        programme_id=programme.id,
        scheme=programme.scheme,
        rules_version=version.number,
        documents=version.rules.admission.documents,
        on=command.on,
        channel=command.channel,
    )


@decided_by(Association, Association.ask_document)
@dataclass(frozen=True, kw_only=True)
class AskDocument(Command):
    """Asks for one document more, of the kinds that rules know."""

    name: ClassVar[str] = "association.ask_document"
    document: str


@decided_by(Association, Association.receive_document)
@dataclass(frozen=True, kw_only=True)
class ReceiveDocument(Command):
    """A version arrived: its content is stored elsewhere, by its hash."""

    name: ClassVar[str] = "association.receive_document"
    document: str
    version: DocumentVersion


@decided_by(Association, Association.accept_document)
@dataclass(frozen=True, kw_only=True)
class AcceptDocument(Command):
    """The version whose hash and last day are given is good: both were read."""

    name: ClassVar[str] = "association.accept_document"
    document: str
    sha256: str
    valid_until: date | None = None


@decided_by(Association, Association.refuse_document)
@dataclass(frozen=True, kw_only=True)
class RefuseDocument(Command):
    """The version whose hash is given will not do; the reason is that of the act."""

    name: ClassVar[str] = "association.refuse_document"
    document: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Admit(Command):
    """``conventions``: the ids of those by which it is conventionnée; none: those in force, where the rules
    require it."""

    name: ClassVar[str] = "association.admit"
    on: date
    conventions: tuple[str, ...] = ()


@handles(Admit)
def admit(command: Admit, act: Act, records: Records) -> None:
    association = records.get(Association, command.record_id)
    guards.under_way(association, "la référencer")
    programme = records.read(Programme, association.programme_id)
    rules = programme.followed(association.rules_version, association.academie, act.today).rules
    conventions = bound_by(association, command.conventions, rules, records)
    missing = missing_entitlements(
        association, conventions, rules, programme.scheme, association.academies, act.today
    )
    association.admit(
        act,
        on=command.on,
        conventions=tuple(one.id for one in conventions),
        required=rules.required_entitlements,
        missing=missing,
    )


@decided_by(Association, Association.refuse_admission)
@dataclass(frozen=True, kw_only=True)
class RefuseAdmission(Command):
    """The académie says no; the reason is that of the act."""

    name: ClassVar[str] = "association.refuse_admission"


# Standing -----------------------------------------------------------------------------------------


@decided_by(Association, suspending.suspend)
@dataclass(frozen=True, kw_only=True)
class Suspend(Command):
    name: ClassVar[str] = "association.suspend"
    cause: SuspensionCause
    on: date


@decided_by(Association, suspending.lift)
@dataclass(frozen=True, kw_only=True)
class LiftSuspension(Command):
    """Of one cause, by the académie that decided it; any other goes on."""

    name: ClassVar[str] = "association.lift_suspension"
    cause: SuspensionCause


@decided_by(Association, Association.leave)
@dataclass(frozen=True, kw_only=True)
class Leave(Command):
    """It goes, or gives its candidacy up."""

    name: ClassVar[str] = "association.leave"
    on: date


@decided_by(Association, Association.conclude_release)
@dataclass(frozen=True, kw_only=True)
class ConcludeRelease(Command):
    """Its mentors are released and its courses ahead called off. Carried out by its process."""

    name: ClassVar[str] = "association.conclude_release"
    mentors: int


# Carried out by the process, when its day has come. Doing it again changes nothing ----------------


@dataclass(frozen=True, kw_only=True)
class ExpireInsurance(Command):
    """The insurance of the file under way covers nobody any more."""

    name: ClassVar[str] = "association.expire_insurance"


@handles(ExpireInsurance)
def expire_insurance(command: ExpireInsurance, act: Act, records: Records) -> None:
    association = records.get(Association, command.record_id)
    if due := due_now(association, expiry_key(association), act, records):
        association.expire_insurance(act, on=day_of(due, association, act, records))


@dataclass(frozen=True, kw_only=True)
class Lapse(Command):
    """The file of the admission under way stayed incomplete for too long."""

    name: ClassVar[str] = "association.lapse"


@handles(Lapse)
def lapse(command: Lapse, act: Act, records: Records) -> None:
    association = records.get(Association, command.record_id)
    if due := due_now(association, lapse_key(association), act, records):
        association.lapse(act, on=day_of(due, association, act, records))
