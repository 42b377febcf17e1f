"""What the worker works with: deadlines from the read models, a channel for reminders."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from ops.compose import House
from ops.imports.running import RunImport
from ops.settings import Settings
from projections import deadlines
from projections.left_behind import left_behind
from projections.reading import Behind, Reader
from workflows.delivery import Channel, FolderChannel, MailChannel
from workflows.releasing import LeftBehind
from workflows.sweeper import Pace
from workflows.worker import Deps
from workflows.worker import Settings as WorkerSettings

SYSTEM_SCOPE = frozenset({"role:system"})


class DueDeadlines:
    """The automatic deadlines of every record, as the read models hold them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def due_before(self, until: datetime) -> Sequence[tuple[str, datetime]]:
        async with self._reader.session(SYSTEM_SCOPE) as connection:
            return await deadlines.due_before(connection, until)


class ReadLeftBehind:
    """What associations leave behind, as the read models hold it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def of(self, association_id: str, position: int, until: datetime) -> LeftBehind:
        """Waits for as long as it takes: whatever was open then is in the rows of that position."""
        while True:
            with suppress(Behind):
                await self._reader.wait_for(position)
                break
        async with self._reader.session(SYSTEM_SCOPE) as connection:
            mentors, courses, released = await left_behind(connection, association_id, until)
        return LeftBehind(mentors, courses, released)


def worker_parts(parts: House) -> Deps:
    """The worker over one house."""
    settings = parts.settings
    pace = Pace(every=settings.sweep_seconds, horizon=timedelta(days=settings.horizon_days))
    return Deps(
        settings=WorkerSettings(
            address=settings.temporal_address,
            namespace=settings.temporal_namespace,
            task_queue=settings.task_queue,
            at_once=settings.pool_size,
            pace=pace,
        ),
        pool=parts.pool,
        commands=parts.executor,
        feed=parts.feed,
        deadlines=DueDeadlines(parts.reader),
        channel=channel_of(settings),
        importer=RunImport(parts.executor, parts.feed, parts.documents),
        left=ReadLeftBehind(parts.reader),
        mailboxes=settings.mailboxes,
    )


def channel_of(settings: Settings) -> Channel:
    """Mail when a server is named, else a folder of .eml files: a reminder is never "sent" by a log line."""
    if not settings.mail_host:
        return FolderChannel(settings.outbox)
    return MailChannel(
        host=settings.mail_host,
        port=settings.mail_port,
        sender=settings.mail_sender,
        user=settings.mail_user or None,
        password=settings.mail_password or None,
        starttls=settings.mail_starttls,
    )
