"""A house with a programme and an association, in memory."""

from __future__ import annotations

import pytest

from tests.support import House


@pytest.fixture
async def house() -> House:
    house = House()
    await house.open()
    return house
