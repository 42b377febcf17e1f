"""What is told again alike changes nothing: no event, no clock started again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.commands import Command
from domain.links import Channel
from domain.mentor import commands as ask
from domain.mentor.identity import ChangePerson
from tests.domain.mentor_support import AWA, MENTOR, PROFILE, Desk, signing

TODAY = date(2025, 11, 24)
SEEING = ask.SeeIdentity(record_id=MENTOR, on=TODAY, channel=Channel.MEETING)
FREE = replace(PROFILE, availability="le mardi", communes=("69123",))
ALIKE: dict[str, Command] = {
    "the person": ChangePerson(record_id=MENTOR, person=AWA),
    "the profile": ask.ChangeProfile(record_id=MENTOR, profile=FREE),
    "the identity seen": SEEING,
    "the charter": signing(MENTOR, TODAY),
}
OTHERWISE: dict[str, Command] = {
    "another telephone": ChangePerson(record_id=MENTOR, person=replace(AWA, phone="07 01 02 03 04")),
    "a name in capitals": ChangePerson(record_id=MENTOR, person=replace(AWA, family_name="DIALLO")),
    "other free days": ask.ChangeProfile(record_id=MENTOR, profile=replace(FREE, availability="le lundi")),
    "another capacity": ask.ChangeProfile(record_id=MENTOR, profile=replace(FREE, mentees=3)),
    "a paper seen otherwise": replace(SEEING, channel=Channel.PAPER),
    "another version of the charter": replace(signing(MENTOR, TODAY), version="2026.1"),
}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.apply(profile=FREE)
    desk.complete_file()
    desk.go_to(TODAY + timedelta(days=3))
    return desk


@pytest.mark.parametrize("name", ALIKE)
def test_what_is_told_again_alike_is_no_event_and_starts_no_clock_again(desk: Desk, name: str) -> None:
    before, awaited = desk.version(MENTOR), desk.dues(MENTOR)
    outcome = desk.do(ALIKE[name])
    assert (outcome.version, desk.version(MENTOR)) == (before, before)
    assert desk.dues(MENTOR) == awaited


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_is_told_otherwise_is_one(desk: Desk, name: str) -> None:
    before = desk.version(MENTOR)
    desk.do(OTHERWISE[name])
    assert desk.version(MENTOR) == before + 1
    desk.do(OTHERWISE[name])
    assert desk.version(MENTOR) == before + 1


def test_what_was_said_before_is_said_anew_once_something_else_was(desk: Desk) -> None:
    before = desk.version(MENTOR)
    desk.do(OTHERWISE["another telephone"])
    desk.do(ALIKE["the person"])
    assert desk.version(MENTOR) == before + 2


def test_a_charter_signed_already_still_takes_back_the_links_that_invite_to_sign_it(desk: Desk) -> None:
    term = desk.today + timedelta(days=7)
    desk.do(ask.IssueLink(record_id=MENTOR, link="l1", action="file", digest="d" * 64, expires_on=term))
    desk.do(signing(MENTOR, TODAY))
    assert not list(desk.mentor().live_links)
    assert desk.mentor().links["l1"].state == "revoked"
