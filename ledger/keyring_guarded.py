"""The keyring of one ledger, for whoever seals what is no event and has no events at hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from ledger.keyring import Keyring, no_second_key
from ledger.transaction import Pool

_SEALED: Final = """
SELECT DISTINCT record_id FROM ledger.events
WHERE record_id = ANY(%s) AND (commitment IS NOT NULL OR text_commitment IS NOT NULL)"""


class GuardedKeyring:
    """``Keyring`` over another one, which asks the ledger before it has a key made: see ``no_second_key``."""

    def __init__(self, inner: Keyring, pool: Pool) -> None:
        self._inner = inner
        self._pool = pool

    async def keys(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        return await self._inner.keys(subjects)

    async def ensure(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        """Raises ``KeyLost``, and ``KeyDestroyed``."""
        wanted = set(subjects)
        if missing := wanted - (await self._inner.keys(wanted)).keys():
            await no_second_key(self._inner, await self._sealed(missing))
        return await self._inner.ensure(wanted)

    async def destroy(self, subject: str) -> None:
        await self._inner.destroy(subject)

    async def destroyed(self) -> frozenset[str]:
        return await self._inner.destroyed()

    async def buried(self, subjects: Iterable[str]) -> frozenset[str]:
        return await self._inner.buried(subjects)

    async def close(self) -> None:
        await self._inner.close()

    async def _sealed(self, subjects: Collection[str]) -> set[str]:
        """Those of which the ledger holds something sealed."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SEALED, [sorted(subjects)])
            return {record_id for (record_id,) in await cursor.fetchall()}
