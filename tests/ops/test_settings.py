"""Every setting is documented, with its default."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from ops.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "reglages.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_documented_with_its_default_and_meaning(name: str) -> None:
    field = Settings.model_fields[name]
    default = "*(vide)*" if field.default == "" else f"`{field.default}`"
    row = f"| `MENTORAT_{name.upper()}` | {default} | {field.description} |"
    assert row in PAGE.read_text(encoding="utf-8"), f"add to docs/reglages.md: {row}"


def test_the_mailboxes_of_academies_are_told_by_their_keys() -> None:
    told = Settings(mail_academies="academie:10=a@lyon.test, drafpic:10=b@lyon.test,")
    assert told.mailboxes == {"academie:10": "a@lyon.test", "drafpic:10": "b@lyon.test"}
    assert Settings().mailboxes == {}


@pytest.mark.parametrize(
    "told", ["drafpic@lyon.test", "10=a@lyon.test", "association:10=a@b.fr", "drafpic:10=a b@c"]
)
def test_a_mailbox_of_nobody_is_refused_when_the_house_starts(told: str) -> None:
    with pytest.raises(ValidationError, match="une boîte s'écrit"):
        Settings(mail_academies=told)


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {f"MENTORAT_{name.upper()}" for name in Settings.model_fields}
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    documented = {row.split("`")[1] for row in rows if row.startswith("| `MENTORAT_")}
    assert documented == known
