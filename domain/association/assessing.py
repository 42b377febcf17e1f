"""What an association awaits of its académie: that documents are read, and its file decided on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from domain.association.parts import FOLLOWED, INSURANCE, Status
from domain.calendar import french_date, paris_day, start_of
from domain.kernel import Due
from domain.programme.rules import DOCUMENTS

if TYPE_CHECKING:
    from domain.association.model import Association
    from domain.calendar import SchoolCalendar
    from domain.programme.rules import Rules

ASSESSMENT: Final = frozenset({"remind_assessment", "escalate_assessment"})
"""The kinds of an assessment's deadlines, which wait for the titles too that an admission would be refused
for: see ``missing_entitlements``."""
_ONE_DAY = timedelta(days=1)


def readings(
    association: Association, rules: Rules, calendar: SchoolCalendar, now: datetime
) -> Iterator[Due]:
    """A version that arrived awaits the académie, within the term of the assessment. One series of reminders
    for all that arrived on a day; none when those of the assessment say the same on the same days."""
    if association.status not in FOLLOWED:
        return
    received = to_read(association)
    for day, names in received.items():
        by = rules.admission.assessment.after(day, calendar)
        for name in names:
            pending = association.documents[name].pending
            yield Due(
                kind="read_document",
                key=f"read:{association.round}:{name}:{pending.sha256 if pending else ''}",
                automatic=False,
                at=start_of(day),
                by=by,
                awaits=(association.owner,),
                what=f"Accepter ou refuser la pièce reçue : {DOCUMENTS[name]}",
            )
        if association.status != Status.IN_ADMISSION or day != association.handed_on:
            yield from _decision(
                "remind_reading",
                "escalate_reading",
                association,
                now,
                series=reading_series(association, day),
                by=by,
                what=f"Lire les pièces reçues le {french_date(day)}",
                late=f"Pièces reçues le {french_date(day)} et toujours pas lues",
                missing=tuple(DOCUMENTS[name] for name in names),
            )


def to_read(association: Association) -> dict[date, list[str]]:
    """The documents that wait to be read, by the day since which they do."""
    found: dict[date, list[str]] = {}
    for name, document in association.documents.items():
        if document.waiting_since:
            found.setdefault(document.waiting_since, []).append(name)
    return found


def assessment(
    association: Association, rules: Rules, calendar: SchoolCalendar, now: datetime
) -> Iterator[Due]:
    """The académie decides within so long after the operator has given all that was asked, read or not; it is
    told on the last day, and the Drafpic the day after."""
    handed = association.handed_on
    if association.status != Status.IN_ADMISSION or handed is None:
        return
    unread = [name for names in to_read(association).values() for name in names]
    lapsed = INSURANCE not in unread and not association.insured(paris_day(now))
    yield from _decision(
        "remind_assessment",
        "escalate_assessment",
        association,
        now,
        series=assessment_series(association),
        by=rules.admission.assessment.after(handed, calendar),
        what="Instruire le dossier remis : référencer l'association ou refuser son admission",
        late=f"Dossier d'admission remis en entier le {french_date(handed)} et resté sans décision",
        missing=(
            *(f"{DOCUMENTS[name]} : reçue, à lire" for name in unread),
            *((DOCUMENTS[INSURANCE],) if lapsed else ()),
        ),
    )


def _decision(
    remind: str,
    escalate: str,
    association: Association,
    now: datetime,
    *,
    series: str,
    by: date,
    what: str,
    late: str,
    missing: tuple[str, ...],
) -> Iterator[Due]:
    """Awaited from the académie, which is reminded on the last day; the day after, the Drafpic is told."""
    term, escalation = f"{series}term", f"{series}escalation"
    day_after = start_of(by + _ONE_DAY)
    yield Due(
        kind=remind,
        key=term,
        at=start_of(by),
        by=by,
        awaits=(association.owner,),
        what=what,
        missing=missing,
        automatic=term not in association.reminders and now < day_after,
    )
    yield Due(
        kind=escalate,
        key=escalation,
        at=day_after,
        by=by,
        awaits=(f"drafpic:{association.academie}",),
        what=late,
        missing=missing,
        automatic=escalation not in association.reminders,
    )


def assessment_series(association: Association) -> str:
    return f"assessment:{association.round}:{association.handed_on}:"


def reading_series(association: Association, day: date) -> str:
    return f"reading:{association.round}:{day.isoformat()}:"
