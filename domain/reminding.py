"""Reminders: what falls due, what its channel answered, and the two commands that say so of any record.

A reminder is due first, then delivered or failed by its channel: never « sent » because it was logged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from domain.calendar import french_date, paris_day, start_of
from domain.commands import Command, handles
from domain.kernel import Act, Due, Root
from domain.ports import Records
from domain.programme.rules import Delay, Unit

if TYPE_CHECKING:
    from domain.calendar import SchoolCalendar
    from domain.programme.rules import Rules

Step = tuple[str, date]
"""A reminder to come: its key, its day."""


@dataclass(frozen=True)
class Reminder:
    """What has become of a reminder: due, then delivered or failed by its channel."""

    kind: str
    to: str
    what: str
    due_on: date
    delivered_on: date | None = None
    failures: int = 0


class Reminding:
    """A part of a record that reminds whoever it waits for. The record declares the three events, each one
    line long: a topic belongs to one class."""

    reminders: dict[str, Reminder]

    @property
    def heading(self) -> str:
        """What the record is called in a message, in French: it names bodies, never a person."""
        raise NotImplementedError

    @property
    def owner(self) -> str:
        """The key of whoever keeps the record, and answers questions about it."""
        raise NotImplementedError

    def remind(self, act: Act, *, key: str, kind: str, to: str, what: str) -> None:
        """A reminder falls due; once for each key."""
        if key not in self.reminders:
            self._reminder_due(key=key, kind=kind, to=to, what=what, due_on=act.today)

    def record_delivery(self, act: Act, *, key: str, channel: str, problem: str | None) -> None:
        """What the channel answered. Nothing changes once it was delivered."""
        reminder = self.reminders.get(key)
        if reminder is None or reminder.delivered_on:
            return
        if problem is None:
            self._reminder_delivered(key=key, channel=channel, day=act.today)
        else:
            self._reminder_failed(key=key, channel=channel, problem=problem)

    def _reminder_due(self, key: str, kind: str, to: str, what: str, due_on: date) -> None:
        raise NotImplementedError

    def _reminder_delivered(self, key: str, channel: str, day: date) -> None:
        raise NotImplementedError

    def _reminder_failed(self, key: str, channel: str, problem: str) -> None:
        raise NotImplementedError

    def _delivered(self, key: str, day: date) -> None:
        self.reminders[key] = replace(self.reminders[key], delivered_on=day)

    def _failed(self, key: str) -> None:
        reminder = self.reminders[key]
        self.reminders[key] = replace(reminder, failures=reminder.failures + 1)


# What is due --------------------------------------------------------------------------------------


def next_step(steps: Sequence[Step], reminders: Mapping[str, Reminder], now: datetime) -> Step | None:
    """The reminder to send next: the latest whose day has come, the ones it has overtaken being dropped,
    else the first that lies ahead. ``None`` when all are done."""
    past = [step for step in steps if start_of(step[1]) <= now]
    ahead = [step for step in steps if start_of(step[1]) > now]
    return next((s for s in [*past[-1:], *ahead] if s[0] not in reminders), None)


@dataclass(frozen=True)
class Grace:
    """What a term leaves after its last reminder: ``left``, from the day on which that one was sent."""

    told_on: date
    left: Delay

    def ends(self, calendar: SchoolCalendar) -> date:
        return self.left.after(self.told_on, calendar)


def grace(
    steps: Sequence[Step],
    term: date,
    unit: Unit,
    reminders: Mapping[str, Reminder],
    rules: Rules,
    calendar: SchoolCalendar,
    now: datetime,
) -> Grace | None:
    """Nothing lapses before its reminders: when the last of them was sent late, or was not sent yet (nobody
    sent anything for a while), what the rules leave between it and the ``term`` is left from that day on,
    counted in the ``unit`` of the rule. ``None`` when the term holds as it is.
    """
    if not steps:
        return None
    key, day = steps[-1]
    told = _told_on(reminders.get(key), rules, paris_day(now))
    if told <= day:
        return None
    if unit is Unit.SCHOOL_DAYS:
        return Grace(told, Delay(calendar.school_days_between(day, term), unit))
    return Grace(told, Delay((term - day).days))


def _told_on(reminder: Reminder | None, rules: Rules, today: date) -> date:
    """The day on which somebody was told: today at the earliest while they have not been. What no channel
    takes was told when it fell due."""
    if reminder is None:
        return today
    return reminder.delivered_on or (reminder.due_on if _given_up(reminder, rules) else today)


def _given_up(reminder: Reminder, rules: Rules) -> bool:
    return reminder.failures > len(rules.delivery_retries)


def deliveries(
    reminders: Mapping[str, Reminder], rules: Rules, still_awaited: Callable[[str, Reminder], bool]
) -> Iterator[Due]:
    """The reminders to send, or to send again. ``still_awaited`` says of a reminder whether what it asks for
    is still to be done: nobody is chased for what they have done."""
    for key, reminder in reminders.items():
        if reminder.delivered_on or _given_up(reminder, rules) or not still_awaited(key, reminder):
            continue
        wait = rules.delivery_retries[reminder.failures - 1].count if reminder.failures else 0
        yield Due(
            kind="deliver",
            key=f"deliver:{key}:{reminder.failures}",
            at=start_of(reminder.due_on + timedelta(days=wait)),
            what=f"Envoi de la relance : {reminder.what}",
        )


def retention(closed_on: date | None, rules: Rules) -> Iterator[Due]:
    """The last thing that a record waits for: its personal data are erased at their term."""
    if closed_on:
        day = rules.retention.plainly_after(closed_on)
        yield Due(
            kind="erase",
            key=f"retention:{day.isoformat()}",
            at=start_of(day),
            what=f"Effacement des données personnelles à leur terme de conservation, le {french_date(day)}",
        )


def due_now(record: Root, key: str, act: Act, records: Records) -> Due | None:
    """The record's own deadline of that key, if its time has come and it is still open: a process that woke
    too early changes nothing."""
    from domain.programme.model import Programme
    from domain.registry import waits

    ahead = waits(record, lambda programme_id: records.read(Programme, programme_id), records.world, act.now)
    return next((due for due in ahead if due.key == key and due.automatic and due.at <= act.now), None)


def day_of(due: Due, record: Root, act: Act, records: Records) -> date:
    """The day on which what was ``due`` is true: the deadline's own, however late a process comes to it; but
    not before the rules that set it."""
    from domain.programme.model import Programme
    from domain.registry import programme_of_record, ruling

    programme = records.read(Programme, programme_of_record(record) or "")
    return max(paris_day(due.at), ruling(record, programme, act.today).on)


# Carried out by the process. Doing them again changes nothing -------------------------------------


@dataclass(frozen=True, kw_only=True)
class Remind(Command):
    """Whoever is awaited is told so: the reminder of deadline ``key`` falls due."""

    name: ClassVar[str] = "record.remind"
    key: str


@handles(Remind)
def remind(command: Remind, act: Act, records: Records) -> None:
    record = records.get(Root, command.record_id)
    due = due_now(record, command.key, act, records)
    if due and isinstance(record, Reminding):
        record.remind(act, key=due.key, kind=due.kind, to=",".join(due.awaits), what=due.what)


@dataclass(frozen=True, kw_only=True)
class RecordDelivery(Command):
    """What the channel answered for reminder ``key``; ``problem`` is absent when it was delivered."""

    name: ClassVar[str] = "record.record_delivery"
    key: str
    channel: str
    problem: str | None = None


@handles(RecordDelivery)
def record_delivery(command: RecordDelivery, act: Act, records: Records) -> None:
    record = records.get(Root, command.record_id)
    if isinstance(record, Reminding):
        record.record_delivery(act, key=command.key, channel=command.channel, problem=command.problem)
