"""What of a record that several share an export may show: its own operator's side, and no other's."""

from __future__ import annotations

from dataclasses import dataclass

from api.sharing import is_tenant, shared
from domain.convention.model import Convention
from domain.kernel import Actor, Root


@dataclass(frozen=True)
class Lens:
    """``association`` is the id of the operator whose records are exported, for ``reader``."""

    reader: Actor
    association: str

    @property
    def party(self) -> str:
        """Its key in a convention."""
        return f"association:{self.association}"

    def sees_persons_of(self, record: Root) -> bool:
        return self.reader.role in record.persons_shown_to

    def sees(self, record: Root, event: object) -> bool:
        """Whether the personal values of an event may be shown: who signs for another party is not its."""
        if not self.sees_persons_of(record):
            return False
        return not isinstance(record, Convention) or getattr(event, "party", self.party) == self.party

    def owns(self, party_key: str) -> bool:
        """Whether a value is of its own party: ``<party>``, or ``<party>.delegation``."""
        return party_key == self.party or party_key.startswith(f"{self.party}.")

    def may_be_another_s(self, record: Root, role: str, actor: str) -> bool:
        """Whether an act may be another operator's: who acted there, and why, is not told, whoever asks."""
        return shared(record) and is_tenant(role) and actor != self.reader.id
