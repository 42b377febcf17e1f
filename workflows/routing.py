"""Which processes an event concerns: one line a kind of record."""

from __future__ import annotations

from typing import Final

from domain.kernel import kind_of
from domain.ports import Happened

_PROCESSES: Final[dict[str, tuple[str, ...]]] = {
    "association": ("AssociationAdmission",),
    "convention": ("ConventionProcess",),
    # It hands over to MentorStanding by itself.
    "mentor": ("MentorOnboarding",),
    "training": ("TrainingCourse",),
    "import": ("ImportRun",),
    # Nothing of these waits. New rules change the deadlines of records: the sweeper sees to that.
    "programme": (),
    "company": (),
    "refusal": (),
}


class Unroutable(LookupError):
    """A record of a kind that nobody has routed: the kind is missing above."""


def processes_of(happened: Happened) -> list[tuple[str, str]]:
    """The processes to nudge, each by its workflow type and its record. Raises ``Unroutable``."""
    return processes_of_record(happened.record_id)


def processes_of_record(record_id: str) -> list[tuple[str, str]]:
    """The processes that follow a record. Raises ``Unroutable``."""
    kind = kind_of(record_id)
    if kind not in _PROCESSES:
        raise Unroutable(kind)
    return [(process, record_id) for process in _PROCESSES[kind]]
