"""What a running house keeps of a person: nothing in clear, and nothing at all once she is erased."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus

from domain.erasure import Erase, Ground
from domain.kernel import Actor
from domain.ports import Request
from ops.compose import House
from ops.compose import house as composed
from ops.running import connected
from ops.settings import Settings
from tests.journeys.keys_on_disk import Box, Trove, boxes_of, trove
from tests.journeys.planted import (
    PERSON,
    TITLE,
    Planted,
    ask,
    contents,
    flushed,
    in_bytes,
    in_files,
    in_tables,
    plant,
    tell,
)
from tests.journeys.planted_onboarding import hand_in
from tests.journeys.stack import ROOT, Stack, eventually
from workflows.worker import connect

pytestmark = pytest.mark.timeout(240)
WORDS = tuple(PERSON.split())
FORGOTTEN = {"forgotten": True}


@dataclass(frozen=True)
class People:
    """Whom the command line erases, whom the API does, whom a death leaves half-way, and who stays."""

    by_terminal: Planted
    by_request: Planted
    half_way: Planted
    kept: Planted

    @property
    def subjects(self) -> list[str]:
        everyone = (self.by_terminal, self.by_request, self.half_way, self.kept)
        return [record for one in everyone for record in (one.record, one.associated)]


@pytest.fixture(scope="module")
def people(house: Stack, tmp_path_factory: pytest.TempPathFactory) -> People:
    """The last event of somebody's erasure was recorded, and then the power failed."""
    table = tmp_path_factory.mktemp("import") / "conventions.csv"
    lines = ("association;académie;annoncée pour;source;signataire", f"AFEV;Lyon;12/01/2026;essai;{PERSON}")
    table.write_text("\n".join(lines), "utf-8")
    imported = house.run("import", "conventions", str(table))
    assert imported.returncode == 0, imported.stderr
    planted = People(*(plant(house) for _ in range(4)))

    async def erased_without_more(parts: House) -> None:
        officer = Actor("the-dpo", "dpo", frozenset({"public", "role:dpo"}))
        command = Erase(record_id=planted.half_way.record, ground=Ground.OBJECTION)
        await parts.executor.execute(Request(command, officer, "and-then-a-death"))

    inside(house, erased_without_more)
    return planted


def inside(stack: Stack, work: Callable[[House], Awaitable[Any]]) -> Any:
    """Something that no command of the house does, done with its own parts."""

    async def done() -> Any:
        async with composed(connected(Settings(home=stack.home)), "test") as parts:
            return await work(parts)

    return asyncio.run(done())


def exported(stack: Stack, record: str, output: Path, *options: str) -> str:
    """The evidence of a record, and what it says to whoever has the file and the public key alone."""
    done = stack.run("audit", "export", "--record", record, "--output", str(output), *options)
    assert done.returncode == 0, done.stderr
    verifier = [sys.executable, "-I", str(ROOT / "ledger" / "verify.py"), str(output)]
    read = subprocess.run(
        [*verifier, "--key", str(stack.home / "audit.pub")], capture_output=True, text=True, timeout=30
    )
    assert read.returncode == 0, read.stdout + read.stderr
    return read.stdout


def test_nothing_that_names_a_person_lies_in_clear_in_any_byte(
    house: Stack, people: People, tmp_path: Path
) -> None:
    told = exported(house, people.kept.record, tmp_path / "disclosed.json")
    assert PERSON in told
    assert PERSON not in exported(house, people.kept.record, tmp_path / "sealed.json", "--sealed")
    for shown in hand_in(house).shown(house):
        assert PERSON in shown or all(word in shown for word in WORDS), shown
    assert house.run("backup", str(tmp_path / "house.backup")).returncode == 0
    assert nowhere_in_clear(house, tmp_path)
    known = (TITLE, people.kept.record, "application startup")
    found = in_files(house.home, known)
    for place in ("postgres/data/base", "postgres/data/pg_wal", "temporal/", "keyring/", "logs/"):
        assert any(path.startswith(place) for path in found), place
    assert {"ledger.events", "read.conventions", "read.feed", "privacy.readings"} <= set(
        in_tables(house, known)
    )
    assert set(in_files(tmp_path, known)) >= {
        "disclosed.json", "sealed.json", "house.backup/ledger.events.copy"
    }  # fmt: skip


def nowhere_in_clear(stack: Stack, elsewhere: Path) -> bool:
    flushed(stack)
    assert in_files(stack.home, WORDS) == {}
    assert in_files(elsewhere, WORDS) == {}
    assert in_tables(stack, WORDS) == {}
    assert in_bytes(stack.log.read_bytes(), WORDS) == set()
    return True


def test_the_search_knows_every_way_to_write_a_name() -> None:
    """A search that finds nothing must be able to."""
    for written in (
        f"x{PERSON}y".encode("utf-16-le"),
        json.dumps({"name": PERSON.upper()}).encode(),
        PERSON.lower().encode("cp1252"),
        PERSON.encode().hex().encode(),
        *(
            subprocess.check_output(["base64", "-w0"], input=b"x" * n + PERSON.encode() + b"!")
            for n in range(3)
        ),
    ):
        assert in_bytes(bytes(600) + written, [PERSON]), written


@dataclass(frozen=True)
class Before:
    """What was sealed of each before anybody was erased, and the keys that could be found then."""

    boxes: Mapping[str, list[Box]]
    keys: Trove


@pytest.fixture(scope="module")
def erased(house: Stack, people: People) -> Before:
    """Two are erased, after the keys were seen to open everything."""
    records = [person.record for person in (people.by_terminal, people.by_request, people.kept)]
    before = Before(
        {record: boxes_of(house, record) for record in records}, trove(house.home, people.subjects)
    )
    for boxes in before.boxes.values():
        assert len(boxes) == 5, "two names, a delegation, a reason, and the reason of a refused demand"
        assert all(PERSON in (before.keys.opened(box) or "") for box in boxes)
    by_request = f"/v1/records/{people.by_request.record}/erasure"
    with ThreadPoolExecutor(1) as terminal:
        options = ("--ground", "consent_withdrawn", "--yes")
        done = terminal.submit(house.run, "erase", people.by_terminal.record, *options)
        tell(house, "POST", by_request, {"ground": "objection"}, role="dpo")
    assert done.result().returncode == 0, done.result().stderr
    return before


@pytest.mark.parametrize("way", ["terminal", "request"])
def test_once_erased_a_record_reads_as_forgotten_whoever_asks_and_whenever(
    house: Stack, people: People, erased: Before, way: str
) -> None:
    person = people.by_terminal if way == "terminal" else people.by_request
    eventually(lambda: house.get(person.path)["status"] == "erased")
    first = house.get(f"{person.path}/history")["items"]
    for _ in range(2):
        row = house.get(person.path)
        assert set(map(str, row["persons"].values())) == {str(FORGOTTEN)}
        assert (row["status"], row["next"]) == ("erased", [])
        past = house.get(person.path, known_at=first[4]["recorded_at"])
        assert past["status"] == "draft"
        assert list(past["persons"].values()) == [FORGOTTEN] * 3
        history = house.get(f"{person.path}/history")["items"]
        assert history == first
        assert [one["reason"] for one in history if one["reason"]] == [FORGOTTEN] * 2
        assert house.get("/v1/deadlines", record=person.record)["items"] == []
        if way == "terminal":
            break
        assert house.run("rebuild").returncode == 0
    (listed,) = [i for i in house.get("/v1/conventions", limit=100)["items"] if i["id"] == person.record]
    assert listed["persons"] == house.get(person.path)["persons"]
    seen = json.dumps(house.get("/v1/events", limit=200)) + json.dumps([row, past, history, listed])
    assert not in_bytes(seen.encode(), WORDS)
    assert PERSON in json.dumps(house.get(people.kept.path), ensure_ascii=False)


def test_the_terminal_shows_what_is_forgotten_and_what_was_refused(
    house: Stack, people: People, erased: Before
) -> None:
    shown = house.run("show", people.by_terminal.record)
    assert json.loads(shown.stdout)["status"] == "erased", shown.stderr
    told = house.run("history", people.by_terminal.record).stdout
    assert not in_bytes((shown.stdout + told).encode(), WORDS)
    assert told.count("motif oublié") == 2
    assert "Données personnelles de la convention effacées" in told
    kept = house.run("history", people.kept.record).stdout
    assert kept.count(f"motif : Mésentente avec {PERSON}") == 1
    assert "impossible de la renvoyer en préparation" in kept


def test_the_process_of_an_erased_record_ends_and_the_others_go_on(
    house: Stack, people: People, erased: Before
) -> None:
    address = json.loads((house.home / "stack.json").read_text())["temporal_address"]

    async def status(record: str) -> WorkflowExecutionStatus | None:
        client = await connect(address, "default")
        return (await client.get_workflow_handle(record).describe()).status

    eventually(lambda: asyncio.run(status(people.kept.record)) == WorkflowExecutionStatus.RUNNING)
    for record in (people.by_terminal.record, people.by_request.record, people.half_way.record):
        ended = partial(status, record)
        eventually(lambda ended=ended: asyncio.run(ended()) == WorkflowExecutionStatus.COMPLETED)  # type: ignore[misc]


def test_who_read_whom_is_logged_and_an_erased_record_takes_no_more_commands(
    house: Stack, people: People, erased: Before
) -> None:
    read = house.get("/v1/readings", role="dpo", subject=people.kept.record, limit=200)["items"]
    assert {"conventions_read", "conventions_read : essai", "audit_export"} <= {
        one["purpose"] for one in read
    }
    late = {"reason": f"{PERSON} revient"}
    refused = ask(house, "POST", f"{people.by_request.path}/abandonment", late)
    assert (refused.status_code, refused.json()["code"]) == (409, "erased")


def test_no_key_on_disk_opens_what_was_sealed_of_the_erased(
    house: Stack, people: People, erased: Before
) -> None:
    """By the terminal, by a request, and by a request that a death cut short: the worker ends that one."""
    gone = (people.by_terminal, people.by_request, people.half_way)
    eventually(lambda: destroyed(house, people.half_way.record))
    after = trove(house.home, people.subjects)
    assert after.live.keys() == erased.keys.live.keys() - {person.record for person in gone}
    assert len(after.loose) > 2_000
    for person in gone:
        assert not any(after.opened(box) for box in boxes_of(house, person.record))
        assert person.record in (house.home / "audit" / "erasures").read_text()
    assert all(after.opened(box) for box in erased.boxes[people.kept.record])
    keys = [erased.keys.live[person.record] for person in gone if person.record in erased.boxes]
    assert len(keys) == 2
    assert not any(key in raw for _, raw in contents(house.home) for key in keys)


def destroyed(stack: Stack, record: str) -> bool:
    """Whether the keyring's file says so."""
    with closing(sqlite3.connect(stack.home / "keyring" / "keyring.sqlite")) as keyring:
        found = keyring.execute("SELECT destroyed FROM keys WHERE subject = ?", (record,)).fetchall()
    return found == [(1,)]


def test_nothing_said_since_lies_in_clear_either(house: Stack, erased: Before, tmp_path: Path) -> None:
    assert house.run("backup", str(tmp_path / "after.backup")).returncode == 0
    assert nowhere_in_clear(house, tmp_path)
