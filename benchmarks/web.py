"""HTTP: our API in its own process, against the barest route that does as much to the disk."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Final
from urllib.parse import quote
from uuid import uuid4

import psycopg

from api.tokens import TokenStore
from benchmarks import bare, conventions, load, ours, tables
from benchmarks.figures import Figure, Result, number, ratio
from benchmarks.load import Answered, request
from benchmarks.rounds import Spent, Step, told
from benchmarks.stage import Stage, api, process, together
from domain.kernel import new_id
from ops.compose import House, house
from ops.settings import Settings
from ops.stack.ports import free_port

SECONDS: Final = 2.5
"""A round lasts no longer."""
_TOPICS: Final = ("convention.Drafted@1", "convention.SignatoryNamed@1", "convention.Submitted@1")
_CREATE, _NAME, _SUBMIT = range(3)


@dataclass
class Client:
    """Writes requests for our API as one bearer of a token."""

    token: str
    actor: str
    body: bytes
    created: list[str] = field(default_factory=list)

    def headers(self, **more: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "idempotency-key": str(uuid4()), **more}

    def creations(self, count: int) -> list[bytes]:
        """Requests to draft; ``created`` then holds the ids to come, in the same order."""
        keys = [str(uuid4()) for _ in range(count)]
        self.created = [new_id("convention", f"{self.actor}:{key}") for key in keys]
        return [
            request("POST", "/v1/conventions", self.headers(**{"idempotency-key": key}), self.body)
            for key in keys
        ]

    def namings(self, party: str, version: int) -> list[bytes]:
        body = json.dumps({"name": "Camille Exemple-Dupont", "title": "rectrice de l'académie de Lyon"})
        address = f"/parties/{quote(party)}/signatory"
        headers = {"if-match": f'"{version}"'}
        return [
            request("PUT", f"/v1/conventions/{i}{address}", self.headers(**headers), body.encode())
            for i in self.created
        ]

    def submissions(self) -> list[bytes]:
        return [request("POST", f"/v1/conventions/{i}/submission", self.headers()) for i in self.created]


@dataclass
class Servers:
    """Our API and the bare one, both up."""

    settings: Settings
    bare_port: int
    spent: dict[str, Spent]
    plain: dict[str, Spent]
    client: Client
    answers: dict[str, list[Answered]] = field(default_factory=dict)

    async def ask(self, name: str, requests: Sequence[bytes]) -> Answered:
        """Our side's round."""
        with self.spent[name].over() as work:
            answered = await load.offered(self.settings.port, requests, seconds=SECONDS)
            work.count, work.seconds = answered.count, answered.seconds
        self.answers.setdefault(name, []).append(answered)
        return answered

    async def ask_bare(self, name: str, requests: Sequence[bytes]) -> float:
        """The baseline's round; answers its rate."""
        with self.plain[name].over() as work:
            answered = await load.offered(self.bare_port, requests, seconds=SECONDS)
            work.count, work.seconds = answered.count, answered.seconds
        return answered.rate


async def commands(stage: Stage) -> list[Result]:
    """Creation, naming a signatory, submission: in this order on the same conventions, round after round."""
    names = ("http-create", "http-personal", "http-transition")
    count = stage.sized(2_000, 64)
    async with _up(stage, "commands", names, lived=1) as up:
        client = up.client

        async def create(_: int) -> float:
            answered = await up.ask(names[_CREATE], client.creations(count))
            client.created = client.created[: answered.count]
            return answered.rate

        async def name(_: int) -> float:
            first = await up.ask(names[_NAME], client.namings(conventions.PARTIES[0], 1))
            client.created = client.created[: first.count]
            second = await load.offered(up.settings.port, client.namings(conventions.PARTIES[1], 2))
            client.created = client.created[: second.count]
            return first.rate

        async def submit(_: int) -> float:
            return (await up.ask(names[_SUBMIT], client.submissions())).rate

        def baseline(kind: int) -> Step:
            async def insert(_: int) -> float:
                body = client.body if kind == _CREATE else b"{}"
                requests = [request("POST", f"/{kind}", client.headers(), body)] * count
                return await up.ask_bare(names[kind], requests)

            return insert

        steps: dict[str, Step] = {}
        for kind, ours_ in enumerate((create, name, submit)):
            steps |= {f"bare {kind}": baseline(kind), f"ours {kind}": ours_}
        found = await stage.rounds(steps)
        return [
            _figure(up, name_, found[f"ours {kind}"], found[f"bare {kind}"])
            for kind, name_ in enumerate(names)
        ]


async def status(stage: Stage) -> list[Result]:
    """Conventions in force, read at random by somebody who may see the names in them."""
    count = stage.sized(6_000, 200)
    async with _up(stage, "status", ["http-status"], lived=stage.sized(300, 3)) as up:
        ids = await _shown(up.settings)

        async def bare_(turn: int) -> float:
            chosen = random.Random(turn).choices(ids, k=count)
            requests = [request("GET", f"/conventions/{i}", up.client.headers()) for i in chosen]
            return await up.ask_bare("http-status", requests)

        async def ours_(turn: int) -> float:
            return (await up.ask("http-status", readings(up.client, ids, count, turn))).rate

        found = await stage.rounds({"bare": bare_, "ours": ours_})
        return [_figure(up, "http-status", found["ours"], found["bare"])]


def readings(client: Client, ids: Sequence[str], count: int, turn: int) -> list[bytes]:
    """Readings of conventions taken at random; the same for the same ``turn``."""
    chosen = random.Random(turn).choices(ids, k=count)
    return [request("GET", f"/v1/conventions/{i}", client.headers()) for i in chosen]


@asynccontextmanager
async def _up(stage: Stage, name: str, figures: Sequence[str], *, lived: int) -> AsyncIterator[Servers]:
    settings = await stage.database(name)
    async with house(settings, "bench") as parts:
        await conventions.opened(parts)
        await conventions.lived(parts, lived)
        async with ours.views_pool(settings) as pool:
            await ours.Views(parts, pool).projector().catch_up()
        client = await client_of(parts)
    async with await psycopg.AsyncConnection.connect(settings.dsn_owner, autocommit=True) as connection:
        await connection.execute(tables.EVENTS)
        await connection.execute(tables.CONVENTIONS)
    port = free_port()
    given = {bare.DSN: settings.dsn_owner, bare.PORT: str(port), bare.TOPICS: json.dumps(_TOPICS)}
    bare_ = process(settings.home, "-m", "benchmarks.bare", given=given, port=port)
    async with together(api(settings), bare_) as (ours_pid, bare_pid):
        ours_ = {"API": ours_pid, "PostgreSQL": stage.postgres.pid}
        plain = {"route nue": bare_pid, "PostgreSQL": stage.postgres.pid}
        yield Servers(
            settings,
            port,
            {figure: Spent(ours_) for figure in figures},
            {figure: Spent(plain) for figure in figures},
            client,
        )


async def client_of(parts: House) -> Client:
    """Somebody of the académie, who may see names."""
    actor, token = await TokenStore(parts.pool).create("academie", "mesure", {"academie:10"})
    drafted = conventions.draft("convention-any")
    body = {
        "title": drafted.title,
        "programme_id": drafted.programme_id,
        "academie": drafted.academie,
        "parties": [
            {"key": p.key, "name": p.name, **({"mailbox": p.mailbox} if p.mailbox else {})}
            for p in drafted.parties
        ],
        "clauses": {
            "starts_on": str(drafted.clauses.starts_on),
            "ends_on": str(drafted.clauses.ends_on),
            "schemes": list(drafted.clauses.schemes),
            "kinds": list(drafted.clauses.kinds),
            "school_years": list(drafted.clauses.school_years),
            "mentees": drafted.clauses.mentees,
            "lycees": drafted.clauses.lycees,
        },
        "coverage": {
            "academies": list(drafted.coverage.academies),
            "uais": list(drafted.coverage.uais),
            "annex_version": drafted.coverage.annex_version,
        },
    }
    return Client(token, actor, json.dumps(body).encode())


async def _shown(settings: Settings) -> list[str]:
    async with await psycopg.AsyncConnection.connect(settings.dsn_owner) as connection:
        cursor = await connection.execute("SELECT id FROM raw.conventions ORDER BY id")
        return [row[0] for row in await cursor.fetchall()]


def _figure(up: Servers, name: str, measured: list[float], baseline: list[float]) -> Figure:
    answers = up.answers[name][-len(measured) :]
    p50, p99 = (median(getattr(one, mark) for one in answers) for mark in ("p50", "p99"))
    said = (
        f"{number(median(measured))} contre {number(median(baseline))} requêtes/s ; "
        f"temps de réponse médian {number(p50)} ms, au 99ᵉ centile {number(p99)} ms"
    )
    spent = up.spent[name]
    return Figure(name, ratio(measured, baseline), said, told(spent, up.plain[name]), spent.limit)
