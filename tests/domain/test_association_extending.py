"""An association that works in one académie more than it was registered in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.association.commands import (
    ChangeIdentity,
    Extend,
    GrantEntitlement,
    IssueLink,
    Lapse,
    Leave,
    OpenAdmission,
    RefuseAdmission,
    RegisterAssociation,
)
from domain.association.model import Association, Identity
from domain.calendar import paris_day
from domain.kernel import SYSTEM, Actor, Conflict, DomainError, Due
from domain.links import Channel
from domain.programme.commands import AdoptRules
from domain.programme.rules import AdmissionRules, Delay, Rules, TrainingRules
from domain.registry import ruling
from tests.domain.association_support import AWARD, PROGRAMME, guest, sha
from tests.domain.association_support import Desk as Bench
from tests.domain.mentor_support import COURSE, MENTOR, Desk
from tests.domain.test_explaining import why
from tests.support import FACE, GRENOBLE, IN_PARIS, LYON, NATIONAL, House, fold_at


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


# Out of the scheme in one académie, taken in by another ---------------------------------------------


def refused_by_lyon() -> Bench:
    bench = Bench()
    bench.completed()
    bench.do(RefuseAdmission(record_id=FACE))
    bench.released()
    return bench


def gone() -> Bench:
    bench = Bench()
    bench.admitted()
    bench.do(Leave(record_id=FACE, on=bench.today))
    bench.released()
    return bench


def lapsed() -> Bench:
    bench = Bench()
    bench.open()
    bench.at(date(2026, 1, 15))
    bench.reminded()
    bench.at(date(2026, 7, 1))
    bench.do(Lapse(record_id=FACE), SYSTEM, "")
    bench.released()
    return bench


OUT = pytest.mark.parametrize("out", [refused_by_lyon, gone, lapsed])


@OUT
def test_one_that_is_out_of_the_scheme_is_taken_in_by_an_academie_to_which_it_is_extended(
    out: Callable[[], Bench],
) -> None:
    bench = out()
    status, awaited = bench.record.status, [one.kind for one in bench.dues()]
    bench.do(Extend(record_id=FACE, academie="01"), LYON)
    assert (bench.record.status, [one.kind for one in bench.dues()]) == (status, awaited)
    assert bench.topics()[-1] == "Extended", "what was decided before stays in its history"
    bench.do(
        OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=bench.today, channel=Channel.PAPER), IN_PARIS
    )
    assert (bench.record.status, bench.record.round) == ("in_admission", 2)


def test_an_admission_is_assessed_by_the_academie_that_opens_it_under_its_rules_and_calendar() -> None:
    bench = refused_by_lyon()
    own = replace(Rules(), admission=AdmissionRules(documents=("charter",), assessment=Delay(3)))
    bench.do(AdoptRules(record_id=PROGRAMME, rules=own, on=bench.today, academie="01"), NATIONAL)
    bench.do(Extend(record_id=FACE, academie="01"), LYON)
    bench.do(
        OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=bench.today, channel=Channel.PAPER), IN_PARIS
    )

    assert (bench.record.academie, list(bench.record.documents)) == ("01", ["charter"])
    bench.receive("charter")
    assert bench.due("remind_assessment").awaits == ("academie:01",)
    assert bench.due("remind_assessment").by == bench.today + timedelta(days=3)
    assert bench.due("escalate_assessment").awaits == ("drafpic:01",)


def test_the_academie_that_opens_one_more_admission_of_its_own_association_still_assesses_it() -> None:
    bench = gone()
    bench.do(Extend(record_id=FACE, academie="01"), LYON)
    bench.open()
    assert bench.record.academie == "10"
    both = Actor("t-both", "academie", frozenset({"public", "academie:01", "academie:10"}))
    bench.do(Leave(record_id=FACE, on=bench.today), both)
    bench.do(
        OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=bench.today, channel=Channel.PAPER), both
    )
    assert bench.record.academie == "10"


@pytest.mark.parametrize(("guest_of", "assessed_by"), [(IN_PARIS, "01"), (LYON, "10")])
def test_opened_by_a_link_an_admission_is_assessed_by_the_academie_that_gave_the_link(
    guest_of: Actor, assessed_by: str
) -> None:
    bench = refused_by_lyon()
    bench.do(Extend(record_id=FACE, academie="01"), LYON)
    until = bench.today + timedelta(days=5)
    bench.do(
        IssueLink(record_id=FACE, link="l1", action="admission", digest=sha("l1"), expires_on=until), guest_of
    )
    opening = OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=bench.today, channel=Channel.ONLINE)
    bench.do(opening, guest("l1"), "")
    assert bench.record.academie == assessed_by


async def test_a_number_held_elsewhere_says_that_the_association_may_be_extended_and_not_by_whom(
    house: House,
) -> None:
    await house.do(ChangeIdentity(record_id=FACE, identity=Identity("FACE", rna="W751000001")), LYON)
    asked = RegisterAssociation(
        record_id="association-2", identity=Identity("Face Paris", rna="W751000001"), academies=("01",)
    )
    with pytest.raises(Conflict) as refused:
        await house.do(asked, IN_PARIS)
    assert refused.value.code == "already_held"
    assert refused.value.missing[-1].endswith("par une académie qui la connaît déjà (association.extend)")
    assert not {FACE, "10", "Lyon"} & set(str(refused.value.missing).split())


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


# A title that the rules require, and that is held in the académies of before only ---------------------


@pytest.fixture
def bench() -> Bench:
    """FACE, admitted by Lyon under rules that require an award, which it holds there only."""
    bench = Bench(required_entitlements=("laureate",))
    earlier = replace(AWARD, reference="L-2020", ends=bench.today - timedelta(days=30), academies=("10",))
    for award in (replace(AWARD, academies=("10",)), earlier):
        bench.do(GrantEntitlement(record_id=FACE, entitlement=award))
    bench.admitted(until=date(2027, 12, 31))
    return bench


def lacking(bench: Bench) -> Due:
    (found,) = [one for one in bench.dues() if one.key.startswith("missing_title:")]
    return found


def test_a_title_missing_where_an_association_was_extended_is_told_with_the_academie(bench: Bench) -> None:
    bench.do(Extend(record_id=FACE, academie="14"), LYON)
    due = lacking(bench)
    assert due.what == (
        "Titre requis et manquant (lauréate d'un appel à projets, académie 14) : aucun nouveau binôme"
    ), "the award that ended was for another académie"
    assert due.missing == (
        "un titre en cours : lauréate d'un appel à projets couvrant 1j1m dans l'académie 14",
    )


def test_why_a_title_is_missing_rests_on_the_extension(bench: Bench) -> None:
    bench.do(Extend(record_id=FACE, academie="14"), LYON)
    (told,) = [one for one in why(bench.house, FACE) if one.missing == lacking(bench).missing]
    assert "association.Extended@1" in [fact.topic for fact in told.facts]


def test_a_title_missing_in_one_more_academie_is_told_again_and_in_one_less_is_not(bench: Bench) -> None:
    bench.do(Extend(record_id=FACE, academie="14"), LYON)
    assert list(bench.remind()) == ["missing_title:1:laureate::14"]
    for academie in ("16", "15"):
        bench.do(Extend(record_id=FACE, academie=academie), LYON)
    assert "académies 14, 15, 16" in lacking(bench).what
    assert list(bench.remind()) == ["missing_title:1:laureate::14+15+16"]
    elsewhere = replace(AWARD, reference="L14", academies=("14",))
    bench.do(GrantEntitlement(record_id=FACE, entitlement=elsewhere))
    assert ("académies 15, 16" in lacking(bench).what, list(bench.remind())) == (True, [])
    assert not lacking(bench).automatic
    assert len([one for one in bench.dues() if one.kind == "deliver"]) == 1, "of the last reminder only"


def test_what_ended_is_told_where_it_counted(bench: Bench) -> None:
    bench.at(date(2027, 1, 1))
    bench.do(Extend(record_id=FACE, academie="14"), LYON)
    due = lacking(bench)
    assert due.what == (
        "Titre « AAP-2025-12 » échu depuis le 31 décembre 2026 et manquant (lauréate d'un appel à projets, "
        "académies 10, 14) : aucun nouveau binôme"
    )
    assert len(due.missing) == 2
