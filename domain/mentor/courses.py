"""The courses of a mentor: those in which they have a place or wait for one, those that certified them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.mentor.clearance import training_missing
from domain.mentor.parts import Certificate

if TYPE_CHECKING:
    from domain.kernel import Act
    from domain.programme.rules import Rules


class Trained:
    """A part of the mentor's record. ``courses``: the ids of those that will be told when it is closed."""

    courses: tuple[str, ...]
    certificates: dict[str, Certificate]

    @property
    def is_open(self) -> bool:
        raise NotImplementedError

    def enrol(self, act: Act, *, course_id: str) -> None:
        """They have a place in the course, or wait for one: the course decides."""
        if course_id not in self.courses:
            self._enrolled(course_id=course_id)

    def leave_course(self, act: Act, *, course_id: str) -> None:
        """They have no business there any more. Nothing happens twice."""
        if course_id in self.courses:
            self._course_left(course_id=course_id)

    def record_training(self, act: Act, *, certificate: Certificate, rules: Rules) -> None:
        """A course certified them; nothing more is added to a record that is closed."""
        if self.is_open and self.certificates.get(certificate.course_id) != certificate:
            held = {**self.certificates, certificate.course_id: certificate}
            self._training_recorded(
                course_id=certificate.course_id,
                modules=certificate.modules,
                minutes=certificate.minutes,
                on=certificate.certified_on,
                valid_until=certificate.valid_until,
                complete=not training_missing(held.values(), rules, act.today),
            )

    def withdraw_training(self, act: Act, *, course_id: str, rules: Rules) -> None:
        """A course takes its certificate back, from a closed record too: what it proved was not so."""
        if course_id in self.certificates:
            held = [one for key, one in self.certificates.items() if key != course_id]
            complete = not training_missing(held, rules, act.today)
            self._training_withdrawn(course_id=course_id, complete=complete)

    def _enrolled(self, course_id: str) -> None:
        raise NotImplementedError

    def _course_left(self, course_id: str) -> None:
        raise NotImplementedError

    def _training_recorded(
        self,
        course_id: str,
        modules: tuple[str, ...],
        minutes: int,
        on: date,
        valid_until: date,
        complete: bool,
    ) -> None:
        raise NotImplementedError

    def _training_withdrawn(self, course_id: str, complete: bool) -> None:
        raise NotImplementedError
