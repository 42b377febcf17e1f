"""Preparing a convention: its parties, its text, its territory, until the reviewer sends it to be signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.calendar import PartialDate
from domain.convention import guards
from domain.convention.parts import (
    BEFORE_FORCE,
    RUNNING,
    Capacity,
    Clauses,
    Coverage,
    Party,
    Signatory,
    Status,
    text_hash,
)
from domain.guards import reason_given
from domain.kernel import Act, Refused

if TYPE_CHECKING:
    from domain.convention.model import Convention


def announce(convention: Convention, act: Act, *, announced_for: PartialDate, source: str) -> None:
    """Notes the day on which its signing was announced: a communiqué proves nothing more."""
    guards.status_in(convention, BEFORE_FORCE, "annoncer sa signature")
    convention._announced(announced_for=announced_for, source=source)


def add_party(convention: Convention, act: Act, *, party: Party) -> None:
    """Adds a party, or replaces it; signatures and votes given on the former text are void."""
    guards.editable(convention)
    if convention.parties.get(party.key) != party:
        parties = tuple({**convention.parties, party.key: party}.values())
        same = text_hash(parties, convention.clauses, convention.coverage) == convention.text_now
        convention._party_added(
            party=party, voids=() if same else tuple(convention.signatures), day=act.today
        )


def remove_party(convention: Convention, act: Act, *, party: str) -> None:
    guards.editable(convention)
    guards.party_of(convention, party)
    convention._party_removed(party=party, voids=tuple(convention.signatures), day=act.today)


def name_signatory(convention: Convention, act: Act, *, party: str, signatory: Signatory) -> None:
    """Says who signs for a party, by office or by delegation; refused once that party has signed."""
    guards.status_in(convention, (BEFORE_FORCE - {Status.SIGNED}) | RUNNING, "désigner un signataire")
    guards.answers_for(convention, act.actor, party)
    being_signed = dict(convention.amendment.signatures) if convention.amendment else convention.signatures
    if party in being_signed and (convention.amendment or convention.status not in RUNNING):
        raise Refused("already_signed", f"{convention.parties[party].name} a déjà signé ce texte.")
    if signatory.capacity is Capacity.DELEGATION and not signatory.delegation:
        raise Refused(
            "delegation_missing",
            "Une signature par délégation cite la décision qui délègue.",
            ("la référence de la délégation (delegation)",),
        )
    convention._signatory_named(
        party=party,
        name=signatory.name,
        title=signatory.title,
        capacity=signatory.capacity,
        delegation=signatory.delegation,
        delegation_until=signatory.delegation_until,
    )


def set_clauses(convention: Convention, act: Act, *, clauses: Clauses) -> None:
    """Replaces the clauses; signatures and votes given on the former text are void."""
    guards.editable(convention)
    guards.period(clauses)
    if clauses != convention.clauses:
        convention._clauses_set(clauses=clauses, voids=tuple(convention.signatures), day=act.today)


def set_coverage(convention: Convention, act: Act, *, coverage: Coverage) -> None:
    """Replaces the territory; signatures and votes given on the former text are void."""
    guards.editable(convention)
    if coverage != convention.coverage:
        convention._coverage_set(coverage=coverage, voids=tuple(convention.signatures), day=act.today)


def submit(convention: Convention, act: Act) -> None:
    """Sends the draft to be read over. Refused with the list of what a complete text still lacks."""
    guards.status_in(convention, {Status.DRAFT}, "la soumettre à relecture")
    guards.complete(guards.lacks(convention))
    convention._submitted(day=act.today)


def send_back(convention: Convention, act: Act) -> None:
    """The reviewer asks for changes, with a reason."""
    guards.status_in(convention, {Status.IN_REVIEW}, "la renvoyer en préparation")
    reason_given(act)
    convention._returned()


def send_for_signature(convention: Convention, act: Act) -> None:
    """The reviewer approves: from now on every party signs this very text."""
    guards.status_in(convention, {Status.IN_REVIEW}, "l'envoyer à la signature")
    guards.complete(guards.lacks(convention))
    convention._sent_for_signature(text_hash=convention.text_now, day=act.today)
