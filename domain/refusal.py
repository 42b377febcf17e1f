"""What a person was refused, kept for the audit trail: one record for each refused command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from domain.kernel import Refused, Root, event, new_id

if TYPE_CHECKING:
    from domain.commands import Command


class Refusal(Root):
    """It lives beside the record it concerns: a refusal does not change that record, nor its version."""

    TOPIC = "refusal@1"

    @event("Created", topic="refusal.Recorded@1")
    def __init__(
        self,
        id: str,
        record_id: str,
        command: str,
        guard: str,
        sentence: str,
        missing: tuple[str, ...],
    ) -> None:
        self.status = "recorded"
        self.record_id = record_id
        self.command = command
        self.guard = guard
        self.sentence = sentence
        self.missing = missing

    @classmethod
    def of(cls, command: Command, refused: Refused, seed: str) -> Self:
        """The refusal of one command, told from every other by ``seed``."""
        return cls(
            id=new_id("refusal", seed),
            record_id=command.record_id,
            command=command.name,
            guard=refused.code,
            sentence=refused.sentence,
            missing=refused.missing,
        )

    def scopes(self) -> frozenset[str]:
        """Shown in the history of the record it concerns, under that record's scopes."""
        return frozenset({"role:auditor"})
