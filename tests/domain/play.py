"""The stage of the state machines of onboarding: commands attempted, time passing, histories folded."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TypeVar

import hypothesis
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from domain.commands import Command
from domain.erasure import Erase, Ground
from domain.folding import fold, standing_at
from domain.kernel import SYSTEM, Actor, DomainError, Due
from domain.reminding import RecordDelivery, Remind
from ledger.events import happened
from tests.domain.mentor_support import Desk
from tests.domain.rehearsal import Expected, settled
from tests.support import COORDINATOR

SEEN: Counter[str] = Counter()
"""What a run has met: a machine that never did a thing proves nothing of it."""


class Play(RuleBasedStateMachine):
    """A record, a model of it, and the clock. ``model_status`` and ``time_did`` are the model's."""

    record_id = ""
    steps: dict[str, Callable[[str], Command]] = {}  # noqa: RUF012 - of a class, never of one machine

    def __init__(self) -> None:
        super().__init__()
        self.desk: Desk
        self.problem: str | None = None

    def model_status(self) -> str:
        raise NotImplementedError

    def time_did(self, due: Due) -> None:
        raise NotImplementedError

    @property
    def today(self) -> date:
        return self.desk.today

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def attempt(
        self, command: Command, expected: Expected, actor: Actor = COORDINATOR, reason: str = ""
    ) -> bool:
        """Carries the command out; whether it was. Refused, it is by a guard that had to fail."""
        if self.model_status() == "erased" and actor.role != "system":
            expected = {"erased"}
        before = self.desk.version(command.record_id)
        try:
            self.desk.do(command, actor, reason)
        except DomainError as error:
            refused = error
        else:
            assert not expected, (command, "should have been refused", expected)
            SEEN[command.name] += 1
            return True
        assert refused.code in expected, (command, refused.code, expected)
        assert self.desk.version(command.record_id) == before
        SEEN[f"refused {refused.code}"] += 1
        return False

    def later(self, days: int, steps: int, problem: str | None = None) -> None:
        self.desk.house.clock.advance(days=days)
        for _ in range(steps):
            self.one_step_of_the_process(problem)

    def one_step_of_the_process(self, problem: str | None = None) -> None:
        """The first deadline is met, and something has changed: else the process would spin."""
        if not (ready := self.desk.ready(self.record_id)):
            return
        due, version = ready[0], self.desk.version(self.record_id)
        if due.kind == "deliver":
            key = due.key.removeprefix("deliver:").rpartition(":")[0]
            command: Command = RecordDelivery(
                record_id=self.record_id, key=key, channel="mail", problem=problem
            )
        elif due.kind == "erase":
            command = Erase(record_id=self.record_id, ground=Ground.RETENTION)
        elif step := self.steps.get(due.kind):
            command = step(self.record_id)
        else:
            command = Remind(record_id=self.record_id, key=due.key)
        assert self.attempt(command, set(), SYSTEM)
        assert self.desk.version(self.record_id) > version, f"{due.key} stays due for ever"
        SEEN[f"due {due.kind}"] += 1
        self.problem = problem
        self.time_did(due)

    def until_quiet(self) -> None:
        for _ in range(60):
            if not self.desk.ready(self.record_id):
                return
            self.one_step_of_the_process()
        raise AssertionError(f"never quiet: {self.desk.ready(self.record_id)}")

    def check_history(self) -> None:
        """The record folds to the status that the model says, which is also that of now on its timeline."""
        events = [happened(e) for e in settled(self.desk.house.recorder.load([self.record_id])).events]
        again, now = fold(events), self.desk.now
        standing = standing_at(events, now, now)
        assert again is not None
        assert standing is not None
        assert again.status == standing.status == self.model_status()
        assert all(one.effective_at <= one.recorded_at for one in events)
        SEEN[f"status {again.status}"] += 1

    def check_deadlines(self) -> list[Due]:
        dues = self.desk.dues(self.record_id)
        assert dues == sorted(dues, key=lambda due: due.at)
        assert len({due.key for due in dues}) == len(dues)
        assert all(due.what for due in dues)
        if self.model_status() == "erased":
            assert dues == []
        return dues

    def ready_kinds(self) -> set[str]:
        return {due.kind for due in self.desk.ready(self.record_id)}


M = TypeVar("M", bound=RuleBasedStateMachine)
Story = tuple[Callable[[M], object], ...]


def tell(machine: type[M], stories: Iterable[Story[M]]) -> None:
    """Stories of which every step is chosen, and looked at as any other."""
    SEEN.clear()
    for steps in stories:
        stage = machine()
        for step in steps:
            step(stage)
            for one in stage.invariants:
                one.function(stage)


def met(prefix: str) -> set[str]:
    """What the last run has met, of those that are counted under this word."""
    return {name.removeprefix(f"{prefix} ") for name in SEEN if name.startswith(f"{prefix} ")}


def played(machine: type[RuleBasedStateMachine], examples: int, steps: int = 30) -> None:
    """A run. Its seed is printed; ``MENTORAT_SEED`` replays it, and looks for the shortest story, which takes
    minutes. Which statuses and deadlines a run meets is chance: that all are met is proved by stories of
    chosen steps, here only that the run did something and that something was refused to it."""
    replayed = os.environ.get("MENTORAT_SEED")
    seed = int(replayed or secrets.randbelow(2**32))
    print(f"MENTORAT_SEED={seed}")
    SEEN.clear()
    run_state_machine_as_test(
        hypothesis.seed(seed)(machine),
        settings=hypothesis.settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=list(hypothesis.Phase) if replayed else [hypothesis.Phase.generate],
            deadline=None,
            database=None,
            derandomize=False,
            print_blob=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
    print(dict(sorted(SEEN.items())))
    assert sum(n for name, n in SEEN.items() if name.startswith("refused")) > examples
