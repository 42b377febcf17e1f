"""What the facts of a mentor's record prove: how far they bring it, and of whom."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.mentor.parts import LADDER, Digests, Status

if TYPE_CHECKING:
    from domain.mentor.model import Mentor


def climb(mentor: Mentor, day: date | None = None, missing: tuple[str, ...] = ()) -> None:
    """Before clearance, the status is the highest rung that the facts reach; after, facts change nothing by
    themselves. ``day``: its reminders start again if less of the file is ``missing`` than was."""
    if day and len(mentor.file_missing) < len(missing):
        mentor.progress_on = day
    if mentor.status in LADDER:
        mentor.status = reached(mentor)


def reached(mentor: Mentor) -> Status:
    rungs = (
        not mentor.file_missing,
        mentor.interview is not None and mentor.interview.favourable,
        mentor.check is not None,
        mentor.training_complete,
    )
    return next((LADDER[rung] for rung, done in enumerate(rungs) if not done), LADDER[-1])


def is_settled(mentor: Mentor) -> bool:
    """Whether something was proved of the person: they are corrected then, and no longer retyped."""
    seen = mentor.identity_seen_on or mentor.corrected_on or mentor.charter_signed_on
    return bool(seen or mentor.interview or mentor.check or mentor.certificates)


def proved_of(mentor: Mentor) -> Digests:
    """Of whom it was proved: until a paper is seen again, whoever they were before they were corrected."""
    return mentor.digests if mentor.identity_seen_on else mentor.corrected_from or mentor.digests
