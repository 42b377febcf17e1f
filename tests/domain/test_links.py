"""Links for persons, on a record of their own: one action, once, for a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.association.model import Association
from domain.kernel import Act, Actor, Claim, Forbidden, Refused, Root, event
from domain.links import Allowance, Channel, Link, Linked, told_by
from domain.mentor.commands import IssueLink
from tests.domain import mentor_support as mentors
from tests.domain.association_support import Desk, guest, sha
from tests.support import COORDINATOR, FACE, LYON

TODAY = date(2025, 11, 24)
NOON = datetime(2025, 11, 24, 12, tzinfo=UTC)
DIGEST = "d" * 64


class Letter(Linked, Root):
    """Opened, then answered, each by its own link."""

    TOPIC = "letter@1"
    LINK_ACTIONS = {  # noqa: RUF012 - as records declare it
        "open": Allowance(),
        "answer": Allowance(),
        "sign": Allowance(longest=timedelta(days=365), most_a_day=3, given_by=frozenset({"association"})),
    }

    @event("Created", topic="letter.Written@1")
    def __init__(self, id: str) -> None:
        self.status = "written"
        self.academies, self.academie = ("10",), "10"
        self.links: dict[str, Link] = {}

    @event("LinkIssued", topic="letter.LinkIssued@1")
    def _link_issued(self, link: str, action: str, digest: str, expires_on: date, academie: str) -> None:
        self.links[link] = Link(link, action, digest, expires_on, academie=academie)

    @event("LinkRevoked", topic="letter.LinkRevoked@1")
    def _link_revoked(self, link: str) -> None:
        self._link_is(link, "revoked")

    @event("LinkSpent", topic="letter.LinkSpent@1")
    def _link_spent(self, link: str) -> None:
        self._link_is(link, "spent")

    @event("LinkUsed", topic="letter.LinkUsed@1")
    def _link_used(self, link: str, day: date) -> None:
        self._link_served(link, day)


@pytest.fixture
def letter() -> Letter:
    return Letter(id="letter-1")


def act(actor: Actor = LYON, day: date = TODAY) -> Act:
    return Act(actor, NOON.replace(year=day.year, month=day.month, day=day.day))


def issue(letter: Letter, link: str = "l1", action: str = "open", until: date = date(2025, 12, 1)) -> None:
    letter.issue_link(act(), link=link, action=action, digest=sha(link), expires_on=until)


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    assert refused.value.sentence.endswith(".")
    assert refused.value.missing
    return refused.value.code


def test_a_live_link_is_how_its_holder_sees_the_record_and_the_ledger_finds_it(letter: Letter) -> None:
    issue(letter)
    assert letter.link_scopes() == {"link:l1"}
    assert letter.link_claims() == {Claim(f"link:{sha('l1')}")}
    letter.spend(act(guest()), "open")
    assert (letter.link_scopes(), letter.link_claims()) == (frozenset(), frozenset())
    assert letter.links["l1"].state == "spent"


def test_a_link_is_spent_once(letter: Letter) -> None:
    issue(letter)
    letter.spend(act(guest()), "open")
    with pytest.raises(Refused) as no:
        letter.spend(act(guest()), "open")
    assert code_of(no) == "link_spent"


def test_a_link_allows_its_own_action_on_its_own_record(letter: Letter) -> None:
    issue(letter)
    for actor, action in ((guest(), "answer"), (guest("l2"), "open")):
        with pytest.raises(Refused) as no:
            letter.spend(act(actor), action)
        assert code_of(no) == "link_elsewhere"
    assert letter.links["l1"].is_live


def test_a_link_serves_on_its_last_day_and_no_later(letter: Letter) -> None:
    issue(letter)
    late = act(guest(), date(2025, 12, 2))
    with pytest.raises(Refused) as no:
        letter.spend(late, "open")
    assert code_of(no) == "link_expired"
    assert [letter.links["l1"].is_open(date(2025, 12, day)) for day in (1, 2)] == [True, False]
    letter.spend(act(guest(), date(2025, 12, 1)), "open")


def test_a_revoked_link_serves_no_more_and_is_revoked_once(letter: Letter) -> None:
    issue(letter)
    for _ in range(2):
        letter.revoke_link(act(), link="l1")
    assert letter.version == 3
    assert letter.link_scopes() == frozenset()
    with pytest.raises(Refused) as no:
        letter.spend(act(guest()), "open")
    assert code_of(no) == "link_revoked"


def test_what_was_spent_is_not_revoked_nor_is_what_is_unknown(letter: Letter) -> None:
    issue(letter)
    letter.spend(act(guest()), "open")
    for link, code in (("l1", "link_spent"), ("l9", "link_elsewhere")):
        with pytest.raises(Refused) as no:
            letter.revoke_link(act(), link=link)
        assert code_of(no) == code


@pytest.mark.parametrize("until", [date(2025, 11, 23), date(2025, 12, 25)])
def test_a_link_is_for_thirty_days_at_most(letter: Letter, until: date) -> None:
    with pytest.raises(Refused) as no:
        issue(letter, until=until)
    assert code_of(no) == "link_term"


@pytest.mark.parametrize("until", [TODAY, date(2025, 12, 24)])
def test_a_link_may_be_for_today_only_or_for_all_of_them(letter: Letter, until: date) -> None:
    issue(letter, until=until)
    assert letter.links["l1"].expires_on == until


def test_a_link_is_for_something_that_the_record_knows(letter: Letter) -> None:
    with pytest.raises(Refused) as no:
        issue(letter, action="burn")
    assert code_of(no) == "link_action_unknown"
    assert no.value.missing == ("l'une de : answer, open, sign",)


def test_five_links_at_a_time_are_enough(letter: Letter) -> None:
    for n in range(5):
        issue(letter, f"l{n}")
    with pytest.raises(Refused) as no:
        issue(letter, "l5")
    assert code_of(no) == "too_many_links"
    letter.revoke_link(act(), link="l0")
    issue(letter, "l5")
    with pytest.raises(Refused):
        issue(letter, "l6")
    later = act(day=date(2025, 12, 2))
    letter.issue_link(later, link="l6", action="open", digest=DIGEST, expires_on=date(2025, 12, 9))


def test_five_of_one_kind_leave_room_for_another(letter: Letter) -> None:
    for n in range(5):
        issue(letter, f"l{n}")
    issue(letter, "a1", action="answer")
    assert len(list(letter.live_links)) == 6


def test_a_link_that_serves_again_is_bounded_by_the_day_and_never_spent(letter: Letter) -> None:
    until = date(2026, 11, 24)
    letter.issue_link(act(COORDINATOR), link="l1", action="sign", digest=DIGEST, expires_on=until)
    for _ in range(3):
        letter.spend(act(guest()), "open", "sign")
    with pytest.raises(Refused) as no:
        letter.spend(act(guest()), "sign")
    assert code_of(no) == "link_full"
    tomorrow = act(guest(), date(2025, 11, 25))
    for _ in range(3):
        letter.spend(tomorrow, "sign")
    assert (letter.links["l1"].state, letter.links["l1"].uses_on(tomorrow.today)) == ("live", 3)
    with pytest.raises(Refused) as no:
        letter.spend(act(guest(), date(2026, 11, 25)), "sign")
    assert code_of(no) == "link_expired"
    letter.revoke_link(act(), link="l1")
    with pytest.raises(Refused) as no:
        letter.spend(act(guest(), date(2025, 11, 26)), "sign")
    assert code_of(no) == "link_revoked"


def test_the_term_of_a_link_is_that_of_its_kind(letter: Letter) -> None:
    with pytest.raises(Refused) as no:
        letter.issue_link(
            act(COORDINATOR), link="l1", action="sign", digest=DIGEST, expires_on=date(2026, 11, 25)
        )
    assert (code_of(no), "365" in no.value.sentence) == ("link_term", True)


def test_links_that_are_one_role_s_to_give_are_given_by_no_other(letter: Letter) -> None:
    with pytest.raises(Forbidden) as no:
        issue(letter, action="sign")
    assert code_of(no) == "link_action_reserved"
    assert no.value.missing == ("un jeton du rôle association",)
    assert letter.links == {}


def test_an_id_serves_once(letter: Letter) -> None:
    issue(letter)
    with pytest.raises(Refused) as no:
        issue(letter)
    assert code_of(no) == "link_known"


def test_whoever_has_an_account_spends_nothing(letter: Letter) -> None:
    issue(letter)
    letter.spend(act(), "open")
    assert letter.links["l1"].is_live


def test_a_person_acts_online_today_and_a_role_as_it_was() -> None:
    told_by(act(guest()), Channel.ONLINE, TODAY)
    told_by(act(), Channel.PAPER, date(2025, 11, 1))
    for channel, on in ((Channel.PHONE, TODAY), (Channel.ONLINE, date(2025, 11, 23))):
        with pytest.raises(Refused) as no:
            told_by(act(guest()), channel, on)
        assert code_of(no) == "online_today"


def test_no_link_shows_anything_of_an_erased_record() -> None:
    desk = Desk()
    desk.invited()
    record = desk.record
    assert "link:l1" in record.scopes()
    assert Claim(f"link:{sha('l1')}") in record.claims()
    erased = Association(id=FACE, identity=record.identity, academies=("10",))
    erased.links = record.links
    erased._closed()
    assert "link:l1" not in erased.scopes()
    assert erased.claims() == frozenset()


def test_a_charter_signed_on_paper_takes_back_the_links_that_invite_to_sign_it() -> None:
    desk = mentors.Desk()
    desk.apply()
    for link in ("l1", "l2"):
        desk.do(
            IssueLink(
                record_id=mentors.MENTOR,
                link=link,
                action="file",
                digest=sha(link),
                expires_on=desk.today + timedelta(days=9),
            )
        )
    desk.do(mentors.signing(mentors.MENTOR, desk.today))
    mentor = desk.mentor()
    assert {link.state for link in mentor.links.values()} == {"revoked"}
    assert not [claim for claim in mentor.claims() if claim.key.startswith("link:")]
