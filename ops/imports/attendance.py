"""Attendance at one course: one line a person, found by e-mail address or by names and birth date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from domain.kernel import NotFound
from domain.mentor.known import digests_of
from domain.mentor.parts import Person
from domain.programme.commands import programme_id
from domain.training.commands import Attend
from domain.training.model import Training
from domain.training.parts import Enrolment, Place
from ledger.events import fold
from ops.imports.bench import Bench, Line, breathe, cell
from ops.imports.mentors import COLUMNS as OF_MENTORS
from ops.imports.tables import Column, Columns, Row, Table
from ops.imports.values import read_day, read_minutes, read_modules, read_presence

_BLAMES: Final = {
    "minutes_unlikely": "minutes",
    "modules_untold": "modules",
    "modules_unlikely": "modules",
    "already_certified": "present",
}
_WHO: Final = "Donnez le courriel, ou le nom, le prénom et la date de naissance, comme au dossier."
COLUMNS: Final[Columns] = {
    "email": OF_MENTORS["email"],
    "family_name": Column("Nom", OF_MENTORS["family_name"].synonyms, longest=100),
    "given_name": Column("Prénom", OF_MENTORS["given_name"].synonyms, longest=100),
    "birth_date": OF_MENTORS["birth_date"],
    "present": Column("Présent", ("présence", "présente", "présent·e", "présent(e)", "émargement"), True),
    "minutes": Column("Minutes", ("durée", "durée (min)", "temps", "temps de présence", "durée suivie")),
    "modules": Column("Modules suivis", ("modules", "modules suivis en entier", "modules validés")),
}


@dataclass(frozen=True)
class Attendance:
    """For one course of an association."""

    association_id: str
    training_id: str
    columns: ClassVar[Columns] = COLUMNS

    async def lines(self, table: Table, bench: Bench) -> list[Line]:
        people = dict[int, tuple[str, ...]]()
        for number, row in enumerate(table.rows):
            await breathe(number)
            people[row.line] = self._recognised(table, row, bench)
        held = await bench.holders(claim for claims in people.values() for claim in claims)
        training = await self._training(bench, set(held.values()))
        lines, seen = list[Line](), dict[str, int]()
        for row in table.rows:
            mentors = {held[claim] for claim in people[row.line] if claim in held}
            mentor_id = next(iter(mentors), None) if len(mentors) == 1 else None
            line = self._line(
                *(table, row, training, mentor_id, seen),
                recognisable=bool(people[row.line]),
                ambiguous=len(mentors) > 1,
            )
            if line and not table.faults.at(row.line):
                lines.append(line)
        return lines

    def _recognised(self, table: Table, row: Row, bench: Bench) -> tuple[str, ...]:
        """The claims of whoever the line names."""
        birth_date = cell(table, row, "birth_date", read_day)
        named = row["family_name"] and row["given_name"]
        person = Person(
            row["given_name"], row["family_name"], row["email"] or None, None, birth_date if named else None
        )
        digests = digests_of(self.association_id, person, bench.digest).all()
        if not digests and not table.faults.at(row.line):
            table.fault(row, "email", "Rien ne dit de qui il s'agit.", _WHO)
        return tuple(f"mentor:{self.association_id}:{digest}" for digest in digests)

    async def _training(self, bench: Bench, mentors: set[str]) -> Training:
        """The course. Raises ``NotFound``."""
        wanted = [self.training_id, self.association_id, programme_id("1j1m"), *mentors]
        await bench.trial.bring(wanted, fresh=True)
        training = fold((await bench.trial.load([self.training_id])).events)
        if not isinstance(training, Training) or training.association_id != self.association_id:
            raise NotFound("not_found", f"Aucun dossier {self.training_id} dans votre périmètre.")
        return training

    def _line(
        self,
        table: Table,
        row: Row,
        training: Training,
        mentor_id: str | None,
        seen: dict[str, int],
        *,
        recognisable: bool,
        ambiguous: bool,
    ) -> Line | None:
        present = cell(table, row, "present", read_presence)
        minutes = cell(table, row, "minutes", read_minutes)
        modules = cell(table, row, "modules", read_modules)
        enrolled = training.enrolments.get(mentor_id or "")
        column = "email" if row["email"] else "family_name"
        if ambiguous:
            table.fault(row, column, "Le courriel et le nom sont de deux personnes.", _WHO)
        elif not recognisable:
            return None
        elif mentor_id is None:
            table.fault(row, column, "Cette personne n'est pas connue de l'association.", _WHO)
        elif enrolled is None:
            table.fault(
                row, column, "Cette personne n'est pas inscrite à la formation.", "Inscrivez-la d'abord."
            )
        elif (first := seen.setdefault(mentor_id, row.line)) != row.line:
            problem = f"Cette personne figure déjà à la ligne {first}."
            table.fault(row, column, problem, "Supprimez l'une des deux lignes.")
        elif {*(modules or ())} - {*training.course.codes}:
            known_ones = ", ".join(training.course.codes)
            table.fault(
                row, "modules", "Un module n'est pas de la formation.", f"Choisissez parmi {known_ones}."
            )
        elif present is not None:
            if not present and not minutes:
                minutes = None
            attend = Attend(
                record_id=self.training_id,
                mentor_id=mentor_id,
                present=present,
                minutes=minutes,
                modules=modules,
            )
            known = _says_so(training, enrolled, attend)
            blames = _BLAMES | {"still_waiting": column}
            return Line(row, [] if known else [attend], known=known, blames=blames)
        return None


def _says_so(training: Training, enrolled: Enrolment, told: Attend) -> bool:
    """Whether the course has it already; a certificate says that its holder was there. The whole course has
    all of its modules, named or not; of a part of it, a line that names none says nothing of them."""
    if not told.present:
        return enrolled.place is Place.ABSENT and not (told.minutes or told.modules)
    course = training.course
    minutes = course.minutes if told.minutes is None else told.minutes
    unnamed = course.codes if minutes == course.minutes else enrolled.modules
    followed = unnamed if told.modules is None else told.modules
    there = enrolled.place in {Place.ATTENDED, Place.CERTIFIED}
    return there and (minutes, {*followed}) == (enrolled.minutes, {*enrolled.modules})
