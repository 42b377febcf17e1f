"""What is measured, against what, and how far one wants to get: the rows of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final


@dataclass(frozen=True)
class Reach:
    """A threshold. ``unit`` follows the number (« × », « ms », « ko »)."""

    bound: float
    at_least: bool
    unit: str = "×"

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {number(self.bound)} {self.unit}"


@dataclass(frozen=True)
class Row:
    """One line of the table, filled by ``measure``. Without ``reach`` it is only informative."""

    measure: str
    name: str
    what: str
    baseline: str
    reach: Reach | None


@dataclass(frozen=True)
class Spread:
    """A median with its smallest and largest round."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Figure:
    """What a row came to. ``said``: the medians behind it; ``spent``: where the time went, as measured;
    ``limit``: what held it back, told only when the threshold is not reached.
    """

    name: str
    value: Spread
    said: str
    spent: str = ""
    limit: str = ""


@dataclass(frozen=True)
class Unmeasured:
    """A row that could not be measured, and why (French)."""

    name: str
    why: str


Result = Figure | Unmeasured


def ratio(over: Sequence[float], under: Sequence[float]) -> Spread:
    """The ratio of the medians; smallest and largest are those of single rounds."""
    rounds = [a / b for a, b in zip(over, under, strict=True)]
    return Spread(median(over) / median(under), min(rounds), max(rounds))


def spread(values: Sequence[float]) -> Spread:
    return Spread(median(values), min(values), max(values))


def number(value: float) -> str:
    """Three significant digits, a decimal comma, thin thousands."""
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u202f")
    digits = 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}".rstrip("0").rstrip(".").replace(".", ",") or "0"


_RAW: Final = "`INSERT` validé des mêmes octets par psycopg (un aller-retour, autocommit)"
_EXPLICIT: Final = "le même, en `BEGIN`, `INSERT`, `COMMIT`"
_ROUTE: Final = "route FastAPI nue, un `INSERT` + `COMMIT`, groupe de 8 connexions"

ROWS: Final = (
    Row(
        "append",
        "append-64",
        "ajout chiffré et scellé, commandes d'un événement, 64 appelants",
        f"{_RAW}, 8 connexions",
        Reach(1.5, at_least=True),
    ),
    Row("append", "append-1", "le même, un seul appelant", f"{_RAW}, 1 connexion", Reach(0.6, at_least=True)),
    Row("append", "append-64-explicit", "ajout, 64 appelants", f"{_EXPLICIT}, 8 connexions", None),
    Row("append", "append-1-explicit", "ajout, un seul appelant", f"{_EXPLICIT}, 1 connexion", None),
    Row(
        "append", "append-library", "le recorder d'eventsourcing 9.5.6, 8 fils", f"{_RAW}, 8 connexions", None
    ),
    Row(
        "commands",
        "http-create",
        "commande HTTP de création (ouvrir une convention), 64 connexions",
        _ROUTE,
        Reach(0.6, at_least=True),
    ),
    Row(
        "commands",
        "http-transition",
        "commande HTTP de transition (soumettre une convention), 64 connexions",
        _ROUTE,
        Reach(0.6, at_least=True),
    ),
    Row(
        "commands",
        "http-personal",
        "commande HTTP à donnée personnelle (désigner un signataire), 64 connexions",
        _ROUTE,
        Reach(0.6, at_least=True),
    ),
    Row(
        "status",
        "http-status",
        "lecture HTTP de l'état d'une convention, 64 connexions",
        "route FastAPI nue, un `SELECT` par clé primaire",
        Reach(0.8, at_least=True),
    ),
    Row(
        "catch-up",
        "catch-up",
        "rattrapage de toutes les vues, événements/s",
        "`ProjectionRunner` d'eventsourcing sur une seule vue",
        Reach(20, at_least=True),
    ),
    Row(
        "catch-up",
        "rebuild",
        "reconstruction de toutes les vues, événements/s",
        "`ProjectionRunner` d'eventsourcing sur une seule vue",
        Reach(20, at_least=True),
    ),
    Row(
        "visible",
        "visible",
        "de la commande à sa lecture (`min_position`), par HTTP, médiane",
        "`save()` puis `runner.wait()` d'eventsourcing",
        Reach(10, at_least=False, unit="ms"),
    ),
    Row(
        "proof",
        "proof-time",
        "preuve d'inclusion parmi 10 millions de feuilles, durée",
        "–",
        Reach(5, at_least=False, unit="ms"),
    ),
    Row(
        "proof",
        "proof-size",
        "preuve d'inclusion parmi 10 millions de feuilles, taille",
        "–",
        Reach(2, at_least=False, unit="ko"),
    ),
    Row(
        "check",
        "check",
        "vérification complète du sceau d'un registre (réservations non comprises), durée",
        "lecture du même registre par `COPY`",
        Reach(5, at_least=False),
    ),
    Row(
        "growth",
        "growth-append",
        "commande sur un registre de 5 millions d'événements, durée",
        "la même sur 10 000 événements",
        Reach(1.2, at_least=False),
    ),
    Row(
        "growth",
        "growth-status",
        "lecture HTTP de l'état avec 5 millions d'événements, durée",
        "la même avec 10 000 événements",
        Reach(1.2, at_least=False),
    ),
    Row(
        "onboarding",
        "onboarding-memory",
        "10 000 mentors en parcours à la fois, mémoire du worker et du serveur Temporal ensemble",
        "–",
        Reach(1_600, at_least=False, unit="Mo"),
    ),
    Row(
        "onboarding",
        "onboarding-rebuild",
        "10 000 processus, de la perte de la base de Temporal au dernier revenu en attente",
        "–",
        Reach(240, at_least=False, unit="s"),
    ),
    Row(
        "onboarding",
        "onboarding-horizon",
        "avec un horizon de 7 jours, processus ouverts",
        "mentors dont une échéance tombe dans les 7 jours",
        Reach(1, at_least=False),
    ),
    Row(
        "import",
        "import-csv",
        "import de 10 000 mentors, fichier CSV, de l'envoi à la fin",
        "–",
        Reach(60, at_least=False, unit="s"),
    ),
    Row(
        "import",
        "import-xlsx",
        "import de 10 000 mentors, classeur XLSX, de l'envoi à la fin",
        "–",
        Reach(60, at_least=False, unit="s"),
    ),
)
