"""Names planted in a running house, and the search for them in every byte that it keeps."""

from __future__ import annotations

import json
import quopri
import unicodedata
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql

from tests.journeys.stack import Stack

PERSON = "Éliandrévaux Zyquilorme"
"""An accented word and an ASCII one, that nothing else says."""
TITLE = "Tournesolange"
"""Not personal, and told beside the names: a search that misses it would miss them too."""
_SCHEMAS = ["ledger", "api", "process", "privacy", "read"]


@dataclass(frozen=True)
class Planted:
    """A convention to sign that speaks of a person wherever something can be said of one."""

    record: str
    associated: str

    @property
    def path(self) -> str:
        return f"/v1/conventions/{self.record}"


def ask(stack: Stack, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
    """One request, as ``role``, under ``key``, on ``version``, of a ``media_type``."""
    headers = {
        "Authorization": f"Bearer {stack.tokens[options.get('role', 'academie')]}",
        "Idempotency-Key": options.get("key", uuid4().hex),
        "Content-Type": options.get("media_type", "application/json"),
    }
    if "version" in options:
        headers["If-Match"] = f'"{options["version"]}"'
    content = body if isinstance(body, bytes) else json.dumps(body)
    return _client().request(method, f"{stack.api}{path}", headers=headers, content=content)


@cache
def _client() -> httpx.Client:
    """One for all: making one takes longer than a command."""
    return httpx.Client(timeout=30)


def tell(stack: Stack, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
    """One command that must be carried out."""
    answer = ask(stack, method, path, body, **options)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


def plant(stack: Stack) -> Planted:
    """Names, delegations and reasons: accepted, refused, repeated, malformed, and read."""
    association = stack.get("/v1/associations")["items"][0]["id"]
    operator = f"association:{association}"
    draft = {
        "title": f"Convention {TITLE}",
        "programme_id": "programme-1j1m",
        "academie": "10",
        "parties": [{"key": "academie:10", "name": "académie de Lyon"}, {"key": operator, "name": "FACE"}],
        "clauses": {
            "starts_on": "2025-12-05",
            "ends_on": "2027-12-04",
            "schemes": ["1j1m"],
            "kinds": ["metier"],
            "school_years": ["2025-2026", "2026-2027"],
        },
        "coverage": {"academies": ["10"]},
    }
    planted = Planted(tell(stack, "POST", "/v1/conventions", draft)["id"], association)
    delegated = {
        "capacity": "delegation",
        "delegation": f"décision {PERSON}",
        "delegation_until": "2099-12-31",
    }
    named, key = {"name": PERSON, "title": "rectrice"}, uuid4().hex
    place = f"{planted.path}/parties/academie:10/signatory"
    tell(stack, "PUT", place, named | delegated, version=1, key=key)
    tell(stack, "PUT", f"{planted.path}/parties/{operator}/signatory", named, version=2)
    reason = {"reason": f"Mésentente avec {PERSON}, dit-on."}
    for step, body in (("submission", {}), ("return", reason), ("submission", {}), ("signature-round", {})):
        tell(stack, "POST", f"{planted.path}/{step}", body)
    _refused(stack, planted, place, key)
    for purpose in ({}, {"X-Purpose": "essai"}):
        headers = {"Authorization": f"Bearer {stack.tokens['academie']}"} | purpose
        assert PERSON in _client().get(f"{stack.api}{planted.path}", headers=headers).text
    return planted


def _refused(stack: Stack, planted: Planted, place: str, key: str) -> None:
    """The same words in what is not recorded, or only as a refusal."""
    named = {"name": PERSON, "title": "recteur"}
    stranger = place.replace("academie:10", "academie:08")
    answers = {
        "not_a_party": ask(stack, "PUT", stranger, named, version=7),
        "key_reused": ask(stack, "PUT", place, named, version=1, key=key),
        "version_changed": ask(stack, "PUT", place, named, version=3),
        "invalid": ask(stack, "PUT", place, named | {"name": [PERSON], PERSON: PERSON}, version=7),
        "body_malformed": ask(stack, "PUT", place, f'{{"name": "{PERSON}'.encode(), version=7),
        "wrong_status": ask(stack, "POST", f"{planted.path}/return", {"reason": f"{PERSON} refuse"}),
    }
    assert {code: answer.json().get("code") for code, answer in answers.items()} == {
        code: code for code in answers
    }


# Searching ----------------------------------------------------------------------------------------


@cache
def forms(word: str) -> Mapping[bytes, str]:
    """Every way in which a word may lie in a file, with what to call it."""
    found: dict[bytes, str] = {}
    for cased in (word, word.lower(), word.upper()):
        for text in (cased, unicodedata.normalize("NFD", cased)):
            for name in ("utf-8", "utf-16-le", "utf-16-be", "cp1252"):
                found.setdefault(text.encode(name, "backslashreplace"), name)
            raw = text.encode()
            found.setdefault(json.dumps(text)[1:-1].encode(), "JSON")
            found.setdefault(quote(text).encode(), "URL")
            found.setdefault(quopri.encodestring(raw), "quoted-printable")
            found |= {raw.hex().encode(): "hex", raw.hex().upper().encode(): "hex"}
            found |= {_base64(raw, shift): f"base64+{shift}" for shift in range(3)}
    return found


def _base64(raw: bytes, shift: int) -> bytes:
    """The part of the base64 that nothing around the word can change."""
    whole = b64encode(bytes(shift) + raw)
    return whole[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]


def in_bytes(content: bytes, words: Iterable[str]) -> set[str]:
    """What of these words is there, and how."""
    short = squeezed(content)
    return {f"{word} ({form})" for word in words for told, form in forms(word).items() if told in short}


def squeezed(content: bytes) -> bytes:
    """Without the runs of zeros that most of a database's journal is made of."""
    return content.replace(bytes(512), b"")


def in_files(folder: Path, words: Iterable[str]) -> dict[str, set[str]]:
    """The files below a folder that hold one of these words."""
    found = {str(path.relative_to(folder)): in_bytes(raw, words) for path, raw in contents(folder)}
    return {path: told for path, told in found.items() if told}


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file; a backup is unpacked. One that goes away meanwhile is none."""
    for path in folder.rglob("*"):
        if not path.is_file() or path.is_symlink():
            continue
        try:
            yield path, path.read_bytes()
        except FileNotFoundError:
            continue
        if path.suffix == ".backup":
            with zipfile.ZipFile(path) as archive:
                yield from ((path / name, archive.read(name)) for name in archive.namelist())


def in_tables(stack: Stack, words: Iterable[str]) -> dict[str, set[str]]:
    """The tables that hold one of these words: what a file may hold compressed is not so here."""
    found = {}
    with owner(stack) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s)", (_SCHEMAS,)
        )
        for name in tables.fetchall():
            with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(*name))) as copy:
                found[".".join(name)] = in_bytes(b"".join(bytes(data) for data in copy), words)
    return {table: told for table, told in found.items() if told}


def owner(stack: Stack) -> psycopg.Connection[tuple[Any, ...]]:
    """The superuser of the embedded server."""
    where = json.loads((stack.home / "stack.json").read_text())
    return psycopg.connect(where["dsn_owner"], autocommit=True)


def flushed(stack: Stack) -> None:
    """Has PostgreSQL write everything it holds to its files."""
    with owner(stack) as connection:
        connection.execute("CHECKPOINT")
