"""Why a convention is where it is: what its status, what it lacks and what is due rest on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from domain.calendar import PartialDate, paris_day
from domain.case import Case
from domain.convention import guards
from domain.convention.due import expected_reports
from domain.convention.model import Convention
from domain.convention.parts import BEING_SIGNED, ENDED, RUNNING, Status
from domain.explaining import Basis, Counted, Fact, Reason, fact_of
from domain.kernel import Due

_TEXT = ("ClausesSet", "CoverageSet", "PartyAdded", "SignatoryNamed")
_FORCE = ("HistoryRecorded", "CameIntoForce")


def explain(case: Case) -> list[Reason]:
    """The status, what keeps from signing, and every deadline. Raises ``TypeError`` for another kind of
    record."""
    convention = _of(case)
    return [
        _corrected(case, _status(case.decided)),
        *_missing(case, convention),
        *(case.due(due, _basis(case, due)) for due in case.dues),
    ]


def _of(case: Case) -> Convention:
    if not isinstance(case.record, Convention):
        raise TypeError(type(case.record))
    return case.record


def _status(case: Case) -> Reason:
    """``case`` is the record as the cause of its status left it."""
    convention = _of(case)
    if convention.status in BEING_SIGNED | RUNNING | ENDED | {Status.SIGNED}:
        signed = tuple(f for party in convention.parties for f in _signature(case, convention, party))
        basis = Basis((*case.facts("SentForSignature", *_FORCE), *signed))
        kinds = ("enter_into_force", "alert_end", "end")
        return case.status(basis, *(one for kind in kinds for one in case.met(kind, _basis)))
    return case.status()


def _corrected(case: Case, status: Reason) -> Reason:
    """With the corrections since of the facts that it rests on: they may have dated it again."""
    versions = {fact.version for fact in status.facts}
    found = [one for one in case.events if getattr(one.event, "supersedes", None) in versions]
    facts = {one.position: one for one in (*status.facts, *map(fact_of, found))}
    return replace(status, facts=tuple(facts.values()))


def _signature(case: Case, convention: Convention, party: str) -> tuple[Fact, ...]:
    """That of a party, if it was given."""
    if party not in convention.signatures:
        return ()
    return case.facts("Signed", party=party, detail=convention.parties[party].name)


def _missing(case: Case, convention: Convention) -> Iterator[Reason]:
    text = Basis(case.facts("Drafted", *_TEXT))
    if convention.status in {Status.DRAFT, Status.IN_REVIEW}:
        yield from case.told_by("missing", guards.complete, guards.lacks(convention), basis=text)
    if convention.status not in BEING_SIGNED:
        return
    yield from case.told_by("missing", guards.complete, guards.text_lacks(convention), basis=text)
    today = PartialDate(case.today)
    for party in convention.unsigned:
        named = Basis(case.facts("SignatoryNamed", party=party.key))
        yield from case.told_by(
            "missing", guards.signatory_entitled, convention, party.key, today, basis=named
        )
        voted = Basis(case.facts("VoteRecorded", party=party.key))
        yield from case.told_by("missing", guards.vote_executory, convention, party.key, today, basis=voted)


def _basis(case: Case, due: Due) -> Basis:
    convention, rules, day = _of(case), case.rules, paris_day(due.at)
    counted: tuple[Counted | None, ...]
    match due.kind:
        case "evidence":
            return Basis(case.facts("Announced"))
        case "prepare":
            return Basis(case.facts("Drafted", *_TEXT, "Returned"))
        case "remind_review":
            counted = (case.after(convention.submitted_on, rules.review),)
            return Basis(case.facts("Submitted"), ("review",), counted)
        case "remind_signature":
            delays, sent = rules.signature_reminders, convention.sent_on
            counted = (case.after(sent, delays[0]), case.first_of(sent, delays[1:], day))
            return Basis(case.facts("SentForSignature", *_TEXT[:3]), ("signature_reminders",), counted)
        case "enter_into_force":
            return Basis(case.facts("HistoryRecorded", "ClausesSet", "Signed"))
        case "alert_end":
            alert = case.before(convention.clauses.ends_on, rules.end_alerts, day)
            return Basis(_end(case), ("end_alerts",), (alert,))
        case "end":
            return Basis((*_end(case), *case.facts("NoticeGiven")))
        case "amendment":
            return Basis(case.facts("AmendmentProposed", "AmendmentSigned"))
        case _:
            return _report(case, convention, due)


def _end(case: Case) -> tuple[Fact, ...]:
    """What told when it ends."""
    return case.facts("ClausesSet", *_FORCE, "AmendmentSigned", "Corrected")


def _report(case: Case, convention: Convention, due: Due) -> Basis:
    """A bilan is owed on a day of the year, a financial report so long after the end of the civil year."""
    rules, day = case.rules, paris_day(due.at)
    report = next((name for name, _ in expected_reports(convention, rules) if f":{name}" in due.key), "")
    kind, _, year = report.partition(":")
    counted: list[Counted | None] = []
    paths: tuple[str, ...] = ("bilan_month", "bilan_day")
    if kind == "financial":
        paths = ("financial_report",)
        counted.append(case.after(date(int(year), 12, 31), rules.financial_report, plainly=True))
    if due.kind == "ask_report":
        paths = (*paths, "report_asked_before")
        counted.append(case.before(due.by, (rules.report_asked_before,), day))
    elif due.kind == "remind_report":
        paths = (*paths, "report_reminders")
        counted.append(case.first_of(due.by, rules.report_reminders, day))
    facts = (*case.facts(*_FORCE), *case.facts("ReportFellOverdue", report=report))
    return Basis(facts, paths, tuple(counted))
