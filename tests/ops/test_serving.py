"""What the API says when a part of the house is to be mended: no request is wrong then."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from httpx import ASGITransport, AsyncClient
from psycopg import sql

from ledger.recorder import Append
from ops import compose, doctor, keys, maintenance, serving
from ops.database import NOT_WRITABLE
from ops.settings import Settings
from tests.conftest import Database
from tests.ops.places import event, settings_of
from tests.support import FACE, House, draft_command

pytestmark = pytest.mark.stack


@dataclass
class Place:
    """An API over a house of its own, whose ledger is still empty."""

    settings: Settings
    parts: compose.House
    client: AsyncClient

    async def parts_out_of_order(self) -> dict[str, str]:
        answer = await self.client.get("/readyz")
        found = {name: wrong for name, wrong in answer.json()["parts"].items() if wrong}
        assert answer.status_code == (503 if found else 200)
        return found


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    settings = settings_of(tmp_path / "home", database.owner_dsn, database)
    await keys.prepare(settings)
    async with served(settings, database) as place:
        yield place


@asynccontextmanager
async def served(settings: Settings, database: Database) -> AsyncIterator[Place]:
    async with compose.house(settings, "api") as parts:
        app = serving.api_of(parts, database.app)

        async def opening() -> None:
            await parts.keyring.ensure(["convention-1"])

        async def recording() -> None:
            await parts.recorder.append(Append([event(1)], {"convention-1": 0}))

        app.add_api_route("/opening", opening)
        app.add_api_route("/recording", recording)
        transport = ASGITransport(app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://house.test") as client:
            yield Place(settings, parts, client)


async def test_without_its_keyring_a_house_is_not_ready_and_whoever_asks_comes_back(place: Place) -> None:
    assert await place.parts_out_of_order() == {}
    kept = place.settings.keyring_file.parent
    kept.rename(kept.with_name("away"))
    assert list(await place.parts_out_of_order()) == ["trousseau"]
    refused = await place.client.get("/opening")
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert "Retry-After" in refused.headers
    assert refused.json()["detail"].startswith("Le trousseau ou la clé maîtresse ne peut être lu")
    kept.with_name("away").rename(kept)
    assert await place.parts_out_of_order() == {}
    place.settings.master_file.unlink()
    assert (await place.client.get("/opening")).status_code == 503


async def test_the_doctor_names_the_record_whose_key_is_missing(place: Place) -> None:
    house = House(place.parts.recorder, keyring=place.parts.keyring)
    await house.open()
    await house.drafted("convention-1")
    await house.drafted("convention-2")
    examined = doctor.CHECKS["trousseau"]
    assert (await examined(place.settings)).remedy == ""
    with sqlite3.connect(place.settings.keyring_file) as keyring:
        keyring.execute("DELETE FROM keys WHERE subject = 'convention-1'")
    found = await examined(place.settings)
    assert "convention-1" in found.state
    assert "convention-2" not in found.state
    await place.parts.keyring.destroy("convention-1")
    assert (await examined(place.settings)).remedy == ""


async def test_the_doctor_says_of_a_keyring_that_it_is_empty(place: Place) -> None:
    path = place.settings.keyring_file
    path.unlink()
    path.touch()
    found = await doctor.CHECKS["trousseau"](place.settings)
    assert ("est vide" in found.state, bool(found.remedy)) == (True, True)


async def test_words_alone_need_the_keyring_that_sealed_them(place: Place) -> None:
    """A reason, or the source of an announcement, is lost with its key as a name is."""
    house = House(place.parts.recorder, keyring=place.parts.keyring)
    await house.open()
    await house.do(draft_command(), reason="Parce que Zoé Introuvable.")
    kept = place.settings.keyring_file.parent
    kept.rename(kept.with_name("away"))
    with pytest.raises(keys.KeyringMissing, match="Le trousseau ou la clé maîtresse"):
        await maintenance.ready_to_serve(place.settings)
    assert not kept.exists()
    kept.with_name("away").rename(kept)


async def test_the_doctor_names_whose_key_opens_words_alone(place: Place) -> None:
    """Of an association nothing personal may be sealed but the words of others' acts that rest on it."""
    house = House(place.parts.recorder, keyring=place.parts.keyring)
    await house.open()
    await house.do(draft_command(), reason="Parce que Zoé Introuvable.")
    examined = doctor.CHECKS["trousseau"]
    assert (await examined(place.settings)).remedy == ""
    with sqlite3.connect(place.settings.keyring_file) as keyring:
        keyring.execute("DELETE FROM keys")
    found = await examined(place.settings)
    assert ("convention-1" in found.state, FACE in found.state) == (True, True)


async def test_a_ledger_that_takes_nothing_more_is_not_said_to_be_well(
    place: Place, database: Database
) -> None:
    assert (await doctor.CHECKS["registre"](place.settings)).remedy == ""
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("UPDATE ledger.tree SET size = size + 1")
    assert list(await place.parts_out_of_order()) == ["registre"]
    refused = await place.client.get("/recording")
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert refused.json()["detail"].startswith("L'arbre de scellement ne finit pas")
    found = await doctor.CHECKS["registre"](place.settings)
    assert ("rien ne s'enregistre" in found.state, "audit check" in found.remedy) == (True, True)


async def test_an_api_that_starts_without_its_keyring_serves_what_needs_none(
    place: Place, database: Database
) -> None:
    kept = place.settings.keyring_file.parent
    place.settings.master_file.unlink()
    kept.rename(kept.with_name("away"))
    async with served(place.settings, database) as again:
        assert list(await again.parts_out_of_order()) == ["trousseau"]
        assert (await again.client.get("/recording")).status_code == 200
        assert (await again.client.get("/opening")).status_code == 503
    assert not kept.exists()
    assert not place.settings.master_file.exists()


async def test_a_database_that_takes_no_writing_is_no_bug_and_no_house_that_is_ready(
    place: Place, database: Database
) -> None:
    """As a standby does, or whoever saves a full disk."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        name = sql.Identifier(owner.info.dbname)
        owner.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    async with served(place.settings, database) as again:
        assert await again.parts_out_of_order() == {"registre": NOT_WRITABLE}
        refused = await again.client.get("/recording")
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert refused.json()["detail"].startswith("La base de données ne s'écrit pas")
    found = await doctor.CHECKS["registre"](place.settings)
    assert (found.state, bool(found.remedy)) == (NOT_WRITABLE, True)
