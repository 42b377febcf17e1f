"""A company: one record by SIRET, shared by whoever acts; its name may be somebody's, and is forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.company.commands import ChangeCompany, CloseCompany, RecordTie, RegisterCompany
from domain.company.model import Company, Firm, Tie, TieKind
from domain.erasure import Erase, Ground
from domain.kernel import Actor, Sealed
from ledger.events import StoredEvent
from tests.domain.mentor_support import Desk, codes_of, words_of
from tests.domain.rehearsal import OFFICER, settled
from tests.support import AUDITOR, COORDINATOR, LYON, NATIONAL

TODAY = date(2025, 11, 24)
ID = "company-1"
LYCEE = Actor("t-lycee", "lycee", frozenset({"public", "lycee:0690010L"}))
BOIS = Firm("Bois & Cie", "73282932000074", "16.23Z", ("Lyon", "Villeurbanne"), "CLEE Rhône", "Campus Bois")


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.do(RegisterCompany(record_id=ID, firm=BOIS))
    return desk


def company(desk: Desk) -> Company:
    found = desk.record(ID)
    assert isinstance(found, Company)
    return found


UNREADABLE = {
    "no name": (replace(BOIS, name=" "), "name_missing"),
    "a wrong key": (replace(BOIS, siret="73282932000075"), "identifier_unreadable"),
    "spaces": (replace(BOIS, siret="732 829 320 00074"), "identifier_unreadable"),
    "a SIREN": (replace(BOIS, siret="732829320"), "identifier_unreadable"),
    "no dot": (replace(BOIS, naf="1623Z"), "identifier_unreadable"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_company_that_cannot_be_read_is_refused(desk: Desk, name: str) -> None:
    firm, code = UNREADABLE[name]
    assert desk.code(RegisterCompany(record_id="company-2", firm=firm)) == code
    assert desk.code(ChangeCompany(record_id=ID, firm=firm)) == code


def test_a_siret_is_that_of_one_company_until_it_closes(desk: Desk) -> None:
    again = RegisterCompany(record_id="company-2", firm=replace(BOIS, name="Bois et Compagnie"))
    refused = desk.refused(again)
    assert refused.code == "already_held"
    assert "SIRET" in refused.sentence
    assert "73282932000074" not in refused.sentence
    assert desk.code(RegisterCompany(record_id=ID, firm=BOIS)) == "already_registered"
    desk.do(RegisterCompany(record_id="company-3", firm=Firm("Sans numéro")))
    desk.do(RegisterCompany(record_id="company-4", firm=Firm("Sans numéro non plus")))
    desk.do(CloseCompany(record_id=ID, on=TODAY), LYON)
    desk.do(again)


@pytest.mark.parametrize("actor", [COORDINATOR, LYON, LYCEE], ids=lambda actor: actor.role)
def test_associations_academies_and_lycees_keep_it_up_to_date(desk: Desk, actor: Actor) -> None:
    desk.do(ChangeCompany(record_id=ID, firm=replace(BOIS, sites=("Lyon",))), actor)
    desk.do(RecordTie(record_id=ID, kind=TieKind.PFMP, count=3, on=TODAY), actor)
    assert company(desk).firm.sites == ("Lyon",)
    assert company(desk).ties == (Tie(TieKind.PFMP, 3, TODAY),)


@pytest.mark.parametrize("actor", [COORDINATOR, LYCEE], ids=lambda actor: actor.role)
def test_what_is_shared_by_all_is_closed_by_an_academie_alone(desk: Desk, actor: Actor) -> None:
    assert desk.code(CloseCompany(record_id=ID, on=TODAY), actor) == "role_not_allowed"
    desk.do(CloseCompany(record_id=ID, on=TODAY), LYON)


@pytest.mark.parametrize("actor", [NATIONAL, AUDITOR], ids=lambda actor: actor.role)
def test_nobody_else_does(desk: Desk, actor: Actor) -> None:
    told = "not_found" if actor is NATIONAL else "role_not_allowed"
    assert desk.code(RegisterCompany(record_id="company-2", firm=Firm("X")), actor) == told
    assert desk.code(CloseCompany(record_id=ID, on=TODAY), actor) == told


def test_what_ties_is_counted_and_took_place(desk: Desk) -> None:
    tie = RecordTie(record_id=ID, kind=TieKind.VISIT, count=1, on=TODAY)
    assert desk.code(replace(tie, count=0)) == "nothing_counted"
    assert desk.code(replace(tie, on=date(2025, 11, 25))) == "in_the_future"
    assert desk.code(CloseCompany(record_id=ID, on=date(2025, 11, 25)), LYON) == "in_the_future"
    desk.do(CloseCompany(record_id=ID, on=TODAY), LYON)
    assert company(desk).status == "closed"
    for command in (tie, CloseCompany(record_id=ID, on=TODAY), ChangeCompany(record_id=ID, firm=BOIS)):
        assert desk.code(command, LYON) == "wrong_status"


def test_it_waits_for_nothing_and_is_nothing_of_the_nation_s_nor_of_who_runs_the_machines(desk: Desk) -> None:
    assert not company(desk).scopes() & (NATIONAL.scopes | {"role:operator"})
    assert desk.dues(ID) == []


def test_neither_its_name_nor_its_siret_is_stored_in_clear(desk: Desk) -> None:
    desk.do(ChangeCompany(record_id=ID, firm=replace(BOIS, clee=None)))
    written = " ".join(f"{one.state} {one.metadata}" for one in stored(desk))
    assert [word for word in ("Bois & Cie", "73282932000074") if word in written] == []
    assert "CLEE Rhône" in written
    assert isinstance(company(desk).firm.name, Sealed)


def test_once_erased_it_is_closed_for_good_and_gives_its_siret_back(desk: Desk) -> None:
    tie = RecordTie(record_id=ID, kind=TieKind.VISIT, count=1, on=TODAY)
    assert desk.code(Erase(record_id=ID, ground=Ground.OBJECTION), LYON) == "role_not_allowed"
    desk.do(Erase(record_id=ID, ground=Ground.OBJECTION), OFFICER)
    assert (company(desk).status, company(desk).status_reached) == ("erased", "active")
    for command in (tie, CloseCompany(record_id=ID, on=TODAY), ChangeCompany(record_id=ID, firm=BOIS)):
        assert desk.code(command, LYON) == "erased"
    desk.do(RegisterCompany(record_id="company-2", firm=BOIS))


def stored(desk: Desk) -> list[StoredEvent]:
    return list(settled(desk.house.recorder.load([ID])).events)


def test_every_code_of_a_refusal_is_met_here() -> None:
    told = codes_of("company")
    assert len(told) == 5
    assert told <= words_of("test_company.py")
