"""Schemathesis over the whole contract, with every role's token: no 5xx, no answer that is not announced."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api import test_trainings as trainings
from tests.api import walk
from tests.api.conftest import FACE, ROLES, Site
from tests.api.test_companies import registered
from tests.api.test_mentors import applied

SEED = 20251205
EXAMPLES = 3
"""Cases an operation, for each of the two kinds: what the contract allows, and what it forbids."""

_CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_KEYS = itertools.count(1)
_EACH_IN_TURN = itertools.cycle(ROLES)

Cases = list[tuple[GenerationMode, Any]]


def _cases(contract: dict[str, Any]) -> Cases:
    found: Cases = []
    schema = schemathesis.openapi.from_dict(contract)
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            found += [(mode, case) for case in _drawn(result.ok(), mode)]
    return found


def _drawn(operation: Any, mode: GenerationMode) -> list[Any]:
    found: list[Any] = []

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def draw(case: Any) -> None:
        found.append(case)

    with suppress(Unsatisfiable):  # an operation without parameters forbids nothing
        draw()
    assert found or mode is GenerationMode.NEGATIVE, operation.label
    return found


async def test_no_role_gets_a_5xx_nor_an_answer_that_the_contract_does_not_announce(site: Site) -> None:
    print(f"seed {SEED}")
    await walk.opened(site)
    ids = await _opened(site)
    stop, statuses = asyncio.Event(), Counter[int]()
    projecting = asyncio.create_task(site.projector.run(stop))
    for mode, case in _cases(site.app.openapi()):
        for name in _asking(mode):
            statuses[await _play(site, case, name, ids)] += 1
    stop.set()
    await projecting

    print(sorted(statuses.items()))
    assert {200, 403, 404, 409, 412, 422} <= set(statuses)


def _asking(mode: GenerationMode) -> Iterable[str]:
    """What is allowed is asked by everybody. What the contract forbids is refused before anybody looks at the
    role: two in turn ask for it, so that all do in the end.
    """
    return ROLES if mode is GenerationMode.POSITIVE else [next(_EACH_IN_TURN), next(_EACH_IN_TURN)]


async def _opened(site: Site) -> dict[str, str]:
    """One record of each kind, by the word under which its operations stand."""
    mentor, course = await applied(site), await trainings.opened(site)
    await site.do("face", "POST", f"{course}/enrolments", {"mentor_id": mentor})
    company = await registered(site)
    found = {
        "conventions": await walk.to_sign(site),
        "associations": FACE,
        "programmes": "programme-1j1m",
        "mentors": mentor,
        "trainings": course.rpartition("/")[2],
        "companies": company.rpartition("/")[2],
    }
    await site.projector.catch_up()
    return found


async def _play(site: Site, case: Any, name: str, ids: dict[str, str]) -> int:
    """Sends one case as that role, on a record that exists; every check must hold."""
    kind = case.operation.path.split("/")[2] if case.operation.path.count("/") > 1 else ""
    if "id" in case.path_parameters and kind in ids:
        case.path_parameters["id"] = ids[kind]
    if "mentor_id" in case.path_parameters:
        case.path_parameters["mentor_id"] = ids["mentors"]
    sent = case.as_transport_kwargs(base_url="http://api.test")
    headers = {k: v for k, v in sent["headers"].items() if v.isascii()}
    headers |= {"Authorization": f"Bearer {site.bearers[name]}", "Idempotency-Key": f"fuzz-{next(_KEYS)}"}
    answer = await site.client.request(
        sent["method"],
        sent["url"],
        params=sent.get("params") or None,
        json=sent.get("json"),
        headers=headers,
        cookies=None,
    )
    case.validate_response(answer, checks=_CHECKS)
    return answer.status_code
