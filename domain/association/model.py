"""The association (any operator): its identity and its entitlements. Its admission is a later chapter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from domain.erasure import Ground
from domain.kernel import Act, Claim, Refused, Root, event


class EntitlementKind(StrEnum):
    """« conventionnée », the third, is not stored here: it is having a convention in force."""

    LAUREATE = "laureate"
    APPROVED = "approved"


ENTITLEMENT_LABELS: Final = {
    EntitlementKind.LAUREATE: "lauréate d'un appel à projets",
    EntitlementKind.APPROVED: "agréée",
}


@dataclass(frozen=True)
class Identity:
    """Who the operator is. ``mailbox`` is the organisation's own address, not a person's."""

    name: str
    aliases: tuple[str, ...] = ()
    legal_form: str = "association"
    rna: str | None = None
    siren: str | None = None
    parent_body: str | None = None
    seat: str | None = None
    mailbox: str | None = None


@dataclass(frozen=True)
class Entitlement:
    """A right to operate, with its own period; it lapses alone after its last day."""

    kind: EntitlementKind
    reference: str
    schemes: tuple[str, ...]
    starts: date
    ends: date
    academies: tuple[str, ...] = ()

    def covers(self, day: date) -> bool:
        return self.starts <= day <= self.ends


class Association(Root):
    """An operator that a convention binds."""

    TOPIC = "association@1"

    @event("Created", topic="association.Registered@1")
    def __init__(self, id: str, identity: Identity, academies: tuple[str, ...]) -> None:
        self.identity = identity
        self.academies = academies
        self.entitlements: dict[str, Entitlement] = {}
        self.status = "candidate"

    def scopes(self) -> frozenset[str]:
        return frozenset(
            {f"association:{self.id}", "role:national", "role:auditor", "role:dpo"}
            | {f"academie:{code}" for code in self.academies}
        )

    def claims(self) -> frozenset[Claim]:
        """An RNA or SIREN number belongs to one association only; an erased one gives it back."""
        if self.is_erased:
            return frozenset()
        numbers = {"rna": self.identity.rna, "siren": self.identity.siren}
        return frozenset(Claim(f"{kind}:{number}") for kind, number in numbers.items() if number)

    def change_identity(self, act: Act, *, identity: Identity) -> None:
        """Replaces the identity (a change of fact, not the correction of an error)."""
        if identity != self.identity:
            self._identity_changed(identity=identity)

    def grant_entitlement(self, act: Act, *, entitlement: Entitlement) -> None:
        """Records an award or an approval, by its reference.

        Raises ``Refused`` when it ends before it starts.
        """
        if entitlement.ends < entitlement.starts:
            raise Refused(
                "period_reversed",
                f"La période finit ({entitlement.ends}) avant de commencer ({entitlement.starts}).",
            )
        if self.entitlements.get(entitlement.reference) != entitlement:
            self._entitlement_granted(entitlement=entitlement)

    def end_entitlement(self, act: Act, *, reference: str, on: date) -> None:
        """Ends an entitlement early (withdrawal), ``on`` being its last day.

        Raises ``Refused`` when there is none under this reference, the day lies ahead, or outside its period.
        """
        held = self.entitlements.get(reference)
        if held is None:
            raise Refused(
                "no_such_entitlement",
                f"Aucun titre n'est enregistré sous la référence « {reference} ».",
                (f"l'une de : {', '.join(self.entitlements) or 'aucune'}",),
            )
        if on > act.today:
            raise Refused("in_the_future", f"Le {on.isoformat()} est à venir : on n'enregistre que le passé.")
        if not held.covers(on):
            raise Refused(
                "outside_its_period",
                f"Ce titre court du {held.starts.isoformat()} au {held.ends.isoformat()} : "
                "sa fin anticipée tombe entre les deux.",
                (f"une date entre le {held.starts.isoformat()} et le {held.ends.isoformat()}",),
            )
        if on != held.ends:
            self._entitlement_ended(reference=reference, on=on)

    @event("IdentityChanged", topic="association.IdentityChanged@1")
    def _identity_changed(self, identity: Identity) -> None:
        self.identity = identity

    @event("EntitlementGranted", topic="association.EntitlementGranted@1")
    def _entitlement_granted(self, entitlement: Entitlement) -> None:
        self.entitlements[entitlement.reference] = entitlement

    @event("EntitlementEnded", topic="association.EntitlementEnded@1")
    def _entitlement_ended(self, reference: str, on: date) -> None:
        held = self.entitlements[reference]
        self.entitlements[reference] = Entitlement(
            held.kind, held.reference, held.schemes, held.starts, on, held.academies
        )

    @event("SubjectErased", topic="association.SubjectErased@1")
    def _subject_erased(self, ground: Ground) -> None:
        self._closed()
