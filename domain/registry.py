"""Every kind of record, and how those that wait for something say what: one line a kind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from domain.association import due as association_due
from domain.association.model import Association
from domain.company.model import Company
from domain.convention import due as convention_due
from domain.convention.model import Convention
from domain.kernel import Due, Root
from domain.mentor import due as mentor_due
from domain.mentor.model import Mentor
from domain.ports import World
from domain.programme.model import Programme
from domain.refusal import Refusal
from domain.training import due as training_due
from domain.training.model import Training

RECORDS: Final[tuple[type[Root], ...]] = (
    Programme,
    Association,
    Company,
    Convention,
    Mentor,
    Training,
    Refusal,
)
"""A topic is known once its class exists: whoever reads events imports these first."""

ProgrammeOf = Callable[[str], Programme]
"""Finds a programme by its id: the rules of a record are those of its programme."""

Waits = Callable[[Root, ProgrammeOf, World, datetime], list[Due]]


def waits(record: Root, programme_of: ProgrammeOf, world: World, now: datetime) -> list[Due]:
    """What the record waits for at ``now``, soonest first; nothing for a record without deadlines."""
    found = _WAITS.get(type(record))
    return found(record, programme_of, world, now) if found else []


def programme_of_record(record: Root) -> str | None:
    """The programme whose rules set this record's deadlines."""
    return getattr(record, "programme_id", None)


def _association(record: Root, programme_of: ProgrammeOf, world: World, now: datetime) -> list[Due]:
    """Nothing before its admission was opened under some programme."""
    if not isinstance(record, Association):
        raise TypeError(type(record))
    if not record.programme_id:
        return []
    return association_due.waits(record, programme_of(record.programme_id), world, now)


def _convention(record: Root, programme_of: ProgrammeOf, world: World, now: datetime) -> list[Due]:
    if not isinstance(record, Convention):
        raise TypeError(type(record))
    return convention_due.waits(record, programme_of(record.programme_id), world, now)


def _mentor(record: Root, programme_of: ProgrammeOf, world: World, now: datetime) -> list[Due]:
    if not isinstance(record, Mentor):
        raise TypeError(type(record))
    return mentor_due.waits(record, programme_of(record.programme_id), world, now)


def _training(record: Root, programme_of: ProgrammeOf, world: World, now: datetime) -> list[Due]:
    if not isinstance(record, Training):
        raise TypeError(type(record))
    return training_due.waits(record, programme_of(record.programme_id), world, now)


_WAITS: Final[dict[type[Root], Waits]] = {
    Association: _association,
    Convention: _convention,
    Mentor: _mentor,
    Training: _training,
}
