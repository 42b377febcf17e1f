"""Run as a script between a supervisor and a server: tie the server to its parent's life, then
become it.

A script of its own and not a `preexec_fn`, which can deadlock in a process with threads. Standard
library only, no import from this project: it runs under `python -I -S`.

    tether.py PARENT DEATH_SIGNAL UID:GID|- LOCK|- PROGRAM ARGUMENT…

The lock file stays locked for as long as the server, or any process it forked, lives.
"""

import ctypes
import fcntl
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
LOCKED = 75  # EX_TEMPFAIL


def main(parent: str, death_signal: str, owner: str, lock: str, *command: str) -> None:
    for name in ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGXFSZ"):
        signal.signal(signal.Signals[name], signal.SIG_DFL)  # what is ignored stays so after exec
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o077)
    if lock != "-":
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"tether: {lock} is locked by a live server", file=sys.stderr)
            sys.exit(LOCKED)
        os.set_inheritable(descriptor, True)
    if owner != "-":
        uid, _, gid = owner.partition(":")
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        # After the change of user, which clears it. It survives exec.
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != int(parent):  # it died before we were tied to it
            sys.exit(LOCKED)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
