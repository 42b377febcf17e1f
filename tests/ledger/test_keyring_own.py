"""Of several keyrings one is the ledger's own: the others neither seal nor open, nor say who is forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import psycopg
import pytest

from ledger import keyring_own
from ledger.keyring import Keyring, KeyringLost, MemoryKeyring
from ledger.keyring_own import OwnKeyring
from ledger.keyring_postgres import PostgresKeyring
from ledger.keyring_wrapped import rotate
from ledger.master import LocalMaster
from tests.conftest import Database
from tests.ledger.keyring_child import MENTOR, Place

pytestmark = pytest.mark.stack

ASKED: dict[str, Callable[[Keyring], Awaitable[object]]] = {
    "keys": lambda keyring: keyring.keys([MENTOR]),
    "ensure": lambda keyring: keyring.ensure([MENTOR]),
    "destroy": lambda keyring: keyring.destroy(MENTOR),
    "destroyed": lambda keyring: keyring.destroyed(),
    "buried": lambda keyring: keyring.buried([MENTOR]),
}


async def noted(database: Database, keyring: Keyring) -> None:
    identity = await keyring_own.made(keyring)
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("UPDATE ledger.keyring SET identity = %s", (identity,))


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
async def test_a_keyring_that_is_not_the_ledger_s_is_asked_for_nothing(
    database: Database, asked: Callable[[Keyring], Awaitable[object]]
) -> None:
    await noted(database, MemoryKeyring())
    for other in (MemoryKeyring(), MemoryKeyring()):
        await other.ensure([MENTOR, keyring_own.SUBJECT])
        with pytest.raises(KeyringLost, match="n'est pas celui de ce registre"):
            await asked(OwnKeyring(other, database.app))
        assert (MENTOR in await other.keys([MENTOR]), await other.destroyed()) == (True, frozenset())


async def test_a_ledger_that_has_noted_no_keyring_takes_none(database: Database) -> None:
    """Only the first start notes one: a part that started alone would take whichever is there."""
    keyring = MemoryKeyring()
    with pytest.raises(KeyringLost):
        await OwnKeyring(keyring, database.app).ensure([MENTOR])
    await keyring_own.made(keyring)
    with pytest.raises(KeyringLost):
        await OwnKeyring(keyring, database.app).ensure([MENTOR])


async def test_a_keyring_stays_the_ledger_s_own_under_another_master(
    place: Place, master: LocalMaster, database: Database
) -> None:
    newer = master.renewed()
    async with place.open(master) as keyring:
        await noted(database, keyring)
        held = await OwnKeyring(keyring, database.app).ensure([MENTOR])
        assert await rotate(keyring, newer) == 2
    async with place.open(newer.newest_only()) as keyring:
        assert await OwnKeyring(keyring, database.app).keys([MENTOR]) == held


async def test_nobody_but_the_owner_says_which_keyring_is_the_ledger_s(database: Database) -> None:
    async with database.app.connection() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("UPDATE ledger.keyring SET identity = NULL")


async def test_a_database_without_a_keyring_is_not_prepared_by_whoever_opens_it(
    database: Database, master: LocalMaster
) -> None:
    async with PostgresKeyring(database.owner_dsn, master) as keyring:
        for asked in (keyring.keys([MENTOR]), keyring.ensure([MENTOR]), keyring.destroyed()):
            with pytest.raises(KeyringLost, match="est vide"):
                await asked
    with psycopg.connect(database.owner_dsn) as owner:
        assert owner.execute("SELECT to_regnamespace('keyring')").fetchone() == (None,)
