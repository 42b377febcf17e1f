"""What may be asked about a mentor who came: a frozen command and its handler, in the order of the path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from domain.association.entitlements import bound_by
from domain.association.model import Association
from domain.authorization import may_see
from domain.commands import Command, decided_by, handles
from domain.company.model import Company
from domain.company.model import Status as CompanyStatus
from domain.kernel import FREE_TEXT, Act, NotFound, Refused
from domain.links import Channel
from domain.mentor import standing, steps
from domain.mentor.bringing import checked
from domain.mentor.due import lapse_key, overdue_key
from domain.mentor.known import digest_of_profile
from domain.mentor.model import Mentor
from domain.mentor.operator import operator_lacks
from domain.mentor.parts import CheckKind, MentorLeaving, Profile
from domain.ports import Records
from domain.programme.following import rules_of
from domain.programme.model import Programme
from domain.reminding import day_of, due_now


def check_profile(profile: Profile, records: Records) -> None:
    checked(profile)
    if profile.company_id and records.read(Company, profile.company_id).status != CompanyStatus.ACTIVE:
        raise Refused("company_closed", "Cette entreprise est fermée.", ("une entreprise active",))


def own_association(association_id: str, act: Act, records: Records) -> Association:
    """The operator for which its coordinator acts. Raises ``NotFound`` for one that does not exist and for
    another's alike: nothing else of it is looked at.
    """
    association = records.find(Association, association_id)
    if association is None or not may_see(act.actor, association.scopes()):
        raise NotFound("not_found", f"Aucun dossier {association_id} dans votre périmètre.")
    return association


# What they bring, and the links given to them ---------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ChangeProfile(Command):
    """Replaces what they bring, as a whole."""

    name: ClassVar[str] = "mentor.change_profile"
    profile: Profile


@handles(ChangeProfile)
def change_profile(command: ChangeProfile, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    check_profile(command.profile, records)
    digest = digest_of_profile(mentor.association_id, command.profile, records.digest)
    steps.change_profile(mentor, act, profile=command.profile, digest=digest)


@decided_by(Mentor, steps.issue_link)
@dataclass(frozen=True, kw_only=True)
class IssueLink(Command):
    """Lets the mentor do one thing online. ``digest``: SHA-256 (hex) of a secret that only the API knew."""

    name: ClassVar[str] = "mentor.issue_link"
    link: str
    action: str
    digest: str
    expires_on: date


@decided_by(Mentor, Mentor.revoke_link)
@dataclass(frozen=True, kw_only=True)
class RevokeLink(Command):
    name: ClassVar[str] = "mentor.revoke_link"
    link: str


# The file -----------------------------------------------------------------------------------------


@decided_by(Mentor, steps.see_identity)
@dataclass(frozen=True, kw_only=True)
class SeeIdentity(Command):
    """An identity paper was seen; neither its number nor a copy is kept."""

    name: ClassVar[str] = "mentor.see_identity"
    on: date
    channel: Channel


@decided_by(Mentor, steps.sign_charter)
@dataclass(frozen=True, kw_only=True)
class SignCharter(Command):
    """The mentor signed this version of the charter."""

    name: ClassVar[str] = "mentor.sign_charter"
    on: date
    version: str
    channel: Channel


# From the interview to the clearance --------------------------------------------------------------


@decided_by(Mentor, steps.hold_interview)
@dataclass(frozen=True, kw_only=True)
class HoldInterview(Command):
    """The association met them."""

    name: ClassVar[str] = "mentor.interview"
    on: date
    favourable: bool
    report: Annotated[str, FREE_TEXT]


@decided_by(Mentor, steps.ask_check)
@dataclass(frozen=True, kw_only=True)
class AskCheck(Command):
    """``mission`` and ``departement`` are told of an attestation d'honorabilité only."""

    name: ClassVar[str] = "mentor.ask_check"
    takes_reason: ClassVar[bool] = False
    kind: CheckKind
    mission: str | None = None
    departement: str | None = None


@decided_by(Mentor, steps.present_check)
@dataclass(frozen=True, kw_only=True)
class PresentCheck(Command):
    """Whether the document was presented. Neither a reason nor anything that it says is taken."""

    name: ClassVar[str] = "mentor.present_check"
    takes_reason: ClassVar[bool] = False
    kind: CheckKind
    presented: bool
    on: date
    issued_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Clear(Command):
    """``conventions``: the ids of those by which the operator is conventionnée; none: those in force, where
    the rules require it."""

    name: ClassVar[str] = "mentor.clear"
    on: date
    conventions: tuple[str, ...] = ()


@handles(Clear)
def clear(command: Clear, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    association = records.read(Association, mentor.association_id)
    programme = records.read(Programme, mentor.programme_id)
    rules = rules_of(mentor, act, records)
    operator = operator_lacks(
        association,
        bound_by(association, command.conventions, rules, records),
        rules,
        programme.scheme,
        mentor.academies,
        command.on,
    )
    steps.clear(mentor, act, on=command.on, rules=rules, operator=operator)


# Standing and leaving -----------------------------------------------------------------------------


@decided_by(Mentor, standing.suspend)
@dataclass(frozen=True, kw_only=True)
class Suspend(Command):
    """A person suspends them; the reason is that of the act."""

    name: ClassVar[str] = "mentor.suspend"
    on: date


@decided_by(Mentor, standing.lift_suspension)
@dataclass(frozen=True, kw_only=True)
class LiftSuspension(Command):
    """Takes back what a person decided; other causes remain."""

    name: ClassVar[str] = "mentor.lift_suspension"
    on: date


@decided_by(Mentor, standing.leave)
@dataclass(frozen=True, kw_only=True)
class Leave(Command):
    name: ClassVar[str] = "mentor.leave"
    on: date
    cause: MentorLeaving


@decided_by(Mentor, standing.refuse)
@dataclass(frozen=True, kw_only=True)
class RefuseCandidacy(Command):
    """Refuses a candidacy before its clearance."""

    name: ClassVar[str] = "mentor.refuse"


@decided_by(Mentor, standing.release)
@dataclass(frozen=True, kw_only=True)
class Release(Command):
    """Its operator left the scheme, was refused, lapsed or was erased ``on`` that day. Carried out by the
    operator's process; doing it again changes nothing."""

    name: ClassVar[str] = "mentor.release"
    on: date


# Carried out by the process, when their day has come. Doing them again changes nothing. -----------


@dataclass(frozen=True, kw_only=True)
class Lapse(Command):
    """A file left idle for too long, or a record that nobody brings to its clearance."""

    name: ClassVar[str] = "mentor.lapse"


@handles(Lapse)
def lapse(command: Lapse, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    if due := due_now(mentor, lapse_key(mentor), act, records):
        standing.lapse(mentor, act, on=day_of(due, mentor, act, records))


@dataclass(frozen=True, kw_only=True)
class SuspendOverdue(Command):
    """The background check counts no more."""

    name: ClassVar[str] = "mentor.suspend_overdue"


@handles(SuspendOverdue)
def suspend_overdue(command: SuspendOverdue, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    if due := due_now(mentor, overdue_key(mentor, rules_of(mentor, act, records)), act, records):
        standing.suspend_overdue(mentor, act, on=day_of(due, mentor, act, records))
