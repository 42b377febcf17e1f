"""What may be asked about who a mentor is: a change, a correction, the merging of two records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.commands import Command, handles
from domain.kernel import Act
from domain.mentor import persons
from domain.mentor.known import digests_of
from domain.mentor.model import Mentor
from domain.mentor.parts import Person
from domain.ports import Records
from domain.programme.following import rules_of


@dataclass(frozen=True, kw_only=True)
class ChangePerson(Command):
    """Replaces what is known of who it is, as a whole: of the same person, once something was proved."""

    name: ClassVar[str] = "mentor.change_person"
    person: Person


@handles(ChangePerson)
def change_person(command: ChangePerson, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    digests = digests_of(mentor.association_id, command.person, records.digest)
    rules = rules_of(mentor, act, records)
    persons.change(mentor, act, person=command.person, digests=digests, rules=rules)


@dataclass(frozen=True, kw_only=True)
class CorrectPerson(Command):
    """Names or a birth date were recorded wrongly: who it really is. Their paper is to be seen again."""

    name: ClassVar[str] = "mentor.correct_person"
    person: Person


@handles(CorrectPerson)
def correct_person(command: CorrectPerson, act: Act, records: Records) -> None:
    mentor = records.get(Mentor, command.record_id)
    digests = digests_of(mentor.association_id, command.person, records.digest)
    rules = rules_of(mentor, act, records)
    persons.correct(mentor, act, person=command.person, digests=digests, rules=rules)


@dataclass(frozen=True, kw_only=True)
class Merge(Command):
    """The record ``duplicate_id`` is of the same person: it is closed, and what it proves is kept here."""

    name: ClassVar[str] = "mentor.merge"
    duplicate_id: str


@handles(Merge)
def merge(command: Merge, act: Act, records: Records) -> None:
    kept = records.get(Mentor, command.record_id)
    duplicate = records.find(Mentor, command.duplicate_id)
    persons.merge(kept, act, duplicate=duplicate, rules=rules_of(kept, act, records))
