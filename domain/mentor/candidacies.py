"""How mentors come: their association enters them, they do so by its link, or a lycée proposes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from domain.association.model import Association
from domain.authorization import authorize
from domain.commands import Command, handles
from domain.guards import not_in_the_future
from domain.kernel import Act, Conflict, Forbidden
from domain.mentor import guards, persons
from domain.mentor.commands import check_profile, own_association
from domain.mentor.known import digest_of_profile, digests_of
from domain.mentor.model import Mentor
from domain.mentor.operator import takes_candidacies
from domain.mentor.parts import Origin, Person, Profile
from domain.ports import Records
from domain.programme.model import Programme


@dataclass(frozen=True, kw_only=True)
class Apply(Command):
    """Opens the record of a candidate, under the rules in force on the day of the candidacy, or today if
    there were none. ``uai``: the lycée that spoke of them; ``on``: that day, today unless an existing file is
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
    association = own_association(command.association_id, act, records)
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
    _hand_in(candidate, command, act, records)


@dataclass(frozen=True, kw_only=True)
class Propose(Command):
    """The same by a lycée, ``uai``, of somebody whom it knows. It does not see the record that it opens,
    nor learns whether there was one: where somebody stands is theirs, and the association's, to tell."""

    name: ClassVar[str] = "mentor.propose"
    association_id: str
    uai: str
    person: Person
    profile: Profile


@handles(Propose)
def propose(command: Propose, act: Act, records: Records) -> None:
    _must_be_new(command, records)
    association = records.read(Association, command.association_id)
    authorize(act.actor, command.name, association)
    _own_lycee(act, command.uai)
    academie = records.world.territory.academie_of(command.uai).code
    association.receive_proposal(act, uai=command.uai, academie=academie)
    told = (Origin.LYCEE, command.uai, act.today)
    candidate = _candidate(command, act, records, association, association.programme_id, *told)
    _hand_in(candidate, command, act, records)


def _own_lycee(act: Act, uai: str) -> None:
    if not act.actor.holds(f"lycee:{uai}"):
        raise Forbidden(
            "outside_your_scope",
            "Un lycée ne propose des mentor·es qu'en son nom.",
            ("le code de votre lycée (uai)",),
        )


def _hand_in(candidate: Mentor, command: Command, act: Act, records: Records) -> None:
    """Opens the record of somebody new; of somebody known, it is noted on theirs that they came again."""
    authorize(act.actor, command.name, candidate)
    known = records.holder(Mentor, candidate.claims())
    if known:
        persons.note_return(known, act, candidate.uai)
    else:
        records.add(candidate)


def _must_be_new(command: Command, records: Records) -> None:
    if records.find(Mentor, command.record_id):
        raise Conflict("already_applied", f"Le dossier {command.record_id} existe déjà.")


def _candidate(
    command: Apply | ApplyByLink | Propose,
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
    check_profile(command.profile, records)
    programme = records.read(Programme, programme_id)
    academie = association.academie
    version = programme.in_force(academie, on) or programme.current(academie, act.today)
    guards.of_age(command.person, on, version.rules)
    return Mentor(
        id=command.record_id,
        association_id=association.id,
        programme_id=programme.id,
        rules_version=version.number,
        academies=association.academies,
        academie=academie,
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
