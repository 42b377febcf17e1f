"""The load: a process of its own, keep-alive connections, bare protocols; the same for both sides.

``python -m benchmarks.load PORT CONNECTIONS SECONDS`` reads the requests on its standard input (each behind
its length, four bytes) and answers a JSON object: how many were answered in how long, and by which status.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, cast

import uvloop

from ops.stack.children import tethered

LOOPBACK: Final = "127.0.0.1"
_LENGTH: Final = b"content-length: "


@dataclass(frozen=True)
class Answered:
    """``count`` requests were answered in ``seconds``; the times of one answer are in milliseconds."""

    count: int
    seconds: float
    statuses: dict[str, int]
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.count / self.seconds


class Failed(Exception):
    """The server refused what it should have carried out, or the generator broke."""


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", *(f"{k}: {v}" for k, v in headers.items())]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def offered(
    port: int, requests: Sequence[bytes], *, connections: int = 64, seconds: float = 60.0
) -> Answered:
    """Sends these requests from another process, for so many seconds at most, in their order.

    Raises ``Failed`` for any answer that is no success.
    """
    generator = await asyncio.create_subprocess_exec(
        *tethered([sys.executable, "-m", "benchmarks.load", *map(str, (port, connections, seconds))]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    packed = b"".join(len(one).to_bytes(4, "big") + one for one in requests)
    output, _ = await generator.communicate(packed)
    if generator.returncode:
        raise Failed(f"the generator ended with {generator.returncode}")
    answered = Answered(**json.loads(output))
    if any(not status.startswith("2") for status in answered.statuses):
        raise Failed(str(answered.statuses))
    return answered


class _Connection(asyncio.Protocol):
    """Takes the next request as soon as the last one was answered, until there is none or time is up."""

    def __init__(self, requests: deque[bytes]) -> None:
        self._requests = requests
        self._deadline = 0.0
        self._buffer = b""
        self._sent = 0.0
        self.statuses: Counter[str] = Counter()
        self.times: list[float] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def begin(self, deadline: float) -> None:
        self._deadline = deadline
        self._next()

    def _next(self) -> None:
        now = time.perf_counter()
        if not self._requests or now > self._deadline:
            self.ended.set_result(None)
            self._transport.close()
            return
        self._sent = now
        self._transport.write(self._requests.popleft())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0 or len(self._buffer) < head + 4 + _length(self._buffer[:head]):
            return
        self.statuses[self._buffer[9:12].decode()] += 1
        self.times.append(time.perf_counter() - self._sent)
        self._buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(error or ConnectionResetError("the server closed the connection"))


def _length(head: bytes) -> int:
    start = head.lower().index(_LENGTH) + len(_LENGTH)
    return int(head[start:].split(b"\r\n", 1)[0])


async def _run(port: int, connections: int, seconds: float, requests: deque[bytes]) -> Answered:
    loop = asyncio.get_running_loop()
    # Time counts once everybody is connected.
    protocols = []
    for _ in range(connections):
        _, protocol = await loop.create_connection(lambda: _Connection(requests), LOOPBACK, port)
        protocols.append(protocol)
    started = time.perf_counter()
    for protocol in protocols:
        protocol.begin(started + seconds)
    await asyncio.gather(*(protocol.ended for protocol in protocols))
    elapsed = time.perf_counter() - started
    times = sorted(one * 1000 for protocol in protocols for one in protocol.times)
    statuses: Counter[str] = sum((protocol.statuses for protocol in protocols), Counter())
    return Answered(len(times), elapsed, statuses, times[len(times) // 2], times[len(times) * 99 // 100])


def _unpacked(packed: bytes) -> Iterable[bytes]:
    start = 0
    while start < len(packed):
        end = start + 4 + int.from_bytes(packed[start : start + 4], "big")
        yield packed[start + 4 : end]
        start = end


def main() -> None:
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    requests = deque(_unpacked(sys.stdin.buffer.read()))
    answered = uvloop.run(_run(port, connections, seconds, requests))
    print(json.dumps(vars(answered)))


if __name__ == "__main__":
    main()
