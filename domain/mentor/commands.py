"""What may be asked about a mentor: a frozen command and its handler, in the order of the path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from domain.association.entitlements import bound_by
from domain.association.model import Association
from domain.authorization import authorize, may_see
from domain.commands import Command, decided_by, handles
from domain.company.model import Company
from domain.company.model import Status as CompanyStatus
from domain.guards import not_in_the_future
from domain.kernel import FREE_TEXT, Act, Conflict, NotFound, Refused
from domain.links import Channel
from domain.mentor import guards
from domain.mentor.due import lapse_key, overdue_key
from domain.mentor.known import digest_of_profile, digests_of
from domain.mentor.model import Mentor
from domain.mentor.operator import operator_lacks, takes_candidacies
from domain.mentor.parts import CheckKind, MentorLeaving, Origin, Person, Profile
from domain.ports import Records
from domain.programme.following import rules_of
from domain.programme.model import Programme
from domain.reminding import day_of, due_now


def _check_profile(profile: Profile, records: Records) -> None:
    guards.profile(profile)
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


# The candidacy ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Apply(Command):
    """Opens the record of a candidate, under the rules in force on the day of the candidacy, or today if
    there were none. ``uai``: the lycée that proposes; ``on``: that day, today unless an existing file is
    entered; what is counted in days runs from today all the same."""

    name: ClassVar[str] = "mentor.apply"
    association_id: str
    programme_id: str
    person: Person
    profile: Profile
    channel: Origin
    uai: str | None = None
    on: date | None = None


@handles(Apply)
def apply(command: Apply, act: Act, records: Records) -> None:
    _must_be_new(command, records)
    association = (
        records.read(Association, command.association_id)
        if act.actor.role == "lycee"
        else own_association(command.association_id, act, records)
    )
    association.must_be_open()
    guards.proposed_by(command.channel, command.uai)
    told = (command.channel, command.uai, command.on or act.today)
    records.add(_candidate(command, act, records, association, command.programme_id, *told))


@dataclass(frozen=True, kw_only=True)
class ApplyByLink(Command):
    """The same by the candidates themselves, through a link of the association: under the programme in which
    it is admitted. They never see the record that they open, nor whether they had one: then it is only noted
    there that they came again, and the link has served all the same."""

    name: ClassVar[str] = "mentor.apply_by_link"
    association_id: str
    person: Person
    profile: Profile


@handles(ApplyByLink)
def apply_by_link(command: ApplyByLink, act: Act, records: Records) -> None:
    _must_be_new(command, records)
    association = records.read(Association, command.association_id)
    association.must_be_open()
    association.receive_candidacy(act)
    told = (Origin.FORM, None, act.today)
    candidate = _candidate(command, act, records, association, association.programme_id, *told)
    authorize(act.actor, command.name, candidate)
    known = records.holder(Mentor, candidate.claims())
    if known:
        known.note_return(act)
    else:
        records.add(candidate)


def _must_be_new(command: Command, records: Records) -> None:
    if records.find(Mentor, command.record_id):
        raise Conflict("already_applied", f"Le dossier {command.record_id} existe déjà.")


def _candidate(
    command: Apply | ApplyByLink,
    act: Act,
    records: Records,
    association: Association,
    programme_id: str,
    channel: Origin,
    uai: str | None,
    on: date,
) -> Mentor:
    takes_candidacies(association)
    not_in_the_future(act, on)
    guards.person(act, command.person)
    _check_profile(command.profile, records)
    programme = records.read(Programme, programme_id)
    academie = min(association.academies, default="")
    version = programme.in_force(academie, on) or programme.current(academie, act.today)
    guards.of_age(command.person, on, version.rules)
    return Mentor(
        id=command.record_id,
        association_id=association.id,
        programme_id=programme.id,
        rules_version=version.number,
        academies=association.academies,
        person=command.person,
        profile=command.profile,
        channel=channel,
        uai=uai,
        digests=digests_of(association.id, command.person, records.digest),
        profile_digest=digest_of_profile(association.id, command.profile, records.digest),
        reachable=bool(command.person.email or command.person.phone),
        day=act.today,
        on=on,
    )


@dataclass(frozen=True, kw_only=True)
class ChangeProfile(Command):
    """Replaces what they bring, as a whole."""

    name: ClassVar[str] = "mentor.change_profile"
    profile: Profile


@handles(ChangeProfile)
def change_profile(command: ChangeProfile, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    _check_profile(command.profile, records)
    digest = digest_of_profile(mentor.association_id, command.profile, records.digest)
    mentor.change_profile(act, profile=command.profile, digest=digest)


@decided_by(Mentor, Mentor.issue_link)
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


@decided_by(Mentor, Mentor.see_identity)
@dataclass(frozen=True, kw_only=True)
class SeeIdentity(Command):
    """An identity paper was seen; neither its number nor a copy is kept."""

    name: ClassVar[str] = "mentor.see_identity"
    on: date
    channel: Channel


@decided_by(Mentor, Mentor.sign_charter)
@dataclass(frozen=True, kw_only=True)
class SignCharter(Command):
    """The mentor signed this version of the charter."""

    name: ClassVar[str] = "mentor.sign_charter"
    on: date
    version: str
    channel: Channel


# From the interview to the clearance --------------------------------------------------------------


@decided_by(Mentor, Mentor.hold_interview)
@dataclass(frozen=True, kw_only=True)
class HoldInterview(Command):
    """The association met them."""

    name: ClassVar[str] = "mentor.interview"
    on: date
    favourable: bool
    report: Annotated[str, FREE_TEXT]


@dataclass(frozen=True, kw_only=True)
class AskCheck(Command):
    """``mission`` and ``departement`` are told of an attestation d'honorabilité only."""

    name: ClassVar[str] = "mentor.ask_check"
    takes_reason: ClassVar[bool] = False
    kind: CheckKind
    mission: str | None = None
    departement: str | None = None


@handles(AskCheck)
def ask_check(command: AskCheck, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    mentor.ask_check(
        act,
        kind=command.kind,
        mission=command.mission,
        departement=command.departement,
        rules=rules_of(mentor, act, records),
    )


@dataclass(frozen=True, kw_only=True)
class PresentCheck(Command):
    """Whether the document was presented. Neither a reason nor anything that it says is taken."""

    name: ClassVar[str] = "mentor.present_check"
    takes_reason: ClassVar[bool] = False
    kind: CheckKind
    presented: bool
    on: date
    issued_on: date | None = None


@handles(PresentCheck)
def present_check(command: PresentCheck, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    mentor.present_check(
        act,
        kind=command.kind,
        presented=command.presented,
        issued_on=command.issued_on,
        on=command.on,
        rules=rules_of(mentor, act, records),
    )


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
    mentor.clear(act, on=command.on, rules=rules, operator=operator)


# Standing and leaving -----------------------------------------------------------------------------


@decided_by(Mentor, Mentor.suspend)
@dataclass(frozen=True, kw_only=True)
class Suspend(Command):
    """A person suspends them; the reason is that of the act."""

    name: ClassVar[str] = "mentor.suspend"
    on: date


@decided_by(Mentor, Mentor.lift_suspension)
@dataclass(frozen=True, kw_only=True)
class LiftSuspension(Command):
    """Takes back what a person decided; other causes remain."""

    name: ClassVar[str] = "mentor.lift_suspension"
    on: date


@decided_by(Mentor, Mentor.leave)
@dataclass(frozen=True, kw_only=True)
class Leave(Command):
    name: ClassVar[str] = "mentor.leave"
    on: date
    cause: MentorLeaving


@decided_by(Mentor, Mentor.refuse)
@dataclass(frozen=True, kw_only=True)
class RefuseCandidacy(Command):
    """Refuses a candidacy before its clearance."""

    name: ClassVar[str] = "mentor.refuse"


@decided_by(Mentor, Mentor.release)
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
        mentor.lapse(act, on=day_of(due, mentor, act, records))


@dataclass(frozen=True, kw_only=True)
class SuspendOverdue(Command):
    """The background check counts no more."""

    name: ClassVar[str] = "mentor.suspend_overdue"


@handles(SuspendOverdue)
def suspend_overdue(command: SuspendOverdue, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    if due := due_now(mentor, overdue_key(mentor, rules_of(mentor, act, records)), act, records):
        mentor.suspend_overdue(act, on=day_of(due, mentor, act, records))
