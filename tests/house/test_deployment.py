"""The first start, an erasure, a rotation, a restore: by the scripts and the settings of the containers."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest

from domain.association.commands import RegisterAssociation
from domain.association.model import Identity
from domain.convention.commands import NameSignatory
from domain.convention.model import Convention
from domain.convention.parts import Signatory
from domain.erasure import Erase, Ground
from domain.kernel import FORGOTTEN, Actor, Conflict, Sealed
from domain.ports import Request
from ledger import vault
from ledger.events import fold
from ledger.executor import Executor
from ledger.keyring_postgres import PostgresKeyring
from ledger.master import LocalMaster, WrongMasterKey
from ops import audit, database, maintenance
from ops.compose import House, house
from ops.stack.cluster import SUPERUSER, binary
from ops.stack.ports import LOOPBACK
from tests.house.deployed import IMAGE, MENTORAT, Deployment, Server, initialise, make_secrets
from tests.support import FACE, LYON, draft_command

pytestmark = pytest.mark.stack

NAME: Final = "Camille Introuvable"
DPO: Final = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """Secrets, databases, migrations: the first start, up to where the processes are served."""
    with tempfile.TemporaryDirectory(prefix="mentorat-deployed-") as place:
        folder = Path(place) / "sources"
        folder.mkdir()
        make_secrets(folder)
        with (
            Server(Path(place) / "postgres", "postgres") as postgres,
            Server(Path(place) / "keyring", "keyring") as keyring,
        ):
            initialise(postgres, "create-databases.sh", folder / "secrets")
            initialise(keyring, "create-keyring.sh", folder / "secrets")
            deployed = Deployment(folder, postgres, keyring)
            assert "programmes" in deployed.run("migrate", "migrate")
            yield deployed


async def signatory_named(executor: Executor) -> str:
    """A convention that tells of a person."""
    record_id = f"convention-{uuid4()}"
    face = RegisterAssociation(record_id=FACE, identity=Identity("FACE"), academies=("10",))
    named = NameSignatory(record_id=record_id, party="academie:10", signatory=Signatory(NAME, "recteur"))
    for command in (face, draft_command(record_id), named):
        try:
            await executor.execute(Request(command, LYON, f"{record_id}:{command.name}"))
        except Conflict:
            assert command is face
    return record_id


async def convention(parts: House, record_id: str) -> Convention:
    record = fold((await parts.recorder.load([record_id])).events)
    assert isinstance(record, Convention)
    return record


async def signatory_of(parts: House, record_id: str) -> Any:
    """The name as whoever has the keys reads it."""
    name: object = (await convention(parts, record_id)).signatories["academie:10"].name
    assert isinstance(name, Sealed)
    return (await vault.opened(parts.keyring, [name]))[name]


async def erased(parts: House, record_id: str) -> None:
    command = Erase(record_id=record_id, ground=Ground.OBJECTION)
    await parts.executor.execute(Request(command, DPO, f"{record_id}:erase"))
    await parts.erasures.apply(record_id)


def asked(dsn: str, question: str) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        return [value for (value,) in connection.execute(question).fetchall()]


def test_migrating_again_changes_nothing(deployment: Deployment) -> None:
    key = (deployment.volume("home") / "secrets" / "audit.key").read_text()

    assert deployment.run("migrate", "migrate") == "Rien à charger.\n"
    assert (deployment.volume("home") / "secrets" / "audit.key").read_text() == key


def test_the_keyring_s_role_owns_one_database_and_nothing_else(deployment: Deployment) -> None:
    dsn = deployment.settings("migrate").dsn_keyring

    assert asked(
        dsn, "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
    ) == [False]
    assert asked(dsn, "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = current_user") == [
        "keyring"
    ]
    assert asked(dsn, "SELECT acl::text FROM pg_database, unnest(datacl) acl WHERE datname = 'keyring'") == [
        "mentorat_keyring=CTc/mentorat_keyring"
    ]


def test_the_keyring_s_journal_goes_nowhere(deployment: Deployment) -> None:
    names = "('wal_level', 'max_wal_senders', 'archive_mode', 'wal_recycle')"
    found = asked(
        deployment.keyring.dsn(), f"SELECT name || '=' || setting FROM pg_settings WHERE name IN {names}"
    )

    assert set(found) == {"wal_level=minimal", "max_wal_senders=0", "archive_mode=off", "wal_recycle=off"}


async def test_what_the_api_erases_the_worker_knows_and_each_key_is_where_it_should_be(
    deployment: Deployment,
) -> None:
    api, worker = deployment.settings("api"), deployment.settings("worker")
    async with house(api, "api") as parts:
        record_id = await signatory_named(parts.executor)
        held = await parts.keyring.keys([record_id])
        await erased(parts, record_id)
    async with house(worker, "worker") as parts:
        assert await parts.keyring.keys([record_id]) == {}
        assert parts.erasures.journal.read() == {record_id: Ground.OBJECTION}
        assert await parts.erasures.reconcile() == 0
        checkpoint, problems = await audit.publish(worker, parts.pool)

    assert len(held) == 1
    assert problems == []
    assert (deployment.volume("audit") / "checkpoints" / checkpoint.name).read_text() == checkpoint.note
    assert listing(deployment.home("api")) == {"audit", "documents"}
    assert listing(deployment.volume("home")) == {"audit", "audit.pub", "documents", "secrets"}
    assert listing(deployment.volume("home") / "secrets") == {"audit.key"}
    assert stat.S_IMODE((deployment.volume("home") / "secrets" / "audit.key").stat().st_mode) == 0o600


async def test_the_projector_works_without_a_key_or_a_home(deployment: Deployment) -> None:
    settings = deployment.settings("projector")
    async with house(deployment.settings("api"), "api") as parts:
        await signatory_named(parts.executor)

    assert await maintenance.rebuild(settings, lambda done, total: None) > 3
    assert (settings.dsn_keyring, settings.master_key, settings.audit_key, settings.digest_key) == (
        "",
        "",
        "",
        "",
    )
    assert not settings.home.exists()


async def test_a_signing_key_moved_among_the_secrets_signs_what_follows(
    deployment: Deployment, tmp_path: Path
) -> None:
    moved = deployment.copied(tmp_path / "moved")
    made = moved.volume("home") / "secrets" / "audit.key"
    (moved.folder / "secrets" / "mentorat_audit_key").write_text(made.read_text())
    made.unlink()
    public = (moved.volume("home") / "audit.pub").read_text()

    assert moved.run("worker", "audit", "key") == public
    assert not made.exists()


# The master key ----------------------------------------------------------------------------------

DOCKER: Final = """#!/bin/sh
# Stands for `docker`: says what was asked, and carries `keys rotate` out as the container would.
echo "$*" >>"$ASKED"
case "$*" in *"keys rotate")
    [ ! -e "$BROKEN" ] || exit 1
    MENTORAT_MASTER_KEY=$(cat secrets/mentorat_master_key) exec "$MENTORAT" keys rotate
esac
"""


def rotate_master(deployment: Deployment, folder: Path, *, broken: bool = False) -> tuple[int, list[str]]:
    """Runs the script; answers its status, and what it asked of Docker."""
    asked_of, mark = folder / "asked", folder / "broken"
    (folder / "docker").write_text(DOCKER)
    (folder / "docker").chmod(0o755)
    asked_of.unlink(missing_ok=True)
    mark.unlink(missing_ok=True)
    if broken:
        mark.touch()
    environment = deployment.variables("migrate") | {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "ASKED": str(asked_of),
        "BROKEN": str(mark),
        "MENTORAT": str(MENTORAT),
    }
    script: list[str | Path] = ["sh", IMAGE / "rotate-master", deployment.folder]
    done = subprocess.run(script, env=environment, capture_output=True, check=False)
    return done.returncode, asked_of.read_text().splitlines()


async def test_the_master_key_is_replaced_and_what_it_wrapped_stays_readable(
    deployment: Deployment, tmp_path: Path
) -> None:
    async with house(deployment.settings("api"), "api") as parts:
        record_id = await signatory_named(parts.executor)
        before = await parts.keyring.keys([record_id])
    old, owner = deployment.master_key.read_text(), deployment.master_key.stat()

    broken, _ = rotate_master(deployment, tmp_path, broken=True)
    between = deployment.master_key.read_text().splitlines()
    status, asked_of = rotate_master(deployment, tmp_path)

    generation = int(old.partition(":")[0])
    assert broken == 1
    assert between[0] == old.strip()
    assert len(between) == 2
    assert status == 0
    assert asked_of == [
        "compose stop api worker",
        "compose run --rm migrate keys rotate",
        "compose up --detach",
    ]
    assert deployment.master_key.read_text() == f"{between[1]}\n"
    assert between[1].startswith(f"{generation + 1}:")
    after = deployment.master_key.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (owner.st_mode, owner.st_uid, owner.st_gid)
    async with house(deployment.settings("worker"), "worker") as parts:
        assert await parts.keyring.keys([record_id]) == before
    async with PostgresKeyring(deployment.settings("api").dsn_keyring, LocalMaster.parse(old)) as keyring:
        with pytest.raises(WrongMasterKey):
            await keyring.keys([record_id])


# Restoring ---------------------------------------------------------------------------------------


async def test_a_lost_database_is_restored_as_the_page_says_and_stays_without_whom_it_forgot(
    deployment: Deployment, tmp_path: Path
) -> None:
    """By the commands of docs/deploiement.md. What was not lost: secrets, keyring, `home` and `audit`."""
    deployment = deployment.copied(tmp_path / "sources")
    file = tmp_path / "house.backup"
    async with house(deployment.settings("api"), "api") as parts:
        kept, forgotten = [await signatory_named(parts.executor) for _ in range(2)]
        deployment.run("migrate", "backup", str(file))
        await erased(parts, forgotten)
    deployment.run("worker", "audit", "checkpoint")

    with (
        tempfile.TemporaryDirectory(prefix="mentorat-pg-") as place,
        Server(Path(place), "postgres") as empty,
    ):
        initialise(empty, "create-databases.sh", deployment.folder / "secrets")
        restored = replace(deployment, postgres=empty)
        told = restored.run("migrate", "restore", str(file), "--reason", "disque perdu")
        again = restored.run("migrate", "migrate")
        async with house(restored.settings("api"), "api") as parts:
            names = [await signatory_of(parts, record_id) for record_id in (kept, forgotten)]
            status = (await convention(parts, forgotten)).status

    assert "une nouvelle époque est déclarée" in told
    assert again == "Rien à charger.\n"
    assert "0002-opened.txt" in listing(deployment.volume("audit") / "checkpoints")
    assert names == [NAME, FORGOTTEN]
    assert status == "erased"


async def test_a_copy_of_the_keyring_forgets_again_before_anybody_is_served(
    deployment: Deployment, tmp_path: Path
) -> None:
    """By the commands of docs/deploiement.md. What the copy shows is why none should be kept for long."""
    deployment = deployment.copied(tmp_path / "sources")
    async with house(deployment.settings("api"), "api") as parts:
        kept, forgotten = [await signatory_named(parts.executor) for _ in range(2)]
        copy = of_postgres(deployment.keyring, "pg_dump", "--format=custom", "keyring")
        await erased(parts, forgotten)

    with (
        tempfile.TemporaryDirectory(prefix="mentorat-pg-") as place,
        Server(Path(place), "keyring") as empty,
    ):
        initialise(empty, "create-keyring.sh", deployment.folder / "secrets")
        of_postgres(empty, "pg_restore", "--exit-on-error", "--dbname=keyring", given=copy)
        restored = replace(deployment, keyring=empty)
        async with house(restored.settings("api"), "api") as parts:
            copied = await parts.keyring.keys([kept, forgotten])
        restored.run("migrate", "migrate")
        async with house(restored.settings("api"), "api") as parts:
            names = [await signatory_of(parts, record_id) for record_id in (kept, forgotten)]

    assert set(copied) == {kept, forgotten}
    assert names == [NAME, FORGOTTEN]


def of_postgres(server: Server, program: str, *words: str, given: bytes | None = None) -> bytes:
    """What a program of PostgreSQL prints, run as the superuser, as `docker compose exec` would."""
    environment = os.environ | {
        "PGHOST": LOOPBACK,
        "PGPORT": str(server.port),
        "PGUSER": SUPERUSER,
        "PGPASSWORD": database.password_of(server.dsn()),
    }
    command = [str(binary(program)), *words]
    return subprocess.run(command, input=given, env=environment, capture_output=True, check=True).stdout


def listing(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
