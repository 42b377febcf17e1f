"""Loopback ports."""

from __future__ import annotations

import random
import socket
from collections import deque

import pytest

from ops.stack import ports
from ops.stack.ports import LOOPBACK, free_port, is_taken


def test_a_port_from_which_somebody_calls_is_taken() -> None:
    with (
        socket.create_server((LOOPBACK, 0)) as server,
        socket.create_connection(server.getsockname()) as call,
    ):
        assert is_taken(call.getsockname()[1])


def test_a_free_port_is_never_one_that_an_outgoing_connection_may_take() -> None:
    assert all(1024 < free_port() < 32_768 for _ in range(50))


def test_no_port_is_given_to_two_servers_of_a_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporal takes four: with one of them twice it never started, and was tried again with the same."""
    chosen = iter([20_000, 20_000, 20_001, 20_000, 20_001, 20_002])
    monkeypatch.setattr(ports, "_GIVEN", deque[int]())
    monkeypatch.setattr(random, "choice", lambda _: next(chosen))
    monkeypatch.setattr(ports, "is_taken", lambda _: False)
    assert [free_port(), free_port(), free_port()] == [20_000, 20_001, 20_002]
