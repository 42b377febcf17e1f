"""The courses of a mentor: those in which they have a place or wait for one, those that certified them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.mentor.clearance import training_missing
from domain.mentor.parts import Certificate

if TYPE_CHECKING:
    from domain.kernel import Act
    from domain.mentor.model import Mentor
    from domain.programme.rules import Rules


def enrol(mentor: Mentor, *, course_id: str) -> None:
    """They have a place in the course, or wait for one: the course decides."""
    if course_id not in mentor.courses:
        mentor._enrolled(course_id=course_id)


def leave_course(mentor: Mentor, *, course_id: str) -> None:
    """They have no business there any more. Nothing happens twice."""
    if course_id in mentor.courses:
        mentor._course_left(course_id=course_id)


def record_training(mentor: Mentor, act: Act, *, certificate: Certificate, rules: Rules) -> None:
    """A course certified them; nothing more is added to a record that is closed."""
    if mentor.is_open and mentor.certificates.get(certificate.course_id) != certificate:
        held = {**mentor.certificates, certificate.course_id: certificate}
        mentor._training_recorded(
            course_id=certificate.course_id,
            modules=certificate.modules,
            minutes=certificate.minutes,
            on=certificate.certified_on,
            valid_until=certificate.valid_until,
            complete=not training_missing(held.values(), rules, act.today),
        )


def withdraw_training(mentor: Mentor, act: Act, *, course_id: str, rules: Rules) -> None:
    """A course takes its certificate back, from a closed record too: what it proved was not so."""
    if course_id in mentor.certificates:
        held = [one for key, one in mentor.certificates.items() if key != course_id]
        complete = not training_missing(held, rules, act.today)
        mentor._training_withdrawn(course_id=course_id, complete=complete)
