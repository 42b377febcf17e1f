"""The socket on which a program of ours is reached: bound by the supervisor at once, and lent to the program.

Nobody can take its port between the choice and the start, and while the program starts again those who
connect wait in the kernel's queue instead of being refused.
"""

from __future__ import annotations

import errno
import http.client
import select
import socket

from ops.stack.errors import StackError

_QUEUE = 2048
"""Connections that may wait; the kernel may allow fewer (`net.core.somaxconn`)."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; `port` 0 is a free one. Raises StackError, naming the port and the remedy."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=_QUEUE)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StackError(
                f"Le port {port} est déjà occupé : arrêtez l'autre programme, "
                "ou choisissez un port libre (MENTORAT_PORT=8001 make run)."
            ) from error
        raise StackError(
            f"L'API ne peut pas écouter sur {host}:{port} ({error.strerror}) : "
            "choisissez une autre adresse (MENTORAT_HOST) ou un autre port (MENTORAT_PORT)."
        ) from error


class Probe:
    """Asks a program for a page, and says at each look whether it has answered 200; never waits for it.

    The question stays in the queue of a program that is still starting: it is answered first.
    """

    def __init__(self, host: str, port: int, path: str) -> None:
        self._host = host
        self._port = port
        self._path = path
        self._asked: http.client.HTTPConnection | None = None

    def __call__(self) -> bool:
        try:
            return self._answered()
        except (OSError, http.client.HTTPException):
            self._forget()
            return False

    def _answered(self) -> bool:
        if self._asked is None:
            self._asked = http.client.HTTPConnection(self._host, self._port, timeout=1.0)
            self._asked.request("GET", self._path, headers={"Connection": "close"})
        if not select.select([self._asked.sock], (), (), 0)[0]:
            return False
        with self._asked.getresponse() as answer:
            self._forget()
            return answer.status == http.client.OK

    def _forget(self) -> None:
        if self._asked is not None:
            self._asked.close()
            self._asked = None
