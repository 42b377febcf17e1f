"""What a mentor's record waits for: one list feeds ``next``, the deadlines and the process.

Every delay comes from the programme's rules. Days are days in Paris, a deadline falls due at midnight.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from domain.calendar import french_date, paris_day, start_of
from domain.estimating import estimated
from domain.kernel import Due
from domain.mentor.clearance import CHECK, check_until, trained_until, training_missing
from domain.mentor.climbing import CLIMBING, climbing, idle_key, idle_round
from domain.mentor.parts import OVERDUE, STANDING, Status
from domain.mentor.timeline import counted_from
from domain.programme.rules import Delay
from domain.reminding import Grace, Reminder, Step, deliveries, grace, next_step, retention

if TYPE_CHECKING:
    from domain.calendar import SchoolCalendar
    from domain.mentor.model import Mentor
    from domain.ports import World
    from domain.programme.model import Programme
    from domain.programme.rules import Rules

_DAY = timedelta(days=1)


def due(mentor: Mentor, rules: Rules, calendar: SchoolCalendar, now: datetime) -> list[Due]:
    """Everything awaited, soonest first. Once erased, nothing but the places that they had. A record merged
    into another has no term of its own: the person is erased with that one."""
    if mentor.is_erased:
        return list(_courses(mentor))
    found = [
        *_file(mentor, rules, calendar, now),
        *climbing(mentor, rules, calendar, now),
        *_identity(mentor),
        *_check(mentor, rules, now),
        *_certificates(mentor, rules, now),
        *_suspensions(mentor),
        *_courses(mentor),
        *deliveries(mentor.reminders, rules, partial(_still_awaited, mentor, rules, now)),
        *retention(None if mentor.merged_into else mentor.closed_on, rules),
    ]
    return sorted(estimated(found, _counted(rules), calendar), key=lambda d: (d.at, d.key))


def _counted(rules: Rules) -> dict[str, tuple[Delay, ...]]:
    """What each kind of deadlines is counted with, which may be days of school."""
    mentors = rules.mentors
    return {"remind_file": (mentors.lapse,), "lapse": (mentors.lapse,)}


def waits(mentor: Mentor, programme: Programme, world: World, now: datetime) -> list[Due]:
    """The same, under the rules that the record follows today and its académie's calendar."""
    followed = programme.followed(mentor.rules_version, mentor.academie, paris_day(now))
    return due(mentor, followed.rules, world.calendars.for_academie(mentor.academie), now)


def lapse_key(mentor: Mentor) -> str:
    """Of the lapse that its status may come to."""
    return idle_key(mentor) if mentor.status in CLIMBING else f"lapse:{mentor.progress_on.isoformat()}"


def overdue_key(mentor: Mentor, rules: Rules) -> str:
    return f"check_overdue:{check_until(mentor, rules)}"


def _awaits(mentor: Mentor) -> tuple[str, ...]:
    return (f"association:{mentor.association_id}",)


def _file(mentor: Mentor, rules: Rules, calendar: SchoolCalendar, now: datetime) -> Iterator[Due]:
    """A file is reminded when nothing has come for so long, then lapses."""
    if mentor.status != Status.CANDIDATE:
        return
    term, waited = lapse_term(mentor, rules, calendar, now)
    lapse = waited.ends(calendar) if waited else term
    start = counted_from(mentor, mentor.progress_on)
    if step := next_step(_file_steps(mentor, rules, calendar, term), mentor.reminders, now):
        yield Due(
            kind="remind_file",
            key=step[0],
            at=start_of(step[1]),
            by=lapse,
            awaits=_awaits(mentor),
            what=f"Compléter le dossier de candidature{start}",
            missing=mentor.file_missing,
        )
    yield Due(
        kind="lapse",
        key=lapse_key(mentor),
        at=start_of(lapse + _DAY),
        by=lapse,
        awaits=_awaits(mentor),
        what=f"Sans suite, la candidature devient caduque passé le {french_date(lapse)}{start}",
        missing=mentor.file_missing,
    )


def lapse_term(
    mentor: Mentor, rules: Rules, calendar: SchoolCalendar, now: datetime
) -> tuple[date, Grace | None]:
    """The last day of an idle file by the rules, and what is left after it to whoever was reminded late."""
    lapse = rules.mentors.lapse
    term = lapse.after(mentor.progress_on, calendar)
    steps = _file_steps(mentor, rules, calendar, term)
    return term, grace(steps, term, lapse.unit, mentor.reminders, rules, calendar, now)


def _file_steps(mentor: Mentor, rules: Rules, calendar: SchoolCalendar, term: date) -> list[Step]:
    days = [delay.after(mentor.progress_on, calendar) for delay in rules.mentors.reminders]
    return [(f"{_file_round(mentor)}{n}", day) for n, day in enumerate(days, start=1) if day < term]


def _file_round(mentor: Mentor) -> str:
    return f"file:{mentor.progress_on.isoformat()}:"


def _identity(mentor: Mentor) -> Iterator[Due]:
    """Whoever was corrected once cleared: the paper of the person that they are now is to be seen."""
    if mentor.status in STANDING and mentor.corrected_on and mentor.identity_seen_on is None:
        yield Due(
            kind="see_identity",
            key=f"identity:{mentor.corrected_on.isoformat()}",
            at=start_of(mentor.corrected_on),
            awaits=_awaits(mentor),
            what=f"Voir la pièce d'identité, corrigée le {french_date(mentor.corrected_on)} : aucun nouveau "
            "binôme d'ici là",
            missing=mentor.file_missing,
            automatic=False,
        )


def _check(mentor: Mentor, rules: Rules, now: datetime) -> Iterator[Due]:
    until = check_until(mentor, rules)
    if until is None or mentor.status not in {*STANDING, Status.CHECKED, Status.TRAINED}:
        return
    if mentor.status not in STANDING:
        yield from _check_again(mentor, until, now)
        return
    if OVERDUE in mentor.suspensions:
        yield Due(
            kind="present_check",
            key=f"check:{until.isoformat()}",
            at=start_of(until + _DAY),
            by=until,
            awaits=_awaits(mentor),
            what=f"Renouveler la vérification des antécédents, échue depuis le {french_date(until)}",
            missing=(CHECK,),
            automatic=False,
        )
        return
    yield from _alert(
        mentor,
        now,
        "alert_check",
        _check_round(until),
        rules.mentors.check_alerts,
        until,
        f"Renouveler la vérification des antécédents, qui compte jusqu'au {french_date(until)}",
    )
    yield Due(
        kind="suspend_overdue",
        key=overdue_key(mentor, rules),
        at=start_of(until + _DAY),
        by=until,
        awaits=_awaits(mentor),
        what=f"Suspension si les antécédents ne sont pas vérifiés à nouveau d'ici au {french_date(until)}",
        missing=(CHECK,),
    )


def _check_again(mentor: Mentor, until: date, now: datetime) -> Iterator[Due]:
    """Whoever was checked long ago and is not cleared yet: it will be asked for at the clearance."""
    if start_of(until + _DAY) <= now:
        yield Due(
            kind="present_check",
            key=f"check:{until.isoformat()}",
            at=start_of(until + _DAY),
            by=until,
            awaits=_awaits(mentor),
            what=f"Vérifier à nouveau les antécédents : le document ne compte plus depuis le "
            f"{french_date(until)}",
            missing=(CHECK,),
            automatic=False,
        )


def _check_round(until: date) -> str:
    return f"check_alert:{until.isoformat()}:"


def _certificates(mentor: Mentor, rules: Rules, now: datetime) -> Iterator[Due]:
    """Expired, it suspends nobody: no new binôme begins, and training again is awaited."""
    if mentor.status not in STANDING:
        return
    today = paris_day(now)
    until = trained_until(mentor, rules, today)
    if until:
        yield from _alert(
            mentor,
            now,
            "alert_certificate",
            _certificate_round(until),
            rules.training.certificate_alerts,
            until,
            f"Renouveler la formation, couverte jusqu'au {french_date(until)}",
        )
    else:
        yield Due(
            kind="train",
            key="train",
            at=start_of(_uncovered_on(mentor, rules, today)),
            awaits=_awaits(mentor),
            what="Former à nouveau : aucun nouveau binôme d'ici là",
            missing=training_missing(mentor.certificates.values(), rules, today),
            automatic=False,
        )


def _uncovered_on(mentor: Mentor, rules: Rules, today: date) -> date:
    """The day after the last on which the training required was covered, or after the clearance if no
    certificate covers it: the rules have changed since."""
    ends = sorted({one.valid_until for one in mentor.certificates.values()}, reverse=True)
    covered = (day for day in ends if not training_missing(mentor.certificates.values(), rules, day))
    return min(next(covered, mentor.cleared_on or today) + _DAY, today)


def _certificate_round(until: date) -> str:
    return f"certificate_alert:{until.isoformat()}:"


def _alert(
    mentor: Mentor,
    now: datetime,
    kind: str,
    round_key: str,
    delays: tuple[Delay, ...],
    until: date,
    what: str,
) -> Iterator[Due]:
    """Ahead of a term, and never after it; once every alert was sent, the term is still awaited."""
    steps = [(f"{round_key}{delay.count}", delay.before(until)) for delay in delays]
    if not steps or start_of(until + _DAY) <= now:
        return
    step = next_step(steps, mentor.reminders, now)
    key, day = step or steps[-1]
    yield Due(
        kind=kind,
        key=key,
        at=start_of(day),
        by=until,
        awaits=_awaits(mentor),
        what=what,
        automatic=step is not None,
    )


def _suspensions(mentor: Mentor) -> Iterator[Due]:
    """A suspension that somebody decided waits for them; an académie's, when the record is closed too."""
    closed = "" if mentor.is_open else " : le dossier est clos, aucune nouvelle candidature avant sa levée"
    for one, since in mentor.suspensions.items():
        if one != OVERDUE and (mentor.is_open or one.academie):
            who = f"academie:{one.academie}" if one.academie else mentor.owner
            yield Due(
                kind="lift_suspension",
                key=f"suspended:{one.academie or one.cause.value}:{since.isoformat()}",
                at=start_of(since),
                awaits=(who,),
                what=f"Suspension en cours ({one.label}), depuis le {french_date(since)}{closed}",
                missing=("la levée de la suspension",),
                automatic=False,
            )


def leave_key(course_id: str) -> str:
    return f"leave_course:{course_id}"


def _courses(mentor: Mentor) -> Iterator[Due]:
    """Whose record is closed gives back the places of courses to come, one by one."""
    if mentor.is_open:
        return
    for course_id in mentor.courses:
        yield Due(
            kind="leave_course",
            key=leave_key(course_id),
            at=start_of(mentor.closed_on or mentor.applied_on),
            what="Place rendue : le dossier est clos",
        )


def _still_awaited(mentor: Mentor, rules: Rules, now: datetime, key: str, reminder: Reminder) -> bool:
    """Whether what the reminder asks for is still to be done: nobody is chased for what they have done."""
    today = paris_day(now)
    match reminder.kind:
        case "remind_file":
            return mentor.status == Status.CANDIDATE and key.startswith(_file_round(mentor))
        case "remind_idle":
            return mentor.status in CLIMBING and key.startswith(idle_round(mentor))
        case "alert_check":
            until = check_until(mentor, rules)
            waited = bool(until and today <= until and key.startswith(_check_round(until)))
        case _:
            until = trained_until(mentor, rules, today)
            waited = bool(until and key.startswith(_certificate_round(until)))
    return mentor.status in STANDING and waited
