"""Why an association is where it is: what its status, what it lacks and what is due rest on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from domain.association import guards
from domain.association.assessing import ASSESSMENT
from domain.association.due import lapse_term
from domain.association.entitlements import blocks_of, conventioned, missing_entitlements, unbound
from domain.association.model import Association
from domain.association.parts import (
    BLOCK_LABELS,
    FOLLOWED,
    INSURANCE,
    Block,
    Status,
)
from domain.calendar import paris_day
from domain.case import Case, Rest
from domain.convention.model import Convention
from domain.explaining import Basis, Counted, Fact, Reason, fact_of, word_of
from domain.kernel import Due
from domain.programme.rules import DOCUMENTS

_ADMITTED = ("admission.documents", "required_entitlements")


def explain(case: Case) -> list[Reason]:
    """The status, what keeps from a new binôme or from an admission, and every deadline. Raises ``TypeError``
    for another kind of record."""
    association = _of(case)
    return [
        _status(case),
        *_blocks(case, association),
        *_missing(case, association),
        *(case.due(due, _basis(case, due)) for due in _dues(case, association)),
    ]


def _dues(case: Case, association: Association) -> list[Due]:
    """Its own, and the convention that it waits for; an assessment waits for the titles too."""
    others = unbound(association, case.others(Convention), case.rules, case.today)
    lacking = titles_missing(case, association, association.scheme, association.academies)
    own = [
        replace(due, missing=(*due.missing, *lacking)) if due.kind in ASSESSMENT else due for due in case.dues
    ]
    return sorted([*own, *others], key=lambda due: (due.at, due.key))


def _of(case: Case) -> Association:
    if not isinstance(case.record, Association):
        raise TypeError(type(case.record))
    return case.record


def _status(case: Case) -> Reason:
    then = case.decided
    match case.record.status:
        case Status.ADMITTED:
            lifted = Basis(then.facts("Suspended") if word_of(then.cause) == "SuspensionLifted" else ())
            return then.status(lifted, *_admission(then))
        case Status.SUSPENDED:
            return then.status(Basis(_suspension(case)))
        case Status.LAPSED:
            return then.status(Basis(then.facts("AdmissionOpened")), *then.met("lapse", _basis))
        case _:
            return then.status()


def _admission(case: Case) -> tuple[Rest, ...]:
    """What it was admitted for, as it was when that was decided."""
    admitted = case.last("Admitted")
    if admitted is None:
        return ()
    then = case.after_event(admitted)
    association = _of(then)
    accepted = (f for name in association.documents for f in then.facts("DocumentAccepted", document=name))
    day = association.status_since or then.today
    titles = titles_held(then, association, association.scheme, association.academies, day)
    facts = (fact_of(admitted), *then.facts("AdmissionOpened"), *accepted, *titles)
    return ((then, Basis(facts, _ADMITTED)),)


def titles_held(
    case: Case, association: Association, scheme: str, academies: Collection[str], day: date
) -> tuple[Fact, ...]:
    """The titles that the operator held on a day under a scheme in some of these académies: awards and
    approvals granted, conventions that bound it."""
    held = {
        one.reference
        for one in association.entitlements_on(day)
        if any(one.applies(scheme, academie) for academie in academies)
    }
    granted = (
        fact
        for reference in sorted(held)
        for fact in case.facts_of(association.id, "EntitlementGranted", partial(_under, reference))
    )
    bound = (
        fact
        for one in case.others(Convention)
        if any(conventioned(association, [one], scheme, academie, day) for academie in academies)
        for fact in case.facts_of(one.id, "CameIntoForce")
    )
    return (*granted, *bound)


def titles_missing(
    case: Case, association: Association, scheme: str, academies: Collection[str]
) -> tuple[str, ...]:
    """The titles that the rules require of the operator and that it lacks, in French."""
    bound = case.others(Convention)
    return missing_entitlements(association, bound, case.rules, scheme, academies, case.today)


def _suspension(case: Case) -> tuple[Fact, ...]:
    """Each that holds."""
    running = _of(case).suspensions
    return tuple(fact for one in running for fact in case.facts("Suspended", **one._asdict()))


def _blocks(case: Case, association: Association) -> Iterator[Reason]:
    """Why no new binôme may be proposed that day."""
    rests = {
        Block.SUSPENDED: Basis(_suspension(case)),
        Block.INSURANCE_LAPSED: Basis(_insurance(case)),
        Block.ENTITLEMENT_LAPSED: Basis(case.every("EntitlementGranted"), ("required_entitlements",)),
    }
    lacking = titles_missing(case, association, association.scheme, association.academies)
    for block in blocks_of(association, lacking, case.today):
        missing = lacking if block is Block.ENTITLEMENT_LAPSED else ()
        sentence = f"Aucun nouveau binôme : {BLOCK_LABELS[block]}."
        yield case.reason("block", block, sentence, missing, rests[block])


def _missing(case: Case, association: Association) -> Iterator[Reason]:
    """What an admission would be refused for today; of an operator already admitted, what was asked since."""
    if association.status not in FOLLOWED:
        return
    asked = Basis(_documents(case, association), ("admission.documents",))
    yield from case.told_by("missing", guards.documents_accepted, association, basis=asked)
    if association.status == Status.IN_ADMISSION:
        suspended = Basis(_suspension(case))
        yield from case.told_by("missing", guards.none_suspends, association, basis=suspended)
        insured = Basis(_insurance(case))
        yield from case.told_by("missing", guards.insured, association, case.today, basis=insured)
        titles = Basis(case.every("EntitlementGranted"), ("required_entitlements",))
        lacking = titles_missing(case, association, association.scheme, association.academies)
        yield from case.told_by("missing", guards.entitled, lacking, basis=titles)


def _documents(case: Case, association: Association) -> tuple[Fact, ...]:
    """Of each document not accepted, the last thing that happened to it."""
    lacking = [name for name, one in association.documents.items() if one.accepted is None]
    found: list[Fact] = list(case.facts("AdmissionOpened"))
    for name in lacking:
        topics = ("DocumentAsked", "DocumentReceived", "DocumentRefused", "DocumentExpired")
        told = case.facts(*topics, document=name)
        opened = found[0].position if found else 0
        found += sorted((f for f in told if f.position > opened), key=lambda f: f.position)[-1:]
    return tuple(found)


def _insurance(case: Case) -> tuple[Fact, ...]:
    topics = ("DocumentReceived", "DocumentAccepted", "DocumentExpired")
    return case.facts(*topics, document=INSURANCE)


def _basis(case: Case, due: Due) -> Basis:
    association, rules, day = _of(case), case.rules.admission, paris_day(due.at)
    counted: tuple[Counted | None, ...]
    match due.kind:
        case "remind_documents":
            since = association.documents_since
            counted = (case.first_of(since, rules.reminders, day), *_lapse(case, association))
            return Basis(_documents(case, association), ("admission.reminders",), counted)
        case "read_document":
            sha256 = due.key.rpartition(":")[2]
            received = case.facts("DocumentReceived", sha256=sha256)
            counted = (case.after(paris_day(due.at), rules.assessment),)
            return Basis(received, ("admission.assessment",), counted)
        case "remind_reading" | "escalate_reading":
            since = date.fromisoformat(due.key.split(":")[2])
            counted = (case.after(since, rules.assessment),)
            return Basis(case.facts("DocumentReceived", day=since), ("admission.assessment",), counted)
        case "lapse":
            paths = ("admission.lapse", "admission.reminders")
            lacking = tuple(DOCUMENTS[name] for name in association.missing_documents)
            return Basis(_documents(case, association), paths, _lapse(case, association), lacking)
        case "remind_assessment" | "escalate_assessment":
            counted = (case.after(association.handed_on, rules.assessment),)
            return Basis(case.facts("DocumentReceived"), ("admission.assessment",), counted)
        case "alert_insurance":
            alert = case.before(association.insured_until, (rules.insurance_alert,), day)
            return Basis(_insurance(case), ("admission.insurance_alert",), (alert,))
        case "expire_insurance":
            return Basis(_insurance(case))
        case "alert_entitlement":
            return _title(case, association, due)
        case "release_mentors":
            return Basis(_status(case).facts)
        case _:
            return Basis(_suspension(case))


def _lapse(case: Case, association: Association) -> tuple[Counted | None, ...]:
    """The latest of these is the last day; nothing counts when no admission is under way."""
    if association.status != Status.IN_ADMISSION or association.opened_on is None:
        return ()
    rules = case.rules.admission
    asked = case.after(association.documents_since, rules.reminders[-1])
    _, late = lapse_term(association, association.opened_on, case.rules, case.calendar, case.now)
    left = case.after(late.told_on, late.left) if late else None
    return (case.after(association.opened_on, rules.lapse), asked, left)


def _title(case: Case, association: Association, due: Due) -> Basis:
    day = paris_day(due.at)
    for held in association.entitlements.values():
        if due.key.startswith(f"entitlement:{held.reference}:{held.ends.isoformat()}:"):
            granted = case.matching("EntitlementGranted", partial(_under, held.reference))
            ended = case.facts("EntitlementEnded", reference=held.reference)
            alert = case.before(held.ends, case.rules.admission.entitlement_alerts, day)
            return Basis((*granted, *ended), ("admission.entitlement_alerts",), (alert,))
    there = due.key.rpartition(":")[2].split("+")
    extended = (fact for code in there for fact in case.facts("Extended", academie=code))
    since = (*case.facts("EntitlementGranted"), *extended, *_status(case).facts)
    return Basis(since, ("required_entitlements",))


def _under(reference: str, happened: Any) -> bool:
    """Whether a title was granted under that reference."""
    return bool(happened.entitlement.reference == reference)
