"""Signing a convention, by votes where they are needed, until it comes into force."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from domain.calendar import PartialDate
from domain.convention import guards
from domain.convention.parts import BEFORE_FORCE, BEING_SIGNED, RUNNING, Medium, Status
from domain.guards import not_in_the_future
from domain.kernel import Act, Refused

if TYPE_CHECKING:
    from domain.convention.model import Convention

EXECUTORY_AFTER: Final = timedelta(days=15)
"""An EPLE's act binds 15 days after its transmission (Code de l'éducation, R421-54)."""


def record_vote(
    convention: Convention, act: Act, *, party: str, voted_on: date, transmitted_on: date
) -> None:
    """Records the vote of an EPLE's conseil d'administration and its transmission (R421-20, R421-54)."""
    open_to_votes = RUNNING if convention.amendment else frozenset()
    guards.status_in(convention, (BEFORE_FORCE - {Status.SIGNED}) | open_to_votes, "enregistrer un vote")
    guards.answers_for(convention, act.actor, party)
    if not guards.votes(convention.parties[party]):
        raise Refused(
            "no_vote_needed",
            f"{convention.parties[party].name} n'est pas un EPLE : aucun vote requis.",
        )
    not_in_the_future(act, transmitted_on)
    if transmitted_on < voted_on:
        raise Refused("vote_after_transmission", "La transmission ne peut précéder le vote.")
    if convention.amendment:
        guards.after_proposal(convention.amendment, PartialDate(voted_on))
    convention._vote_recorded(
        party=party,
        voted_on=voted_on,
        transmitted_on=transmitted_on,
        executory_on=transmitted_on + EXECUTORY_AFTER,
    )


def sign(
    convention: Convention, act: Act, *, party: str, on: PartialDate, medium: Medium, text_hash: str
) -> None:
    """A party signs the text whose hash it was shown, on a day that may be past (on paper only).

    Raises ``Refused``: not at this stage, not that party's business, another text, a day to come, or
    past for an electronic signature, no signatory or a delegation that has run out, a vote not yet
    executory, already signed.
    """
    guards.status_in(convention, BEING_SIGNED, "la signer")
    guards.answers_for(convention, act.actor, party)
    guards.on_paper(convention, act.actor, party, medium)
    guards.complete(guards.text_lacks(convention))
    guards.same_text(convention.text, text_hash)
    not_in_the_future(act, on.first)
    guards.electronic_today(act, on, medium)
    if party in convention.signatures:
        raise Refused("already_signed", f"{convention.parties[party].name} a déjà signé ce texte.")
    guards.signatory_entitled(convention, party, on)
    guards.vote_executory(convention, party, on)
    convention._signed(party=party, on=on, medium=medium, text_hash=text_hash)


def record_history(
    convention: Convention,
    act: Act,
    *,
    signed_on: PartialDate,
    in_force_from: PartialDate,
    ends_on: date,
    evidence: str,
) -> None:
    """Records a convention signed before this register existed, dated to the day or the month.

    ``evidence`` says what proves it, the signatures too. Raises ``Refused`` past the draft, for a day
    to come, for a period that ends before it starts or starts before the signature, or without evidence.
    """
    guards.status_in(convention, {Status.DRAFT}, "reprendre son historique")
    not_in_the_future(act, signed_on.first)
    if not evidence.strip():
        raise Refused(
            "evidence_missing",
            "Une reprise cite sa preuve.",
            ("la pièce qui l'atteste (evidence)",),
        )
    if ends_on < in_force_from.first:
        raise Refused("period_reversed", "La convention finit avant d'entrer en vigueur.")
    guards.in_force_once_signed(in_force_from, signed_on)
    convention._history_recorded(
        on=signed_on,
        in_force_from=in_force_from,
        ends_on=ends_on,
        evidence=evidence,
        day=act.today,
    )


def enter_into_force(convention: Convention, act: Act) -> None:
    """Everybody has signed and the day has come. Nothing happens before, nor twice."""
    if convention.status != Status.SIGNED or convention.in_force_from is None:
        return
    if convention.in_force_from.first <= act.today:
        convention._came_into_force(on=convention.in_force_from)
