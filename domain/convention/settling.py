"""What follows from an event of a convention beyond the facts that it tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from domain.calendar import PartialDate
from domain.convention.guards import open_amendment
from domain.convention.parts import BEING_SIGNED, RUNNING, Signature, Status

if TYPE_CHECKING:
    from domain.convention.model import Convention


def text_changed(convention: Convention, before: str, day: date) -> None:
    """Votes and signatures were given on the text whose hash was ``before``: on another they are void, and
    every party is asked again."""
    if convention.text_now == before:
        return
    convention.votes = {}
    if convention.status in BEING_SIGNED:
        for party in convention.signatures:
            del convention.recorded_in[f"signature:{party}"]
        convention.signatures = {}
        convention.text = convention.text_now
        convention.sent_on = day
        convention.round += 1
        convention.status = Status.TO_SIGN


def all_signed(convention: Convention) -> None:
    """It is signed on the day of its last signature, and in force from its first day or that one."""
    starts, last = convention.clauses.starts_on, _last_signature(convention)
    convention.signed_on = last
    convention.in_force_from = max(PartialDate(starts), last, key=lambda on: on.first) if starts else last


def signed_otherwise(convention: Convention) -> None:
    """A signature is dated otherwise. Once it came into force, that day no longer moves with it."""
    if convention.status == Status.SIGNED:
        all_signed(convention)
    elif convention.signed_on is not None:
        convention.signed_on = _last_signature(convention)


def amended(convention: Convention, party: str, signature: Signature) -> None:
    """With the last signature the avenant takes effect: the convention reads as it says."""
    proposed = open_amendment(convention)
    signed = {**dict(proposed.signatures), party: signature}
    convention.amendment = replace(proposed, signatures=tuple(signed.items()))
    if set(signed) >= set(convention.parties):
        convention.clauses = proposed.clauses
        convention.amendments_in_force = (*convention.amendments_in_force, convention.amendment)
        convention.amendment = None
        convention._recorded("ends_on")
        ending(convention)


def ending(convention: Convention) -> None:
    """Its end is near when a notice runs, or once the parties were alerted to the end as it now is."""
    if convention.status in RUNNING:
        alerts = f"end_alert:{convention.clauses.ends_on}:"
        near = convention.notice_until or any(key.startswith(alerts) for key in convention.reminders)
        convention.status = Status.ENDING if near else Status.IN_FORCE


def _last_signature(convention: Convention) -> PartialDate:
    return max((one.on for one in convention.signatures.values()), key=lambda on: on.first)
