"""Where the keys of subjects are kept: outside the event database, its journal and its backups."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from domain.kernel import Busy

log = logging.getLogger("mentorat")


class KeyDestroyed(Exception):
    """The subject was erased: there is no key, and there will never be another."""


class KeyringLost(Exception):
    """The keyring of this ledger is not there, or what is there is not it: a French sentence."""


class KeyLost(Busy):
    """What was sealed of a record has neither a key nor the mark of an erasure: a second key would leave it
    unreadable for good, were the first one found again."""

    def __init__(self) -> None:
        super().__init__(
            "key_lost",
            "La clé d'un dossier manque au trousseau : rien de personnel ne peut y être écrit, et rien n'est "
            "enregistré.",
            (
                "le trousseau remis en place par l'exploitant (docs/deploiement.md, « Des clés manquent »)",
                "ou, si cette clé est perdue, l'effacement du dossier",
            ),
        )


class Keyring(Protocol):
    """One key of 32 bytes a subject. Destroying one is the only change, and it is final."""

    async def keys(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        """The keys there are. A subject that was erased, or never had one, is absent."""

    async def ensure(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        """A key for each, made where there was none, durable before this answers.

        Raises ``KeyDestroyed``.
        """

    async def destroy(self, subject: str) -> None:
        """Forgets the key for ever, or that there may be one; durable, and true in every process, before
        this answers. Doing it twice changes nothing."""

    async def destroyed(self) -> frozenset[str]:
        """Every subject whose key was destroyed."""

    async def buried(self, subjects: Iterable[str]) -> frozenset[str]:
        """Those of these subjects whose key was destroyed. One that is neither here nor in ``keys`` never had
        a key, or the keyring is not the one that it was."""

    async def close(self) -> None:
        """Lets go of files and connections. Nothing is asked afterwards."""


async def no_second_key(keyring: Keyring, sealed: Collection[str]) -> None:
    """Before a key is made for subjects of which something is sealed already.

    With a second key, what the first one sealed would stay unreadable even when an older copy of the
    keyring, which has it, is put back. Raises ``KeyLost``.
    """
    missing = set(sealed) - (await keyring.keys(sealed)).keys() if sealed else set()
    if missing and (lost := missing - await keyring.buried(missing)):
        log.error("no second key is made for %s", ", ".join(sorted(lost)))
        raise KeyLost


@dataclass
class MemoryKeyring:
    """The same contract without a file."""

    _keys: dict[str, bytes] = field(default_factory=dict, repr=False)
    _destroyed: set[str] = field(default_factory=set)

    async def keys(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        return {subject: self._keys[subject] for subject in subjects if subject in self._keys}

    async def ensure(self, subjects: Iterable[str]) -> Mapping[str, bytes]:
        wanted = set(subjects)
        if wanted & self._destroyed:
            raise KeyDestroyed
        return {subject: self._keys.setdefault(subject, secrets.token_bytes(32)) for subject in wanted}

    async def destroy(self, subject: str) -> None:
        self._keys.pop(subject, None)
        self._destroyed.add(subject)

    async def destroyed(self) -> frozenset[str]:
        return frozenset(self._destroyed)

    async def buried(self, subjects: Iterable[str]) -> frozenset[str]:
        return frozenset(self._destroyed & set(subjects))

    async def close(self) -> None:
        """There is nothing to let go of."""
