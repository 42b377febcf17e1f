"""The course: planned, opened, held, closed; who has a place, who waits for one, who was there.

planned → open → held → closed; planned or open → cancelled. Enrolments are told by the mentors' ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from domain.erasure import Ground
from domain.guards import not_in_the_future, reason_given
from domain.kernel import Act, Root, event
from domain.reminding import Reminder, Reminding
from domain.training import guards
from domain.training.parts import AHEAD, STATUS_LABELS, Course, Enrolment, Place, Promotion, Status

if TYPE_CHECKING:
    from domain.programme.rules import Rules

Standing = Callable[[str], str | None]
"""The open record of the same mentor: itself, the one that it was merged into, or none at all."""


class Training(Reminding, Root):
    """The aggregate. Public methods decide; the methods under ``@event`` assign."""

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
        course: Course,
    ) -> None:
        self.association_id = association_id
        self.programme_id = programme_id
        self.rules_version = rules_version
        self.academies = academies
        self.course = course
        self.enrolments: dict[str, Enrolment] = {}
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
    def academie(self) -> str:
        """Whose version of the rules and whose calendar it follows: the first of its association's."""
        return min(self.academies, default="")

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
    def to_certify(self) -> tuple[str, ...]:
        """Who was there and followed what a certificate asks for."""
        return tuple(
            mentor_id
            for mentor_id, one in self.enrolments.items()
            if one.place is Place.ATTENDED and one.modules and not self.course.missed(one.modules)
        )

    def _at(self, place: Place) -> tuple[str, ...]:
        return tuple(mentor_id for mentor_id, one in self.enrolments.items() if one.place is place)

    # Before it is held -----------------------------------------------------------------------

    def change(self, act: Act, *, course: Course, rules: Rules, standing: Standing) -> None:
        """Replaces what it is; places added before it begins are given to those who wait, in their order."""
        guards.status_in(self, AHEAD, "la modifier")
        guards.nobody_came(self)
        guards.course(course, rules)
        guards.room_enough(self, course)
        self._changed(course=course)
        self._fill(act, standing)

    def open(self, act: Act) -> None:
        """Enrolment begins."""
        guards.status_in(self, {Status.PLANNED}, "ouvrir les inscriptions")
        self._opened()

    def cancel(self, act: Act) -> None:
        """It will not be held, and a reason says why."""
        guards.status_in(self, AHEAD, "l'annuler")
        guards.nobody_came(self)
        reason_given(act)
        self._cancelled(on=act.today)

    def call_off(self, act: Act) -> None:
        """Its operator is out of the scheme: it will not be held. Nothing happens twice, nor once somebody
        came."""
        if self.status in AHEAD and not (self._at(Place.ATTENDED) or self._at(Place.ABSENT)):
            self._cancelled(on=act.today)

    def enrol(self, act: Act, *, mentor_id: str) -> None:
        """A mentor takes a place, or waits for one when they are all taken."""
        guards.status_in(self, {Status.OPEN, Status.HELD}, "inscrire")
        guards.not_enrolled(self, mentor_id)
        guards.seat_left(self)
        self._enrolled(mentor_id=mentor_id, waits=self.taken >= self.course.places)

    def withdraw(self, act: Act, *, mentor_id: str, standing: Standing) -> None:
        """A mentor will not come: before the course begins, the first who waits has the place."""
        guards.status_in(self, {Status.OPEN}, "désinscrire")
        guards.withdrawable(self, guards.enrolled(self, mentor_id), act)
        self._withdrawn(mentor_id=mentor_id)
        self._fill(act, standing)

    def release(self, act: Act, *, mentor_id: str, standing: Standing) -> None:
        """The mentor's record is closed: before the course has begun, the place goes to the record kept of
        the same person, or back to those who wait. Of two places of one person the better is kept: a given
        one, else the earlier turn. Nothing happens otherwise, nor twice."""
        place = self.enrolments.get(mentor_id)
        ahead = self.status == Status.OPEN and act.now < self.course.starts_at
        if not (ahead and place and place.place in {Place.ENROLLED, Place.WAITING}):
            return
        kept = standing(mentor_id)
        if kept == mentor_id:
            return
        if kept is None or self._before(kept, mentor_id):
            self._released(mentors=(mentor_id,))
            self._fill(act, standing)
            return
        if kept in self.enrolments:
            self._released(mentors=(kept,))
        self._reassigned(former=(mentor_id,), kept=(kept,))

    def _before(self, one: str, other: str) -> bool:
        """Whether one has a place, or a turn, that is no worse than the other's."""
        if one not in self.waiting:
            return one in self.enrolments
        return other in self.waiting and self.waiting.index(one) < self.waiting.index(other)

    def _fill(self, act: Act, standing: Standing) -> None:
        """The free places go to those who wait, in their order; whose record is closed waits no more, and the
        record kept of the same person has the turn. Nobody is given a place once the course has begun."""
        if act.now >= self.course.starts_at:
            return
        free, turns, gone = self.course.places - self.taken, dict[str, str](), list[str]()
        for mentor_id in self.waiting:
            if len(turns) >= free:
                break
            kept = standing(mentor_id)
            if kept is None or kept in turns or (kept != mentor_id and self._before(kept, mentor_id)):
                gone.append(mentor_id)
            else:
                turns[kept] = mentor_id
        merged = {kept: former for kept, former in turns.items() if kept != former}
        gone += [kept for kept in merged if kept in self.enrolments and kept not in gone]
        if gone:
            self._released(mentors=tuple(gone))
        if merged:
            self._reassigned(former=tuple(merged.values()), kept=tuple(merged))
        if turns:
            self._promoted(mentors=tuple(turns), day=act.today)

    # Once it has begun -----------------------------------------------------------------------

    def attend(
        self,
        act: Act,
        *,
        mentor_id: str,
        present: bool,
        minutes: int | None,
        modules: tuple[str, ...] | None,
    ) -> None:
        """Who was there, for how long and for which modules; what was noted wrongly is noted again, for a
        reason once the course is closed."""
        guards.status_in(self, {Status.OPEN, Status.HELD, Status.CLOSED}, "noter une présence")
        if self.status == Status.CLOSED:
            reason_given(act)
        guards.begun(self, act)
        guards.seated(guards.enrolled(self, mentor_id))
        attended = guards.minutes_attended(self, present, minutes)
        followed = guards.modules_followed(self, present, attended, modules)
        noted = Enrolment(Place.ATTENDED if present else Place.ABSENT, attended, followed)
        if self.enrolments[mentor_id] != noted:
            self._attended(mentor_id=mentor_id, present=present, minutes=attended, modules=followed)

    def certify(self, act: Act, *, mentor_id: str, on: date, rules: Rules) -> None:
        """Whoever was there is given a certificate, for as long as the rules say."""
        guards.status_in(self, {Status.HELD, Status.CLOSED}, "délivrer une attestation")
        guards.certifiable(self, guards.enrolled(self, mentor_id), on)
        not_in_the_future(act, on)
        self._certified(mentor_id=mentor_id, on=on, valid_until=rules.training.certificate.plainly_after(on))

    def revoke_certificate(self, act: Act, *, mentor_id: str) -> None:
        """A certificate was given wrongly, and a reason says how: attendance may be noted again."""
        guards.status_in(self, {Status.HELD, Status.CLOSED}, "retirer une attestation")
        guards.certified(guards.enrolled(self, mentor_id))
        reason_given(act)
        self._certificate_revoked(mentor_id=mentor_id)

    def hold(self, act: Act) -> None:
        """Its last day has passed. Nothing happens before, nor twice."""
        if self.status == Status.OPEN and act.today > self.course.last_day:
            self._held(on=self.course.last_day)

    def close(self, act: Act) -> None:
        """Everybody's presence is noted: the course is over and done with."""
        guards.status_in(self, {Status.HELD}, "la clore")
        guards.everybody_noted(self)
        self._ended(on=act.today)

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
