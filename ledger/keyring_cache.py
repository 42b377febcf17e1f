"""Keys kept in memory for a moment, so that a command or a page need not ask the keyring each time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from ledger.keyring import Keyring

LIFE_SECONDS: Final = 2.0
MOST: Final = 20_000


class CachedKeyring:
    """``Keyring`` over another one. No key is answered from here ``life_seconds`` after it was *asked* for.

    ``destroy`` answers when no process can hold the key any more: it waits for as long as a key may live in
    the others, which must have the same setting. A command that takes a cached key while its subject is
    being erased stores something that nobody can read: that is the erasure's meaning.
    ``most``: keys held at a time. ``clock`` is monotonic, in seconds, as is ``sleep``.
    """

    def __init__(
        self,
        inner: Keyring,
        life_seconds: float = LIFE_SECONDS,
        most: int = MOST,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._inner = inner
        self._life = life_seconds
        self._most = most
        self._clock = clock
        self._sleep = sleep
        self._held: dict[str, tuple[bytes, float]] = {}
        self._erasures = 0

    async def keys(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        found, missing = self._look(subjects)
        return {**found, **await self._asked(self._inner.keys, missing)} if missing else found

    async def ensure(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        found, missing = self._look(subjects)
        return {**found, **await self._asked(self._inner.ensure, missing)} if missing else found

    async def destroy(self, subject: str) -> None:
        self._forget(subject)
        await self._inner.destroy(subject)
        self._forget(subject)
        await self._sleep(self._life)

    async def destroyed(self) -> frozenset[str]:
        return await self._inner.destroyed()

    async def buried(self, subjects: Iterable[str]) -> frozenset[str]:
        return await self._inner.buried(subjects)

    async def close(self) -> None:
        """Forgets every key held here, and closes the keyring beneath."""
        self._erasures += 1
        self._held.clear()
        await self._inner.close()

    def __repr__(self) -> str:
        return f"CachedKeyring({self._inner!r}, held={len(self._held)})"

    def _look(self, subjects: Iterable[str]) -> tuple[dict[str, bytes], list[str]]:
        held, now = self._held, self._clock()
        found: dict[str, bytes] = {}
        missing: list[str] = []
        for subject in subjects:
            one = held.get(subject)
            if one is not None and now < one[1]:
                found[subject] = one[0]
            else:
                missing.append(subject)
        return found, missing

    async def _asked(
        self, ask: Callable[[Iterable[str]], Awaitable[Mapping[str, bytes]]], missing: list[str]
    ) -> Mapping[str, bytes]:
        """A key lives from before it was read: its reading may have just preceded its destruction."""
        until, erasures = self._clock() + self._life, self._erasures
        keys = await ask(missing)
        if erasures == self._erasures:
            self._keep(keys, until)
        return keys

    def _keep(self, keys: Mapping[str, bytes], until: float) -> None:
        """The oldest come first: what is over, and what is too much, goes from there."""
        held, now = self._held, self._clock()
        for subject, key in keys.items():
            held.pop(subject, None)
            held[subject] = (key, until)
        while held:
            oldest = next(iter(held))
            if len(held) <= self._most and now < held[oldest][1]:
                break
            del held[oldest]

    def _forget(self, subject: str) -> None:
        self._erasures += 1
        self._held.pop(subject, None)
