"""By which records somebody was ever recognised: what was said stays said, once changed or erased too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.erasure import Erase, Ground
from domain.mentor.candidacies import Apply
from domain.mentor.identity import ChangePerson
from domain.mentor.known import digests_of
from domain.mentor.parts import Origin
from domain.programme.commands import programme_id
from ledger.postgres import SAYING, PostgresRecorder
from tests.conftest import Database
from tests.domain.mentor_support import AWA, PROFILE
from tests.projections.support import DPO
from tests.support import COORDINATOR, FACE, House


@pytest.mark.parametrize("store", ["memory", "postgres"])
async def test_a_record_is_found_by_all_that_it_was_ever_recognised_by(
    database: Database, store: str
) -> None:
    house = House(PostgresRecorder(database.app) if store == "postgres" else None)
    recorder = house.recorder
    await house.open()
    for record_id, person in (
        ("mentor-1", AWA),
        ("mentor-2", replace(AWA, birth_date=None, email="b@b.test")),
    ):
        await house.do(
            Apply(
                record_id=record_id,
                association_id=FACE,
                programme_id=programme_id("1j1m"),
                person=person,
                profile=PROFILE,
                channel=Origin.ASSOCIATION,
            ),
            COORDINATOR,
        )
    later = replace(AWA, email="nouvelle@exemple.test")
    await house.do(ChangePerson(record_id="mentor-1", person=later), COORDINATOR)
    await house.do(Erase(record_id="mentor-1", ground=Ground.OBJECTION), DPO)

    first, second = (digests_of(FACE, one, house.executor.digests.of_words) for one in (AWA, later))
    shared = {str(first.bare_digest), str(first.birth_digest)}
    asked = {*first.all(), *second.all(), *shared, "0" * 64}
    assert await recorder.saying(asked) == {key: {"mentor-1"} for key in {*first.all(), *second.all()}}


async def test_who_was_recognised_is_looked_up_and_not_searched_for_in_every_event(
    database: Database,
) -> None:
    async with database.app.connection() as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        explained = await connection.execute("EXPLAIN " + SAYING, {"asked": ["0" * 64]})
        plan = "\n".join(line for (line,) in await explained.fetchall())
    assert "Index Scan on digests" in plan, plan
