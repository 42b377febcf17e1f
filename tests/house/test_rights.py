"""The page on rights says what the table says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from domain.authorization import READS, ROLES, TABLE

ROOT = Path(__file__).parents[2]


def test_the_page_on_rights_is_the_table() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.house.rights"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    page = (ROOT / "docs" / "droits.md").read_text(encoding="utf-8")
    assert page == done.stdout, "regenerate: python -m tests.house.rights > docs/droits.md"


def test_auditors_and_operators_write_nothing_and_officers_only_erase() -> None:
    for name, roles in TABLE.items():
        assert roles <= set(ROLES), name
        assert not roles & {"auditor", "operator"}, name
        assert ("dpo" in roles) == (name == "record.erase" or name in READS), name
