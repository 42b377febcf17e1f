"""One supervisor, in the foreground: it starts services in order, keeps them alive, and stops them
in reverse.
"""

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from ops.stack.errors import StackError
from ops.stack.runner import Backoff, Runner, State
from ops.stack.service import Service

log = logging.getLogger(__name__)

_TICK = 0.05  # seconds
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Keeps services alive until told to stop. One thread: children are tied to the thread that
    started them.

    `say` receives French sentences for the person at the keyboard. Each service writes to
    `logs/<name>.log`.
    """

    def __init__(
        self,
        services: Sequence[Service],
        say: Callable[[str], None],
        logs: Path,
        *,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        names = [service.name for service in services]
        for position, service in enumerate(services):
            unknown = set(service.after) - set(names[:position])
            if unknown:
                raise ValueError(f"{service.name} must come after {sorted(unknown)} in the list")
        if len(set(names)) != len(names):
            raise ValueError(f"two services share a name: {names}")
        self._tell = say
        self._stops = 0
        self._runners = {
            service.name: Runner(service, self._say, logs, backoff or Backoff(), clock)
            for service in services
        }

    def run(self, on_ready: Callable[[], None] | None = None) -> int:
        """Run until SIGINT, SIGTERM, SIGHUP or `request_stop`; a second one hastens. Answers an
        exit code.

        `on_ready` is called once, when every service has answered; it must not block. The code is 1
        when a service could not be started at all (its reason has been said), else 0. No child is
        left behind.
        """
        code = 0
        with self._signals():
            try:
                self._serve(on_ready)
            except StackError as error:
                self._say(str(error))
                code = 1
                self._stops = max(self._stops, 1)
            finally:
                self._wind_down()
        return code

    def request_stop(self) -> None:
        """Ask for an orderly stop, from any thread or signal handler; asking again hastens."""
        self._stops += 1

    def pids(self) -> dict[str, int | None]:
        """The process of each service, None while it has none."""
        return {name: runner.pid for name, runner in self._runners.items()}

    def _serve(self, on_ready: Callable[[], None] | None) -> None:
        while not self._stops:
            for runner in self._runners.values():
                runner.step(may_start=self._all(runner.service.after, State.READY))
                if self._stops:
                    return
            if on_ready is not None and self._all(tuple(self._runners), State.READY):
                on_ready()
                on_ready = None
            time.sleep(_TICK)

    def _wind_down(self) -> None:
        try:
            if self._stops:
                self._say("Arrêt en cours…")
                self._stop_in_order()
        finally:
            for runner in self._runners.values():
                runner.abandon()

    def _stop_in_order(self) -> None:
        hastened = False
        while not self._all(tuple(self._runners), State.STOPPED):
            if self._stops > 1 and not hastened:
                hastened = True
                self._say("Arrêt immédiat.")
                for runner in self._runners.values():
                    runner.hasten()
            for name, runner in self._runners.items():
                if self._all(self._dependents(name), State.STOPPED):
                    runner.stop()
                runner.step(may_start=False)
            time.sleep(_TICK)

    def _dependents(self, name: str) -> tuple[str, ...]:
        return tuple(n for n, runner in self._runners.items() if name in runner.service.after)

    def _all(self, names: tuple[str, ...], state: State) -> bool:
        return all(self._runners[name].state is state for name in names)

    def _say(self, sentence: str) -> None:
        log.info("%s", sentence)
        with contextlib.suppress(OSError):  # the terminal may be gone; the services matter more
            self._tell(sentence)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def handle(_number: int, _frame: FrameType | None) -> None:
            self.request_stop()

        if threading.current_thread() is not threading.main_thread():
            yield  # Python allows signal handlers in the main thread only
            return
        before = {
            number: signal.signal(number, handle)
            for number in _SIGNALS
            # nohup asked for SIGHUP to be ignored
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
