"""Who did what, when it was true, when it was written, why; and where a record stood on another day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import PartialDate, start_of
from domain.convention.commands import Correct, RemoveParty, Submit
from domain.folding import standing_at
from domain.kernel import FREE_TEXT, PERSONAL, Forbidden, Refused, Sealed
from projections import feed, history
from projections.facts import split
from projections.history import HistoryRow
from tests.conftest import Database
from tests.projections.histories import CONVENTIONS, FEW, Asked, histories, play
from tests.projections.support import Views, in_force
from tests.support import AUDITOR, COORDINATOR, FACE_PARTY, LYON, START, draft_command


async def _history(views: Views, record_id: str, *scopes: str) -> list[HistoryRow]:
    async with views.seen(*scopes) as connection:
        return list((await history.page(connection, record_id)).items)


@FEW
@given(history_=histories(), days=st.lists(st.tuples(st.integers(-60, 400), st.integers(0, 400)), min_size=5))
async def test_the_standing_read_is_the_standing_folded(
    database: Database, history_: list[Asked], days: list[tuple[int, int]]
) -> None:
    views = Views(database.app, database.projector)
    await views.empty()
    await views.house.open()
    for step in history_:
        await play(views, step)
    now = await views.house.recorder.now()
    async with views.seen() as connection:
        for record_id in CONVENTIONS:
            events = await views.feed.of([record_id])
            asked = [(START + timedelta(days=d), START + timedelta(days=k)) for d, k in days]
            for as_of, known_at in [*asked, (now, now)]:
                folded = standing_at(events, as_of, known_at)
                read = await history.standing(connection, record_id, as_of, known_at)
                assert (folded is None) == (read is None)
                if folded and read:
                    assert read.status == folded.status
                    assert read.effective_at == folded.effective_at
                    assert read.recorded_at == folded.recorded_at
                    assert read.version == folded.version


async def test_a_correction_counts_from_the_event_it_supersedes(views: Views) -> None:
    house = views.house
    record_id = await in_force(views)
    signed_on, known = house.clock.today, house.clock.instant
    signatures = [row.version for row in await _history(views, record_id) if "Signed" in row.topic]
    house.clock.advance(days=10)
    day_before = PartialDate(signed_on - timedelta(days=1))
    for party, version in zip(("academie:10", FACE_PARTY), signatures, strict=True):
        await house.do(
            Correct(
                record_id=record_id,
                supersedes=version or 0,
                date_name=f"signature:{party}",
                value=day_before,
            ),
            reason="mauvaise lecture du registre",
        )

    async with views.seen() as connection:
        as_known_then = await history.standing(connection, record_id, known, known)
        as_known_now = await history.standing(connection, record_id, known, house.clock.instant)
        that_day = await history.standing(
            connection, record_id, start_of(day_before.first), house.clock.instant
        )
        before = await history.standing(connection, record_id, START - timedelta(days=2), house.clock.instant)

    assert as_known_then
    assert as_known_then.signed_on == signed_on.isoformat()
    assert as_known_now
    assert as_known_now.signed_on == day_before.isoformat()
    assert as_known_now.version == as_known_then.version
    assert that_day
    assert (that_day.status, that_day.signed_on) == ("signed", day_before.isoformat())
    assert before is None


async def test_a_paper_signed_earlier_and_recorded_last_does_not_date_the_whole(views: Views) -> None:
    house = views.house
    record_id = await house.to_sign()
    house.clock.advance(days=20)
    today = house.clock.today
    await house.sign(record_id, FACE_PARTY, on=today)
    await house.sign(record_id, "academie:10", on=today - timedelta(days=15))

    async with views.seen() as connection:
        between = start_of(today - timedelta(days=10))
        then = await history.standing(connection, record_id, between, house.clock.instant)
        now = await history.standing(connection, record_id, house.clock.instant, house.clock.instant)

    assert then
    assert (then.status, then.signed_on) == ("partially_signed", None)
    assert now
    assert (now.status, now.signed_on) == ("signed", today.isoformat())
    assert now.effective_at == start_of(today)


async def test_a_refused_command_is_in_the_history_of_the_record_it_concerns(views: Views) -> None:
    record_id = await views.house.drafted()
    version = (await views.house.convention(record_id)).version
    with pytest.raises(Forbidden):
        await views.house.do(Submit(record_id=record_id), COORDINATOR)

    *_, last = await _history(views, record_id, "academie:10")

    assert last.refused
    assert last.version is None
    assert last.label == "Demande refusée"
    assert (last.actor, last.role, last.command) == ("t-face", "association", "convention.submit")
    assert last.facts["guard"] == "role_not_allowed"
    assert last.facts["missing"]
    assert (await views.house.convention(record_id)).version == version


async def test_a_refusal_before_there_is_a_record_is_the_auditor_s_then_the_record_s(views: Views) -> None:
    with pytest.raises(Refused):
        await views.house.do(draft_command("convention-9"), COORDINATOR)
    assert len(await _history(views, "convention-9", "role:auditor")) == 1
    assert await _history(views, "convention-9", "academie:10") == []

    await views.house.drafted("convention-9")

    rows = await _history(views, "convention-9", "academie:10")
    assert rows[0].refused
    assert rows[1].label == "Convention mise en préparation"


async def test_a_party_taken_out_no_longer_reads_what_came_before(views: Views) -> None:
    record_id = await views.house.drafted()
    assert await _history(views, record_id, FACE_PARTY)

    await views.house.do(RemoveParty(record_id=record_id, party=FACE_PARTY))

    assert await _history(views, record_id, FACE_PARTY) == []
    assert len(await _history(views, record_id, "academie:10")) == 4
    async with views.seen(FACE_PARTY) as connection:
        assert all(row.subject != record_id for row in (await feed.page(connection)).items)


async def test_a_row_says_when_it_was_true_and_when_it_was_written(views: Views) -> None:
    record_id = await views.house.to_sign()
    views.house.clock.advance(days=5)
    day = views.house.clock.today - timedelta(days=3)
    await views.house.sign(record_id, "academie:10", on=day)

    *_, signed = await _history(views, record_id)

    assert signed.label == "Signature d'une partie"
    assert signed.effective_at == start_of(day)
    assert signed.effective_precision == "day"
    assert signed.recorded_at == views.house.clock.instant
    assert signed.status == "partially_signed"


async def test_what_is_personal_is_nowhere_but_in_persons(views: Views) -> None:
    await in_force(views)
    named = [row for row in await _history(views, "convention-1") if "SignatoryNamed" in row.topic]
    assert [list(row.persons) for row in named] == [["name"]] * 2
    assert [await views.clear(row.persons["name"]) for row in named] == ["Prénom Nom"] * 2
    assert all("sealed:" not in json.dumps(row.facts) for row in named)


async def test_personal_values_are_found_however_deep() -> None:
    ada, bob, zoe, said = (_sealed(box) for box in ("p:Ada", "p:Bob", "p:Zoé", "t:Zoé"))
    public, persons = split(_Outer((_Inner(ada, "mentor"),), {"a": _Inner(bob, "x")}, None, said))

    assert public == {"many": [{"role": "mentor"}], "by": {"a": {"role": "x"}}}
    assert persons == {"many.0.name": ada.token, "by.a.name": bob.token, "said": said.token}
    assert split(_Outer((), {}, (zoe, ada)))[1] == {"guardians.0": zoe.token, "guardians.1": ada.token}


def test_a_value_without_json_is_a_bug_and_not_a_guess() -> None:
    with pytest.raises(TypeError, match="no JSON for object at x"):
        split({"x": object()})


def test_a_personal_value_in_clear_has_no_place_in_a_read_model() -> None:
    for clear in (_Outer((_Inner("Ada", "mentor"),), {}, None), _Outer((), {}, None, "Zoé")):
        with pytest.raises(TypeError, match="in clear"):
            split(clear)


async def test_pages_follow_on_from_a_position(views: Views) -> None:
    record_id = await in_force(views)
    whole = await _history(views, record_id)
    found: list[HistoryRow] = []
    after = 0
    async with views.seen("academie:10", "public") as connection:
        while True:
            page = await history.page(connection, record_id, after, 3)
            assert len(page.items) <= 3
            found += page.items
            if page.next is None:
                break
            after = int(page.next)
    assert found == whole
    assert len(found) > 6


async def test_the_feed_tells_what_happened_to_whoever_may_know(views: Views) -> None:
    await views.house.drafted()
    async with views.seen("academie:10") as connection:
        mine = (await feed.page(connection, types=["convention.Drafted@1"])).items
        after = (await feed.page(connection, mine[0].position)).items
    async with views.seen("academie:08") as connection:
        theirs = (await feed.page(connection)).items

    assert [row.subject for row in mine] == ["convention-1"]
    assert mine[0].data["title"] == "Mentorat en lycée professionnel"
    assert {row.type for row in after} == {"convention.SignatoryNamed@1"}
    assert theirs == []


async def test_the_inspection_reads_every_record_s_history(views: Views) -> None:
    await views.house.drafted()
    assert AUDITOR.scopes >= {"role:auditor"}
    assert len(await _history(views, "convention-1", "role:auditor")) == 3
    assert LYON.id in {row.actor for row in await _history(views, "convention-1", "role:auditor")}


def _sealed(box: str) -> Sealed:
    return Sealed(("thing-1",), uuid4(), box)


@dataclass(frozen=True)
class _Inner:
    name: Annotated[str | Sealed, PERSONAL]
    role: str


@dataclass(frozen=True)
class _Outer:
    many: tuple[_Inner, ...]
    by: dict[str, _Inner]
    guardians: tuple[Annotated[str | Sealed, PERSONAL], ...] | None
    said: Annotated[str | Sealed | None, FREE_TEXT] = None
