"""Why a mentor is where they are: what their status, what they lacked and what was due rest on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from domain.association.explanation import titles_held
from domain.association.model import Association
from domain.association.parts import INSURANCE
from domain.calendar import paris_day
from domain.case import Case, Rest
from domain.convention.model import Convention
from domain.explaining import Basis, Fact, Reason, fact_of, word_of
from domain.kernel import Due
from domain.mentor.clearance import Lack, blocks, check_until, lacks, trained_until
from domain.mentor.climbing import idle_term, progressed_on
from domain.mentor.due import lapse_term
from domain.mentor.model import Mentor
from domain.mentor.operator import blocking, clearing, operator_lacks
from domain.mentor.parts import BLOCK_LABELS, LADDER, Check, MentorLeaving, MentorSuspension, Status
from domain.programme.labels import RULES_OF_GUARDS, TRAINING_RULES

_FILE = ("Applied", "IdentitySeen", "CharterSigned")
_TRAINING = ("TrainingRecorded", "TrainingWithdrawn")
_ALL = (*_FILE, "Interviewed", "CheckPresented", *_TRAINING)
_ABOUT = {
    "file_incomplete": (*_FILE, "PersonCorrected"),
    "interview_missing": ("Interviewed",),
    "check_missing": ("CheckAsked", "CheckPresented"),
    "training_missing": _TRAINING,
}
_ABOUT_OPERATOR = {
    "operator_suspended": "Suspended",
    "operator_uninsured": "DocumentAccepted",
    "entitlement_missing": "EntitlementGranted",
}
"""What is known of what is lacking."""
_CLEARANCE = ("mentors.check", *TRAINING_RULES, "required_entitlements")


def explain(case: Case) -> list[Reason]:
    """The status, what keeps from a clearance or from a new binôme, and every deadline. Raises ``TypeError``
    for another kind of record."""
    mentor = _of(case)
    return [
        _status(case),
        *_blocks(case, mentor),
        *_missing(case, mentor),
        *(case.due(_due(case, due), _basis(case, due)) for due in case.dues),
    ]


def _due(case: Case, due: Due) -> Due:
    return replace(due, missing=clearing(due.kind, due.missing, _operator(case, _of(case))))


def _of(case: Case) -> Mentor:
    if not isinstance(case.record, Mentor):
        raise TypeError(type(case.record))
    return case.record


def _status(case: Case) -> Reason:
    then = case.decided
    match case.record.status:
        case Status.CLEARED:
            back = Basis(_return(then)) if word_of(then.cause) == "Returned" else Basis()
            return then.status(back, *_clearance(then))
        case Status.SUSPENDED:
            return then.status(Basis(), *_suspensions(case))
        case Status.LAPSED:
            return then.status(
                Basis(case.facts("Applied")), *then.met("lapse", _basis), *then.met("lapse_idle", _basis)
            )
        case Status.LEFT:
            return then.status(Basis(_operator_left(then)))
        case _:
            rules = TRAINING_RULES if case.record.status == Status.TRAINED else ()
            return then.status(Basis(_steps(then), rules))


def _steps(case: Case) -> tuple[Fact, ...]:
    """The facts by which a rung of the ladder was reached; none beside it."""
    mentor = _of(case)
    if mentor.status not in (*LADDER, Status.CLEARED):
        return ()
    rung = LADDER.index(Status(mentor.status)) if mentor.status in LADDER else len(LADDER)
    facts: list[Fact] = list(case.facts(*_FILE, "PersonChanged") if rung >= 1 else ())
    if rung >= 2:
        facts += case.facts("Interviewed")
    if rung >= 3:
        facts += _check(case)
    if rung >= 4:
        facts += _certificates(case)
    return tuple(facts)


def _check(case: Case) -> tuple[Fact, ...]:
    """The check that counts: a document that was not presented since takes nothing from it."""
    check = _of(case).check
    return case.matching("CheckPresented", partial(_presents, check)) if check else ()


def _presents(check: Check, event: Any) -> bool:
    return bool(event.presented and event.on == check.on)


def _certificates(case: Case) -> tuple[Fact, ...]:
    return tuple(f for one in _of(case).certificates for f in case.facts("TrainingRecorded", course_id=one))


def _clearance(case: Case) -> tuple[Rest, ...]:
    """What they were cleared for, as it was when that was decided: their steps, the admission of the operator
    and the titles that it held."""
    cleared = case.last("Cleared")
    if cleared is None:
        return ()
    then = case.after_event(cleared)
    mentor = _of(then)
    facts = (fact_of(cleared), *_steps(then), *then.facts_of(mentor.association_id, "Admitted"))
    operator = then.other(Association, mentor.association_id)
    if operator and then.programme:
        day = mentor.cleared_on or then.today
        facts += titles_held(then, operator, then.programme.scheme, mentor.academies, day)
    return ((then, Basis(facts, _CLEARANCE)),)


def _return(case: Case) -> tuple[Fact, ...]:
    """What ended the last suspension: for one that was overdue, the new check."""
    lifted = case.last("SuspensionLifted")
    if lifted is None:
        return ()
    overdue = getattr(lifted.event, "cause", None) == MentorSuspension.CHECK_OVERDUE
    return (fact_of(lifted), *(_check(case) if overdue else ()))


def _suspensions(case: Case) -> Iterator[Rest]:
    """Each cause that holds, with what it rested on: how the term was counted for a check that is overdue."""
    for one in _of(case).suspensions:
        suspended = case.last("Suspended", **one._asdict())
        if suspended is None:
            continue
        then = case.after_event(suspended)
        yield then, Basis((fact_of(suspended),))
        yield from then.met("suspend_overdue", _basis, suspended)


def _operator_left(case: Case) -> tuple[Fact, ...]:
    mentor = _of(case)
    gone = mentor.leaving is MentorLeaving.OPERATOR
    return case.facts_of(mentor.association_id, "Left") if gone else ()


def _blocks(case: Case, mentor: Mentor) -> Iterator[Reason]:
    """Why no new binôme might begin that day."""
    if not mentor.is_open:
        return
    checked = case.after(mentor.check.on if mentor.check else None, case.rules.mentors.check, plainly=True)
    rests = {
        "suspended": Basis(_suspended(case, mentor)),
        "check_overdue": Basis(case.facts("CheckPresented"), ("mentors.check",), (checked,)),
        "certificate_expired": Basis(_certificates(case), TRAINING_RULES),
        "identity_unseen": Basis(case.facts("PersonCorrected")),
    }
    own = blocks(mentor, case.rules, case.today)
    for code in (*own, *blocking(mentor.status, _operator(case, mentor))):
        sentence = f"Aucun nouveau binôme : {BLOCK_LABELS[code]}."
        yield case.reason(
            "block", code, sentence, basis=rests.get(code) or Basis(_about_operator(case, mentor, code))
        )


def _suspended(case: Case, mentor: Mentor) -> tuple[Fact, ...]:
    return tuple(fact for one in mentor.suspensions for fact in case.facts("Suspended", **one._asdict()))


def _missing(case: Case, mentor: Mentor) -> Iterator[Reason]:
    """What a clearance would be refused for that day, each guard with all that it asks for."""
    if mentor.status not in LADDER:
        return
    for code, sentence, missing in (*lacks(mentor, case.rules, case.today), *_operator(case, mentor)):
        facts = (*case.facts(*_ABOUT.get(code, ())), *_about_operator(case, mentor, code))
        rests = Basis(facts, RULES_OF_GUARDS.get(code, ()))
        yield case.reason("missing", code, sentence, missing, rests)


def _operator(case: Case, mentor: Mentor) -> tuple[Lack, ...]:
    """What the operator lacked that day; its conventions are those that are known to bind it."""
    if case.programme is None:
        return ()
    association = case.other(Association, mentor.association_id)
    bound, scheme = case.others(Convention), case.programme.scheme
    return operator_lacks(association, bound, case.rules, scheme, mentor.academies, case.today)


def _about_operator(case: Case, mentor: Mentor, code: str) -> tuple[Fact, ...]:
    topic = _ABOUT_OPERATOR.get(code)
    if topic == "DocumentAccepted":
        return case.facts_of(mentor.association_id, topic, lambda event: event.document == INSURANCE)
    return case.facts_of(mentor.association_id, topic) if topic else ()


def _idle(case: Case, mentor: Mentor) -> Basis:
    rules, since = case.rules.mentors, progressed_on(mentor)
    term, late = idle_term(mentor, case.rules, case.calendar, case.now)
    counted = (
        case.after(since, rules.idle, plainly=True),
        case.before(term, (rules.idle_alert,), rules.idle_alert.before(term)),
        case.after(late.told_on, late.left) if late else None,
    )
    return Basis(case.facts(*_ALL), ("mentors.idle", "mentors.idle_alert"), counted)


def _basis(case: Case, due: Due) -> Basis:
    mentor = _of(case)
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
            return Basis(_suspended(case, mentor))
