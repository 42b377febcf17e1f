"""What the house does for itself, beside the processes: erasures carried to their end, checkpoints, the end
of the reading log's entries, and of the files that were refused. One worker does it; every task can be done
twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import psycopg

from ledger.checkpoint import DoesNotExtend
from ledger.documents import Named
from ledger.notes import NoteInvalid
from ops import audit
from ops.compose import House

PAUSE: Final = 15.0
"""Seconds between two rounds: how long an erasure interrupted half-way may wait."""
DAY: Final = 86_400.0
HOUR: Final = 3_600.0
LOCK: Final = 7_305_040
"""Key of the advisory lock of whoever keeps the house."""

_NAMED: Final = """
SELECT f.record_id, f.sha256 FROM unnest(%s::text[], %s::text[]) AS f (record_id, sha256)
WHERE EXISTS (
    SELECT FROM ledger.events e WHERE e.record_id = f.record_id AND strpos(e.state, f.sha256) > 0)"""

log = logging.getLogger("mentorat")


@asynccontextmanager
async def kept(house: House) -> AsyncIterator[None]:
    """Keeps the house for as long as this lasts. A mistake ends the process, loudly, like any other part."""
    owner = asyncio.current_task()
    keeper = asyncio.create_task(Keeper(house).run(), name="housekeeping")
    keeper.add_done_callback(lambda done: owner.cancel() if owner and _failed(done) else None)
    try:
        yield
    finally:
        while not keeper.done():
            keeper.cancel()
            await asyncio.wait({keeper}, timeout=0.5)
        if _failed(keeper):
            keeper.result()


class Keeper:
    """The rounds. ``sealed_at``, ``purged_at`` and ``swept_at`` are this process's own clock, in seconds;
    ``epoch_told``: everybody was handed the last epoch declared, by this process.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._sealed_at = float("-inf")
        self._epoch_told = False
        self._purged_at = float("-inf")
        self._swept_at = float("-inf")

    async def run(self) -> None:
        """For ever. A lost database is waited for."""
        while True:
            try:
                await self.round()
            except psycopg.OperationalError as lost:
                log.warning("housekeeping lost the database: %s", type(lost).__name__)
            await asyncio.sleep(PAUSE)

    async def round(self) -> None:
        """Everything that is due now, unless another worker is at it."""
        async with self._house.pool.connection() as connection, connection.transaction():
            cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (LOCK,))
            row = await cursor.fetchone()
            if not row or not row[0]:
                return
            await self._carry_out_erasures()
            await self._publish_checkpoint()
            await self._purge_readings()
            await self._sweep_documents()

    async def _carry_out_erasures(self) -> None:
        done = await self._house.erasures.reconcile()
        if done:
            log.warning("%d erasures that were left half-way have been carried out", done)

    async def _publish_checkpoint(self) -> None:
        settings = self._house.settings
        if time.monotonic() - self._sealed_at < settings.checkpoint_minutes * 60:
            return
        try:
            self._epoch_told = self._epoch_told or not await audit.push_epoch(settings)
            checkpoint, _ = await audit.publish(settings, self._house.pool)
        except (DoesNotExtend, NoteInvalid) as refused:
            log.critical("no checkpoint was signed: %s (`mentorat audit check` locates it)", refused)
        else:
            log.info("checkpoint %s", checkpoint.name)
        self._sealed_at = time.monotonic()

    async def _purge_readings(self) -> None:
        if time.monotonic() - self._purged_at < DAY:
            return
        if count := await self._house.purge_readings():
            log.info("%d entries of the reading log were older than 12 months", count)
        self._purged_at = time.monotonic()

    async def _sweep_documents(self) -> None:
        """Removes the files that no event names for more than an hour: their commands were refused."""
        if time.monotonic() - self._swept_at < HOUR:
            return
        documents = self._house.documents
        idle = await documents.idle(HOUR)
        named = await self._named(idle)
        dropped = [one for one in idle if one not in named and await documents.drop(one, HOUR)]
        if dropped:
            log.info("%d files that were refused have been removed", len(dropped))
        self._swept_at = time.monotonic()

    async def _named(self, files: list[Named]) -> set[Named]:
        """Those of these files that an event of their record tells of."""
        async with self._house.pool.connection() as connection:
            cursor = await connection.execute(_NAMED, ([i for i, _ in files], [d for _, d in files]))
            return {(record_id, digest) for record_id, digest in await cursor.fetchall()}


def _failed(keeper: asyncio.Task[None]) -> bool:
    return keeper.done() and not keeper.cancelled() and keeper.exception() is not None
