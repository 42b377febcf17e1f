"""What is told of an act on a record that several operators share: its role, and to each its own acts.

By an actor's id, or by what its acts have in common, anybody could count what an operator has registered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from domain.company.model import Company
from domain.convention.model import Convention
from domain.kernel import Actor, Root
from projections.companies import CompanyRow
from projections.conventions import ConventionRow, is_shared
from projections.history import HistoryRow
from projections.persons import WITHHELD

_TENANTS: Final = frozenset({"association", "lycee"})


def is_tenant(role: str) -> bool:
    """Whether whoever acts in that role acts for one operator, or one lycée, among several."""
    return role in _TENANTS


def shared(record: Any) -> bool:
    """Whether several operators act, or acted, on a record, or on that of a row."""
    match record:
        case Company() | CompanyRow():
            return True
        case Convention():
            return is_shared(record)
        case ConventionRow():
            return record.shared
    return False


def of_another(reader: Actor, kind: type[Root], role: str, actor: str) -> bool:
    """Whether an act on a shared record is another operator's, of which the reader is told the role only."""
    return is_tenant(role) and actor != reader.id and reader.role not in kind.acts_told_to


def veiled(rows: Sequence[HistoryRow], record: Any, kind: type[Root], reader: Actor) -> list[HistoryRow]:
    """The history of a record (or of that of a row) as this reader may know it."""
    if not shared(record):
        return list(rows)
    return [_veiled(one) if of_another(reader, kind, one.role, str(one.actor)) else one for one in rows]


def _veiled(row: HistoryRow) -> HistoryRow:
    return replace(
        row,
        actor=WITHHELD,
        reason=WITHHELD if row.reason else "",
        correlation="",
        causation="",
        rests_on=None,
    )
