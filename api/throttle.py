"""How often something may be tried: a bucket of tries for each caller, which fills again with time."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from starlette.types import Scope

MOST_CALLERS: Final = 10_000
"""Whose buckets are kept: beyond, whoever has been quiet longest is forgotten."""
_NETWORK: Final = 64
"""Bits of an IPv6 address that one subscriber holds whole."""


@dataclass(frozen=True)
class Pace:
    """``burst`` tries at once, then one every ``seconds``."""

    burst: int
    seconds: float


class Throttle:
    """One bucket a key, in this process's memory and no larger than ``most`` keys."""

    def __init__(
        self, pace: Pace, clock: Callable[[], float] = time.monotonic, most: int = MOST_CALLERS
    ) -> None:
        self._pace = pace
        self._clock = clock
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until that key may try again; 0 when it may now."""
        excess = self._full_at.get(key, 0.0) - self._clock() - (self._pace.burst - 1) * self._pace.seconds
        return max(0.0, excess)

    def take(self, key: str) -> float:
        """The same, and takes one try when there is one."""
        wait = self.wait(key)
        if not wait:
            self._note(key, max(self._clock(), self._full_at.get(key, 0.0)) + self._pace.seconds)
        return wait

    def empty(self, key: str) -> None:
        """Takes every try that was left."""
        self._note(key, self._clock() + self._pace.burst * self._pace.seconds)

    def _note(self, key: str, full_at: float) -> None:
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)


def caller_of(scope: Scope) -> str:
    """Where a request comes from: the address at the other end of the connection, whatever its headers say
    (behind a proxy, see the setting ``trusted_proxies``); of IPv6, the network that one subscriber has."""
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, _NETWORK), strict=False).network_address)
    return str(address)
