"""Signed notes, as https://c2sp.org/signed-note defines them, with Ed25519 keys.

A key is written ``name+id+base64`` (the *vkey*), its secret half ``PRIVATE+KEY+name+id+base64``: the formats
of golang.org/x/mod/sumdb/note, so that other people's tools read ours.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = b"\x01"
MOST_SIGNATURES: Final = 100
MOST_CHARACTERS: Final = 100_000
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_PRIVATE: Final = "PRIVATE+KEY+"
_KEY_BYTES: Final = 32


class NoteInvalid(Exception):
    """The note, or the key, proves nothing. ``sentence`` says why, in French."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Verifier:
    """Who may have signed: a name and a public key of 32 bytes."""

    name: str
    public: bytes

    @classmethod
    def of(cls, vkey: str) -> Self:
        """Reads a vkey. Raises ``NoteInvalid``."""
        name, public = _read_key(vkey.strip())
        return cls(name, public)

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell this key from others of the same name."""
        return _key_id(self.name, self.public)

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_base64(ED25519 + self.public)}"

    def check(self, text: str, signature: bytes) -> None:
        """Raises ``NoteInvalid``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature as error:
            raise NoteInvalid(f"La signature de « {self.name} » ne correspond pas au texte.") from error


@dataclass(frozen=True)
class Signer:
    """Signs notes under a name. Its secret half never shows when printed."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)

    @classmethod
    def of(cls, secret: str) -> Self:
        """Reads ``secret`` again. Raises ``NoteInvalid``."""
        text = secret.strip()
        if not text.startswith(_PRIVATE):
            raise NoteInvalid("Ceci n'est pas une clé de signature.")
        name, seed = _read_key(text.removeprefix(_PRIVATE), secret=True)
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self.private.public_key().public_bytes_raw())

    @property
    def vkey(self) -> str:
        """The public half, to be handed to whoever verifies."""
        return self.verifier.vkey

    @property
    def secret(self) -> str:
        """The whole key as text, for a file that only its owner reads."""
        seed = _base64(ED25519 + self.private.private_bytes_raw())
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{seed}"

    def sign(self, text: str) -> str:
        """The note. Raises ``NoteInvalid`` for a text that no note can hold."""
        _check_text(text)
        signature = self.verifier.key_id + self.private.sign(text.encode())
        return f"{text}\n— {self.name} {_base64(signature)}\n"


def open_text(note: str, verifiers: Iterable[Verifier]) -> tuple[str, list[Verifier]]:
    """The text, and who of these signed it: one at least.

    Signatures of others are ignored, as the specification wants; a false one of theirs voids the note.
    Raises ``NoteInvalid``.
    """
    if len(note) > MOST_CHARACTERS:
        raise NoteInvalid("La note est trop longue.")
    _check_text(note)
    text, gap, rest = note.rpartition("\n\n")
    lines = rest.split("\n")[:-1]
    if not gap or not lines or len(lines) > MOST_SIGNATURES:
        raise NoteInvalid("La note n'a pas la forme d'une note signée.")
    text += "\n"
    known = {(one.name, one.key_id): one for one in verifiers}
    signed: list[Verifier] = []
    for name, key_id, signature in map(_read_signature, lines):
        verifier = known.get((name, key_id))
        if verifier:
            verifier.check(text, signature)
            signed.append(verifier)
    if not signed:
        raise NoteInvalid("La note n'est signée par aucune des clés attendues.")
    return text, signed


def from_base64(text: str) -> bytes:
    """The bytes of a canonical base64 word. Raises ``NoteInvalid``."""
    try:
        value = b64decode(text, validate=True)
    except (ValueError, BadBase64) as error:
        raise NoteInvalid("Un mot en base64 est illisible.") from error
    if _base64(value) != text:
        raise NoteInvalid("Un mot en base64 n'est pas sous sa forme canonique.")
    return value


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def _read_key(text: str, *, secret: bool = False) -> tuple[str, bytes]:
    """The name and the 32 bytes of ``name+id+base64``."""
    name, _, rest = text.partition("+")
    key_id, _, word = rest.partition("+")
    _check_name(name)
    key = from_base64(word)
    if len(key) != 1 + _KEY_BYTES or not key.startswith(ED25519):
        raise NoteInvalid("Cette clé n'est pas une clé Ed25519.")
    half = key[1:]
    public = Ed25519PrivateKey.from_private_bytes(half).public_key().public_bytes_raw() if secret else half
    if _key_id(name, public).hex() != key_id:
        raise NoteInvalid("L'identifiant de la clé ne correspond pas à la clé.")
    return name, half


def _read_signature(line: str) -> tuple[str, bytes, bytes]:
    """Name, key id and signature of ``— name base64``."""
    match line.split(" "):
        case ["—", name, word]:
            _check_name(name)
            signature = from_base64(word)
            if len(signature) > 4:
                return name, signature[:4], signature[4:]
    raise NoteInvalid("Une ligne de signature est mal formée.")


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() for c in name) or not name.isprintable():
        raise NoteInvalid("Un nom de clé est mal formé.")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NoteInvalid("La note n'est pas un texte UTF-8.") from error
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteInvalid("La note ne finit pas une ligne, ou contient un caractère de commande.")
