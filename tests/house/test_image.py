"""The scripts of `ops/image`, run for real: those of the secrets and of the databases."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Final

import psycopg
import pytest

from ledger.master import LocalMaster
from ops import database
from ops.stack.ports import LOOPBACK
from ops.stack.postgres import Postgres
from tests.house.deployed import IMAGE, initialise, make_secrets

WORD: Final = "[0-9a-f]{64}|1:[A-Za-z0-9+/]{43}="
"""256 bits, as make-secrets writes them."""
LEFT_EMPTY: Final = {"mentorat_mail_password", "mentorat_checkpoint_token", "mentorat_audit_key"}
"""Given by others; the last one is made at first use."""


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    """A folder in which make-secrets has been run."""
    make_secrets(tmp_path)
    return tmp_path


def contents(deployment: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (deployment / "secrets").iterdir()}


def test_secrets_are_readable_by_their_owner_alone(deployment: Path) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (deployment / "secrets").iterdir()}

    assert modes == {0o600}
    assert stat.S_IMODE((deployment / "secrets").stat().st_mode) == 0o700


def test_the_containers_are_told_who_owns_the_secrets(deployment: Path) -> None:
    told = dict(line.split("=") for line in (deployment / ".env").read_text().splitlines())
    owner = (deployment / "secrets" / "mentorat_digest_key").stat()

    assert told == {"DEPLOY_UID": str(owner.st_uid), "DEPLOY_GID": str(owner.st_gid)}
    assert owner.st_uid != 0  # PostgreSQL would refuse


def test_what_the_operator_wrote_in_the_environment_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PUBLISH_API=127.0.0.1:9000\n")

    make_secrets(tmp_path)
    make_secrets(tmp_path)

    names = [line.partition("=")[0] for line in (tmp_path / ".env").read_text().splitlines()]
    assert names == ["PUBLISH_API", "DEPLOY_UID", "DEPLOY_GID"]


def test_secrets_are_random_all_different_and_never_replaced(deployment: Path, tmp_path: Path) -> None:
    before = contents(deployment)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    make_secrets(deployment)
    make_secrets(elsewhere)

    assert contents(deployment) == before
    assert {name for name, secret in before.items() if not secret} == LEFT_EMPTY
    for name in LEFT_EMPTY:
        del before[name]
    words = [word for secret in before.values() for word in re.findall(WORD, secret)]
    assert len(words) == len(before)
    assert before["postgres_owner_password"] in before["mentorat_dsn_owner"]
    assert before["keyring_owner_password"] in before["mentorat_dsn_keyring"]
    assert len(set(words)) == len(words) - 2  # the owners' passwords are in their DSNs too
    assert not set(before.values()) & set(contents(elsewhere).values())


def test_the_master_key_is_one_that_the_keyring_reads(deployment: Path) -> None:
    assert LocalMaster.parse(contents(deployment)["mentorat_master_key"]).generation == 1


def test_a_secret_reaches_a_program_by_its_environment(tmp_path: Path) -> None:
    (tmp_path / "password").write_text('l\'été "dure" $HOME')
    program = ["sh", "-c", 'printf "%s|%s" "$WORD" "$1"', "sh", "a b"]

    told = subprocess.run(
        ["sh", str(IMAGE / "with-secret"), "WORD", "password", *program],
        env={**os.environ, "SECRETS": str(tmp_path)},
        capture_output=True,
        check=True,
    )

    assert told.stdout.decode() == 'l\'été "dure" $HOME|a b'


@pytest.mark.stack
def test_the_databases_are_made_then_migrated_by_an_owner_who_is_no_superuser(
    deployment: Path, tmp_path: Path
) -> None:
    with Postgres(tmp_path / "pg", durable=False) as server:
        initialise(server, "create-databases.sh", deployment / "secrets")
        owner, app, projector = (dsn_here(server, deployment, name) for name in ("owner", "app", "projector"))
        passwords = {
            "app_password": database.password_of(app),
            "projector_password": database.password_of(projector),
        }

        assert asyncio.run(database.migrate(owner, **passwords))
        assert asyncio.run(database.migrate(owner, **passwords)) == []
        assert asked(owner, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert asked(app, "SELECT count(*) FROM ledger.events") == 0
        assert asked(projector, "SELECT count(*) FROM ledger.events") == 0


@pytest.mark.stack
def test_temporal_owns_its_databases_and_is_kept_out_of_ours(deployment: Path, tmp_path: Path) -> None:
    password = contents(deployment)["postgres_temporal_password"]
    with Postgres(tmp_path / "pg", durable=False) as server:
        initialise(server, "create-databases.sh", deployment / "secrets")

        for name in ("temporal", "temporal_visibility"):
            dsn = database.as_role(server.dsn(name), "temporal", password)
            assert asked(dsn, "SELECT has_schema_privilege('public', 'CREATE')") is True
        with pytest.raises(psycopg.OperationalError, match="does not have CONNECT privilege"):
            psycopg.connect(database.as_role(server.dsn("mentorat"), "temporal", password))


def dsn_here(server: Postgres, deployment: Path, name: str) -> str:
    """A DSN of the deployment, on this server instead of the service `postgres`."""
    there, here = "@postgres:5432/mentorat", f"@{LOOPBACK}:{server.port}/mentorat"
    dsn = contents(deployment)[f"mentorat_dsn_{name}"]
    assert there in dsn
    return dsn.replace(there, here)


def asked(dsn: str, question: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]
