"""Erasing a person's data: on which legal ground, and the one command that asks for it of any record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from domain.commands import Command, handles
from domain.kernel import Act, Root
from domain.ports import Records


class Ground(StrEnum):
    """Why personal data are erased: RGPD article 17(1), or their term under article 5(1)(e)."""

    NO_LONGER_NEEDED = "no_longer_needed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTION = "objection"
    UNLAWFUL = "unlawful"
    LEGAL_OBLIGATION = "legal_obligation"
    CHILD_SERVICE = "child_service"
    RETENTION = "retention"

    @property
    def is_term(self) -> bool:
        """Found by the clock, and by nobody else."""
        return self is Ground.RETENTION


GROUND_LABELS: Final = {
    Ground.NO_LONGER_NEEDED: "données devenues inutiles à leur finalité (RGPD, art. 17, § 1, a)",
    Ground.CONSENT_WITHDRAWN: "consentement retiré (RGPD, art. 17, § 1, b)",
    Ground.OBJECTION: "opposition de la personne (RGPD, art. 17, § 1, c)",
    Ground.UNLAWFUL: "traitement illicite (RGPD, art. 17, § 1, d)",
    Ground.LEGAL_OBLIGATION: "effacement imposé par une obligation légale (RGPD, art. 17, § 1, e)",
    Ground.CHILD_SERVICE: "données d'un enfant recueillies par un service en ligne (RGPD, art. 17, § 1, f)",
    Ground.RETENTION: "terme de la durée de conservation (RGPD, art. 5, § 1, e)",
}


@dataclass(frozen=True, kw_only=True)
class Erase(Command):
    """Erases the personal data of a record of any kind, and of every other record of the same person, which
    closes them for good."""

    name: ClassVar[str] = "record.erase"
    takes_reason: ClassVar[bool] = False
    ground: Ground


@handles(Erase)
def erase(command: Erase, act: Act, records: Records) -> None:
    record = records.get(Root, command.record_id)
    if act.actor.is_person or not command.ground.is_term or _term_has_come(record, act, records):
        record.erase(act, ground=command.ground)
        for other in _others_of_the_same_person(record, records):
            if not other.is_erased:
                other.erase(act, ground=command.ground)


def _others_of_the_same_person(record: Root, records: Records) -> list[Root]:
    """Whatever was found to be of the same person as another of them, however far."""
    found = {record.id: record}
    waiting = [record]
    while waiting:
        for record_id in waiting.pop().kin():
            if record_id not in found:
                found[record_id] = records.read(Root, record_id)
                waiting.append(found[record_id])
    return list(found.values())[1:]


def _term_has_come(record: Root, act: Act, records: Records) -> bool:
    """Whether the record itself waits for its erasure: a process that woke too early destroys nothing."""
    from domain.programme.model import Programme
    from domain.registry import waits

    ahead = waits(record, lambda programme_id: records.read(Programme, programme_id), records.world, act.now)
    return any(due.kind == "erase" and due.at <= act.now for due in ahead)
