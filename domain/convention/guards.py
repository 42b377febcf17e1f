"""The guards of a convention: each raises ``Refused`` with its code, a sentence, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from domain import guards
from domain.calendar import PartialDate, french_date
from domain.convention.parts import (
    AUTHORITIES,
    BEING_SIGNED,
    RUNNING,
    Amendment,
    Capacity,
    Clauses,
    Medium,
    Party,
    PartyKind,
    Status,
)
from domain.kernel import Act, Actor, Forbidden, Refused

if TYPE_CHECKING:
    from domain.convention.model import Convention


def status_in(convention: Convention, allowed: Iterable[str], doing: str) -> None:
    guards.status_in(convention, allowed, doing, the="La convention", one="une convention")


def editable(convention: Convention) -> None:
    """The text may change while it is drafted or being signed (which voids the signatures)."""
    status_in(convention, {Status.DRAFT, *BEING_SIGNED}, "modifier son texte")


def party_of(convention: Convention, party: str) -> None:
    if party not in convention.parties:
        raise Refused(
            "not_a_party",
            f"« {party} » n'est pas partie à la convention.",
            (f"l'une de ses parties : {', '.join(convention.parties)}",),
        )


def answers_for(convention: Convention, actor: Actor, party: str) -> None:
    """An académie records for every party, on paper; the others for themselves."""
    party_of(convention, party)
    if actor.role in {"association", "lycee"} and not actor.holds(party):
        raise Forbidden(
            "not_your_party",
            f"Vous n'agissez pas pour {convention.parties[party].name}.",
            ("un jeton de cette partie, ou de l'académie",),
        )


def own_academie(actor: Actor, academie: str) -> None:
    """An académie opens files for itself, or for several at once (no code)."""
    if academie and actor.role == "academie" and not actor.holds(f"academie:{academie}"):
        raise Refused(
            "not_your_academie",
            f"L'académie {academie} n'est pas dans votre périmètre.",
            ("le code d'une académie de votre périmètre",),
        )


def period(clauses: Clauses) -> None:
    if clauses.starts_on and clauses.ends_on and clauses.ends_on < clauses.starts_on:
        raise Refused(
            "period_reversed",
            f"La convention finit ({french_date(clauses.ends_on)}) avant de commencer "
            f"({french_date(clauses.starts_on)}).",
            ("ends_on postérieure à starts_on",),
        )


def keeps_an_end(convention: Convention, clauses: Clauses) -> None:
    """An avenant moves the end of a convention, never before its beginning, and never takes it away."""
    if clauses.ends_on is None:
        raise Refused(
            "text_incomplete",
            "Un avenant garde à la convention une date de fin.",
            ("la date de fin (clauses.ends_on)",),
        )
    if convention.in_force_from and clauses.ends_on < convention.in_force_from.first:
        raise Refused(
            "period_reversed",
            "La convention finirait avant d'être entrée en vigueur.",
            (f"clauses.ends_on à partir du {french_date(convention.in_force_from.first)}",),
        )


def on_paper(convention: Convention, actor: Actor, party: str, medium: Medium) -> None:
    """Whoever does not hold a party's own key records a paper: it cannot sign in its stead."""
    if medium is not Medium.PAPER and not actor.holds(party):
        raise Forbidden(
            "paper_needed",
            f"Vous n'enregistrez pour {convention.parties[party].name} qu'une signature sur papier.",
            ("la signature électronique donnée par cette partie, ou un papier signé",),
        )


def electronic_today(act: Act, on: PartialDate, medium: Medium) -> None:
    """An electronic signature is given the day it is recorded: only a paper may be older."""
    if medium is Medium.ELECTRONIC and on != PartialDate(act.today):
        raise Refused(
            "electronic_today",
            "Une signature électronique porte la date du jour où elle est donnée.",
            (f"la date du {french_date(act.today)}, ou un papier signé (medium : paper)",),
        )


def after_proposal(amendment: Amendment, on: PartialDate) -> None:
    """Nobody votes or signs an avenant before it was proposed; a month has the benefit of the doubt."""
    if on.last < amendment.proposed_on:
        raise Refused(
            "before_proposal",
            f"L'avenant n° {amendment.number} n'a été proposé que le {french_date(amendment.proposed_on)}.",
            (f"une date à partir du {french_date(amendment.proposed_on)}",),
        )


def notice_run(until: date | None, earliest: date) -> date:
    """When a notice takes effect: at the ``earliest``, once it has run."""
    if until and until < earliest:
        raise Refused(
            "notice_too_short",
            f"Le préavis court au moins jusqu'au {french_date(earliest)}.",
            (f"une date d'effet à partir du {french_date(earliest)}",),
        )
    return until or earliest


def notice_dated(convention: Convention, act: Act, on: date) -> None:
    """A notice is given once in force; on a day of the past only as a paper that the keeper received."""
    starts = convention.in_force_from
    if starts and on < starts.first:
        raise Refused(
            "period_reversed",
            "Une convention ne se dénonce pas avant d'être entrée en vigueur.",
            (f"une date à partir du {french_date(starts.first)}",),
        )
    if on < act.today and not act.actor.holds(convention.owner):
        raise Refused(
            "notice_backdated",
            "Un préavis court au plus tôt du jour où vous le donnez : seul qui tient le dossier "
            "enregistre un préavis plus ancien, reçu sur papier.",
            (f"la date du {french_date(act.today)}, ou l'enregistrement du papier par qui tient le dossier",),
        )


def notice_given_by(convention: Convention, actor: Actor, party: str) -> None:
    """Whoever gave notice takes it back, itself; the keeper, only a notice that was recorded on paper. A
    résiliation to come is the authorities' alone."""
    if convention.status not in RUNNING or not convention.notice_until:
        raise Refused("no_notice", "Aucun préavis ne court.", ("un préavis en cours",))
    giver = convention.notice_by
    if not giver and actor.role == "academie":
        return
    on_paper = convention.notice_on_paper and actor.holds(convention.owner)
    if giver and party == giver and (actor.holds(giver) or on_paper):
        return
    who = convention.parties[giver].name if giver in convention.parties else "l'académie"
    raise Forbidden(
        "not_your_notice",
        f"Cette fin a été décidée par {who}, qui seule peut y renoncer.",
        (f"une décision de {who}",),
    )


def votes(party: Party) -> bool:
    """Whether a conseil d'administration must vote: public lycées (EPLE), Code de l'éducation R421-20."""
    return party.kind is PartyKind.LYCEE and party.public


def lacks(convention: Convention) -> list[str]:
    """What is still lacking before anybody can be asked to sign: in the text, or somebody to sign it."""
    unnamed = [p.name for key, p in convention.parties.items() if key not in convention.signatories]
    return text_lacks(convention) + [f"le signataire de {name}" for name in unnamed]


def text_lacks(convention: Convention) -> list[str]:
    """What the text itself lacks: an edit made while it is being signed may have taken it away."""
    parties = convention.parties.values()
    clauses, coverage = convention.clauses, convention.coverage
    wanted = {
        "un opérateur parmi les parties": any(p.kind is PartyKind.OPERATOR for p in parties),
        "une autorité parmi les parties (académie, région académique ou État)": any(
            p.kind in AUTHORITIES for p in parties
        ),
        "la date d'effet (clauses.starts_on)": clauses.starts_on,
        "la date de fin (clauses.ends_on)": clauses.ends_on,
        "au moins un dispositif (clauses.schemes)": clauses.schemes,
        "au moins un type de mentorat (clauses.kinds)": clauses.kinds,
        "les années scolaires couvertes (clauses.school_years)": clauses.school_years,
        "le territoire : académies ou annexe de lycées (coverage)": coverage.academies or coverage.uais,
    }
    return [what for what, present in wanted.items() if not present]


def complete(missing: list[str]) -> None:
    if missing:
        raise Refused("text_incomplete", "Le texte de la convention n'est pas complet.", missing)


def same_text(expected: str | None, shown: str) -> None:
    if expected != shown:
        raise Refused(
            "text_changed",
            "Le texte présenté au signataire n'est pas celui qui est à signer : il a changé.",
            (f"la signature du texte dont l'empreinte est {expected}",),
        )


def signatory_entitled(convention: Convention, party: str, on: PartialDate) -> None:
    """Somebody signs for the party, and a delegation still runs that day."""
    signatory = convention.signatories.get(party)
    name = convention.parties[party].name
    if signatory is None:
        raise Refused(
            "signatory_missing",
            f"Nul n'est désigné pour signer au nom de {name}.",
            ("le signataire",),
        )
    until = signatory.delegation_until
    if signatory.capacity is Capacity.DELEGATION and until and until < on.first:
        raise Refused(
            "delegation_expired",
            f"La délégation du signataire de {name} a pris fin le {french_date(until)}.",
            ("une délégation en cours à la date de la signature",),
        )


def vote_executory(convention: Convention, party: str, on: PartialDate) -> None:
    """An EPLE signs once its vote binds: 15 days after the transmission (R421-54)."""
    side = convention.parties[party]
    if not votes(side):
        return
    vote = convention.votes.get(party)
    if vote is None:
        raise Refused(
            "vote_missing",
            f"Le conseil d'administration de {side.name} n'a pas voté (R421-20).",
            ("le vote du conseil d'administration", "sa transmission"),
        )
    if on.last < vote.executory_on:
        raise Refused(
            "vote_not_executory",
            f"La délibération de {side.name} n'est exécutoire que le "
            f"{french_date(vote.executory_on)} (R421-54).",
            (f"une signature à partir du {french_date(vote.executory_on)}",),
        )


def open_amendment(convention: Convention) -> Amendment:
    if convention.amendment is None:
        raise Refused("no_amendment", "Aucun avenant n'est à signer.", ("un avenant proposé",))
    return convention.amendment


def in_force_once_signed(in_force_from: PartialDate, signed_on: PartialDate) -> None:
    if in_force_from.last < signed_on.first:
        raise Refused(
            "before_signature",
            f"Une convention n'entre pas en vigueur ({in_force_from.label}) avant d'être signée "
            f"({signed_on.label}).",
            (f"une entrée en vigueur à partir du {french_date(signed_on.first)}",),
        )
