"""`mentorat export`: the same archive as the API's, for the bearer of a token, by the name people know."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.export.archive import Export
from api.tokens import TokenStore
from domain.association.commands import RegisterAssociation
from domain.association.model import Identity
from domain.kernel import Forbidden, NotFound
from ops import cli_export, compose, keys
from ops.who import VARIABLE, NobodyKnown
from projections.projector import Projector
from tests.conftest import Database
from tests.ops.places import settings_of
from tests.support import FACE, FACE_PARTY, GRENOBLE, LYON, House

pytestmark = pytest.mark.stack


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> AsyncIterator[compose.House]:
    """FACE, and two others of one name, in two académies."""
    settings = settings_of(tmp_path / "home", database.owner_dsn, database)
    await keys.prepare(settings)
    async with compose.house(settings, "export") as found:
        house = House(found.recorder, keyring=found.keyring)
        await house.open()
        for number, academie, actor in ((1, "10", LYON), (2, "08", GRENOBLE)):
            await house.do(
                RegisterAssociation(
                    record_id=f"association-{number}", identity=Identity("Sœurs"), academies=(academie,)
                ),
                actor,
            )
        await Projector(found.feed, database.projector, found.world, house.executor.now).catch_up()
        yield found


async def asked(parts: compose.House, name: str, monkeypatch: pytest.MonkeyPatch, role: str) -> Export:
    scopes = {"association": [FACE_PARTY], "academie": ["academie:10"], "dpo": []}[role]
    _, token = await TokenStore(parts.pool).create(role, "essai", scopes)
    monkeypatch.setenv(VARIABLE, token)
    return await cli_export._exported(parts, name, role)


@pytest.mark.parametrize("name", ["FACE", "« face »", FACE])
async def test_by_its_name_or_its_id_an_association_gets_a_file_of_its_own(
    parts: compose.House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    export = await asked(parts, name, monkeypatch, "association")
    file = tmp_path / "face.zip"
    cli_export._write(export, file)
    export.spool.close()
    assert file.stat().st_mode & 0o777 == 0o600
    assert export.position == await parts.recorder.head()
    with zipfile.ZipFile(file) as made:
        assert made.testzip() is None
        assert "FACE" in made.read("association.csv").decode()
    assert _files(tmp_path) == ["face.zip"]


async def test_whoever_may_not_by_the_api_may_not_here(
    parts: compose.House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Forbidden):
        await asked(parts, "FACE", monkeypatch, "academie")
    for name in ("association-1", "Sœurs", "Inconnue"):
        with pytest.raises(NotFound):
            await asked(parts, name, monkeypatch, "association")
    with pytest.raises(NotFound, match="2 association"):
        await asked(parts, "Sœurs", monkeypatch, "dpo")
    monkeypatch.setenv(VARIABLE, "mto_inconnu")
    with pytest.raises(NobodyKnown):
        await cli_export._exported(parts, "FACE", "dpo")


def _files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file()]
