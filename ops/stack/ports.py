"""Loopback ports."""

import socket

LOOPBACK = "127.0.0.1"


def _bind(port: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: a connection still in TIME_WAIT must not make a port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
        return int(probe.getsockname()[1])


def free_port() -> int:
    """A port nobody listens on now; somebody may take it before it is used, so callers retry."""
    return _bind(0)


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
