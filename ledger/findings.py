"""What an inspection of the store finds: where, what, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

MOST: Final = 10_000
"""Findings that are kept: a store this damaged needs no longer list."""


class Kind(StrEnum):
    """What is wrong."""

    ALTERED = "altered"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    REPEATED = "repeated"
    VERSION = "version"
    IDENTIFIER = "identifier"
    TIME = "time"
    TREE = "tree"
    REWRITTEN = "rewritten"
    UNPROVEN = "unproven"
    UNDECLARED = "undeclared"
    HIDDEN = "hidden"
    CLAIMS = "claims"
    MORE = "more"


_SENTENCES: Final = {
    Kind.ALTERED: "L'événement et son empreinte ne vont plus ensemble : l'un des deux a été modifié",
    Kind.UNREADABLE: "Une colonne qui n'est jamais vide est vide",
    Kind.MISSING: "Des événements manquent",
    Kind.REPEATED: "Un événement est à une place qui est déjà prise, ou qui n'existe pas",
    Kind.VERSION: "La version ne suit pas la précédente du même dossier",
    Kind.IDENTIFIER: "L'identifiant est celui d'un événement antérieur",
    Kind.TIME: "Un instant est impossible : écrit avant le précédent, ou avant d'être vrai",
    Kind.TREE: "Ce qui est gardé de l'arbre de scellement ne correspond pas aux événements",
    Kind.REWRITTEN: "Le registre n'est plus celui qui a été signé : un événement au moins a été réécrit",
    Kind.UNPROVEN: "Plus rien ne peut être comparé aux points de contrôle publiés",
    Kind.UNDECLARED: "Les points de contrôle ne forment pas une suite complète",
    Kind.HIDDEN: "Une table peut ne pas montrer les mêmes lignes à qui inspecte et à l'API",
    Kind.CLAIMS: "ledger.claims ne dit pas ce que tiennent les dossiers (`mentorat rebuild --claims`)",
    Kind.MORE: "D'autres anomalies ne sont pas énumérées",
}


@dataclass(frozen=True)
class Finding:
    """Something wrong at the positions ``first`` to ``last``, both included."""

    kind: Kind
    first: int
    last: int
    detail: str = ""

    @property
    def sentence(self) -> str:
        """In French; names nobody."""
        place = (
            f"Position {self.first}" if self.first == self.last else f"Positions {self.first} à {self.last}"
        )
        detail = f" ({self.detail})" if self.detail else ""
        return f"{place} : {_SENTENCES[self.kind]}{detail}."

    def __str__(self) -> str:
        return self.sentence


@dataclass
class Findings:
    """A list in which neighbours of a kind are one."""

    _found: dict[tuple[Kind, str], list[Finding]] = field(default_factory=dict)
    _count: int = 0
    _beyond: Finding | None = None

    def add(self, kind: Kind, first: int, last: int | None = None, detail: str = "") -> None:
        finding = Finding(kind, first, first if last is None else last, detail)
        alike = self._found.setdefault((kind, detail), [])
        if alike and alike[-1].first <= finding.first <= alike[-1].last + 1:
            alike[-1] = replace(alike[-1], last=max(alike[-1].last, finding.last))
        elif self._count < MOST:
            self._count += 1
            alike.append(finding)
        else:
            start = self._beyond.first if self._beyond else finding.first
            self._beyond = Finding(Kind.MORE, min(start, finding.first), finding.last)

    def all(self) -> list[Finding]:
        """In the order of the store."""
        return sorted(self._every(), key=lambda one: (one.first, one.last, one.kind))

    def _every(self) -> Iterator[Finding]:
        for alike in self._found.values():
            yield from alike
        if self._beyond:
            yield self._beyond
