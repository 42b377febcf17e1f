"""Associations: one line an operator, known already by its RNA, its SIREN or its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from domain.association.commands import NameContact, RegisterAssociation
from domain.association.parts import Contact, ContactRole, Identity, plain
from domain.commands import Command
from domain.identifiers import InvalidValue, parse_rna, parse_siren, parse_siret
from domain.imports.guards import academies_of
from domain.kernel import new_id
from ops.imports.bench import Bench, Line, breathe, cell
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


def association_id(name: str) -> str:
    """The id an import gives to an association: the same for the same name, whatever its case and accents."""
    return new_id("association", f"name:{plain(name)}")


@dataclass(frozen=True)
class Associations:
    """Into the register of the actor's académies."""

    columns: ClassVar[Columns] = COLUMNS

    async def lines(self, table: Table, bench: Bench) -> list[Line]:
        read, seen = list[tuple[Row, Identity, tuple[str, ...]]](), dict[str, int]()
        for number, row in enumerate(table.rows):
            await breathe(number)
            identity, academies = _identity(table, row), _academies(table, row, bench)
            cell(table, row, "contact_mailbox", read_mailbox)
            if row["name"]:
                _once(table, row, identity, seen)
            if not table.faults.at(row.line):
                read.append((row, identity, academies))
        held = await bench.holders(mark for _, identity, codes in read for mark in identity.marks(codes))
        ids = [association_id(identity.name) for _, identity, _ in read]
        here = await bench.trial.bring(ids, fresh=True)
        return [_line(row, identity, academies, held, here) for row, identity, academies in read]


def _line(
    row: Row, identity: Identity, academies: tuple[str, ...], held: Mapping[str, str], here: set[str]
) -> Line:
    record_id = association_id(identity.name)
    if record_id in here or any(mark in held for mark in identity.marks(academies)):
        return Line(row, known=True)
    register = RegisterAssociation(record_id=record_id, identity=identity, academies=academies)
    commands: list[Command] = [register]
    if row["contact"]:
        phone = read_phone(row["contact_phone"], number="contact_phone" in row.numbers) or None
        contact = Contact(row["contact"], row["contact_mailbox"] or None, phone)
        commands.append(NameContact(record_id=record_id, role=ContactRole.COORDINATOR, contact=contact))
    return Line(row, commands, creates=(record_id,))


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


def _once(table: Table, row: Row, identity: Identity, seen: dict[str, int]) -> None:
    """The same operator a second time is a fault, whatever it is recognised by."""
    for mark in identity.marks(("",)):
        if (first := seen.setdefault(mark, row.line)) != row.line:
            problem = f"Cette association figure déjà à la ligne {first}."
            number = "siren" if row["siren"] else "siret"
            kind = mark.partition(":")[0]
            table.fault(row, number if kind == "siren" else kind, problem, "Supprimez l'une des deux lignes.")
            return
