"""The course against a list on a door: seats, a queue, ticks; from the procedure, not from the code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from domain.erasure import Erase, Ground
from domain.kernel import Due
from domain.mentor.parts import Person
from domain.programme.rules import Delay, Rules, Unit
from domain.training import commands as ask
from domain.training.model import Training
from domain.training.parts import Place
from tests.domain.mentor_support import COURSE, Desk
from tests.domain.play import Play, Story, met, played, tell
from tests.domain.rehearsal import OFFICER, Expected, months_later, one_of

KEPT = 10
mentors = st.integers(1, 6)


@dataclass
class Door:
    """Who is on the list, in what order, and who came."""

    seats: int
    day: date
    status: str = "planned"
    seated: list[int] = field(default_factory=list)
    queue: list[int] = field(default_factory=list)
    came: dict[int, bool] = field(default_factory=dict)
    given: dict[int, date] = field(default_factory=dict)
    over_on: date | None = None

    def unless(self, *statuses: str) -> Expected:
        return one_of(wrong_status=self.status not in statuses)

    def absent(self, who: int) -> Expected:
        return one_of(not_enrolled=who not in self.seated + self.queue)

    def fill(self) -> None:
        while self.queue and len(self.seated) < self.seats:
            self.seated.append(self.queue.pop(0))

    def places(self) -> dict[str, str]:
        found = {f"mentor-{who}": "waiting" for who in self.queue}
        for who in self.seated:
            ticked = {None: "enrolled", True: "attended", False: "absent"}[self.came.get(who)]
            found[f"mentor-{who}"] = "certified" if who in self.given else ticked
        return found


class TrainingMachine(Play):
    record_id = COURSE
    steps = {"hold": lambda record_id: ask.Hold(record_id=record_id)}  # noqa: RUF012

    @initialize(stage=st.sampled_from(["planned", "open", "open", "held"]), seats=st.integers(1, 3))
    def open(self, stage: str, seats: int) -> None:
        self.desk = Desk(Rules(retention=Delay(KEPT, Unit.MONTHS)))
        for n in range(1, 7):
            self.desk.apply(f"mentor-{n}", Person("Prénom", "Nom", f"m{n}@exemple.test"))
        self.desk.plan(places=seats, days=20)
        self.door = Door(seats, self.today + timedelta(days=20))
        if stage != "planned":
            self.open_it()
        if stage == "held":
            for who in (4, 2, 5, 1):
                self.enrol(who)
            self.later(21, 0)
            self.until_quiet()

    def model_status(self) -> str:
        return self.door.status

    def time_did(self, due: Due) -> None:
        if due.kind == "hold":
            assert self.today > self.door.day
            self.door.status = "held"
        elif due.kind == "erase":
            self.door.status = "erased"

    @rule(days=st.integers(0, 12), steps=st.integers(0, 2), problem=st.sampled_from([None, "panne"]))
    def days_pass(self, days: int, steps: int, problem: str | None) -> None:
        self.later(days, steps, problem)

    @rule(days=st.integers(10, 90))
    def weeks_pass(self, days: int) -> None:
        self.later(days, 0)
        self.until_quiet()

    @rule()
    def open_it(self) -> None:
        if self.attempt(ask.OpenCourse(record_id=COURSE), self.door.unless("planned")):
            self.door.status = "open"

    @rule(reason=st.sampled_from(["motif", " "]), seriously=st.sampled_from([False, False, True]))
    def cancel(self, reason: str, seriously: bool) -> None:
        expected = self.door.unless("planned", "open") | one_of(
            attendance_recorded=self.door.came, reason_missing=not reason.strip()
        )
        if (expected or seriously) and self.attempt(
            ask.CancelCourse(record_id=COURSE), expected, reason=reason
        ):
            self.door.status, self.door.over_on = "cancelled", self.today

    @rule(seats=st.integers(0, 5))
    def change_the_places(self, seats: int) -> None:
        days = (self.door.day - self.today).days
        command = ask.ChangeCourse(record_id=COURSE, course=self.desk.course(days=days, places=seats))
        expected = self.door.unless("planned", "open") | one_of(
            attendance_recorded=self.door.came,
            places_unlikely=seats == 0,
            places_taken=seats < len(self.door.seated),
        )
        if self.attempt(command, expected):
            self.door.seats = seats
            self.fill()

    @rule(who=mentors)
    def enrol(self, who: int) -> None:
        door = self.door
        expected = door.unless("open", "held") | one_of(
            already_enrolled=who in door.seated + door.queue,
            course_full=door.status == "held" and len(door.seated) >= door.seats,
        )
        if self.attempt(ask.Enrol(record_id=COURSE, mentor_id=f"mentor-{who}"), expected):
            door.queue.append(who)
            if len(door.seated) < door.seats:
                door.queue.remove(who)
                door.seated.append(who)

    def fill(self) -> None:
        """Until the day of the course, whose hour has come when it is lived."""
        if self.today < self.door.day:
            self.door.fill()

    @rule(who=mentors)
    def withdraw(self, who: int) -> None:
        expected = (
            self.door.unless("open")
            | self.door.absent(who)
            | one_of(
                attendance_recorded=who in self.door.came,
                course_begun=who in self.door.seated and self.today >= self.door.day,
            )
        )
        if self.attempt(ask.Withdraw(record_id=COURSE, mentor_id=f"mentor-{who}"), expected):
            for names in (self.door.seated, self.door.queue):
                if who in names:
                    names.remove(who)
            self.fill()

    @rule(who=mentors, present=st.booleans(), reason=st.sampled_from(["motif", " "]))
    def attend(self, who: int, present: bool, reason: str = "motif") -> None:
        door = self.door
        command = ask.Attend(record_id=COURSE, mentor_id=f"mentor-{who}", present=present)
        expected = (
            door.unless("open", "held", "closed")
            | door.absent(who)
            | one_of(
                reason_missing=door.status == "closed" and not reason.strip(),
                not_begun=self.today < door.day,
                still_waiting=who in door.queue,
                already_certified=who in door.given,
            )
        )
        if self.attempt(command, expected, reason=reason):
            door.came[who] = present

    @rule(who=mentors, reason=st.sampled_from(["motif", " "]))
    def take_the_certificate_back(self, who: int, reason: str = "motif") -> None:
        command = ask.RevokeCertificate(record_id=COURSE, mentor_id=f"mentor-{who}")
        expected = (
            self.door.unless("held", "closed")
            | self.door.absent(who)
            | one_of(not_certified=who not in self.door.given, reason_missing=not reason.strip())
        )
        if self.attempt(command, expected, reason=reason):
            del self.door.given[who]

    @rule(who=mentors, days=st.sampled_from([0, 0, 1, 30, -1]))
    def certify(self, who: int, days: int) -> None:
        door, on = self.door, self.ago(days)
        command = ask.Certify(record_id=COURSE, mentor_id=f"mentor-{who}", on=on)
        expected = (
            door.unless("held", "closed")
            | door.absent(who)
            | one_of(
                already_certified=who in door.given,
                not_attended=not door.came.get(who),
                too_early=on < door.day,
                in_the_future=on > self.today,
            )
        )
        if self.attempt(command, expected):
            door.given[who] = months_later(on, 24)

    @rule()
    def close(self) -> None:
        unmarked = set(self.door.seated) - set(self.door.came)
        expected = self.door.unless("held") | one_of(attendance_missing=unmarked)
        if self.attempt(ask.CloseCourse(record_id=COURSE), expected):
            self.door.status, self.door.over_on = "closed", self.today

    @rule(seriously=st.sampled_from([False, False, False, True]))
    def erase(self, seriously: bool) -> None:
        if seriously and self.door.status != "erased":
            assert self.attempt(Erase(record_id=COURSE, ground=Ground.OBJECTION), set(), OFFICER)
            self.door.status = "erased"

    # What must hold at every moment --------------------------------------------------------------

    @invariant()
    def its_history_says_what_the_door_says(self) -> None:
        self.check_history()

    @invariant()
    def its_list_is_that_of_the_door(self) -> None:
        training, door = self.desk.training(), self.door
        assert {key: str(one.place) for key, one in training.enrolments.items()} == door.places()
        assert training.waiting == tuple(f"mentor-{who}" for who in door.queue)
        assert training.taken == len(door.seated) <= door.seats
        ahead = door.status == "open" and self.today < door.day
        assert not (ahead and door.queue and len(door.seated) < door.seats)
        for who, until in door.given.items():
            place = training.enrolments[f"mentor-{who}"]
            assert (place.on(until), place.on(until + timedelta(days=1))) == (Place.CERTIFIED, Place.EXPIRED)
            assert self.desk.mentor(f"mentor-{who}").certificates[COURSE].valid_until == until
        for who in set(range(1, 7)) - set(door.given):
            assert not self.desk.mentor(f"mentor-{who}").certificates

    @invariant()
    def its_deadlines_are_those_of_the_door(self) -> None:
        self.check_deadlines()
        door, ready = self.door, self.ready_kinds()
        over = door.over_on is not None and door.status in {"closed", "cancelled"}
        assert ("hold" in ready) == (door.status == "open" and self.today > door.day)
        assert ("erase" in ready) == (
            over and door.over_on is not None and months_later(door.over_on, KEPT) <= self.today
        )
        awaited = {due.kind for due in self.desk.dues(COURSE)}
        unmarked = set(door.seated) - set(door.came)
        assert ("remind_attendance" in awaited) == (door.status == "held" and bool(unmarked))
        assert ("close" in awaited) == (door.status == "held" and not unmarked)
        assert ("certify" in awaited) == (
            door.status in {"held", "closed"}
            and any(there and who not in door.given for who, there in door.came.items())
        )


@pytest.mark.parametrize("examples", [40, pytest.param(800, marks=pytest.mark.stress)])
def test_a_course_is_what_the_list_on_the_door_says(examples: int) -> None:
    played(TrainingMachine, examples)


STORY: Story[TrainingMachine] = (
    lambda m: m.open("planned", 2),
    lambda m: m.enrol(1),
    lambda m: m.open_it(),
    *(lambda m, who=who: m.enrol(who) for who in (1, 2, 3, 4)),
    lambda m: m.withdraw(1),
    lambda m: m.enrol(1),
    lambda m: m.change_the_places(3),
    lambda m: m.change_the_places(2),
    lambda m: m.attend(2, True),
    lambda m: m.weeks_pass(19),
    lambda m: m.weeks_pass(2),
    lambda m: m.enrol(5),
    *(lambda m, who=who: m.attend(who, who != 3) for who in (2, 3)),
    lambda m: m.close(),
    lambda m: m.weeks_pass(10),
    *(lambda m, who=who: m.attend(who, True) for who in (4, 1, 6)),
    *(lambda m, who=who: m.certify(who, 0) for who in (2, 3, 1)),
    lambda m: m.close(),
    lambda m: m.certify(4, 0),
    lambda m: m.take_the_certificate_back(4),
    lambda m: m.attend(4, False),
    *(lambda m: m.weeks_pass(90) for _ in range(4)),
    lambda m: m.open_it(),
)


def test_the_story_meets_every_status_and_every_deadline() -> None:
    tell(TrainingMachine, [STORY])
    assert met("due") >= {"remind_course", "hold", "remind_attendance", "deliver", "erase"}
    assert met("status") == {"planned", "open", "held", "closed", "erased"}


FAULTS: dict[str, tuple[str, Any]] = {
    "nobody is promoted": ("_promoted", lambda self, mentors, day: None),
    "the last who waits is promoted": ("waiting", property(lambda self: self._at(Place.WAITING)[::-1])),
    "there is always a place": ("taken", property(lambda self: 0)),
    "nobody is ever absent": ("unmarked", property(lambda self: ())),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_door_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    name, wrong = FAULTS[fault]
    monkeypatch.setattr(Training, name, wrong)
    with pytest.raises(AssertionError):
        tell(TrainingMachine, [STORY])
