"""Checkpoints: what the ledger was at an instant, signed, and kept where the database cannot reach.

A checkpoint is a signed note (``ledger/notes.py``) whose text follows https://c2sp.org/tlog-checkpoint. The
book holds every one that was published, and refuses one that does not extend the last: a history rewritten
underneath is not signed. After a restore that lost events, a new *epoch* says so, signed as well.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.merkle import EMPTY_ROOT, MissingHash, verify_consistency
from ledger.notes import NoteInvalid, Signer, Verifier, from_base64, open_text
from ledger.sinks import make_folder, write_whole

Prove = Callable[[int, int], Awaitable[Sequence[bytes]]]
"""The consistency proof between two sizes: ``partial(proofs.consistency, connection)``."""

LONGEST_REASON: Final = 200
_SIZE: Final = r"0|[1-9]\d{0,11}"
_EPOCH: Final = r"[1-9]\d{0,3}"
_HASH: Final = r"[A-Za-z0-9+/]{43}="
_INSTANT: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_CHECKPOINT: Final = re.compile(rf"(.+)\n({_SIZE})\n({_HASH})\nepoch ({_EPOCH})\nat ({_INSTANT})\n", re.ASCII)
_OPENING: Final = re.compile(
    rf"(.+) epoch\nepoch ({_EPOCH})\nfollows ({_EPOCH}) ({_SIZE}) ({_HASH})\n"
    rf"resumes ({_SIZE}) ({_HASH})\nreason (.+)\nat ({_INSTANT})\n",
    re.ASCII,
)
_CHECKPOINT_NAME: Final = re.compile(r"[0-9]{4}-[0-9]{12}\.txt")
_OPENING_NAME: Final = re.compile(r"[0-9]{4}-opened\.txt")


class DoesNotExtend(Exception):
    """The ledger is not what was published grown longer: nothing is signed. ``sentence``: in French."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Point:
    """A state of the tree: its epoch, how many events it holds, its root."""

    epoch: int
    size: int
    root: bytes


BEGINNING: Final = Point(1, 0, EMPTY_ROOT)


@dataclass(frozen=True)
class Checkpoint:
    """``at`` is in UTC, whole seconds. ``note``: the signed note it was read from."""

    origin: str
    size: int
    root: bytes
    epoch: int
    at: datetime
    note: str = field(default="", compare=False, repr=False)

    @property
    def text(self) -> str:
        """What is signed."""
        lines = (self.origin, self.size, _base64(self.root), f"epoch {self.epoch}", f"at {_written(self.at)}")
        return "".join(f"{line}\n" for line in lines)

    @property
    def name(self) -> str:
        """The file it is published as."""
        return f"{self.epoch:04}-{self.size:012}.txt"

    @property
    def point(self) -> Point:
        return Point(self.epoch, self.size, self.root)


@dataclass(frozen=True)
class Opening:
    """A new epoch, declared: the last point of the former one, the point the store resumes from, and why."""

    origin: str
    follows: Point
    resumes: Point
    reason: str
    at: datetime
    note: str = field(default="", compare=False, repr=False)

    @property
    def text(self) -> str:
        """What is signed. Its first line can be no checkpoint's: an origin holds no space."""
        before, after = self.follows, self.resumes
        return (
            f"{self.origin} epoch\nepoch {after.epoch}\n"
            f"follows {before.epoch} {before.size} {_base64(before.root)}\n"
            f"resumes {after.size} {_base64(after.root)}\n"
            f"reason {self.reason}\nat {_written(self.at)}\n"
        )

    @property
    def name(self) -> str:
        """The file it is published as."""
        return f"{self.resumes.epoch:04}-opened.txt"


def new_signer(private: Ed25519PrivateKey) -> Signer:
    """The signer of the installation that holds this key, and is named after it."""
    public = private.public_key().public_bytes_raw()
    return Signer(f"mentorat.invalid/{sha256(public).hexdigest()[:16]}", private)


def open_note(note: str, verifiers: Iterable[Verifier]) -> Checkpoint:
    """The checkpoint, its signature verified. Raises ``NoteInvalid``."""
    text, signed = open_text(note, verifiers)
    found = _CHECKPOINT.fullmatch(text)
    if not found:
        raise NoteInvalid("La note n'est pas un point de contrôle.")
    origin, size, root, epoch, at = found.groups()
    _check_origin(origin, signed)
    return Checkpoint(origin, int(size), from_base64(root), int(epoch), _instant(at), note)


def open_opening(note: str, verifiers: Iterable[Verifier]) -> Opening:
    """The declaration of an epoch, its signature verified. Raises ``NoteInvalid``."""
    text, signed = open_text(note, verifiers)
    found = _OPENING.fullmatch(text)
    if not found:
        raise NoteInvalid("La note n'ouvre pas une époque.")
    origin, epoch, *old, size, root, reason, at = found.groups()
    _check_origin(origin, signed)
    follows = Point(int(old[0]), int(old[1]), from_base64(old[2]))
    resumes = Point(int(epoch), int(size), from_base64(root))
    return Opening(origin, follows, resumes, reason, _instant(at), note)


class CheckpointBook:
    """The folder of what was published, read with the public keys of those who may have signed."""

    def __init__(self, folder: Path, verifiers: Iterable[Verifier]) -> None:
        self._folder = folder
        self._verifiers = tuple(verifiers)

    def all(self) -> list[Checkpoint]:
        """Every checkpoint, oldest first. Raises ``NoteInvalid`` naming the file that is not authentic."""
        return [self._checkpoint(name) for name in self._names(_CHECKPOINT_NAME)]

    def latest(self) -> Checkpoint | None:
        """Raises ``NoteInvalid``."""
        names = self._names(_CHECKPOINT_NAME)
        return self._checkpoint(names[-1]) if names else None

    def openings(self) -> list[Opening]:
        """Every declared epoch, oldest first. Raises ``NoteInvalid``."""
        return [self._opening(name) for name in self._names(_OPENING_NAME)]

    def last(self) -> Point:
        """What the next checkpoint must extend. Raises ``NoteInvalid``."""
        latest, openings = self.latest(), self._names(_OPENING_NAME)
        opened = self._opening(openings[-1]).resumes if openings else BEGINNING
        return latest.point if latest and latest.epoch >= opened.epoch else opened

    async def publish(self, signer: Signer, size: int, root: bytes, at: datetime, prove: Prove) -> Checkpoint:
        """Signs and files the checkpoint; the one there is, when nothing happened since.

        Raises ``DoesNotExtend`` (the tree is smaller than what was published, or is another one) and
        ``NoteInvalid`` (the book itself was altered).
        """
        while True:
            last = self.last()
            await _check_extends(last, size, root, prove)
            latest = self.latest()
            if latest and latest.point == Point(last.epoch, size, root):
                return latest
            checkpoint = Checkpoint(signer.name, size, root, last.epoch, at)
            checkpoint = open_note(signer.sign(checkpoint.text), self._verifiers)
            if await asyncio.to_thread(self._file, checkpoint, last):
                return checkpoint

    async def open_epoch(
        self, signer: Signer, size: int, root: bytes, at: datetime, reason: str, prove: Prove
    ) -> Opening:
        """Declares that the store was restored and resumes at this size. ``reason``: one line, nobody named.

        What had been published up to that size must still be there. Raises as ``publish`` does.
        """
        reason = " ".join(reason.split())
        if not reason or len(reason) > LONGEST_REASON:
            raise ValueError(f"a reason of 1 to {LONGEST_REASON} characters")
        while True:
            last = self.last()
            kept = [one for one in self._points(last.epoch) if one.size <= size]
            await _check_extends(max(kept, key=lambda one: one.size), size, root, prove)
            opening = Opening(signer.name, last, Point(last.epoch + 1, size, root), reason, at)
            opening = open_opening(signer.sign(opening.text), self._verifiers)
            if await asyncio.to_thread(self._file, opening, last):
                return opening

    def _points(self, epoch: int) -> list[Point]:
        """The points of an epoch. The empty tree is in each."""
        opened = [one.resumes for one in self.openings()]
        published = [one.point for one in self.all()]
        return [BEGINNING, *(one for one in (*opened, *published) if one.epoch == epoch)]

    def _file(self, note: Checkpoint | Opening, last: Point) -> bool:
        """Writes it, unless another process has been faster."""
        with self._alone():
            if self.last() != last:
                return False
            write_whole(self._folder / note.name, note.note)
            return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        make_folder(self._folder)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _names(self, pattern: re.Pattern[str]) -> list[str]:
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if pattern.fullmatch(path.name))

    def _checkpoint(self, name: str) -> Checkpoint:
        with _naming(name):
            return _named(name, open_note(self._read(name), self._verifiers))

    def _opening(self, name: str) -> Opening:
        with _naming(name):
            return _named(name, open_opening(self._read(name), self._verifiers))

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_bytes().decode()
        except UnicodeDecodeError as error:
            raise NoteInvalid("La note n'est pas un texte UTF-8.") from error


N = TypeVar("N", Checkpoint, Opening)


def _named(name: str, note: N) -> N:
    if note.name != name:
        raise NoteInvalid(f"Cette note se dit « {note.name} ».")
    return note


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Says in which file a note is invalid."""
    try:
        yield
    except NoteInvalid as error:
        raise NoteInvalid(f"{name} : {error.sentence}") from error


async def _check_extends(last: Point, size: int, root: bytes, prove: Prove) -> None:
    """Raises ``DoesNotExtend``."""
    if size < last.size:
        raise DoesNotExtend(f"Le registre compte {size} événements : moins que les {last.size} déjà publiés.")
    try:
        proof = await prove(last.size, size)
    except MissingHash as error:
        raise DoesNotExtend("Il manque des événements au registre.") from error
    if not verify_consistency(last.size, size, proof, last.root, root):
        raise DoesNotExtend(f"Les {last.size} premiers événements ne sont plus ceux qui ont été publiés.")


def _check_origin(origin: str, signed: Iterable[Verifier]) -> None:
    if origin not in {one.name for one in signed}:
        raise NoteInvalid("L'origine n'est pas celle de la clé qui a signé.")


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise NoteInvalid("Un instant n'existe pas.") from error
