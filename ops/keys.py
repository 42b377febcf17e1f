"""The keys of an installation: the master key, the subjects' keyring, and the key that signs checkpoints.

Each is a setting, or a file below the home, made by the first start. None of them is in the event database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import keyring_own, keyring_postgres, keyring_sqlite
from ledger.checkpoint import CheckpointBook, new_signer
from ledger.keyring_cache import CachedKeyring
from ledger.keyring_own import OwnKeyring
from ledger.keyring_postgres import PostgresKeyring
from ledger.keyring_sqlite import SqliteKeyring
from ledger.keyring_wrapped import WrappedKeyring
from ledger.keyring_wrapped import rotate as rotate_under
from ledger.master import LocalMaster, Master, MasterFile, MasterKeyInvalid, make_master, write_master
from ledger.notes import NoteInvalid, Signer
from ledger.sinks import FolderSink, HttpSink, MailSink, Sink, write_whole
from ops import database
from ops.private import read_or_make, write_private
from ops.settings import Settings

_SET_ASIDE: Final = (
    "Remettez la clé en place. Si elle est perdue, mettez d'abord de côté audit.pub et audit/checkpoints, "
    "qui se vérifient toujours avec l'ancienne clé publique : une autre est alors créée."
)

_PAGE: Final = 5_000
_STANDING: Final = """
SELECT EXISTS (SELECT FROM ledger.events),
    EXISTS (SELECT FROM ledger.events WHERE commitment IS NOT NULL OR text_commitment IS NOT NULL),
    EXISTS (SELECT FROM ledger.keyring WHERE identity IS NOT NULL)"""


class KeyringMissing(Exception):
    """The ledger holds personal data whose keys are not here: a French sentence."""


@asynccontextmanager
async def keyring(settings: Settings, pool: database.Pool) -> AsyncIterator[CachedKeyring]:
    """The keyring as one process uses it, opened and held against the ledger at its first use: what needs no
    key is done without it. Raises ``KeyringLost``, ``MasterKeyInvalid`` or ``WrongMasterKey`` then."""
    own = OwnKeyring(stored_keyring(settings), pool)
    cached = CachedKeyring(own, settings.key_cache_seconds)
    try:
        yield cached
    finally:
        await cached.close()


def stored_keyring(settings: Settings) -> WrappedKeyring:
    """Where the keys are: a file beside the embedded server, or a database of its own."""
    master = master_of(settings)
    if settings.dsn_keyring:
        return PostgresKeyring(settings.dsn_keyring, master)
    return SqliteKeyring(settings.keyring_file, master)


async def prepare(settings: Settings) -> None:
    """Makes what is not there yet: the master key, the keyring, whose identity the ledger notes, the key of
    digests, the signing key, its public half. What a ledger was begun with is there already.

    Raises ``KeyringMissing`` when they are not, and ``NoteInvalid``; nothing is made in their place.
    """
    async with await psycopg.AsyncConnection.connect(settings.dsn_owner, autocommit=True) as owner:
        begun, sealed, noted = await (await owner.execute(_STANDING)).fetchone() or (False, False, False)
        _refuse_lost(settings, begun=begun, sealed=sealed)
        if not settings.digest_key:
            read_or_make(settings.digest_file)
        if not (sealed and noted):
            await owner.execute("UPDATE ledger.keyring SET identity = %s", (await _made(settings),))
    signer(settings)


def _refuse_lost(settings: Settings, *, begun: bool, sealed: bool) -> None:
    if sealed and lost(settings):
        raise KeyringMissing(
            "Le trousseau ou la clé maîtresse de ce registre manque : remettez en place les dossiers keyring "
            "et secrets. Rien n'a été créé à leur place."
        )
    if begun and not settings.digest_key and not settings.digest_file.exists():
        raise KeyringMissing(
            f"La clé des empreintes de ce registre manque : remettez en place {settings.digest_file}. Sans "
            "elle, une même personne ne serait plus reconnue. Rien n'a été créé à sa place."
        )


async def _made(settings: Settings) -> bytes:
    """The identity of the keyring, made unless it is there."""
    if settings.dsn_keyring:
        await keyring_postgres.prepare(settings.dsn_keyring)
    else:
        keyring_sqlite.prepare(settings.keyring_file)
    if not settings.master_key:
        make_master(settings.master_file)
    async with stored_keyring(settings) as stored:
        return await keyring_own.made(stored)


def lost(settings: Settings) -> bool:
    """Whether a file of keys is not there: at the first start of a home, or because somebody lost it."""
    master = not settings.master_key and not settings.master_file.exists()
    return master or (not settings.dsn_keyring and not settings.keyring_file.exists())


async def missing(settings: Settings, subjects: Iterable[str]) -> list[str]:
    """Those of these subjects that have neither a key nor the mark of an erasure, in order."""
    async with stored_keyring(settings) as stored:
        absent, after = set(subjects) - await stored.destroyed(), ""
        while absent and (page := await stored.page(after, _PAGE)):
            absent.difference_update(subject for subject, _ in page)
            after = page[-1][0]
    return sorted(absent)


def master_of(settings: Settings) -> Master:
    if settings.master_key:
        return LocalMaster.parse(settings.master_key)
    return MasterFile(settings.master_file)


async def rotate(settings: Settings) -> int:
    """Wraps every key under a new master key, and takes the old one away; answers how many.

    Interrupted, it is started again. A key given as a setting is changed by adding the next generation to it
    before, and taking the former out afterwards. Raises ``MasterKeyInvalid`` when there is no next one,
    ``WrongMasterKey`` or ``MasterOutdated``.
    """
    if settings.master_key:
        master = LocalMaster.parse(settings.master_key)
        if master.text == master.newest_only().text:
            raise MasterKeyInvalid(
                "La clé maîtresse du réglage n'a qu'une génération : ajoutez d'abord la suivante, sur une "
                "ligne de plus (docs/deploiement.md). Rien n'a été changé ; ne retirez pas celle-ci."
            )
        async with stored_keyring(settings) as stored:
            return await rotate_under(stored, master)
    async with stored_keyring(settings) as stored:
        present = MasterFile(settings.master_file).current()
        # An older generation still there: a rotation was interrupted, it is this one that goes on.
        renewed = present if present.text != present.newest_only().text else present.renewed()
        write_master(settings.master_file, renewed)
        count = await rotate_under(stored, renewed)
        write_master(settings.master_file, renewed.newest_only())
    return count


def signer(settings: Settings) -> Signer:
    """Whoever signs this installation's checkpoints; its public half is written for everybody to read.

    Raises ``NoteInvalid`` when the key is none, or is not the one that this installation has signed with:
    no other is made in its place, and what was published stays as it is.
    """
    path, public = settings.audit_key_file, settings.audit_pub
    if not settings.audit_key and not path.exists():
        if public.exists() or _published_anything(settings):
            raise NoteInvalid(f"La clé qui signe les points de contrôle manque ({path}). {_SET_ASIDE}")
        write_private(path, new_signer(Ed25519PrivateKey.generate()).secret + "\n")
    found = Signer.of(settings.audit_key or path.read_text(encoding="utf-8"))
    if not public.exists():
        write_whole(public, f"{found.vkey}\n")
    elif public.read_text(encoding="utf-8").strip() != found.vkey:
        raise NoteInvalid(f"La clé de signature n'est pas celle que {public} a publiée. {_SET_ASIDE}")
    return found


def _published_anything(settings: Settings) -> bool:
    return settings.checkpoints.is_dir() and any(settings.checkpoints.iterdir())


def book(settings: Settings, folder: Path | None = None) -> CheckpointBook:
    """What was published, outside PostgreSQL: this home's, or what another folder was handed."""
    return CheckpointBook(folder or settings.checkpoints, [signer(settings).verifier])


def published(settings: Settings) -> int:
    """How many events the last checkpoint of this home tells of; 0 without any."""
    if not settings.checkpoints.is_dir():
        return 0
    latest = book(settings).latest()
    return latest.size if latest else 0


def sinks(settings: Settings) -> list[Sink]:
    """Where checkpoints are pushed, besides the book."""
    found: list[Sink] = []
    if settings.checkpoint_folder:
        found.append(FolderSink(Path(settings.checkpoint_folder)))
    if settings.checkpoint_url:
        found.append(HttpSink(settings.checkpoint_url, settings.checkpoint_token or None))
    if settings.checkpoint_mailbox:
        found.append(
            MailSink(
                settings.mail_host,
                settings.mail_sender,
                settings.checkpoint_mailbox,
                settings.mail_port,
                settings.mail_user or None,
                settings.mail_password or None,
                settings.mail_starttls,
            )
        )
    return found
