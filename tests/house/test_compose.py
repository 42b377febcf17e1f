"""`docker-compose.yml`, as far as it can be held to without Docker."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from ops import serving
from ops.cli import app
from ops.settings import Settings

HOUSE: Final = Path(__file__).parents[2]
IMAGE: Final = HOUSE / "ops" / "image"
SCHEMA: Final = json.loads((Path(__file__).parent / "compose-spec" / "compose-spec.json").read_text())
FILE: Final[dict[str, Any]] = yaml.safe_load((HOUSE / "docker-compose.yml").read_text())
SERVICES: Final[dict[str, dict[str, Any]]] = FILE["services"]
OURS: Final = {
    name: service for name, service in SERVICES.items() if service["image"].startswith("mentorat:")
}
PROCESSES: Final = ("api", "worker", "projector")
KEYED: Final = {"api", "worker", "migrate"}
"""Whoever seals or opens what is personal."""
ONE_SHOTS: Final = {"temporal-schema", "temporal-namespace", "migrate"}


def faults(document: object) -> list[str]:
    return [error.message for error in jsonschema_rs.validator_for(SCHEMA).iter_errors(document)]


def version_of(service: str) -> str:
    return str(SERVICES[service]["image"].rpartition(":")[2])


def mounts() -> dict[str, dict[str, str]]:
    """By volume: who mounts it, and where."""
    found: dict[str, dict[str, str]] = {}
    for name, service in SERVICES.items():
        for volume, place in (mount.split(":") for mount in service.get("volumes", [])):
            found.setdefault(volume, {})[name] = place
    return found


def readers(secret: str) -> set[str]:
    return {name for name, service in SERVICES.items() if secret in service.get("secrets", [])}


def test_the_file_follows_the_compose_specification() -> None:
    assert faults(FILE) == []


def test_the_schema_would_refuse_a_misspelt_key() -> None:
    assert faults({**FILE, "services": {"api": {**SERVICES["api"], "comand": ["serve"]}}})


def test_only_the_api_and_the_operators_page_are_published_and_only_on_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {
        "api": ["${PUBLISH_API:-127.0.0.1:8000}:8000"],
        "temporal-ui": ["${PUBLISH_UI:-127.0.0.1:8233}:8080"],
    }
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]


@pytest.mark.parametrize(("server", "network"), [("postgres", "data"), ("keyring", "keyring")])
def test_a_database_is_on_a_network_that_leads_nowhere_outside(server: str, network: str) -> None:
    assert SERVICES[server]["networks"] == [network]
    assert FILE["networks"][network]["internal"] is True


def test_the_data_are_in_named_volumes() -> None:
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]
    assert SERVICES["keyring"]["volumes"] == ["keyring:/var/lib/postgresql"]
    assert set(mounts()) == set(FILE["volumes"])


def test_the_journal_of_erasures_and_the_files_are_shared_and_the_signing_key_is_not_with_the_api() -> None:
    """A fresh volume takes the mode of the image's folder: each must be there, open to all."""
    home = FILE["x-environment"]["MENTORAT_HOME"]
    dockerfile = (IMAGE / "Dockerfile").read_text()

    assert mounts()["audit"] == dict.fromkeys(KEYED, f"{home}/audit")
    assert mounts()["documents"] == dict.fromkeys(KEYED, f"{home}/documents")
    assert mounts()["home"] == dict.fromkeys(KEYED - {"api"}, home)
    assert f"RUN install -d -m 1777 {home} {home}/audit {home}/documents\n" in dockerfile
    assert Settings(home=Path(home)).documents == Path(home, "documents")
    assert Settings(home=Path(home)).erasures.parent == Path(home, "audit")
    assert Settings(home=Path(home)).checkpoints.parent == Path(home, "audit")


def test_every_secret_is_a_file_that_the_script_makes(tmp_path: Path) -> None:
    subprocess.run(["sh", IMAGE / "make-secrets", tmp_path], check=True)
    made = {path.name for path in (tmp_path / "secrets").iterdir()}

    assert {name: secret["file"] for name, secret in FILE["secrets"].items()} == {
        name: f"./secrets/{name}" for name in made
    }
    assert {name for service in SERVICES.values() for name in service.get("secrets", [])} == made


def test_whoever_reads_a_secret_runs_as_the_owner_of_its_file() -> None:
    users = {service["user"] for service in SERVICES.values() if "secrets" in service}

    assert len(users) == 1
    assert re.fullmatch(r"\$\{DEPLOY_UID:\?.+\}:\$\{DEPLOY_GID:\?.+\}", users.pop())


def test_the_owner_of_the_database_is_known_to_the_migrations_only() -> None:
    assert readers("mentorat_dsn_owner") == {"migrate"}
    assert readers("postgres_superuser_password") == readers("postgres_owner_password") == {"postgres"}
    assert readers("keyring_superuser_password") == readers("keyring_owner_password") == {"keyring"}


def test_each_key_is_known_to_whoever_needs_it_and_the_projector_has_none() -> None:
    for key in ("mentorat_dsn_keyring", "mentorat_master_key", "mentorat_digest_key"):
        assert readers(key) == KEYED
    assert readers("mentorat_audit_key") == KEYED - {"api"}
    assert OURS["projector"]["secrets"] == ["mentorat_dsn_app", "mentorat_dsn_projector"]
    assert "volumes" not in OURS["projector"]


def test_the_keyring_is_out_of_reach_of_all_but_those_who_need_keys() -> None:
    assert {name for name, service in SERVICES.items() if "keyring" in service["networks"]} == KEYED | {
        "keyring"
    }


def test_a_key_lives_as_long_in_every_process() -> None:
    """Whoever erases waits for that time, by its own setting."""
    assert {
        service["environment"].get("MENTORAT_KEY_CACHE_SECONDS", "absent") for service in OURS.values()
    } == {None}


def test_what_was_in_clear_in_memory_is_not_in_the_file_of_a_crash() -> None:
    assert {service["ulimits"]["core"] for service in OURS.values()} == {0}


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_container_of_ours_is_given_settings_that_exist_and_embeds_no_server(name: str) -> None:
    given: dict[str, str | None] = OURS[name]["environment"]
    secrets: list[str] = OURS[name]["secrets"]
    known = {f"mentorat_{field}" for field in Settings.model_fields}

    assert {variable.lower() for variable in given} | set(secrets) <= known
    assert not {variable.lower() for variable in given} & set(secrets)
    values = {variable: value for variable, value in given.items() if value is not None}
    values |= dict.fromkeys(secrets, "read from its file, of 32 characters or more")
    settings = Settings.model_validate({key[len("mentorat_") :].lower(): v for key, v in values.items()})
    assert settings.production
    assert not settings.embedded_postgres
    assert not settings.embedded_temporal
    assert (
        bool(settings.digest_key)
        == bool(settings.master_key)
        == bool(settings.dsn_keyring)
        == (name in KEYED)
    )
    assert settings.temporal_namespace == SERVICES["temporal-namespace"]["environment"]["TEMPORAL_NAMESPACE"]


def test_each_command_of_ours_exists() -> None:
    commands = get_command(app)
    assert isinstance(commands, TyperGroup)
    asked = {name: service["command"] for name, service in OURS.items()}

    assert asked == {"migrate": ["migrate"], **{part: ["serve", part] for part in PROCESSES}}
    assert {"migrate", "serve"} <= set(commands.commands)
    assert all(hasattr(serving, f"_serve_{part}") for part in PROCESSES)


def test_images_are_pinned_and_are_the_versions_that_are_tested() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
    temporal = Path(sys.executable).parent / "temporal"
    told = subprocess.run([temporal, "--version"], capture_output=True, text=True, check=True).stdout

    assert all(re.search(r":\d[\w.-]*$", service["image"]) for service in SERVICES.values())
    assert {version_of(name) for name in OURS} == {project["version"]}
    assert version_of("temporal-schema") == version_of("temporal") == version_of("temporal-namespace")
    assert f"(Server {version_of('temporal')}, UI {version_of('temporal-ui')})" in told
    assert version_of("postgres") == version_of("keyring")
    assert version_of("postgres").partition("-")[0] == version("embedded-postgres").partition(".")[0]


def test_what_runs_once_opens_the_way_to_what_needs_it() -> None:
    needs = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}

    assert {name for name, service in SERVICES.items() if service["restart"] == "no"} == ONE_SHOTS
    for needed, how in (pair for wanted in needs.values() for pair in wanted.items()):
        once = needed in ONE_SHOTS
        assert how == {"condition": "service_completed_successfully" if once else "service_healthy"}
        assert once or "healthcheck" in SERVICES[needed]
    assert "temporal-schema" in needs["temporal"]
    assert "temporal-namespace" in needs["worker"]
    assert all("migrate" in needs[part] for part in PROCESSES)
    assert {name for name, needed in needs.items() if "keyring" in needed} == KEYED


def test_the_api_lives_without_temporal() -> None:
    assert set(SERVICES["api"]["depends_on"]) == {"migrate", "postgres", "keyring"}


def test_all_but_the_operators_page_is_read_only_and_without_privilege() -> None:
    hardened = {name: service for name, service in SERVICES.items() if name != "temporal-ui"}

    assert len(hardened) == len(SERVICES) - 1
    for service in hardened.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_every_mounted_file_exists_and_its_script_can_be_read_by_a_shell() -> None:
    files = {source: HOUSE / config["file"] for source, config in FILE["configs"].items()}
    mounted = {config["source"] for service in SERVICES.values() for config in service.get("configs", [])}

    assert mounted == set(files)
    assert yaml.safe_load(files.pop("temporal-dynamic").read_text())
    for path in (*files.values(), IMAGE / "make-secrets", IMAGE / "rotate-master"):
        subprocess.run(["sh", "-n", path], check=True)
