"""Where a mentor works: a company that is active, never one's own, and told in clear in no event."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, cast

import pytest

from domain.company.commands import CloseCompany, RegisterCompany
from domain.company.model import Firm
from domain.mentor import commands as ask
from domain.mentor.parts import Occupation
from tests.domain.mentor_support import MENTOR, PROFILE, Desk, applying
from tests.support import LYON

TODAY = date(2025, 11, 24)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_mentor_is_not_said_to_work_for_a_company_that_is_closed(desk: Desk) -> None:
    desk.do(RegisterCompany(record_id="company-1", firm=Firm("Bois & Cie")))
    profile = replace(PROFILE, company_id="company-1")
    desk.apply(profile=profile)
    desk.do(CloseCompany(record_id="company-1", on=TODAY), LYON)
    assert desk.code(ask.ChangeProfile(record_id=MENTOR, profile=profile)) == "company_closed"


def test_the_company_of_somebody_self_employed_is_not_noted_for_it_may_bear_their_name(desk: Desk) -> None:
    desk.do(RegisterCompany(record_id="company-1", firm=Firm("Awa Diallo EI")))
    employed = replace(PROFILE, status=Occupation.EMPLOYEE, company_id="company-1")
    own = replace(employed, status=Occupation.SELF_EMPLOYED)
    refused = desk.refused(applying(profile=own))
    assert (refused.code, "laissez l'entreprise vide" in refused.missing[0]) == ("company_own", True)
    desk.apply(profile=employed)
    assert desk.code(ask.ChangeProfile(record_id=MENTOR, profile=own)) == "company_own"
    desk.do(ask.ChangeProfile(record_id=MENTOR, profile=replace(own, company_id=None)))


def test_where_a_mentor_works_is_in_clear_in_no_event_of_theirs_nor_in_a_refusal(desk: Desk) -> None:
    desk.do(RegisterCompany(record_id="company-1", firm=Firm("Bois & Cie")))
    profile = replace(PROFILE, status=Occupation.EMPLOYEE, company_id="company-1", availability="le mardi")
    desk.do(applying(profile=profile), reason="vient de Bois & Cie")
    desk.do(CloseCompany(record_id="company-1", on=TODAY), LYON)
    assert desk.code(ask.ChangeProfile(record_id=MENTOR, profile=profile)) == "company_closed"
    events = cast("Any", desk.house.recorder).events
    told = [f"{one.state} {one.metadata}" for one in events if one.record_id != "company-1"]
    assert [one for one in told if "company-1" in one] == []
    assert any("programme-1j1m" in one for one in told), "what else a decision rests on is told"
