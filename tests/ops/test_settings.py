"""Every setting is documented, with its default."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "reglages.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_documented_with_its_default_and_meaning(name: str) -> None:
    field = Settings.model_fields[name]
    default = "*(vide)*" if field.default == "" else f"`{field.default}`"
    row = f"| `MENTORAT_{name.upper()}` | {default} | {field.description} |"
    assert row in PAGE.read_text(encoding="utf-8"), f"add to docs/reglages.md: {row}"


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {f"MENTORAT_{name.upper()}" for name in Settings.model_fields}
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    documented = {row.split("`")[1] for row in rows if row.startswith("| `MENTORAT_")}
    assert documented == known
