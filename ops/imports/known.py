"""Whom a file speaks of that the association knows, or knew: counted, never changed, and not brought back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from domain.calendar import french_date
from domain.mentor.model import Mentor
from domain.mentor.parts import Status
from ledger.events import fold
from ops.imports.bench import Bench

_ENDINGS: Final = {
    Status.LEFT: "Parti·e",
    Status.REFUSED: "Refusé·e",
    Status.LAPSED: "Dossier sans suite",
}
_ERASED: Final = "Cette personne a demandé ou obtenu d'être effacée : un import ne la ramène pas."
_BY_HAND: Final = " : à rouvrir à la main, un import ne rouvre rien."
_BARRED: Final = ", sous une suspension de l'académie : aucune candidature avant sa levée."


@dataclass(frozen=True)
class Known:
    """By keyed digests. ``held``: the record that is now recognised by one; ``former``: those that ever were;
    ``closed``: of all these, the ones that have ended."""

    held: Mapping[str, str]
    former: Mapping[str, Set[str]]
    closed: Mapping[str, Mentor]

    @classmethod
    async def among(cls, association_id: str, digests: Sequence[str], bench: Bench) -> Self:
        claims = {f"mentor:{association_id}:{digest}": digest for digest in digests}
        held = {claims[key]: holder for key, holder in (await bench.holders(claims)).items()}
        former = await bench.saying(digests)
        ids = set(held.values()).union(*former.values())
        await bench.trial.bring(ids, fresh=True)
        closed = dict[str, Mentor]()
        for record_id in ids:
            one = fold((await bench.trial.load([record_id])).events)
            if isinstance(one, Mentor) and not one.is_open:
                closed[record_id] = one
        return cls(held, former, closed)

    def said_of(self, digests: Collection[str]) -> str | None:
        """Why nothing is recorded of somebody known, empty when it is that their record is open; ``None`` of
        somebody new."""
        if holder := next((self.held[digest] for digest in digests if digest in self.held), None):
            return _ended(self.closed[holder]) if holder in self.closed else ""
        return next((_last(ended) for digest in digests if (ended := self._ended(digest))), None)

    def _ended(self, digest: str) -> list[Mentor]:
        return [self.closed[i] for i in self.former.get(digest, ()) if i in self.closed]


def _last(ended: Sequence[Mentor]) -> str:
    if any(one.is_erased for one in ended):
        return _ERASED
    return _ended(max(ended, key=lambda one: one.closed_on or date.min))


def _ended(mentor: Mentor) -> str:
    said = _ENDINGS.get(Status(mentor.status), "Clos")
    day = f" le {french_date(mentor.closed_on)}" if mentor.closed_on else ""
    return f"{said}{day}{_BARRED if mentor.is_barred else _BY_HAND}"
