"""The socket lent to the API: nobody takes its port, nobody is refused while the API starts again."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.stack.errors import StackError
from ops.stack.listening import Probe, listen
from ops.stack.ports import LOOPBACK
from ops.stack.runner import Backoff
from ops.stack.service import Service
from ops.stack.supervisor import Supervisor

SLOW_TO_START = """
import http.server, socket, sys, time
time.sleep(0.3)
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
server = http.server.HTTPServer(("", 0), Page, bind_and_activate=False)
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.serve_forever()
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen(LOOPBACK, 0) as bound:
        yield bound


def eventually(holds: Callable[[], bool], timeout: float = 20.0) -> bool:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return False


def port_of(bound: socket.socket) -> int:
    port: int = bound.getsockname()[1]
    return port


def service(bound: socket.socket) -> Service:
    lent = bound.fileno()
    return Service(
        name="api",
        command=lambda: [sys.executable, "-I", "-S", "-c", SLOW_TO_START, str(lent)],
        lends=lent,
    )


def test_a_port_is_ours_from_the_moment_it_is_chosen(listener: socket.socket) -> None:
    with pytest.raises(OSError, match="in use"):
        socket.create_server((LOOPBACK, port_of(listener)))


def test_a_taken_port_is_named_with_its_remedy(listener: socket.socket) -> None:
    with pytest.raises(StackError, match=rf"port {port_of(listener)} est déjà occupé.*MENTORAT_PORT"):
        listen(LOOPBACK, port_of(listener))


def test_an_address_that_is_not_ours_is_named_with_its_remedy() -> None:
    with pytest.raises(StackError, match=r"203\.0\.113\.7:0 .*MENTORAT_HOST"):
        listen("203.0.113.7", 0)


def answer(listener: socket.socket, said: bytes) -> None:
    accepted, _ = listener.accept()
    with accepted:
        accepted.recv(1000)
        accepted.sendall(said)


def test_a_question_asked_before_the_start_is_answered_after_it(listener: socket.socket) -> None:
    probe = Probe(LOOPBACK, port_of(listener), "/")
    assert not any(probe() for _ in range(20))  # a look does not wait: nobody would have answered
    answer(listener, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert eventually(probe)


def test_a_refusal_or_a_cut_is_no_answer_and_the_question_is_asked_again(listener: socket.socket) -> None:
    probe = Probe(LOOPBACK, port_of(listener), "/")
    for said in (b"HTTP/1.1 503 Not ready\r\nContent-Length: 0\r\n\r\n", b"", b"nonsense\r\n"):
        assert not probe()
        answer(listener, said)
        assert not eventually(probe, timeout=0.2)
    answer(listener, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert eventually(probe)


def test_a_program_killed_again_and_again_refuses_nobody(listener: socket.socket, tmp_path: Path) -> None:
    supervisor = Supervisor([service(listener)], lambda _: None, tmp_path, backoff=Backoff(first=0.05))
    ready, answers = threading.Event(), []
    keeping = threading.Thread(target=supervisor.run, kwargs={"on_ready": ready.set})
    keeping.start()
    try:
        assert ready.wait(20)
        for _ in range(3):
            pid = supervisor.pids()["api"]
            assert pid
            os.kill(pid, signal.SIGKILL)
            with socket.create_connection((LOOPBACK, port_of(listener)), timeout=20) as call:
                call.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answers.append(call.recv(12))
    finally:
        supervisor.request_stop()
        keeping.join(30)
    assert answers == [b"HTTP/1.0 200"] * 3
