"""A history at the terminal, line by line."""

from __future__ import annotations

from typing import Any

from ops import cli_read

ROW: dict[str, Any] = {
    "version": 1,
    "recorded_at": "2026-11-23T09:19:54+00:00",
    "effective_at": "2026-11-23T09:19:54+00:00",
    "effective_precision": "instant",
    "label": "Entreprise enregistrée",
    "role": "association",
    "actor": {"withheld": True},
    "reason": {"withheld": True},
    "facts": {},
    "backdated": False,
    "supersedes": None,
    "corrected_by": [],
    "rules_version": None,
}


def test_who_acted_for_another_operator_is_told_in_words() -> None:
    line = cli_read._line(ROW)
    assert line.endswith("Entreprise enregistrée — association (jeton réservé) (motif réservé)")


def test_who_acted_is_told_where_it_may_be() -> None:
    line = cli_read._line(ROW | {"actor": "57a75c0fbaef8f9f", "reason": ""})
    assert line.endswith("Entreprise enregistrée — association 57a75c0fbaef8f9f")
