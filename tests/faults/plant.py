"""The real parts, on the embedded servers: a ledger, a worker, and hands to break them."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg

from domain.association.commands import OpenAdmission
from domain.convention.parts import Party, PartyKind
from domain.folding import fold
from domain.links import Channel
from domain.mentor.parts import Person
from domain.ports import Commands, Outcome, Request, World
from domain.programme.commands import programme_id
from domain.programme.model import Programme
from domain.registry import waits
from domain.training.commands import Enrol, OpenCourse, Plan
from domain.training.parts import Course
from ledger.feed import LedgerFeed
from ledger.postgres import PostgresRecorder
from tests.conftest import Database
from tests.domain.mentor_support import MODULES, applying
from tests.support import COORDINATOR, FACE, FACE_PARTY, House, StoppedClock
from tests.workflows.stage import Outbox, name_of
from workflows import worker
from workflows.dead_letters import PostgresDeadLetters
from workflows.nudging import Nudger
from workflows.releasing import LeftBehind, LeftBehindBy
from workflows.sweeper import Pace

_NUMBERS = itertools.count(1)
NO_SWEEP = Pace(every=3600, grace=timedelta(days=365))
PROGRAMME = programme_id("1j1m")
PARTIES = (
    Party("academie:10", PartyKind.ACADEMIE, "académie de Lyon", mailbox="mentorat@lyon.test"),
    Party(FACE_PARTY, PartyKind.OPERATOR, "FACE", mailbox="contact@face.test"),
)


@dataclass
class Deadlines:
    """What the read model would say, computed from the ledger; of nothing while ``blind``."""

    plant: Plant
    blind: bool = True

    async def due_before(self, until: datetime) -> Sequence[tuple[str, datetime]]:
        found = []
        for record_id in () if self.blind else self.plant.records:
            soonest = await self.plant.soonest(record_id)
            if soonest and soonest <= until:
                found.append((record_id, soonest))
        return found


class NothingLeft:
    """Whoever lapses leaves nobody behind: each candidacy of a plant lapses by itself."""

    async def of(self, association_id: str, position: int, until: datetime) -> LeftBehind:
        return LeftBehind((), ())


@dataclass
class CountingNudger:
    """Counts what passes through to the real one, if there is one."""

    real: Nudger | None = None
    count: Counter[str] = field(default_factory=Counter)

    async def nudge(self, process: str, record_id: str) -> None:
        self.count[record_id] += 1
        if self.real:
            await self.real.nudge(process, record_id)

    async def start(self, process: str, record_id: str) -> bool:
        self.count[record_id] += 1
        return not self.real or await self.real.start(process, record_id)

    async def room(self) -> None:
        return None

    async def identity(self) -> str:
        return await self.real.identity() if self.real else "none"


@dataclass
class CutCommands:
    """The executor, whose answer is lost the first time that it records something for a step."""

    real: Commands
    lost: set[str] = field(default_factory=set)

    async def execute(self, request: Request) -> Outcome:
        outcome = await self.real.execute(request)
        if request.command_id not in self.lost:
            self.lost.add(request.command_id)
            raise ConnectionResetError
        return outcome

    async def now(self) -> datetime:
        return await self.real.now()

    @property
    def world(self) -> World:
        return self.real.world


class Plant:
    """A database of its own, and a worker whenever the test wants one."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.recorder = PostgresRecorder(database.app)
        self.house = House(self.recorder, StoppedClock(datetime.now(UTC)))
        self.feed = LedgerFeed(self.recorder)
        self.outbox = Outbox()
        self.letters = PostgresDeadLetters(database.app)
        self.deadlines = Deadlines(self)
        self.left: LeftBehindBy = NothingLeft()
        self.commands: Commands = self.house.executor
        self.queue = f"faults-{next(_NUMBERS)}"
        self.records: list[str] = []

    def deps(self, address: str, pace: Pace = NO_SWEEP) -> worker.Deps:
        return worker.Deps(
            settings=worker.Settings(address=address, task_queue=self.queue, at_once=6, pace=pace),
            pool=self.database.app,
            commands=self.commands,
            feed=self.feed,
            deadlines=self.deadlines,
            channel=self.outbox,
            left=self.left,
        )

    @asynccontextmanager
    async def working(self, address: str, pace: Pace = NO_SWEEP) -> AsyncIterator[asyncio.Task[None]]:
        """A whole worker; its failure, if any, is raised at the end."""
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(self.deps(address, pace), stop))
        yield task
        stop.set()
        await task

    async def to_sign(self, count: int) -> list[str]:
        """Conventions sent for signature today: five events each, and two reminders due in 7 days."""
        await self.house.open()
        for _ in range(count):
            record_id = f"convention-{self.queue}-{len(self.records)}"
            self.records.append(await self.house.to_sign(record_id, parties=PARTIES))
        return self.records

    async def onboarding(self, mentors: int, together: int = 1) -> list[str]:
        """Candidacies of today, that nobody completes, so many at a time."""
        await self.house.open()
        ids = [f"mentor-{self.queue}-{number}" for number in range(mentors)]
        for first in range(0, mentors, together):
            some = ids[first : first + together]
            asked = [applying(one, Person("Prénom", "Nom", f"{one}@exemple.test")) for one in some]
            await asyncio.gather(*(self.house.do(one, COORDINATOR) for one in asked))
        self.records += ids
        return self.records

    async def course(self) -> str:
        """A course that begins in a week, one candidate enrolled: the day before, it is told; the day after,
        it was held; then its attendance is asked for."""
        record_id = f"training-{self.queue}-{len(self.records)}"
        begins = self.house.clock.instant + timedelta(days=7)
        planned = Course("Être mentor·e", MODULES, 2, begins, begins + timedelta(hours=4), place="Lyon")
        plan = Plan(record_id=record_id, association_id=FACE, programme_id=PROGRAMME, course=planned)
        await self.house.do(plan, COORDINATOR)
        await self.house.do(OpenCourse(record_id=record_id), COORDINATOR)
        await self.house.do(Enrol(record_id=record_id, mentor_id=self.records[0]), COORDINATOR)
        self.records.append(record_id)
        return record_id

    async def admission(self) -> str:
        """FACE's, of which no document comes."""
        opening = OpenAdmission(
            record_id=FACE,
            programme_id=programme_id("1j1m"),
            on=self.house.clock.today,
            channel=Channel.MEETING,
        )
        await self.house.do(opening)
        self.records.append(FACE)
        return FACE

    def shift(self, offset: timedelta) -> None:
        """Moves the domain clock, as ``mentorat clock advance`` does."""
        with psycopg.connect(self.database.owner_dsn, autocommit=True) as connection:
            connection.execute("UPDATE ledger.clock SET shift = %s", (offset,))

    async def soonest(self, record_id: str) -> datetime | None:
        record = fold(await self.feed.of([record_id]))
        programme = fold(await self.feed.of([PROGRAMME]))
        assert record
        assert isinstance(programme, Programme)
        now = await self.house.executor.now()
        found = waits(record, lambda _: programme, self.house.executor.world, now)
        return min((due.at for due in found if due.automatic), default=None)

    async def told(self) -> Counter[tuple[str, str]]:
        """How many events of each name the system recorded of each record."""
        happened = await self.feed.of(self.records)
        return Counter(
            (one.record_id, name_of(one.event)) for one in happened if one.facts["role"] == "system"
        )

    async def all_told(self, *names: str, times: int) -> bool:
        """Whether each record has at least so many of each of these events."""
        told = await self.told()
        return all(told[record_id, name] >= times for record_id in self.records for name in names)

    async def relayed(self) -> int:
        """The relay's saved position."""
        async with self.database.app.connection() as connection:
            cursor = await connection.execute("SELECT position FROM process.tracking WHERE name = 'relay'")
            row = await cursor.fetchone()
        return row[0] if row else 0
