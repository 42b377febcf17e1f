"""One house for the journeys of privacy and proof: started once, lived in, and restored at the end.

``test_proof`` stops it: it comes after ``test_forgetting``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.stack import Stack, running


@pytest.fixture(scope="package")
def house() -> Iterator[Stack]:
    """Not below pytest's own folder: another run of pytest closes that one to PostgreSQL's account."""
    with (
        tempfile.TemporaryDirectory(prefix="mentorat-lived-") as folder,
        running(Path(folder) / "var") as started,
    ):
        yield started
