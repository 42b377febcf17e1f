"""Which conventions may bind an operator: what a decision that names none goes and reads.

No decision rests on what is read here: each of them is read again in the ledger, and its version checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.convention.parts import BEFORE_FORCE, RUNNING
from projections.reading import Reader

_OF: Final = "SELECT id FROM read.conventions WHERE associations @> %s AND status = ANY(%s)"
_NOT_OVER: Final = sorted(BEFORE_FORCE | RUNNING)
"""What is over is over for good; what is not in force may be since."""


@dataclass(frozen=True)
class BindingConventions:
    """See ``domain.ports.Conventions``."""

    reader: Reader

    async def __call__(self, association_id: str) -> list[str]:
        async with self.reader.session({f"association:{association_id}"}) as connection:
            cursor = await connection.execute(_OF, ([association_id], _NOT_OVER))
            return [row["id"] async for row in cursor]
