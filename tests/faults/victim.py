"""A worker's process made to be killed: it stops in the middle of every step, half of them once recorded.

``python -m tests.faults.victim``, told where everything is by its environment.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.ports import Commands, Outcome, Request, World
from ledger.feed import LedgerFeed
from ledger.postgres import PostgresRecorder
from ops import database
from tests.support import House
from tests.workflows.stage import Outbox
from workflows import worker
from workflows.sweeper import Pace

DSN: Final = "VICTIM_DSN"
ADDRESS: Final = "VICTIM_ADDRESS"
QUEUE: Final = "VICTIM_QUEUE"
FOR_EVER: Final = 3_600.0


@dataclass
class Stuck:
    """The executor, which never answers; records of an even number are written first."""

    real: Commands

    async def execute(self, request: Request) -> Outcome:
        if written_first(request.command.record_id):
            await self.real.execute(request)
        await asyncio.sleep(FOR_EVER)
        raise TimeoutError

    async def now(self) -> datetime:
        return await self.real.now()

    @property
    def world(self) -> World:
        return self.real.world


class NoDeadlines:
    """Nothing to sweep: the relay nudges."""

    async def due_before(self, until: datetime) -> list[tuple[str, datetime]]:
        return []


def written_first(record_id: str) -> bool:
    """Whether the record's last step was recorded before the kill."""
    return sum(record_id.encode()) % 2 == 0


async def main() -> None:
    async with database.pool(os.environ[DSN], most=8, name="victim") as pool:
        recorder = PostgresRecorder(pool)
        executor = House(recorder).executor
        settings = worker.Settings(
            address=os.environ[ADDRESS],
            task_queue=os.environ[QUEUE],
            at_once=32,
            pace=Pace(every=FOR_EVER, grace=timedelta(days=365)),
        )
        deps = worker.Deps(
            settings=settings,
            pool=pool,
            commands=Stuck(executor),
            feed=LedgerFeed(recorder),
            deadlines=NoDeadlines(),
            channel=Outbox(),
        )
        await worker.run(deps, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main())
