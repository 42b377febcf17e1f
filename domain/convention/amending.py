"""Amending a convention in force: an avenant is proposed, signed by every party or withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.calendar import PartialDate
from domain.convention import guards, parts
from domain.convention.parts import RUNNING, Clauses, Medium
from domain.guards import not_in_the_future, reason_given
from domain.kernel import Act, Refused

if TYPE_CHECKING:
    from domain.convention.model import Convention


def propose(convention: Convention, act: Act, *, clauses: Clauses) -> None:
    """Proposes an avenant: the clauses as they would read. One at a time."""
    guards.status_in(convention, RUNNING, "proposer un avenant")
    guards.period(clauses)
    guards.keeps_an_end(convention, clauses)
    if convention.amendment:
        raise Refused(
            "amendment_open",
            f"L'avenant n° {convention.amendment.number} est encore à signer.",
            ("sa signature par tous, ou son retrait",),
        )
    convention._amendment_proposed(
        number=len(convention.amendments_in_force) + 1,
        clauses=clauses,
        text_hash=parts.text_hash(tuple(convention.parties.values()), clauses, convention.coverage),
        proposed_on=act.today,
    )


def sign(
    convention: Convention, act: Act, *, party: str, on: PartialDate, medium: Medium, text_hash: str
) -> None:
    """A party signs the avenant, once proposed; with the last signature it takes effect."""
    guards.status_in(convention, RUNNING, "signer un avenant")
    guards.answers_for(convention, act.actor, party)
    guards.on_paper(convention, act.actor, party, medium)
    amendment = guards.open_amendment(convention)
    guards.same_text(amendment.text_hash, text_hash)
    not_in_the_future(act, on.first)
    guards.electronic_today(act, on, medium)
    guards.after_proposal(amendment, on)
    if party in dict(amendment.signatures):
        raise Refused("already_signed", f"{convention.parties[party].name} a déjà signé cet avenant.")
    guards.signatory_entitled(convention, party, on)
    guards.vote_executory(convention, party, on)
    convention._amendment_signed(number=amendment.number, party=party, on=on, medium=medium)


def withdraw(convention: Convention, act: Act) -> None:
    guards.status_in(convention, RUNNING, "retirer un avenant")
    reason_given(act)
    convention._amendment_withdrawn(number=guards.open_amendment(convention).number)
