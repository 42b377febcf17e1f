"""Loopback ports."""

import random
import socket
from collections import deque
from typing import Final

LOOPBACK = "127.0.0.1"

_SERVERS: Final = range(18_000, 32_000)
"""Below what systems hand out to outgoing connections (Linux from 32768, others from 49152): one of those
would keep a chosen port from its server for as long as it lasts."""
_GIVEN: Final = deque[int](maxlen=1_000)
"""Those that this process chose lately: nobody listens on them yet, and each is meant for one server."""


def _bind(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: a connection still in TIME_WAIT must not make a port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))


def free_port() -> int:
    """A port nobody listens on now, and given to no other caller of this process; somebody else may take it
    before it is used, so callers retry."""
    while True:
        port = random.choice(_SERVERS)  # noqa: S311 - not a secret
        if port not in _GIVEN and not is_taken(port):
            _GIVEN.append(port)
            return port


def is_taken(port: int) -> bool:
    """Whether a server could not bind `port` on the loopback interface."""
    try:
        _bind(port)
    except OSError:
        return True
    return False


def answers(port: int, timeout: float = 1.0) -> bool:
    """Whether somebody accepts connections on `port`; `timeout` in seconds."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout):
            return True
    except OSError:
        return False
