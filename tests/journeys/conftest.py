"""One house for the journeys of privacy and proof: started once, lived in, and restored at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.stack import Stack, running


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("lived") / "var"
    with running(home) as started:
        yield started
