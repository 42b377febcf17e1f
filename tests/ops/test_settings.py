"""Every setting is documented, with its default."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from ops.cli import main
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
    ("told", "why"),
    [
        ("drafpic@lyon.test", "une boîte s'écrit"),
        ("10=a@lyon.test", "une boîte s'écrit"),
        ("association:10=a@b.fr", "une boîte s'écrit"),
        ("drafpic:10=a b@c", "une boîte s'écrit"),
        ("academie:10=a@b..fr", "« academie:10=a@b..fr » : une boîte s'écrit"),
        ("academie:99=a@b.fr", "aucune académie ne porte le code 99"),
        ("academie:10=a@b.fr, academie:10=c@b.fr", "« academie:10 » a deux boîtes"),
    ],
)
def test_a_mailbox_of_nobody_is_refused_when_the_house_starts(told: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings(mail_academies=told)


def test_the_command_line_says_what_is_wrong_with_a_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MENTORAT_MAIL_ACADEMIES", "academie:99=a@b.fr")
    monkeypatch.setattr(sys, "argv", ["mentorat", "doctor"])
    monkeypatch.delitem(sys.modules, "temporalio", raising=False)  # else the command ends the whole process
    with pytest.raises(SystemExit):
        main()
    told = " ".join(capsys.readouterr().err.split())
    assert told.startswith("Réglage MENTORAT_MAIL_ACADEMIES : valeur refusée (« academie:99=a@b.fr » :")


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {f"MENTORAT_{name.upper()}" for name in Settings.model_fields}
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    documented = {row.split("`")[1] for row in rows if row.startswith("| `MENTORAT_")}
    assert documented == known
