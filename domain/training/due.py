"""What a course waits for: one list feeds ``next``, the deadlines and the process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from domain.calendar import french_date, paris_day, start_of
from domain.estimating import estimated
from domain.kernel import Due
from domain.reminding import Reminder, deliveries, retention
from domain.training.parts import AHEAD, Promotion, Status

if TYPE_CHECKING:
    from domain.calendar import SchoolCalendar
    from domain.ports import World
    from domain.programme.model import Programme
    from domain.programme.rules import Delay, Rules
    from domain.training.model import Training

_DAY = timedelta(days=1)
_MOST_TOLD = 5
"""Mentors named, by their ids, in one message."""


def due(training: Training, rules: Rules, calendar: SchoolCalendar, now: datetime) -> list[Due]:
    """Everything awaited, soonest first. Nothing, once erased."""
    if training.is_erased:
        return []
    found = [
        *_ahead(training, now),
        *_promotions(training, now),
        *_attendance(training, rules, calendar),
        *deliveries(training.reminders, rules, partial(_still_awaited, training, now)),
        *retention(training.closed_on, rules),
    ]
    return sorted(estimated(found, _counted(rules), calendar), key=lambda d: (d.at, d.key))


def _counted(rules: Rules) -> dict[str, tuple[Delay, ...]]:
    """What each kind of deadlines is counted with, which may be days of school."""
    attendance = (rules.training.attendance,)
    return {"remind_attendance": attendance, "close": attendance}


def waits(training: Training, programme: Programme, world: World, now: datetime) -> list[Due]:
    """The same, under the rules that the course follows today and its académie's calendar."""
    followed = programme.followed(training.rules_version, training.academie, paris_day(now))
    return due(training, followed.rules, world.calendars.for_academie(training.academie), now)


def hold_key(training: Training) -> str:
    return f"hold:{training.course.last_day.isoformat()}"


def _eve_key(training: Training) -> str:
    return f"eve:{training.course.first_day.isoformat()}"


def _attendance_key(training: Training) -> str:
    return f"attendance:{training.course.last_day.isoformat()}"


def _ahead(training: Training, now: datetime) -> Iterator[Due]:
    """Opened or cancelled by a person; told the day before; held once its last day has passed."""
    association = (f"association:{training.association_id}",)
    first, last = training.course.first_day, training.course.last_day
    if training.status == Status.PLANNED:
        yield Due(
            kind="open",
            key=f"open:{first.isoformat()}",
            at=start_of(first),
            by=first,
            awaits=association,
            what=f"Ouvrir les inscriptions à la formation du {french_date(first)}, ou l'annuler",
            automatic=False,
        )
    if training.status != Status.OPEN:
        return
    if now < training.course.starts_at and _eve_key(training) not in training.reminders:
        yield Due(
            kind="remind_course",
            key=_eve_key(training),
            at=start_of(first - _DAY),
            by=first,
            awaits=association,
            what=f"Formation le {french_date(first)} : {training.taken} sur {training.course.places} "
            f"{'place prise' if training.course.places == 1 else 'places prises'}",
        )
    yield Due(
        kind="hold",
        key=hold_key(training),
        at=start_of(last + _DAY),
        by=last,
        what=f"Formation tenue le {french_date(last)}",
    )


def _promotions(training: Training, now: datetime) -> Iterator[Due]:
    """Whoever was given a place does not know it: the association is told, by ids, once."""
    for number, promotion in enumerate(training.promotions, start=1):
        key = _promotion_key(number)
        if key not in training.reminders and _awaits_telling(training, promotion, now):
            yield Due(
                kind="remind_promotion",
                key=key,
                at=start_of(promotion.on),
                by=training.course.first_day,
                awaits=(f"association:{training.association_id}",),
                what=f"Prévenir qui, de la liste d'attente, a une place à la formation du "
                f"{french_date(training.course.first_day)} : {_ids(promotion.mentors)}",
            )


def _promotion_key(number: int) -> str:
    return f"promoted:{number}"


def _awaits_telling(training: Training, promotion: Promotion, now: datetime) -> bool:
    """Whether the course is still ahead of somebody who was given a place."""
    still = any(mentor_id in training.unmarked for mentor_id in promotion.mentors)
    return still and training.status == Status.OPEN and now < training.course.starts_at


def _ids(mentors: tuple[str, ...]) -> str:
    told, others = mentors[:_MOST_TOLD], len(mentors) - _MOST_TOLD
    return ", ".join(told) + (f" et {others} autre{'s' if others > 1 else ''}" if others > 0 else "")


def _attendance(training: Training, rules: Rules, calendar: SchoolCalendar) -> Iterator[Due]:
    if training.status == Status.HELD:
        by = rules.training.attendance.after(training.course.last_day, calendar)
        unmarked, key = len(training.unmarked), _attendance_key(training)
        yield Due(
            kind="remind_attendance" if unmarked else "close",
            key=key,
            at=start_of(by + _DAY),
            by=by,
            awaits=(f"association:{training.association_id}",),
            what="Noter les présences à la formation" if unmarked else "Clore la formation",
            missing=(f"{unmarked} présence(s)",) if unmarked else (),
            automatic=bool(unmarked) and key not in training.reminders,
        )
    if training.to_certify and training.status in {Status.HELD, Status.CLOSED}:
        yield Due(
            kind="certify",
            key=f"certify:{training.course.last_day.isoformat()}",
            at=start_of(training.course.last_day + _DAY),
            awaits=(f"association:{training.association_id}",),
            what="Délivrer les attestations de formation",
            missing=(f"{len(training.to_certify)} attestation(s)",),
            automatic=False,
        )


def _still_awaited(training: Training, now: datetime, key: str, reminder: Reminder) -> bool:
    """Whether what the reminder says is still ahead: nobody is told of a course that is over."""
    if reminder.kind == "remind_course":
        same = key == _eve_key(training) and training.status in AHEAD
        return same and now < training.course.starts_at
    if reminder.kind == "remind_promotion":
        keyed = {_promotion_key(n): one for n, one in enumerate(training.promotions, start=1)}
        return _awaits_telling(training, keyed[key], now)
    return training.status == Status.HELD and bool(training.unmarked)
