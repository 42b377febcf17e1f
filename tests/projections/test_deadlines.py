"""What is awaited, by when, from whom; true again each morning and each time the rules change."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain.calendar import PartialDate, start_of
from domain.convention.commands import Abandon, Announce
from domain.kernel import SYSTEM
from domain.programme.commands import AdoptRules, programme_id
from domain.programme.rules import Delay, Rules
from domain.reminding import RecordDelivery
from projections import builder, conventions, deadlines
from projections.deadlines import DeadlineFilters, DeadlineRow
from projections.paging import BadCursor
from tests.projections.support import Views, in_force
from tests.support import FACE_PARTY, NATIONAL


async def _awaited(views: Views, **filters: Any) -> list[DeadlineRow]:
    async with views.seen() as connection:
        return list((await deadlines.page(connection, DeadlineFilters(**filters), limit=500)).items)


async def _adopt(views: Views, rules: Rules, on: date, *, to_open: bool) -> None:
    adopted = AdoptRules(record_id=programme_id("1j1m"), rules=rules, on=on, to_open=to_open)
    await views.house.do(adopted, NATIONAL)


async def test_each_party_is_awaited_by_its_day(views: Views) -> None:
    sent = views.house.clock.today
    await views.house.to_sign()

    rows = await _awaited(views)

    assert {row.awaits[0] for row in rows} == {"academie:10", FACE_PARTY}
    for row in rows:
        assert row.by == sent + timedelta(days=7)
        assert row.at == start_of(sent + timedelta(days=7))
        assert (row.record_id, row.record_kind) == ("convention-1", "convention")
        assert row.title == "Mentorat en lycée professionnel"
        assert "ignature" in row.what
        assert row.automatic


async def test_filters_choose(views: Views) -> None:
    house = views.house
    await house.to_sign("convention-1")
    await in_force(views, "convention-2")
    today = house.clock.today

    async def records(**filters: Any) -> set[str]:
        return {row.record_id for row in await _awaited(views, **filters)}

    assert await records(before=today + timedelta(days=8)) == {"convention-1"}
    assert await records(before=today + timedelta(days=7)) == set()
    assert await records(late=house.clock.instant + timedelta(days=8)) == {"convention-1"}
    assert await records(late=house.clock.instant + timedelta(days=7)) == set()
    assert await records(record_id="convention-2") == {"convention-2"}
    assert await records(kind="end") == {"convention-2"}
    assert await records(kind="end", awaits=FACE_PARTY) == set()
    assert await records(awaits=FACE_PARTY) == {"convention-1", "convention-2"}
    assert await records(academie="10") == {"convention-1", "convention-2"}
    assert await records(academie="08") == set()


async def test_pages_walk_every_deadline_once_in_the_order_of_their_time(views: Views) -> None:
    for n in range(4):
        await in_force(views, f"convention-{n}")
    whole = await _awaited(views)
    found: list[DeadlineRow] = []
    after: str | None = None
    async with views.seen() as connection:
        while True:
            page = await deadlines.page(connection, DeadlineFilters(), after, 3)
            found += page.items
            after = page.next
            if after is None:
                break
        with pytest.raises(BadCursor):
            await deadlines.page(connection, DeadlineFilters(), "nonsense")
    assert len(found) > 12
    assert found == whole == sorted(whole, key=lambda row: (row.at, row.record_id, row.key))


async def test_what_is_done_is_no_longer_awaited_but_its_erasure_is(views: Views) -> None:
    await views.house.to_sign()
    assert "erase" not in {due.kind for due in await _awaited(views)}
    await views.house.do(Abandon(record_id="convention-1"), reason="projet arrêté")
    assert [due.kind for due in await _awaited(views)] == ["erase"]


async def test_the_sweeper_finds_the_soonest_automatic_deadline_of_each_record(views: Views) -> None:
    house = views.house
    await house.to_sign("convention-1")
    await in_force(views, "convention-2")
    await house.drafted("convention-3")
    day = PartialDate(house.clock.today)
    await house.do(Announce(record_id="convention-3", announced_for=day, source="communiqué"))
    reminder = start_of(house.clock.today + timedelta(days=7))
    async with views.seen() as connection:
        year = await deadlines.due_before(connection, house.clock.instant + timedelta(days=365))
        assert await deadlines.due_before(connection, reminder) == [("convention-1", reminder)]
        assert await deadlines.due_before(connection, reminder - timedelta(seconds=1)) == []
    assert [record_id for record_id, _ in year] == ["convention-1", "convention-2"]


async def test_rules_meant_for_open_records_move_their_deadlines(
    views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "BATCH", 2)
    monkeypatch.setattr(builder, "CHUNK", 2)
    today = views.house.clock.today
    for n in range(5):
        await views.house.to_sign(f"convention-{n}")
    await views.projector.catch_up()
    sooner = Rules(signature_reminders=(Delay(2),))

    await _adopt(views, sooner, today, to_open=False)
    assert {row.by for row in await _awaited(views)} == {today + timedelta(days=7)}

    await _adopt(views, sooner, today, to_open=True)
    assert {row.by for row in await _awaited(views)} == {today + timedelta(days=2)}
    assert len(await _awaited(views)) == 10
    async with views.seen() as connection:
        followers = await deadlines.programme_records(connection, programme_id("1j1m"))
    assert followers == [f"convention-{n}" for n in range(5)]


async def test_rules_adopted_for_a_day_to_come_move_deadlines_that_day(views: Views) -> None:
    sent = views.house.clock.today
    await views.house.to_sign()
    await _adopt(views, Rules(signature_reminders=(Delay(6),)), on=sent + timedelta(days=4), to_open=True)
    views.house.clock.advance(days=3)
    assert {row.by for row in await _awaited(views)} == {sent + timedelta(days=7)}
    views.house.clock.advance(days=1)
    assert {row.by for row in await _awaited(views)} == {sent + timedelta(days=6)}


async def test_a_new_day_chooses_among_overtaken_reminders_without_any_event(views: Views) -> None:
    await views.house.to_sign()
    assert {row.key.rpartition(":")[2] for row in await _awaited(views)} == {"1"}
    head = await views.feed.head()
    views.house.clock.advance(days=15)
    assert {row.key.rpartition(":")[2] for row in await _awaited(views)} == {"2"}
    assert await views.feed.head() == head


async def test_lateness_shows_from_the_day_after_the_term(views: Views) -> None:
    await views.house.to_sign()

    async def late() -> set[bool]:
        async with views.seen() as connection:
            row = await conventions.get(connection, "convention-1")
        assert row
        return {one.late for one in row.next}

    views.house.clock.advance(days=7)
    await views.act_on_time()
    for key in (await views.house.convention("convention-1")).reminders:
        delivered = RecordDelivery(record_id="convention-1", key=key, channel="email")
        await views.house.do(delivered, SYSTEM)
    assert await late() == {False}
    assert all(row.at > views.house.clock.instant for row in await _awaited(views))
    views.house.clock.advance(days=1)
    assert await late() == {True}


async def test_an_alert_is_overtaken_long_before_its_term(views: Views) -> None:
    ends_on = views.house.clock.today + timedelta(days=365)
    await in_force(views, ends_on=ends_on, bilan=False, financial_report=False)

    async def alert() -> list[str]:
        return [row.key.rpartition(":")[2] for row in await _awaited(views, kind="alert_end")]

    assert await alert() == ["180"]
    head = await views.feed.head()
    views.house.clock.advance(days=200)
    assert await alert() == ["180"]
    views.house.clock.advance(days=80)
    assert await alert() == ["90"]
    assert await views.feed.head() == head
