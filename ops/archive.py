"""The file of a backup: a zip of one member a table, one a document, and a manifest that says what each must
be.

A member is what PostgreSQL's ``COPY … TO STDOUT`` wrote, in its text format: portable between servers, and
readable without this program. A document is there as it is kept, sealed under a key that is not in the file.
The manifest comes last, and the file gets its name once it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from pydantic import BaseModel, ConfigDict, NonNegativeInt, field_validator

from ledger.documents import Named, is_named
from ops.stack.cluster import sync_folder

FORMAT: Final = "mentorat-backup"
VERSION: Final = 2
READABLE: Final = (1, 2)
"""Those of version 1 have no documents."""
CHUNK: Final = 1 << 18
"""Bytes compressed, or read, at once."""
LEVEL: Final = 1
"""Of compression: ciphertext and hashes hardly shrink, a higher one takes twice the time to save 3 %."""
_MANIFEST: Final = "manifest.json"
_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, LookupError, ValueError, OSError)
"""What the standard library raises on a zip with a few wrong bytes."""


class BackupRefused(Exception):
    """The file, or the house, is not fit for what was asked: a French sentence for the operator."""


class TableEntry(BaseModel):
    """One table: its columns in the member's order, its rows, the SHA-256 of the member's bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    columns: tuple[str, ...]
    rows: NonNegativeInt
    sha256: str


class Manifest(BaseModel):
    """What the backup holds, by ``schema.table``, and where the ledger stood; ``root`` is hexadecimal.

    ``documents``: the SHA-256 of each as it is sealed, by ``record/digest``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: str = FORMAT
    version: int = VERSION
    made_at: datetime
    software: str
    tables: Mapping[str, TableEntry]
    sequences: Mapping[str, int]
    migrations: Mapping[str, str]
    head: NonNegativeInt
    tree_size: NonNegativeInt
    root: str
    documents: Mapping[str, str] = {}

    @field_validator("documents")
    @classmethod
    def _nowhere_else(cls, documents: Mapping[str, str]) -> Mapping[str, str]:
        if not all(is_named(*_named(name)) for name in documents):
            raise ValueError("a document's name leads elsewhere")
        return documents


class Member:
    """The bytes of one table, or of one document, on their way into the file, digested as they pass."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self._pending = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._pending += data
        if len(self._pending) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        self._digest.update(self._pending)
        self._out.write(self._pending)
        self._pending = bytearray()

    @property
    def sha256(self) -> str:
        """Of everything flushed."""
        return self._digest.hexdigest()


class Writer:
    """Adds members to a backup that has no name yet."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def member(self, table: str) -> Iterator[Member]:
        with self._archive.open(_member(table), "w", force_zip64=True) as out:
            member = Member(out)
            yield member
            member.flush()

    @contextmanager
    def document(self, named: Named) -> Iterator[Member]:
        """Ciphertext does not shrink: it is stored as it is."""
        info = zipfile.ZipInfo(_document("/".join(named)))
        with self._archive.open(info, "w", force_zip64=True) as out:
            member = Member(out)
            yield member
            member.flush()

    def finish(self, manifest: Manifest) -> None:
        self._archive.writestr(_MANIFEST, manifest.model_dump_json(indent=1))


@contextmanager
def writing(file: Path) -> Iterator[Writer]:
    """A new file of mode 600, on disk and under its name when the block ends well, nowhere otherwise.

    Raises ``BackupRefused``: the name is taken, or its folder is missing or closed to us. A full disk is the
    system's own ``OSError``.
    """
    if file.exists():
        raise BackupRefused(f"« {file} » existe déjà : une sauvegarde n'en remplace pas une autre.")
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise BackupRefused(f"Impossible d'écrire dans « {file.parent} » : {_why(error)}.") from error
    try:
        with os.fdopen(descriptor, "w+b") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
                yield Writer(archive)
            out.flush()
            os.fsync(out.fileno())
        fresh.rename(file)
        sync_folder(file.parent)
    finally:
        fresh.unlink(missing_ok=True)


class Archive:
    """A backup open for reading. ``digest``: the SHA-256 of its manifest, which names it."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive = archive
        self._path = path
        raw = self._manifest_bytes()
        self.digest = hashlib.sha256(raw).hexdigest()
        self.manifest = self._manifest(raw)

    def check(self) -> None:
        """Reads everything once. Raises ``BackupRefused`` unless every byte is as it was written."""
        documents = self.manifest.documents
        wanted = sorted([_MANIFEST, *map(_member, self.manifest.tables), *map(_document, documents)])
        if sorted(self._archive.namelist()) != wanted:
            raise self._altered("la liste de ses tables et de ses pièces n'est pas celle de son manifeste")
        for table in self.manifest.tables:
            for _ in self.chunks(table):
                pass
        for named in self.documents():
            for _ in self.document(named):
                pass

    def documents(self) -> list[Named]:
        """The documents that are in it."""
        return [_named(name) for name in self.manifest.documents]

    def chunks(self, table: str) -> Iterator[bytes]:
        """The member of a table, piece by piece. Raises ``BackupRefused`` when it is not what was written."""
        return self._chunks(_member(table), self.manifest.tables[table].sha256, f"la table {table}")

    def document(self, named: Named) -> Iterator[bytes]:
        """The same for a document, as it is sealed."""
        name = "/".join(named)
        return self._chunks(_document(name), self.manifest.documents[name], f"la pièce {name}")

    def _chunks(self, name: str, sha256: str, what: str) -> Iterator[bytes]:
        digest = hashlib.sha256()
        try:
            with self._archive.open(name) as member:
                while chunk := member.read(CHUNK):
                    digest.update(chunk)
                    yield chunk
        except _DAMAGE as error:
            raise self._altered(f"{what} ne se lit plus") from error
        if digest.hexdigest() != sha256:
            raise self._altered(f"{what} n'a plus son empreinte")

    def _manifest_bytes(self) -> bytes:
        try:
            return self._archive.read(_MANIFEST)
        except KeyError as missing:
            raise BackupRefused(f"« {self._path} » n'est pas une sauvegarde de mentorat.") from missing
        except _DAMAGE as error:
            raise self._altered("son manifeste ne se lit plus") from error

    def _manifest(self, raw: bytes) -> Manifest:
        try:
            found: Any = json.loads(raw)
            made_by, version = found["format"], found["version"]
        except (ValueError, LookupError, TypeError) as error:
            raise BackupRefused(f"« {self._path} » n'est pas une sauvegarde de mentorat.") from error
        if made_by != FORMAT:
            raise BackupRefused(f"« {self._path} » n'est pas une sauvegarde de mentorat.")
        if version not in READABLE:
            raise BackupRefused(
                f"« {self._path} » est au format {version} ; cette version de mentorat lit les formats "
                f"{READABLE[0]} à {VERSION} : restaurez avec la version qui a fait la sauvegarde."
            )
        try:
            return Manifest.model_validate(found)
        except ValueError as error:
            raise self._altered("son manifeste est incomplet") from error

    def _altered(self, what: str) -> BackupRefused:
        return BackupRefused(
            f"« {self._path} » a été altéré : {what}. Rien n'a été restauré ; prenez une autre sauvegarde."
        )


@contextmanager
def reading(file: Path) -> Iterator[Archive]:
    """Raises ``BackupRefused``: no such file, closed to us, cut short, not ours, or of another version."""
    try:
        source = file.open("rb")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise BackupRefused(f"Impossible de lire « {file} » : {_why(error)}.") from error
    with source, _opened(source, file) as archive:
        yield Archive(archive, file)


def _opened(source: IO[bytes], file: Path) -> zipfile.ZipFile:
    begins = source.read(4)
    try:
        return zipfile.ZipFile(source)
    except _DAMAGE as error:
        if begins != b"PK\x03\x04":
            raise BackupRefused(f"« {file} » n'est pas une sauvegarde de mentorat.") from error
        raise BackupRefused(
            f"« {file} » est incomplet ou abîmé. Rien n'a été restauré ; prenez une autre sauvegarde."
        ) from error


def _member(table: str) -> str:
    return f"{table}.copy"


def _document(name: str) -> str:
    return f"documents/{name}"


def _named(name: str) -> Named:
    record_id, _, digest = name.partition("/")
    return record_id, digest


def _why(error: OSError) -> str:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "ce chemin n'existe pas"
        case IsADirectoryError():
            return "c'est un dossier"
        case _:
            return "l'accès est refusé à ce compte"
