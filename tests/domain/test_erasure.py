"""Erasing: who may, on which ground, what it closes for good, and what it leaves true."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from typing import Any, NoReturn, cast

import pytest

from domain.association.commands import ChangeIdentity, RegisterAssociation
from domain.association.model import Association, Identity
from domain.authorization import AFTER_ERASING, ERASING, READS, TABLE, authorize
from domain.calendar import PartialDate, start_of
from domain.commands import Command, command_types, handler_of
from domain.convention import commands as ask
from domain.convention.model import Convention
from domain.convention.parts import STATUS_LABELS, Status
from domain.erasure import GROUND_LABELS, Erase, Ground
from domain.folding import standing_at
from domain.kernel import SYSTEM, Act, Actor, Conflict, DomainError, Due, NotFound, Refused, Root, kind_of
from domain.programme.commands import AdoptRules
from domain.programme.model import Programme
from domain.programme.rules import Delay, Rules, Unit
from domain.refusal import Refusal
from domain.registry import RECORDS, waits
from domain.reminding import Remind
from ledger.events import happened
from tests.domain.rehearsal import OFFICER
from tests.support import FACE, FACE_PARTY, GRENOBLE, LYON, NATIONAL, House, clauses, draft_command, fold_at

ID = "convention-1"
ERASE = Erase(record_id=ID, ground=Ground.OBJECTION)
TERM = Erase(record_id=ID, ground=Ground.RETENTION)


async def refused(house: House, command: Command, actor: Actor = OFFICER, reason: str = "") -> DomainError:
    before = (await house.recorder.load([command.record_id])).events
    with pytest.raises(DomainError) as caught:
        await house.do(command, actor, reason=reason)
    assert (await house.recorder.load([command.record_id])).events == before
    assert caught.value.sentence.endswith(".")
    return caught.value


async def topics(house: House) -> list[str]:
    return [one.topic for one in (await house.recorder.load([ID])).events]


async def dues(house: House) -> list[Due]:
    programme = await fold_at(house.recorder, "programme-1j1m")
    assert isinstance(programme, Programme)
    found = await house.convention(ID)
    return waits(found, lambda _: programme, house.executor.world, house.clock.instant)


def at(house: House, day: date) -> None:
    house.clock.instant = start_of(day) + timedelta(hours=9)


async def expired(house: House) -> None:
    """In force from 5 December 2025 to 4 December 2026, and over."""
    await house.signed(ID)
    at(house, date(2025, 12, 5))
    await house.do(ask.EnterIntoForce(record_id=ID), SYSTEM)
    at(house, date(2026, 12, 5))
    await house.do(ask.End(record_id=ID), SYSTEM)
    assert (await house.convention(ID)).status == Status.EXPIRED


# Who may ----------------------------------------------------------------------------------------------


async def test_the_officer_erases_the_record_of_anybody_and_may_do_nothing_else(house: House) -> None:
    await house.drafted(ID)
    assert {action for action, roles in TABLE.items() if "dpo" in roles} - READS == {ERASING}
    no = await refused(house, ask.Submit(record_id=ID))
    assert (no.code, no.missing) == ("role_not_allowed", ("un jeton du rôle academie",))
    await house.do(ERASE, OFFICER)
    assert (await house.convention(ID)).status == "erased"
    assert (await topics(house))[-1] == "convention.SubjectErased@1"


async def test_nobody_else_erases_neither_its_keeper_nor_the_nation(house: House) -> None:
    await house.drafted(ID)
    for actor in (LYON, NATIONAL):
        assert (await refused(house, ERASE, actor)).code == "role_not_allowed"
    assert isinstance(await refused(house, ERASE, GRENOBLE), NotFound)


async def test_a_second_demand_is_told_that_it_is_done_and_a_repeat_has_its_first_answer(
    house: House,
) -> None:
    await house.drafted(ID)
    first = await house.do(ERASE, OFFICER, key="a")
    again = await house.do(ERASE, OFFICER, key="a")
    assert (again.version, again.position, again.repeated) == (first.version, first.position, True)
    assert (await refused(house, ERASE)).code == "already_erased"


async def test_the_system_erases_twice_without_a_word(house: House) -> None:
    await expired(house)
    at(house, date(2031, 12, 5))
    for _ in range(2):
        await house.do(TERM, SYSTEM)
    assert (await topics(house)).count("convention.SubjectErased@1") == 1


async def test_a_programme_holds_nobodys_data(house: House) -> None:
    no = await refused(house, Erase(record_id="programme-1j1m", ground=Ground.UNLAWFUL))
    assert no.code == "nothing_personal"


async def test_an_absent_record_is_not_found(house: House) -> None:
    assert isinstance(await refused(house, Erase(record_id="convention-9", ground=Ground.UNLAWFUL)), NotFound)


async def test_a_ground_is_given_not_a_reason_in_words(house: House) -> None:
    """The words would be personal data too, and about somebody who asked to be forgotten."""
    await house.drafted(ID)
    no = await refused(house, ERASE, reason="à la demande de Prénom Nom")
    assert (no.code, no.missing) == ("reason_not_taken", ("la même demande sans motif (reason)",))
    assert "Nom" not in no.sentence


def test_every_ground_is_told_with_its_article() -> None:
    assert set(GROUND_LABELS) == set(Ground)
    assert all("(RGPD, art. " in label for label in GROUND_LABELS.values())
    assert [ground for ground in Ground if ground.is_term] == [Ground.RETENTION]


# What it closes ---------------------------------------------------------------------------------------


class OnlyThisOne:
    """One record, which is erased, for handlers that are given no facts: they must not come to need any."""

    def __init__(self, record: Root, actor: Actor, command: Command) -> None:
        self.record, self.actor, self.command = record, actor, command

    def get(self, kind: type[Root], record_id: str) -> Root:
        authorize(self.actor, self.command.name, self.record)
        return self.record

    def find(self, kind: type[Root], record_id: str) -> Root:
        return self.record

    def read(self, kind: type[Root], record_id: str) -> NoReturn:
        raise AssertionError("another record was read before the refusal")


CREATING = {"convention.draft": "already_drafted", "association.register": "already_registered"}


@pytest.mark.parametrize("kind", [Convention, Association])
async def test_every_command_on_an_erased_record_is_refused_by_one_mechanism(
    house: House, kind: type[Root]
) -> None:
    record_id = ID if kind is Convention else FACE
    await house.drafted(ID)
    await house.do(Erase(record_id=record_id, ground=Ground.OBJECTION), OFFICER)
    record = await fold_at(house.recorder, record_id)
    assert isinstance(record, kind)
    ours = [c for name, c in command_types().items() if name.startswith(f"{kind_of(record_id)}.")]
    tried = [asked for asked in ours if asked.name not in AFTER_ERASING]
    assert len(tried) > 3
    for asked in tried:
        facts = {f.name: None for f in fields(asked) if f.name != "record_id"}
        command = asked(record_id=record_id, **facts)
        for role in sorted(TABLE[command.name]):
            actor = Actor("t", role, record.keepers())
            with pytest.raises((Refused, Conflict)) as no:
                handler_of(command)(
                    command, Act(actor, house.clock.instant), cast("Any", OnlyThisOne(record, actor, command))
                )
            assert no.value.code == CREATING.get(command.name, "erased")


async def test_an_erased_record_waits_for_nothing_and_holds_nothing(house: House) -> None:
    await house.to_sign(ID, clauses=clauses(number="2025-7"))
    house.clock.advance(days=8)
    await house.do(Remind(record_id=ID, key=f"signature:1:{FACE_PARTY}:1"), SYSTEM)
    assert await dues(house)
    assert (await house.convention(ID)).claims()
    await house.do(ERASE, OFFICER)
    assert await dues(house) == []
    assert (await house.convention(ID)).claims() == frozenset()
    await house.drafted("convention-2", clauses=clauses(number="2025-7"))


async def test_an_erased_association_gives_its_name_and_numbers_back_and_becomes_no_party(
    house: House,
) -> None:
    await house.do(ChangeIdentity(record_id=FACE, identity=Identity("FACE", rna="W751000001")))
    await house.do(Erase(record_id=FACE, ground=Ground.CONSENT_WITHDRAWN), OFFICER)
    record = await fold_at(house.recorder, FACE)
    assert isinstance(record, Association)
    assert (record.status, record.status_reached) == ("erased", "candidate")
    assert (await refused(house, draft_command(ID), LYON)).code == "erased"
    other = Identity("FACE", rna="W751000001")
    await house.do(RegisterAssociation(record_id="association-2", identity=other, academies=("10",)))


@pytest.mark.parametrize("kind", [k for k in RECORDS if k.about_persons and k is not Refusal])
def test_every_kind_about_persons_can_be_erased_under_a_topic_of_its_own(kind: type[Root]) -> None:
    name = cast("str", kind.TOPIC).partition("@")[0]  # type: ignore[attr-defined]
    topic: str = vars(kind)["SubjectErased"].TOPIC
    assert topic == f"{name}.SubjectErased@1"


def test_the_status_has_its_french_word() -> None:
    assert STATUS_LABELS[Status.ERASED] == "effacée"
    assert set(STATUS_LABELS) == set(Status)


# What it leaves true ----------------------------------------------------------------------------------


async def test_what_it_was_on_another_day_is_still_told(house: House) -> None:
    await expired(house)
    at(house, date(2027, 3, 1))
    await house.do(ERASE, OFFICER)
    events = [happened(one) for one in (await house.recorder.load([ID])).events]
    now = house.clock.instant

    def told(day: date) -> str | None:
        found = standing_at(events, start_of(day) + timedelta(hours=12), now)
        return found.status if found else None

    days = [date(2025, 11, 24), date(2025, 12, 5), date(2026, 12, 5), date(2027, 2, 28), date(2027, 3, 1)]
    assert [told(day) for day in days] == ["signed", "in_force", "expired", "expired", "erased"]


@pytest.mark.parametrize(("signed", "status"), [(True, Status.RENEWED), (False, Status.EXPIRED)])
async def test_a_successor_that_was_signed_before_it_was_erased_has_renewed(
    house: House, signed: bool, status: Status
) -> None:
    await house.signed(ID)
    at(house, date(2025, 12, 5))
    await house.do(ask.EnterIntoForce(record_id=ID), SYSTEM)
    text = clauses(starts_on=date(2026, 12, 5), ends_on=date(2027, 12, 4))
    await house.do(ask.Renew(record_id=ID, successor_id="convention-2", title="Suite", clauses=text))
    if signed:
        day = PartialDate(house.clock.today)
        starts = PartialDate(date(2026, 12, 5))
        history = ask.RecordHistory(
            record_id="convention-2",
            signed_on=day,
            in_force_from=starts,
            ends_on=date(2027, 12, 4),
            evidence="original",
        )
        await house.do(history)
    await house.do(Erase(record_id="convention-2", ground=Ground.UNLAWFUL), OFFICER)
    at(house, date(2026, 12, 5))
    await house.do(ask.End(record_id=ID), SYSTEM)
    assert (await house.convention(ID)).status == status


async def test_a_renewal_abandoned_then_erased_leaves_room_for_another(house: House) -> None:
    await expired(house)

    def renewal(successor: str) -> ask.Renew:
        return ask.Renew(record_id=ID, successor_id=successor, title="Suite", clauses=clauses())

    await house.do(renewal("convention-2"))
    await house.do(ask.Abandon(record_id="convention-2"), reason="à refaire")
    await house.do(Erase(record_id="convention-2", ground=Ground.NO_LONGER_NEEDED), OFFICER)
    await house.do(renewal("convention-3"))


# Their term -------------------------------------------------------------------------------------------


async def test_personal_data_are_erased_sixty_months_after_the_end(house: House) -> None:
    await expired(house)
    due = (await dues(house))[-1]
    assert (due.kind, due.key, due.automatic) == ("erase", "retention:2031-12-05", True)
    assert due.at == start_of(date(2031, 12, 5))
    assert due.what == (
        "Effacement des données personnelles à leur terme de conservation, le 5 décembre 2031"
    )
    at(house, date(2031, 12, 4))
    await house.do(TERM, SYSTEM)
    assert (await house.convention(ID)).status == Status.EXPIRED
    at(house, date(2031, 12, 5))
    await house.do(TERM, SYSTEM)
    assert (await house.convention(ID)).status == Status.ERASED
    (erasure,) = (await house.recorder.load([ID])).events[-1:]
    assert "retention" in erasure.state


async def test_an_abandoned_convention_is_erased_sixty_months_after_that_day(house: House) -> None:
    await house.drafted(ID)
    at(house, date(2026, 1, 31))
    await house.do(ask.Abandon(record_id=ID), reason="sans suite")
    at(house, date(2026, 5, 1))
    (due,) = await dues(house)
    assert (due.kind, due.at) == ("erase", start_of(date(2031, 1, 31)))
    at(house, date(2031, 1, 31))
    await house.do(TERM, SYSTEM)
    assert (await house.convention(ID)).status == Status.ERASED


async def test_while_it_lives_the_term_never_comes(house: House) -> None:
    await house.drafted(ID)
    house.clock.advance(days=4_000)
    await house.do(TERM, SYSTEM)
    assert (await house.convention(ID)).status == Status.DRAFT
    assert [due.kind for due in await dues(house)] == ["prepare"], "a person is awaited, not the term"
    await house.do(Erase(record_id="programme-1j1m", ground=Ground.RETENTION), SYSTEM)


async def test_only_the_system_finds_that_the_term_has_come(house: House) -> None:
    await expired(house)
    at(house, date(2032, 1, 1))
    no = await refused(house, TERM)
    assert (no.code, no.missing) == ("ground_reserved", ("un autre fondement (ground)",))


async def test_the_programme_says_how_long_they_are_kept(house: House) -> None:
    shorter = Rules(retention=Delay(12, Unit.MONTHS))
    await house.do(AdoptRules(record_id="programme-1j1m", rules=shorter, on=house.clock.today), NATIONAL)
    await expired(house)
    assert [due.at for due in await dues(house) if due.kind == "erase"] == [start_of(date(2027, 12, 5))]
