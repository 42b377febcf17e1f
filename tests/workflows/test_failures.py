"""What Temporal and the logs may know of a failure, and when it is final."""

from __future__ import annotations

import psycopg
import pytest

from domain.kernel import Refused
from workflows.failures import MOST_TRIES, StillDue, discreet


def _raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_it_is_known_by_its_kind_and_its_place_not_by_its_words() -> None:
    told = discreet(_raised(ValueError("Prénom Nom")), 1)
    assert told.type == "ValueError"
    assert "test_failures.py:" in told.message
    assert "Nom" not in str(told)


def test_a_refusal_is_known_by_its_guard() -> None:
    assert discreet(_raised(Refused("wrong_status", "La convention de Prénom Nom…")), 1).type == (
        "Refused:wrong_status"
    )


@pytest.mark.parametrize("error", [StillDue("key"), ValueError(), Refused("code", "sentence")])
def test_a_failure_of_the_step_itself_is_final_at_the_last_try(error: Exception) -> None:
    assert not discreet(_raised(error), MOST_TRIES - 1).non_retryable
    assert discreet(_raised(error), MOST_TRIES).non_retryable


@pytest.mark.parametrize("error", [psycopg.OperationalError(), ConnectionResetError(), TimeoutError()])
def test_the_database_and_the_network_are_awaited_for_ever(error: Exception) -> None:
    assert not discreet(_raised(error), 1000).non_retryable
