"""The refusals of a programme: its rules, its targets, and what rested on them."""

from __future__ import annotations

from datetime import date, timedelta

from domain.convention import commands as ask
from domain.kernel import Conflict, Forbidden, NotFound, Refused
from domain.programme.commands import AdoptRules, OpenProgramme, SetTarget
from domain.programme.rules import Delay, Rules, Unit
from tests.domain.convention_support import ID, refused
from tests.support import COORDINATOR, FACE_PARTY, NATIONAL, House, clauses, draft_command


async def test_a_programme_is_opened_once_and_is_one_we_know(house: House) -> None:
    def opening(scheme: str) -> OpenProgramme:
        return OpenProgramme(
            record_id=f"programme-{scheme}", scheme=scheme, rules=Rules(), on=date(2025, 9, 1)
        )

    assert (await refused(house, opening("1j1m"), NATIONAL)).code == "already_open"
    no = await refused(house, opening("autre"), NATIONAL)
    assert (no.code, no.missing) == ("unknown_scheme", ("l'un de : 1j1m, cordees, ptech",))


async def test_rules_are_neither_backdated_nor_made_for_others(house: House) -> None:
    def adoption(on: date, academie: str = "") -> AdoptRules:
        return AdoptRules(record_id="programme-1j1m", rules=Rules(), on=on, academie=academie)

    no = await refused(house, adoption(date(2025, 11, 23)), NATIONAL)
    assert (no.code, no.missing) == ("rules_backdated", ("une date d'effet à partir du 2025-11-24",))
    assert (await refused(house, adoption(date(2026, 1, 1)))).code == "not_your_academie"
    assert (await refused(house, adoption(date(2026, 1, 1), "08"))).code == "not_your_academie"
    await house.do(adoption(date(2026, 1, 1), "10"))


async def test_a_target_is_an_academies_own_and_not_below_zero(house: House) -> None:
    def target(academie: str, mentees: int) -> SetTarget:
        return SetTarget(
            record_id="programme-1j1m",
            academie=academie,
            school_year="2025-2026",
            mentees=mentees,
            lycees=3,
        )

    assert (await refused(house, target("08", 10))).code == "not_your_academie"
    assert (await refused(house, target("10", -1))).code == "negative_target"
    await house.do(target("10", 10))


async def test_no_convention_is_drafted_where_no_rules_are_in_force(house: House) -> None:
    await house.do(
        OpenProgramme(record_id="programme-ptech", scheme="ptech", rules=Rules(), on=date(2026, 9, 1)),
        NATIONAL,
    )
    no = await refused(house, draft_command(ID, programme_id="programme-ptech"))
    assert (no.code, len(no.missing)) == ("no_rules_in_force", 1)


async def test_why_was_this_refused_in_march(house: House) -> None:
    """The refusal, and every decision, names the version of the programme that it rested on."""
    await house.in_force(ID)
    today = house.clock.today
    short = ask.Denounce(record_id=ID, party=FACE_PARTY, on=today, until=today + timedelta(days=40))
    await refused(house, short, COORDINATOR)
    (refusal,) = (await house.recorder.after(await house.recorder.head() - 1, 1))[:1]
    programme = (await house.recorder.load(["programme-1j1m"])).events
    convention = await house.convention(ID)
    assert refusal.topic == "refusal.Recorded@1"
    assert refusal.facts["rests_on"] == {"programme-1j1m": len(programme), ID: convention.version}
    await house.do(
        AdoptRules(
            record_id="programme-1j1m", rules=Rules(notice=Delay(1, Unit.MONTHS)), on=today, to_open=True
        ),
        NATIONAL,
    )
    await house.do(short, COORDINATOR, reason="motif")
    given = (await house.recorder.load([ID])).events[-1]
    assert given.facts["rests_on"] == {"programme-1j1m": len(programme) + 1}


async def test_a_renewal_notes_no_version_of_the_other_convention_nor_of_their_operators(
    house: House,
) -> None:
    """Their parties may come to differ. The place in the ledger tells it to whoever may see both."""
    await house.in_force(ID)
    await house.do(ask.Renew(record_id=ID, successor_id="convention-2", title="Suite", clauses=clauses()))
    for record_id in (ID, "convention-2"):
        renewed = (await house.recorder.load([record_id])).events[-1].facts
        assert (renewed["command"], list(renewed["rests_on"])) == ("convention.renew", ["programme-1j1m"])


def test_refusals_are_of_three_kinds() -> None:
    assert issubclass(Forbidden, Refused)
    assert not issubclass(Refused, Conflict)
    assert not issubclass(NotFound, Refused)
