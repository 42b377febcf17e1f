"""What an import waits for: to be carried out, then to be erased."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from domain.calendar import french_date, start_of
from domain.imports.parts import KEPT, KIND_LABELS, Status
from domain.kernel import Due

if TYPE_CHECKING:
    from domain.imports.model import Import


def due(record: Import, now: datetime) -> list[Due]:
    """At once, and once; then ``KEPT`` after its end. Nothing, once erased."""
    if record.status == Status.RECEIVED:
        return [
            Due(
                kind="carry_out_import",
                key="carry_out",
                at=start_of(record.submitted_on),
                what=f"Import en cours : {KIND_LABELS[record.kind]}",
            )
        ]
    if record.is_erased or record.ended_on is None:
        return []
    day = record.ended_on + KEPT
    return [
        Due(
            kind="erase",
            key=f"retention:{day.isoformat()}",
            at=start_of(day),
            what=f"Effacement du fichier importé et de son compte rendu, le {french_date(day)}",
        )
    ]
