"""Every kind of record, and how those that wait for something say what: one line a kind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from domain.association import due as association_due
from domain.association import explanation as association_explanation
from domain.association.model import Association
from domain.case import Case, Histories
from domain.company import explanation as company_explanation
from domain.company.model import Company
from domain.convention import due as convention_due
from domain.convention import explanation as convention_explanation
from domain.convention.model import Convention
from domain.explaining import Reason
from domain.imports import due as imports_due
from domain.imports.model import Import
from domain.kernel import Due, Root
from domain.mentor import due as mentor_due
from domain.mentor import explanation as mentor_explanation
from domain.mentor.model import Mentor
from domain.ports import World
from domain.programme.model import Programme, RulesVersion
from domain.refusal import Refusal
from domain.training import due as training_due
from domain.training import explanation as training_explanation
from domain.training.model import Training

RECORDS: Final[tuple[type[Root], ...]] = (
    Programme,
    Association,
    Company,
    Convention,
    Import,
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


def ruling(record: Root, programme: Programme, day: date) -> RulesVersion:
    """The version of the programme's rules that the record follows on a day in Paris.

    Raises ``TypeError`` for one that follows none."""
    if not isinstance(record, Association | Convention | Mentor | Training):
        raise TypeError(type(record))
    return programme.followed(record.rules_version, record.academie, day)


def _association(record: Root, programme_of: ProgrammeOf, world: World, now: datetime) -> list[Due]:
    """Before its admission was opened under some programme, nothing but what its erasure leaves behind."""
    if not isinstance(record, Association):
        raise TypeError(type(record))
    if not record.programme_id:
        return association_due.release(record, now)
    return association_due.waits(record, programme_of(record.programme_id), world, now)


def _convention(record: Root, programme_of: ProgrammeOf, world: World, now: datetime) -> list[Due]:
    if not isinstance(record, Convention):
        raise TypeError(type(record))
    return convention_due.waits(record, programme_of(record.programme_id), world, now)


def _import(record: Root, programme_of: ProgrammeOf, world: World, now: datetime) -> list[Due]:
    """Under the rules of no programme."""
    if not isinstance(record, Import):
        raise TypeError(type(record))
    return imports_due.due(record, now)


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
    Import: _import,
    Mentor: _mentor,
    Training: _training,
}

_EXPLAINS: Final[dict[type[Root], Callable[[Case], list[Reason]]]] = {
    Association: association_explanation.explain,
    Company: company_explanation.explain,
    Convention: convention_explanation.explain,
    Mentor: mentor_explanation.explain,
    Training: training_explanation.explain,
}


def case_of(record_id: str, known: Histories, now: datetime, world: World) -> Case | None:
    """A record as of ``now`` (UTC) by what was known, to be explained; ``None`` before its first fact."""
    return Case.of(record_id, known, now, world, waits)


def explained(case: Case) -> list[Reason]:
    """Why a record is where it is: see ``domain.explaining``. Raises ``KeyError`` for a kind that is not
    explained."""
    return _EXPLAINS[type(case.record)](case)
