"""What a convention waits for: one list feeds ``next``, the deadlines and the process.

Every delay comes from the programme's rules. Days are days in Paris, a deadline falls due at midnight.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from domain.calendar import add_months, french_date, paris_day, start_of
from domain.convention import guards
from domain.convention.parts import BEING_SIGNED, ENDED, RUNNING, Report, Status
from domain.estimating import estimated
from domain.kernel import Due
from domain.reminding import Reminder, deliveries, next_step, retention

if TYPE_CHECKING:
    from domain.calendar import SchoolCalendar
    from domain.convention.model import Convention
    from domain.ports import World
    from domain.programme.model import Programme
    from domain.programme.rules import Delay, Rules

REPORT_LABELS = {"bilan": "bilan pédagogique", "financial": "compte rendu financier"}


def due(convention: Convention, rules: Rules, calendar: SchoolCalendar, now: datetime) -> list[Due]:
    """Everything awaited, soonest first; what has no day of its own comes last. Nothing, once erased."""
    if convention.is_erased:
        return []
    found = [
        *_preparation(convention, rules, calendar, now),
        *_signatures(convention, rules, calendar, now),
        *_force_and_end(convention, rules, now),
        *_reports(convention, rules, calendar, now),
        *deliveries(convention.reminders, rules, partial(_still_awaited, convention)),
        # It always holds something of a person: nobody signs without a signatory or evidence told in words,
        # nobody abandons without a reason.
        *retention(convention.abandoned_on or convention.ended_on, rules),
    ]
    return sorted(estimated(found, _counted(rules), calendar), key=lambda d: (d.at, d.key))


def _counted(rules: Rules) -> dict[str, tuple[Delay, ...]]:
    """What each kind of deadlines is counted with, which may be days of school."""
    return {"remind_review": (rules.review,), "remind_signature": rules.signature_reminders[:1]}


def waits(convention: Convention, programme: Programme, world: World, now: datetime) -> list[Due]:
    """The same, under the rules that the convention follows today and its académie's calendar."""
    followed = programme.followed(convention.rules_version, convention.academie, paris_day(now))
    return due(convention, followed.rules, world.calendars.for_academie(convention.academie), now)


def notice_end(convention: Convention, rules: Rules, given_on: date) -> date:
    """The earliest day on which a notice given on ``given_on`` takes effect."""
    months = convention.clauses.notice_months
    return rules.notice.plainly_after(given_on) if months is None else add_months(given_on, months)


def expected_reports(convention: Convention, rules: Rules) -> list[tuple[str, date]]:
    """The reports this convention owes over its whole life, with their days: a bilan for every school year,
    a financial report for every civil year in which it was in force.
    """
    if convention.in_force_from is None or convention.status not in RUNNING | ENDED:
        return []
    first = convention.in_force_from.first
    # Expired, it ended the day *after* its last: that day opens no new period.
    stops = [day for day in (convention.ended_on, convention.clauses.ends_on) if day]
    last = min(stops, default=first)
    owed: list[tuple[str, date]] = []
    for year in range(first.year, last.year + 2):
        day = date(year, rules.bilan_month, rules.bilan_day)
        if convention.clauses.bilan and first <= day and add_months(day, -12) < last:
            owed.append((f"bilan:{year}", day))
        if convention.clauses.financial_report and first.year <= year <= last.year:
            owed.append((f"financial:{year}", rules.financial_report.plainly_after(date(year, 12, 31))))
    since = convention.reports_since
    return sorted((item for item in owed if not since or item[1] >= since), key=lambda i: i[1])


def report_label(report: str) -> str:
    """« bilan pédagogique 2026 »."""
    kind, _, year = report.partition(":")
    return f"{REPORT_LABELS[kind]} {year}"


def _preparation(
    convention: Convention, rules: Rules, calendar: SchoolCalendar, now: datetime
) -> Iterator[Due]:
    owner = convention.owner
    if convention.status == Status.DRAFT:
        announced = convention.announced_for
        if announced:
            yield Due(
                kind="evidence",
                key=f"evidence:{announced.isoformat()}",
                automatic=False,
                at=start_of(announced.last),
                by=announced.last,
                awaits=(owner,),
                what=f"Signature annoncée ({announced.label}) mais non attestée : "
                "recueillir le texte et les signatures, ou reprendre l'historique",
                missing=tuple(guards.lacks(convention)),
            )
        else:
            yield Due(
                kind="prepare",
                key=f"prepare:{convention.round}",
                automatic=False,
                at=start_of(paris_day(now)),
                awaits=(owner,),
                what="Compléter le texte, et le soumettre à relecture",
                missing=tuple(guards.lacks(convention)),
            )
    elif convention.status == Status.IN_REVIEW and convention.submitted_on:
        by = rules.review.after(convention.submitted_on, calendar)
        key = f"review:{convention.round}"
        yield Due(
            kind="remind_review",
            key=key,
            at=start_of(by + timedelta(days=1)),
            by=by,
            awaits=(owner,),
            what="Relire le texte : l'envoyer à la signature ou le renvoyer",
            automatic=key not in convention.reminders,
        )


def _signatures(
    convention: Convention, rules: Rules, calendar: SchoolCalendar, now: datetime
) -> Iterator[Due]:
    if convention.status not in BEING_SIGNED or convention.sent_on is None:
        return
    days = [delay.after(convention.sent_on, calendar) for delay in rules.signature_reminders]
    for party in convention.unsigned:
        steps = [
            (f"signature:{convention.round}:{party.key}:{n}", day) for n, day in enumerate(days, start=1)
        ]
        step = next_step(steps, convention.reminders, now)
        key, day = step or steps[-1]
        missing = [] if party.key in convention.signatories else ["la désignation du signataire"]
        if guards.votes(party) and party.key not in convention.votes:
            missing.append("le vote du conseil d'administration et sa transmission")
        yield Due(
            kind="remind_signature",
            key=key,
            at=start_of(day),
            by=days[0],
            awaits=(party.key,),
            what=f"Signature attendue : {party.name}",
            missing=tuple(missing),
            automatic=step is not None,
        )


def _force_and_end(convention: Convention, rules: Rules, now: datetime) -> Iterator[Due]:
    if convention.status == Status.SIGNED and convention.in_force_from:
        starts = convention.in_force_from
        yield Due(
            kind="enter_into_force",
            key=f"force:{starts.isoformat()}",
            at=start_of(starts.first),
            what=f"Entrée en vigueur ({starts.label})",
        )
    if convention.status not in RUNNING:
        return
    last = convention.clauses.ends_on
    if last:
        yield from _end_alert(convention, rules, last, now)
    stop = min((day for day in (convention.notice_until, last) if day), default=None)
    if stop:
        why = "Fin du préavis" if stop == convention.notice_until else "Échéance de la convention"
        yield Due(
            kind="end",
            key=f"end:{stop.isoformat()}",
            at=start_of(stop + timedelta(days=1)),
            by=stop,
            what=f"{why} le {french_date(stop)}",
        )
    if convention.amendment:
        signed = dict(convention.amendment.signatures)
        waited = tuple(key for key in convention.parties if key not in signed)
        yield Due(
            kind="amendment",
            key=f"amendment:{convention.amendment.number}",
            automatic=False,
            at=now,
            awaits=waited,
            what=f"Signature attendue : avenant n° {convention.amendment.number}",
        )


def _end_alert(convention: Convention, rules: Rules, last: date, now: datetime) -> Iterator[Due]:
    if convention.notice_until or convention.renewed_by or start_of(last + timedelta(days=1)) <= now:
        return
    steps = [
        (f"end_alert:{last.isoformat()}:{delay.count}", delay.before(last)) for delay in rules.end_alerts
    ]
    if step := next_step(steps, convention.reminders, now):
        yield Due(
            kind="alert_end",
            key=step[0],
            at=start_of(step[1]),
            by=last,
            awaits=tuple(convention.parties),
            what=f"Décider de la suite : la convention prend fin le {french_date(last)}",
            missing=("un renouvellement, ou la décision de laisser venir le terme",),
        )


def _reports(convention: Convention, rules: Rules, calendar: SchoolCalendar, now: datetime) -> Iterator[Due]:
    operators = tuple(key for key, p in convention.parties.items() if p.kind == "operator")
    for report, day in expected_reports(convention, rules):
        state = convention.reports.get(report, Report())
        if state.received_on:
            continue
        kind, key, when = _report_step(convention, rules, calendar, now, report, day)
        yield Due(
            kind=kind,
            key=key,
            at=start_of(when),
            by=day,
            awaits=operators,
            what=f"Remettre le {report_label(report)}",
            automatic=kind != "report",
        )


def _report_step(
    convention: Convention,
    rules: Rules,
    calendar: SchoolCalendar,
    now: datetime,
    report: str,
    day: date,
) -> tuple[str, str, date]:
    """Asked, then overdue the day after, then reminded; what time has overtaken is not asked any more."""
    overdue = convention.reports.get(report, Report()).overdue
    late = day + timedelta(days=1)
    if not overdue and start_of(late) > now and f"ask:{report}" not in convention.reminders:
        return "ask_report", f"ask:{report}", rules.report_asked_before.before(day)
    if not overdue:
        return "report_overdue", f"overdue:{report}", late
    steps = [
        (f"late:{report}:{n}", delay.after(day, calendar))
        for n, delay in enumerate(rules.report_reminders, start=1)
    ]
    step = next_step(steps, convention.reminders, now)
    return ("remind_report", *step) if step else ("report", f"report:{report}", day)


def _still_awaited(convention: Convention, key: str, reminder: Reminder) -> bool:
    """Whether what the reminder asks for is still to be done: nobody is chased for what they have done."""
    round_now = convention.round
    match reminder.kind:
        case "remind_review":
            return convention.status == Status.IN_REVIEW and key == f"review:{round_now}"
        case "remind_signature":
            waited = reminder.to not in convention.signatures and convention.status in BEING_SIGNED
            return waited and key.startswith(f"signature:{round_now}:")
        case "alert_end":
            return convention.status in RUNNING
        case _:
            report = ":".join(key.split(":")[1:3])
            return convention.reports.get(report, Report()).received_on is None
