"""The course: planned, opened, held, closed; who has a place, who waits for one, who was there.

planned → open → held → closed; planned or open → cancelled. Enrolments are told by the mentors' ids.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from domain.erasure import Ground
from domain.kernel import Root, event
from domain.reminding import Reminder, Reminding
from domain.training.parts import AHEAD, STATUS_LABELS, Course, Enrolment, Place, Promotion, Status


class Training(Reminding, Root):
    """What the record is and what its events assign. What is decided about it stands in a file a subject:
    ``planning``, ``places``, ``attendance``.
    """

    TOPIC = "training@1"
    persons_shown_to = frozenset({"association", "dpo"})
    status_labels = STATUS_LABELS
    resting = AHEAD
    final = frozenset({Status.CLOSED, Status.CANCELLED, Status.ERASED})

    @event("Created", topic="training.Planned@1")
    def __init__(
        self,
        id: str,
        association_id: str,
        programme_id: str,
        rules_version: int,
        academies: tuple[str, ...],
        academie: str,
        course: Course,
    ) -> None:
        self.association_id = association_id
        self.programme_id = programme_id
        self.rules_version = rules_version
        self.academies = academies
        self.academie = academie
        self.course = course
        self.enrolments: dict[str, Enrolment] = {}
        self.departed: frozenset[str] = frozenset()
        self.promotions: tuple[Promotion, ...] = ()
        self.reminders: dict[str, Reminder] = {}
        self.closed_on: date | None = None
        self.status: str = Status.PLANNED

    # What it is ------------------------------------------------------------------------------

    def scopes(self) -> frozenset[str]:
        return frozenset(
            {f"association:{self.association_id}", "role:auditor", "role:dpo"}
            | {f"academie:{code}" for code in self.academies}
        )

    @property
    def owner(self) -> str:
        return f"association:{self.association_id}"

    @property
    def heading(self) -> str:
        return f"Formation : {self.course.title}"

    @property
    def taken(self) -> int:
        """The places given: whoever does not wait has one."""
        return sum(one.place is not Place.WAITING for one in self.enrolments.values())

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who waits for a place, in the order of their enrolment."""
        return self._at(Place.WAITING)

    @property
    def unmarked(self) -> tuple[str, ...]:
        """Who had a place and is neither present nor absent yet."""
        return self._at(Place.ENROLLED)

    @property
    def has_taken_place(self) -> bool:
        """Whether somebody was noted present or absent: it is then what it was."""
        return bool(self._at(Place.ATTENDED) or self._at(Place.ABSENT))

    @property
    def to_certify(self) -> tuple[str, ...]:
        """Who was there and followed what a certificate asks for, unless their record is closed."""
        return tuple(
            mentor_id
            for mentor_id in self._at(Place.ATTENDED)
            if mentor_id not in self.departed
            and (followed := self.enrolments[mentor_id].modules)
            and not self.course.missed(followed)
        )

    def _at(self, place: Place) -> tuple[str, ...]:
        return tuple(mentor_id for mentor_id, one in self.enrolments.items() if one.place is place)

    # Events: they assign, and never compute with personal fields ------------------------------

    @event("Changed", topic="training.Changed@1")
    def _changed(self, course: Course) -> None:
        self.course = course

    @event("Opened", topic="training.Opened@1")
    def _opened(self) -> None:
        self.status = Status.OPEN

    @event("Cancelled", topic="training.Cancelled@1")
    def _cancelled(self, on: date) -> None:
        self.status = Status.CANCELLED
        self.closed_on = on

    @event("Enrolled", topic="training.Enrolled@1")
    def _enrolled(self, mentor_id: str, waits: bool) -> None:
        self.enrolments[mentor_id] = Enrolment(Place.WAITING if waits else Place.ENROLLED)

    @event("Withdrawn", topic="training.Withdrawn@1")
    def _withdrawn(self, mentor_id: str) -> None:
        del self.enrolments[mentor_id]

    @event("Released", topic="training.Released@1")
    def _released(self, mentors: tuple[str, ...]) -> None:
        for mentor_id in mentors:
            del self.enrolments[mentor_id]

    @event("Parted", topic="training.Parted@1")
    def _parted(self, mentors: tuple[str, ...]) -> None:
        self.departed |= set(mentors)

    @event("Reassigned", topic="training.Reassigned@1")
    def _reassigned(self, former: tuple[str, ...], kept: tuple[str, ...]) -> None:
        renamed = dict(zip(former, kept, strict=True))
        self.enrolments = {renamed.get(i, i): one for i, one in self.enrolments.items()}

    @event("Promoted", topic="training.Promoted@1")
    def _promoted(self, mentors: tuple[str, ...], day: date) -> None:
        for mentor_id in mentors:
            self.enrolments[mentor_id] = Enrolment(Place.ENROLLED)
        self.promotions = (*self.promotions, Promotion(mentors, day))

    @event("Attended", topic="training.Attended@1")
    def _attended(self, mentor_id: str, present: bool, minutes: int, modules: tuple[str, ...]) -> None:
        place = Place.ATTENDED if present else Place.ABSENT
        self.enrolments[mentor_id] = Enrolment(place, minutes, modules)

    @event("Certified", topic="training.Certified@1")
    def _certified(self, mentor_id: str, on: date, valid_until: date) -> None:
        was = self.enrolments[mentor_id]
        self.enrolments[mentor_id] = replace(
            was, place=Place.CERTIFIED, valid_until=valid_until, certified_on=on
        )

    @event("CertificateRevoked", topic="training.CertificateRevoked@1")
    def _certificate_revoked(self, mentor_id: str) -> None:
        was = self.enrolments[mentor_id]
        self.enrolments[mentor_id] = replace(was, place=Place.ATTENDED, valid_until=None, certified_on=None)

    @event("Held", topic="training.Held@1")
    def _held(self, on: date) -> None:
        self.status = Status.HELD

    @event("Ended", topic="training.Ended@1")
    def _ended(self, on: date) -> None:
        self.status = Status.CLOSED
        self.closed_on = on

    @event("ReminderDue", topic="training.ReminderDue@1")
    def _reminder_due(self, key: str, kind: str, to: str, what: str, due_on: date) -> None:
        self.reminders[key] = Reminder(kind, to, what, due_on)

    @event("ReminderDelivered", topic="training.ReminderDelivered@1")
    def _reminder_delivered(self, key: str, channel: str, day: date) -> None:
        self._delivered(key, day)

    @event("ReminderFailed", topic="training.ReminderFailed@1")
    def _reminder_failed(self, key: str, channel: str, problem: str) -> None:
        self._failed(key)

    @event("SubjectErased", topic="training.SubjectErased@1")
    def _subject_erased(self, ground: Ground) -> None:
        self._closed()
