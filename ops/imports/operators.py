"""Which association a line speaks of: the one that bears its numbers, or its name in the line's académies.

One of the same name in another académie is another one, by whatever way it was registered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from domain.association.model import Association
from domain.association.parts import Identity, plain
from domain.authorization import may_see
from domain.kernel import new_id
from ledger.events import fold
from ops.imports.bench import Bench, breathe
from ops.imports.tables import Row, Table


def association_id(name: str, academies: Iterable[str]) -> str:
    """The id an import gives to an association: the same for the same name, whatever its case and accents, in
    the same académies (codes)."""
    return new_id("association", f"name:{','.join(sorted(academies))}:{plain(name)}")


class Operator(NamedTuple):
    """What a line says of one: who it is, and the codes of the académies that it works in."""

    identity: Identity
    academies: tuple[str, ...]

    @property
    def id(self) -> str:
        return association_id(self.identity.name, self.academies)

    @property
    def marks(self) -> tuple[str, ...]:
        return self.identity.marks(self.academies)


class Unsure(Exception):
    """Which association it is cannot be told. ``mark``: by what it was looked for, as in a claim."""

    def __init__(self, mark: str, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.mark, self.problem, self.remedy = mark, problem, remedy


@dataclass
class Operators:
    """Those that the lines of a file speak of. ``bearers``: by what they bear; ``records``: they, and
    whichever has the id that a line would give."""

    bench: Bench
    bearers: dict[str, str]
    records: dict[str, Association]

    @classmethod
    async def of(cls, bench: Bench, told: Sequence[Operator], *, fresh: bool = False) -> Self:
        """``fresh``: see ``OverlayRecorder.bring``."""
        bearers = await bench.holders(mark for one in told for mark in one.marks)
        ids = {*bearers.values(), *(one.id for one in told)}
        here = await bench.trial.bring(ids, fresh=fresh)
        records = dict[str, Association]()
        for number, record_id in enumerate(sorted(ids & here)):
            await breathe(number)
            record = fold((await bench.trial.load([record_id])).events)
            if isinstance(record, Association):
                records[record_id] = record
        return cls(bench, bearers, records)

    def bearing(self, told: Operator) -> Association | None:
        """Whoever bears a number or the name; ``None`` for nobody.

        Raises ``Unsure`` when several do, or it does not work in all the académies of the line: one of them
        would never see it.
        """
        borne = [mark for mark in told.marks if mark in self.bearers]
        found = [self.records[record_id] for record_id in dict.fromkeys(self.bearers[mark] for mark in borne)]
        if len(found) > 1:
            raise self._several(found)
        if found and (absent := [code for code in told.academies if code not in found[0].academies]):
            raise self._elsewhere(borne[0], found[0], absent)
        return found[0] if found else None

    def former(self, told: Operator) -> Association | None:
        """One that a file made of these very words, and that does not bear them any more."""
        return self.records.get(told.id)

    def make(self, told: Operator) -> Association:
        """One that is not there yet: it bears its marks from now on."""
        made = Association(id=told.id, identity=told.identity, academies=told.academies)
        self.records[made.id] = made
        self.bearers |= dict.fromkeys(told.marks, made.id)
        return made

    def _several(self, found: Iterable[Association]) -> Unsure:
        seen = [one.id for one in found if self._seen(one)]
        said = "Plusieurs associations enregistrées répondent à cette ligne"
        remedy = "Une ligne par académie, ou un numéro et un nom qui n'en désignent qu'une."
        return Unsure("name", f"{said}, dont {', '.join(seen)}." if seen else f"{said}.", remedy)

    def _elsewhere(self, mark: str, found: Association, absent: Iterable[str]) -> Unsure:
        territory = self.bench.world.territory
        where = ", ".join(territory.academie(code).label for code in absent)
        record = found.id if self._seen(found) else "{id}"
        other = "un autre nom" if mark.startswith("name:") else "le bon numéro"
        return Unsure(
            mark,
            f"Une association déjà enregistrée répond à cette ligne, mais pas dans : {where}.",
            f"Si c'est elle, une académie qui la suit l'y étend d'abord, "
            f"par POST /v1/associations/{record}/academies ; sinon, écrivez {other}.",
        )

    def _seen(self, one: Association) -> bool:
        return may_see(self.bench.actor, one.scopes())


def readable(table: Table, row: Row, column: str) -> None:
    """A name in which nothing is compared would be everybody's."""
    if row[column] and not plain(row[column]):
        problem = "Ce nom n'a ni lettre latine ni chiffre : l'association ne peut pas être reconnue."
        table.fault(row, column, problem, "Écrivez-le en lettres latines.")


def fate(former: Association) -> str:
    """What has become of one that a file made."""
    made = "Un fichier l'a déjà enregistrée sous ce nom ;"
    if former.is_erased:
        return f"{made} elle a été effacée depuis."
    return f"{made} elle s'appelle désormais « {former.identity.name} » ({former.id})."
