"""What is wrong in a file: every fault with its place, the value found, and what to do about it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

MOST_NAMED: Final = 1_000
"""Faults told one by one; the others are counted."""
_MOST_A_LINE: Final = 20


@dataclass(frozen=True)
class Fault:
    """What is wrong in one cell, and what to do about it. ``line``: the file's own numbering, 0 for the file
    as a whole; ``column``: as the file writes its header."""

    line: int
    column: str
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}{self.found} : {self.said}" if self.line else self.said

    @property
    def where(self) -> str:
        return f"ligne {self.line}" + (f", colonne « {self.column} »" if self.column else "")

    @property
    def found(self) -> str:
        return f" (lu : « {self.value} »)" if self.value else ""

    @property
    def said(self) -> str:
        return f"{self.problem} {self.remedy}".strip()


class UnreadableFile(Exception):
    """The file as a whole cannot be read; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def unreadable(line: int, value: str, problem: str, remedy: str, column: str = "") -> UnreadableFile:
    return UnreadableFile(Fault(line, column, value, problem, remedy))


@dataclass
class Faults:
    """Those of one file: the first ``MOST_NAMED`` in full, some for each line, and how many there are."""

    count: int = 0
    by_line: dict[int, list[Fault]] = field(default_factory=lambda: defaultdict(list))

    def __bool__(self) -> bool:
        return bool(self.count)

    def add(self, fault: Fault) -> None:
        self.count += 1
        if len(self.by_line[fault.line]) < _MOST_A_LINE:
            self.by_line[fault.line].append(fault)

    @property
    def named(self) -> list[Fault]:
        """In the order of the file."""
        ordered = (fault for line in sorted(self.by_line) for fault in self.by_line[line])
        return list(islice(ordered, MOST_NAMED))

    def at(self, line: int, column: str = "") -> bool:
        """Whether something is wrong on that line, or in that cell (``column``: as the file titles it)."""
        return line in self.by_line and (
            not column or any(fault.column == column for fault in self.by_line[line])
        )

    def of(self, line: int) -> str:
        """The faults of a line as one remark."""
        told = (
            f"Colonne « {one.column} » : {one.said}" if one.column else one.said for one in self.by_line[line]
        )
        return " ".join(told)
