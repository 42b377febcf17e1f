"""An association that works in one académie more than it was registered in."""

from __future__ import annotations

import pytest

from domain.association.commands import ChangeIdentity, Extend, Leave, OpenAdmission
from domain.association.model import Association, Identity
from domain.calendar import paris_day
from domain.kernel import DomainError
from domain.links import Channel
from domain.programme.commands import AdoptRules
from domain.programme.rules import Rules, TrainingRules
from domain.registry import ruling
from tests.domain.association_support import PROGRAMME
from tests.domain.mentor_support import COURSE, MENTOR, Desk
from tests.support import FACE, GRENOBLE, LYON, NATIONAL, House, fold_at


@pytest.fixture
async def house() -> House:
    house = House()
    await house.open()
    return house


async def face(house: House) -> Association:
    record = await fold_at(house.recorder, FACE)
    assert isinstance(record, Association)
    return record


async def test_an_academie_that_follows_an_association_names_another_which_sees_it_from_then_on(
    house: House,
) -> None:
    assert "academie:08" not in (await face(house)).scopes()
    await house.do(Extend(record_id=FACE, academie="08"), LYON)

    assert (await face(house)).academies == ("10", "08")
    assert "academie:08" in (await face(house)).scopes()
    await house.do(ChangeIdentity(record_id=FACE, identity=Identity("Fondation FACE")), GRENOBLE)


async def test_whoever_assesses_it_is_still_the_one_that_it_was_registered_with(house: House) -> None:
    await house.do(Extend(record_id=FACE, academie="08"), LYON)
    assert ((await face(house)).academie, (await face(house)).owner) == ("10", "academie:10")


async def test_an_academie_that_does_not_see_it_may_not_take_it_in(house: House) -> None:
    with pytest.raises(DomainError) as refused:
        await house.do(Extend(record_id=FACE, academie="08"), GRENOBLE)
    assert refused.value.code == "not_found"


@pytest.mark.parametrize("academie", ["10", "08"])
async def test_it_is_extended_to_an_academie_once(house: House, academie: str) -> None:
    await house.do(Extend(record_id=FACE, academie="08"), LYON)
    with pytest.raises(DomainError) as refused:
        await house.do(Extend(record_id=FACE, academie=academie), LYON)
    assert refused.value.code == "already_in_academie"


async def test_one_that_is_out_of_the_scheme_is_not_extended(house: House) -> None:
    today = house.clock.today
    opening = OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=today, channel=Channel.PAPER)
    await house.do(opening, LYON)
    await house.do(Leave(record_id=FACE, on=today), LYON, reason="motif")
    with pytest.raises(DomainError) as refused:
        await house.do(Extend(record_id=FACE, academie="08"), LYON)
    assert refused.value.code == "wrong_status"


# What opens after it was extended ------------------------------------------------------------------


@pytest.fixture
def desk() -> Desk:
    """FACE, admitted by Lyon and extended to Paris, which has rules of its own and a lower code."""
    desk = Desk()
    desk.admit()
    own = Rules(training=TrainingRules(minutes=600), required_entitlements=("approved",))
    desk.do(AdoptRules(record_id=PROGRAMME, rules=own, on=desk.today, academie="01", to_open=True), NATIONAL)
    desk.do(Extend(record_id=FACE, academie="01"), LYON)
    return desk


@pytest.mark.parametrize("record_id", [FACE, MENTOR, COURSE])
def test_mentors_and_courses_follow_the_rules_of_the_academie_whose_admission_their_operator_follows(
    desk: Desk, record_id: str
) -> None:
    desk.apply()
    desk.plan()
    record = desk.record(record_id)
    followed = ruling(record, desk.programme(PROGRAMME), paris_day(desk.now))
    assert (record.academie, followed.number) == ("10", 1)  # type: ignore[attr-defined]


def test_a_mentor_and_a_course_of_an_extended_operator_are_seen_in_both_academies(desk: Desk) -> None:
    desk.apply()
    desk.plan()
    for record_id in (MENTOR, COURSE):
        assert {"academie:10", "academie:01"} <= desk.record(record_id).scopes()


@pytest.mark.parametrize("academies", [("10", "01"), ("01", "10")])
def test_of_several_academies_the_first_named_is_the_one_whose_rules_apply(
    academies: tuple[str, ...],
) -> None:
    assert Desk(academies=academies).record(FACE).academie == academies[0]  # type: ignore[attr-defined]
