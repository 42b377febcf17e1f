"""Seals personal values under keys of one event, and opens them for whoever may read them.

A key of an event opens that event and nothing else: it can be handed out with evidence. It is derived from
keys that are not, and gone with the first of them that is destroyed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.kernel import FORGOTTEN, PERSONAL, UNREADABLE, Sealed
from ledger.keyring import Keyring

log = logging.getLogger("mentorat")

NONCE: Final = 12
_EVENT: Final = b"mentorat/event/v1/"
_TEXT: Final = b"mentorat/text/v1/"
_DOCUMENT: Final = b"mentorat/document/v1/"
_COMMITMENT: Final = b"mentorat/commitment/v1/"
_OWN: Final = "p:"
_TYPED: Final = "t:"


def event_key(subject_key: bytes, event_id: UUID) -> bytes:
    """The key of the personal fields of one event: HKDF-SHA256 (RFC 5869), no salt."""
    return _hkdf(subject_key, _EVENT + event_id.bytes)


def text_key(subject_keys: Iterable[bytes], event_id: UUID) -> bytes:
    """The key of what was typed in one event: it takes the keys of all whom the text may speak of."""
    return _hkdf(b"".join(subject_keys), _TEXT + event_id.bytes)


def commitment(key: bytes) -> bytes:
    """What the seal covers of a key: with AES-GCM alone, two keys could open one box to two texts."""
    return hashlib.sha256(_COMMITMENT + key).digest()


def open_box(key: bytes, box: str) -> Any:
    """The value in a box. Raises ``cryptography``'s ``InvalidTag`` for another key, or an altered box."""
    sealed = b64decode(box[2:], validate=True)
    return json.loads(AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], None))


class EventVault:
    """Seals the values of one event: its own fields, and what somebody typed about ``about``."""

    def __init__(
        self, event_id: UUID, record_id: str, about: Sequence[str], keys: Mapping[str, bytes]
    ) -> None:
        self._event_id = event_id
        self._record_id = record_id
        self._about = about
        self._keys = keys
        self._own: bytes | None = None
        self._typed: bytes | None = None

    def __call__(self, mark: str, value: Any) -> str:
        """The box of a JSON value. The nonce is random: a decision taken again seals another value."""
        if mark == PERSONAL:
            self._own = self._own or event_key(self._keys[self._record_id], self._event_id)
            return _OWN + _box(self._own, value)
        self._typed = self._typed or text_key((self._keys[s] for s in self._about), self._event_id)
        return _TYPED + _box(self._typed, value)

    @property
    def commitment(self) -> bytes | None:
        """Which key was used for the event's own fields, if any."""
        return commitment(self._own) if self._own else None

    @property
    def text_commitment(self) -> bytes | None:
        return commitment(self._typed) if self._typed else None


async def opened(keyring: Keyring, values: Iterable[Sealed]) -> dict[Sealed, Any]:
    """Each value in clear, ``FORGOTTEN`` where a key was destroyed, ``UNREADABLE`` where one is missing that
    was not, or is another: the page is shown all the same. One look at the keyring for all of them.
    """
    wanted = set(values)
    subjects = {subject for sealed in wanted for subject in sealed.subjects}
    keys = await keyring.keys(subjects)
    absent = subjects - keys.keys()
    buried = await keyring.buried(absent) if absent else frozenset()
    clear = {sealed: _opened(sealed, keys, buried) for sealed in wanted}
    if unreadable := {one.subjects for one, value in clear.items() if value is UNREADABLE}:
        log.error("no key opens what was sealed of %s", ", ".join(sorted({*chain(*unreadable)})))
    return clear


def key_of(sealed: Sealed, keys: Mapping[str, bytes]) -> bytes | None:
    """The key that opens a value, ``None`` where that of one of its subjects is not there."""
    if any(subject not in keys for subject in sealed.subjects):
        return None
    if sealed.box.startswith(_OWN):
        (subject,) = sealed.subjects
        return event_key(keys[subject], sealed.event_id)
    return text_key((keys[subject] for subject in sealed.subjects), sealed.event_id)


def seal_document(subject_key: bytes, digest: str, body: bytes) -> bytes:
    """The file of a record as it is kept, bound to its SHA-256 (hex)."""
    nonce = os.urandom(NONCE)
    return nonce + _document(subject_key, digest).encrypt(nonce, body, None)


def open_document(subject_key: bytes, digest: str, sealed: bytes) -> bytes:
    """Raises ``cryptography``'s ``InvalidTag`` for another key, another document, or an altered one."""
    return _document(subject_key, digest).decrypt(sealed[:NONCE], sealed[NONCE:], None)


def _document(subject_key: bytes, digest: str) -> AESGCM:
    return AESGCM(_hkdf(subject_key, _DOCUMENT + bytes.fromhex(digest)))


def _opened(sealed: Sealed, keys: Mapping[str, bytes], buried: Collection[str]) -> Any:
    if any(subject in buried for subject in sealed.subjects):
        return FORGOTTEN
    key = key_of(sealed, keys)
    try:
        return UNREADABLE if key is None else open_box(key, sealed.box)
    except InvalidTag:
        return UNREADABLE


def _box(key: bytes, value: Any) -> str:
    nonce = os.urandom(NONCE)
    clear = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return b64encode(nonce + AESGCM(key).encrypt(nonce, clear, None)).decode()


def _hkdf(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
