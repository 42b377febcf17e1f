"""The values an import is made of, and the words for them on screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

from domain.kernel import ERASED, INTERNAL

KEPT: Final = timedelta(days=30)
"""How long after its end the file and the report of an import are kept: long enough to mend the file and send
it again. A rule of ours, not of a programme: an import follows none."""

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES: Final = (CSV, XLSX)
MOST_BYTES: Final = 20 * 1024 * 1024
MOST_LINES: Final = 20_000


class ImportKind(StrEnum):
    """What the lines of the file tell of."""

    MENTORS = "mentors"
    ASSOCIATIONS = "associations"
    ATTENDANCE = "attendance"


KIND_LABELS: Final = {
    ImportKind.MENTORS: "mentors",
    ImportKind.ASSOCIATIONS: "associations",
    ImportKind.ATTENDANCE: "présences à une formation",
}


class Status(StrEnum):
    RECEIVED = "received"
    CHECKED = "checked"
    RECORDED = "recorded"
    FAULTY = "faulty"
    ERASED = ERASED


STATUS_LABELS: Final = {
    Status.RECEIVED: "reçu, en cours",
    Status.CHECKED: "vérifié sans anomalie, rien n'est enregistré",
    Status.RECORDED: "enregistré",
    Status.FAULTY: "en anomalie, rien n'est enregistré",
    Status.ERASED: "effacé",
}
ENDED: Final = frozenset({Status.CHECKED, Status.RECORDED, Status.FAULTY})


@dataclass(frozen=True)
class File:
    """What was sent, by the hash of its content, which is stored elsewhere. ``size`` in bytes. Never what the
    file was called: a name of a file may be somebody's."""

    sha256: Annotated[str, INTERNAL]
    size: int
    media_type: str


@dataclass(frozen=True)
class Result:
    """What came of it, in lines: those read, those that are new, those that tell of what was known already,
    the faults; and the hashes of the report and of the file sent back with a remark on each line (none for a
    file that could not be read at all). Stored elsewhere, both of them.
    """

    lines: int
    fresh: int
    known: int
    faults: int
    report_sha256: Annotated[str, INTERNAL]
    annotated_sha256: Annotated[str | None, INTERNAL] = None
