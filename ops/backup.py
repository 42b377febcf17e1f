"""`mentorat backup FILE` and `mentorat restore FILE`: the ledger in one file, and back, all or nothing.

The file holds every table of ``saved.SCHEMAS``, as one instant saw them, then the documents handed in, sealed
as they are kept. The read models are not in it, they
are rebuilt; nor is Temporal, whose processes the sweeper starts again from the records.

No key is in it, and none should be kept beside it. The keyring, its master key and the signing key lie
outside the database and have a life of their own: a copy of the keyring kept with the backups would keep
erased people readable. Without the keyring, on the other hand, what a restore gives back is sealed and
provable, and nobody can read a name in it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from ledger import check as checks
from ledger import documents
from ops import database, saved
from ops.archive import CHUNK, Archive, BackupRefused, Manifest, TableEntry, Writer, reading, writing
from ops.database import Connection
from ops.erasures import Journal
from ops.reach import database_of
from ops.saved import Table
from ops.settings import Settings
from projections import schema as read_models

PATIENCE: Final = 5
"""Seconds that a restore waits for others to let go of the database."""
_CHECKPOINT: Final = re.compile(r"(\d{4})-(\d{12})\.txt")
_UNFINISHED: Final = "restoring "
_MARK: Final = "SELECT obj_description(to_regnamespace('ledger')::oid, 'pg_namespace')"
_SESSIONS: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND usename = ANY(%s)"""
_SERVING: Final = "Cette base sert encore : arrêtez l'API, le worker et le projecteur, puis recommencez."


@dataclass(frozen=True)
class Summary:
    """What was saved or restored, and what of the published past is not in it.

    ``size``: bytes of the file. ``rows``: by table; ``documents``: how many files. ``resumed``: the tables
    had been filled by an earlier restore of this file, which did not finish. ``shorter_by``: by how many
    events the last published checkpoint is ahead of the restored tree; unless zero, an epoch must be
    declared. ``beyond``: the checkpoints of the last epoch that are ahead.
    """

    file: Path
    size: int
    made_at: datetime
    rows: Mapping[str, int]
    head: int
    tree_size: int
    root: str
    documents: int = 0
    resumed: bool = False
    shorter_by: int = 0
    beyond: tuple[Path, ...] = ()


BeforeServing = Callable[[Settings, Summary], Awaitable[None]]
"""Done on the restored ledger before anybody is served from it, and again if that was interrupted."""


async def backup(settings: Settings, file: Path) -> Summary:
    """Saves the ledger as it stands now; writers go on undisturbed. Mode 600, whole or not there at all.

    Raises ``BackupRefused`` (the name is taken, its folder cannot be written to, there is nothing to save),
    ``OutOfReach`` or ``StackError``.
    """
    with writing(file) as writer:
        async with (
            database_of(settings) as where,
            saved.owner(where.dsn_owner) as connection,
            saved.transaction(connection, "REPEATABLE READ, READ ONLY"),
        ):
            manifest = await _save(connection, writer)
        # Behind the tables: of every event saved, the file is here, unless it was erased since.
        kept = await asyncio.to_thread(_save_documents, settings.documents, writer)
        writer.finish(manifest := manifest.model_copy(update={"documents": kept}))
    return _summary(manifest, file)


async def restore(settings: Settings, file: Path, *, before_serving: BeforeServing) -> Summary:
    """Puts a backup in the place of an empty ledger, its database made and migrated if need be.

    Nobody may be serving. Every byte of the file is checked first, then one transaction writes all of it or
    nothing. The read models are left empty: the projector fills them, or ``maintenance.rebuild`` does.
    Documents are put back but for those of records that the journal of erasures tells of.
    ``before_serving`` then does what must come before anybody reads (erasures again, an epoch). Should it
    fail, the same restore takes up from there; until it has ended well, ``unfinished`` is true.

    Raises ``BackupRefused``, ``OutOfReach``, ``StackError`` or ``MigrationChanged``.
    """
    with reading(file) as archive:
        archive.check()
        async with (
            database_of(settings, at_rest=True) as where,
            saved.owner(where.dsn_owner) as connection,
        ):
            await _wait_alone(connection)
            await database.migrate(
                where.dsn_owner,
                app_password=database.password_of(where.dsn_app),
                projector_password=database.password_of(where.dsn_projector),
            )
            resumed = await _already_filled(connection, archive)
            if not resumed:
                await _fill(connection, archive, where)
            await asyncio.to_thread(_put_back_documents, archive, where)
            summary = _summary(archive.manifest, file, settings.checkpoints, resumed=resumed)
            await before_serving(where, summary)
            await connection.execute("COMMENT ON SCHEMA ledger IS NULL")
    return summary


async def unfinished(connection: Connection) -> bool:
    """Whether a restore into this database has yet to end: nobody may be served from it."""
    return await _mark(connection) is not None


async def refuse_unfinished(dsn: str) -> None:
    """Raises ``BackupRefused`` after an interrupted restore: nobody is served from what it left."""
    async with saved.owner(dsn) as connection:
        if await unfinished(connection):
            raise BackupRefused(
                "Une restauration n'est pas terminée : relancez `mentorat restore` avec le même fichier."
            )


async def _save(connection: Connection, writer: Writer) -> Manifest:
    tables = await saved.tables(connection)
    if "ledger.events" not in tables:
        raise BackupRefused("Il n'y a rien à sauvegarder : cette base ne contient pas de registre.")
    entries = {name: await _save_table(connection, table, writer) for name, table in tables.items()}
    standing = await saved.standing(connection)
    return Manifest(
        made_at=standing.at,
        software=version("mentorat"),
        tables=entries,
        sequences=await saved.sequences(connection),
        migrations=await saved.migrations(connection),
        head=standing.head,
        tree_size=standing.tree_size,
        root=standing.root,
    )


async def _save_table(connection: Connection, table: Table, writer: Writer) -> TableEntry:
    with writer.member(table.name) as member:
        async with connection.cursor() as cursor:
            async with cursor.copy(table.sql("COPY {table} ({columns}) TO STDOUT")) as copy:
                async for data in copy:
                    member.write(data)
            rows = cursor.rowcount
    return TableEntry(columns=table.columns, rows=rows, sha256=member.sha256)


def _save_documents(folder: Path, writer: Writer) -> dict[str, str]:
    """The SHA-256 of each as it is sealed. One that goes away meanwhile was erased."""
    found = {}
    for named, path in documents.listed(folder):
        try:
            source = path.open("rb")
        except FileNotFoundError:
            continue
        with source, writer.document(named) as member:
            while chunk := source.read(CHUNK):
                member.write(chunk)
        found["/".join(named)] = member.sha256
    return found


def _put_back_documents(archive: Archive, where: Settings) -> None:
    """Done again by a restore that takes up: a file that is there already is the same."""
    erased = Journal(where.erasures).read()
    for named in archive.documents():
        if named[0] not in erased:
            documents.put_back(where.documents, named, archive.document(named))


async def _already_filled(connection: Connection, archive: Archive) -> bool:
    """Whether an earlier restore of the same file was committed and did not finish."""
    mark = await _mark(connection)
    if mark is None:
        return False
    if mark != _UNFINISHED + archive.digest:
        raise BackupRefused(
            "La restauration d'un autre fichier n'est pas terminée dans cette base : relancez-la avec ce "
            "fichier-là, ou recommencez sur une base neuve."
        )
    return True


async def _fill(connection: Connection, archive: Archive, where: Settings) -> None:
    """The one transaction. Append-only triggers forbid rewriting, not adding: nothing gets around them."""
    mark = sql.Literal(_UNFINISHED + archive.digest)
    async with saved.transaction(connection):
        tables = await saved.tables(connection)
        await _lock(connection, tables.values())
        _check_versions(archive.manifest, await saved.migrations(connection), tables)
        await _check_empty(connection, tables.values())
        await _empty_views(where)
        for table in tables.values():
            await _fill_table(connection, archive, table)
        await saved.set_sequences(connection, archive.manifest.sequences)
        await _check_standing(connection, archive.manifest)
        await _check_seal(connection)
        if where.production:
            await _freeze_clock(connection)
        await connection.execute(sql.SQL("COMMENT ON SCHEMA ledger IS {}").format(mark))


async def _fill_table(connection: Connection, archive: Archive, table: Table) -> None:
    if table.single_row:
        await connection.execute(table.sql("DELETE FROM {table}"))
    async with connection.cursor() as cursor:
        async with cursor.copy(table.sql("COPY {table} ({columns}) FROM STDIN")) as copy:
            for chunk in archive.chunks(table.name):
                await copy.write(chunk)
        written, expected = cursor.rowcount, archive.manifest.tables[table.name].rows
    if written != expected:
        raise BackupRefused(
            f"La table {table.name} a {written} lignes, la sauvegarde en annonçait {expected} : rien n'a été "
            "restauré."
        )
    await connection.execute(table.sql("ANALYZE {table}"))


async def _lock(connection: Connection, tables: Iterable[Table]) -> None:
    """Keeps everybody out until the commit."""
    await connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(f"{PATIENCE}s"))
    try:
        for table in tables:
            await connection.execute(table.sql("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
    except psycopg.errors.LockNotAvailable as held:
        raise BackupRefused(_SERVING) from held


async def _wait_alone(connection: Connection) -> None:
    """The house serves through these two roles. A session that has just ended may still show for a moment."""
    for _ in range(PATIENCE * 10):
        ((sessions,),) = await saved.query(connection, _SESSIONS, [database.APP, database.PROJECTOR])
        if not sessions:
            return
        await asyncio.sleep(0.1)
    raise BackupRefused(_SERVING)


def _check_versions(manifest: Manifest, migrations: Mapping[str, str], tables: Mapping[str, Table]) -> None:
    wanted = {name: entry.columns for name, entry in manifest.tables.items()}
    here = {name: table.columns for name, table in tables.items()}
    names = saved.differing(manifest.migrations, migrations) or saved.differing(wanted, here)
    if names:
        raise BackupRefused(
            f"Cette sauvegarde vient d'une autre version de mentorat ({manifest.software}) : ce qui suit "
            f"diffère ici : {', '.join(names)}. Restaurez avec cette version-là, puis mettez à jour. "
            "Rien n'a été restauré."
        )


async def _check_empty(connection: Connection, tables: Iterable[Table]) -> None:
    for table in tables:
        cursor = await connection.execute(table.sql("SELECT FROM {table} LIMIT 1"))
        if not table.single_row and await cursor.fetchone() is not None:
            raise BackupRefused(
                f"Cette base n'est pas vide ({table.name} a des lignes) : une sauvegarde ne se restaure que "
                "sur une base neuve. Rien n'a été changé."
            )


async def _check_standing(connection: Connection, manifest: Manifest) -> None:
    found = await saved.standing(connection)
    if (found.head, found.tree_size, found.root) != (manifest.head, manifest.tree_size, manifest.root):
        raise BackupRefused(
            f"Le registre lu s'arrête à l'événement {found.head} (arbre de {found.tree_size}), la sauvegarde "
            f"annonçait {manifest.head} (arbre de {manifest.tree_size}) : rien n'a été restauré."
        )


async def _check_seal(connection: Connection) -> None:
    """The manifest is not signed: whoever altered an event could have made it again, but not the leaf."""
    found = await checks.check(connection, [])
    if found:
        raise BackupRefused(
            f"La sauvegarde a été altérée, ou venait d'un registre qui l'était : {found[0]} "
            "Rien n'a été restauré."
        )


async def _empty_views(where: Settings) -> None:
    """An empty ledger may still have the views of another life beside it."""
    async with saved.owner(where.dsn_projector) as projector, projector.transaction():
        await projector.execute("DROP SCHEMA IF EXISTS read, read_next, read_old CASCADE")
        await read_models.create(projector, "read")


async def _freeze_clock(connection: Connection) -> None:
    try:
        await connection.execute("UPDATE ledger.clock SET frozen = true WHERE NOT frozen")
    except psycopg.errors.CheckViolation as moved:
        raise BackupRefused(
            "Cette sauvegarde vient d'une maison dont l'horloge a été avancée : elle ne se restaure pas en "
            "production. Rien n'a été restauré."
        ) from moved


async def _mark(connection: Connection) -> str | None:
    ((mark,),) = await saved.query(connection, _MARK)
    return mark if mark and mark.startswith(_UNFINISHED) else None


def _summary(
    manifest: Manifest, file: Path, checkpoints: Path | None = None, *, resumed: bool = False
) -> Summary:
    published = sorted(_published(checkpoints)) if checkpoints else []
    last = published[-1] if published else None
    beyond = [(size, path) for epoch, size, path in published if last and epoch == last[0]]
    beyond = [(size, path) for size, path in beyond if size > manifest.tree_size]
    return Summary(
        file=file,
        size=file.stat().st_size,
        made_at=manifest.made_at,
        rows={name: entry.rows for name, entry in manifest.tables.items()},
        head=manifest.head,
        tree_size=manifest.tree_size,
        root=manifest.root,
        documents=len(manifest.documents),
        resumed=resumed,
        shorter_by=max((size for size, _ in beyond), default=manifest.tree_size) - manifest.tree_size,
        beyond=tuple(path for _, path in beyond),
    )


def _published(folder: Path) -> Iterable[tuple[int, int, Path]]:
    """Epoch, size and file of each checkpoint kept there."""
    for path in folder.glob("*.txt"):
        if named := _CHECKPOINT.fullmatch(path.name):
            yield int(named[1]), int(named[2]), path
