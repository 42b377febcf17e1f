"""The two registers and the programmes: what they say, how they are filtered, how one walks them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain.association.commands import ChangeIdentity, GrantEntitlement, RegisterAssociation
from domain.association.model import Entitlement, EntitlementKind, Identity
from domain.calendar import PartialDate, paris_day
from domain.convention.commands import (
    Announce,
    Denounce,
    End,
    NameSignatory,
    ProposeAmendment,
    RecordHistory,
    SetCoverage,
    SignAmendment,
)
from domain.convention.parts import Capacity, Coverage, Medium, Signatory
from domain.kernel import SYSTEM
from domain.programme.commands import SetTarget, programme_id
from domain.programme.model import Programme
from projections import associations, conventions, programmes
from projections.association_filters import AssociationFilters
from projections.conventions import ConventionFilters, ConventionRow
from projections.paging import BadCursor, Page
from projections.tracking import track
from tests.projections.support import Views, ids, in_force
from tests.support import FACE, FACE_PARTY, GRENOBLE, clauses


async def _get(views: Views, record_id: str = "convention-1") -> ConventionRow:
    async with views.seen("academie:10") as connection:
        found = await conventions.get(connection, record_id)
    assert found
    return found


async def _found(views: Views, **filters: Any) -> list[str]:
    async with views.seen() as connection:
        return sorted(ids((await conventions.page(connection, ConventionFilters(**filters))).items))


async def _walk(pages: Callable[[str | None], Awaitable[Page[Any]]]) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = await pages(after)
        found += ids(page.items)
        if page.next is None:
            return found
        after = page.next


async def test_the_three_dates_are_kept_apart_to_the_month(views: Views) -> None:
    record_id = await views.house.drafted(clauses=clauses(starts_on=None, ends_on=None))
    month = PartialDate(date(2025, 1, 1), "month")
    await views.house.do(
        Announce(record_id=record_id, announced_for=PartialDate(date(2024, 12, 5)), source="communiqué")
    )
    announced = await _get(views)
    await views.house.do(
        RecordHistory(
            record_id=record_id,
            signed_on=PartialDate(date(2024, 12, 1), "month"),
            in_force_from=month,
            ends_on=date(2026, 1, 31),
            evidence="Convention signée, page 3",
        )
    )
    row = await _get(views)

    assert (announced.evidence, announced.signed_on) == ("announced", None)
    assert announced.evidence_label == "annoncée, signature non attestée"
    assert await views.clear(announced.evidence_source) == "communiqué"
    assert announced.announced_in == announced.evidence_source
    assert (row.announced_for, row.signed_on, row.in_force_from, row.ends_on) == (
        "2024-12-05",
        "2024-12",
        "2025-01",
        "2026-01-31",
    )
    assert row.evidence == "history"
    assert await views.clear(row.evidence_source) == "Convention signée, page 3"


async def test_it_says_since_when_and_by_whom_it_is_awaited(views: Views) -> None:
    house = views.house
    record_id = await house.to_sign()
    sent_at = house.clock.instant
    house.clock.advance(days=3)
    await house.sign(record_id, "academie:10", on=house.clock.today - timedelta(days=2))
    row = await _get(views)

    assert (row.status, row.status_label) == ("partially_signed", "partiellement signée")
    assert row.since < sent_at + timedelta(days=1) < row.since_recorded == house.clock.instant
    assert row.unsigned == [FACE_PARTY]
    (awaited,) = row.next
    assert awaited.awaits == [FACE_PARTY]
    assert awaited.by == paris_day(sent_at) + timedelta(days=7)
    assert not awaited.late
    assert row.text_hash == (await house.convention(record_id)).text
    assert row.evidence is None
    academie, _ = row.parties
    assert academie["signed_on"] == (house.clock.today - timedelta(days=2)).isoformat()


async def test_the_name_of_a_signatory_is_in_persons_only_and_sealed(views: Views) -> None:
    await views.house.drafted()
    deputy = Signatory("Prénom Nom", "titre", Capacity.DELEGATION, "arrêté n° 7", date(2027, 1, 1))
    await views.house.do(NameSignatory(record_id="convention-1", party="academie:10", signatory=deputy))
    row = await _get(views)
    clear = {key: await views.clear(word) for key, word in row.persons.items()}
    assert clear == {
        "academie:10": "Prénom Nom",
        "academie:10.delegation": "arrêté n° 7",
        FACE_PARTY: "Prénom Nom",
    }
    assert row.parties[0]["signatory"] == {
        "title": "titre",
        "capacity": "delegation",
        "delegation_until": "2027-01-01",
    }
    assert "Prénom Nom" not in repr(row)
    assert "sealed:" not in repr(replace(row, persons={}))


async def test_an_amendment_shows_who_is_still_to_sign(views: Views) -> None:
    record_id = await in_force(views)
    await views.house.do(ProposeAmendment(record_id=record_id, clauses=clauses(ends_on=date(2027, 5, 1))))
    amendment = (await _get(views)).amendment
    assert amendment
    await views.house.do(
        SignAmendment(
            record_id=record_id,
            party="academie:10",
            on=PartialDate(views.house.clock.today),
            medium=Medium.PAPER,
            text_hash=amendment["text_hash"],
        )
    )
    amendment = (await _get(views)).amendment
    assert amendment
    assert [signed["party"] for signed in amendment["signed"]] == ["academie:10"]
    assert amendment["unsigned"] == [FACE_PARTY]


async def test_filters_choose(views: Views) -> None:
    house = views.house
    await in_force(views, "convention-running", ends_on=date(2026, 6, 1))
    await house.drafted("convention-draft", clauses=clauses(schemes=("cordees",), ends_on=date(2027, 1, 1)))
    await house.do(
        SetCoverage(record_id="convention-draft", coverage=Coverage(academies=("08",))),
    )

    both = ["convention-draft", "convention-running"]
    assert await _found(views) == both
    assert await _found(views, status="in_force") == ["convention-running"]
    assert await _found(views, academie="08") == ["convention-draft"]
    assert await _found(views, academie="10") == both
    assert await _found(views, association=FACE) == both
    assert await _found(views, association="association-other") == []
    assert await _found(views, scheme="1j1m") == ["convention-running"]
    assert await _found(views, ends_before=date(2026, 6, 2)) == ["convention-running"]
    assert await _found(views, ends_before=date(2026, 6, 1)) == []
    assert await _found(views, scheme="1j1m", academie="08") == []


async def test_an_overdue_report_is_seen_until_it_is_received(views: Views) -> None:
    await in_force(views, ends_on=date(2027, 6, 1))
    assert await _found(views, report_overdue=True) == []
    assert await _found(views, report_overdue=False) == ["convention-1"]
    views.house.clock.advance(days=230)
    await views.act_on_time()

    row = await _get(views)
    assert await _found(views, report_overdue=True) == ["convention-1"]
    assert row.report_overdue
    overdue = [report for report in row.reports if report["overdue"]]
    assert {report["label"] for report in overdue} >= {"bilan pédagogique 2026"}
    assert all(report["by"] for report in row.reports)


async def test_pages_walk_every_convention_once_while_rows_change(views: Views) -> None:
    expected = []
    for n in range(7):
        expected.append(await views.house.drafted(f"convention-{n}"))
        views.house.clock.advance(minutes=n % 2)
    changed = 0

    async def pages(after: str | None) -> Page[ConventionRow]:
        nonlocal changed
        for record_id in expected:
            changed += 1
            day = PartialDate(views.house.clock.today)
            await views.house.do(Announce(record_id=record_id, announced_for=day, source=f"{changed}"))
        async with views.seen() as connection:
            return await conventions.page(connection, ConventionFilters(academie="10"), after, 2)

    assert await _walk(pages) == expected[::-1]


async def test_pages_walk_every_association_once_while_rows_change(views: Views) -> None:
    expected = [FACE]
    for n in range(5):
        expected.append(f"association-{n}")
        await views.house.do(
            RegisterAssociation(record_id=expected[-1], identity=Identity(f"Z{n}"), academies=("10",))
        )

    async def pages(after: str | None) -> Page[associations.AssociationRow]:
        for record_id in expected:
            name = f"{record_id} {after}"
            await views.house.do(ChangeIdentity(record_id=record_id, identity=Identity(name)))
        async with views.seen() as connection:
            return await associations.page(connection, AssociationFilters(), after, 2)

    assert sorted(await _walk(pages)) == sorted(expected)


@pytest.mark.parametrize("cursor", ["x", "%%%", "W10", "WyJhIiwiYiJd", "", "bnVsbA", "WzEsMl0"])
async def test_a_cursor_from_elsewhere_is_refused(views: Views, cursor: str) -> None:
    async with views.seen() as connection:
        for call in (
            conventions.page(connection, ConventionFilters(), cursor or "é", 2),
            associations.page(connection, AssociationFilters(), cursor or "é", 2),
        ):
            with pytest.raises(BadCursor):
                await call


async def test_an_association_is_found_whatever_the_accents(views: Views) -> None:
    await views.house.do(
        RegisterAssociation(
            record_id="association-elan",
            identity=Identity("Élan Mentorat", aliases=("L'Étape",)),
            academies=("08",),
        ),
        GRENOBLE,
    )

    async def found(**filters: Any) -> list[str]:
        async with views.seen() as connection:
            return ids((await associations.page(connection, AssociationFilters(**filters))).items)

    assert await found(name="ELAN  mentorat") == ["association-elan"]
    assert await found(name="étape") == ["association-elan"]
    assert await found(name="%") == []
    assert await found(academie="08") == ["association-elan"]
    assert await found(academie="10") == [FACE]
    assert await found(status="candidate") == ["association-elan", FACE]
    assert await found(status="admitted") == []


async def test_an_association_is_conventionnee_while_a_convention_is_in_force(views: Views) -> None:
    async def bound() -> list[dict[str, Any]]:
        async with views.seen() as connection:
            row = await associations.get(connection, FACE)
        assert row
        return row.conventionnee

    await views.house.drafted()
    assert await bound() == []
    record_id = await in_force(views, "convention-2", ends_on=date(2026, 6, 1))
    scheme = {"id": record_id, "scheme": "1j1m", "from": views.house.clock.today.isoformat()}
    assert await bound() == [{**scheme, "to": "2026-06-01"}]

    today = views.house.clock.today
    await views.house.do(
        Denounce(record_id=record_id, party=FACE_PARTY, on=today, until=date(2026, 4, 1)), reason="départ"
    )
    assert await bound() == [{**scheme, "to": "2026-04-01"}]
    views.house.clock.advance(days=150)
    await views.house.do(End(record_id=record_id), SYSTEM)
    assert await bound() == []


async def test_entitlements_are_shown_with_their_period(views: Views) -> None:
    award = Entitlement(EntitlementKind.LAUREATE, "AAP-2025", ("1j1m",), date(2025, 9, 1), date(2026, 8, 31))
    await views.house.do(GrantEntitlement(record_id=FACE, entitlement=award))
    async with views.seen() as connection:
        row = await associations.get(connection, FACE)
    assert row
    assert row.entitlements == [
        {
            "kind": "laureate",
            "label": "lauréate d'un appel à projets",
            "reference": "AAP-2025",
            "schemes": ["1j1m"],
            "starts": "2025-09-01",
            "ends": "2026-08-31",
            "academies": [],
        }
    ]
    assert row.scopes
    assert "academie:10" in row.scopes


async def test_a_programme_shows_every_version_and_target(views: Views) -> None:
    target = SetTarget(
        record_id=programme_id("1j1m"), academie="10", school_year="2025-2026", mentees=120, lycees=8
    )
    await views.house.do(target)
    async with views.seen("public") as connection:
        (row,) = await programmes.list(connection)
        assert await programmes.get(connection, row.id) == row
        assert await programmes.get(connection, "programme-none") is None
    assert row.versions[0]["rules"]["review"] == {"count": 10, "unit": "school_days"}
    assert row.versions[0]["on"] == "2025-09-01"
    assert row.targets == [{"academie": "10", "school_year": "2025-2026", "mentees": 120, "lycees": 8}]


async def test_the_row_of_a_folded_record_is_the_row_that_is_read(views: Views) -> None:
    record_id = await in_force(views)
    read = await _get(views)
    tracked = track(await views.feed.of([record_id]))
    programme = track(await views.feed.of([read.programme_id]))
    assert tracked
    assert programme
    assert isinstance(programme.record, Programme)

    now = await views.house.recorder.now()
    assert conventions.row_at(tracked, programme.record, views.house.executor.world, now) == read
