"""The keyring that a ledger was begun with, told from any other before anything is asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ledger import vault
from ledger.keyring import Keyring, KeyringLost
from ledger.transaction import Pool

SUBJECT: Final = "ledger"
"""The subject of a key that seals nothing: what the ledger notes of it says which keyring is its own. It is
wrapped, renewed and copied as the others are."""

_NOTED: Final = "SELECT identity FROM ledger.keyring"


async def made(keyring: Keyring) -> bytes:
    """What a ledger notes of its keyring, once. The keyring must be the one."""
    return vault.commitment((await keyring.ensure([SUBJECT]))[SUBJECT])


class OwnKeyring:
    """``Keyring`` over another one. Every method raises ``KeyringLost`` while that is not the ledger's own:
    what it would seal could not be read once the right one is back, nor what it destroyed be destroyed there.
    """

    def __init__(self, inner: Keyring, pool: Pool) -> None:
        self._inner = inner
        self._pool = pool
        self._known = False

    async def keys(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        return await (await self._own()).keys(subjects)

    async def ensure(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        return await (await self._own()).ensure(subjects)

    async def destroy(self, subject: str) -> None:
        await (await self._own()).destroy(subject)

    async def destroyed(self) -> frozenset[str]:
        return await (await self._own()).destroyed()

    async def buried(self, subjects: Iterable[str]) -> frozenset[str]:
        return await (await self._own()).buried(subjects)

    async def close(self) -> None:
        await self._inner.close()

    async def _own(self) -> Keyring:
        if not self._known:
            noted = await self._noted()
            held = (await self._inner.keys([SUBJECT])).get(SUBJECT)
            if held is None or vault.commitment(held) != noted:
                raise KeyringLost(
                    "Le trousseau n'est pas celui de ce registre : remettez le sien en place (dossier "
                    "keyring, ou réglage MENTORAT_DSN_KEYRING). Sans lui, rien de personnel ne se lit ni ne "
                    "s'écrit."
                )
            self._known = True
        return self._inner

    async def _noted(self) -> bytes | None:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_NOTED)).fetchone()
        return row[0] if row else None
