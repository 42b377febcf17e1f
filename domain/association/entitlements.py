"""Which titles an operator holds where, and which of those that a programme's rules require it lacks.

« conventionnée » is having a convention in force that covers the scheme and the académie: whoever decides
reads the conventions, and hands them over.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Final

from domain.association.parts import CONVENTIONED, ENTITLEMENT_LABELS, STANDING, Block, EntitlementKind
from domain.calendar import start_of
from domain.convention.model import Convention
from domain.convention.parts import RUNNING
from domain.kernel import Due, Refused

if TYPE_CHECKING:
    from domain.association.model import Association
    from domain.ports import Records
    from domain.programme.rules import Rules

CONVENTIONED_LABEL: Final = "conventionnée"


def bound_by(
    association: Association, named: Collection[str], rules: Rules, records: Records
) -> tuple[Convention, ...]:
    """The conventions by which a decision may hold it for conventionnée: those that it names; else, where the
    rules require that title, those in force. Raises ``Refused`` for one named that is not its own: another's
    might as well not exist."""
    if named:
        return tuple(_own(association, one, records) for one in dict.fromkeys(named))
    if CONVENTIONED not in rules.required_entitlements:
        return ()
    known = (records.read(Convention, one) for one in records.conventions(association.id))
    return tuple(one for one in known if one.status in RUNNING)


def _own(association: Association, named: str, records: Records) -> Convention:
    found = records.find(Convention, named)
    if found is None or f"association:{association.id}" not in found.parties:
        raise Refused(
            "unknown_record", f"Aucune convention de l'association sous l'identifiant {named}.", (named,)
        )
    return found


def missing_entitlements(
    association: Association,
    conventions: Collection[Convention],
    rules: Rules,
    scheme: str,
    academies: Collection[str],
    day: date,
) -> tuple[str, ...]:
    """The titles required and not held on ``day``, in French, each with the académie in which it is lacking.

    Nothing when the operator may work there under this scheme.
    """
    return tuple(
        title_in(required, scheme, academie)
        for required in rules.required_entitlements
        for academie in sorted(academies)
        if not _held(association, conventions, required, scheme, academie, day)
    )


def must_be_bound(association: Association, rules: Rules) -> bool:
    """Whether it waits for a convention as long as none binds it."""
    return association.status in STANDING and CONVENTIONED in rules.required_entitlements


def unbound(
    association: Association, conventions: Collection[Convention], rules: Rules, day: date
) -> list[Due]:
    """Awaited of an operator that stands without the convention that its rules require: nobody is reminded of
    it by a process, since no event of its own record says that a convention ended."""
    if not must_be_bound(association, rules):
        return []
    missing = tuple(
        title_in(CONVENTIONED, association.scheme, academie)
        for academie in sorted(association.academies)
        if not conventioned(association, conventions, association.scheme, academie, day)
    )
    due = Due(
        kind="alert_entitlement",
        key=unbound_key(association),
        automatic=False,
        at=start_of(association.status_since or day),
        awaits=(f"association:{association.id}",),
        what=f"Titre requis et manquant ({CONVENTIONED_LABEL}) : aucun nouveau binôme",
        missing=missing,
    )
    return [due] if missing else []


def unbound_key(association: Association) -> str:
    return f"missing_title:{association.round}:{CONVENTIONED}:"


def blocks_of(association: Association, missing: Collection[str], day: date) -> list[Block]:
    """Why no new binôme may be proposed on ``day``, given the titles that it lacks by the rules that it
    follows then: they may ask for more, or less, than when it was admitted."""
    lacking = [Block.ENTITLEMENT_LAPSED] if missing and association.status in STANDING else []
    return [*(one for one in association.blocks(day) if one is not Block.ENTITLEMENT_LAPSED), *lacking]


def conventioned(
    association: Association, conventions: Collection[Convention], scheme: str, academie: str, day: date
) -> bool:
    """Whether one of these conventions binds the operator that day, for the scheme and in the académie."""
    return any(
        f"association:{association.id}" in one.parties
        and scheme in one.clauses.schemes
        and academie in (one.coverage.academies or (one.academie,))
        and _in_force(one, day)
        for one in conventions
    )


def _held(
    association: Association,
    conventions: Collection[Convention],
    required: str,
    scheme: str,
    academie: str,
    day: date,
) -> bool:
    if required == CONVENTIONED:
        return conventioned(association, conventions, scheme, academie, day)
    return association.holds(EntitlementKind(required), scheme, academie, day)


def _in_force(convention: Convention, day: date) -> bool:
    """By its status, and by its days: the process that ends it may be late."""
    starts = convention.in_force_from
    last = [stop for stop in (convention.clauses.ends_on, convention.notice_until) if stop]
    begun = starts is not None and starts.first <= day
    return convention.status in RUNNING and begun and all(day <= stop for stop in last)


def title_in(required: str, scheme: str, academie: str) -> str:
    """A title by the scheme and the académie for which it is wanted, in French."""
    label = CONVENTIONED_LABEL if required == CONVENTIONED else ENTITLEMENT_LABELS[EntitlementKind(required)]
    verb = "par une convention en vigueur couvrant" if required == CONVENTIONED else "couvrant"
    return f"{label} {verb} {scheme} dans l'académie {academie}"
