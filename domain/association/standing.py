"""What an association holds and lacks on a day: documents, insurance, titles, and what they block."""

from __future__ import annotations

from datetime import date

from domain.association.parts import (
    CONVENTIONED,
    INSURANCE,
    STANDING,
    Block,
    Document,
    Entitlement,
    EntitlementKind,
    Status,
    Suspension,
)


class Standing:
    """A part of the association that only answers questions."""

    status: str
    status_since: date | None
    lifted: dict[Suspension, date]
    academies: tuple[str, ...]
    scheme: str
    entitlements: dict[str, Entitlement]
    documents: dict[str, Document]
    required: tuple[str, ...]

    @property
    def missing_documents(self) -> tuple[str, ...]:
        """What the operator still has to give, in the order in which it was asked."""
        return tuple(name for name, one in self.documents.items() if one.is_missing)

    @property
    def insured_until(self) -> date | None:
        """The last day of the insurance that was last accepted."""
        accepted = self.documents.get(INSURANCE, Document()).accepted
        return accepted.valid_until if accepted else None

    @property
    def covered_until(self) -> date | None:
        """The last day of what runs out first, the insurance or a title: of those of one kind, the last to
        end counts."""
        last: dict[EntitlementKind, date] = {}
        for one in self.entitlements.values():
            last[one.kind] = max(one.ends, last.get(one.kind, one.ends))
        ends = [*last.values(), *([self.insured_until] if self.insured_until else [])]
        return min(ends, default=None)

    def insured(self, day: date) -> bool:
        """Whether the insurance covers that day; where none is asked, nothing is lacking."""
        until = self.insured_until
        return INSURANCE not in self.documents or (until is not None and day <= until)

    def entitlements_on(self, day: date) -> tuple[Entitlement, ...]:
        """The awards and approvals that cover that day."""
        return tuple(one for one in self.entitlements.values() if one.covers(day))

    def holds(self, kind: EntitlementKind, scheme: str, academie: str, day: date) -> bool:
        """Whether an award or an approval covers that day, scheme and académie."""
        return any(one.kind == kind and one.applies(scheme, academie) for one in self.entitlements_on(day))

    def blocks(self, day: date) -> list[Block]:
        """Why no new binôme may be proposed on ``day``, once admitted: its status does not change for it.

        Of the titles, those that the rules required when it was admitted; its conventions speak for
        themselves (``entitlements.missing_entitlements`` looks at all of them, by today's rules).
        """
        if self.status not in STANDING:
            return []
        kinds = [EntitlementKind(one) for one in self.required if one != CONVENTIONED]
        held = all(self.holds(kind, self.scheme, code, day) for kind in kinds for code in self.academies)
        causes = {
            Block.SUSPENDED: self.status == Status.SUSPENDED,
            Block.INSURANCE_LAPSED: not self.insured(day),
            Block.ENTITLEMENT_LAPSED: not held,
        }
        return [cause for cause, applies in causes.items() if applies]
