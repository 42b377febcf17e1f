"""What an import found, as it is told and kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from ops.imports.faults import Fault, Faults
from ops.imports.tables import Table


@dataclass
class Report:
    """``lines`` read; ``fresh``: those that tell of something new; ``known``: those that tell of what the
    house knew; ``left_aside``: the columns that mean nothing here. Nothing is ``written`` of a faulty file,
    or of one that was only to be checked. ``remarks``: by line, what the file sent back says of it besides;
    ``numbers``: of all lines; ``header``: the line of the titles; ``width``: how many columns say something;
    ``delimiter``: between the cells of a text.
    """

    lines: int = 0
    fresh: int = 0
    known: int = 0
    left_aside: list[str] = field(default_factory=list)
    found: Faults = field(default_factory=Faults)
    known_lines: set[int] = field(default_factory=set)
    remarks: dict[int, str] = field(default_factory=dict)
    written: bool = False
    numbers: frozenset[int] = frozenset()
    header: int = 1
    width: int = 0
    delimiter: str = ""

    @classmethod
    def of(cls, table: Table) -> Report:
        return cls(
            len(table.rows),
            left_aside=table.left_aside,
            found=table.faults,
            numbers=frozenset(row.line for row in table.rows),
            header=table.header,
            width=table.width,
            delimiter=table.delimiter,
        )

    @classmethod
    def unreadable(cls, fault: Fault) -> Report:
        report = cls()
        report.found.add(fault)
        return report

    @property
    def recorded(self) -> int:
        """The lines that have recorded something."""
        return self.fresh if self.written else 0

    @property
    def faults(self) -> list[Fault]:
        """The first ``MOST_NAMED``; ``found.count`` says how many there are."""
        return self.found.named

    def as_json(self) -> bytes:
        """As it is kept, sealed: it quotes what the file holds."""
        told = {
            "lines": self.lines,
            "fresh": self.fresh,
            "known": self.known,
            "faults_count": self.found.count,
            "left_aside": self.left_aside,
            "faults": [asdict(fault) for fault in self.faults],
        }
        return json.dumps(told, ensure_ascii=False).encode()
