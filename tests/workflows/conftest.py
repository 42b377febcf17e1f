"""One time-skipping server a run; a stage a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from ops.stack.temporal import time_skipping_server
from tests.workflows.stage import Stage


@pytest.fixture(scope="session")
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    path = str(time_skipping_server())
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=path) as env:
        yield env


@pytest.fixture
async def stage(skipping: WorkflowEnvironment) -> AsyncIterator[Stage]:
    stage = Stage(skipping, await skipping.get_current_time(), timedelta(days=400))
    await stage.house.open()
    async with stage.playing():
        yield stage
