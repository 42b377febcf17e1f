"""Which processes an event concerns: one line a kind of record."""

from __future__ import annotations

from typing import Final

from domain.kernel import kind_of
from domain.mentor.commands import Release
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


_IMPORTS: Final = frozenset({"ImportRun"})
"""Somebody waits for them at a screen: they stand in a queue of their own, not behind ten thousand others."""


def is_import(process: str) -> bool:
    """Whether it is one of those that somebody waits for."""
    return process in _IMPORTS


def imports_queue(task_queue: str) -> str:
    """The queue of imports, beside the ordinary one."""
    return f"{task_queue}-imports"


def queue_of(task_queue: str, process: str) -> str:
    """The queue in which a process stands, by the name of the ordinary one."""
    return imports_queue(task_queue) if is_import(process) else task_queue


def in_a_crowd(happened: Happened) -> bool:
    """Whether it is one of thousands recorded together: the lines of a file, or the mentors that an operator
    leaves behind. Woken one by one they would keep everybody else waiting, and nearly all for nothing: who is
    new waits for days, who left for nothing more. The sweeper wakes those that have something to do."""
    facts = happened.facts
    return facts.get("command") == Release.name or facts.get("command_id", "").startswith("import:")


class Unroutable(LookupError):
    """A record of a kind that nobody has routed: the kind is missing above."""


def processes_of(happened: Happened) -> list[tuple[str, str]]:
    """The processes to nudge, each by its workflow type and its record; none ``in_a_crowd``. Raises
    ``Unroutable``."""
    found = processes_of_record(happened.record_id)
    return [] if in_a_crowd(happened) else found


def processes_of_record(record_id: str) -> list[tuple[str, str]]:
    """The processes that follow a record. Raises ``Unroutable``."""
    kind = kind_of(record_id)
    if kind not in _PROCESSES:
        raise Unroutable(kind)
    return [(process, record_id) for process in _PROCESSES[kind]]
