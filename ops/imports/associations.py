"""Associations: one line an operator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from domain.association.commands import NameContact, RegisterAssociation
from domain.association.parts import Contact, ContactRole, Identity
from domain.commands import Command
from domain.identifiers import InvalidValue, parse_rna, parse_siren, parse_siret
from domain.imports.guards import academies_of
from ops.imports.bench import Bench, Line, breathe, cell
from ops.imports.operators import Operator, Operators, Unsure, fate, readable
from ops.imports.tables import Column, Columns, Row, Table
from ops.imports.values import read_mailbox, read_phone, split

COLUMNS: Final[Columns] = {
    "name": Column("Association", ("nom", "nom de l'association", "opérateur", "dénomination"), True),
    "aliases": Column("Sigle", ("alias", "autres noms", "autre nom", "nom d'usage", "acronyme")),
    "academie": Column("Académie", ("académies", "territoire", "académies d'intervention")),
    "legal_form": Column("Forme juridique", ("forme", "statut juridique", "type")),
    "rna": Column("RNA", ("n° rna", "numéro rna", "waldec")),
    "siren": Column("SIREN", ("n° siren", "numéro siren")),
    "siret": Column("SIRET", ("n° siret", "numéro siret")),
    "parent_body": Column("Tête de réseau", ("fédération", "réseau", "organisme de rattachement")),
    "seat": Column("Siège", ("adresse", "siège social", "ville", "commune")),
    "mailbox": Column("Courriel", ("email", "e-mail", "mail", "mél", "adresse électronique", "boîte")),
    "contact": Column("Contact", ("coordinateur", "coordinatrice", "interlocuteur", "nom du contact")),
    "contact_mailbox": Column("Courriel du contact", ("email du contact", "mail du contact")),
    "contact_phone": Column("Téléphone du contact", ("téléphone", "tél", "tél du contact", "portable")),
}


@dataclass(frozen=True)
class Associations:
    """Into the register of the actor's académies."""

    columns: ClassVar[Columns] = COLUMNS

    async def lines(self, table: Table, bench: Bench) -> list[Line]:
        read, seen = list[tuple[Row, Operator]](), dict[str, int]()
        for number, row in enumerate(table.rows):
            await breathe(number)
            told = Operator(_identity(table, row), _academies(table, row, bench))
            cell(table, row, "contact_mailbox", read_mailbox)
            readable(table, row, "name")
            if row["name"]:
                _once(table, row, told, seen)
            if not table.faults.at(row.line):
                read.append((row, told))
        operators = await Operators.of(bench, [told for _, told in read], fresh=True)
        lines = [_line(table, row, told, operators) for row, told in read]
        return [line for line in lines if not table.faults.at(line.row.line)]


def _line(table: Table, row: Row, told: Operator, operators: Operators) -> Line:
    """Known by what it bears; by its id too, when it was renamed or erased after a file made it."""
    try:
        known = operators.bearing(told)
    except Unsure as unsure:
        table.fault(row, _column(row, unsure.mark), unsure.problem, unsure.remedy)
        return Line(row)
    if known:
        return Line(row, known=True)
    if former := operators.former(told):
        return Line(row, known=True, remark=fate(former))
    register = RegisterAssociation(record_id=told.id, identity=told.identity, academies=told.academies)
    commands: list[Command] = [register]
    if row["contact"]:
        phone = read_phone(row["contact_phone"], number="contact_phone" in row.numbers) or None
        contact = Contact(row["contact"], row["contact_mailbox"] or None, phone)
        commands.append(NameContact(record_id=told.id, role=ContactRole.COORDINATOR, contact=contact))
    return Line(row, commands, creates=(told.id,))


def _identity(table: Table, row: Row) -> Identity:
    siret = cell(table, row, "siret", parse_siret)
    identity = Identity(
        name=row["name"],
        aliases=tuple(split(row["aliases"])),
        rna=cell(table, row, "rna", parse_rna),
        siren=cell(table, row, "siren", parse_siren) or (siret[:9] if siret else None),
        parent_body=row["parent_body"] or None,
        seat=row["seat"] or None,
        mailbox=cell(table, row, "mailbox", read_mailbox),
    )
    return replace(identity, legal_form=row["legal_form"]) if row["legal_form"] else identity


def _academies(table: Table, row: Row, bench: Bench) -> tuple[str, ...]:
    """Those of the cell, of which one at least is the actor's; else the actor's own, when it has one only."""
    own, codes = academies_of(bench.actor), list[str]()
    if not row["academie"]:
        if len(own) != 1:
            table.fault(row, "academie", "L'académie manque.", "Écrivez le nom de l'académie.")
        return own
    for part in split(row["academie"]):
        try:
            territory = bench.world.territory
            found = territory.academie(part.zfill(2)) if part.isdecimal() else territory.academie_named(part)
        except InvalidValue as invalid:
            table.fault(row, "academie", invalid.problem, invalid.remedy, part)
        else:
            codes.append(found.code)
    if codes and not set(codes) & set(own):
        problem = "Cette académie n'est pas la vôtre."
        table.fault(row, "academie", problem, "Retirez la ligne, ou faites-la importer par cette académie.")
    return tuple(dict.fromkeys(codes))


def _once(table: Table, row: Row, told: Operator, seen: dict[str, int]) -> None:
    """The same operator a second time is a fault, whatever it is recognised by."""
    for mark in told.marks:
        if (first := seen.setdefault(mark, row.line)) != row.line:
            problem = f"Cette association figure déjà à la ligne {first}."
            table.fault(row, _column(row, mark), problem, "Supprimez l'une des deux lignes.")
            return


def _column(row: Row, mark: str) -> str:
    """The cell that tells the mark."""
    kind = mark.partition(":")[0]
    return "siret" if kind == "siren" and not row["siren"] else kind
