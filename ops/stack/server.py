"""What our two embedded servers share: a home, a lock, ports, a life."""

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

from ops.stack.children import Child, bare_env, spawn, stop_child
from ops.stack.errors import StackError
from ops.stack.ports import free_port, is_taken
from ops.stack.service import Service
from ops.stack.users import User

_START_TRIES = 3


class Port:
    """A loopback port: the one asked for, or a free one, which stays the same once its server has
    answered.
    """

    def __init__(self, wanted: int | None) -> None:
        self.number = wanted or free_port()
        self._fixed = wanted is not None

    def settle(self) -> None:
        """The server answered: others know this number from now on."""
        self._fixed = True

    def claim(self) -> None:
        """Before a start: move away from a port taken in between, or raise StackError if it may not
        move.
        """
        if not is_taken(self.number):
            return
        if self._fixed:
            raise StackError(f"Le port {self.number} est déjà occupé par un autre programme.")
        self.number = free_port()


class Server(ABC):
    """A server run as a foreground child, by the supervisor or, in tests, by `with`."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    death_signal: ClassVar[signal.Signals]
    stop_timeout: ClassVar[float]

    def __init__(self, home: Path, ports: tuple[Port, ...]) -> None:
        self.home = home.absolute()
        self.lock = self.home / f"{self.name}.lock"
        self._ports = ports
        self._child: Child | None = None

    @abstractmethod
    def prepare(self) -> str | None:
        """Make the next start possible; raises StackError in French."""

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    @abstractmethod
    def healthy(self) -> str | None:
        """A French sentence when the running server has lost its files."""

    @property
    def user(self) -> User | None:
        """The account to drop to; None to stay who we are."""
        return None

    def env(self) -> Mapping[str, str]:
        return bare_env() | {"HOME": str(self.home)}

    def ready(self) -> bool:
        if not self._answers():
            return False
        for port in self._ports:
            port.settle()
        return True

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Raises StackError after `timeout` seconds without answer, or once our own child ended."""
        deadline = time.monotonic() + timeout
        while not self.ready():
            if self._child is not None and self._child.poll() is not None:
                raise StackError(f"{self.name} s'est arrêté au démarrage. Journal : {self.log}")
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} ne répond pas après {timeout:.0f} s.")
            time.sleep(0.02)

    def service(self, after: tuple[str, ...] = ()) -> Service:
        return Service(
            name=self.name,
            command=self.command,
            prepare=self.prepare,
            env=self.env,
            user=lambda: self.user,
            ready=self.ready,
            healthy=self.healthy,
            lock=self.lock,
            stop_signal=self.stop_signal,
            stop_timeout=self.stop_timeout,
            death_signal=self.death_signal,
            after=after,
        )

    @property
    def log(self) -> Path:
        """Where `with` sends the output; the supervisor has its own folder of logs."""
        return self.home / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """The process `with` started."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was not started by `with`")
        return self._child.pid

    def __enter__(self) -> Self:
        for attempt in range(1, _START_TRIES + 1):
            self.prepare()
            with self.log.open("ab") as output:
                self._child = spawn(
                    self.command(),
                    output=output,
                    env=self.env(),
                    user=self.user,
                    lock=self.lock,
                    death_signal=self.death_signal,
                )
            try:
                self.wait_ready()
            except StackError:
                self.__exit__()
                if attempt == _START_TRIES:
                    raise
            except BaseException:
                self.__exit__()
                raise
            else:
                break
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            stop_child(self._child, self.stop_signal, self.death_signal, self.stop_timeout)
            self._child = None
