"""How a convention ends: given up before its force, denounced, terminated, at its term, or carried on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from domain.calendar import french_date
from domain.convention import guards
from domain.convention.due import notice_end
from domain.convention.parts import BEFORE_FORCE, RUNNING, EndCause, Status
from domain.guards import not_in_the_future, reason_given
from domain.kernel import Act, Refused

if TYPE_CHECKING:
    from domain.convention.model import Convention
    from domain.programme.rules import Rules


def link_renewal(convention: Convention, act: Act, *, successor: str, former_abandoned: bool = False) -> None:
    """Names the new convention that carries this one on; another one, once the former was abandoned."""
    guards.status_in(convention, RUNNING | {Status.EXPIRED}, "la renouveler")
    if convention.renewed_by and not former_abandoned:
        raise Refused("already_renewed", f"Le renouvellement {convention.renewed_by} existe déjà.")
    convention._renewal_linked(successor=successor)


def denounce(
    convention: Convention, act: Act, *, party: str, on: date, until: date | None, rules: Rules
) -> None:
    """A party gives notice (dénonciation), with its reason; one of the past, the keeper of the file. Without
    ``until``, it takes effect as soon as it has run."""
    until = guards.notice_run(until, notice_end(convention, rules, on))
    guards.status_in(convention, RUNNING, "la dénoncer")
    guards.answers_for(convention, act.actor, party)
    reason_given(act)
    not_in_the_future(act, on)
    guards.notice_dated(convention, act, on)
    if convention.notice_until:
        until_now = convention.notice_until.isoformat()
        raise Refused("notice_given", f"Un préavis court déjà jusqu'au {until_now}.")
    convention._notice_given(
        party=party, on=on, until=until, cause=EndCause.NOTICE, on_paper=not act.actor.holds(party)
    )


def withdraw_notice(convention: Convention, act: Act, *, party: str) -> None:
    """Who gave notice takes it back (the keeper, if on paper); an académie, a résiliation to come."""
    guards.answers_for(convention, act.actor, party)
    reason_given(act)
    guards.notice_given_by(convention, act.actor, party)
    convention._notice_withdrawn(party=party)


def terminate(convention: Convention, act: Act, *, cause: EndCause, effective: date) -> None:
    """Résiliation for fault or in the public interest, at once or on a day to come, with its reason."""
    guards.status_in(convention, RUNNING, "la résilier")
    reason_given(act)
    if cause not in {EndCause.FAULT, EndCause.PUBLIC_INTEREST}:
        raise Refused(
            "cause_missing",
            "Une résiliation a pour cause la faute ou l'intérêt général.",
            ("cause : fault ou public_interest",),
        )
    if convention.in_force_from and effective < convention.in_force_from.first:
        raise Refused(
            "period_reversed",
            "Une convention ne se résilie pas avant d'être entrée en vigueur.",
            (f"une date d'effet à partir du {french_date(convention.in_force_from.first)}",),
        )
    if effective <= act.today:
        convention._terminated(on=effective, cause=cause)
    else:
        convention._notice_given(party="", on=act.today, until=effective, cause=cause, on_paper=False)


def end(convention: Convention, act: Act, *, successor_signed: bool) -> None:
    """Its last day, or the end of a notice, has passed. Nothing happens before, nor twice."""
    if convention.status not in RUNNING:
        return
    last, notice = convention.clauses.ends_on, convention.notice_until
    if notice and notice < act.today and (not last or notice <= last):
        convention._terminated(on=notice, cause=convention.end_cause or EndCause.NOTICE)
    elif last and last < act.today:
        after = last + timedelta(days=1)
        if successor_signed and convention.renewed_by:
            convention._renewed(on=after, successor=convention.renewed_by)
        else:
            convention._expired(on=after)


def abandon(convention: Convention, act: Act) -> None:
    """A person gives it up before it is in force, with a reason. No timer ever does."""
    guards.status_in(convention, BEFORE_FORCE, "l'abandonner")
    if not act.actor.is_person:
        raise Refused("person_needed", "Seule une personne abandonne une convention.")
    reason_given(act)
    convention._abandoned()
