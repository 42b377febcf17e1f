"""Bearer tokens: ``mto_<id>_<secret>``, of which only the SHA-256 of the secret is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from domain.authorization import NO_PUBLIC, PUBLIC, ROLES
from domain.kernel import Actor
from domain.links import PERSON

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

CACHED_FOR: Final = 2.0
"""Seconds during which a token is taken at its word: a revocation acts within that time everywhere, and at
once in the process that made it."""

_MOST_CACHED: Final = 1_000
_EVERYWHERE: Final = frozenset({"national", "auditor", "dpo", "operator"})
_BOUNDS: Final = {
    "academie": re.compile(r"academie:\d{2}|region:[^\n]{1,80}|state"),
    "association": re.compile(r"association:association-[0-9A-Za-z-]{1,80}"),
    "lycee": re.compile(r"lycee:\d{7}[A-Z]"),
}
_SHAPE: Final = re.compile(r"mto_([0-9a-f]{16})_([0-9A-Za-z_-]{43})", re.ASCII)
_NOBODY: Final = ("0" * 16, "0" * 43)
_NO_DIGEST: Final = bytes(32)


@dataclass(frozen=True)
class Token:
    """What is known of a token. Its id is the name of its bearer in the audit trail."""

    id: str
    role: str
    label: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None = None


class TokenStore:
    """The table ``api.tokens``, and a short memory of it."""

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._cache: dict[str, tuple[float, Actor, bytes]] = {}

    async def create(self, role: str, label: str, scopes: Iterable[str]) -> tuple[str, str]:
        """Makes a token; answers its id and the token itself, which can never be shown again.

        Raises ``ValueError`` (French) for an unknown role or scopes that are not this role's.
        """
        held = _scopes(role, scopes)
        token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        async with self._pool.connection() as connection:
            await connection.execute(
                "INSERT INTO api.tokens (id, role, label, scopes, secret_sha256) VALUES (%s, %s, %s, %s, %s)",
                (token_id, role, label, sorted(held), _digest(secret)),
            )
        return token_id, f"mto_{token_id}_{secret}"

    async def list(self) -> list[Token]:
        """Every token, the oldest first, revoked ones included."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT id, role, label, scopes, created_at, revoked_at FROM api.tokens"
                " ORDER BY created_at, id"
            )
            return [Token(i, r, n, frozenset(s), c, v) for i, r, n, s, c, v in await cursor.fetchall()]

    async def revoke(self, token_id: str) -> bool:
        """Puts an end to a token. ``False`` when there is none of that id, or it was revoked already."""
        self._cache.pop(token_id, None)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "UPDATE api.tokens SET revoked_at = now() WHERE id = %s AND revoked_at IS NULL", (token_id,)
            )
        return cursor.rowcount == 1

    async def actor_of(self, token: str) -> Actor | None:
        """Who bears this token, ``None`` for whatever is not one. Every refusal takes the same way."""
        shape = _SHAPE.fullmatch(token)
        token_id, secret = (shape[1], shape[2]) if shape else _NOBODY
        found = self._remembered(token_id) or await self._load(token_id)
        expected = found[1] if found else _NO_DIGEST
        same = hmac.compare_digest(_digest(secret), expected)
        return found[0] if found and same else None

    def _remembered(self, token_id: str) -> tuple[Actor, bytes] | None:
        cached = self._cache.get(token_id)
        if cached is None or cached[0] < self._clock():
            return None
        return cached[1], cached[2]

    async def _load(self, token_id: str) -> tuple[Actor, bytes] | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT role, scopes, secret_sha256 FROM api.tokens WHERE id = %s AND revoked_at IS NULL",
                (token_id,),
            )
            row = await cursor.fetchone()
        if row is None:
            self._cache.pop(token_id, None)
            return None
        role, scopes, digest = row
        actor = Actor(token_id, role, frozenset(scopes))
        if len(self._cache) >= _MOST_CACHED:
            self._cache.clear()
        self._cache[token_id] = (self._clock() + CACHED_FOR, actor, digest)
        return actor, digest


def _scopes(role: str, asked: Iterable[str]) -> frozenset[str]:
    if role not in ROLES or role in {"system", PERSON}:
        raise ValueError(f"Le rôle « {role} » n'existe pas.")
    own = {f"role:{role}"} if role in _EVERYWHERE else set()
    own |= set() if role in NO_PUBLIC else {PUBLIC}
    bounds = frozenset(asked) - own
    if role in _EVERYWHERE and bounds:
        raise ValueError(f"Le rôle « {role} » ne se limite pas à un périmètre.")
    if role not in _EVERYWHERE and not bounds:
        raise ValueError(f"Un jeton du rôle « {role} » a besoin d'un périmètre.")
    for scope in bounds:
        if not _BOUNDS[role].fullmatch(scope):
            raise ValueError(f"« {scope} » n'est pas un périmètre du rôle « {role} ».")
    return bounds | own


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
