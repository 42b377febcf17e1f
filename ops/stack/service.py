"""What the supervisor needs to know of one program it keeps alive."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.stack.users import User


def _nothing() -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Service:
    """One program. Its callables are called from the supervisor's thread and must answer within a
    second or two.

    `prepare` runs before every start, and may return a French sentence to tell; it raises
    StackError when the program cannot be started. `env` is the whole environment, None to inherit
    ours. `ready` says whether it answers, and is asked until it does, `ready_timeout` seconds at
    most. `healthy` is asked every second afterwards: a French sentence means the program must be
    stopped and started again. It starts once every service named in `after` is ready, and is
    stopped before them. `lends` is a descriptor of ours that it inherits under the same number.
    """

    name: str
    command: Callable[[], list[str]]
    prepare: Callable[[], str | None] = _nothing
    env: Callable[[], Mapping[str, str] | None] = _nothing
    user: Callable[[], User | None] = _nothing
    ready: Callable[[], bool] = lambda: True
    ready_timeout: float = 60.0
    healthy: Callable[[], str | None] = _nothing
    lock: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout: float = 15.0
    death_signal: signal.Signals = signal.SIGKILL
    after: tuple[str, ...] = ()
    lends: int | None = None
