"""Keyed digests: the same for the same words, and telling nothing of them without the key (HMAC-SHA-256)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final

from pydantic import TypeAdapter

from domain.commands import Command
from domain.ports import Request

_ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {}


class Digests:
    """Those that only whoever has the ``key`` of the house can make."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_words(self, *words: str) -> str:
        """See ``domain.ports.Records.digest``."""
        return _hex(self._key, b"words", *(word.encode() for word in words))

    def of_body(self, request: Request, subject_key: bytes | None) -> str:
        """Tells one body from another. What it tells of a person is gone with that person's key."""
        command = request.command
        body = (command.name.encode(), _adapter(command).dump_json(command), request.reason.encode())
        return _hex(self._key + (subject_key or b""), *body)


def _hex(key: bytes, *parts: bytes) -> str:
    return hmac.new(key, b"\0".join(parts), hashlib.sha256).hexdigest()


def _adapter(command: Command) -> TypeAdapter[Any]:
    """Built once for each kind of command: building one takes longer than all the rest of a decision."""
    if command.name not in _ADAPTERS:
        _ADAPTERS[command.name] = TypeAdapter(type(command))
    return _ADAPTERS[command.name]
