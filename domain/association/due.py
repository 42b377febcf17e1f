"""What an association waits for: one list feeds ``next``, the deadlines and the process.

Every delay comes from the programme's rules. Days are days in Paris, a deadline falls due at midnight.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from domain.association.assessing import assessment, assessment_series, reading_series, readings, to_read
from domain.association.entitlements import title_in
from domain.association.parts import (
    ENTITLEMENT_LABELS,
    FOLLOWED,
    INSURANCE,
    STANDING,
    Entitlement,
    EntitlementKind,
    Status,
)
from domain.calendar import french_date, paris_day, start_of
from domain.estimating import estimated
from domain.kernel import Due
from domain.programme.rules import DOCUMENTS
from domain.reminding import Grace, Reminder, Step, deliveries, grace, next_step, retention

if TYPE_CHECKING:
    from domain.association.model import Association
    from domain.calendar import SchoolCalendar
    from domain.ports import World
    from domain.programme.model import Programme
    from domain.programme.rules import Delay, Rules

_ONE_DAY = timedelta(days=1)


def due(association: Association, rules: Rules, calendar: SchoolCalendar, now: datetime) -> list[Due]:
    """Everything awaited, soonest first. Nothing before an admission is opened; once erased, what it leaves
    behind."""
    if association.is_erased:
        return release(association, now)
    wanting = frozenset(one.key for one in _missing_titles(association, rules, paris_day(now)))
    found = [
        *_documents(association, rules, calendar, now),
        *readings(association, rules, calendar, now),
        *_lapse(association, rules, calendar, now),
        *_expiry(association),
        *assessment(association, rules, calendar, now),
        *_suspension(association),
        *_insurance(association, rules, now),
        *_entitlements(association, rules, now),
        *deliveries(association.reminders, rules, partial(_still_awaited, association, wanting)),
        *release(association, now),
        *retention(association.closed_on, rules),
    ]
    return sorted(estimated(found, _counted(rules), calendar), key=lambda d: (d.at, d.key))


def _counted(rules: Rules) -> dict[str, tuple[Delay, ...]]:
    """What each kind of deadlines is counted with, which may be days of school."""
    file, assessment = (rules.admission.lapse, *rules.admission.reminders), (rules.admission.assessment,)
    read = ("read_document", "remind_reading", "escalate_reading", "remind_assessment", "escalate_assessment")
    return {"remind_documents": file, "lapse": file, **dict.fromkeys(read, assessment)}


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
    steps = _document_steps(association, rules, calendar)
    if association.status not in FOLLOWED or not association.missing_documents or not steps:
        return
    yield _reminding(
        "remind_documents",
        steps,
        association,
        now,
        by=_last_day(association, rules, calendar, now),
        what="Remettre les pièces demandées",
        missing=tuple(DOCUMENTS[name] for name in association.missing_documents),
    )


def _document_steps(association: Association, rules: Rules, calendar: SchoolCalendar) -> list[Step]:
    since = association.documents_since
    if since is None:
        return []
    days = enumerate((delay.after(since, calendar) for delay in rules.admission.reminders), start=1)
    return [(f"{_documents_series(association)}{n}", day) for n, day in days]


def _lapse(association: Association, rules: Rules, calendar: SchoolCalendar, now: datetime) -> Iterator[Due]:
    """The file lapses the day after its term, while the operator has something to give."""
    last = _last_day(association, rules, calendar, now)
    if last and association.missing_documents:
        yield Due(
            kind="lapse",
            key=lapse_key(association),
            at=start_of(last + _ONE_DAY),
            by=last,
            awaits=(f"association:{association.id}",),
            what=f"Classement sans suite du dossier d'admission s'il reste incomplet le {french_date(last)}",
            missing=tuple(DOCUMENTS[name] for name in association.missing_documents),
        )


def lapse_key(association: Association) -> str:
    return f"lapse:{association.round}"


def _expiry(association: Association) -> Iterator[Due]:
    """The insurance accepted in an admission is asked again the day after its last, as if none had come."""
    until = association.insured_until
    if association.status == Status.IN_ADMISSION and until:
        yield Due(
            kind="expire_insurance",
            key=expiry_key(association),
            at=start_of(until + _ONE_DAY),
            by=until,
            awaits=(f"association:{association.id}",),
            what=f"Assurance demandée à nouveau si le dossier est encore à l'instruction après le "
            f"{french_date(until)}",
            missing=(_renewal(association, until),),
        )


def expiry_key(association: Association) -> str:
    return f"expire_insurance:{association.round}:{association.insured_until}"


def _renewal(association: Association, until: date) -> str:
    wanted = f"une attestation d'assurance valable au-delà du {french_date(until)}"
    return f"{wanted} : reçue, à lire" if association.documents[INSURANCE].pending else wanted


def _last_day(association: Association, rules: Rules, calendar: SchoolCalendar, now: datetime) -> date | None:
    """The last day of an incomplete file, ``None`` when no admission is under way."""
    if association.status != Status.IN_ADMISSION or association.opened_on is None:
        return None
    term, waited = lapse_term(association, association.opened_on, rules, calendar, now)
    return max(term, waited.ends(calendar)) if waited else term


def lapse_term(
    association: Association, opened: date, rules: Rules, calendar: SchoolCalendar, now: datetime
) -> tuple[date, Grace | None]:
    """So long after the opening, what was refused or asked late leaving the time of all its reminders; and
    what is left after it to an operator that was reminded late."""
    lapse = rules.admission.lapse
    steps = _document_steps(association, rules, calendar)
    term = max([lapse.after(opened, calendar), *(day for _, day in steps)])
    return term, grace(steps, term, lapse.unit, association.reminders, rules, calendar, now)


# Standing -----------------------------------------------------------------------------------------


def _suspension(association: Association) -> Iterator[Due]:
    """Each académie that decided one lifts its own, or has the operator leave; it is waited for again once an
    admission is under way. A cause is not for everybody."""
    if association.status not in FOLLOWED:
        return
    for academie in sorted({one.academie for one in association.suspensions}):
        since = min(on for one, on in association.suspensions.items() if one.academie == academie)
        yield Due(
            kind="lift_suspension",
            key=f"suspended:{association.round}:{academie}:{since.isoformat()}",
            automatic=False,
            at=start_of(since),
            awaits=(f"academie:{academie}",),
            what=f"Suspension en cours, depuis le {french_date(since)}",
            missing=("la levée de chacune de ses causes, ou la sortie du dispositif",),
        )


def _insurance(association: Association, rules: Rules, now: datetime) -> Iterator[Due]:
    """Alerted before its last day, and on the day after, until one that runs further is accepted: a version
    that waits to be read insures nobody."""
    until = association.insured_until
    if association.status not in STANDING or until is None:
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
        missing=(_renewal(association, until),),
    )


def _entitlements(association: Association, rules: Rules, now: datetime) -> Iterator[Due]:
    """Each title by itself, until its last day has passed; after it, while the rules require it and no other
    one covers."""
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
    yield from _missing_titles(association, rules, paris_day(now))


def _missing_titles(association: Association, rules: Rules, today: date) -> Iterator[Due]:
    """Each title required and not held somewhere, told once to the operator for each académie and awaited
    until it is: one that ended, or one that the rules newly require of whoever works under them, or there."""
    scheme, held = association.scheme, association.entitlements.values()
    for kind in EntitlementKind:
        where = [c for c in sorted(association.academies) if not association.holds(kind, scheme, c, today)]
        if kind not in rules.required_entitlements or not where or association.status not in FOLLOWED:
            continue
        counted = [one for one in held if one.kind is kind and any(one.applies(scheme, c) for c in where)]
        last = max((one for one in counted if one.ends < today), key=lambda one: one.ends, default=None)
        since = last.ends + _ONE_DAY if last else association.status_since
        if since is None or not (last or association.status in STANDING):
            continue
        ended = f"« {last.reference} » échu depuis le {french_date(last.ends)}" if last else "requis"
        there = f"académie{'s' * (len(where) > 1)} {', '.join(where)}"
        yield _reminding(
            "alert_entitlement",
            [(_missing_key(association, kind, last, where), since)],
            association,
            start_of(today),
            by=last.ends if last else None,
            what=f"Titre {ended} et manquant ({ENTITLEMENT_LABELS[kind]}, {there}) : aucun nouveau binôme",
            missing=tuple(f"un titre en cours : {title_in(kind, scheme, code)}" for code in where),
        )


def _missing_key(association: Association, kind: str, last: Entitlement | None, where: list[str]) -> str:
    """Told anew of one more académie; of fewer, it is what was told already."""
    series = f"missing_title:{association.round}:{kind}:{last.ends.isoformat() if last else ''}:"
    sent = (key for key in association.reminders if key.startswith(series))
    enough = (key for key in sent if {*where} <= {*key.removeprefix(series).split("+")})
    return next(enough, f"{series}{'+'.join(where)}")


# The end ------------------------------------------------------------------------------------------


def release(association: Association, now: datetime) -> list[Due]:
    """As soon as it is out of the scheme, by whatever end: under no rules, for there may have been none."""
    if not association.releasing:
        return []
    return [
        Due(
            kind="release_mentors",
            key=f"release:{association.round}",
            at=start_of(association.closed_on or paris_day(now)),
            what="Clôture des dossiers de ses mentor·es et annulation de ses formations à venir",
        )
    ]


# Reminders ----------------------------------------------------------------------------------------


def _reminding(
    kind: str,
    steps: list[Step],
    association: Association,
    now: datetime,
    *,
    by: date | None,
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


def _insurance_series(association: Association) -> str:
    return f"insurance:{association.round}:{association.insured_until}:"


def _title_series(held: Entitlement) -> str:
    return f"entitlement:{held.reference}:{held.ends.isoformat()}:"


def _still_awaited(association: Association, wanting: frozenset[str], key: str, reminder: Reminder) -> bool:
    """Whether what the reminder asks for is still to be done: nobody is chased for what they have done."""
    match reminder.kind:
        case "remind_documents":
            waited = association.status in FOLLOWED and association.missing_documents
            return bool(waited) and key.startswith(_documents_series(association))
        case "remind_assessment" | "escalate_assessment":
            waiting = association.status == Status.IN_ADMISSION
            return waiting and key.startswith(assessment_series(association))
        case "remind_reading" | "escalate_reading":
            days = to_read(association) if association.status in FOLLOWED else ()
            return any(key.startswith(reading_series(association, day)) for day in days)
        case "alert_insurance":
            standing = association.status in STANDING
            return standing and key.startswith(_insurance_series(association))
        case _:
            titles = association.entitlements.values()
            followed = association.status in FOLLOWED
            return key in wanting or (
                followed and any(key.startswith(_title_series(held)) for held in titles)
            )
