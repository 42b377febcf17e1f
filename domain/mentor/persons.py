"""Who a record is of: changed, corrected, or found to be the person of another record."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from domain.guards import reason_given
from domain.kernel import Act, Refused
from domain.mentor import guards, proof, standing
from domain.mentor.clearance import training_missing
from domain.mentor.parts import LADDER, OVERDUE, Digests, Person, Status

if TYPE_CHECKING:
    from domain.mentor.model import Mentor
    from domain.programme.rules import Rules

MOST_MERGED: Final = 10
"""Records of one person that are merged into one: they are erased together, by one command."""


def change(mentor: Mentor, act: Act, *, person: Person, digests: Digests, rules: Rules) -> None:
    """Replaces what is known of who it is: another person, only as long as nothing was proved."""
    guards.is_open(mentor, "changer l'identité")
    if digests == mentor.digests:
        return
    _same_person(mentor, digests)
    reachable = _told(mentor, act, person, digests, rules)
    mentor._person_changed(person=person, digests=digests, reachable=reachable, day=act.today)


def correct(mentor: Mentor, act: Act, *, person: Person, digests: Digests, rules: Rules) -> None:
    """The names or the birth date were wrong: the paper of whoever they are now is yet to be seen."""
    guards.is_open(mentor, "corriger l'identité")
    _something_to_correct(mentor, digests)
    _not_another(mentor, digests)
    reason_given(act)
    reachable = _told(mentor, act, person, digests, rules)
    mentor._person_corrected(person=person, digests=digests, reachable=reachable, day=act.today)


def _same_person(mentor: Mentor, told: Digests) -> None:
    """What was proved of somebody is not handed on to another."""
    if proof.is_settled(mentor) and not mentor.digests.is_followed_by(told):
        raise Refused(
            "identity_settled",
            "Ce dossier prouve déjà quelque chose de cette personne : ses noms et sa date de naissance ne se "
            "remplacent plus, ni ne s'enlèvent.",
            (
                "la correction de l'identité, motivée (mentor.correct_person) : la pièce sera à revoir",
                "ou les mêmes noms et la même date de naissance, avec ce qui change",
            ),
        )


def _something_to_correct(mentor: Mentor, told: Digests) -> None:
    """A correction voids the identity seen: it is not asked for an address."""
    if mentor.digests.is_followed_by(told):
        raise Refused(
            "nothing_to_correct",
            "Ni les noms ni la date de naissance n'étaient faux : il n'y a rien à corriger.",
            ("le changement des coordonnées (mentor.change_person)",),
        )


def _not_another(mentor: Mentor, told: Digests) -> None:
    """Of somebody's names and birth date one was wrong. Both, at once or one after the other before a paper
    is seen, would hand what was proved of them on to another."""
    if proof.is_settled(mentor) and proof.proved_of(mentor).is_given_up_by(told):
        raise Refused(
            "another_person",
            "Ni les noms ni la date de naissance ne resteraient : ce que ce dossier prouve d'une personne "
            "passerait à une autre.",
            (
                "la clôture de ce dossier (mentor.leave) et une nouvelle candidature (mentor.apply)",
                "ou une correction à la fois, la pièce d'identité vue (mentor.see_identity) entre les deux",
            ),
        )


def _told(mentor: Mentor, act: Act, person: Person, digests: Digests, rules: Rules) -> bool:
    """Whether they can be reached; how old they are is asked of a birth date that was not known yet."""
    if digests.name_digest != mentor.digests.name_digest:
        guards.of_age(person, act.today, rules)
    return guards.person_told(mentor, act, person)


def note_return(mentor: Mentor, act: Act, uai: str | None) -> None:
    """They come again, by a link or a lycée, ``uai``, though their record is open: for its association to
    know, and to answer that lycée."""
    mentor._candidacy_repeated(day=act.today, uai=uai)


def merge(kept: Mentor, act: Act, *, duplicate: Mentor | None, rules: Rules) -> None:
    """The same person's other record is closed, and what it proves is kept here: digests by which they
    are recognised, the identity seen under these names, the charter, certificates, documents asked for, and
    its check if newer. An interview is not copied: whichever record has it is kept. What is kept stays under
    its own programme's rules, and is shown to no lycée that proposed the other one. Of names or birth dates
    that differ somebody answers, with a reason: what was proved of one person would be another's."""
    guards.is_open(kept, "y rattacher un autre dossier")
    other = can_be_merged(kept, duplicate)
    _of_one_person(kept, other, act)
    held = {**other.certificates, **kept.certificates}
    newer = other.check and (kept.check is None or other.check.on > kept.check.on)
    signed = kept if kept.charter_signed_on else other
    other._merged_into(kept=kept.id, on=act.today)
    kept._absorbed(
        duplicate=other.id,
        brought=other.absorbed,
        aliases=tuple(sorted({*other.digests.all(), *other.aliases} - set(kept.digests.all()))),
        certificates=tuple(held.values()),
        check=other.check if newer else kept.check,
        identity_seen_on=kept.identity_seen_on or _seen_of(kept, other),
        charter_signed_on=signed.charter_signed_on,
        charter_version=signed.charter_version,
        courses=other.courses,
        complete=not training_missing(held.values(), rules, act.today),
    )
    for kind, asked in other.asked.items():
        if kind not in kept.asked:
            kept._check_asked(kind=kind, mission=asked.mission, departement=asked.departement)
    standing.return_if_checked(kept, act, rules)


def _seen_of(kept: Mentor, other: Mentor) -> date | None:
    """A paper seen counts for the names that it was seen under, and after their last correction."""
    seen = other.identity_seen_on
    if seen is None or not kept.digests.may_be_of_one_person(other.digests):
        return None
    return None if kept.corrected_on and seen < kept.corrected_on else seen


def can_be_merged(kept: Mentor, duplicate: Mentor | None) -> Mentor:
    """Two records of one operator; a record that another's does not name might as well not exist. A
    suspension is not escaped by keeping the other record."""
    if duplicate is None or duplicate.association_id != kept.association_id or duplicate.id == kept.id:
        raise Refused(
            "no_such_duplicate",
            "Aucun autre dossier de la même association ne porte cet identifiant.",
            ("l'identifiant de l'autre dossier (duplicate_id)",),
        )
    guards.is_open(duplicate, "le rattacher")
    if duplicate.suspensions.keys() - {OVERDUE}:
        raise Refused(
            "duplicate_suspended",
            "Le dossier à rattacher est suspendu par une décision : c'est lui que l'on garde.",
            ("le rattachement dans l'autre sens, ou la levée de la suspension",),
        )
    if _height(duplicate) > _height(kept):
        raise Refused(
            "duplicate_further",
            "Le dossier à rattacher est plus avancé que celui-ci : ce qu'il prouve serait perdu.",
            (f"le rattachement dans l'autre sens : garder {duplicate.id}",),
        )
    if len(kept.absorbed) + len(duplicate.absorbed) >= MOST_MERGED:
        raise Refused(
            "too_many_duplicates",
            f"Un dossier en réunit au plus {MOST_MERGED} autres.",
            ("le départ de la personne de l'autre dossier (mentor.leave)",),
        )
    return duplicate


def _of_one_person(kept: Mentor, other: Mentor, act: Act) -> None:
    if not (act.reason.strip() or kept.digests.may_be_of_one_person(other.digests)):
        raise Refused(
            "duplicate_unlike",
            "Les deux dossiers n'ont pas les mêmes noms, ou pas la même date de naissance.",
            (
                "le motif (reason) : ce qui dit que c'est la même personne",
                "ou la correction de l'un des deux",
            ),
        )


def _height(mentor: Mentor) -> tuple[int, int, int]:
    """How far it is: cleared, whether suspended or not; met, which no other record can prove for it; then
    rung by rung."""
    rung = LADDER.index(Status(mentor.status)) if mentor.status in LADDER else len(LADDER)
    met = 1 + mentor.interview.favourable if mentor.interview else 0
    return int(mentor.status not in LADDER), met, rung
