"""Since when each status of a convention was true, by the dates that it knows now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from domain.calendar import PartialDate, start_of
from domain.convention.parts import ENDED, RUNNING, Status

if TYPE_CHECKING:
    from domain.convention.model import Convention
    from domain.folding import Timeline
    from domain.ports import Happened

_AMENDMENT_SIGNED: Final = "convention.AmendmentSigned@1"

# Named here, for speed: a member of an enumeration takes long to find, and every event is looked at.
_TO_SIGN: Final = Status.TO_SIGN
_PARTIALLY_SIGNED: Final = Status.PARTIALLY_SIGNED
_SIGNED: Final = Status.SIGNED
_FROM_FORCE: Final = RUNNING | ENDED


def own_instant(convention: Convention, happened: Happened) -> datetime:
    """An avenant takes effect with the latest of its signatures, whichever was recorded last."""
    if happened.topic == _AMENDMENT_SIGNED:
        return max(start_of(one.on.first) for _, one in convention.amendments_in_force[-1].signatures)
    return happened.effective_at


def since(convention: Convention, timeline: Timeline, place: int) -> datetime:
    """The latest of the facts that a status rests on."""
    one = timeline[place]
    if one.status == _PARTIALLY_SIGNED:
        voided = any(later.status == _TO_SIGN for later in timeline[place:])
        given = [start_of(s.on.first) for s in convention.signatures.values()]
        return one.effective_at if voided else min(given, default=one.own)
    if one.status == _SIGNED:
        return max(_told(convention.signed_on), default=one.own)
    if one.status in _FROM_FORCE:
        force = [*_told(convention.signed_on), *_told(convention.in_force_from)]
        entered = timeline[place - 1].status == _SIGNED
        return max(force, default=one.own) if entered else max([one.own, *force])
    return one.own


def _told(day: PartialDate | None) -> Iterator[datetime]:
    if day is not None:
        yield start_of(day.first)
