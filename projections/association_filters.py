"""By what operators are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from domain.association.parts import CONVENTIONED
from projections.bringing import bringing
from projections.paging import Condition, containing, searchable

_ENTITLED: Final = """EXISTS (
    SELECT FROM jsonb_array_elements(shown->'entitlements') AS e, read.position AS p
    WHERE e->>'kind' = %s AND p.day BETWEEN (e->>'starts')::date AND (e->>'ends')::date)"""
_CONVENTIONED: Final = """EXISTS (
    SELECT FROM jsonb_array_elements(conventionnee) AS c, read.position AS p
    WHERE coalesce((c->>'to')::date >= p.day, true))"""


@dataclass(frozen=True)
class AssociationFilters:
    """``name``: a part of the name or of an alias, whatever its case and accents. ``entitlement``: the kind
    of a title held today (laureate, approved, conventioned). ``insurance_before``: its insurance ends before.
    ``expiring_before``: its insurance or a title counts no more on that day. ``stuck_since``: in the same
    status since before that instant, and somebody is waited for. ``sector`` and ``family``: see ``bringing``.
    """

    name: str | None = None
    academie: str | None = None
    status: str | None = None
    entitlement: str | None = None
    insurance_before: date | None = None
    expiring_before: date | None = None
    stuck_since: datetime | None = None
    programme: str | None = None
    sector: str | None = None
    family: str | None = None

    @property
    def conditions(self) -> list[Condition]:
        """What a row meets."""
        conventioned = self.entitlement == CONVENTIONED
        return [
            ("strpos(names, %s) > 0", searchable(self.name) if self.name else None),
            ("academies @> %s", containing(self.academie)),
            ("status = %s", self.status),
            (_CONVENTIONED, () if conventioned else None),
            (_ENTITLED, None if conventioned else self.entitlement),
            ("insured_until < %s", self.insurance_before),
            ("expires_on < %s", self.expiring_before),
            ("(since < %s AND awaited)", self.stuck_since),
            ("shown->>'programme_id' = %s", self.programme),
            *bringing("m.association = associations.id", self.sector, self.family),
        ]
