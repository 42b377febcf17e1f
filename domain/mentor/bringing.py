"""What somebody brings has the form that it should have: codes of lists, places, not too many words."""

from __future__ import annotations

import re
from typing import Final

from domain.families import FAMILIES
from domain.identifiers import parse_naf, parse_rome
from domain.kernel import Refused
from domain.mentor import guards
from domain.mentor.parts import Occupation, Profile

_COMMUNE: Final = re.compile(r"[0-9]{5}|2[AB][0-9]{3}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_MOST_PLACES: Final = 50
_MOST_CODES: Final = 100


def checked(told: Profile) -> Profile:
    """The same. Raises ``Refused`` for what does not read, and for a company of one's own."""
    guards.identifier(told.rome, parse_rome, "un code ROME comme K2104")
    guards.identifier(told.naf, parse_naf, "un code NAF comme 62.01Z")
    _employer(told)
    if any(family not in FAMILIES for family in told.families):
        raise Refused(
            "family_unknown",
            "Au moins une de ces familles de métiers n'est pas dans la liste.",
            (f"l'une de : {', '.join(FAMILIES)}",),
        )
    _codes("commune_unreadable", told.communes, _COMMUNE, "un code de commune de l'Insee, comme 69123")
    _codes("language_unreadable", told.languages, _LANGUAGE, "un code de langue, comme fr ou ar")
    if any(count is not None and not 0 <= count <= _MOST_PLACES for count in (told.mentees, told.classes)):
        raise Refused(
            "capacity_unlikely",
            f"Une capacité d'accueil va de 0 à {_MOST_PLACES}.",
            ("profile.mentees et profile.classes",),
        )
    if told.availability is not None and len(told.availability) > guards.LONGEST_TEXT:
        raise guards.too_long("profile.availability")
    return told


def _employer(told: Profile) -> None:
    """A company is read by others than the mentor's own association."""
    if told.company_id and told.status is Occupation.SELF_EMPLOYED:
        raise Refused(
            "company_own",
            "L'entreprise d'un·e indépendant·e peut porter son nom, et se lirait d'autres : elle ne "
            "s'enregistre pas.",
            ("laissez l'entreprise vide (profile.company_id)",),
        )


def _codes(code: str, codes: tuple[str, ...], form: re.Pattern[str], wanted: str) -> None:
    if len(codes) > _MOST_CODES or not all(form.fullmatch(one) for one in codes):
        raise Refused(code, "Un code de cette liste ne se lit pas, ou il y en a trop.", (wanted,))
