"""Every key that can be found below a home, and what they open."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.master import LocalMaster
from ledger.vault import event_key, text_key
from tests.journeys.planted import contents, owner, squeezed
from tests.journeys.stack import Stack

_WRITTEN = re.compile(rb"[A-Za-z0-9+/_-]{43,}")
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]+")
_BOX = re.compile(r'"([pt]):([A-Za-z0-9+/=]+)\\?"')
_WRAPPED = 4 + 12 + 32 + 16
"""Bytes of a wrapped key: its generation, the nonce, the key, the tag."""
_SMALL = 1 << 13
"""Bytes of a file outside the databases of which every window of 32 is taken for a key."""


@dataclass(frozen=True)
class Box:
    """A sealed value where it is stored, and the subjects whose keys it is sealed under."""

    event_id: UUID
    mark: str
    content: bytes
    subjects: tuple[str, ...]


def boxes_of(stack: Stack, record: str) -> list[Box]:
    """All that is sealed about a record, in refusals too."""
    with owner(stack) as connection:
        rows = connection.execute(
            "SELECT event_id, state, metadata FROM ledger.events WHERE record_id = %(it)s"
            " OR metadata::jsonb -> 'about' ? %(it)s",
            {"it": record},
        ).fetchall()
    return [
        Box(event_id, mark, b64decode(content), _subjects(mark, record, json.loads(metadata)))
        for event_id, state, metadata in rows
        for mark, content in _BOX.findall(state + metadata)
    ]


def _subjects(mark: str, record: str, metadata: Mapping[str, Any]) -> tuple[str, ...]:
    return (record,) if mark == "p" else tuple(metadata["about"])


@dataclass(frozen=True)
class Trove:
    """``live``: the keys that the keyring still gives, by subject. ``loose``: whatever else could be one."""

    live: Mapping[str, bytes]
    loose: Collection[bytes]

    def opened(self, box: Box) -> str | None:
        """What the box says to whoever holds all this."""
        for key in self._tried(box):
            try:
                return AESGCM(key).decrypt(box.content[:12], box.content[12:], None).decode()
            except InvalidTag:
                continue
        return None

    def _tried(self, box: Box) -> Iterator[bytes]:
        """Each key as that of the event, and as the one that is missing among the subjects'."""
        missing = [subject for subject in box.subjects if subject not in self.live]
        for key in self.loose if missing else (b"",):
            keys = {**dict.fromkeys(missing, key), **self.live}
            if box.mark == "p":
                yield event_key(keys[box.subjects[0]], box.event_id)
            yield text_key((keys[subject] for subject in box.subjects), box.event_id)
            if key:
                yield key


def trove(home: Path, subjects: Collection[str]) -> Trove:
    """Every key below ``home``: wrapped ones are looked for in all of the keyring's bytes, freed ones too."""
    found = list(contents(home))
    masters = LocalMaster.parse((home / "secrets" / "master.key").read_text())
    live: dict[str, bytes] = {}
    loose: set[bytes] = set()
    for path, raw in found:
        loose |= {key for told in _WRITTEN.findall(squeezed(raw)) for key in _read(told)}
        in_keyring = path.is_relative_to(home / "keyring")
        if in_keyring or (len(raw) <= _SMALL and not path.is_relative_to(home / "postgres")):
            loose |= {raw[at : at + 32] for at in range(len(raw) - 31)}
        if in_keyring:
            live |= _unwrapped(raw, masters, subjects)
    return Trove(live, loose | set(live.values()))


def _read(told: bytes) -> Iterator[bytes]:
    """What a run of letters and digits says of a key: as hexadecimal, and as base64 of either alphabet."""
    if len(told) == 64 and _HEXADECIMAL.fullmatch(told):
        yield bytes.fromhex(told.decode())
    for alternatives in (None, b"-_"):
        try:
            yield b64decode(told[-43:] + b"=", alternatives, validate=True)
        except Error:
            continue


def _unwrapped(raw: bytes, masters: LocalMaster, subjects: Collection[str]) -> dict[str, bytes]:
    """With each generation of the master key: the wrapping names the subject."""
    found = {}
    for line in masters.text.split():
        number, _, told = line.partition(":")
        cipher = AESGCM(b64decode(told))
        for mark in re.finditer(re.escape(int(number).to_bytes(4, "big")), raw):
            wrapped = raw[mark.start() + 4 : mark.start() + _WRAPPED]
            for subject in subjects if len(wrapped) == _WRAPPED - 4 else ():
                try:
                    found[subject] = cipher.decrypt(wrapped[:12], wrapped[12:], subject.encode())
                except InvalidTag:
                    continue
    return found
