"""One code of the catalogue of problems."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """``explanation`` says, in one French sentence, what happened and what to do."""

    status: int
    title: str
    explanation: str
