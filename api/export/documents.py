"""The files that an operator has handed in: every version, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from domain.association.model import Association
from domain.association.parts import DOCUMENT_STATE_LABELS, DocumentState
from domain.ports import Happened
from domain.programme.rules import DOCUMENTS

EXTENSIONS: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
_RECEIVED: Final = "association.DocumentReceived@1"
_READ: Final = {
    "association.DocumentAccepted@1": DocumentState.ACCEPTED,
    "association.DocumentRefused@1": DocumentState.REFUSED,
}


@dataclass(frozen=True)
class Received:
    """One version of a document."""

    record_id: str
    document: str
    sha256: str
    size: int
    media_type: str
    on: date
    channel: str
    valid_until: date | None
    state: str

    @property
    def path(self) -> str:
        """Where it stands in the archive."""
        return f"documents/{self.document}-{self.sha256[:16]}.{EXTENSIONS[self.media_type]}"

    def cells(self, path: str) -> list[Any]:
        """Its line in the table; ``path`` is empty when the file is no longer there."""
        return [
            DOCUMENTS.get(self.document, self.document), self.document, self.state, self.on, self.channel,
            self.valid_until, self.media_type, self.size, self.sha256, path,
        ]  # fmt: skip


def received_of(events: Iterable[Happened]) -> list[Received]:
    """From the events of one association, in order."""
    found: list[Received] = []
    for one in events:
        event: Any = one.event
        if one.topic == _RECEIVED:
            waiting = DOCUMENT_STATE_LABELS[DocumentState.RECEIVED]
            found.append(
                Received(
                    one.record_id, event.document, event.sha256, event.size, event.media_type, event.on,
                    event.channel, event.valid_until, waiting,
                )
            )  # fmt: skip
        elif one.topic in _READ:
            last = max(n for n, held in enumerate(found) if held.document == event.document)
            found[last] = replace(found[last], state=DOCUMENT_STATE_LABELS[_READ[one.topic]])
    return found


def still_asked(association: Association) -> list[list[Any]]:
    """A line for each document of which nothing was ever handed in."""
    asked = (n for n, one in association.documents.items() if one.state is DocumentState.ASKED)
    label = DOCUMENT_STATE_LABELS[DocumentState.ASKED]
    return [[DOCUMENTS.get(n, n), n, label, *[None] * 7] for n in asked]
