"""What crosses Temporal: ids and instants, nothing personal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

LOOK: Final = "look"
CARRY_OUT: Final = "carry_out"
DELIVER: Final = "deliver"
SET_ASIDE: Final = "set_aside"
RUN_IMPORT: Final = "run_import"
GIVE_UP_IMPORT: Final = "give_up_import"
RELEASE: Final = "release"
"""The activities, by name: a process knows nothing else of them."""

NUDGE: Final = "nudge"
"""The one signal: something may have changed. It says nothing more, so losing its contents loses nothing."""


@dataclass(frozen=True)
class Step:
    """A step of a procedure whose time has come. ``kind`` names the process's method, ``key`` is for ever."""

    record_id: str
    kind: str
    key: str


@dataclass(frozen=True)
class Outlook:
    """What lies ahead of a record: a step due now, or the seconds to wait, or nothing within the horizon.
    ``kind``: that of the step, now or to come.
    """

    step: Step | None = None
    wait_seconds: float | None = None
    kind: str = ""


@dataclass(frozen=True)
class Question:
    """What lies ahead at ``now`` (UTC, Temporal's clock), the keys in ``set_aside`` being passed over?"""

    record_id: str
    now: datetime
    set_aside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deed:
    """A step to carry out by a command, by its name."""

    step: Step
    command: str
    question: Question


@dataclass(frozen=True)
class Failure:
    """A step that could not be carried out. ``reason`` names the error, never what it was about."""

    step: Step
    reason: str
