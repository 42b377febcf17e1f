"""How an association comes to work in one académie more than those of its registration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.association import guards

if TYPE_CHECKING:
    from domain.association.model import Association
    from domain.kernel import Act


def extend(association: Association, act: Act, *, academie: str) -> None:
    """Works there too, as if registered so; the rules and the calendar of its admission stay those that they
    were. Named by an académie that follows it: one that does not see a record can be told nothing of it.
    Refused, lapsed or left it stays so: the académie named may open another admission, for a number is one
    record's only.

    Raises ``Refused`` when it is there already.
    """
    guards.not_there_yet(association, academie)
    association._extended(academie=academie)
