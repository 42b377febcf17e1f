"""Mentors come in from a file: all of them or none, whoever is known left as they are, nobody twice."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.company.model import Company
from domain.families import FAMILIES
from domain.identifiers import InvalidValue
from domain.kernel import Actor, new_id
from domain.mentor.candidacies import Apply
from domain.mentor.parts import Engagement, Mode, Occupation, Origin, Person, Profile
from domain.programme.commands import programme_id
from ledger.digests import Digests
from ledger.recorder import VersionConflict
from ops.imports import values
from ops.imports.mentors import Mentors
from tests.ops.importing import HEADER, LINES, Desk, csv, places, workbook
from tests.support import FACE, LYON

SIRET = "73282932000074"
DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))


@pytest.fixture
async def desk() -> Desk:
    return await Desk().open()


async def test_each_line_becomes_a_candidate_with_what_it_says(desk: Desk) -> None:
    header = (
        "Nom;Prénom;Courriel;Téléphone;Date de naissance;Code ROME;NAF;Famille de métiers;Capacité;Classes;"
        "Langues;Statut;Engagement;Modalité;Communes;Disponibilités;Entreprise;SIRET;Observations"
    )
    line = (
        "Diallo;Awa;awa@exemple.test;+33 (0)6 12 34 56 78;02/03/1985;k2104;6201Z;Relation client | mer;3;1;"
        "français, anglais et arabe;Salarié·e;Mécénat de compétences;les deux;69123, 1004;mercredi;"
        f"Ateliers du Rhône;{SIRET};rien"
    )
    report = await desk.run(csv(line, header=header))
    assert (report.lines, report.recorded, report.known, report.faults) == (1, 1, 0, [])
    assert report.left_aside == ["Observations"]
    (mentor,) = await desk.mentors()
    assert await desk.person(mentor) == {
        "given_name": "Awa",
        "family_name": "Diallo",
        "email": "awa@exemple.test",
        "phone": "+33 6 12 34 56 78",
        "birth_date": "1985-03-02",
    }
    profile = mentor.profile
    assert (profile.status, profile.engagement) == (Occupation.EMPLOYEE, Engagement.MECENAT)
    assert (profile.rome, profile.naf, profile.families) == ("K2104", "62.01Z", ("relation_client", "mer"))
    assert (profile.mentees, profile.classes, profile.languages) == (3, 1, ("fr", "en", "ar"))
    assert (profile.modes, profile.communes) == ((Mode.ON_SITE, Mode.REMOTE), ("69123", "01004"))
    assert (mentor.channel, mentor.status) == (Origin.IMPORT, "candidate")
    (company,) = await desk.records("company")
    assert isinstance(company, Company)
    employer = (profile.company_id, company.firm.name, company.firm.siret)
    assert [await desk.clear(one) for one in employer] == [company.id, "Ateliers du Rhône", SIRET]


async def test_a_file_is_one_transaction(desk: Desk) -> None:
    batches, append = [], desk.house.recorder.append

    async def counted(batch):  # type: ignore[no-untyped-def]
        batches.append(len(batch.events))
        return await append(batch)

    desk.house.recorder.append = counted  # type: ignore[method-assign]
    await desk.run(csv(*LINES))
    assert batches == [3]


async def test_nothing_is_written_for_one_bad_line_among_a_thousand(desk: Desk) -> None:
    before = len(desk.events)
    lines = [f"Nom{i};Prénom;p{i}@exemple.test;;salarié" for i in range(1_000)]
    lines[498] = "Nom498;Prénom;p498@exemple.test;31/02/1985;salarié"
    report = await desk.run(csv(*lines))
    assert (report.lines, report.recorded) == (1_000, 0)
    assert places(report) == {(500, "Date de naissance")}
    assert len(desk.events) == before


async def test_a_second_import_records_what_is_new_and_changes_nobody(desk: Desk) -> None:
    await desk.run(csv(*LINES))
    before = desk.events
    changed = LINES[0].replace("salariée", "retraitée")
    fresh = [f"Nouveau;Venu{i};nouveau{i}@exemple.test;;salarié" for i in range(3)]
    report = await desk.run(csv(changed, *fresh, *LINES[1:]))
    assert (report.lines, report.recorded, report.known, report.faults) == (6, 3, 3, [])
    assert [e.topic for e in desk.events[len(before) :]] == ["mentor.Applied@1"] * 3
    assert len(await desk.mentors()) == 6
    again = await desk.run(csv(changed, *fresh, *LINES[1:]))
    assert (again.recorded, again.known) == (0, 6)


@pytest.mark.parametrize(
    "line",
    [
        "DIALLO;Awa;AWA@Exemple.test;;salariée",  # the address, however it is capitalised
        "Awa;diallo;autre@exemple.test;02/03/1985;salariée",  # names in another order, and the birth date
    ],
)
async def test_who_applied_by_another_way_is_known(desk: Desk, line: str) -> None:
    person = Person("Awa", "Diallo", "awa@exemple.test", None, date(1985, 3, 2))
    await desk.house.do(
        Apply(
            record_id="mentor-1",
            association_id=FACE,
            programme_id=programme_id("1j1m"),
            person=person,
            profile=Profile(Occupation.EMPLOYEE),
            channel=Origin.ASSOCIATION,
        ),
        actor=Actor("t-face", "association", frozenset({"public", f"association:{FACE}"})),
    )
    report = await desk.run(csv(line))
    assert (report.recorded, report.known, report.faults) == (0, 1, [])


@pytest.mark.parametrize(
    ("second", "column"),
    [
        ("Autre;Nom;AWA@exemple.test;;salarié", "Courriel"),
        ("Diallo;Awa;autre@exemple.test;02/03/1985;salarié", "Nom"),
    ],
)
async def test_the_same_person_twice_in_a_file_is_a_fault_that_names_the_other_line(
    desk: Desk, second: str, column: str
) -> None:
    report = await desk.run(csv(LINES[0], LINES[1], second))
    assert places(report) == {(4, column)}
    assert "ligne 2" in report.faults[0].problem


async def test_ids_tell_nothing_and_are_the_same_for_the_same_person(desk: Desk) -> None:
    await desk.run(csv(*LINES))
    other = await Desk().open()
    await other.run(csv(*reversed(LINES)))
    ids = {mentor.id for mentor in await desk.mentors()}
    assert ids == {mentor.id for mentor in await other.mentors()}
    other.house.executor.digests = Digests(b"another house")
    assert not ids & {
        new_id("mentor", f"import:{FACE}:{word}")
        for word in ("awa@exemple.test", "Awa Diallo", "awa diallo 1985-03-02")
    }


async def test_no_name_and_no_address_is_stored_or_told_in_clear(desk: Desk) -> None:
    await desk.run(csv(*LINES))
    written = repr(desk.events)
    for word in ("Diallo", "Awa", "awa@exemple.test", "1985-03-02", "1985"):
        assert word not in written.replace("2025-11-24", ""), word


# What is refused ----------------------------------------------------------------------------------

BAD = {
    "Courriel": ("pas une adresse", "électronique"),
    "Téléphone": ("douze", "téléphone"),
    "Date de naissance": ("1/9/25", "quatre chiffres"),
    "SIRET": ("73282932000075", "contrôle"),
    "Code ROME": ("Z9999", "ROME"),
    "NAF": ("abc", "NAF"),
    "Famille de métiers": ("magie", "Famille".lower()),
    "Capacité": ("beaucoup", "nombre"),
    "Classes": ("99", "50"),
    "Langues": ("klingonais", "langue"),
    "Statut": ("parfois", "reconnue"),
    "Engagement": ("total", "reconnue"),
    "Modalité": ("télépathie", "reconnue"),
    "Communes": ("Lyon", "commune"),
}


async def test_every_fault_of_a_line_is_told_at_once_with_what_to_do(desk: Desk) -> None:
    header = "Nom;Prénom;" + ";".join(BAD)
    unread = {
        name: value for name, (value, _) in BAD.items() if name not in {"Courriel", "Téléphone", "Classes"}
    }
    report = await desk.run(csv("N;P;" + ";".join(unread.get(name, "") for name in BAD), header=header))
    assert places(report) == {(2, name) for name in unread}
    assert all(fault.remedy for fault in report.faults)


@pytest.mark.parametrize("name", BAD)
async def test_a_cell_that_cannot_be_is_a_fault_with_its_value(desk: Desk, name: str) -> None:
    value, word = BAD[name]
    extra = {"Courriel", "Statut"} - {name}
    header = ";".join(["Nom", "Prénom", name, *sorted(extra)])
    filled = {"Courriel": "p@exemple.test", "Statut": "salarié"}
    before = len(desk.events)
    report = await desk.run(
        csv(";".join(["N", "P", value, *(filled[e] for e in sorted(extra))]), header=header)
    )
    (fault,) = report.faults
    shown = "Capacité" if name == "Classes" else name
    assert fault.line == 2
    assert fault.column in {name, shown}
    assert word in f"{fault.problem} {fault.remedy}".lower() or word in str(fault)
    assert fault.value in {value, ""}
    assert len(desk.events) == before


async def test_who_is_too_young_is_told_by_the_cell_that_says_so(desk: Desk) -> None:
    report = await desk.run(csv("Nom1;Léa;lea@exemple.test;01/09/2012;étudiante"))
    (fault,) = report.faults
    assert (fault.line, fault.column, fault.value) == (2, "Date de naissance", "01/09/2012")
    assert "18 ans" in fault.problem
    assert "person." not in fault.remedy, "a file has columns"


async def test_who_can_never_be_recognised_is_a_fault(desk: Desk) -> None:
    report = await desk.run(csv("N;P;;;salarié"))
    assert places(report) == {(2, "Courriel")}


async def test_a_status_is_not_guessed_but_from_an_employer(desk: Desk) -> None:
    report = await desk.run(csv("N;P;p@exemple.test;;"))
    assert places(report) == {(2, "Statut")}


@pytest.mark.parametrize(
    "actor", [LYON, DPO, Actor("x", "association", frozenset({"association:association-x"}))]
)
async def test_another_s_association_is_none_of_the_importer_s_business(desk: Desk, actor: Actor) -> None:
    before = {one.record_id for one in desk.events}
    report = await desk.run(csv(*LINES), actor=actor)
    assert report.recorded == 0
    assert len(report.faults) == 3
    assert {one.record_id for one in desk.events} == before


async def test_an_association_that_is_not_there_is_told(desk: Desk) -> None:
    actor = Actor("x", "association", frozenset({"association:association-nulle"}))
    report = await desk.run(csv(*LINES), Mentors("association-nulle"), actor)
    assert report.recorded == 0
    assert report.faults


async def test_a_dry_run_records_nothing_and_makes_no_key(desk: Desk) -> None:
    before = len(desk.events)
    report = await desk.run(csv(*LINES), dry_run=True)
    assert (report.lines, report.fresh, report.recorded, report.faults) == (3, 3, 0, [])
    assert len(desk.events) == before
    assert not desk.house.keyring._keys.keys() & {m for m in desk.house.keyring._keys if "mentor-" in m}  # type: ignore[attr-defined]


async def test_somebody_faster_leaves_nothing_half_imported(desk: Desk) -> None:
    append = desk.house.recorder.append

    async def overtaken(batch):  # type: ignore[no-untyped-def]
        desk.house.recorder.append = append  # type: ignore[method-assign]
        await desk.run(csv(LINES[1]))
        return await append(batch)

    desk.house.recorder.append = overtaken  # type: ignore[method-assign]
    report = await desk.run(csv(*LINES))
    assert (report.recorded, len(await desk.mentors())) == (0, 1)
    assert "rien ne sera doublé" in str(report.faults[0])
    assert (await desk.run(csv(*LINES))).recorded == 2


async def test_a_crash_before_the_commit_leaves_nothing(desk: Desk) -> None:
    async def crash(_: object) -> None:
        raise VersionConflict("x") if False else OSError

    append, desk.house.recorder.append = desk.house.recorder.append, crash  # type: ignore[method-assign, assignment]
    before = len(desk.events)
    with pytest.raises(OSError):
        await desk.run(csv(*LINES))
    assert len(desk.events) == before
    desk.house.recorder.append = append  # type: ignore[method-assign]
    assert (await desk.run(csv(*LINES))).recorded == 3


async def test_a_workbook_gives_the_same_mentors(desk: Desk) -> None:
    rows = [line.split(";") for line in (HEADER, *LINES)]
    rows[1][3] = date(1985, 3, 2)  # type: ignore[call-overload]
    assert (await desk.run(workbook(rows))).recorded == 3
    assert (await desk.run(csv(*LINES))).known == 3


async def test_a_telephone_that_a_spreadsheet_took_for_a_number_has_its_zero_back(desk: Desk) -> None:
    rows: list[list[Any]] = [
        ["Nom", "Prénom", "Téléphone", "Courriel", "Statut"],
        ["N", "P", 612345678, "p@e.test", "salarié"],
    ]
    await desk.run(workbook(rows))
    (mentor,) = await desk.mentors()
    assert (await desk.person(mentor))["phone"] == "0612345678"


# What people write --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["01/09/1985", "1/9/1985", "1985-09-01", "01.09.1985", "01-09-1985", "1985-09-01 00:00:00",
     "1er septembre 1985", "01 09 1985"],
)  # fmt: skip
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert values.read_day(text) == date(1985, 9, 1)


@pytest.mark.parametrize(
    "text", ["1/9/85", "septembre 1985", "31/02/1985", "bientôt", "1985", "29 février 1985"]
)
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        values.read_day(text)


def test_the_29th_of_february_in_words() -> None:
    assert values.read_day("29 février 1984") == date(1984, 2, 29)


@pytest.mark.parametrize("word", ["Salarié", "salariée", "SALARIÉ(E)", "salarié·e", "salarié.e", "Employée"])
def test_an_employee_however_it_is_written(word: str) -> None:
    assert values.read_occupation(word) is Occupation.EMPLOYEE


@pytest.mark.parametrize("label", FAMILIES.values())
def test_a_family_by_its_whole_label_commas_included(label: str) -> None:
    assert [FAMILIES[code] for code in values.read_families(label.upper())] == [label]


def test_a_part_of_a_label_will_do_when_it_is_of_one_family_only() -> None:
    assert values.read_families("Hôtellerie ; beauté") == ("hotellerie", "beaute")
    with pytest.raises(InvalidValue):
        values.read_families("bâtiment")
