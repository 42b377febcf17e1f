"""The master key: it wraps the keys of subjects, so that their file alone opens nothing."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_HEADER: Final = 4
_NONCE: Final = 12
_KEY: Final = 32
_LINE: Final = re.compile(r"([1-9][0-9]{0,9}):([A-Za-z0-9+/]{43}=)", re.ASCII)


class MasterKeyInvalid(Exception):
    """The setting or the file is no master key. The sentence (French) never quotes it."""


class WrongMasterKey(Exception):
    """This master did not wrap these bytes, or they were altered. It never means that a key was destroyed."""

    def __init__(self, subject: str, generation: int) -> None:
        super().__init__(
            f"La clé maîtresse n'ouvre pas la clé de {subject} (génération {generation}) : "
            "ce n'est pas la bonne clé maîtresse, ou le trousseau est abîmé. Rien n'est perdu tant que "
            "la bonne clé maîtresse existe."
        )
        self.subject = subject
        self.generation = generation


class MasterOutdated(Exception):
    """This master wraps under a generation that a rotation has retired: nothing was stored."""

    def __init__(self, generation: int) -> None:
        super().__init__(
            f"La génération {generation} de la clé maîtresse a été remplacée : "
            "chargez la nouvelle avant de créer des clés."
        )
        self.generation = generation


class Master(Protocol):
    """Wraps and unwraps keys: a key at hand, or a service that keeps it (KMS).

    What ``wrap`` answers begins with the generation that wrapped it, four bytes, the highest first.
    """

    @property
    def generation(self) -> int:
        """The generation that wraps today, from 1; each one is greater than the one before."""

    async def wrap(self, subject: str, key: bytes) -> bytes:
        """The key, readable by this master only, and as this subject's only."""

    async def unwrap(self, subject: str, wrapped: bytes) -> bytes:
        """The key again. Raises ``WrongMasterKey``."""


def generation_of(wrapped: bytes) -> int:
    """The generation that wrapped these bytes."""
    return int.from_bytes(wrapped[:_HEADER], "big")


class LocalMaster:
    """AES-256-GCM at hand, the subject as associated data. Every generation unwraps, the last one wraps."""

    def __init__(self, generations: Mapping[int, bytes]) -> None:
        """Raises ``MasterKeyInvalid``."""
        if not generations:
            raise MasterKeyInvalid("La clé maîtresse est vide : il faut au moins une génération.")
        if any(len(key) != _KEY for key in generations.values()):
            raise MasterKeyInvalid("Chaque génération de la clé maîtresse doit compter 32 octets.")
        if len(set(generations.values())) < len(generations):
            raise MasterKeyInvalid("Deux générations de la clé maîtresse sont identiques.")
        if not all(0 < generation < 1 << 8 * _HEADER for generation in generations):
            raise MasterKeyInvalid("Les générations de la clé maîtresse se comptent à partir de 1.")
        self._keys = dict(sorted(generations.items()))
        self._ciphers = {generation: AESGCM(key) for generation, key in self._keys.items()}
        self._generation = max(self._keys)

    @classmethod
    def new(cls) -> Self:
        """A first generation, drawn at random."""
        return cls({1: secrets.token_bytes(_KEY)})

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads one generation a line, ``<number>:<base64 of 32 bytes>``, in growing order.

        Raises ``MasterKeyInvalid``, which names the line and does not quote it.
        """
        generations: dict[int, bytes] = {}
        for line, words in enumerate(text.splitlines(), start=1):
            found = _LINE.fullmatch(words)
            if found is None:
                raise MasterKeyInvalid(
                    f"Clé maîtresse, ligne {line} : « <numéro>:<32 octets en base64> » attendu."
                )
            generation = int(found[1])
            if generation <= max(generations, default=0):
                raise MasterKeyInvalid(f"Clé maîtresse, ligne {line} : les numéros doivent croître.")
            generations[generation] = _decoded(found[2], line)
        return cls(generations)

    @property
    def text(self) -> str:
        """What ``parse`` reads. A secret: it goes to ``write_master`` and nowhere else."""
        lines = (f"{number}:{base64.b64encode(key).decode()}\n" for number, key in self._keys.items())
        return "".join(lines)

    @property
    def generation(self) -> int:
        return self._generation

    def renewed(self) -> LocalMaster:
        """The same with one more generation, which wraps from then on."""
        return LocalMaster({**self._keys, self._generation + 1: secrets.token_bytes(_KEY)})

    def newest_only(self) -> LocalMaster:
        """The last generation alone: what remains when a rotation has ended."""
        return LocalMaster({self._generation: self._keys[self._generation]})

    async def wrap(self, subject: str, key: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._ciphers[self._generation].encrypt(nonce, key, subject.encode())
        return self._generation.to_bytes(_HEADER, "big") + nonce + sealed

    async def unwrap(self, subject: str, wrapped: bytes) -> bytes:
        generation = generation_of(wrapped)
        cipher = self._ciphers.get(generation)
        if cipher is None or len(wrapped) <= _HEADER + _NONCE:
            raise WrongMasterKey(subject, generation)
        nonce, sealed = wrapped[_HEADER : _HEADER + _NONCE], wrapped[_HEADER + _NONCE :]
        try:
            return cipher.decrypt(nonce, sealed, subject.encode())
        except InvalidTag:
            raise WrongMasterKey(subject, generation) from None

    def __repr__(self) -> str:
        return f"LocalMaster(generations={list(self._keys)})"


class MasterFile:
    """A ``LocalMaster`` in a file, read again as soon as the file is another: a rotation restarts nobody.

    Raises ``MasterKeyInvalid`` whenever the file is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] = ()
        self._master: LocalMaster

    def current(self) -> LocalMaster:
        """What the file holds now."""
        try:
            found = self._path.stat()
            seen = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
            if seen != self._seen:
                self._master = LocalMaster.parse(self._path.read_text(encoding="ascii"))
                self._seen = seen
        except FileNotFoundError:
            raise MasterKeyInvalid(f"Le fichier de la clé maîtresse manque : {self._path}.") from None
        except UnicodeDecodeError:
            raise MasterKeyInvalid(f"Le fichier {self._path} n'est pas une clé maîtresse.") from None
        return self._master

    @property
    def generation(self) -> int:
        return self.current().generation

    async def wrap(self, subject: str, key: bytes) -> bytes:
        return await self.current().wrap(subject, key)

    async def unwrap(self, subject: str, wrapped: bytes) -> bytes:
        return await self.current().unwrap(subject, wrapped)

    def __repr__(self) -> str:
        return f"MasterFile({str(self._path)!r})"


def write_master(path: Path, master: LocalMaster) -> None:
    """Puts the file there whole (mode 600, its folder 700 when made), durable before this returns.

    The disk may keep what the replaced file held in blocks that it does not show: when an old generation
    must be gone for certain, the disk has to be an encrypted one.
    """
    fresh = _written_aside(path, master)
    fresh.replace(path)
    _sync_folder(path.parent)


def make_master(path: Path) -> None:
    """Makes a first generation unless there is a file. Of two processes at once one makes it, for both."""
    if path.exists():
        return
    fresh = _written_aside(path, LocalMaster.new())
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
    _sync_folder(path.parent)


def _decoded(words: str, line: int) -> bytes:
    try:
        key = base64.b64decode(words, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY or base64.b64encode(key).decode() != words:
        raise MasterKeyInvalid(f"Clé maîtresse, ligne {line} : 32 octets en base64 attendus.")
    return key


def _written_aside(path: Path, master: LocalMaster) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(master.text)
        file.flush()
        os.fsync(file.fileno())
    return fresh


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
