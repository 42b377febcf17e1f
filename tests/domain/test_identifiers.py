"""What people type, and what the State calls things."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.fr import siren, siret

from domain.identifiers import (
    InvalidIdentifier,
    InvalidValue,
    departement_of,
    parse_naf,
    parse_rna,
    parse_rncp,
    parse_rome,
    parse_siren,
    parse_siret,
    parse_uai,
    uai_key,
)

LYCEES = Path(__file__).parents[2] / "reference" / "lycees.csv"
PARSERS = [parse_uai, parse_rna, parse_siren, parse_siret, parse_rome, parse_naf, parse_rncp]


def real_lycees() -> list[dict[str, str]]:
    with LYCEES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_5059_real_uai_are_all_valid_and_tell_their_departement() -> None:
    rows = real_lycees()
    assert len({row["uai"] for row in rows}) == 5059
    for row in rows:
        assert parse_uai(row["uai"]) == row["uai"]
        assert departement_of(row["uai"]) == row["department"]


def test_a_wrong_key_is_refused_for_every_real_uai() -> None:
    for row in real_lycees():
        number, key = row["uai"][:7], row["uai"][7]
        wrong = "B" if key == "A" else "A"
        with pytest.raises(InvalidIdentifier) as refusal:
            parse_uai(number + wrong)
        assert f"attendue pour {number} est {key}" in refusal.value.remedy


@given(st.integers(0, 9_999_999), st.integers(0, 6), st.integers(1, 9))
def test_one_digit_mistyped_always_changes_the_key_of_a_uai(number: int, place: int, shift: int) -> None:
    digits = f"{number:07}"
    mistyped = digits[:place] + str((int(digits[place]) + shift) % 10) + digits[place + 1 :]
    assert uai_key(mistyped) != uai_key(digits)


def test_a_refused_uai_says_what_is_wrong_and_what_to_do() -> None:
    with pytest.raises(InvalidIdentifier) as refusal:
        parse_uai("0010001A")
    assert refusal.value.value == "0010001A"
    assert refusal.value.problem == "La lettre A ne correspond pas au numéro 0010001."
    assert refusal.value.remedy == ("La lettre de contrôle attendue pour 0010001 est W : vérifiez le numéro.")
    assert str(refusal.value) == f"{refusal.value.problem} {refusal.value.remedy}"
    assert isinstance(refusal.value, InvalidValue)


@pytest.mark.parametrize(
    ("uai", "departement"),
    [
        ("0010001W", "01"),
        ("0692800X", "69"),
        ("6200001G", "2A"),
        ("7200009X", "2B"),
        ("9710001X", "971"),
        ("9740001X", "974"),
        ("9760001X", "976"),
        ("9840001X", "984"),
    ],
)
def test_the_first_three_digits_tell_the_departement(uai: str, departement: str) -> None:
    assert departement_of(uai) == departement


@pytest.mark.parametrize(
    ("parse", "typed", "canonical"),
    [
        (parse_uai, " 001 0001 w ", "0010001W"),
        (parse_uai, "0010001-W", "0010001W"),
        (parse_rna, "w691234567", "W691234567"),
        (parse_rna, "W9R 1011072", "W9R1011072"),
        (parse_siren, "356 000 000", "356000000"),
        (parse_siren, "732.829.320", "732829320"),
        (parse_siret, "732 829 320 00074", "73282932000074"),
        (parse_siret, "732\u202f829\u202f320\u00a000074", "73282932000074"),
        (parse_rome, "k2104", "K2104"),
        (parse_naf, "6201z", "62.01Z"),
        (parse_naf, "62.01 Z", "62.01Z"),
        (parse_rncp, "37123", "RNCP37123"),
        (parse_rncp, "rncp 37123", "RNCP37123"),
        (parse_rncp, "RNCP00834", "RNCP834"),
    ],
)
def test_spaces_dots_and_lower_case_are_forgiven(
    parse: Callable[[str], str], typed: str, canonical: str
) -> None:
    assert parse(typed) == canonical
    assert parse(canonical) == canonical


@pytest.mark.parametrize(
    ("parse", "typed"),
    [
        (parse_uai, "0010001"),
        (parse_uai, "W0010001"),
        (parse_uai, "٠٠١٠٠٠١W"),
        (parse_rna, "X691234567"),
        (parse_rna, "W69123456"),
        (parse_rna, "WAB1234567"),
        (parse_siren, "35600000"),
        (parse_siren, "356000001"),
        (parse_siret, "73282932000075"),
        (parse_rome, "P2104"),
        (parse_rome, "K210"),
        (parse_naf, "62.01"),
        (parse_naf, "A201Z"),
        (parse_rncp, "RNCP"),
        (parse_rncp, "123456"),
        (parse_rncp, "00"),
    ],
)
def test_what_has_not_the_form_or_the_key_is_refused(parse: Callable[[str], str], typed: str) -> None:
    with pytest.raises(InvalidIdentifier) as refusal:
        parse(typed)
    assert refusal.value.problem.endswith(".")
    assert refusal.value.remedy.endswith(".")


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("typed", ["", "   ", "."])
def test_nothing_at_all_is_said_to_be_empty(parse: Callable[[str], str], typed: str) -> None:
    with pytest.raises(InvalidIdentifier, match="vide"):
        parse(typed)


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.text())
def test_any_text_is_read_or_refused_and_what_is_read_is_canonical(
    parse: Callable[[str], str], text: str
) -> None:
    try:
        canonical = parse(text)
    except InvalidIdentifier:
        return
    assert parse(canonical) == canonical


def test_a_siret_given_for_a_siren_is_recognised_and_the_reverse() -> None:
    with pytest.raises(InvalidIdentifier, match="forment un SIRET"):
        parse_siren("732 829 320 00074")
    with pytest.raises(InvalidIdentifier, match="forment un SIREN"):
        parse_siret("732 829 320")


def accepted(parse: Callable[[str], str], number: str) -> bool:
    try:
        return parse(number) == number
    except InvalidIdentifier:
        return False


def test_siren_and_siret_agree_with_python_stdnum_on_thousands_of_numbers() -> None:
    draw = random.Random(20251205)
    for _ in range(5000):
        nine, five = f"{draw.randrange(10**9):09}", f"{draw.randrange(10**5):05}"
        right = nine[:8] + luhn.calc_check_digit(nine[:8])
        site = right + five[:4]
        for number in (nine, right):
            assert accepted(parse_siren, number) == siren.is_valid(number), number
        for number in (nine + five, right + five, site + luhn.calc_check_digit(site)):
            assert accepted(parse_siret, number) == siret.is_valid(number), number


def test_the_sites_of_la_poste_follow_their_own_rule() -> None:
    draw = random.Random(356)
    numbers = [f"356000000{draw.randrange(10**5):05}" for _ in range(5000)]
    assert [accepted(parse_siret, number) for number in numbers] == [
        siret.is_valid(number) for number in numbers
    ]
    assert any(siret.is_valid(number) and not luhn.is_valid(number) for number in numbers)
    assert parse_siret("356 000 000 00048") == "35600000000048"
