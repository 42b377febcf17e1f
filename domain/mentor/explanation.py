"""Why a mentor is where they are: what their status, what they lack and what is due rest on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.calendar import paris_day
from domain.case import Case
from domain.explaining import Basis, Reason
from domain.kernel import Due
from domain.mentor.clearance import blocks, check_until, lacks, trained_until
from domain.mentor.climbing import idle_term, progressed_on
from domain.mentor.due import lapse_term
from domain.mentor.model import Mentor
from domain.mentor.operator import blocking, clearing
from domain.mentor.parts import BLOCK_LABELS, LADDER, SUSPENSION_LABELS, MentorSuspension, Status
from domain.programme.labels import RULES_OF_GUARDS, TRAINING_RULES

_FILE = ("Applied", "IdentitySeen", "CharterSigned")
_INTERVIEW = (*_FILE, "Interviewed")
_CHECK = (*_INTERVIEW, "CheckPresented")
_TRAINING = ("TrainingRecorded", "TrainingWithdrawn")
_ALL = (*_CHECK, *_TRAINING)
_RESTS_ON = {
    Status.FILE_COMPLETE: _FILE,
    Status.INTERVIEWED: _INTERVIEW,
    Status.CHECKED: _CHECK,
    Status.TRAINED: _ALL,
    Status.CLEARED: _ALL,
}
"""The facts by which each status was reached."""
_ABOUT = {
    "file_incomplete": (*_FILE, "PersonCorrected"),
    "interview_missing": ("Interviewed",),
    "check_missing": ("CheckAsked", "CheckPresented"),
    "training_missing": _TRAINING,
}
"""What is known of what is lacking."""


def explain(case: Case) -> list[Reason]:
    """The status, what keeps from a clearance or from a new binôme, and every deadline. Raises ``TypeError``
    for another kind of record."""
    mentor = case.record
    if not isinstance(mentor, Mentor):
        raise TypeError(type(mentor))
    return [
        _status(case, mentor),
        *_blocks(case, mentor),
        *_missing(case, mentor),
        *(case.due(_due(case, due), _basis(case, mentor, due)) for due in case.dues),
    ]


def _due(case: Case, due: Due) -> Due:
    return replace(due, missing=clearing(due.kind, due.missing, case.operator))


def _status(case: Case, mentor: Mentor) -> Reason:
    suspended = tuple(
        fact
        for cause in mentor.suspensions
        for fact in case.facts("Suspended", cause=cause, detail=SUSPENSION_LABELS[cause])
    )
    overdue = MentorSuspension.CHECK_OVERDUE in mentor.suspensions
    rules = {
        Status.TRAINED: TRAINING_RULES,
        Status.CLEARED: ("mentors.check", *TRAINING_RULES, "required_entitlements"),
        Status.SUSPENDED: ("mentors.check",) if overdue else (),
        Status.LAPSED: ("mentors.lapse",) if mentor.file_missing else ("mentors.idle",),
    }
    status = Status(mentor.status)
    return case.status(*_RESTS_ON.get(status, ()), facts=suspended, rules=rules.get(status, ()))


def _blocks(case: Case, mentor: Mentor) -> Iterator[Reason]:
    """Why no new binôme may begin today."""
    if not mentor.is_open:
        return
    rests = {
        "suspended": Basis(case.facts("Suspended")),
        "check_overdue": Basis(case.facts("CheckPresented"), ("mentors.check",)),
        "certificate_expired": Basis(case.every(*_TRAINING), TRAINING_RULES),
        "identity_unseen": Basis(case.facts("PersonCorrected")),
    }
    own = blocks(mentor, case.rules, case.today)
    for code in (*own, *blocking(mentor.status, case.operator)):
        sentence = f"Aucun nouveau binôme : {BLOCK_LABELS[code]}."
        yield case.reason("block", code, sentence, basis=rests.get(code))


def _missing(case: Case, mentor: Mentor) -> Iterator[Reason]:
    """What a clearance would be refused for today, each guard with all that it asks for."""
    if mentor.status not in LADDER:
        return
    for code, sentence, missing in (*lacks(mentor, case.rules, case.today), *case.operator):
        rests = Basis(case.facts(*_ABOUT.get(code, ())), RULES_OF_GUARDS.get(code, ()))
        yield case.reason("missing", code, sentence, missing, rests)


def _idle(case: Case, mentor: Mentor) -> Basis:
    rules, since = case.rules.mentors, progressed_on(mentor)
    term, late = idle_term(mentor, case.rules, case.calendar, case.now)
    counted = (
        case.after(since, rules.idle, plainly=True),
        case.before(term, (rules.idle_alert,), rules.idle_alert.before(term)),
        case.after(late.told_on, late.left) if late else None,
    )
    return Basis(case.facts(*_ALL), ("mentors.idle", "mentors.idle_alert"), counted)


def _basis(case: Case, mentor: Mentor, due: Due) -> Basis:
    rules, day = case.rules.mentors, paris_day(due.at)
    checked, trained = check_until(mentor, case.rules), trained_until(mentor, case.rules, case.today)
    check = case.after(mentor.check.on if mentor.check else None, rules.check, plainly=True)
    match due.kind:
        case "remind_file" | "lapse":
            _, late = lapse_term(mentor, case.rules, case.calendar, case.now)
            counted = (
                case.first_of(mentor.progress_on, rules.reminders, day),
                case.after(mentor.progress_on, rules.lapse),
                case.after(late.told_on, late.left) if late else None,
            )
            told = case.facts(*_FILE, "PersonChanged", "PersonCorrected")
            return Basis(told, ("mentors.reminders", "mentors.lapse"), counted)
        case "see_identity":
            return Basis(case.facts("PersonCorrected"))
        case "leave_course":
            return Basis(case.facts("Enrolled"))
        case "remind_idle" | "lapse_idle":
            return _idle(case, mentor)
        case "interview":
            return Basis(case.facts(*_FILE))
        case "check":
            return Basis(case.facts("Interviewed", "CheckAsked"), ("mentors.b3_age",))
        case "alert_check" | "suspend_overdue" | "present_check":
            alert = case.before(checked, rules.check_alerts, day)
            paths = ("mentors.check", *(("mentors.check_alerts",) if alert else ()))
            return Basis(case.facts("CheckPresented"), paths, (check, alert))
        case "alert_certificate":
            alert = case.before(trained, case.rules.training.certificate_alerts, day)
            paths = ("training.certificate", "training.certificate_alerts")
            return Basis(case.every(*_TRAINING), paths, (alert,))
        case "train" | "clear":
            return Basis(case.every(*_TRAINING), TRAINING_RULES)
        case _:
            return Basis(case.facts("Suspended"))
