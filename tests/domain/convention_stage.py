"""The stage of the state machine of a convention: commands attempted, deadlines met, time passing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis.stateful import RuleBasedStateMachine

from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention import commands as ask
from domain.convention.due import waits
from domain.convention.model import Convention
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Actor, DomainError, Due, Root
from domain.programme.model import Programme
from domain.reminding import RecordDelivery, Remind
from ledger.events import happened
from tests.domain.play import SEEN
from tests.domain.rehearsal import Expected, Sheet, settled
from tests.support import LYON, House, fold_at

ID = "convention-1"
PARIS = ZoneInfo("Europe/Paris")

RECORDED_BY = {
    "ends_on": {"convention.Drafted@1", "convention.ClausesSet@1", "convention.HistoryRecorded@1"},
    "in_force_from": {"convention.CameIntoForce@1", "convention.HistoryRecorded@1"},
    "signature": {"convention.Signed@1"},
}
STEPS: dict[str, Callable[[Due], Command]] = {
    "enter_into_force": lambda due: ask.EnterIntoForce(record_id=ID),
    "end": lambda due: ask.End(record_id=ID),
    "report_overdue": lambda due: ask.MarkReportOverdue(record_id=ID, key=due.key),
    "erase": lambda due: Erase(record_id=ID, ground=Ground.RETENTION),
}


class ConventionStage(RuleBasedStateMachine):
    """A convention, a plain model of it, and the clock: commands attempted, time passing."""

    def __init__(self) -> None:
        super().__init__()
        self.house = House()
        self.sheet = Sheet()
        self.live: Root | None = None
        self.folded = 0

    @property
    def today(self) -> date:
        return self.house.clock.instant.astimezone(PARIS).date()

    @property
    def record(self) -> Convention:
        return settled(self.house.convention(ID))

    def ago(self, days: int) -> PartialDate:
        return PartialDate(self.today - timedelta(days=days))

    def attempt(
        self, command: Command, expected: Expected, actor: Actor = LYON, reason: str = "motif"
    ) -> bool:
        """Carries the command out; whether it was. Refused, it is by a guard that had to fail."""
        expected = self.sheet.once_erased(command.name, expected)
        before, refused = self.traces(), None
        try:
            settled(self.house.do(command, actor, reason=reason))
        except DomainError as error:
            refused = error
        if refused is None:
            assert not expected, (command, "should have been refused", expected)
            SEEN[command.name] += 1
            return True
        assert refused.code in expected, (command, refused.code, expected)
        assert refused.sentence
        assert before == self.traces()
        SEEN[f"refused {refused.code}"] += 1
        return False

    def traces(self) -> tuple[object, ...]:
        return vars(self.record), len(settled(self.house.recorder.load([ID])).events)

    def later(self, days: int, hours: int = 0, steps: int = 0, problem: str | None = None) -> None:
        self.house.clock.advance(days=days, hours=hours)
        for _ in range(steps):
            self.one_step_of_the_process(problem)

    def dues(self) -> list[Due]:
        programme = settled(fold_at(self.house.recorder, self.record.programme_id))
        assert isinstance(programme, Programme)
        return waits(self.record, programme, self.house.executor.world, self.house.clock.instant)

    def ready(self) -> list[Due]:
        return [due for due in self.dues() if due.automatic and due.at <= self.house.clock.instant]

    def one_step_of_the_process(self, problem: str | None = None) -> None:
        """The first deadline is met, and something has changed: else the process would spin."""
        if not (ready := self.ready()):
            return
        due, version = ready[0], self.record.version
        if due.key.startswith("deliver:"):
            key = due.key.removeprefix("deliver:").rpartition(":")[0]
            command: Command = RecordDelivery(record_id=ID, key=key, channel="mail", problem=problem)
        else:
            step = STEPS.get(due.kind)
            command = step(due) if step else Remind(record_id=ID, key=due.key)
        assert self.attempt(command, set(), SYSTEM, reason="")
        assert self.record.version > version, f"{due.key} stays due for ever"
        SEEN[f"due {due.kind}"] += 1
        self.sheet.time_did(due.kind, due.key, self.today)
        if self.sheet.status == "erased":
            self.attempt(ask.Submit(record_id=ID), set())

    def last_event_with(self, name: str, party: str) -> int:
        """The version of the last event that tells this date, by its topic; 1 if there is none."""
        events = [happened(stored).event for stored in settled(self.house.recorder.load([ID])).events]
        return max(
            (
                event.originator_version
                for event in events
                if vars(type(event))["TOPIC"] in RECORDED_BY.get(name, ())
                and getattr(event, "party", party) == party
            ),
            default=1,
        )
