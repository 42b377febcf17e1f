"""What an association waits for: one list feeds ``next``, the deadlines and the process.

Every delay comes from the programme's rules. Days are days in Paris, a deadline falls due at midnight.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from domain.association.parts import FOLLOWED, INSURANCE, STANDING, Document, Entitlement, Status
from domain.calendar import french_date, paris_day, start_of
from domain.kernel import Due
from domain.programme.rules import DOCUMENTS
from domain.reminding import Reminder, Step, deliveries, next_step, retention

if TYPE_CHECKING:
    from domain.association.model import Association
    from domain.calendar import SchoolCalendar
    from domain.ports import World
    from domain.programme.model import Programme
    from domain.programme.rules import Rules

_ONE_DAY = timedelta(days=1)


def due(association: Association, rules: Rules, calendar: SchoolCalendar, now: datetime) -> list[Due]:
    """Everything awaited, soonest first. Nothing before an admission is opened, nor once erased."""
    if association.is_erased:
        return []
    found = [
        *_documents(association, rules, calendar, now),
        *_readings(association),
        *_lapse(association, rules, calendar),
        *_assessment(association, rules, calendar, now),
        *_suspension(association),
        *_insurance(association, rules, now),
        *_entitlements(association, rules, now),
        *deliveries(association.reminders, rules, partial(_still_awaited, association)),
        *retention(association.closed_on, rules),
    ]
    return sorted(found, key=lambda d: (d.at, d.key))


def waits(association: Association, programme: Programme, world: World, now: datetime) -> list[Due]:
    """The same, under the rules that it follows today and the calendar of its académie."""
    followed = programme.followed(association.rules_version, association.academie, paris_day(now))
    return due(association, followed.rules, world.calendars.for_academie(association.academie), now)


# Documents ----------------------------------------------------------------------------------------


def _documents(
    association: Association, rules: Rules, calendar: SchoolCalendar, now: datetime
) -> Iterator[Due]:
    """The operator is reminded while something is missing, counted from the opening or from the last time
    that something was refused or asked."""
    missing, since = association.missing_documents, association.documents_since
    if association.status not in FOLLOWED or not missing or since is None:
        return
    days = [delay.after(since, calendar) for delay in rules.admission.reminders]
    steps = [(f"{_documents_series(association)}{n}", day) for n, day in enumerate(days, start=1)]
    yield _reminding(
        "remind_documents",
        steps,
        association,
        now,
        by=days[0],
        what="Remettre les pièces demandées",
        missing=tuple(DOCUMENTS[name] for name in missing),
    )


def _readings(association: Association) -> Iterator[Due]:
    """A version that arrived awaits the académie, whenever it reads it."""
    if association.status not in FOLLOWED:
        return
    for name, document in association.documents.items():
        if document.pending:
            yield Due(
                kind="read_document",
                key=f"read:{association.round}:{name}:{document.pending.sha256}",
                automatic=False,
                at=start_of(document.pending.on),
                awaits=(association.owner,),
                what=f"Accepter ou refuser la pièce reçue : {DOCUMENTS[name]}",
            )


def _lapse(association: Association, rules: Rules, calendar: SchoolCalendar) -> Iterator[Due]:
    """The file lapses so long after its opening, while the operator has something to give. What was refused
    or asked late leaves it the time of all its reminders."""
    opened, since = association.opened_on, association.documents_since
    if association.status != Status.IN_ADMISSION or not association.missing_documents:
        return
    if opened is None or since is None:
        return
    lapse = rules.admission.lapse.after(opened, calendar)
    last = max([lapse, *(delay.after(since, calendar) for delay in rules.admission.reminders)])
    yield Due(
        kind="lapse",
        key=f"lapse:{association.round}",
        at=start_of(last + _ONE_DAY),
        by=last,
        what=f"Classement sans suite du dossier d'admission s'il reste incomplet le {french_date(last)}",
    )


# Assessment ---------------------------------------------------------------------------------------


def _assessment(
    association: Association, rules: Rules, calendar: SchoolCalendar, now: datetime
) -> Iterator[Due]:
    """The académie decides on a complete file; it is told on the last day, and the Drafpic the day after."""
    complete = association.complete_on
    if association.status != Status.IN_ADMISSION or complete is None:
        return
    by = rules.admission.assessment.after(complete, calendar)
    series = _assessment_series(association)
    late = start_of(by + _ONE_DAY)
    key = f"{series}term"
    insurance = () if association.insured(paris_day(now)) else (DOCUMENTS[INSURANCE],)
    yield Due(
        kind="remind_assessment",
        key=key,
        at=start_of(by),
        by=by,
        awaits=(association.owner,),
        what="Instruire le dossier complet : référencer l'association ou refuser son admission",
        missing=insurance,
        automatic=key not in association.reminders and now < late,
    )
    key = f"{series}escalation"
    yield Due(
        kind="escalate_assessment",
        key=key,
        at=late,
        by=by,
        awaits=(f"drafpic:{association.academie}",),
        what=f"Dossier d'admission complet depuis le {french_date(complete)} et resté sans décision",
        automatic=key not in association.reminders,
    )


# Standing -----------------------------------------------------------------------------------------


def _suspension(association: Association) -> Iterator[Due]:
    """Somebody decided it: somebody lifts it, or has the operator leave. Its cause is not for everybody."""
    since = association.status_since
    if association.status == Status.SUSPENDED and since:
        yield Due(
            kind="lift_suspension",
            key=f"suspended:{association.round}:{since.isoformat()}",
            automatic=False,
            at=start_of(since),
            awaits=(association.owner,),
            what=f"Suspension en cours, depuis le {french_date(since)}",
            missing=("la levée de la suspension, ou la sortie du dispositif",),
        )


def _insurance(association: Association, rules: Rules, now: datetime) -> Iterator[Due]:
    """Alerted before its last day, and on the day after; nothing while a newer version is being read."""
    until = association.insured_until
    held = association.documents.get(INSURANCE, Document())
    if association.status not in STANDING or until is None or held.pending:
        return
    series = _insurance_series(association)
    steps = [
        (f"{series}before", rules.admission.insurance_alert.before(until)),
        (f"{series}lapsed", until + _ONE_DAY),
    ]
    lapsed = until < paris_day(now)
    yield _reminding(
        "alert_insurance",
        steps,
        association,
        now,
        by=until,
        what=f"Assurance échue depuis le {french_date(until)} : aucun nouveau binôme"
        if lapsed
        else f"Renouveler l'assurance, qui court jusqu'au {french_date(until)}",
        missing=(f"une attestation d'assurance valable au-delà du {french_date(until)}",),
    )


def _entitlements(association: Association, rules: Rules, now: datetime) -> Iterator[Due]:
    """Each title by itself, until its last day has passed."""
    if association.status not in FOLLOWED:
        return
    for held in association.entitlements.values():
        alerts = rules.admission.entitlement_alerts
        steps = [(f"{_title_series(held)}{delay.count}", delay.before(held.ends)) for delay in alerts]
        if not steps or held.ends < paris_day(now):
            continue
        yield _reminding(
            "alert_entitlement",
            steps,
            association,
            now,
            by=held.ends,
            what=f"Décider de la suite du titre « {held.reference} », "
            f"qui prend fin le {french_date(held.ends)}",
            missing=("une décision qui le prolonge, ou de le laisser venir à son terme",),
        )


# Reminders ----------------------------------------------------------------------------------------


def _reminding(
    kind: str,
    steps: list[Step],
    association: Association,
    now: datetime,
    *,
    by: date,
    what: str,
    missing: tuple[str, ...],
) -> Due:
    """Awaited from the operator, at its next reminder; once they were all sent it is still awaited."""
    step = next_step(steps, association.reminders, now)
    key, day = step or steps[-1]
    return Due(
        kind=kind,
        key=key,
        at=start_of(day),
        by=by,
        awaits=(f"association:{association.id}",),
        what=what,
        missing=missing,
        automatic=step is not None,
    )


def _documents_series(association: Association) -> str:
    return f"documents:{association.round}:{association.documents_since}:"


def _assessment_series(association: Association) -> str:
    return f"assessment:{association.round}:{association.complete_on}:"


def _insurance_series(association: Association) -> str:
    return f"insurance:{association.round}:{association.insured_until}:"


def _title_series(held: Entitlement) -> str:
    return f"entitlement:{held.reference}:{held.ends.isoformat()}:"


def _still_awaited(association: Association, key: str, reminder: Reminder) -> bool:
    """Whether what the reminder asks for is still to be done: nobody is chased for what they have done."""
    match reminder.kind:
        case "remind_documents":
            waited = association.status in FOLLOWED and association.missing_documents
            return bool(waited) and key.startswith(_documents_series(association))
        case "remind_assessment" | "escalate_assessment":
            waiting = association.status == Status.IN_ADMISSION
            return waiting and key.startswith(_assessment_series(association))
        case "alert_insurance":
            held = association.documents.get(INSURANCE, Document())
            waiting = association.status in STANDING and held.pending is None
            return waiting and key.startswith(_insurance_series(association))
        case _:
            titles = association.entitlements.values()
            followed = association.status in FOLLOWED
            return followed and any(key.startswith(_title_series(held)) for held in titles)
