"""No read table holds anything personal in clear; and what is erased is forgotten there too, for ever."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from domain.calendar import PartialDate, start_of
from domain.company.commands import RegisterCompany
from domain.company.model import Firm
from domain.convention.commands import (
    Announce,
    Correct,
    NameSignatory,
    RecordHistory,
    RemoveParty,
    Submit,
)
from domain.convention.parts import Capacity, Signatory
from domain.erasure import Erase, Ground
from domain.imports.commands import Submit as SubmitImport
from domain.imports.parts import File, ImportKind
from domain.kernel import FORGOTTEN, Refused
from domain.mentor.parts import Person
from domain.ports import Happened
from domain.programme.commands import AdoptRules, programme_id
from domain.programme.rules import Delay, Rules
from domain.training.commands import Plan
from domain.training.parts import Course
from ledger.feed import LedgerFeed
from projections import conventions, history, schema, today
from projections.conventions import ConventionRow
from projections.history import HistoryRow
from projections.persons import Misplaced, sealed_in, withheld
from tests.domain.mentor_support import MODULES, PROFILE, applying
from tests.projections.support import DPO, Views, in_force
from tests.support import COORDINATOR, FACE, FACE_PARTY, NATIONAL, draft_command

NAME, DELEGATION = "Camille Introuvable", "arrêté nommant Dominique Introuvable"
SOURCE, EVIDENCE, REASON = "courriel de Sacha Inouïe", "page 3, main de Lou Inouïe", "dit par Noa Inouïe"
PLANTED = (NAME, DELEGATION, SOURCE, EVIDENCE, REASON)
CANDIDATE = Person("Alixandrine", "Inouïe-Nulle", "alix@introuvable.test", "06 98 76 54 32", date(1985, 3, 2))
FREE, ROOM, LINK = "le mardi, chez Charlie Inouïe", "chez Loïs Inouïe", "https://visio.test/lois-inouie"
TRAINER = "Sasha Introuvable"
FIRM, SIRET = "Charlie Inouïe EI", "73282932000074"
ELSEWHERE = (
    *("Alixandrine", "Inouïe-Nulle", "alix@introuvable.test", "98765432", "98 76 54 32", "1985-03-02"),
    *(FREE, ROOM, LINK, TRAINER, FIRM, SIRET),
)
"""The same of a candidate and of a course."""


async def test_a_word_put_into_the_row_of_another_record_is_not_opened(views: Views) -> None:
    """Whoever may write in the read models has no key, and must not borrow ours."""
    await planted(views)
    await planted(views, "convention-2")
    await views.projector.catch_up()
    async with views.projector_pool.connection() as hand:
        await hand.execute(
            "UPDATE read.conventions SET persons = (SELECT persons FROM read.conventions"
            " WHERE id = 'convention-2') WHERE id = 'convention-1'"
        )
    async with views.reader.session({"role:dpo"}) as connection:
        listed = (await conventions.page(connection, conventions.ConventionFilters())).items
    present = await today.convention(views.reader, {"role:dpo"}, "convention-1")
    assert present
    both: list[list[Any]] = [[row for row in listed if row.id == "convention-1"], [present]]
    for rows in both:
        with pytest.raises(Misplaced, match="convention-1 holds words of convention-2"):
            sealed_in(rows)
    sound: list[Any] = [row for row in listed if row.id == "convention-2"]
    assert sealed_in(sound)


async def planted(views: Views, record_id: str = "convention-1") -> str:
    """A convention with something of a person wherever something of a person can be."""
    house = views.house
    await house.do(draft_command(record_id), reason=REASON)
    day = PartialDate(house.clock.today)
    await house.do(Announce(record_id=record_id, announced_for=day, source=SOURCE), reason=REASON)
    for party in ("academie:10", FACE_PARTY):
        signatory = Signatory(NAME, "titre", Capacity.DELEGATION, DELEGATION, date(2027, 1, 1))
        await house.do(NameSignatory(record_id=record_id, party=party, signatory=signatory), reason=REASON)
    with pytest.raises(Refused):
        await house.do(RemoveParty(record_id=record_id, party="state"), reason=REASON)
    prior = RecordHistory(
        record_id=record_id, signed_on=day, in_force_from=day, ends_on=date(2028, 1, 1), evidence=EVIDENCE
    )
    await house.do(prior, reason=REASON)
    return record_id


async def planted_elsewhere(views: Views) -> None:
    """A candidate, a course with its trainer and its place, and a company, of which nobody is told."""
    house = views.house
    applied = applying("mentor-1", CANDIDATE, replace(PROFILE, availability=FREE))
    await house.do(applied, COORDINATOR, reason=REASON)
    starts = house.clock.instant + timedelta(days=7)
    course = Course("Être mentor·e", MODULES, 2, starts, starts + timedelta(hours=4), ROOM, LINK, TRAINER)
    plan = Plan(record_id="training-1", association_id=FACE, programme_id=programme_id("1j1m"), course=course)
    await house.do(plan, COORDINATOR)
    await house.do(RegisterCompany(record_id="company-1", firm=Firm(FIRM, SIRET)), COORDINATOR)
    file = File("0" * 64, 1_000, "text/csv")
    handed_in = SubmitImport(
        record_id="import-1",
        kind=ImportKind.MENTORS,
        association_id=FACE,
        training_id=None,
        file=file,
        dry_run=False,
    )
    await house.do(handed_in, COORDINATOR)


async def test_nothing_planted_is_in_clear_in_any_read_table(views: Views) -> None:
    await planted(views)
    await planted_elsewhere(views)
    await views.projector.catch_up()

    written = await views.written()

    assert [secret for secret in (*PLANTED, *ELSEWHERE) if secret in written] == []
    assert written.count("sealed:") > 25
    for projection in schema.PROJECTIONS:
        assert (await views.rows())[projection.name], projection.name


async def test_every_sealed_word_opens_to_what_was_planted(views: Views) -> None:
    record_id = await planted(views)
    async with views.seen() as connection:
        row = await conventions.get(connection, record_id)
        rows = (await history.page(connection, record_id)).items
    assert row
    words = [row.announced_in, row.evidence_source, *row.persons.values()]
    for one in rows:
        words += [one.reason, *one.persons.values()]

    assert {await views.clear(word) for word in words} == set(PLANTED)
    assert [await views.clear(one.reason) for one in rows if one.refused] == [REASON]


async def test_what_is_shown_today_is_the_row_whole(views: Views) -> None:
    ids = [await planted(views), await in_force(views, "convention-2"), "convention-3"]
    await views.house.drafted(ids[2])
    for record_id in ids:
        async with views.seen() as connection:
            row = await conventions.get(connection, record_id)
        shown = await today.convention(views.reader, {"role:system"}, record_id)
        assert row
        assert shown

        assert json.loads(shown.json()) == TypeAdapter(ConventionRow).dump_python(row, mode="json")
        assert shown.version == row.version
        assert json.loads(withheld(shown).json()) == TypeAdapter(ConventionRow).dump_python(
            withheld(row), mode="json"
        )


async def test_a_rebuild_needs_no_key_and_gives_the_same_rows_once_they_are_gone(views: Views) -> None:
    record_id = await planted(views)
    await views.house.do(Erase(record_id=record_id, ground=Ground.OBJECTION), DPO)
    await views.house.keyring.destroy(record_id)
    await views.projector.catch_up()
    live = await views.rows()

    await views.another_projector().rebuild()

    assert await views.rows() == live


async def test_an_erased_record_reads_forgotten_and_still_says_where_it_stood(views: Views) -> None:
    record_id, house = await planted(views), views.house
    before = house.clock.instant
    house.clock.advance(days=3)
    await house.do(Erase(record_id=record_id, ground=Ground.OBJECTION), DPO)
    await house.keyring.destroy(record_id)
    async with views.seen() as connection:
        row = await conventions.get(connection, record_id)
        rows = (await history.page(connection, record_id)).items
        now = await history.standing(connection, record_id, house.clock.instant, house.clock.instant)
        then = await history.standing(connection, record_id, before, house.clock.instant)
    assert row
    words = [row.announced_in, row.evidence_source, *row.persons.values()]
    for one in rows:
        words += [*one.persons.values(), *([one.reason] if one.reason else [])]

    assert {await views.clear(word) for word in words} == {FORGOTTEN}
    assert len(words) > 15
    assert (row.status, row.status_label, row.next) == ("erased", "effacée", [])
    assert now
    assert then
    assert (then.status, now.status) == ("signed", "erased")
    assert rows[-1].facts == {"ground": "objection"}
    assert rows[-1].label == "Données personnelles de la convention effacées"


# The trail -----------------------------------------------------------------------------------------


async def _history(views: Views, record_id: str) -> list[HistoryRow]:
    async with views.seen() as connection:
        return list((await history.page(connection, record_id)).items)


async def test_what_was_written_after_its_day_is_told_as_backdated(views: Views) -> None:
    house = views.house
    record_id = await house.to_sign()
    house.clock.advance(days=5)
    await house.sign(record_id, "academie:10", on=house.clock.today - timedelta(days=3))
    await house.sign(record_id, FACE_PARTY, on=house.clock.today)

    told = {row.position: row.backdated for row in await _history(views, record_id)}
    assert list(told.values())[-2:] == [True, False]
    assert sum(told.values()) == 1


@pytest.mark.parametrize(("months_ago", "backdated"), [(0, False), (1, True)])
async def test_a_month_is_backdated_once_it_is_surely_over(
    views: Views, months_ago: int, backdated: bool
) -> None:
    house = views.house
    record_id = await house.drafted()
    month = PartialDate(house.clock.today.replace(day=1, month=house.clock.today.month - months_ago), "month")
    await house.do(
        RecordHistory(
            record_id=record_id, signed_on=month, in_force_from=month, ends_on=date(2027, 1, 1), evidence="p"
        )
    )

    *_, last = await _history(views, record_id)
    assert last.effective_at == start_of(month.first)
    assert (last.effective_precision, last.backdated) == ("month", backdated)


async def test_a_corrected_event_names_its_corrections_and_they_name_it(views: Views) -> None:
    house = views.house
    record_id = await house.signed()
    version = next(r.version for r in await _history(views, record_id) if "Signed" in r.topic)
    for days in (1, 0):
        value = PartialDate(house.clock.today - timedelta(days=days))
        await house.do(
            Correct(
                record_id=record_id, supersedes=version or 0, date_name="signature:academie:10", value=value
            ),
            reason="erreur de saisie",
        )

    rows = await _history(views, record_id)
    corrections = [row.version for row in rows if row.supersedes == version]
    assert len(corrections) == 2
    assert {row.version: row.corrected_by for row in rows if row.corrected_by} == {version: corrections}


async def test_each_event_tells_under_which_rules_the_record_then_stood(views: Views) -> None:
    house = views.house
    record_id = await house.drafted()
    rules = Rules(review=Delay(3))
    adopted = AdoptRules(
        record_id=programme_id("1j1m"),
        rules=rules,
        on=house.clock.today + timedelta(days=2),
        academie="",
        to_open=True,
    )
    await house.do(adopted, NATIONAL)
    await house.do(Announce(record_id=record_id, announced_for=PartialDate(house.clock.today), source="s"))
    house.clock.advance(days=2)
    await house.do(Submit(record_id=record_id))
    rows = await _history(views, record_id)
    async with views.seen() as connection:
        convention = await conventions.get(connection, record_id)
        programme = list((await history.page(connection, programme_id("1j1m"))).items)

    assert [row.rules_version for row in rows] == [1, 1, 1, 1, 2]
    assert {row.rules_version for row in programme} == {None}
    assert convention
    assert convention.rules_version == 2
    live = await views.rows()
    await views.another_projector().rebuild()
    assert await views.rows() == live


class _Careless(LedgerFeed):
    """A feed that hands a reason over in clear."""

    async def after(self, position: int, limit: int) -> Sequence[Happened]:
        events = await super().after(position, limit)
        return [replace(one, facts=one.facts | {"reason": REASON}) for one in events]


async def test_a_reason_in_clear_stops_the_projector_before_any_table(views: Views) -> None:
    await views.house.drafted()
    views.feed = _Careless(views.house.recorder)

    with pytest.raises(TypeError, match="in clear at reason"):
        await views.another_projector().catch_up()

    assert (await views.rows())["history"] == []
