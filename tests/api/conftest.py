"""The whole application in this process: a real executor, real read models, one token a role."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.tokens import TokenStore
from ledger.digests import Digests
from ledger.documents import Documents
from ledger.executor import Executor
from ledger.feed import LedgerFeed
from ledger.keyring import MemoryKeyring
from ledger.keyring_guarded import GuardedKeyring
from ledger.postgres import PostgresRecorder
from ledger.readings import OpenedPersons, ReadingLog
from ops import database as databases
from ops import reference
from ops.erasures import Erasures, Journal
from projections.binding import BindingConventions
from projections.projector import Projector
from projections.reading import Reader
from tests.conftest import Database
from tests.support import TestWorld

FACE = "association-face"
OTHER = "association-other"
ROLES: dict[str, tuple[str, frozenset[str]]] = {
    "national": ("national", frozenset()),
    "lyon": ("academie", frozenset({"academie:10"})),
    "grenoble": ("academie", frozenset({"academie:08"})),
    "face": ("association", frozenset({f"association:{FACE}"})),
    "other": ("association", frozenset({f"association:{OTHER}"})),
    "lycee": ("lycee", frozenset({"lycee:0690010L"})),
    "auditor": ("auditor", frozenset()),
    "dpo": ("dpo", frozenset()),
    "operator": ("operator", frozenset()),
}
_KEYS = itertools.count(1)
_CONTRACT: dict[str, Any] = {}
"""Made once a run: it takes longer than most tests, and says the same of every application."""


@dataclass
class Site:
    """The application, and short ways to call it."""

    app: FastAPI
    projector: Projector
    tokens: TokenStore
    reader: Reader
    executor: Executor
    bearers: dict[str, str]
    ids: dict[str, str]
    client: httpx.AsyncClient
    keyring: MemoryKeyring
    documents: Documents
    undocumented: list[str] = field(default_factory=list)

    async def call(
        self,
        who: str | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        etag: int | str | None = None,
        headers: dict[str, str] | None = None,
        file: bytes | None = None,
    ) -> httpx.Response:
        """One request. Every answer is held against the contract: a problem that is not announced fails."""
        sent = dict(headers or {})
        if who is not None:
            sent["Authorization"] = f"Bearer {self.bearers[who]}"
        if method not in {"GET", "HEAD", "OPTIONS"}:
            sent.setdefault("Idempotency-Key", key or f"key-{next(_KEYS)}")
        if etag is not None:
            sent["If-Match"] = f'"{etag}"'
        answer = await self.client.request(method, path, json=body, content=file, headers=sent)
        self._hold_against_contract(method, path, answer)
        return answer

    async def get(self, who: str | None, path: str, **headers: str) -> httpx.Response:
        await self.projector.catch_up()
        return await self.call(who, "GET", path, headers=headers)

    async def do(
        self, who: str, method: str, path: str, body: Any = None, *, etag: int | None = None
    ) -> dict[str, Any]:
        """A command that must be accepted."""
        answer = await self.call(who, method, path, body, etag=etag)
        assert answer.status_code in {200, 201}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _hold_against_contract(self, method: str, path: str, answer: httpx.Response) -> None:
        if answer.status_code < 400 or answer.status_code == 405:
            return
        operation = operation_of(self.app, method, path.partition("?")[0])
        if operation is None:
            return
        described = operation["responses"].get(str(answer.status_code), {})
        problems = described.get("content", {}).get("application/problem+json", {}).get("examples", {})
        if path != "/readyz" and answer.json()["code"] not in problems:
            self.undocumented.append(f"{method} {path}: {answer.status_code} {answer.json()['code']}")


def operation_of(app: FastAPI, method: str, path: str) -> dict[str, Any] | None:
    """The operation of the contract that such a request reaches."""
    for template, methods in app.openapi()["paths"].items():
        if method.lower() in methods and _pattern(template).fullmatch(path):
            found: dict[str, Any] = methods[method.lower()]
            return found
    return None


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template))


def _with_contract(app: FastAPI) -> FastAPI:
    if not _CONTRACT:
        _CONTRACT.update(app.openapi())
    app.openapi_schema = _CONTRACT
    return app


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    recorder, keyring = PostgresRecorder(database.app), MemoryKeyring()
    world = TestWorld(reference.calendars(), reference.territory())
    documents = Documents(tmp_path / "documents", GuardedKeyring(keyring, database.app))
    feed = LedgerFeed(recorder)
    tokens = TokenStore(database.app)
    made = {name: await tokens.create(role, name, scopes) for name, (role, scopes) in ROLES.items()}
    async with (
        Reader(database.app) as reader,
        databases.pool(database.app.conninfo, most=1, name="readings") as log_pool,  # type: ignore[arg-type]
    ):
        log = ReadingLog(log_pool)
        binding = BindingConventions(reader)
        executor = Executor(recorder, world, Digests(b"test digest key"), keyring, binding)  # type: ignore[arg-type]
        projector = Projector(feed, database.projector, world, executor.now)  # type: ignore[arg-type]
        app = create_app(
            commands=executor,
            feed=feed,
            reader=reader,
            persons=OpenedPersons(keyring, log),
            readings=log,
            documents=documents,
            erasures=Erasures(database.app, executor, keyring, Journal(tmp_path / "erasures"), documents),
            tokens=tokens,
            probes={},
            version="test",
            stream_seconds=1.0,
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
            found = Site(
                _with_contract(app),
                projector,
                tokens,
                reader,
                executor,
                {name: token for name, (_, token) in made.items()},
                {name: token_id for name, (token_id, _) in made.items()},
                client,
                keyring,
                documents,
            )
            yield found
            assert found.undocumented == []
