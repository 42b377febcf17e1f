"""Conventions as they were announced: one line an association and an authority.

A line is known by its content: a second import of the same file records nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final, NamedTuple

from domain.association.commands import RegisterAssociation
from domain.association.model import Association, Identity
from domain.association.parts import plain
from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention.commands import Announce, DraftConvention, NameSignatory
from domain.convention.parts import Coverage, Party, PartyKind, Signatory
from domain.identifiers import InvalidValue, parse_uai
from domain.kernel import new_id
from domain.programme.commands import programme_id
from domain.territory import Territory
from ops.imports.bench import Bench, Line, cell, command_id, digest_of
from ops.imports.operators import Operator, Operators, Unsure, fate, readable
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
    """By a line without fault. ``operator``: in the académies of ``authority``."""

    row: Row
    operator: Operator
    authority: Party
    announced: PartialDate
    uais: tuple[str, ...]

    @property
    def identity(self) -> tuple[str, ...]:
        """Of the convention: what no other line of the file may tell."""
        return plain(self.row["association"]), self.authority.key, self.announced.isoformat()

    @property
    def key(self) -> str:
        return digest_of(sorted(self.row.cells.items()))

    @property
    def drafting(self) -> str:
        """The command that drafts it: the second of ``_in_order``."""
        return command_id(self.key, 1)


@dataclass(frozen=True)
class Conventions:
    """Into the register of the authorities that they name."""

    columns: ClassVar[Columns] = COLUMNS

    async def lines(self, table: Table, bench: Bench) -> list[Line]:
        read, seen = list[_Told](), dict[tuple[str, ...], int]()
        for row in table.rows:
            one = _read(table, row, bench.world.territory)
            if one is None or table.faults.at(row.line):
                continue
            if (first := seen.setdefault(one.identity, row.line)) != row.line:
                problem = f"Cette ligne répète la ligne {first}."
                table.fault(row, "association", problem, "Supprimez l'une des deux.")
                continue
            read.append(one)
        done = await bench.carried_out(one.drafting for one in read)
        fresh = [one for one in read if one.drafting not in done]
        operators = await Operators.of(bench, [one.operator for one in fresh])
        found = dict[int, Association]()
        # Of one name, a région académique makes the operator of its académies too.
        for one in sorted(fresh, key=lambda one: len(one.operator.academies), reverse=True):
            try:
                found[one.row.line] = _operator(one.operator, operators)
            except Unsure as unsure:
                table.fault(one.row, "association", unsure.problem, unsure.remedy)
        return [_line(one, found.get(one.row.line)) for one in read if not table.faults.at(one.row.line)]


def _operator(told: Operator, operators: Operators) -> Association:
    """Whoever bears the name in the académies of the authority; else one that is made. Raises ``Unsure``, of
    a name given up too."""
    if known := operators.bearing(told):
        return known
    if former := operators.former(told):
        said = "Écrivez son nom d'aujourd'hui ; une autre s'enregistre d'abord par POST /v1/associations."
        raise Unsure("name", fate(former), said)
    return operators.make(told)


def _line(read: _Told, operator: Association | None) -> Line:
    """Known by its content, with no operator to look for."""
    if operator is None:
        return Line(read.row, known=True)
    return Line(read.row, _in_order(read, operator), shared=frozenset({0}), key=read.key)


def _read(table: Table, row: Row, territory: Territory) -> _Told | None:
    authority, codes = _authority(table, row, territory)
    readable(table, row, "association")
    announced = cell(table, row, "announced_for", PartialDate.parse)
    uais = []
    for text in row["uai"].replace(",", " ").split():
        try:
            uais.append(parse_uai(text))
        except InvalidValue as invalid:
            table.fault(row, "uai", invalid.problem, invalid.remedy, text)
    if authority is None or announced is None or not row["association"]:
        return None
    return _Told(row, Operator(Identity(row["association"]), codes), authority, announced, tuple(uais))


def _in_order(read: _Told, operator: Association) -> list[Command]:
    row, told, authority, announced, uais = read
    name = row["association"]
    record_id = new_id("convention", f"import:{operator.id}:{authority.key}:{announced.isoformat()}")
    commands: list[Command] = [
        RegisterAssociation(record_id=operator.id, identity=told.identity, academies=operator.academies),
        DraftConvention(
            record_id=record_id,
            title=f"{authority.name} – {name} : {row['scope'] or 'mentorat en lycée professionnel'}",
            programme_id=PROGRAMME,
            academie=authority.key.removeprefix("academie:") if authority.kind == "academie" else "",
            parties=(authority, Party(f"association:{operator.id}", PartyKind.OPERATOR, name)),
            coverage=Coverage(told.academies, uais, 1 if uais else 0),
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
