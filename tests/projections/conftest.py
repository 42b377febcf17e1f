from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Database
from tests.projections.support import Views


@pytest.fixture
async def views(database: Database) -> AsyncIterator[Views]:
    """Read models over a programme and one association."""
    views = Views(database.app, database.projector)
    await views.house.open()
    yield views
    await views.reader.close()
