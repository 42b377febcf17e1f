"""One service's life: waiting, starting, ready, stopping, and again."""

import contextlib
import enum
import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops.stack.children import Child, signal_child, spawn, stop_child, sweep_group
from ops.stack.errors import StackError
from ops.stack.service import Service

log = logging.getLogger(__name__)

_LOG_SIZE = 5_000_000  # bytes beyond which a log is set aside at start
_HEALTH_EVERY = 1.0  # seconds


class State(enum.Enum):
    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Backoff:
    """How long to wait before starting again, in seconds: doubled at each failure, forgotten after
    good health.
    """

    first: float = 0.5
    longest: float = 30.0
    healed_after: float = 60.0

    def delay(self, failures: int) -> float:
        return min(self.first * 2.0 ** min(failures - 1, 30), self.longest)


def seconds(duration: float) -> str:
    """A duration as a French reader writes it: « 0,5 s »."""
    return f"{duration:.1f}".replace(".", ",") + " s"


class Runner:
    """Moves one service along, a step at a time; never blocks except in the service's own
    callables.
    """

    def __init__(
        self,
        service: Service,
        say: Callable[[str], None],
        logs: Path,
        backoff: Backoff,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.service = service
        self.state = State.WAITING
        self.was_ready = False
        self._tell = say
        self._log = logs / f"{service.name}.log"
        self._backoff = backoff
        self._clock = clock
        self._child: Child | None = None
        self._failures = 0
        self._not_before = clock()
        self._deadline = 0.0
        self._since = 0.0
        self._next_check = 0.0
        self._final = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def step(self, may_start: bool) -> None:
        """Look at the service and do what is due. Raises StackError if it could not even be started
        once.
        """
        match self.state:
            case State.WAITING if may_start and self._clock() >= self._not_before:
                self._start()
            case State.STARTING:
                self._watch_start()
            case State.READY:
                self._watch_health()
            case State.STOPPING:
                self._watch_stop()

    def stop(self) -> None:
        """Stop for good."""
        self._final = True
        if self._child is None:
            self.state = State.STOPPED
        elif self.state is not State.STOPPING:
            self._begin_stop()

    def hasten(self) -> None:
        """Stop for good, without ceremony."""
        self.stop()
        if self._child is not None:
            signal_child(self._child, self.service.death_signal)
            self._deadline = min(self._deadline, self._clock() + 5.0)

    def abandon(self) -> None:
        """Stop at once and wait for it: the supervisor itself is failing."""
        if self._child is not None:
            stop_child(self._child, self.service.death_signal, signal.SIGKILL, 5.0)
            self._child = None
        self.state = State.STOPPED

    def _say(self, sentence: str) -> None:
        self._tell(f"{self.service.name} : {sentence}")

    def _start(self) -> None:
        service = self.service
        try:
            sentence = service.prepare()
            if sentence:
                self._say(sentence)
            self._make_way_for_log()
            with self._log.open("ab") as output:
                self._child = spawn(
                    service.command(),
                    output=output,
                    env=service.env(),
                    user=service.user(),
                    lock=service.lock,
                    death_signal=service.death_signal,
                    lends=service.lends,
                )
        except (StackError, OSError) as error:
            if not self.was_ready:
                raise StackError(f"{service.name} : {error}") from error
            log.warning("%s cannot be started: %s", service.name, error)
            self._wait_again(f"redémarrage impossible. {error}")
            return
        self.state = State.STARTING
        self._since = self._clock()
        self._deadline = self._since + service.ready_timeout

    def _make_way_for_log(self) -> None:
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if self._log.stat().st_size > _LOG_SIZE:
                self._log.replace(self._log.with_name(f"{self._log.name}.1"))

    def _watch_start(self) -> None:
        now = self._clock()
        if self._ended():
            return
        if self.service.ready():
            self._say(f"prêt ({seconds(now - self._since)}).")
            self.state = State.READY
            self.was_ready = True
            self._since = now
            self._next_check = now + _HEALTH_EVERY
        elif now > self._deadline:
            self._say(f"ne répond pas après {seconds(self.service.ready_timeout)}, il est arrêté.")
            self._begin_stop()

    def _watch_health(self) -> None:
        now = self._clock()
        if self._ended():
            return
        if now - self._since >= self._backoff.healed_after:
            self._failures = 0
        if now < self._next_check:
            return
        self._next_check = now + _HEALTH_EVERY
        sentence = self.service.healthy()
        if sentence:
            log.warning("%s is unhealthy: %s", self.service.name, sentence)
            self._say(f"{sentence} ; le service est arrêté puis relancé.")
            self._begin_stop()

    def _begin_stop(self) -> None:
        if self._child is not None:
            signal_child(self._child, self.service.stop_signal)
        self.state = State.STOPPING
        self._deadline = self._clock() + self.service.stop_timeout

    def _watch_stop(self) -> None:
        if self._child is None or self._child.poll() is not None:
            self._forget_child()
            if self._final:
                self.state = State.STOPPED
                self._say("arrêté.")
            else:
                self._wait_again(None)
        elif self._clock() > self._deadline:
            self._say("tarde à s'arrêter, il est tué.")
            signal_child(self._child, signal.SIGKILL)
            self._deadline = self._clock() + 5.0

    def _ended(self) -> bool:
        """Whether the child is gone, and if so, plan its return."""
        if self._child is None or (code := self._child.poll()) is None:
            return False
        self._forget_child()
        how = f"tué par {signal.Signals(-code).name}" if code < 0 else f"code {code}"
        log.warning("%s ended unexpectedly (%s)", self.service.name, code)
        self._wait_again(f"s'est arrêté ({how}). Journal : {self._log}.")
        return True

    def _forget_child(self) -> None:
        if self._child is not None:
            sweep_group(self._child)
        self._child = None

    def _wait_again(self, sentence: str | None) -> None:
        self._failures += 1
        delay = self._backoff.delay(self._failures)
        self.state = State.WAITING
        self._not_before = self._clock() + delay
        if sentence:
            self._say(f"{sentence} Nouvel essai dans {seconds(delay)}.")
