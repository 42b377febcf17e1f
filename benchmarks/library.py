"""The baselines of eventsourcing 9.5.6: its recorder, and its projections with the wait for them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent, Tracking
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresFactory, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import Environment
from psycopg.sql import SQL, Composed

THREADS: Final = 8


def environment(dsn: str, **more: str) -> dict[str, str]:
    parts = urlsplit(dsn)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": str(parts.hostname),
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": unquote(parts.username or ""),
        "POSTGRES_PASSWORD": unquote(parts.password or ""),
        "POSTGRES_POOL_SIZE": str(THREADS),
        **more,
    }


@contextmanager
def recorder(dsn: str) -> Iterator[PostgresApplicationRecorder]:
    """The library's recorder as it comes: its table lock on."""
    factory = PostgresFactory(Environment("plain", environment(dsn, ORIGINATOR_ID_TYPE="text")))
    try:
        made = factory.application_recorder()
        if not isinstance(made, PostgresApplicationRecorder):
            raise TypeError(type(made))
        yield made
    finally:
        factory.close()


def append_rate(into: PostgresApplicationRecorder, rows: Sequence[tuple[str, bytes]]) -> float:
    """Events a second, one a transaction, from as many threads as it has connections."""
    events = [StoredEvent(f"convention-{uuid4()}", 1, topic, state) for topic, state in rows]
    with ThreadPoolExecutor(THREADS) as threads:
        started = time.perf_counter()
        for _ in threads.map(lambda one: into.insert_events([one]), events):
            continue
        return len(events) / (time.perf_counter() - started)


class File(Aggregate):
    """A record of the library's kind, whose events carry as many bytes as ours."""

    @event("Opened")
    def __init__(self, facts: str) -> None:
        self.facts = facts

    @event("Noted")
    def note(self, facts: str) -> None:
        self.facts = facts


class Register(Application[Any]):
    """The library's application over its own recorder."""


class FileView(PostgresTrackingRecorder):
    """The least read model there can be: what was last said of each record."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        table = SQL(
            "CREATE TABLE IF NOT EXISTS public.file_view (id uuid PRIMARY KEY, version int, facts text)"
        )
        self.sql_create_statements.append(Composed([table]))

    def show(self, file_id: Any, version: int, facts: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO public.file_view VALUES (%s, %s, %s) ON CONFLICT (id)"
                " DO UPDATE SET version = excluded.version, facts = excluded.facts",
                (file_id, version, facts),
                prepare=True,
            )


class FileProjection(Projection[FileView]):
    """One row an event, row and position in one transaction: the library's way."""

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.show(
            domain_event.originator_id, domain_event.originator_version, domain_event.facts, tracking
        )


@contextmanager
def running(dsn: str) -> Iterator[ProjectionRunner[Register, FileView]]:
    with ProjectionRunner(
        application_class=Register, projection_class=FileProjection, view_class=FileView, env=environment(dsn)
    ) as runner:
        yield runner


def fill(dsn: str, histories: Sequence[Sequence[str]]) -> int:
    """The same records in the library's own store; answers how many events that makes."""
    register = Register(environment(dsn))
    for history in histories:
        register.save(_file(history))
    count = register.recorder.max_notification_id() or 0
    register.close()
    return count


def catch_up_rate(dsn: str, count: int) -> float:
    """Events a second, from the first one seen done: making the runner does not count.

    Its own wait polls too slowly to measure with; the table is asked instead.
    """
    with running(dsn) as runner:
        first = _done(runner, 1)
        started = time.perf_counter()
        _done(runner, count)
        return (count - first) / (time.perf_counter() - started)


def _done(runner: ProjectionRunner[Register, FileView], wanted: int) -> int:
    while (reached := runner.view.max_tracking_id(runner.app_name) or 0) < wanted:
        time.sleep(0.005)
    return reached


def forget_position(dsn: str) -> None:
    """Back to the day of installation, so that the next round begins at the first event."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS public.file_view, public.fileprojection_tracking")


def visible_after(runner: ProjectionRunner[Register, FileView], facts: str) -> float:
    """Seconds from the command to the moment when ``wait`` lets its reader go on."""
    started = time.perf_counter()
    recordings = runner.app.save(_file([facts]))
    runner.wait(recordings[-1].notification.id, timeout=5.0)
    return time.perf_counter() - started


def _file(history: Sequence[str]) -> File:
    file = File(facts=history[0])
    for facts in history[1:]:
        file.note(facts)
    return file


def facts_of(state: str, metadata: str) -> str:
    """An event's bytes and its circumstances in one field: the library has no other place for them."""
    return json.dumps([state, metadata], ensure_ascii=False)
