"""The contract: complete, true, and in French; every code explained where the problem says it is."""

from __future__ import annotations

import ast
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from api import examples
from api.catalogue import CATALOGUE, GUARDS
from api.problems import Refusal, address, status_of
from api.routes.events import CloudEvent
from api.tokens import TokenStore
from api.travel import Standing
from domain import kernel
from domain.authorization import TABLE
from domain.commands import command_types
from domain.ports import Reading
from projections.associations import AssociationRow
from projections.companies import CompanyRow
from projections.conventions import ConventionRow
from projections.deadlines import DeadlineRow
from projections.history import HistoryRow
from projections.programmes import ProgrammeRow
from projections.trainings import TrainingRow
from tests.api.conftest import Site
from tests.conftest import Database
from tests.domain.mentor_support import codes_of

HOUSE = Path(__file__).parents[2]
_ERRORS = {"Refused", "NotFound", "Conflict", "KeyReused", "PreconditionFailed", "Forbidden", "Busy"}


def _raised() -> dict[str, str]:
    """Every code that the domain and the ledger raise, with the class it is raised by."""
    found = {}
    for path in [*(HOUSE / "domain").rglob("*.py"), *(HOUSE / "ledger").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in _ERRORS and isinstance(node, ast.Call) and node.args:
                code = node.args[0]
                if path.parent.name == "mentor" and isinstance(code, ast.Name):
                    continue  # handed on: ``codes_of`` reads it where it is written
                assert isinstance(code, ast.Constant), f"{path}: a code is written in full"
                found[str(code.value)] = name
    return dict.fromkeys(codes_of("mentor"), "Refused") | found


def test_every_code_of_the_domain_has_its_entry_with_the_status_it_is_answered_with() -> None:
    raised = _raised()
    assert len(raised) > 30
    for code, name in raised.items():
        error = getattr(kernel, name)(code, "")
        assert CATALOGUE[code].status == status_of(error), code
        guard = isinstance(error, kernel.Refused) and not isinstance(error, kernel.KeyReused)
        assert (code in GUARDS) == guard, code


def test_a_refusal_without_an_entry_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Refusal("inconnu")


async def test_every_person_s_command_has_its_operation(site: Site) -> None:
    operations = _operations(site)
    offered = {operation.get("x-command") for operation in operations}
    people = {name for name in command_types() if TABLE[name] != {"system"}}

    assert offered - {None} == people
    for operation in operations:
        if "x-command" in operation:
            assert operation["x-roles"] == sorted(TABLE[operation["x-command"]])


async def test_the_contract_that_these_tests_share_is_the_one_that_each_application_makes(site: Site) -> None:
    shared = json.dumps(site.app.openapi())
    site.app.openapi_schema = None
    assert json.dumps(site.app.openapi()) == shared


async def test_every_operation_is_told_in_full(site: Site) -> None:
    contract = site.app.openapi()
    tags = [tag["name"] for tag in contract["tags"]]
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            told = f"{method} {path}"
            assert operation["summary"][0].isupper(), told
            assert len(operation["tags"]) == 1, told
            assert operation["tags"][0] in tags, told
            if path.startswith("/v1") and not path.startswith("/v1/problems"):
                assert operation["security"] == [{"jeton": []}], told
                assert {"401", "422", "500", "503"} <= set(operation["responses"]), told
                shown = next(
                    operation["responses"][ok] for ok in ("200", "201") if ok in operation["responses"]
                )
                if all(one["schema"].get("format") == "binary" for one in shown["content"].values()):
                    continue  # a file
                shown = shown["content"]["application/json"]
                model = shown["schema"].get("$ref", "").rpartition("/")[2]
                own = contract["components"]["schemas"].get(model, {})
                assert {"example", "examples"} & {*shown, *own} or model == "Me", told
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body and "$ref" in body["schema"]:
                name = body["schema"]["$ref"].rpartition("/")[2]
                assert contract["components"]["schemas"][name]["examples"], told


async def test_every_example_of_a_body_is_accepted(site: Site) -> None:
    tried = 0
    for path, methods in site.app.openapi()["paths"].items():
        for method, operation in methods.items():
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = schema.get("schema", {}).get("$ref", "").rpartition("/")[2]
            for example in site.app.openapi()["components"]["schemas"].get(name, {}).get("examples", ()):
                address = path.replace("{id}", f"{path.split('/')[2].removesuffix('s')}-1")
                address = address.replace("{party}", "academie:10").replace("{reference}", "AAP-1")
                address = address.replace("{document}", "insurance").replace("{role}", "coordinator")
                address = address.replace("{mentor_id}", "mentor-1")
                answer = await site.call("lyon", method.upper(), address, example, etag=1)
                assert answer.status_code in {201, 403, 404, 409}, (address, answer.text)
                tried += 1
    assert tried > 20


def test_the_examples_of_answers_have_the_shape_of_answers() -> None:
    for row, example in (
        (ConventionRow, examples.CONVENTION),
        (AssociationRow, examples.ASSOCIATION),
        (ProgrammeRow, examples.PROGRAMME),
        (TrainingRow, examples.TRAINING),
        (CompanyRow, examples.COMPANY),
        (HistoryRow, examples.HISTORY),
        (DeadlineRow, examples.DEADLINE),
        (Reading, examples.READING),
    ):
        assert set(example) == {field.name for field in fields(row)}, row
        TypeAdapter(row).validate_python(example)
    Standing.model_validate(examples.STANDING)
    CloudEvent.model_validate(examples.EVENT)


async def test_the_type_of_a_problem_resolves(site: Site) -> None:
    listed = (await site.call(None, "GET", "/v1/problems")).json()["items"]
    assert [item["code"] for item in listed] == list(CATALOGUE)
    for code in CATALOGUE:
        answer = await site.call(None, "GET", address(code))
        assert (answer.status_code, answer.json()["code"]) == (200, code)
    assert (await site.call(None, "GET", "/v1/problems/inconnu")).status_code == 404


async def test_the_documentation_is_one_page_that_fetches_nothing(site: Site) -> None:
    page = (await site.call(None, "GET", "/docs")).text

    assert "<script" not in page
    assert "src=" not in page
    for path in site.app.openapi()["paths"]:
        assert path in page
    assert "Idempotency-Key: 5f2b8f0e" in page


async def test_a_token_is_kept_as_a_digest_only(database: Database) -> None:
    store = TokenStore(database.app)
    token_id, token = await store.create("academie", "rectorat de Lyon", ["academie:10"])
    async with database.app.connection() as connection:
        row = await (await connection.execute("SELECT tokens::text FROM api.tokens")).fetchone()

    actor = await store.actor_of(token)
    assert row is not None
    assert token.rpartition("_")[2] not in row[0]
    assert actor == kernel.Actor(token_id, "academie", frozenset({"public", "academie:10"}))
    assert [(t.id, t.label, t.revoked_at) for t in await store.list()] == [
        (token_id, "rectorat de Lyon", None)
    ]


async def test_a_revocation_made_elsewhere_acts_within_the_cache_s_life(database: Database) -> None:
    instant = 0.0
    here, elsewhere = TokenStore(database.app, lambda: instant), TokenStore(database.app)
    token_id, token = await here.create("auditor", "inspection", [])
    assert await here.actor_of(token)

    assert await elsewhere.revoke(token_id)
    assert not await elsewhere.revoke(token_id)
    instant = 5.0

    assert await here.actor_of(token) is None
    assert (await here.list())[0].revoked_at is not None


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        ("system", []),
        ("association", []),
        ("association", ["role:national"]),
        ("association", ["association:association-1", "academie:10"]),
        ("academie", ["academie:1"]),
        ("academie", ["region:"]),
        ("national", ["academie:10"]),
        ("lycee", ["lycee:x"]),
    ],
)
async def test_a_token_holds_the_scopes_of_its_role_only(
    database: Database, role: str, scopes: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"rôle|périmètre"):
        await TokenStore(database.app).create(role, "essai", scopes)


def _operations(site: Site) -> list[dict[str, Any]]:
    return [o for methods in site.app.openapi()["paths"].values() for o in methods.values()]
