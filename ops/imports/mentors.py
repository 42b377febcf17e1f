"""Mentors: one line a person, who candidates with one association.

Whoever that association knows already, by the e-mail address or by names and birth date, is left as they
are. Their record's id comes from the keyed digest by which they are recognised, so that two imports at once,
or one done again, mean the same record. Somebody who left, or was erased, is not brought back by an old file,
however their record was made: every digest by which they were ever recognised is looked for in the events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import ClassVar, Final

from domain.association.model import Association
from domain.commands import Command
from domain.company.commands import RegisterCompany
from domain.company.known import by_siret
from domain.company.model import Firm
from domain.guards import not_in_the_future
from domain.identifiers import parse_naf, parse_rome, parse_siret
from domain.kernel import Act, Refused, new_id
from domain.mentor import guards
from domain.mentor.bringing import checked
from domain.mentor.candidacies import Apply
from domain.mentor.known import digests_of
from domain.mentor.parts import Engagement, Mode, Occupation, Origin, Person, Profile
from domain.programme.commands import programme_id
from domain.territory import fold as plain
from ledger.events import fold
from ops.imports import values
from ops.imports.bench import Bench, Line, breathe, cell
from ops.imports.known import Known
from ops.imports.tables import Column, Columns, Row, Table

PROGRAMME: Final = programme_id("1j1m")
_MAILS: Final = (
    *("email", "e-mail", "mail", "mél", "adresse mail", "adresse email", "adresse e-mail"),
    *("adresse électronique", "adresse courriel"),
)
_PHONES: Final = (
    *("tél", "portable", "mobile", "tél portable", "téléphone portable", "téléphone mobile"),
    *("numéro de téléphone", "n° de téléphone", "n° tél"),
)
_PLACES: Final = (
    *("capacité (mentorés)", "capacité d'accueil", "nombre de mentorés", "nb mentorés", "nb élèves"),
    *("nombre d'élèves", "places"),
)
_BIRTHS: Final = ("né le", "née le", "né(e) le", "naissance", "date naiss", "ddn")
_FIRMS: Final = (
    *("employeur", "société", "organisme", "structure", "raison sociale"),
    *("nom de l'entreprise", "nom de l'employeur"),
)
_SITUATIONS: Final = ("statut professionnel", "situation", "situation professionnelle", "situation pro")
COLUMNS: Final[Columns] = {
    "family_name": Column("Nom", ("nom de famille", "nom du mentor", "nom d'usage", "patronyme"), True, 100),
    "given_name": Column("Prénom", ("prénoms", "prénom du mentor"), True, 100),
    "email": Column("Courriel", _MAILS),
    "phone": Column("Téléphone", _PHONES),
    "birth_date": Column("Date de naissance", _BIRTHS),
    "applied_on": Column("Date de candidature", ("candidature", "candidature le", "candidat depuis")),
    "company": Column("Entreprise", _FIRMS),
    "siret": Column("SIRET", ("n° siret", "numéro siret", "siret de l'entreprise")),
    "rome": Column("Code ROME", ("rome", "métier (rome)", "code métier")),
    "naf": Column("Code NAF", ("naf", "ape", "code ape", "secteur (naf)")),
    "families": Column("Famille de métiers", ("familles de métiers", "filière", "filières", "famille")),
    "mentees": Column("Capacité", _PLACES),
    "classes": Column("Classes", ("nombre de classes", "nb classes", "capacité classes")),
    "languages": Column("Langues", ("langue", "langues parlées")),
    "status": Column("Statut", _SITUATIONS),
    "engagement": Column("Engagement", ("type d'engagement", "forme d'engagement")),
    "modes": Column("Modalité", ("modalités", "format", "mode", "présentiel ou distanciel")),
    "communes": Column(
        "Communes", ("commune", "code commune", "codes communes", "code insee", "codes insee")
    ),
    "availability": Column("Disponibilités", ("disponibilité", "dispo", "dispos", "créneaux"), longest=200),
}


@dataclass(frozen=True)
class _Read:
    """What a line says of somebody."""

    row: Row
    person: Person
    profile: Profile
    siret: str | None
    applied_on: date | None
    digests: tuple[str, ...]

    @property
    def identity(self) -> str:
        """Names and birth date rather than an address: that may be shared, or change."""
        return self.digests[-1]


@dataclass
class _Employer:
    """A company by its id; ``firm``: it is to be registered, with the first of its mentors. ``remark``: why
    it is left aside."""

    id: str | None = None
    firm: Firm | None = None
    remark: str = ""

    def first_time(self) -> list[Command]:
        firm, self.firm = self.firm, None
        return [RegisterCompany(record_id=self.id, firm=firm)] if firm and self.id else []


_NOBODY: Final = _Employer()
_UNKNOWN_FIRM: Final = "Entreprise non rattachée : sans SIRET, elle ne peut pas être reconnue."
_GONE: Final = _Employer(remark="Entreprise non rattachée : effacée, un import ne la ramène pas.")
_OWN: Final = "L'entreprise d'un·e indépendant·e peut porter son nom, et se lirait d'autres."
_NAMED: Final = "Sans statut, et l'entreprise porte le nom de la personne : c'est peut-être la sienne."
_WHOSE: Final = "Écrivez salarié·e ; ou indépendant·e, et laissez alors l'entreprise vide."


@dataclass(frozen=True)
class Mentors:
    """Into the records of one association."""

    association_id: str
    columns: ClassVar[Columns] = COLUMNS

    async def lines(self, table: Table, bench: Bench) -> list[Line]:
        read = await self._read(table, bench)
        digests = [digest for one in read for digest in one.digests]
        known = await Known.among(self.association_id, digests, bench)
        ids = [self._id(one) for one in read]
        programme = await self._programme(bench)
        await bench.trial.bring([programme, *ids], fresh=True)
        companies = await _companies(read, bench)
        lines = [self._line(table, one, known, companies, programme) for one in read]
        return [line for line in lines if not table.faults.at(line.row.line)]

    async def _programme(self, bench: Bench) -> str:
        """That of its admission, as for whoever comes by its links; before there was one, ``PROGRAMME``."""
        await bench.trial.bring([self.association_id], fresh=True)
        association = fold((await bench.trial.load([self.association_id])).events)
        return (association.programme_id if isinstance(association, Association) else "") or PROGRAMME

    def _id(self, one: _Read) -> str:
        return new_id("mentor", f"import:{self.association_id}:{one.identity}")

    def _line(
        self,
        table: Table,
        one: _Read,
        known: Known,
        companies: Mapping[str, _Employer],
        programme: str,
    ) -> Line:
        if (said := known.said_of(one.digests)) is not None:
            return Line(one.row, known=True, remark=said)
        employer = companies.get(one.siret or "", _NOBODY)
        remark = employer.remark
        if one.siret and not (employer.id or remark):
            problem = "Cette entreprise n'est pas encore connue."
            table.fault(one.row, "company", problem, "Donnez son nom avec son SIRET.")
        elif one.row["company"] and not one.siret:
            remark = _UNKNOWN_FIRM
        commands = employer.first_time()
        apply = Apply(
            record_id=self._id(one),
            association_id=self.association_id,
            programme_id=programme,
            person=one.person,
            profile=replace(one.profile, company_id=employer.id),
            channel=Origin.IMPORT,
            on=one.applied_on,
        )
        return Line(
            one.row,
            [*commands, apply],
            remark=remark,
            shared=frozenset(range(len(commands))),
            creates=(apply.record_id, *(command.record_id for command in commands)),
            blames={"under_age": "birth_date"},
        )

    async def _read(self, table: Table, bench: Bench) -> list[_Read]:
        """The lines that read well; the same person a second time is a fault."""
        read, seen = list[_Read](), dict[str, int]()
        for number, row in enumerate(table.rows):
            await breathe(number)
            person, profile = _person(table, row), _profile(table, row)
            siret = cell(table, row, "siret", parse_siret)
            if profile.status is Occupation.SELF_EMPLOYED and (row["company"] or row["siret"]):
                column = "company" if row["company"] else "siret"
                table.fault(row, column, _OWN, "Laissez l'entreprise vide, et le SIRET.")
            applied_on = _candidacy(table, row, bench)
            _hold_against_the_guards(table, row, person, profile, bench)
            if table.faults.at(row.line):
                continue
            digests = digests_of(self.association_id, person, bench.digest).all()
            if not digests:
                problem = "Sans courriel ni date de naissance, la personne ne peut pas être reconnue."
                table.fault(row, "email", problem, "Donnez l'un ou l'autre.")
            for digest in digests:
                if (first := seen.setdefault(digest, row.line)) != row.line:
                    problem = f"Cette personne figure déjà à la ligne {first}."
                    column = "email" if digest == digests[0] and person.email else "family_name"
                    table.fault(row, column, problem, "Supprimez l'une des deux lignes.")
                    break
            if not table.faults.at(row.line):
                read.append(_Read(row, person, profile, siret, applied_on, digests))
        return read


def _candidacy(table: Table, row: Row, bench: Bench) -> date | None:
    """The day of the candidacy; that of the import, where the file tells none."""
    on = cell(table, row, "applied_on", values.read_day)
    try:
        not_in_the_future(Act(bench.actor, bench.now), on or date.min)
    except Refused as refused:
        table.fault(row, "applied_on", refused.sentence, "Corrigez la cellule, ou laissez-la vide.")
    return on


def _person(table: Table, row: Row) -> Person:
    def phone(text: str) -> str:
        return values.read_phone(text, number="phone" in row.numbers)

    return Person(
        given_name=row["given_name"],
        family_name=row["family_name"],
        email=row["email"] or None,
        phone=cell(table, row, "phone", phone),
        birth_date=cell(table, row, "birth_date", values.read_day),
    )


def _profile(table: Table, row: Row) -> Profile:
    get = partial(cell, table, row)
    return Profile(
        status=_status(table, row),
        engagement=get("engagement", values.read_engagement) or Engagement.VOLUNTEER,
        rome=get("rome", parse_rome),
        naf=get("naf", parse_naf),
        families=get("families", values.read_families) or (),
        languages=get("languages", values.read_languages) or ("fr",),
        modes=get("modes", values.read_modes) or (Mode.ON_SITE,),
        communes=get("communes", values.read_communes) or (),
        mentees=get("mentees", values.read_count),
        classes=get("classes", values.read_count),
        availability=row["availability"] or None,
    )


def _status(table: Table, row: Row) -> Occupation:
    """Whoever has an employer is employed, unless it bears their name; of anybody else it is not guessed."""
    if not row["status"]:
        if not (row["company"] or row["siret"]):
            remedy = "Écrivez salarié·e, retraité·e, étudiant·e ou indépendant·e."
            table.fault(row, "status", "Ni statut ni entreprise.", remedy)
        elif _bears_the_name(row["company"], row["family_name"]):
            table.fault(row, "status", _NAMED, _WHOSE)
        return Occupation.EMPLOYEE
    return cell(table, row, "status", values.read_occupation) or Occupation.EMPLOYEE


def _bears_the_name(company: str, family_name: str) -> bool:
    words = plain(family_name).split()
    return bool(words) and set(words) <= set(plain(company).split())


_ANYBODY: Final = Person("?", "?", None, None, None)
_ANYTHING: Final = Profile(Occupation.EMPLOYEE)
_OF_PERSON: Final = ("given_name", "family_name", "email", "phone", "birth_date")
_OF_PROFILE: Final = (
    *("rome", "naf", "families", "communes", "languages", "mentees", "classes", "availability"),
)


def _hold_against_the_guards(table: Table, row: Row, person: Person, profile: Profile, bench: Bench) -> None:
    """What the domain would say of each cell by itself: a guard tells of the first that it meets, and does
    not quote it. A cell that does not read was told already."""
    act = Act(bench.actor, bench.now)
    for name in (*_OF_PERSON, *_OF_PROFILE):
        if not row[name] or table.faults.at(row.line, table.title(name)):
            continue
        try:
            if name in _OF_PERSON:
                guards.person(act, replace(_ANYBODY, **{name: getattr(person, name)}))
            else:
                checked(replace(_ANYTHING, **{name: getattr(profile, name)}))
        except Refused as refused:
            table.fault(row, name, refused.sentence, "Corrigez la cellule.")


async def _companies(read: Sequence[_Read], bench: Bench) -> dict[str, _Employer]:
    """The company of each SIRET: the one that holds it, or one to register, unless it was erased. A SIRET
    without a name, that nobody holds, has none."""
    named = dict[str, str]()
    for one in read:
        if one.siret and one.row["company"]:
            named.setdefault(one.siret, one.row["company"])
    digests = {one.siret: by_siret(one.siret, bench.digest) for one in read if one.siret}
    held = await bench.holders(f"siret:{digest}" for digest in digests.values())
    gone = await _erased([digest for digest in digests.values() if f"siret:{digest}" not in held], bench)
    fresh = {digest: new_id("company", f"siret:{digest}") for digest in digests.values()}
    closed = await bench.trial.bring([*fresh.values(), *held.values()])
    found = dict[str, _Employer]()
    for siret, digest in digests.items():
        if holder := held.get(f"siret:{digest}"):
            found[siret] = _Employer(holder)
        elif digest in gone:
            found[siret] = _GONE
        elif siret in named:
            # The company that had this id was closed, or has another number now.
            again = new_id("company", f"siret:{digest}:{bench.key}")
            known = fresh[digest] in closed
            found[siret] = _Employer(again if known else fresh[digest], Firm(named[siret], siret))
    return found


async def _erased(digests: Sequence[str], bench: Bench) -> set[str]:
    """Those of companies that were erased."""
    saying = await bench.saying(digests) if digests else {}
    ids = {record_id for records in saying.values() for record_id in records}
    await bench.trial.bring(ids, fresh=True)
    gone = {i for i in ids if (one := fold((await bench.trial.load([i])).events)) and one.is_erased}
    return {digest for digest, records in saying.items() if records & gone}
