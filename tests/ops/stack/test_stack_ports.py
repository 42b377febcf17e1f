"""Loopback ports."""

from __future__ import annotations

import socket

from ops.stack.ports import LOOPBACK, free_port, is_taken


def test_a_port_from_which_somebody_calls_is_taken() -> None:
    with (
        socket.create_server((LOOPBACK, 0)) as server,
        socket.create_connection(server.getsockname()) as call,
    ):
        assert is_taken(call.getsockname()[1])


def test_a_free_port_is_never_one_that_an_outgoing_connection_may_take() -> None:
    assert all(1024 < free_port() < 32_768 for _ in range(50))
