"""What a mentor's operator must be: for a candidacy to be taken, a clearance given, a binôme begun.

It is another record's to say, and is asked of it each time: a mentor's own status does not change when the
operator is interrupted, so that lifting the suspension undoes it in whatever order (ADR 0017).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Final

from domain.association.ending import OVER
from domain.association.entitlements import missing_entitlements
from domain.association.parts import STATUS_LABELS, Status
from domain.calendar import french_date
from domain.kernel import Refused
from domain.mentor.clearance import CLEARANCE, Lack
from domain.mentor.parts import STANDING

if TYPE_CHECKING:
    from domain.association.model import Association
    from domain.convention.model import Convention
    from domain.programme.rules import Rules

SUSPENDED: Final = "L'association est suspendue."
LIFTED: Final = "la levée de la suspension de l'association, par l'académie"


def operator_lacks(
    association: Association | None,
    conventions: Collection[Convention],
    rules: Rules,
    scheme: str,
    academies: Collection[str],
    day: date,
) -> tuple[Lack, ...]:
    """Every guard of the operator's that fails on ``day``; its status is today's, since the day of its
    admission. ``conventions``: those that may make it conventionnée. Of one that is not known, only that it
    is not admitted."""
    if association is None:
        return (_NOT_ADMITTED,)
    return tuple(_lacks(association, conventions, rules, scheme, academies, day))


def blocking(status: str, operator: tuple[Lack, ...]) -> tuple[str, ...]:
    """What of it keeps a mentor of that status from a new binôme: keys of ``BLOCK_LABELS``. Whoever is not
    cleared yet is kept from one by that alone."""
    return tuple(code for code, _, _ in operator) if status in STANDING else ()


def clearing(kind: str, missing: Iterable[str], operator: tuple[Lack, ...]) -> tuple[str, ...]:
    """What a deadline of that kind misses: a clearance also what the operator lacks."""
    lacking = [word for _, _, words in operator for word in words] if kind == CLEARANCE else []
    return (*missing, *lacking)


def takes_candidacies(association: Association) -> None:
    """Raises ``Refused`` for an operator that is suspended, or out of the scheme."""
    in_the_scheme(association, "elle ne reçoit plus de candidature")
    if association.suspensions:
        raise Refused("operator_suspended", SUSPENDED, (LIFTED,))


def in_the_scheme(association: Association, consequence: str) -> None:
    """Raises ``Refused`` for an operator that left, was refused, lapsed or was erased. ``consequence``: what
    that keeps it from, in French."""
    if association.status in OVER:
        raise Refused(
            "operator_closed",
            f"L'association est « {STATUS_LABELS[Status(association.status)]} » : {consequence}.",
            ("une nouvelle admission de l'association, ouverte par l'académie",),
        )


def _lacks(
    association: Association,
    conventions: Collection[Convention],
    rules: Rules,
    scheme: str,
    academies: Collection[str],
    day: date,
) -> Iterator[Lack]:
    if association.status == Status.SUSPENDED:
        yield "operator_suspended", SUSPENDED, (LIFTED,)
    elif association.status != Status.ADMITTED:
        yield _NOT_ADMITTED
    elif association.admitted_on and day < association.admitted_on:
        yield (
            "operator_not_admitted",
            f"L'association n'était pas référencée le {french_date(day)}.",
            (f"une date à partir de son référencement ({french_date(association.admitted_on)})",),
        )
    if not association.insured(day):
        yield (
            "operator_uninsured",
            f"L'assurance de l'association ne couvre pas le {french_date(day)}.",
            (f"une attestation d'assurance de l'association, acceptée, qui couvre le {french_date(day)}",),
        )
    if missing := missing_entitlements(association, conventions, rules, scheme, academies, day):
        yield (
            "entitlement_missing",
            "L'association n'a pas tous les titres que le dispositif demande.",
            missing,
        )


_NOT_ADMITTED: Final[Lack] = (
    "operator_not_admitted",
    "L'association n'est pas référencée.",
    ("l'association référencée par l'académie",),
)
