"""A keyring in a store: every key wrapped by a master key, concurrent calls joined, rotation.

A store keeps ``(subject, wrapped)``; ``None`` in the place of the wrapped key is the tombstone of an erased
subject. Keys in clear exist in memory only.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Self

from ledger.keyring import KeyDestroyed
from ledger.master import Master, MasterOutdated, WrongMasterKey, generation_of
from ledger.together import Together

Rows = Mapping[str, bytes | None]
"""What the store has of some subjects: the wrapped key, or ``None`` for a tombstone."""

PAGE: Final = 500
"""Keys wrapped anew in one transaction of a rotation."""


class WrappedKeyring(ABC):
    """``Keyring`` over a store. Used in one event loop; several processes may share the store.

    Every method raises ``WrongMasterKey`` rather than take a key that it cannot open for a destroyed one.
    """

    def __init__(self, master: Master) -> None:
        self.master = master
        self._reads = Together(self._find)
        self._writes = Together(self._add)
        self._burials = Together(self._bury)
        self._checks = Together(self._checked)
        self._trusted = False

    async def keys(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        return await self._opened(await self._rows(set(subjects)))

    async def ensure(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        wanted = set(subjects)
        rows = await self._rows(wanted)
        _refuse_destroyed(rows)
        missing = sorted(wanted - rows.keys())
        if missing:
            rows |= await self._made(missing)
            _refuse_destroyed(rows)
        return await self._opened(rows)

    async def destroy(self, subject: str) -> None:
        await self._burials.join([subject])

    @abstractmethod
    async def destroyed(self) -> frozenset[str]: ...

    async def buried(self, subjects: Iterable[str]) -> frozenset[str]:
        rows = await self._rows(set(subjects))
        return frozenset(subject for subject, wrapped in rows.items() if wrapped is None)

    async def check(self, master: Master | None = None) -> None:
        """Opens one key of every generation in the store, with this master or another.

        Raises ``WrongMasterKey``.
        """
        for subject, wrapped in await self.samples():
            await (master or self.master).unwrap(subject, wrapped)

    @abstractmethod
    async def close(self) -> None:
        """Lets go of the store, once what is under way has ended."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    # For rotations --------------------------------------------------------------------------------

    @abstractmethod
    async def samples(self) -> Sequence[tuple[str, bytes]]:
        """One wrapped key of each generation."""

    @abstractmethod
    async def refuse_below(self, generation: int) -> None:
        """From now on stores nothing that an earlier generation wrapped, in whatever process.

        Raises ``MasterOutdated`` when a later one is already demanded.
        """

    @abstractmethod
    async def page(self, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """The wrapped keys behind this subject, in the order of subjects. No tombstones."""

    @abstractmethod
    async def replace(self, changes: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Puts the last in the place of the second, all or none, where it is still the second that is there:
        a key destroyed meanwhile stays so."""

    @abstractmethod
    async def scrub(self) -> None:
        """Rewrites the store, so that nothing which was replaced is left in it."""

    # What a store does ----------------------------------------------------------------------------

    @abstractmethod
    async def _find(self, subjects: Sequence[str]) -> Rows:
        """What there is of these subjects."""

    @abstractmethod
    async def _add(self, rows: Sequence[tuple[str, bytes]]) -> Rows:
        """Stores what has no row yet, in one durable transaction, and answers what stands: of two rows of one
        subject the first does. Raises ``MasterOutdated``.
        """

    @abstractmethod
    async def _bury(self, subjects: Sequence[str]) -> None:
        """Puts tombstones in the place of keys, durably, and cleans the store of what they were."""

    # ----------------------------------------------------------------------------------------------

    async def _rows(self, wanted: set[str]) -> dict[str, bytes | None]:
        return _those(wanted, await self._reads.join(wanted)) if wanted else {}

    async def _made(self, missing: Sequence[str]) -> dict[str, bytes | None]:
        if not self._trusted:
            await self._checks.join(missing)
        try:
            stored = await self._writes.join(await self._fresh(missing))
        except MasterOutdated:  # a rotation has begun between the wrapping and the storing: once more
            stored = await self._writes.join(await self._fresh(missing))
        return _those(missing, stored)

    async def _checked(self, _: Sequence[str]) -> None:
        """Before its first key: one wrapped by a master that opens no other would be a second truth."""
        await self.check()
        self._trusted = True

    async def _fresh(self, subjects: Iterable[str]) -> list[tuple[str, bytes]]:
        wrap = self.master.wrap
        return [(subject, await wrap(subject, secrets.token_bytes(32))) for subject in subjects]

    async def _opened(self, rows: Rows) -> dict[str, bytes]:
        try:
            return await self._unwrapped(rows)
        except WrongMasterKey:  # a rotation has ended between the reading and the opening: once more
            return await self._unwrapped(await self._rows(set(rows)))

    async def _unwrapped(self, rows: Rows) -> dict[str, bytes]:
        unwrap = self.master.unwrap
        return {subject: await unwrap(subject, row) for subject, row in rows.items() if row is not None}


async def rotate(keyring: WrappedKeyring, new_master: Master) -> int:
    """Wraps every key anew under the newest generation of ``new_master``, which must also open the present
    ones; answers how many were.

    Before: every process knows both generations (``MasterFile`` reads its file again by itself). Stopped at
    any point, it is started again and ends the work. Afterwards nothing in the store can be opened with the
    older generations: take them out of the master's file, and copies of the store made earlier (backups,
    PostgreSQL's journal) are closed for ever, the keys destroyed since included.
    Raises ``WrongMasterKey`` or ``MasterOutdated`` before anything is changed.
    """
    await keyring.check(new_master)
    await keyring.refuse_below(new_master.generation)
    changed, after = 0, ""
    while page := await keyring.page(after, PAGE):
        changes = [
            (subject, wrapped, await new_master.wrap(subject, await new_master.unwrap(subject, wrapped)))
            for subject, wrapped in page
            if generation_of(wrapped) != new_master.generation
        ]
        if changes:
            await keyring.replace(changes)
        changed, after = changed + len(changes), page[-1][0]
    await keyring.scrub()
    return changed


def _refuse_destroyed(rows: Rows) -> None:
    if None in rows.values():
        raise KeyDestroyed


def _those(subjects: Iterable[str], rows: Rows) -> dict[str, bytes | None]:
    return {subject: rows[subject] for subject in subjects if subject in rows}
