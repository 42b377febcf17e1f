"""What a record waits for, in the one shape in which every kind of records tells it: its ``next``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from domain.kernel import Due


@dataclass(frozen=True)
class Awaited:
    """One thing awaited. ``at`` (UTC): when the process acts, if it does (``automatic``); ``by``: the last
    day for whoever is awaited, ``None`` without a term; ``late``: that day has passed. ``estimated``: counted
    in days of school beyond the holidays that are known, so that it may still move.
    """

    kind: str
    key: str
    at: datetime
    what: str
    awaits: list[str]
    by: date | None
    missing: list[str]
    automatic: bool
    late: bool
    estimated: bool


def next_of(dues: Iterable[Due], today: date) -> list[Awaited]:
    """All that a record waits for, as it reads on a day in Paris."""
    return [
        Awaited(
            kind=due.kind,
            key=due.key,
            at=due.at,
            what=due.what,
            awaits=list(due.awaits),
            by=due.by,
            missing=list(due.missing),
            automatic=due.automatic,
            late=is_late(due.by, today),
            estimated=due.estimated,
        )
        for due in dues
    ]


def is_late(by: date | None, today: date) -> bool:
    """Whether whoever is awaited is: since the day after the last one."""
    return by is not None and by < today
