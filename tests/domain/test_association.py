"""The association: an identity, numbers of its own, and titles that run from a day to a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.association.commands import (
    ChangeIdentity,
    EndEntitlement,
    GrantEntitlement,
    RegisterAssociation,
)
from domain.association.model import Association, Entitlement, EntitlementKind, Identity
from domain.kernel import Conflict, DomainError
from tests.support import FACE, GRENOBLE, House, fold_at

AWARD = Entitlement(
    EntitlementKind.LAUREATE, "AAP-2025-12", ("1j1m",), starts=date(2025, 1, 1), ends=date(2025, 12, 31)
)


@pytest.fixture
async def house() -> House:
    house = House()
    await house.open()
    await house.do(GrantEntitlement(record_id=FACE, entitlement=AWARD))
    return house


async def face(house: House) -> Association:
    record = await fold_at(house.recorder, FACE)
    assert isinstance(record, Association)
    return record


async def test_a_title_covers_its_first_and_last_day_and_no_other(house: House) -> None:
    (award,) = (await face(house)).entitlements.values()
    assert award == AWARD
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1)]
    assert [award.covers(day) for day in days] == [False, True, True, False]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (EndEntitlement(record_id=FACE, reference="?", on=date(2025, 6, 1)), "no_such_entitlement"),
        (EndEntitlement(record_id=FACE, reference="AAP-2025-12", on=date(2025, 12, 25)), "in_the_future"),
        (EndEntitlement(record_id=FACE, reference="AAP-2025-12", on=date(2024, 1, 1)), "outside_its_period"),
        (
            GrantEntitlement(
                record_id=FACE,
                entitlement=Entitlement(
                    EntitlementKind.APPROVED, "A", (), starts=date(2025, 2, 1), ends=date(2025, 1, 1)
                ),
            ),
            "period_reversed",
        ),
        (
            RegisterAssociation(record_id=FACE, identity=Identity("X"), academies=("10",)),
            "already_registered",
        ),
    ],
)
async def test_what_is_refused(house: House, command: EndEntitlement, code: str) -> None:
    with pytest.raises(DomainError) as caught:
        await house.do(command)
    assert caught.value.code == code
    assert caught.value.sentence


async def test_a_title_that_has_run_out_is_not_prolonged_by_ending_it(house: House) -> None:
    house.clock.advance(days=100)
    with pytest.raises(DomainError) as caught:
        await house.do(EndEntitlement(record_id=FACE, reference="AAP-2025-12", on=date(2026, 2, 1)))
    assert caught.value.code == "outside_its_period"


async def test_ended_early_it_covers_its_new_last_day(house: House) -> None:
    for _ in range(2):
        await house.do(EndEntitlement(record_id=FACE, reference="AAP-2025-12", on=date(2025, 6, 1)))
    record = await face(house)
    (award,) = record.entitlements.values()
    assert not award.covers(date(2025, 6, 2))
    assert award.covers(date(2025, 6, 1))
    assert record.version == 3


async def test_a_number_belongs_to_one_association_and_follows_a_change_of_identity(house: House) -> None:
    await house.do(ChangeIdentity(record_id=FACE, identity=Identity("FACE", rna="W751000001")))
    other = RegisterAssociation(
        record_id="association-2", identity=Identity("B", rna="W751000001"), academies=("10",)
    )
    with pytest.raises(Conflict) as caught:
        await house.do(other)
    assert caught.value.code == "already_held"
    await house.do(ChangeIdentity(record_id=FACE, identity=Identity("FACE")))
    await house.do(other)


def named(name: str, *academies: str) -> RegisterAssociation:
    return RegisterAssociation(record_id="association-2", identity=Identity(name), academies=academies)


async def test_a_name_belongs_to_one_association_of_an_academie(house: House) -> None:
    with pytest.raises(Conflict) as caught:
        await house.do(named("Fàce", "08", "10"))
    assert (caught.value.code, "l'académie 10" in caught.value.sentence) == ("already_held", True)
    assert "un autre nom" in caught.value.missing[0]
    assert FACE in caught.value.missing[1]
    await house.do(named("FACE Lyon", "10"))
    with pytest.raises(Conflict):
        await house.do(ChangeIdentity(record_id="association-2", identity=Identity("face")))


async def test_elsewhere_or_once_given_up_a_name_is_free(house: House) -> None:
    await house.do(replace(named("FACE", "08"), record_id="association-3"), GRENOBLE)
    await house.do(ChangeIdentity(record_id=FACE, identity=Identity("Fondation FACE")))
    await house.do(named("FACE", "10"))


async def test_which_record_bears_the_name_is_not_told_to_whoever_may_not_see_it(house: House) -> None:
    with pytest.raises(Conflict) as caught:
        await house.do(named("FACE", "08", "10"), GRENOBLE)
    assert FACE not in f"{caught.value.sentence} {caught.value.missing}"
