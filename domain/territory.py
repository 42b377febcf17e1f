"""The map of the schools: académies, régions académiques, lycées."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from domain.identifiers import InvalidValue, departement_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Academie", "Lycee", "LyceeKind", "Territory", "UnknownPlace", "fold", "kind_of_name"]


class UnknownPlace(InvalidValue):
    """No such académie, région académique or lycée."""


class LyceeKind(StrEnum):
    """What a lycée is, as far as its name tells. Values are what the screens show."""

    PROFESSIONNEL = "professionnel"
    POLYVALENT = "polyvalent"
    AGRICOLE = "agricole"
    SECTION_PROFESSIONNELLE = "section d'enseignement professionnel"
    GENERAL_TECHNOLOGIQUE = "général et technologique"
    EREA = "établissement régional d'enseignement adapté"
    RECTORAT = "rectorat"
    UNKNOWN = "non précisé"


@dataclass(frozen=True, slots=True)
class Academie:
    """``code`` has two digits (``08``); ``zone`` is that of the holidays, where there is one."""

    code: str
    name: str
    region_academique: str
    departments: tuple[str, ...]
    zone: str | None = None

    @property
    def label(self) -> str:
        """« académie de Lyon », « académie d'Aix-Marseille »."""
        return f"académie d'{self.name}" if fold(self.name)[0] in "aeiou" else f"académie de {self.name}"


@dataclass(frozen=True, slots=True)
class Lycee:
    """A school of the Annuaire de l'éducation. ``derived``: its kind was read from its name."""

    uai: str
    name: str
    city: str
    postal_code: str
    department: str
    academie: str
    kind: LyceeKind = LyceeKind.UNKNOWN
    derived: bool = True


@dataclass(frozen=True)
class Territory:
    """Looks places up. Names are compared without accents, case or hyphens."""

    academies: tuple[Academie, ...]
    lycees: Mapping[str, Lycee] = field(hash=False)

    def academie(self, code: str) -> Academie:
        if found := self._by_code.get(code.strip()):
            return found
        raise UnknownPlace(
            code,
            f"Aucune académie ne porte le code « {code.strip()} ».",
            "Choisissez une académie dans la liste.",
        )

    def academie_named(self, name: str) -> Academie:
        """« Clermont-Ferrand », « clermont ferrand », « Académie de Clermont-Ferrand »."""
        if found := self._by_name.get(_place(name)):
            return found
        raise UnknownPlace(
            name,
            f"Aucune académie ne s'appelle « {name.strip()} ».",
            "Choisissez une académie dans la liste.",
        )

    def region_academies(self, region_academique: str) -> tuple[str, ...]:
        """The codes of the académies of a région académique, in order."""
        if found := self._by_region.get(_place(region_academique)):
            return found
        raise UnknownPlace(
            region_academique,
            f"Aucune région académique ne s'appelle « {region_academique.strip()} ».",
            "Choisissez une région académique dans la liste.",
        )

    def lycee(self, uai: str) -> Lycee:
        """The lycée of a canonical UAI, when the list knows it."""
        if found := self.lycees.get(uai):
            return found
        raise UnknownPlace(
            uai,
            f"Le code UAI {uai} ne figure pas dans la liste des lycées.",
            "Vérifiez le code, ou demandez la mise à jour de la liste.",
        )

    def academie_of(self, uai: str) -> Academie:
        """The académie of a canonical UAI, by its département: the list may not know it yet."""
        department = departement_of(uai)
        if found := self._by_department.get(department):
            return found
        raise UnknownPlace(
            uai,
            f"Le département {department} du code UAI {uai} ne relève d'aucune académie.",
            "Vérifiez les trois premiers chiffres du code.",
        )

    @cached_property
    def _by_code(self) -> dict[str, Academie]:
        return {academie.code: academie for academie in self.academies}

    @cached_property
    def _by_name(self) -> dict[str, Academie]:
        return {_place(academie.name): academie for academie in self.academies}

    @cached_property
    def _by_department(self) -> dict[str, Academie]:
        return {number: academie for academie in self.academies for number in academie.departments}

    @cached_property
    def _by_region(self) -> dict[str, tuple[str, ...]]:
        regions: dict[str, tuple[str, ...]] = {}
        for academie in sorted(self.academies, key=lambda each: each.code):
            name = _place(academie.region_academique)
            regions[name] = (*regions.get(name, ()), academie.code)
        return regions


def fold(text: str) -> str:
    """Lower case, no accents, spaces for anything else: to compare names, not to show them."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe"))
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()


def _place(name: str) -> str:
    plain = re.sub(r"^(region )?academi(e|que) ", "", fold(name))
    return re.sub(r"^(de la|de l|de|du|d|la) ", "", plain)


_KINDS: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"^(vice )?rectorat\b", LyceeKind.RECTORAT),
        (r"\berea\b|regional d enseignement adapte", LyceeKind.EREA),
        (
            r"\b((?<!section d enseignement )agricoles?|horticoles?|viticoles?|forestiers?)\b"
            r"|\b(legtp?a|lega|lepa|lpa|eplefpa|mfr)\b|maison familiale",
            LyceeKind.AGRICOLE,
        ),
        (r"\bsegt\b|section d enseignement general", LyceeKind.GENERAL_TECHNOLOGIQUE),
        (r"\bsep\b|section d enseignement prof", LyceeKind.SECTION_PROFESSIONNELLE),
        (
            r"\bpolyvalente?\b|\blpo\b|\b(general|technologique)\b.* et professionnel\b",
            LyceeKind.POLYVALENT,
        ),
        (r"\b(professionnel(le)?s?|prof|lpp?)\b", LyceeKind.PROFESSIONNEL),
        (r"\b(general|technologique|lgt|legt)\b", LyceeKind.GENERAL_TECHNOLOGIQUE),
    )
)


def kind_of_name(name: str) -> LyceeKind:
    """What the name says the lycée is. « Lycée des métiers » is a label: it tells no kind."""
    plain = fold(name)
    return next((kind for pattern, kind in _KINDS if pattern.search(plain)), LyceeKind.UNKNOWN)
