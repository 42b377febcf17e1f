"""The embedded server, once a run, and a fresh database for each test that asks for one."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from xdist.scheduler import LoadScopeScheduling

from ops import database as databases
from ops.stack.postgres import Postgres

_ONE_HOUSE = {"test_forgetting.py", "test_proof.py"}
"""Files that live in one house, one after the other."""

_LONGEST = (
    "test_stack.py",
    "test_forgetting.py",
    "test_proof.py",
    "test_temporal_faults.py",
    "test_benchmarks.py",
    "test_fuzz.py",
    "test_deployment.py",
    "test_hostile.py",
    "test_writers.py",
    "test_association_machine.py",
    "test_demo.py",
    "test_postgres.py",
    "test_group_commit.py",
    "test_restarts.py",
    "test_stack_supervisor.py",
)
"""Files that take from 160 to 15 seconds, the longest first: one begun last would be waited for alone."""

_NUMBERS = itertools.count(1)
_PASSWORD = "only for tests"
_PLENTY = 4 * 1024**3
"""Bytes: three servers, each with its journal."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """A file's tests share what they have started: one process runs them all, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "one house" if Path(path).name in _ONE_HOUSE else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    config.option.loadscopereorder = False  # by the number of their tests, which says nothing of the time
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the same order in every process: the longest files first, the others as they were found."""
    places = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@dataclass
class Database:
    """One test's database: the pools of the two roles, and the owner's DSN."""

    app: databases.Pool
    projector: databases.Pool
    owner_dsn: str


def _memory() -> str | None:
    """The folder that is memory, where there is plenty: a database is 330 files, made and dropped a test."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() and shutil.disk_usage(shared).free > _PLENTY else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Not below pytest's own folder: another run of pytest closes that one to PostgreSQL's account."""
    with (
        tempfile.TemporaryDirectory(prefix="mentorat-pg-", dir=_memory()) as home,
        Postgres(Path(home), durable=False) as server,
    ):
        yield server


@pytest.fixture(scope="session")
async def template(postgres: Postgres) -> str:
    name = "mentorat_template"
    await databases.create_database(postgres.dsn(), name)
    await databases.migrate(postgres.dsn(name), app_password=_PASSWORD, projector_password=_PASSWORD)
    return name


@pytest.fixture(scope="session")
def owner(postgres: Postgres) -> Iterator[psycopg.Connection]:
    """Who makes and drops the databases: connected once a run, not three times a test."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        yield connection


@pytest.fixture
async def database(postgres: Postgres, owner: psycopg.Connection, template: str) -> AsyncIterator[Database]:
    name = f"test_{next(_NUMBERS)}"
    _execute(owner, "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
    _execute(owner, "GRANT CREATE, TEMPORARY ON DATABASE {} TO {}", name, databases.PROJECTOR)
    owner_dsn = postgres.dsn(name)
    app = databases.pool(databases.as_role(owner_dsn, databases.APP, _PASSWORD), name="app")
    projector = databases.pool(databases.as_role(owner_dsn, databases.PROJECTOR, _PASSWORD), name="projector")
    async with app, projector:
        yield Database(app, projector, owner_dsn)
    _execute(owner, "DROP DATABASE {} WITH (FORCE)", name)


def _execute(owner: psycopg.Connection, statement: str, *names: str) -> None:
    owner.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
