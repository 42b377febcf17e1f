"""Associations and attendance come in from files, under the same laws as mentors."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.association.commands import RegisterAssociation
from domain.association.model import Association, Identity
from domain.identifiers import InvalidValue
from domain.kernel import SYSTEM
from domain.mentor.model import Mentor
from domain.programme.commands import programme_id
from domain.training.commands import Certify, ChangeCourse, Enrol, Hold, OpenCourse, Plan
from domain.training.model import Training
from domain.training.parts import Course, Module, Place
from ops.imports import values
from ops.imports.associations import Associations
from ops.imports.attendance import Attendance
from ops.imports.operators import association_id
from tests.ops.importing import LINES, Desk, csv, places
from tests.support import COORDINATOR, FACE, GRENOBLE, LYON, fold_at

HEADER = "Association;Académie;RNA;SIREN;Courriel;Contact;Courriel du contact"
RNA = "W691234567"


@pytest.fixture
async def desk() -> Desk:
    return await Desk().open()


def associations(*lines: str, header: str = HEADER) -> str:
    return csv(*lines, header=header)


async def test_an_association_comes_with_its_numbers_and_whom_to_call(desk: Desk) -> None:
    body = associations(f"Télémaque;Lyon, Grenoble;{RNA};732829320;contact@t.test;Awa Diallo;awa@t.test")
    report = await desk.run(body, Associations(), LYON)
    assert (report.recorded, report.faults) == (1, [])
    found = await fold_at(desk.house.recorder, association_id("télémaque", ("08", "10")))
    assert isinstance(found, Association)
    assert found.identity == Identity("Télémaque", rna=RNA, siren="732829320", mailbox="contact@t.test")
    assert found.academies == ("10", "08")
    assert list(found.contacts) == ["coordinator"]
    assert "Awa" not in repr(desk.events)


async def test_a_known_association_is_left_as_it_is(desk: Desk) -> None:
    command = RegisterAssociation(
        record_id="association-x", identity=Identity("Autre nom", rna=RNA), academies=("10",)
    )
    await desk.house.do(command)
    lines = [f"Télémaque;Lyon;{RNA};;;;", "JobIRL;Lyon;;;;;"]
    report = await desk.run(associations(*lines), Associations(), LYON)
    assert (report.recorded, report.known, report.faults) == (1, 1, [])
    again = await desk.run(associations(*lines), Associations(), LYON)
    assert (again.recorded, again.known) == (0, 2)


async def test_an_association_registered_by_hand_is_known_by_its_name(desk: Desk) -> None:
    known = RegisterAssociation(
        record_id="association-x", identity=Identity("Télémaque"), academies=("10", "01")
    )
    await desk.house.do(known)
    lines = ("TELEMAQUE;Lyon;;;;;", "JobIRL;Lyon;;;;;")
    report = await desk.run(associations(*lines), Associations(), LYON)
    assert (report.recorded, report.known, report.faults) == (1, 1, [])
    report = await desk.run(associations("Télémaque;Grenoble;;;;;"), Associations(), GRENOBLE)
    assert (report.recorded, report.faults) == (1, [])


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("Télémaque;Marseille;;;;;", "Académie"),
        ("Télémaque;Grenoble;;;;;", "Académie"),
        ("Télémaque;Lyon;W12;;;;", "RNA"),
        ("Télémaque;Lyon;;123;;;", "SIREN"),
        ("Télémaque;Lyon;;;pas une adresse;;", "Courriel"),
        (";Lyon;;;;;", "Association"),
        (f"Autre;Lyon;{RNA};;;;", "RNA"),
        ("JOB-IRL;Lyon;;;;;", "Association"),
    ],
)
async def test_a_bad_line_is_told_and_nothing_is_recorded(desk: Desk, line: str, column: str) -> None:
    before = len(desk.events)
    body = associations(f"JobIRL;Lyon;{RNA};;;;", line)
    report = await desk.run(body, Associations(), LYON)
    assert places(report) == {(3, column)}
    assert len(desk.events) == before


async def test_the_academie_may_be_left_out_by_whoever_has_one_only(desk: Desk) -> None:
    report = await desk.run("Nom;SIRET\nTélémaque;73282932000074\n", Associations(), GRENOBLE)
    assert report.faults == []
    found = await fold_at(desk.house.recorder, association_id("Télémaque", ("08",)))
    assert isinstance(found, Association)
    assert (found.academies, found.identity.siren) == (("08",), "732829320")


# Attendance ---------------------------------------------------------------------------------------

COURSE = "training-1"
SHEET = "Nom;Prénom;Date de naissance;Courriel;Présent;Minutes;Modules suivis"


@pytest.fixture
async def course(desk: Desk) -> Desk:
    """Yesterday's, with two of three mentors enrolled."""
    await desk.run(csv(*LINES))
    start = desk.house.clock.instant - timedelta(days=1)
    plan = Plan(
        record_id=COURSE,
        association_id=FACE,
        programme_id=programme_id("1j1m"),
        course=Course(
            "Être mentor·e", (Module("posture", 180),), 5, start, start + timedelta(hours=3), "Lyon"
        ),
    )
    await desk.house.do(plan, COORDINATOR)
    await desk.house.do(OpenCourse(record_id=COURSE), COORDINATOR)
    for mentor in (await desk.mentors())[:2]:
        await desk.house.do(Enrol(record_id=COURSE, mentor_id=mentor.id), COORDINATOR)
    return desk


KIND = Attendance(FACE, COURSE)


async def attended(desk: Desk) -> dict[str, tuple[Place, int]]:
    training = await fold_at(desk.house.recorder, COURSE)
    assert isinstance(training, Training)
    names = {mentor.id: (await desk.person(mentor))["given_name"] for mentor in await desk.mentors()}
    return {names[i]: (one.place, one.minutes) for i, one in training.enrolments.items()}


async def test_who_was_there_is_found_by_address_or_by_names_and_birth_date(course: Desk) -> None:
    body = csv("DIALLO;awa;2/3/1985;;oui;3 h", ";;;LEA@exemple.test;excusée;", header=SHEET)
    report = await course.run(body, KIND)
    assert (report.recorded, report.faults) == (2, [])
    assert await attended(course) == {"Awa": (Place.ATTENDED, 180), "Léa": (Place.ABSENT, 0)}
    again = await course.run(body, KIND)
    assert (again.recorded, again.known, again.faults) == (0, 2, [])


async def test_whoever_left_early_comes_with_the_modules_that_they_followed_whole(course: Desk) -> None:
    modules = (Module("posture", 60), Module("data_protection", 60), Module("chantier", 60, False))
    start = course.house.clock.instant + timedelta(days=7)
    later = Course("Être mentor·e", modules, 5, start, start + timedelta(hours=3), "Lyon")
    await course.house.do(ChangeCourse(record_id=COURSE, course=later), COORDINATOR)
    course.house.clock.advance(days=8)
    body = csv(
        ";;;awa@exemple.test;oui;2 h;Protection des données et posture",
        ";;;lea@exemple.test;oui;;",
        header=SHEET,
    )
    for recorded in (2, 0):
        report = await course.run(body, KIND)
        assert (report.recorded, report.faults) == (recorded, [])
    training = await fold_at(course.house.recorder, COURSE)
    assert isinstance(training, Training)
    followed = [one.modules for one in training.enrolments.values()]
    assert followed == [("posture", "data_protection"), ("posture", "data_protection", "chantier")]


async def test_a_sheet_that_says_otherwise_how_long_or_which_modules_is_noted_and_the_same_one_is_not(
    course: Desk,
) -> None:
    """Whoever was there the whole time followed everything, whether the sheet says so or not."""
    modules = (Module("posture", 60), Module("data_protection", 120))
    start = course.house.clock.instant + timedelta(days=7)
    later = Course("Être mentor·e", modules, 5, start, start + timedelta(hours=3), "Lyon")
    await course.house.do(ChangeCourse(record_id=COURSE, course=later), COORDINATOR)
    course.house.clock.advance(days=8)
    everything = ("posture", "data_protection")
    for words, recorded, followed in (
        ("oui;;posture", 1, ("posture",)),
        ("oui;;posture", 0, ("posture",)),
        ("oui;;", 1, everything),
        ("oui;180;", 0, everything),
        ("oui;120;posture", 1, ("posture",)),
        ("oui;120;", 0, ("posture",)),
        ("oui;180;", 1, everything),
        ("oui;;data_protection|posture", 0, everything),
        ("oui;;data_protection", 1, ("data_protection",)),
    ):
        course.house.clock.advance(minutes=1)
        report = await course.run(csv(f";;;awa@exemple.test;{words}", header=SHEET), KIND)
        assert (words, report.recorded, report.known, report.faults) == (words, recorded, 1 - recorded, [])
        training = await fold_at(course.house.recorder, COURSE)
        assert isinstance(training, Training)
        assert next(one.modules for one in training.enrolments.values()) == followed


async def test_what_was_noted_wrongly_is_noted_again_back_and_forth(course: Desk) -> None:
    for word, place in (("oui", Place.ATTENDED), ("non", Place.ABSENT), ("oui", Place.ATTENDED)):
        course.house.clock.advance(minutes=1)
        assert (await course.run(csv(f";;;awa@exemple.test;{word};", header=SHEET), KIND)).recorded == 1
        assert (await attended(course))["Awa"][0] is place


@pytest.mark.parametrize(
    ("line", "column", "word"),
    [
        (";;;sokhna@exemple.test;oui;", "Courriel", "connue"),
        ("Ndiaye;Sokhna;31/12/1979;;oui;", "Nom", "inscrite"),
        ("Diallo;Awa;;;oui;", "Courriel", "qui"),
        (";;;awa@exemple.test;peut-être;", "Présent", "oui, non"),
        (";;;awa@exemple.test;;", "Présent", "vide"),
        (";;;awa@exemple.test;oui;500", "Minutes", "180"),
        (";;;awa@exemple.test;oui;2 h 30", "Modules suivis", "quels modules"),
        (";;;awa@exemple.test;oui;90;voile", "Modules suivis", "parmi posture"),
        (";;;awa@exemple.test;oui;90;posture", "Modules suivis", "180"),
        (";;;awa@exemple.test;non;;posture", "Modules suivis", "absente"),
        (";;;awa@exemple.test;oui;longtemps", "Minutes", "durée"),
        (";;;awa@exemple.test;non;20", "Minutes", "absente"),
        ("Diallo;Awa;2/3/1985;lea@exemple.test;oui;", "Courriel", "deux personnes"),
        ("Martin;Léa;1/9/1990;;non;", "Nom", "ligne 2"),
    ],
)
async def test_a_bad_line_leaves_no_presence_noted(course: Desk, line: str, column: str, word: str) -> None:
    before = await attended(course)
    report = await course.run(csv(";;;lea@exemple.test;oui;", line, header=SHEET), KIND)
    assert places(report) == {(3, column)}
    assert word in str(report.faults[0])
    assert await attended(course) == before


async def test_a_certificate_says_that_its_holder_was_there(course: Desk) -> None:
    body = csv(";;;awa@exemple.test;1;180", ";;;lea@exemple.test;0;", header=SHEET)
    await course.run(body, KIND)
    await course.house.do(Hold(record_id=COURSE), SYSTEM)
    (awa, *_) = await course.mentors()
    assert isinstance(awa, Mentor)
    certify = Certify(record_id=COURSE, mentor_id=awa.id, on=course.house.clock.today)
    await course.house.do(certify, COORDINATOR)
    for same in (body, csv(";;;awa@exemple.test;1;", ";;;lea@exemple.test;0;", header=SHEET)):
        again = await course.run(same, KIND)
        assert (again.known, again.faults) == (2, [])
    less = await course.run(csv(";;;awa@exemple.test;1;90;", header=SHEET), KIND)
    assert places(less) == {(2, "Présent")}
    assert "attestation" in str(less.faults[0])


async def test_another_s_course_might_as_well_not_exist(course: Desk) -> None:
    body = csv(";;;awa@exemple.test;1;180", header=SHEET)
    report = await course.run(body, Attendance("association-other", COURSE))
    assert report.recorded == 0
    assert COURSE in report.faults[0].problem


@pytest.mark.parametrize("word", ["oui", "O", "x", "X", "1", "Présent", "présente", "présent·e", "vrai"])
def test_words_for_being_there(word: str) -> None:
    assert values.read_presence(word)


@pytest.mark.parametrize("word", ["non", "N", "0", "absent", "Absente", "excusé", "excusé·e", "faux"])
def test_words_for_not_being_there(word: str) -> None:
    assert not values.read_presence(word)


@pytest.mark.parametrize(("text", "minutes"), [("90", 90), ("3h", 180), ("1 h 30", 90), ("45 min", 45)])
def test_a_length_of_time(text: str, minutes: int) -> None:
    assert values.read_minutes(text) == minutes


def test_what_is_no_length_of_time() -> None:
    with pytest.raises(InvalidValue):
        values.read_minutes("-3")
