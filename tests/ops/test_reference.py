"""The reference data hold together, and say what the texts say."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta

import pytest

from domain.calendar import PartialDate, SchoolCalendar, school_year
from domain.identifiers import departement_of
from domain.territory import Academie, LyceeKind, UnknownPlace, kind_of_name
from ops import reference

ZONES = {
    "A": {"Besançon", "Bordeaux", "Clermont-Ferrand", "Dijon", "Grenoble", "Limoges", "Lyon",
          "Poitiers"},
    "B": {"Aix-Marseille", "Amiens", "Lille", "Nancy-Metz", "Nantes", "Nice", "Normandie",
          "Orléans-Tours", "Reims", "Rennes", "Strasbourg"},
    "C": {"Créteil", "Montpellier", "Paris", "Toulouse", "Versailles"},
    None: {"Corse", "Guadeloupe", "Guyane", "La Réunion", "Martinique", "Mayotte"},
}  # fmt: skip

# First day off and day of return, as the arrêtés have them.
RETURNS = {
    "A": [
        "2024-10-19 2024-11-04", "2024-12-21 2025-01-06", "2025-02-22 2025-03-10",
        "2025-04-19 2025-05-05", "2025-05-30 2025-06-02", "2025-07-05 2025-09-01",
        "2025-10-18 2025-11-03", "2025-12-20 2026-01-05", "2026-02-07 2026-02-23",
        "2026-04-04 2026-04-20", "2026-05-15 2026-05-18", "2026-07-04 2026-09-01",
        "2026-10-17 2026-11-02", "2026-12-19 2027-01-04", "2027-02-13 2027-03-01",
        "2027-04-10 2027-04-26", "2027-05-07 2027-05-10", "2027-07-03 2027-09-01",
    ],
    "B": [
        "2025-02-08 2025-02-24", "2025-04-05 2025-04-22", "2026-02-14 2026-03-02",
        "2026-04-11 2026-04-27", "2027-02-20 2027-03-08", "2027-04-17 2027-05-03",
    ],
    "C": [
        "2025-02-15 2025-03-03", "2025-04-12 2025-04-28", "2026-02-21 2026-03-09",
        "2026-04-18 2026-05-04", "2027-02-06 2027-02-22", "2027-04-03 2027-04-19",
    ],
}  # fmt: skip


def calendar_of(name: str) -> SchoolCalendar:
    code = reference.territory().academie_named(name).code
    return reference.calendars().for_academie(code)


def holiday_rows() -> list[dict[str, str]]:
    with (reference.FOLDER / "school_holidays.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_thirty_academies_in_eighteen_regions() -> None:
    academies = reference.academies()
    assert len({academie.code for academie in academies}) == 30
    assert len({academie.region_academique for academie in academies}) == 18


def test_every_departement_has_one_academie() -> None:
    departments = Counter(number for academie in reference.academies() for number in academie.departments)
    assert set(departments.values()) == {1}
    assert len(departments) == 101


def test_the_zones_are_those_of_2016() -> None:
    zones: dict[str | None, set[str]] = {}
    for academie in reference.academies():
        zones.setdefault(academie.zone, set()).add(academie.name)
    assert zones == ZONES


@pytest.mark.parametrize("academie", reference.academies(), ids=lambda academie: academie.name)
def test_an_academie_is_found_by_code_and_by_name_however_written(
    academie: Academie,
) -> None:
    territory = reference.territory()
    assert territory.academie(academie.code) is academie
    written = [
        academie.name,
        academie.name.upper(),
        academie.name.replace("-", " "),
        f"Académie de {academie.name}",
    ]
    assert {territory.academie_named(name).code for name in written} == {academie.code}


@pytest.mark.parametrize("name", ["academie d'aix-marseille", "Reunion", "  creteil ", "ORLEANS TOURS"])
def test_accents_and_articles_do_not_matter(name: str) -> None:
    assert reference.territory().academie_named(name)


def test_a_region_academique_tells_its_academies() -> None:
    assert reference.region_academies("Auvergne-Rhône-Alpes") == ("06", "08", "10")
    assert reference.region_academies("auvergne rhone alpes") == ("06", "08", "10")
    assert reference.region_academies("Région académique Île-de-France") == ("01", "24", "25")


def test_unknown_places_are_said_to_be_unknown() -> None:
    territory = reference.territory()
    for look, value in [
        (territory.academie, "99"),
        (territory.academie_named, "Atlantide"),
        (territory.region_academies, "Atlantide"),
        (territory.lycee, "0010002X"),
        (territory.academie_of, "0990001X"),
    ]:
        with pytest.raises(UnknownPlace) as refusal:
            look(value)
        assert refusal.value.value == value


def test_the_5059_lycees_lie_in_the_academie_of_their_departement() -> None:
    territory = reference.territory()
    assert len(territory.lycees) == 5059
    for uai, lycee in territory.lycees.items():
        assert lycee.uai == uai
        assert lycee.department == departement_of(uai)
        assert territory.academie_of(uai).code == lycee.academie
        assert lycee.derived


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("LYCÉE PROFESSIONNEL ALEXANDRE BÉRARD", LyceeKind.PROFESSIONNEL),
        ("LP FRANÇOIS TRUFFAUT", LyceeKind.PROFESSIONNEL),
        ("LYCÉE POLYVALENT SAINT-EXUPÉRY", LyceeKind.POLYVALENT),
        ("LPO LYCÉE DES MÉTIERS COLBERT", LyceeKind.POLYVALENT),
        ("LYCÉE GÉNÉRAL, TECHNOLOGIQUE ET PROFESSIONNEL DU NORD", LyceeKind.POLYVALENT),
        ("LYCÉE PROFESSIONNEL AGRICOLE DU PAYS DE BRAY", LyceeKind.AGRICOLE),
        ("LEGTA CHARLEMAGNE", LyceeKind.AGRICOLE),
        ("LYCÉE PROFESSIONNEL JEAN MOULIN AVEC SECTION D'ENSEIGNEMENT AGRICOLE",
         LyceeKind.PROFESSIONNEL),
        ("SEP DU LYCÉE GEORGES BRASSENS", LyceeKind.SECTION_PROFESSIONNELLE),
        ("SECTION D'ENSEIGNEMENT PROFESSIONNEL DU LYCÉE POLYVALENT AIGUERANDE",
         LyceeKind.SECTION_PROFESSIONNELLE),
        ("SECTION D'ENSEIGNEMENT GÉNÉRAL ET TECHNOLOGIQUE DU LP GUSTAVE EIFFEL",
         LyceeKind.GENERAL_TECHNOLOGIQUE),
        ("LYCÉE GÉNÉRAL ET TECHNOLOGIQUE STÉPHANE HESSEL", LyceeKind.GENERAL_TECHNOLOGIQUE),
        ("EREA SAINT-QUENTIN", LyceeKind.EREA),
        ("RECTORAT DE L'ACADÉMIE DE NICE", LyceeKind.RECTORAT),
        ("VICE-RECTORAT DE MAYOTTE", LyceeKind.RECTORAT),
        ("LYCÉE DES MÉTIERS", LyceeKind.UNKNOWN),
        ("LYCÉE LALANDE", LyceeKind.UNKNOWN),
    ],
)  # fmt: skip
def test_the_kind_of_a_lycee_is_what_its_name_says(name: str, kind: LyceeKind) -> None:
    assert kind_of_name(name) is kind


def test_the_list_holds_vocational_schools_by_the_hundred_and_31_rectorats() -> None:
    kinds = Counter(lycee.kind for lycee in reference.lycees().values())
    assert kinds[LyceeKind.RECTORAT] == 31
    assert kinds[LyceeKind.PROFESSIONNEL] > 1000
    assert kinds[LyceeKind.SECTION_PROFESSIONNELLE] > 400
    assert kinds[LyceeKind.AGRICOLE] > 250


@pytest.mark.parametrize("zone", RETURNS)
def test_the_holidays_are_those_of_the_arretes(zone: str) -> None:
    for academie in reference.academies():
        if academie.zone != zone:
            continue
        calendar = reference.calendars().for_academie(academie.code)
        spans = {f"{pause.first} {pause.last + timedelta(days=1)}" for pause in calendar.breaks}
        assert set(RETURNS[zone]) <= spans
        assert len(spans) == 19


@pytest.mark.parametrize("academie", reference.academies(), ids=lambda academie: academie.name)
def test_every_academie_has_a_calendar(academie: Academie) -> None:
    calendar = reference.calendars().for_academie(academie.code)
    assert calendar.academie == academie.code
    assert not calendar.is_school_day(date(2025, 12, 25))
    assert calendar.covers(date(2026, 12, 1)) == (academie.zone is not None or academie.name == "La Réunion")


@pytest.mark.parametrize("zone", ["Lyon", "Lille", "Paris"])
def test_a_school_year_of_the_zones_has_170_to_185_school_days(zone: str) -> None:
    calendar = calendar_of(zone)
    for first in (2024, 2025, 2026):
        days = calendar.school_days_between(date(first, 8, 31), date(first + 1, 8, 31))
        assert 170 <= days <= 185, (zone, first, days)


def test_pupils_return_on_the_first_school_day_of_the_year() -> None:
    grenoble = calendar_of("Grenoble")
    assert grenoble.add_school_days(date(2025, 7, 14), 1) == date(2025, 9, 1)
    assert calendar_of("Corse").add_school_days(date(2025, 7, 14), 1) == date(2025, 9, 2)
    assert calendar_of("La Réunion").add_school_days(date(2026, 7, 14), 1) == date(2026, 8, 18)


def test_overseas_calendars_follow_their_own_seasons() -> None:
    reunion = calendar_of("La Réunion")
    assert not reunion.is_school_day(date(2027, 1, 20)), "southern summer"
    assert calendar_of("Grenoble").is_school_day(date(2027, 1, 20))
    assert reunion.known_until == date(2027, 5, 18)
    assert not calendar_of("Martinique").is_school_day(date(2026, 5, 22)), "abolition"
    assert calendar_of("Guyane").version == "weekdays"


def test_without_an_academie_only_weekends_and_public_holidays_count() -> None:
    nowhere = reference.calendars().for_academie("")
    assert nowhere.is_school_day(date(2025, 12, 24))
    assert not nowhere.covers(date(2025, 12, 24))


def test_a_code_that_is_no_academie_s_is_a_bug() -> None:
    with pytest.raises(KeyError):
        reference.calendars().for_academie("99")


def test_one_version_names_one_set_of_dates() -> None:
    versions: dict[str, set[object]] = {}
    for academie in reference.academies():
        calendar = reference.calendars().for_academie(academie.code)
        versions.setdefault(calendar.version, set()).add(calendar.breaks)
    assert all(len(breaks) == 1 for breaks in versions.values())
    assert len(versions) == 8


def test_every_line_of_the_holidays_names_its_year_its_place_and_its_source() -> None:
    places = {"A", "B", "C"} | {academie.name for academie in reference.academies()}
    for row in holiday_rows():
        assert row["zone_or_academie"] in places
        assert row["label"]
        assert row["source"]
        assert school_year(date.fromisoformat(row["first_day_off"])) == row["school_year"]


def test_the_announced_conventions_name_known_academies_and_readable_dates() -> None:
    path = reference.FOLDER / "conventions_aura_2025.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    for row in rows:
        assert PartialDate.parse(row["announced_for"]).precision == row["date_precision"]
        assert not row["academie"] or reference.territory().academie_named(row["academie"])
