"""Correcting a date that was recorded wrongly: an event of its own kind, apart from a change of fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.calendar import PartialDate, french_date
from domain.convention.guards import in_force_once_signed
from domain.convention.parts import ENDED, RUNNING, Medium, Status
from domain.guards import not_in_the_future, reason_given
from domain.kernel import Act, Refused

if TYPE_CHECKING:
    from domain.convention.model import Convention


def correct(convention: Convention, act: Act, *, supersedes: int, date_name: str, value: PartialDate) -> None:
    """Corrects a date that was recorded wrongly: not a change of fact. ``supersedes`` is the version
    of the event that was wrong.

    Raises ``Refused`` for a date that is not recorded, or not by that event, for one that contradicts
    the signature or the end, or a correction without reason.
    """
    reason_given(act)
    if not 1 <= supersedes <= convention.version:
        raise Refused("no_such_event", f"Le dossier n'a pas d'événement n° {supersedes}.")
    _correctable(convention, act, date_name, value)
    _recorded_by(convention, supersedes, date_name)
    _consistent(convention, date_name, value)
    convention._corrected(supersedes=supersedes, date_name=date_name, value=value)


def _correctable(convention: Convention, act: Act, date_name: str, value: PartialDate) -> None:
    """Which recorded date is wrong; a fact of the past stays in the past."""
    recorded = {"announced_for": convention.announced_for is not None}
    running = convention.status in RUNNING | ENDED
    recorded["signed_on"] = convention.evidence is not None
    recorded["in_force_from"] = running
    recorded["ends_on"] = running and convention.clauses.ends_on is not None
    recorded |= {f"signature:{party}": True for party in convention.signatures}
    names = [name for name, known in recorded.items() if known]
    if date_name not in names:
        raise Refused(
            "date_not_recorded",
            f"La date « {date_name} » n'est pas enregistrée : rien à corriger.",
            (f"l'une de : {', '.join(names) or 'aucune'}",),
        )
    if date_name not in {"announced_for", "ends_on"}:
        not_in_the_future(act, value.first)
    starts, ends = convention.in_force_from, convention.clauses.ends_on
    if date_name == "ends_on" and starts and value.last < starts.first:
        raise Refused("period_reversed", "La convention finirait avant d'entrer en vigueur.")
    if date_name == "in_force_from" and ends and ends < value.first:
        raise Refused("period_reversed", "La convention finirait avant d'entrer en vigueur.")


def _recorded_by(convention: Convention, supersedes: int, date_name: str) -> None:
    """A correction names the event that was wrong: one that recorded this date."""
    versions = convention.recorded_in.get(date_name, ())
    if supersedes not in versions:
        raise Refused(
            "not_its_event",
            f"L'événement n° {supersedes} n'a pas enregistré la date « {date_name} ».",
            (f"le numéro (supersedes) de l'un de : {', '.join(map(str, versions))}",),
        )


def _consistent(convention: Convention, date_name: str, value: PartialDate) -> None:
    """Signed, then in force, then ended: a corrected date keeps the order of what has taken place."""
    signature = convention.signatures.get(date_name.partition(":")[2])
    if signature and signature.medium is Medium.ELECTRONIC:
        raise Refused(
            "electronic_today",
            "Une signature électronique porte la date du jour où elle a été donnée : "
            "cette date ne se corrige pas.",
            ("une signature sur papier",),
        )
    starts = value if date_name == "in_force_from" else convention.in_force_from
    signed = value if date_name == "signed_on" else convention.signed_on
    if date_name in {"in_force_from", "signed_on"} and starts and signed:
        in_force_once_signed(starts, signed)
    ended = convention.ended_on
    if convention.status not in ENDED or ended is None:
        return
    expired = convention.status != Status.TERMINATED and value.last != convention.clauses.ends_on
    contradicts = {
        "ends_on": expired or (convention.status == Status.TERMINATED and value.last < ended),
        "in_force_from": value.first > ended,
    }
    if contradicts.get(date_name):
        raise Refused(
            "ended_already",
            f"La convention a pris fin le {french_date(ended)} : cette date contredirait sa fin.",
            ("une date qui s'accorde avec cette fin, ou une nouvelle convention (renouvellement, reprise)",),
        )
