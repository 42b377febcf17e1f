"""What a record waits for between its complete file and its clearance: its next step, or to be forgotten.

Only people take the steps. Left idle for so long, the association is told to decide; then the record lapses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from domain.calendar import french_date, paris_day, start_of
from domain.kernel import Due
from domain.mentor.clearance import CLEARANCE, lacks, training_missing
from domain.mentor.parts import LADDER, Status
from domain.mentor.timeline import counted_from, reached_on
from domain.programme.rules import Unit
from domain.reminding import Grace, Step, grace, next_step

if TYPE_CHECKING:
    from domain.calendar import SchoolCalendar
    from domain.mentor.model import Mentor
    from domain.programme.rules import Rules

CLIMBING: Final = frozenset(LADDER) - {Status.CANDIDATE}
_DAY: Final = timedelta(days=1)


def climbing(mentor: Mentor, rules: Rules, calendar: SchoolCalendar, now: datetime) -> Iterator[Due]:
    if mentor.status not in CLIMBING:
        return
    term, waited = idle_term(mentor, rules, calendar, now)
    last = waited.ends(calendar) if waited else term
    step = _next_step(mentor, rules, paris_day(now), last)
    yield step
    start = progressed_on(mentor)
    since = f"dossier sans suite depuis le {french_date(start)}{counted_from(mentor, start)}"
    if reminder := next_step(_steps(mentor, rules, term), mentor.reminders, now):
        yield Due(
            kind="remind_idle",
            key=reminder[0],
            at=start_of(reminder[1]),
            by=last,
            awaits=(mentor.owner,),
            what=f"Poursuivre jusqu'à la validation, refuser ou noter le départ : {since}",
            missing=step.missing,
        )
    yield Due(
        kind="lapse_idle",
        key=idle_key(mentor),
        at=start_of(last + _DAY),
        by=last,
        awaits=(mentor.owner,),
        what=f"Sans décision, la candidature devient caduque passé le {french_date(last)} : {since}",
        missing=step.missing,
    )


def progressed_on(mentor: Mentor) -> date:
    """The day of the last fact that brought it forward, or on which one of its file was recorded."""
    days = [
        mentor.progress_on,
        mentor.applied_on,
        *(one.certified_on for one in mentor.certificates.values()),
    ]
    found = [one.on for one in (mentor.interview, mentor.check) if one]
    return max([*days, *found])


def idle_term(
    mentor: Mentor, rules: Rules, calendar: SchoolCalendar, now: datetime
) -> tuple[date, Grace | None]:
    """The last day of an idle record by the rules, and what is left after it to whoever was told late."""
    term = rules.mentors.idle.plainly_after(progressed_on(mentor))
    steps = _steps(mentor, rules, term)
    return term, grace(steps, term, Unit.DAYS, mentor.reminders, rules, calendar, now)


def idle_key(mentor: Mentor) -> str:
    return f"lapse_idle:{progressed_on(mentor).isoformat()}"


def idle_round(mentor: Mentor) -> str:
    return f"idle:{progressed_on(mentor).isoformat()}:"


def _steps(mentor: Mentor, rules: Rules, term: date) -> list[Step]:
    alert = rules.mentors.idle_alert
    return [(f"{idle_round(mentor)}{alert.count}", alert.before(term))]


def _next_step(mentor: Mentor, rules: Rules, today: date, by: date) -> Due:
    """Only a person takes it. What a clearance misses is what it would be refused for today; where the rules
    ask for no training, it comes after the check."""
    train = training_missing(mentor.certificates.values(), rules, today)
    lacking = tuple(word for _, _, missing in lacks(mentor, rules, today) for word in missing)
    clear = (CLEARANCE, "Valider", lacking)
    wanted = {
        Status.FILE_COMPLETE: ("interview", "Tenir l'entretien", ("un entretien favorable",)),
        Status.INTERVIEWED: (
            "check",
            "Vérifier les antécédents",
            ("la présentation du document",) if mentor.asked else ("la demande du document",),
        ),
        Status.CHECKED: ("train", "Former", train) if train else clear,
        Status.TRAINED: clear,
    }
    kind, what, missing = wanted[Status(mentor.status)]
    return Due(
        kind=kind,
        key=kind,
        at=start_of(reached_on(mentor)),
        by=by,
        awaits=(mentor.owner,),
        what=f"{what} (candidature du {french_date(mentor.applied_on)})",
        missing=missing,
        automatic=False,
    )
