"""The keys of an installation: made once, and never in the place of those that were lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from ledger import keyring_sqlite
from ledger.checkpoint import new_signer
from ledger.master import LocalMaster, MasterKeyInvalid
from ledger.notes import NoteInvalid
from ops import keys
from ops.private import read_or_make, write_private
from ops.settings import Settings
from ops.stack.errors import StackError


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_the_signing_key_is_made_once_and_its_public_half_is_there_for_all(settings: Settings) -> None:
    made = keys.signer(settings)
    assert settings.audit_pub.read_text() == f"{made.vkey}\n"
    assert settings.audit_pub.stat().st_mode & 0o777 == 0o644
    settings.audit_pub.unlink()
    assert keys.signer(settings).secret == made.secret
    assert settings.audit_pub.read_text() == f"{made.vkey}\n"


@pytest.mark.parametrize("left", ["audit.pub", "audit/checkpoints/0001-000000000001.txt"])
def test_a_signing_key_that_was_lost_is_not_replaced(settings: Settings, left: str) -> None:
    """Whoever holds earlier evidence verifies it with that file: it must not become another's."""
    kept = settings.home / left
    kept.parent.mkdir(parents=True)
    kept.write_text("what was published\n")
    with pytest.raises(NoteInvalid, match="La clé qui signe les points de contrôle manque"):
        keys.signer(settings)
    assert not settings.audit_key_file.exists()
    assert kept.read_text() == "what was published\n"
    assert [path for path in settings.home.rglob("*") if path.is_file()] == [kept]


def test_another_signing_key_signs_nothing_until_what_the_first_published_is_set_aside(
    settings: Settings,
) -> None:
    public = f"{keys.signer(settings).vkey}\n"
    other = new_signer(Ed25519PrivateKey.generate())
    given = settings.model_copy(update={"audit_key": other.secret})
    with pytest.raises(NoteInvalid, match="n'est pas celle"):
        keys.signer(given)
    assert settings.audit_pub.read_text() == public
    settings.audit_pub.unlink()
    assert keys.signer(given).secret == other.secret
    assert settings.audit_pub.read_text() == f"{other.vkey}\n"


async def test_a_master_key_given_as_a_setting_is_not_said_to_be_replaced_without_the_next(
    settings: Settings,
) -> None:
    """Whoever then took "the former one" out of the setting would take out the only one."""
    first = LocalMaster.new()
    given = settings.model_copy(update={"master_key": first.text})
    keyring_sqlite.prepare(given.keyring_file)
    async with keys.stored_keyring(given) as keyring:
        before = await keyring.ensure(["convention-1"])
    with pytest.raises(MasterKeyInvalid, match="n'a qu'une génération"):
        await keys.rotate(given)
    following = first.renewed()
    assert await keys.rotate(settings.model_copy(update={"master_key": following.text})) == 1
    last = settings.model_copy(update={"master_key": following.newest_only().text})
    async with keys.stored_keyring(last) as keyring:
        assert await keyring.keys(["convention-1"]) == before


def test_a_secret_cut_short_is_not_taken_for_one(tmp_path: Path) -> None:
    """With an empty key anybody could tell what a digest was made of."""
    path = tmp_path / "digest.key"
    made = read_or_make(path)
    assert read_or_make(path) == made
    for cut in ("", made[:31]):
        path.write_text(cut)
        with pytest.raises(StackError, match="est vide ou tronqué") as refused:
            read_or_make(path)
        assert not cut or cut not in str(refused.value)
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, digest_key="x" * 31)
    assert Settings(home=tmp_path, digest_key="x" * 32).digest_secret == b"x" * 32


def test_a_secret_is_on_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is signed or sealed under it is: a power cut must not leave that alone."""
    path, synced = tmp_path / "secrets" / "one", list[tuple[bool, str]]()

    def noted(descriptor: int) -> None:
        synced.append((path.exists(), Path(f"/proc/self/fd/{descriptor}").readlink().name))

    monkeypatch.setattr(os, "fsync", noted)
    write_private(path, "secret")
    assert synced == [(False, f".one.{os.getpid()}"), (True, "secrets")]
