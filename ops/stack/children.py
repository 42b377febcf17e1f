"""Start a child process that cannot outlive us, and stop it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ops.stack.users import User

_TETHER = Path(__file__).with_name("tether.py")

Child = subprocess.Popen[bytes]


def bare_env() -> dict[str, str]:
    """What any program needs of our environment and no more: the rest may hold keys."""
    needed = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C"} | needed


def tethered(
    command: Sequence[str],
    *,
    user: User | None = None,
    lock: Path | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
) -> list[str]:
    """How to start `command` so that it cannot outlive us, for whoever starts it otherwise than by `spawn`.

    On Linux the kernel sends it `death_signal` when the *thread* that starts it ends, however it
    ends: call from a thread that lives as long as the child should. Elsewhere a child outlives a
    parent killed by SIGKILL.
    """
    owner = f"{user.uid}:{user.gid}" if user else "-"
    tether = [str(_TETHER), str(os.getpid()), str(int(death_signal)), owner, str(lock or "-")]
    return [sys.executable, "-I", "-S", *tether, *command]


def spawn(
    command: Sequence[str],
    *,
    output: int | IO[Any],
    stdin: int | IO[Any] = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    user: User | None = None,
    lock: Path | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    lends: int | None = None,
) -> Child:
    """Start `command`, `tethered`, in a session of its own, so that Ctrl-C in the terminal reaches
    only us.

    `env` None inherits ours. With `user` (root only) the child runs as that user, from `/`. It
    inherits `lends`, a descriptor, and no other.
    """
    return subprocess.Popen(
        tethered(command, user=user, lock=lock, death_signal=death_signal),
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        cwd="/" if user else None,
        start_new_session=True,
        pass_fds=() if lends is None else (lends,),
    )


def signal_child(child: Child, number: signal.Signals) -> None:
    """Send a signal to a child, to its whole group when it is to be killed; nothing when it has
    ended.
    """
    if child.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if number is signal.SIGKILL:
            os.killpg(child.pid, number)
        else:
            child.send_signal(number)


def sweep_group(child: Child) -> None:
    """Kill what an ended child left in its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def stop_child(
    child: Child, stop_signal: signal.Signals, death_signal: signal.Signals, patience: float
) -> None:
    """Stop a child and wait for it: politely for `patience` seconds, then harder, then for good."""
    for number, seconds in ((stop_signal, patience), (death_signal, 5.0), (signal.SIGKILL, None)):
        signal_child(child, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
            sweep_group(child)
            return
