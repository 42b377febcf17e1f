"""The domain's clock moves in development, and in production for nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from ops import database as databases
from ops.maintenance import ClockRefused, advance, parse_delay
from ops.settings import Settings
from tests.conftest import Database


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("8d", timedelta(days=8)),
        ("8j", timedelta(days=8)),
        ("36h", timedelta(hours=36)),
        (" 90M ", timedelta(minutes=90)),
    ],
)
def test_a_delay_is_read_as_people_write_it(text: str, delay: timedelta) -> None:
    assert parse_delay(text) == delay


@pytest.mark.parametrize("text", ["", "8", "d8", "-8d", "8 jours", "1.5h", "99999d"])
def test_what_is_not_a_delay_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ClockRefused):
        parse_delay(text)


async def test_a_production_database_refuses_whatever_the_caller_s_own_settings_say(
    database: Database,
) -> None:
    await databases.freeze_clock(database.owner_dsn)
    careless = Settings(environment="development", dsn_owner=database.owner_dsn)
    with pytest.raises(ClockRefused, match="production"):
        await advance(careless, "8d")


async def test_a_database_whose_clock_was_moved_cannot_become_a_production_one(database: Database) -> None:
    await databases.begin_at(database.owner_dsn, datetime(2025, 11, 24, tzinfo=UTC))
    with pytest.raises(psycopg.errors.CheckViolation):
        await databases.freeze_clock(database.owner_dsn)
