"""Any run of a process may be lost at any moment: the next one reaches the same future."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention.commands import Denounce, ReceiveReport, Sign, Terminate, WithdrawNotice
from domain.convention.parts import EndCause, Medium
from domain.kernel import Refused
from tests.support import FACE_PARTY, START
from tests.workflows.stage import Stage, line

LAST_DAY = 360
_NUMBERS = itertools.count(1)
SWEPT_EVERY = 15
HORIZON = timedelta(days=60)


@dataclass(frozen=True)
class Deed:
    """What a person does, so many days after the text was sent for signature. Refused, it is nothing."""

    day: int
    what: str

    def command(self, record_id: str, text: str, today: date) -> Command:
        verb, _, about = self.what.partition(" ")
        on = PartialDate(today)
        if verb == "sign":
            return Sign(record_id=record_id, party=about, on=on, medium=Medium.PAPER, text_hash=text)
        if verb == "report":
            return ReceiveReport(record_id=record_id, report=about, on=on)
        if verb == "denounce":
            return Denounce(record_id=record_id, party="academie:10", on=today)
        if verb == "withdraw":
            return WithdrawNotice(record_id=record_id, party="academie:10")
        return Terminate(record_id=record_id, cause=EndCause.FAULT, effective=today + timedelta(days=40))


_days = st.integers(min_value=1, max_value=LAST_DAY)
_signing = st.builds(
    Deed, st.integers(min_value=1, max_value=40), st.sampled_from(["sign academie:10", f"sign {FACE_PARTY}"])
)
_living = st.builds(
    Deed,
    _days,
    st.sampled_from(
        [
            "report bilan:2026",
            "report financial:2025",
            "report bilan:2027",
            "denounce",
            "withdraw",
            "terminate",
        ]
    ),
)
histories = st.tuples(st.lists(_signing, min_size=2, max_size=4), st.lists(_living, max_size=5)).map(
    lambda parts: sorted([*parts[0], *parts[1]], key=lambda deed: deed.day)
)
losses = st.dictionaries(
    st.sampled_from(range(0, LAST_DAY, SWEPT_EVERY)), st.floats(0, 0.05), min_size=3, max_size=12
)
"""On which days the process is lost, and how many seconds after its nudge: in the middle of its work."""


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(history=histories, lost=losses)
async def test_a_process_lost_at_any_moment_and_started_again_reaches_the_same_events(
    client: Client, history: list[Deed], lost: dict[int, float]
) -> None:
    await _same_future(client, history, lost)


@pytest.mark.stress
@settings(max_examples=40, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(history=histories, lost=losses)
async def test_the_same_over_many_random_histories(
    client: Client, history: list[Deed], lost: dict[int, float]
) -> None:
    await _same_future(client, history, lost)


async def _same_future(client: Client, history: list[Deed], lost: dict[int, float]) -> None:
    uninterrupted = await _lived(client, history, looked_at=lost, lost={})
    assert "ReminderDue" in " ".join(uninterrupted)
    assert await _lived(client, history, looked_at=lost, lost=lost) == uninterrupted


async def _lived(
    client: Client, history: list[Deed], *, looked_at: Iterable[int], lost: dict[int, float]
) -> list[str]:
    """Every event of the record with its day, whoever recorded it."""
    stage = Stage(WorkflowEnvironment.from_client(client), None, HORIZON)
    await stage.house.open()
    record_id = await stage.house.to_sign(f"convention-lived-{next(_NUMBERS)}")
    days = {*range(0, LAST_DAY, SWEPT_EVERY), *looked_at, *(deed.day for deed in history)}
    async with stage.playing():
        for day in sorted(days):
            stage.house.clock.instant = START + timedelta(days=day)
            for deed in history:
                if deed.day == day:
                    await _try(stage, record_id, deed)
            await stage.nudge(record_id)
            if day in lost:
                await asyncio.sleep(lost[day])
                await stage.end(record_id)
                await stage.nudge(record_id)
            await stage.quiet(record_id)
    return [line(one) for one in await stage.happened(record_id)]


async def _try(stage: Stage, record_id: str, deed: Deed) -> None:
    text = (await stage.house.convention(record_id)).text or ""
    with contextlib.suppress(Refused):
        await stage.house.do(deed.command(record_id, text, stage.house.clock.today), reason="motif")
