"""How an association comes to work in one académie more than those of its registration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.association import guards
from domain.association.parts import FOLLOWED, Status

if TYPE_CHECKING:
    from domain.association.model import Association
    from domain.kernel import Act


def extend(association: Association, act: Act, *, academie: str) -> None:
    """Works there too, as if registered so; the rules and the calendar of its admission stay those that they
    were. Named by an académie that follows it: one that does not see a record can be told nothing of it.

    Raises ``Refused`` when it is out of the scheme, or there already.
    """
    guards.status_in(association, {Status.CANDIDATE, *FOLLOWED}, "l'étendre à une autre académie")
    guards.not_there_yet(association, academie)
    association._extended(academie=academie)
