"""The titles that a scheme requires of an operator: each named with the académie in which it is lacking."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.association import commands as ask
from domain.association.entitlements import missing_entitlements
from domain.association.parts import EntitlementKind, Identity
from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention import commands as of_convention
from domain.convention.model import Convention
from domain.convention.parts import Coverage, EndCause, Party, PartyKind
from domain.kernel import SYSTEM
from domain.programme.rules import Rules
from tests.domain.association_support import ALL, AWARD, PROGRAMME, Desk, renamed, version
from tests.domain.rehearsal import settled
from tests.support import FACE, clauses, draft_command, fold_at

LAUREATE = "lauréate d'un appel à projets couvrant 1j1m dans l'académie {}"
CONVENTIONED = "conventionnée par une convention en vigueur couvrant 1j1m dans l'académie {}"
MONDAY = date(2025, 11, 24)


def granted(desk: Desk, **changes: Any) -> None:
    desk.do(ask.GrantEntitlement(record_id=FACE, entitlement=renamed(AWARD, **changes)))


def missing(
    desk: Desk, *required: str, academies: tuple[str, ...] = ("10",), **asked: Any
) -> tuple[str, ...]:
    rules = Rules(required_entitlements=required)
    scheme, day = asked.get("scheme", "1j1m"), asked.get("day", MONDAY)
    conventions = asked.get("conventions", ())
    return missing_entitlements(desk.record, conventions, rules, scheme, academies, day)


def in_force(desk: Desk, record_id: str = "convention-1", **changes: Any) -> Convention:
    """In force from 3 November 2025 to 2 November 2026, by what an archive says."""
    desk.do(draft_command(record_id, **changes))
    day = PartialDate(date(2025, 11, 3))
    history = of_convention.RecordHistory(
        record_id=record_id, signed_on=day, in_force_from=day, ends_on=date(2026, 11, 2), evidence="archive"
    )
    desk.do(history)
    desk.do(of_convention.EnterIntoForce(record_id=record_id), SYSTEM, "")
    return settled(desk.house.convention(record_id))


def test_nothing_is_missing_where_nothing_is_required() -> None:
    assert missing(Desk()) == ()


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({}, True),
        ({"starts": MONDAY, "ends": MONDAY}, True),
        ({"starts": date(2025, 11, 25)}, False),
        ({"ends": date(2025, 11, 23)}, False),
        ({"schemes": ("cordees",)}, False),
        ({"schemes": ("cordees", "1j1m")}, True),
        ({"schemes": ()}, True),
        ({"academies": ("08",)}, False),
        ({"academies": ("08", "10")}, True),
        ({"kind": EntitlementKind.APPROVED}, False),
    ],
)
def test_an_award_counts_for_its_days_its_schemes_and_its_territory(
    changes: dict[str, Any], held: bool
) -> None:
    desk = Desk()
    granted(desk, **changes)
    assert missing(desk, "laureate") == (() if held else (LAUREATE.format("10"),))


def test_each_academie_and_each_title_is_named() -> None:
    desk = Desk()
    granted(desk, academies=("10",))
    assert missing(desk, "laureate", "approved", academies=("10", "08")) == (
        LAUREATE.format("08"),
        "agréée couvrant 1j1m dans l'académie 08",
        "agréée couvrant 1j1m dans l'académie 10",
    )
    granted(desk, reference="AAP-2", academies=("08",))
    assert missing(desk, "laureate", academies=("10", "08")) == ()
    assert missing(desk, "laureate", scheme="cordees") != ()


def test_a_convention_counts_while_it_is_in_force_for_this_operator_scheme_and_academie() -> None:
    desk = Desk()
    held = in_force(desk)
    assert held.status == "in_force"

    def lacks(**asked: Any) -> bool:
        return missing(desk, "conventioned", **{"conventions": [held]} | asked) != ()

    assert not lacks()
    assert lacks(conventions=[])
    assert [lacks(day=date(2025, 11, day)) for day in (2, 3)] == [True, False]
    assert [lacks(day=date(2026, 11, day)) for day in (2, 3)] == [False, True]
    assert lacks(scheme="ptech")
    assert missing(desk, "conventioned", academies=("08", "10"), conventions=[held]) == (
        CONVENTIONED.format("08"),
    )


def test_the_convention_of_somebody_else_does_not_count() -> None:
    desk = Desk()
    desk.do(ask.RegisterAssociation(record_id="association-2", identity=Identity("B"), academies=("10",)))
    parties = (
        Party("academie:10", PartyKind.ACADEMIE, "académie de Lyon"),
        Party("association:association-2", PartyKind.OPERATOR, "B"),
    )
    assert missing(desk, "conventioned", conventions=[in_force(desk, parties=parties)]) != ()


def test_an_annex_of_lycees_covers_the_academie_that_keeps_the_convention() -> None:
    desk = Desk()
    held = in_force(desk, coverage=Coverage(uais=("0690001A",)))
    assert missing(desk, "conventioned", conventions=[held]) == ()
    assert missing(desk, "conventioned", conventions=[held], academies=("08",)) != ()


def test_a_notice_that_has_run_out_ends_what_it_entitled_to_whenever_that_is_recorded() -> None:
    desk = Desk()
    held = in_force(desk)
    notice = of_convention.Terminate(
        record_id=held.id, cause=EndCause.PUBLIC_INTEREST, effective=date(2025, 12, 31)
    )
    desk.do(notice)
    held = settled(desk.house.convention(held.id))
    assert held.status == "ending"
    days = [date(2025, 12, 31), date(2026, 1, 1)]
    assert [missing(desk, "conventioned", conventions=[held], day=day) != () for day in days] == [False, True]


def completed(desk: Desk) -> None:
    desk.open()
    for document in ALL:
        desk.accept(document)


def admit(*conventions: str) -> Command:
    return ask.Admit(record_id=FACE, on=MONDAY, conventions=conventions)


def test_the_refusal_to_admit_names_each_missing_title() -> None:
    desk = Desk(required_entitlements=("laureate", "conventioned"))
    completed(desk)
    no = desk.refused(admit())
    assert (no.code, no.missing) == (
        "entitlement_missing",
        (LAUREATE.format("10"), CONVENTIONED.format("10")),
    )
    granted(desk)
    assert desk.refused(admit()).missing == (CONVENTIONED.format("10"),)
    desk.do(draft_command("convention-2", clauses=clauses()))
    assert desk.refused(admit("convention-2")).missing == (CONVENTIONED.format("10"),)
    in_force(desk)
    desk.do(admit("convention-2", "convention-1"))
    assert desk.record.status == "admitted"
    assert desk.record.required == ("laureate", "conventioned")
    assert desk.record.blocks(MONDAY) == []


def test_it_is_admitted_in_all_its_academies_or_not_at_all() -> None:
    desk = Desk(required_entitlements=("laureate",))
    both = ask.RegisterAssociation(record_id="association-2", identity=Identity("B"), academies=("10", "08"))
    desk.do(both)
    opened = ask.OpenAdmission(
        record_id="association-2",
        programme_id="programme-1j1m",
        on=MONDAY,
        channel=version().channel,
    )
    desk.do(opened)
    for document in ALL:
        received = version(document, valid_until=date(2026, 6, 30))
        desk.do(ask.ReceiveDocument(record_id="association-2", document=document, version=received))
        accept = ask.AcceptDocument(
            record_id="association-2",
            document=document,
            sha256=received.sha256,
            valid_until=received.valid_until,
        )
        desk.do(accept)
    title = renamed(AWARD, academies=("10",))
    desk.do(ask.GrantEntitlement(record_id="association-2", entitlement=title))
    command = ask.Admit(record_id="association-2", on=MONDAY)
    assert desk.refused(command).missing == (LAUREATE.format("08"),)


def test_the_admission_rests_on_the_conventions_that_it_cites() -> None:
    desk = Desk(required_entitlements=("conventioned",))
    completed(desk)
    held = in_force(desk)
    desk.do(admit(held.id))
    stored = settled(desk.house.recorder.load([FACE])).events[-1]
    programme = settled(fold_at(desk.house.recorder, PROGRAMME))
    assert programme
    assert stored.facts["rests_on"] == {held.id: held.version, PROGRAMME: programme.version}


@pytest.mark.parametrize("named", [(), ("convention-1", "convention-1")])
def test_an_admission_records_the_conventions_that_bind_it_named_or_not(named: tuple[str, ...]) -> None:
    desk = Desk(required_entitlements=("conventioned",))
    completed(desk)
    desk.do(draft_command("convention-2", clauses=clauses()))
    held = in_force(desk)
    desk.do(admit(*named))
    admitted = settled(desk.house.recorder.load([FACE])).events[-1]
    assert admitted.topic == "association.Admitted@1"
    assert (admitted.state.count(held.id), admitted.state.count("convention-")) == (1, 1)
    assert admitted.facts["rests_on"][held.id] == held.version


def test_an_admission_without_the_title_rests_on_no_convention() -> None:
    desk = Desk()
    completed(desk)
    held = in_force(desk)
    desk.do(admit())
    assert held.id not in settled(desk.house.recorder.load([FACE])).events[-1].facts["rests_on"]
