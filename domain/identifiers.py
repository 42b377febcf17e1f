"""The identifiers the State gives to schools, associations, companies, trades and diplomas.

Each ``parse_*`` takes what a person typed or pasted and answers the canonical string, or raises
``InvalidIdentifier``. Spaces, dots, hyphens and lower case are forgiven: they change no number.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "InvalidIdentifier",
    "InvalidValue",
    "departement_of",
    "parse_naf",
    "parse_rna",
    "parse_rncp",
    "parse_rome",
    "parse_siren",
    "parse_siret",
    "parse_uai",
    "uai_key",
]

_SEPARATORS: Final = re.compile(r"[\s.\-\u2010\u2011\u200b\ufeff]")
_UAI_KEYS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
_CORSE: Final = {"620": "2A", "720": "2B"}
_LA_POSTE: Final = "356000000"
_LA_POSTE_SEAT: Final = "35600000000048"


class InvalidValue(ValueError):
    """What a person entered cannot be read: ``problem`` and ``remedy`` are French sentences."""

    def __init__(self, value: str, problem: str, remedy: str) -> None:
        super().__init__(value, problem, remedy)
        self.value = value
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}"


class InvalidIdentifier(InvalidValue):
    """The text is not an identifier of the kind asked for."""


def uai_key(number: str) -> str:
    """The key letter of the seven digits of a UAI (I, O and Q are never used)."""
    return _UAI_KEYS[int(number) % len(_UAI_KEYS)]


def parse_uai(text: str) -> str:
    """The UAI of a school, ``0010001W``: seven digits and their key letter."""
    uai = _compact(text)
    if not re.fullmatch(r"[0-9]{7}[A-Z]", uai):
        raise InvalidIdentifier(
            text,
            _said(text, uai, "n'a pas la forme d'un code UAI"),
            "Un code UAI compte sept chiffres suivis d'une lettre, par exemple 0010001W.",
        )
    number, key = uai[:7], uai_key(uai[:7])
    if uai[7] != key:
        raise InvalidIdentifier(
            text,
            f"La lettre {uai[7]} ne correspond pas au numéro {number}.",
            f"La lettre de contrôle attendue pour {number} est {key} : vérifiez le numéro.",
        )
    return uai


def departement_of(uai: str) -> str:
    """The département of a canonical UAI: ``01``, ``2A``, ``2B``, ``971``…

    Corse has prefixes of its own, 620 and 720; overseas, the three digits are the number.
    """
    prefix = uai[:3]
    if prefix.startswith(("97", "98")):
        return prefix
    return _CORSE.get(prefix, prefix[1:])


def parse_rna(text: str) -> str:
    """The number of an association in the register (``W9R1011072`` is real, letter included)."""
    rna = _compact(text)
    if not re.fullmatch(r"W[0-9][0-9A-Z][0-9]{7}", rna):
        raise InvalidIdentifier(
            text,
            _said(text, rna, "n'a pas la forme d'un numéro RNA"),
            "Un numéro RNA commence par W suivi de neuf caractères, par exemple W691234567 ; "
            "les associations d'Alsace-Moselle n'en ont pas.",
        )
    return rna


def parse_siren(text: str) -> str:
    """The nine digits of an organisation. The last is a Luhn key."""
    siren = _digits(text, "SIREN", 9)
    if not _luhn(siren):
        raise _wrong_key(text, "SIREN", siren)
    return siren


def parse_siret(text: str) -> str:
    """The fourteen digits of a site: the SIREN, then five of which the last is a Luhn key.

    The sites of La Poste, too many for the key, add up to a multiple of five instead; its seat
    alone follows the rule.
    """
    siret = _digits(text, "SIRET", 14)
    by_the_sum = siret.startswith(_LA_POSTE) and siret != _LA_POSTE_SEAT
    valid = sum(map(int, siret)) % 5 == 0 if by_the_sum else _luhn(siret)
    if not (valid and _luhn(siret[:9])):
        raise _wrong_key(text, "SIRET", siret)
    return siret


def parse_rome(text: str) -> str:
    """A trade of the ROME, ``K2104``."""
    rome = _compact(text)
    if not re.fullmatch(r"[A-N][0-9]{4}", rome):
        raise InvalidIdentifier(
            text,
            _said(text, rome, "n'a pas la forme d'un code ROME"),
            "Un code ROME compte une lettre de A à N suivie de quatre chiffres, par exemple K2104.",
        )
    return rome


def parse_naf(text: str) -> str:
    """A sector of the NAF, written ``62.01Z``."""
    naf = _compact(text)
    if not re.fullmatch(r"[0-9]{4}[A-Z]", naf):
        raise InvalidIdentifier(
            text,
            _said(text, naf, "n'a pas la forme d'un code NAF"),
            "Un code NAF compte quatre chiffres suivis d'une lettre, par exemple 62.01Z.",
        )
    return f"{naf[:2]}.{naf[2:]}"


def parse_rncp(text: str) -> str:
    """A diploma's sheet in the RNCP, written ``RNCP37123``; the letters may be left out."""
    match = re.fullmatch(r"(?:RNCP)?([0-9]{2,5})", _compact(text))
    if match is None or not int(match[1]):
        raise InvalidIdentifier(
            text,
            _said(text, _compact(text), "n'a pas la forme d'un code RNCP"),
            "Un code RNCP compte deux à cinq chiffres, par exemple RNCP37123.",
        )
    return f"RNCP{int(match[1])}"


def _compact(text: str) -> str:
    return _SEPARATORS.sub("", text).upper()


def _said(text: str, compact: str, otherwise: str) -> str:
    return f"« {text.strip()} » {otherwise}." if compact else "Le code est vide."


def _digits(text: str, kind: str, length: int) -> str:
    number = _compact(text)
    if re.fullmatch(f"[0-9]{{{length}}}", number):
        return number
    remedy = f"Un numéro {kind} compte {length} chiffres."
    if kind == "SIREN" and re.fullmatch(r"[0-9]{14}", number):
        remedy = "Ces quatorze chiffres forment un SIRET : le SIREN en est les neuf premiers."
    elif kind == "SIRET" and re.fullmatch(r"[0-9]{9}", number):
        remedy = "Ces neuf chiffres forment un SIREN : ajoutez les cinq chiffres de l'établissement."
    raise InvalidIdentifier(text, _said(text, number, f"n'a pas la forme d'un numéro {kind}"), remedy)


def _wrong_key(text: str, kind: str, number: str) -> InvalidIdentifier:
    return InvalidIdentifier(
        text,
        f"La clé de contrôle du numéro {kind} {number} est fausse.",
        "Un chiffre a sans doute été mal saisi : comparez avec l'avis de situation de l'Insee.",
    )


def _luhn(number: str) -> bool:
    """Every second digit from the right is doubled, its own digits added: the sum ends in zero."""
    doubled = "".join(str(int(digit) * (1 + place % 2)) for place, digit in enumerate(reversed(number)))
    return sum(map(int, doubled)) % 10 == 0
