"""Conventions as they were announced: one line an association and an authority.

A line is known by its content: a second import of the same file records nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final, NamedTuple

from domain.association.commands import RegisterAssociation
from domain.association.model import Identity
from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention.commands import Announce, DraftConvention, NameSignatory
from domain.convention.parts import Coverage, Party, PartyKind, Signatory
from domain.identifiers import InvalidValue, parse_uai
from domain.kernel import new_id
from domain.programme.commands import programme_id
from domain.territory import Territory, fold
from ops.imports.associations import association_id
from ops.imports.bench import Bench, Line, cell, digest_of
from ops.imports.tables import Column, Columns, Row, Table

COLUMNS: Final[Columns] = {
    "association": Column("Association", ("opérateur", "nom de l'association"), True),
    "academie": Column("Académie"),
    "region_academique": Column("Région académique"),
    "signatory": Column("Signataire"),
    "signatory_title": Column("Titre du signataire", ("titre", "qualité du signataire", "fonction")),
    "announced_for": Column(
        "Annoncée pour", ("date annoncée", "date de signature annoncée", "date", "announced for"), True
    ),
    "scope": Column("Périmètre", ("objet", "scope")),
    "source": Column("Source", ("origine",), True),
    "uai": Column("UAI", ("uais", "lycées", "code uai", "codes uai"), longest=10_000),
}
PROGRAMME: Final = programme_id("1j1m")


class _Told(NamedTuple):
    """By a line without fault. ``codes``: the académies of ``authority``."""

    row: Row
    authority: Party
    codes: tuple[str, ...]
    announced: PartialDate
    uais: tuple[str, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        return Identity(self.row["association"]).marks(self.codes)


@dataclass(frozen=True)
class Conventions:
    """Into the register of the authorities that they name."""

    columns: ClassVar[Columns] = COLUMNS

    async def lines(self, table: Table, bench: Bench) -> list[Line]:
        read, seen = list[_Told](), dict[tuple[str, ...], int]()
        for row in table.rows:
            identity = (fold(row["association"]), fold(row["academie"]), row["announced_for"])
            if first := seen.get(identity):
                problem = f"Cette ligne répète la ligne {first}."
                table.fault(row, "association", problem, "Supprimez l'une des deux.")
                continue
            seen[identity] = row.line
            found = _read(table, row, bench.world.territory)
            if found and not table.faults.at(row.line):
                read.append(found)
        held = await bench.holders(mark for one in read for mark in one.marks)
        return [_line(one, held) for one in read]


def _line(read: _Told, held: Mapping[str, str]) -> Line:
    """Of the operator that bears this name in one of the académies; else of one that the line makes."""
    known = (held[mark] for mark in read.marks if mark in held)
    operator = next(known, None) or association_id(read.row["association"])
    key = digest_of(sorted(read.row.cells.items()))
    return Line(read.row, _in_order(read, operator), shared=frozenset({0}), key=key)


def _read(table: Table, row: Row, territory: Territory) -> _Told | None:
    authority, codes = _authority(table, row, territory)
    announced = cell(table, row, "announced_for", PartialDate.parse)
    uais = []
    for text in row["uai"].replace(",", " ").split():
        try:
            uais.append(parse_uai(text))
        except InvalidValue as invalid:
            table.fault(row, "uai", invalid.problem, invalid.remedy, text)
    if authority is None or announced is None or not row["association"]:
        return None
    return _Told(row, authority, codes, announced, tuple(uais))


def _in_order(read: _Told, operator: str) -> list[Command]:
    row, authority, codes, announced, uais = read
    name = row["association"]
    record_id = new_id("convention", f"import:{operator}:{authority.key}:{announced.isoformat()}")
    commands: list[Command] = [
        RegisterAssociation(record_id=operator, identity=Identity(name), academies=codes),
        DraftConvention(
            record_id=record_id,
            title=f"{authority.name} – {name} : {row['scope'] or 'mentorat en lycée professionnel'}",
            programme_id=PROGRAMME,
            academie=authority.key.removeprefix("academie:") if authority.kind == "academie" else "",
            parties=(authority, Party(f"association:{operator}", PartyKind.OPERATOR, name)),
            coverage=Coverage(codes, uais, 1 if uais else 0),
        ),
        Announce(record_id=record_id, announced_for=announced, source=row["source"]),
    ]
    if row["signatory"]:
        signatory = Signatory(row["signatory"], row["signatory_title"])
        commands.append(NameSignatory(record_id=record_id, party=authority.key, signatory=signatory))
    return commands


def _authority(table: Table, row: Row, territory: Territory) -> tuple[Party | None, tuple[str, ...]]:
    """The académie that signs, or the région académique named in its own column or as the signatory."""
    fault = partial(table.fault, row)
    if row["academie"]:
        try:
            academie = territory.academie_named(row["academie"])
        except InvalidValue as invalid:
            fault("academie", invalid.problem, invalid.remedy)
            return None, ()
        party = Party(f"academie:{academie.code}", PartyKind.ACADEMIE, academie.label)
        return party, (academie.code,)
    column = "region_academique" if row["region_academique"] else "signatory_title"
    try:
        codes = territory.region_academies(row[column])
    except InvalidValue as invalid:
        fault(
            "academie" if not row[column] else column,
            "Ni l'académie ni la région académique n'est reconnue." if not row[column] else invalid.problem,
            "Donnez le nom de l'académie, ou celui de la région académique.",
        )
        return None, ()
    region = territory.academie(codes[0]).region_academique
    return Party(f"region:{region}", PartyKind.REGION_ACADEMIQUE, f"région académique {region}"), codes
