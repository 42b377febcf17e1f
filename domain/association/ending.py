"""The end of an association in the scheme: the records of its mentors, and its courses ahead, end with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from domain.association.parts import CLOSED
from domain.kernel import ERASED

if TYPE_CHECKING:
    from domain.kernel import Root
    from domain.ports import Happened

OVER: Final = CLOSED | {ERASED}


def last_end(events: Iterable[Happened]) -> Happened | None:
    """The event by which the association was last out of the scheme: it left, was refused, lapsed, or was
    erased while it was none of these. ``None`` when it never was."""
    record: Root | None = None
    end: Happened | None = None
    for happened in events:
        was_over = record is not None and record.status in OVER
        record = happened.event.mutate(record)
        if record is not None and record.status in OVER and not was_over:
            end = happened
    return end
