"""One Temporal server a run, for the tests that leave it alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from temporalio.client import Client

from ops.stack.temporal import Temporal
from workflows.worker import connect


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Temporal]:
    with Temporal(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture(scope="session")
async def client(temporal: Temporal) -> Client:
    return await connect(temporal.address, "default")
